"""Opening what lies in places that others can write: below a folder that was checked, by plain names, through no link.

A `GuardedFolder` is a folder held open by its descriptor. Whatever is done below it is done relative to that
descriptor: a folder that is swapped for a link meanwhile leads nowhere. A file is opened only when it is a regular one;
a FIFO or a device is refused without waiting for it. Where the system has no descriptors of folders (Windows), the
folders and files are checked before and after each step, and before the first byte is written.

Everything here raises `OSError`; what was refused is a `Refused`, which is one too.
"""

from __future__ import annotations

import errno
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self, TypeVar

from s3sync.disk import checks, held
from s3sync.disk.durable import read_all, sync_descriptor, write_all
from s3sync.disk.errors import Refused
from s3sync.disk.held import FOLDER, PLAIN, HeldFolder, group_given
from s3sync.disk.modes import change_mode

T = TypeVar("T")

_READ = os.O_RDONLY | PLAIN

_BUSY_TRIES, _BUSY_S = 40, 0.05
"""Another program may have to give up its lease on a file (Samba does so) before we can open it."""


class GuardedFolder(HeldFolder):
    """A folder held open, and what is done with the files and folders in it."""

    __slots__ = ()

    # -- folders

    def folder(
        self, name: str, *, create: int | None = None, shared: bool | None = None, private: bool = False
    ) -> Self:
        """A folder in this one. `create`: make it with this mode if it is missing. `shared` None: as this one is."""
        place, base = self._at(name)
        shared = self.shared if shared is None else shared
        path = f"{self.path}{os.sep}{name}"
        try:
            return self._open_folder(place, path, base, self, shared, private)
        except FileNotFoundError:
            if create is None:
                raise
        with suppress(FileExistsError):
            self.mkdir(name, create)
        return self._open_folder(place, path, base, self, shared, private)

    # -- files

    def open_read(self, name: str, *, max_bytes: int | None = None, alone: bool = False) -> int:
        """The descriptor of a regular file, open for reading. `alone`: refuse one that has a second name."""
        return self._open(name, os.O_RDONLY, max_bytes=max_bytes, alone=alone)[0]

    def open_looked_at(self, name: str) -> tuple[int, os.stat_result]:
        """The descriptor of a regular file, open for reading, and its status as it was just when it was opened."""
        return self._open(name, os.O_RDONLY)

    def read_unchanged(self, name: str, view: memoryview, mtime_ns: int) -> bool:
        """Fill a view with a regular file that has just this size and time, and stood still while it was read.

        False for anything else, and where the system cannot do it: whoever asks has `open_looked_at` for that, which
        says what it is. One call for a small file, of which there are many.
        """
        base = self._descriptor
        if base is None or name in ("", ".", "..") or "/" in name:
            return False
        try:
            descriptor = os.open(name, _READ, dir_fd=base)
        except OSError:
            return False
        try:
            before = os.fstat(descriptor)
            size = len(view)
            if before.st_size != size or before.st_mtime_ns != mtime_ns or not stat.S_ISREG(before.st_mode):
                return False
            if not (self.shared or checks.is_ours(before) or before.st_uid == self._owner):
                return False
            if size and os.readv(descriptor, (view,)) != size:
                return False
            after = os.fstat(descriptor)
            return after.st_size == size and after.st_mtime_ns == mtime_ns and after.st_ctime_ns == before.st_ctime_ns
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def open_write(self, name: str, *, create: int | None = None, alone: bool = True) -> int:
        """The descriptor of a file that is there, open for reading and writing; nothing is cut off.

        `create`: make an empty one with this mode when there is none.
        """
        flags = os.O_RDWR | (0 if create is None else os.O_CREAT)
        return self._open(name, flags, mode=create or 0o600, alone=alone)[0]

    def create(self, name: str, mode: int = 0o600) -> int:
        """The descriptor of a new file. Raises `FileExistsError`, also for a link to nothing."""
        place, base = self._at(name)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | PLAIN, mode, dir_fd=base)
        self._kept(descriptor, lambda: None)
        return descriptor

    def _open(
        self, name: str, flags: int, *, mode: int = 0o600, max_bytes: int | None = None, alone: bool = False
    ) -> tuple[int, os.stat_result]:
        place, base = self._at(name)
        path = f"{self.path}{os.sep}{name}"
        before = self._lstat_without_descriptors(place, path)
        descriptor = _open_patiently(place, flags | PLAIN, mode, base, path)

        def check() -> os.stat_result:
            status = os.fstat(descriptor)
            checks.require_file(
                status, path, shared=self.shared, owner=self._accepted, max_bytes=max_bytes, alone=alone
            )
            if before is not None and not os.path.samestat(before, status):
                raise Refused(errno.ELOOP, "it was replaced while it was being opened", path)
            return status

        return descriptor, self._kept(descriptor, check)

    def _lstat_without_descriptors(self, place: str, path: str) -> os.stat_result | None:
        if held.BY_DESCRIPTOR:
            return None
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            return None
        checks.require_file(status, path, shared=self.shared, owner=self._accepted)
        return status

    def _kept(self, descriptor: int, check: Callable[[], T]) -> T:
        """The result of the check, before whose end nobody gets the descriptor."""
        try:
            found = check()
            if self._descriptor is None:
                self.verify()
        except BaseException:
            os.close(descriptor)
            raise
        return found

    def read(self, name: str, max_bytes: int) -> bytes:
        """All of a file. Raises `Refused` when it is larger than `max_bytes`."""
        descriptor = self.open_read(name, max_bytes=max_bytes)
        try:
            body = read_all(descriptor, max_bytes)
        finally:
            os.close(descriptor)
        if body is None:
            raise checks.too_large(f"{self.path}{os.sep}{name}", max_bytes)
        return body

    def write(self, name: str, body: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
        """Put a whole file in the place of whatever has the name, a link too: that is replaced, not followed."""
        temporary = f".{uuid.uuid4().hex}.tmp"
        try:
            descriptor = self.create(temporary, mode)
            try:
                write_all(descriptor, body)
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self.replace(temporary, name)
        except BaseException:
            with suppress(OSError):
                self.unlink(temporary)
            raise
        if durable:
            self.sync()

    # -- names

    def lstat(self, name: str) -> os.stat_result:
        place, base = self._at(name)
        return os.stat(place, dir_fd=base, follow_symlinks=False)

    def check(self, name: str, *, max_bytes: int | None = None, alone: bool = False) -> bool:
        """True if a file has the name. Raises `Refused`, as `open_read` would, when it is not one to open."""
        status = self.find(name)
        if status is None:
            return False
        path = f"{self.path}{os.sep}{name}"
        checks.require_file(status, path, shared=self.shared, owner=self._accepted, max_bytes=max_bytes, alone=alone)
        return True

    def find(self, name: str) -> os.stat_result | None:
        """Status of what has the name; None when nothing has."""
        try:
            return self.lstat(name)
        except FileNotFoundError:
            return None

    def has_file(self, name: str) -> bool:
        """True if a regular file has the name."""
        found = self.find(name)
        return found is not None and stat.S_ISREG(found.st_mode)

    def names(self) -> list[str]:
        """All names in the folder, in no order."""
        with self.scandir() as entries:
            return [entry.name for entry in entries]

    @contextmanager
    def scandir(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        """All entries, to be used inside the block only. With descriptors, their `path` is just their name."""
        if self._descriptor is None:
            self.verify()
            with os.scandir(self.path) as entries:
                yield entries
            return
        again = os.open(".", FOLDER, dir_fd=self._descriptor)  # threads would share one descriptor's place in the list
        try:
            with os.scandir(again) as entries:
                yield entries
        finally:
            os.close(again)

    def entries(self) -> list[tuple[str, os.stat_result]]:
        """All names with what they are; links are not followed."""
        return [(name, found) for name in self.names() if (found := self.find(name)) is not None]

    @property
    def given_group(self) -> int | None:
        """The group that files made in this folder get (setgid); None where they get that of whoever makes them.

        As it was when the folder was opened: it is asked for each file that arrives.
        """
        return self._given_group if self._descriptor is not None else None

    def share(self, mode: int, group: int | None) -> None:
        """Set the rights of this folder, and its group. Disks without rights refuse that, which is no error."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            if group is not None:
                os.fchown(self._descriptor, -1, group)
            os.fchmod(self._descriptor, mode)
        self._given_group = group_given(os.fstat(self._descriptor))

    def unlink(self, name: str, *, missing_ok: bool = False) -> None:
        place, base = self._at(name)
        try:
            os.unlink(place, dir_fd=base)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def mkdir(self, name: str, mode: int = 0o700) -> None:
        place, base = self._at(name)
        os.mkdir(place, mode, dir_fd=base)

    def rmdir(self, name: str) -> None:
        place, base = self._at(name)
        os.rmdir(place, dir_fd=base)

    def rename(self, name: str, new: str, into: GuardedFolder | None = None) -> None:
        """Rename to a name in this folder, or in `into`. What POSIX replaces, this does, and Windows refuses."""
        self._move(os.rename, name, new, into)

    def replace(self, name: str, new: str, into: GuardedFolder | None = None) -> None:
        """Rename over a file that has the new name."""
        self._move(os.replace, name, new, into)

    def _move(self, move: Callable[..., None], name: str, new: str, into: GuardedFolder | None) -> None:
        into = into or self
        (place, base), (target, target_base) = self._at(name), into._at(new)
        move(place, target, src_dir_fd=base, dst_dir_fd=target_base)
        if base is None:
            self.verify()
            into.verify()

    def link(self, name: str, new: str, into: GuardedFolder | None = None) -> None:
        """Give a file a second name, which must be free. Raises `FileExistsError`."""
        (place, base), (target, target_base) = self._at(name), (into or self)._at(new)
        follows = os.link not in os.supports_follow_symlinks
        os.link(place, target, src_dir_fd=base, dst_dir_fd=target_base, follow_symlinks=follows)

    def symlink(self, target: str, name: str) -> None:
        """Make a symbolic link. Whoever calls this has checked where it leads. Raises `FileExistsError`."""
        place, base = self._at(name)
        os.symlink(target, place, dir_fd=base)

    def readlink(self, name: str) -> str:
        place, base = self._at(name)
        return os.readlink(place, dir_fd=base)

    def chmod(self, name: str, mode: int) -> None:
        """Change the mode of a file or folder, also of one that may not be opened. Raises `Refused` for a link."""
        place, base = self._at(name)
        change_mode(place, base, mode, f"{self.path}{os.sep}{name}")

    def utime(self, name: str, mtime_ns: int) -> None:
        place, base = self._at(name)
        follows = os.utime not in os.supports_follow_symlinks
        os.utime(place, ns=(mtime_ns, mtime_ns), dir_fd=base, follow_symlinks=follows)

    def sync(self) -> None:
        """Make the renames in this folder last through a power failure."""
        if self._descriptor is not None:
            sync_descriptor(self._descriptor)


def _open_patiently(place: str, flags: int, mode: int, base: int | None, path: str) -> int:
    for left in reversed(range(_BUSY_TRIES)):
        try:
            return os.open(place, flags, mode, dir_fd=base)
        except OSError as error:
            if error.errno == errno.EAGAIN and left:
                time.sleep(_BUSY_S)
                continue
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EMLINK, errno.EAGAIN):
                checks.require_file(os.stat(place, dir_fd=base, follow_symlinks=False), path, shared=True)
            raise
    raise AssertionError
