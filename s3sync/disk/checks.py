"""Conditions under which a file or folder is opened in a place that others can write. Each check raises `Refused`."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from contextlib import suppress

from s3sync.disk.errors import Refused

_JUNCTION, _SYMLINK = 0xA0000003, 0xA000000C
"""Windows marks cloud files as reparse points too: only what leads elsewhere is a link."""

A_LINK = "it is a symbolic link, and links are not followed"
A_FILE = "a file stands where a folder should be"
_WHAT = (
    (stat.S_ISLNK, "a symbolic link, and links are not followed"),
    (stat.S_ISDIR, "a folder, where a file should be"),
    (stat.S_ISFIFO, "a named pipe, where a file should be"),
    (stat.S_ISSOCK, "a socket, where a file should be"),
    (stat.S_ISBLK, "a device, where a file should be"),
    (stat.S_ISCHR, "a device, where a file should be"),
)


def is_link(status: os.stat_result) -> bool:
    """True if `lstat` found a symbolic link, or what Windows has of the kind."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in (_JUNCTION, _SYMLINK)


def require_folder(
    status: os.stat_result, path: str, *, shared: bool, owner: int | None = None, descriptor: int | None = None
) -> None:
    """`owner`: another user whose folders count as ours. `descriptor`: the folder, to try who owns new files."""
    if is_link(status):
        raise Refused(errno.ELOOP, A_LINK, path)
    if not stat.S_ISDIR(status.st_mode):
        raise Refused(errno.ENOTDIR, A_FILE if stat.S_ISREG(status.st_mode) else "it is no folder", path)
    if shared or is_ours(status) or status.st_uid == owner:
        return
    if descriptor is None or not _has_no_owners(descriptor, status):
        raise _foreign(path, status)


def require_file(
    status: os.stat_result,
    path: str,
    *,
    shared: bool,
    owner: int | None = None,
    max_bytes: int | None = None,
    alone: bool = False,
) -> None:
    """`owner` as above. `alone`: it has no other name. `max_bytes`: it is no larger."""
    mode = status.st_mode
    if not stat.S_ISREG(mode) or is_link(status):
        what = next((what for test, what in _WHAT if test(mode)), "no regular file")
        raise Refused(errno.ELOOP if is_link(status) else errno.EINVAL, f"it is {what}", path)
    if not (shared or is_ours(status) or status.st_uid == owner):
        raise _foreign(path, status)
    if alone and status.st_nlink > 1:
        raise Refused(errno.EMLINK, "it is a second name (a hard link) of another file", path)
    if max_bytes is not None and status.st_size > max_bytes:
        raise too_large(path, max_bytes)


def too_large(path: str, max_bytes: int) -> Refused:
    return Refused(errno.EFBIG, f"it is larger than {max_bytes} bytes", path)


def is_ours(status: os.stat_result) -> bool:
    """True if a file belongs to this user or to root; with `sudo`, also to who called it. Windows: not asked."""
    if os.name != "posix" or status.st_uid in (0, os.geteuid()):
        return True
    return os.geteuid() == 0 and os.environ.get("SUDO_UID") == str(status.st_uid)


def is_own_group(group: int) -> bool:
    """True if the group has no member but this user, as where every user has a group (and the umask is 002)."""
    import grp
    import pwd

    try:
        me, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_gid == me.pw_gid and found.gr_name == me.pw_name and set(found.gr_mem) <= {me.pw_name}


def _foreign(path: str, status: os.stat_result) -> Refused:
    return Refused(errno.EPERM, f"it belongs to another user ({_user(status.st_uid)})", path)


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def _has_no_owners(descriptor: int, status: os.stat_result) -> bool:
    """True if the disk gives even our own new files to that user: FAT, exFAT and some network drives keep no owners."""
    new = of_a_new_file(descriptor)
    return new is not None and new.st_uid == status.st_uid


def of_a_new_file(descriptor: int) -> os.stat_result | None:
    """Status of a file that we make in a folder for us alone; None where we may make none."""
    name = f".s3sync-{uuid.uuid4().hex}"
    try:
        probe = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=descriptor)
    except OSError:
        return None
    try:
        return os.fstat(probe)
    finally:
        os.close(probe)
        with suppress(OSError):
            os.unlink(name, dir_fd=descriptor)
