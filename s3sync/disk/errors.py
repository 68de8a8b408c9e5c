"""Meanings of an errno in words, and the one seam where the operating system's errors become ours."""

from __future__ import annotations

import errno
from pathlib import Path

from s3sync.errors import DiskFull, LocalError

REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "the operation is not permitted",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "it is not there",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a file stands where a folder should be",
    errno.EEXIST: "something else stands there already",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EILSEQ: "this disk cannot hold that name",
    errno.EIO: "the disk reports an input/output error",
    errno.ELOOP: "it is a symbolic link",
}
NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of a file system that cannot sync a folder. They are no failure: such a file system does so by itself."""

_FULL = ("the disk is full", "make room; what was there before is untouched")
_TOO_LARGE = ("this disk cannot hold so large a file", "use a disk with another file system: FAT32 ends at 4 GiB")
_NO_ROOM = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _TOO_LARGE}


class Refused(OSError):
    """Something stands where a plain file or folder of ours should: a link, a FIFO, a file of another user.

    An `OSError`, so that each room turns it into its own error as it does with all others. `why` says what it is.
    """

    def __init__(self, number: int, why: str, path: str, *, hint: str | None = None) -> None:
        super().__init__(number, why, path)
        self.why = why
        self.hint = hint


def reason_of(error: OSError) -> str:
    """The error in words, without the path that Python puts into it."""
    if isinstance(error, Refused):
        return error.why
    return REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


def local_errors(doing: str, path: Path | str, *, hint: str | None = None) -> _Seam:
    """Turn an `OSError` into `LocalError` or `DiskFull`; `doing` is a phrase such as `cannot read`.

    `hint` says what to do about something that was refused, unless the refusal says so itself.
    """
    return _Seam(doing, path, hint)


class _Seam:
    """The block of `local_errors`. A class, as each file passes several: a generator takes three times as long."""

    __slots__ = ("_doing", "_hint", "_path")

    def __init__(self, doing: str, path: Path | str, hint: str | None) -> None:
        self._doing, self._path, self._hint = doing, path, hint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OSError):
            return
        if isinstance(error, Refused):
            raise LocalError(f"{self._doing} {error.filename}", why=error.why, hint=error.hint or self._hint) from error
        if error.errno in _NO_ROOM:
            why, no_room_hint = _NO_ROOM[error.errno]
            raise DiskFull(f"{self._doing} {self._path}", why=why, hint=no_room_hint) from error
        raise LocalError(f"{self._doing} {self._path}", why=reason_of(error)) from error
