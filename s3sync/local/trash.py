"""The trash of this computer, `.s3sync/trash/<when>/`: what was replaced or deleted here, until somebody empties it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.local.errors import local_errors


def trashed(staging: Path) -> Iterator[tuple[Path, int]]:
    """Every file in the trash, with its size in bytes."""
    folder = staging / STATE_DIR / "trash"
    with local_errors("cannot read", folder):
        for here, _, names in os.walk(folder):
            for path in (Path(here, name) for name in names):
                if path.is_file() and not path.is_symlink():
                    yield path, path.stat().st_size


def empty_trash(staging: Path) -> None:
    folder = staging / STATE_DIR / "trash"
    with local_errors("cannot delete", folder):
        if folder.is_dir() and not folder.is_symlink():
            _delete_below(folder)


def _delete_below(folder: Path) -> None:
    """Like `shutil.rmtree`, which needs the stack and an open folder for each level: there may be 512 of them."""
    folders = [folder]
    for here in folders:
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                else:
                    os.unlink(entry.path)  # noqa: PTH108
    for here in reversed(folders):
        here.rmdir()
