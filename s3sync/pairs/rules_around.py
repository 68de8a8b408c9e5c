"""Rules of a clone that hold in two places which have nothing to do with it, and are therefore said.

Whoever commits to the clone that somebody stands in chooses what its settings leave out. Two folders elsewhere would be
said to be alike, and one of them be deleted, for files that nobody looked at.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from pathlib import Path

from s3sync.config import Settings, is_of_repository
from s3sync.config.spec import DEFAULT_IGNORE
from s3sync.pairs.values import Folder, Place


class LeftOutElsewhere(UserWarning):
    """The settings of a clone leave files out of two places that do not lie in it."""


def warn_of_rules(settings: Settings, places: Iterable[Place]) -> None:
    """Warn where a file of the clone around leaves out more than is usual, and neither place is a folder in it."""
    origin = settings.origins.get("ignore", "")
    if settings.root is None or not is_of_repository(origin) or set(settings.ignore) <= set(DEFAULT_IGNORE):
        return
    root = Path(os.path.realpath(settings.root))
    if any(isinstance(place, Folder) and place.root.is_relative_to(root) for place in places):
        return
    warnings.warn(
        f"neither place lies in the repository {root}, and yet `ignore` in its {origin} leaves files out of both: they "
        "are neither compared nor copied. Run this outside of that repository to have all files",
        LeftOutElsewhere,
        stacklevel=2,
    )
