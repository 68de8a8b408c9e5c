"""Files that a command on two places takes out of a project's folder: no wish to delete them in the project's store."""

from __future__ import annotations

import os
from collections.abc import Iterable

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.pairs import End
from s3sync.pairs.values import Folder
from s3sync.pairs.work import Work


def forget(work: Work, end: End, paths: Iterable[str], *, stay: bool = False) -> None:
    """Have the projects that files of a folder belong to forget them, before they go from there.

    `stay`: the other place holds them, under some name. Within one project that is a rename, as by hand, and the next
    sync makes it in the store, too. Raises `LockHeld`, `LocalError`.
    """
    place, other = work.opened.places[end], work.opened.places[end.other]
    if not isinstance(place, Folder):
        return
    top, same = os.fspath(place.root), None
    if stay and isinstance(other, Folder):
        same = work.leaving.staging_of(os.fspath(other.root))
    for some in batched(paths, limits.now.files_before_save):
        work.leaving.keep(top)  # it is there, as they are
        work.leaving.forget((f"{top}{os.sep}{path}" for path in some), but_in=same)
