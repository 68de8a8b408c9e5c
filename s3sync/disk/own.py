"""Folders in the user's own data folder: nobody else reads or writes what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s3sync.disk.guarded import GuardedFolder

MODE = 0o700


@contextmanager
def own_folder(base: Path, name: str, *, create: bool = True) -> Iterator[GuardedFolder]:
    """A folder of that name in the user's data folder `base`, the user's alone; both are made with `create`.

    Raises `OSError`: `FileNotFoundError` where it is not there and not to be made.
    """
    if create:
        base.mkdir(parents=True, exist_ok=True, mode=MODE)
    with (
        GuardedFolder.open(os.path.realpath(base)) as above,
        above.folder(name, create=MODE if create else None, private=True) as folder,
    ):
        yield folder
