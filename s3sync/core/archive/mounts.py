"""Places where disks are mounted that come and go, by the names in a path and by what the system's table says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

PLACES = (("media",), ("run", "media"), ("mnt",), ("Volumes",))
"""Folders below which Linux (FHS 3.0, 3.11 and 3.12; udisks) and macOS mount disks that are plugged in."""
_ESCAPE = re.compile(r"\\([0-7]{3})")


def place_of(names: Sequence[str]) -> int:
    """Number of names of a whole path that lead to such a place, 0 for a path that is below none."""
    for place in PLACES:
        if len(names) > len(place) and tuple(names[: len(place)]) == place:
            return len(place)
    return 0


def named_mounts(table: str) -> Iterator[str]:
    """Mount points that an fstab(5) names, but for that of the system itself."""
    for line in table.splitlines():
        fields = line.split()
        if len(fields) >= 2 and not fields[0].startswith("#") and fields[1].startswith("/"):
            path = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1]).rstrip("/")
            if path:
                yield path
