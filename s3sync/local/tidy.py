"""Leaving a plain folder as it was: what s3sync made there for its work, and left empty, goes again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.disk.tree import folder_below
from s3sync.errors import LocalError

ROOMS = ("partial", "trash")


def tidy(root: Path) -> None:
    """Remove `.s3sync/` in a folder, if nothing is in it. Raises nothing: what stays is small."""
    with suppress(OSError, LocalError):
        folder = folder_below(os.fspath(root), (STATE_DIR,))
        for name in ROOMS:
            with suppress(OSError):
                folder.rmdir(name)
        folder_below(os.fspath(root)).rmdir(STATE_DIR)
