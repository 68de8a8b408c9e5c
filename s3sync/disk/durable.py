"""Writes that last: files and folders synced to the disk, and files replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.disk.errors import NO_FOLDER_SYNC

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


def sync_descriptor(descriptor: int) -> None:
    """Make the renames in an open folder last. Raises `OSError`, but not where a disk cannot sync folders."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise


def sync_folder(folder: str | Path) -> None:
    """Make the renames in a folder last through a power failure.

    Windows does not let a folder be opened, and keeps renames by itself. Raises `OSError`: a disk that cannot write is
    never taken for one that has written.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, _FOLDER)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, body: bytes | bytearray | memoryview) -> None:
    """Write all of it: a system call may take less than it is given."""
    left = memoryview(body)
    while left:
        left = left[os.write(descriptor, left) :]


def read_all(descriptor: int, max_bytes: int) -> bytes | None:
    """The rest of an open file; None when that is more than `max_bytes`."""
    chunks: list[bytes] = []
    left = max_bytes + 1
    while left and (chunk := os.read(descriptor, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks) if left else None
