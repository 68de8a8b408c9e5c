"""Meanings of an OSError for a folder store."""

from __future__ import annotations

import errno
import os

from s3sync.disk.checks import require_file
from s3sync.disk.errors import Refused
from s3sync.errors import AccessDenied, BucketMissing, DiskFull, S3syncError, StoreError, Unreachable

# What an errno means for a store. What is not listed is a plain StoreError.
BY_ERRNO: dict[int, type[S3syncError]] = {
    errno.ENOSPC: DiskFull,
    getattr(errno, "EDQUOT", errno.ENOSPC): DiskFull,
    errno.EFBIG: DiskFull,
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.EROFS: AccessDenied,
    errno.ENOENT: BucketMissing,
    errno.EIO: Unreachable,
    errno.ENXIO: Unreachable,
    errno.ENODEV: Unreachable,
    getattr(errno, "ESTALE", errno.EIO): Unreachable,
    getattr(errno, "EHOSTDOWN", errno.EIO): Unreachable,
    errno.EHOSTUNREACH: Unreachable,
    errno.ENOTCONN: Unreachable,
    errno.ETIMEDOUT: Unreachable,
}
BOTH = "a part of the name in front of a `/` is a file here; a folder store cannot hold both"
CANNOT_HOLD = "this disk cannot hold such a name"
_WHY: dict[int, str] = {
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.ENOTDIR: BOTH,
    errno.EEXIST: BOTH,
    errno.EISDIR: "a folder of that name is there; a folder store cannot hold both",
    errno.ENOTEMPTY: "a folder of that name is there; a folder store cannot hold both",
    errno.EINVAL: CANNOT_HOLD,
    getattr(errno, "EILSEQ", errno.EINVAL): CANNOT_HOLD,
}
_HINTS: dict[type[S3syncError], str] = {
    DiskFull: "free some space on the store's disk",
    AccessDenied: "check the rights to the store's folder, and that its disk is not mounted read-only; "
    "how several people share one: docs/configuration.md",
    BucketMissing: "connect the disk or mount the network drive",
    Unreachable: "check that the disk is connected or the network drive is mounted",
}
_REFUSED = "move it out of the store's folder and keep it, as it may be the only copy; and ask who can write there"


def odd(message: str, where: str, why: str) -> StoreError:
    """Error about something in the store's folder that is neither a file nor a folder."""
    return StoreError(
        message,
        why=f"of {where}: {why}",
        hint="a folder store holds files and folders only. Move it elsewhere (where it is a link, put what it leads to "
        "in its place, if that was meant), and ask who can write there",
    )


def what_is(status: os.stat_result, where: str) -> str:
    """Words for what stands in the place of a file."""
    try:
        require_file(status, where, shared=True)
    except Refused as error:
        return error.why
    return "it changed while it was looked at"


def disk_error(error: OSError, doing: str, what: str) -> S3syncError:
    """Our error for an OSError: "could not <doing> <what>"."""
    number = error.errno or 0
    message = f"could not {doing} {what}"
    if isinstance(error, Refused):
        if number == errno.ENOTDIR:
            return StoreError(message, why=BOTH)
        return StoreError(message, why=f"of {error.filename}: {error.why}", hint=error.hint or _REFUSED)
    kind = BY_ERRNO.get(number, StoreError)
    why = _WHY.get(number) or (error.strerror or type(error).__name__).lower()
    return kind(message, why=why, hint=_HINTS.get(kind))
