"""s3sync archive"""

from __future__ import annotations

from s3sync.cli.archive import (
    adoption,
    auto,
    group,
    listing,
    money,
    moves,
    sets,
    thaws,
    upkeep,
    verification,
    work,
)

WORDS = (sets, work, verification, listing, upkeep, money, moves, adoption, auto, thaws)
"""Files with the words. They are loaded in the order of their names."""

archive = group.archive
