"""Temporary files that have no name: they are gone with the process that made them, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from s3sync.disk.errors import local_errors

LASTING = "/var/tmp"
"""On many systems `/tmp` is memory, which is what these files are there to spare. SQLite looks in the same order."""


def unnamed_file() -> BinaryIO:
    """A new file to write and read. Raises `DiskFull`, `LocalError`."""
    import tempfile

    with writing():
        return cast("BinaryIO", tempfile.TemporaryFile(dir=_folder()))


@contextmanager
def writing() -> Iterator[None]:
    """Around what writes such a file. Raises `DiskFull`, `LocalError`."""
    with local_errors("cannot write a temporary file in", _folder()):
        yield


def _folder() -> str:
    chosen = os.environ.get("TMPDIR")
    if not chosen and os.access(LASTING, os.W_OK | os.X_OK):
        return LASTING
    import tempfile

    return tempfile.gettempdir()
