"""Rules of others that hold in two places, and are therefore said: those of a clone around, and those in a folder.

Whoever commits to the clone that somebody stands in chooses what its settings leave out. Two folders elsewhere would be
said to be alike, and one of them be deleted, for files that nobody looked at. So does whoever may write in one of the
folders, or into a store that one was copied from, by a `.s3syncignore` there: nothing tells whose that is.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from pathlib import Path

from s3sync.config import Settings, is_of_repository
from s3sync.config.spec import DEFAULT_IGNORE
from s3sync.core.names import short_text
from s3sync.local.ignore import IGNORE_FILE
from s3sync.pairs.values import Folder, Place

_MOST_NAMED = 3


class LeftOutElsewhere(UserWarning):
    """Settings of a clone leave files out of two places that do not lie in it, or a file in one of them does."""


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


def warn_of_silenced(places: Iterable[Place]) -> None:
    """Warn of what a `.s3syncignore` in a place has left out, once both were looked at."""
    for place in places:
        names = sorted(place.silenced - {IGNORE_FILE}) if isinstance(place, Folder) and place.only is None else []
        if names:
            named = ", ".join(map(short_text, names[:_MOST_NAMED])) + (", ..." if len(names) > _MOST_NAMED else "")
            warnings.warn(
                f"{IGNORE_FILE} in {place.shown} leaves out what is there: it is neither compared nor copied ({named})",
                LeftOutElsewhere,
                stacklevel=2,
            )
