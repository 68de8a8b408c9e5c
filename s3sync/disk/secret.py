"""A secret of this user's: nobody else can make the digests that are made with it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from s3sync.disk.guarded import GuardedFolder

SIZE, MOST = 32, 64
"""Bytes of one, and what is read of it."""


def secret_in(folder: GuardedFolder, name: str, *, create: bool = True) -> bytes:
    """The secret of that name in a folder that is the user's alone, made if need be: once, whoever comes first.

    Raises `OSError`, as where there is none and none is to be made.
    """
    try:
        return _whole(folder, name)
    except FileNotFoundError:
        if not create:
            raise
        new = f".{os.urandom(16).hex()}.tmp"
        folder.write(new, os.urandom(SIZE))
        with suppress(FileExistsError):
            folder.link(new, name)
        folder.unlink(new)
        return _whole(folder, name)


def _whole(folder: GuardedFolder, name: str) -> bytes:
    found = folder.read(name, MOST)
    if len(found) < SIZE:
        raise OSError(errno.EINVAL, "it is no secret", f"{folder.path}{os.sep}{name}")
    return found
