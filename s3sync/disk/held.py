"""A folder held open: how it is opened, what it is checked for, and how names in it are reached.

With descriptors, everything is done relative to the open folder: one that is swapped for a link meanwhile leads
nowhere. Where the system has no descriptors of folders (Windows), the folders are checked before and after each step.
Everything here raises `OSError`; what was refused is a `Refused`, which is one too.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import Self

from s3sync.disk import checks
from s3sync.disk.current import on_the_way
from s3sync.disk.errors import Refused

BY_DESCRIPTOR = os.name == "posix" and {os.open, os.stat, os.unlink, os.rename, os.mkdir, os.link} <= os.supports_dir_fd
"""True if this system opens files relative to an open folder."""

BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
PLAIN = BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
FOLDER = os.O_RDONLY | PLAIN | getattr(os, "O_DIRECTORY", 0)
_ON_THE_WAY = getattr(os, "O_PATH", 0) | FOLDER
"""A folder of which one needs to search names alone, as on the way of any path."""
_THROUGH_NONE = getattr(os, "O_NOFOLLOW_ANY", 0)
"""macOS refuses a link anywhere in a path by itself."""


_SWAPPED = "see who may write in the folder above it, then run the command again"
_kept: dict[str, tuple[int, int]] = {}
"""Folders that others can swap for another one, and what they were when they were first looked at."""


def keep(path: str) -> None:
    """From now on, while this process lives, a straight way through this folder leads through this very one.

    Whoever may write in a folder above can give its name to another real folder, of the user's or of his own. Not where
    others write in the folder itself: they swap what is in it. Raises `OSError`, and of it `Refused` where it is
    another one than at the first call, or than the one that the user is in.
    """
    descriptor = _open_straight(path)
    try:
        status, meant = os.fstat(descriptor), on_the_way(path)
    finally:
        os.close(descriptor)
    if meant is not None and not os.path.samestat(status, meant):
        raise Refused(errno.ESTALE, "another folder has its name than the one that you are in", path, hint=_SWAPPED)
    if not status.st_mode & stat.S_IWOTH:
        _kept.setdefault(path, (status.st_dev, status.st_ino))


def is_kept(path: str) -> bool:
    """True if this is the path of a folder that others can swap, and that was remembered."""
    return path in _kept


def _require_kept(path: str, descriptor: int) -> None:
    if path in _kept:
        status = os.fstat(descriptor)
        if _kept[path] != (status.st_dev, status.st_ino):
            why = "another folder was put in its place since the command began"
            raise Refused(errno.ESTALE, why, path, hint=_SWAPPED)


def group_given(status: os.stat_result) -> int | None:
    """The group that files made in such a folder get; None where they get that of whoever makes them."""
    return status.st_gid if status.st_mode & stat.S_ISGID else None


class HeldFolder:
    """A folder that is real, and ours unless it is `shared`. Close it, or use it as a context.

    `shared`: files and folders may belong to other users, as in a folder that a team shares. Otherwise they belong to
    us or to root. `path` is for messages.
    """

    __slots__ = ("_above", "_descriptor", "_given_group", "_identity", "_owner", "path", "shared")

    def __init__(
        self, path: str, descriptor: int | None, status: os.stat_result, shared: bool, above: HeldFolder | None
    ) -> None:
        self.path, self.shared, self._above = path, shared, above
        self._descriptor, self._identity, self._owner = descriptor, (status.st_dev, status.st_ino), status.st_uid
        self._given_group = group_given(status)

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, shared: bool = False, private: bool = False, straight: bool = False
    ) -> Self:
        """Open a folder by its path, whose last name is no link; with `straight` none of its names is one.

        `private`: take the rights of others away, if it is ours and they have any.
        """
        where = os.fspath(path)
        if not (straight and BY_DESCRIPTOR and where.startswith(os.sep)):
            return cls._open_folder(where, where, None, None, shared, private)
        above, name = os.path.split(where.rstrip(os.sep))
        if not name:
            return cls._open_folder(where, where, None, None, shared, private)
        base = _open_straight(above)
        try:
            found = cls._open_folder(name, where, base, None, shared, private)
        finally:
            os.close(base)
        if found._descriptor is not None:
            _require_kept(found.path, found._descriptor)
        return found

    @classmethod
    def to_search(cls, path: str) -> Self:
        """Open a shared folder by a path without links, only to reach names in it: it need not be one to be read."""
        if not (BY_DESCRIPTOR and path.startswith(os.sep)):
            return cls.open(path, shared=True, straight=True)
        descriptor = _open_straight(path)
        return cls(path, descriptor, os.fstat(descriptor), True, None)

    @classmethod
    def _open_folder(
        cls, place: str, path: str, base: int | None, above: HeldFolder | None, shared: bool, private: bool
    ) -> Self:
        owner = above._accepted if above is not None else None
        if not BY_DESCRIPTOR:
            status = os.lstat(place)
            checks.require_folder(status, path, shared=shared, owner=owner)
            found = cls(path, None, status, shared, above)
            found.verify()
            return found
        try:
            descriptor = os.open(place, FOLDER, dir_fd=base)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                checks.require_folder(os.stat(place, dir_fd=base, follow_symlinks=False), path, shared=True)
            raise
        try:
            status = os.fstat(descriptor)
            checks.require_folder(status, path, shared=shared, owner=owner, descriptor=descriptor)
            if private and status.st_mode & 0o077 and status.st_uid == os.geteuid():
                with suppress(OSError):  # a disk without modes, such as FAT
                    os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & 0o700)
                    status = os.fstat(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, status, shared, None)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(OSError):
            self.close()

    @property
    def _accepted(self) -> int | None:
        """The owner of this folder, whose files are ours, too: on a disk without owners it is somebody else."""
        return None if self.shared else self._owner

    def gives_away(self, owner: int) -> bool:
        """True if even a new file of ours belongs to that user here, as on a disk that keeps no owners."""
        new = None if self._descriptor is None else checks.of_a_new_file(self._descriptor)
        return new is not None and new.st_uid == owner

    def keeps_modes(self) -> bool:
        """True if a new file for us alone is that here. On FAT and exFAT every file has the mode of the mount."""
        new = None if self._descriptor is None else checks.of_a_new_file(self._descriptor)
        return new is None or not new.st_mode & 0o022

    @property
    def identity(self) -> tuple[int, int]:
        """Device and number of the folder: the same for one that has two paths."""
        return self._identity

    @property
    def is_in_place(self) -> bool:
        """True if `path` still leads to this very folder."""
        try:
            status = os.lstat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    @property
    def descriptor(self) -> int | None:
        """For a call that Python has no name for. Windows has none."""
        return self._descriptor

    def verify(self) -> None:
        """Without descriptors: raise `Refused` unless this folder, and those it was reached by, are what they were."""
        folder: HeldFolder | None = self
        while folder is not None and folder._descriptor is None:
            status = os.lstat(folder.path)
            if checks.is_link(status) or (status.st_dev, status.st_ino) != folder._identity:
                raise Refused(errno.ELOOP, "it was replaced while s3sync was at work in it", folder.path)
            folder = folder._above

    def _at(self, name: str) -> tuple[str, int | None]:
        """What to give to a system call for a name: with descriptors the name itself, else its path."""
        if (
            name in ("", ".", "..")
            or "/" in name
            or "\0" in name
            or (os.name == "nt" and ("\\" in name or ":" in name))
        ):
            raise Refused(errno.EINVAL, f"{name!r} is not a plain name", self.path)
        if self._descriptor is not None:
            return name, self._descriptor
        if BY_DESCRIPTOR:
            raise ValueError(f"{self.path} is closed")
        self.verify()
        return f"{self.path}{os.sep}{name}", None


def straight_status(folder: str, *names: str) -> os.stat_result | None:
    """Status of what has these names below a folder, through no link, and of a link itself; None where nothing has.

    What may not be looked at counts as nothing. Raises `OSError`, and of it `Refused` for a link on the way. Where
    another user can take a folder away and give it back (`keep`), one that is not there, or closed, is no nothing.
    """
    if not BY_DESCRIPTOR:
        return _status_or_none(os.path.join(folder, *names), None)  # noqa: PTH118
    try:
        at = _walk_straight(folder)
    except (FileNotFoundError, PermissionError):
        if _kept:
            raise
        return None
    reached = folder
    try:
        for name in names[:-1]:
            reached = f"{reached.rstrip(os.sep)}{os.sep}{name}"
            at = _further(at, name, reached)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        return _status_or_none(names[-1], at)
    finally:
        os.close(at)


def _status_or_none(name: str, base: int | None) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=base, follow_symlinks=False)
    except (FileNotFoundError, PermissionError):
        return None


def _open_straight(path: str) -> int:
    """The descriptor of a folder, to reach names in it, by a path of whose names none is a link. Raises `OSError`.

    Whoever may write in a folder on the way can swap the next one for a link at any moment: the paths of a checked
    folder would then lead into another.
    """
    try:
        return _walk_straight(path)
    except FileNotFoundError:
        os.stat(path)  # noqa: PTH116 (a share that is mounted when a path first leads into it)
        return _walk_straight(path)


def _walk_straight(path: str) -> int:
    if _THROUGH_NONE and not _kept:
        try:
            return os.open(path, FOLDER & ~os.O_NOFOLLOW | _THROUGH_NONE)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Refused(errno.ELOOP, checks.A_LINK, path) from None
            raise
    reached, at = os.sep, os.open(os.sep, _ON_THE_WAY)
    for name in filter(None, path.split(os.sep)):  # noqa: PTH206
        reached = f"{reached.rstrip(os.sep)}{os.sep}{name}"
        at = _further(at, name, reached)
    return at


def _further(at: int, name: str, reached: str) -> int:
    """The folder of this name in an open one, which is closed. `reached`: its whole path."""
    try:
        further = os.open(name, _ON_THE_WAY, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            checks.require_folder(os.stat(name, dir_fd=at, follow_symlinks=False), reached, shared=True)
        raise
    finally:
        os.close(at)
    try:
        _require_kept(reached, further)
    except BaseException:
        os.close(further)
        raise
    return further
