"""Folders in the user's own data folder: nobody else reads or writes what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s3sync.disk.guarded import GuardedFolder

MODE = 0o700


def make_own(path: Path) -> None:
    """Make a folder of the user's own, and what is missing above it, for him alone, whatever his umask lets others do.

    So the XDG Base Directory Specification wants it, too. Raises `OSError`.
    """
    if path.is_dir():
        return
    if not path.parent.is_dir():
        make_own(path.parent)
    path.mkdir(mode=MODE, exist_ok=True)


@contextmanager
def own_folder(base: Path, name: str, *, create: bool = True) -> Iterator[GuardedFolder]:
    """A folder of that name in the user's data folder `base`, both the user's alone, and made with `create`.

    Raises `OSError`: `FileNotFoundError` where it is not there and not to be made.
    """
    if create:
        make_own(base)
    with (
        GuardedFolder.open(os.path.realpath(base), private=True) as above,
        above.folder(name, create=MODE if create else None, private=True) as folder,
    ):
        yield folder
