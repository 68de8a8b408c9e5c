"""The one seam where the operating system's errors become ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s3sync.errors import DiskFull, LocalError

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "the operation is not permitted",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "it does not exist any more",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a file stands where a folder should be",
    errno.EEXIST: "something else stands there already",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EILSEQ: "this disk cannot hold that name",
    errno.EIO: "the disk reports an input/output error",
    errno.ELOOP: "it is a symbolic link",
}
_FULL = ("the disk is full", "make room; what was there before is untouched")
_TOO_LARGE = ("this disk cannot hold so large a file", "use a disk with another file system: FAT32 ends at 4 GiB")
_NO_ROOM = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _TOO_LARGE}


def reason_of(error: OSError) -> str:
    """The error in words, without the path that Python puts into it."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


@contextmanager
def local_errors(doing: str, path: Path | str) -> Iterator[None]:
    """Turn an `OSError` into `LocalError` or `DiskFull`; `doing` is a phrase such as `cannot read`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            why, hint = _NO_ROOM[error.errno]
            raise DiskFull(f"{doing} {path}", why=why, hint=hint) from error
        raise LocalError(f"{doing} {path}", why=reason_of(error)) from error
