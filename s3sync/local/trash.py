"""The trash of this computer, `.s3sync/trash/<when>/`: what was replaced or deleted here, until somebody empties it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.local.errors import local_errors


def trashed(staging: Path) -> Iterator[tuple[Path, int]]:
    """Every file in the trash, with its size in bytes."""
    folder = staging / STATE_DIR / "trash"
    with local_errors("cannot read", folder):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size


def empty_trash(staging: Path) -> None:
    folder = staging / STATE_DIR / "trash"
    with local_errors("cannot delete", folder):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
