"""Modes of the files that s3sync writes, and copies that keep them.

What replaces a file has that file's mode and group: private stays private, a script can still be run, and a folder that
a group shares stays shared. A new file follows the umask, and a folder with setgid. Of a file's mode only the
executable bit travels. Windows has no modes, and disks such as exFAT show one that nobody gave.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

from s3sync.core.spelling import obeyed_reason
from s3sync.disk.copying import pieces
from s3sync.disk.durable import write_all
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import parent_of
from s3sync.errors import LocalError
from s3sync.local.room import trial_file
from s3sync.local.scan import LocalFile

POSIX = os.name == "posix"
NEW = 0o666
"""The umask takes from it."""
PRIVATE = 0o600


def usual_mask() -> int:
    """The umask: bits that this user gives no new file. It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def settle_mode(
    folder: GuardedFolder,
    name: str,
    old: os.stat_result | None,
    *,
    into: GuardedFolder,
    executable: bool = False,
    is_hook: bool = False,
) -> None:
    """Give a finished file the mode and group of the one that it replaces in the folder `into`. Raises `OSError`.

    A new one gets that folder's group, where new files there do, and may be made executable. One of git's hooks
    cannot be run, whatever it replaces.
    """
    if not POSIX:
        return
    group = into.given_group if old is None else old.st_gid
    if old is None and group is None and not executable:
        return
    descriptor = folder.open_write(name)
    try:
        found = os.fstat(descriptor)
        if group is not None and group != found.st_gid:
            with suppress(OSError):  # of a group that this user is not in, or on a disk without groups
                os.fchown(descriptor, -1, group)
        now = stat.S_IMODE(found.st_mode)
        wanted = now if old is None else stat.S_IMODE(old.st_mode) & 0o777
        if is_hook:
            wanted &= ~0o111
        elif executable:
            wanted |= (wanted & 0o444) >> 2
        if wanted != now:
            _set_mode(descriptor, wanted)
    finally:
        os.close(descriptor)


def may_be_run(file: LocalFile, staging: Path, otherwise: bool) -> bool:
    """True if a file's owner may run it; `otherwise` where its disk does not tell."""
    if not POSIX or file.runs is otherwise:
        return otherwise
    try:
        folder, name = parent_of(file.where, file.depth)
        status = folder.lstat(name)
    except OSError:  # whoever reads it says why
        return otherwise
    runs = bool(status.st_mode & stat.S_IXUSR)
    return runs if runs == otherwise or _keeps_the_bit(staging, status.st_dev) else otherwise


@cache
def _keeps_the_bit(staging: Path, device: int) -> bool:
    """True if the disk of a staging folder keeps the executable bit, tried on a file of ours.

    False for files on another disk. FAT, exFAT, NTFS and some network disks give every file the same mode.
    """
    try:
        with trial_file(staging, "mode-trial", PRIVATE) as (_, descriptor):
            status = os.fstat(descriptor)
            _set_mode(descriptor, PRIVATE | stat.S_IXUSR)
            now = os.fstat(descriptor)
    except (OSError, LocalError):
        return False
    return status.st_dev == device and not status.st_mode & stat.S_IXUSR and bool(now.st_mode & stat.S_IXUSR)


def _set_mode(descriptor: int, wanted: int) -> None:
    """A disk without modes, such as FAT, may say no: there every file has the same."""
    with suppress(PermissionError, NotImplementedError):
        os.fchmod(descriptor, wanted)


def copy_file(
    source: GuardedFolder, name: str, target: GuardedFolder, new: str, *, arrives_as: str | None = None
) -> None:
    """Copy a file with its mode and time; synced. Raises `OSError`; nothing is left then.

    `arrives_as`: its path where it comes from another place, in which others may have set its mode. It gets no more
    than the umask gives, and what programs obey by that name cannot be run.
    """
    reader = source.open_read(name)
    try:
        status = os.fstat(reader)
        mode = stat.S_IMODE(status.st_mode) & 0o777
        if arrives_as is None:
            writer = target.create(new)
        else:
            writer = target.create(new, mode if obeyed_reason(arrives_as) is None else mode & NEW)
        try:
            copy_descriptor(reader, writer)
            if POSIX and arrives_as is None:
                _set_mode(writer, mode)
        finally:
            os.close(writer)
        target.utime(new, status.st_mtime_ns)
    except BaseException:
        with suppress(OSError):
            target.unlink(new)
        raise
    finally:
        os.close(reader)


def copy_descriptor(source: int, target: int) -> None:
    """Copy a whole file, by reference where the file system can (Btrfs, XFS: `copy_file_range`), and sync it.

    As far as it goes when this begins: what is added meanwhile, with a hole at no cost, fills no disk.
    """
    copied, size = 0, os.fstat(source).st_size
    with suppress(OSError, AttributeError):
        while copied < size and (n := os.copy_file_range(source, target, min(size - copied, 1 << 30))):
            copied += n
    os.lseek(source, copied, os.SEEK_SET)
    os.lseek(target, copied, os.SEEK_SET)
    with open(source, "rb", buffering=0, closefd=False) as reader:
        for piece in pieces(reader, size - copied):
            write_all(target, piece)
    os.fsync(target)
