"""Layout of a folder store, which keys it accepts, and how it reaches its folders: through no link.

root/<key>                            the object, an ordinary file
root/.s3sync-store/store.json         the marker: without it the disk is taken for not mounted
root/.s3sync-store/records/ab/<sha>   what is known of an object; <sha> is the SHA-256 of its key, so that long
                                      names and disks that fold case or accents do not matter
root/.s3sync-store/records/ab/<sha>.next   the record of what is being put there: it counts as soon as the object is
                                      that, so that one whose writer was killed is known all the same
root/.s3sync-store/locks/ab           one lock per shard of keys
root/.s3sync-store/uploads/<id>/      an unfinished multipart upload
root/.s3sync-store/tmp/               files that are being written
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from s3sync.core.names import nfc, windows_reason
from s3sync.disk.durable import write_all
from s3sync.disk.errors import Refused, local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below
from s3sync.errors import BucketMissing, StoreError, Unreachable, Unsupported
from s3sync.store.folder import locks, spelling
from s3sync.store.folder.errors import CANNOT_HOLD, disk_error
from s3sync.store.folder.hollow import Hollow
from s3sync.store.folder.marker import MARKER, MAX_MARKER, Marker, decode_marker, new_marker
from s3sync.store.folder.modes import Modes, make_root, modes_of

RESERVED = ".s3sync-store"
LOCK_WAIT_S = 120.0
_OWN = ("tmp", "uploads", "records", "locks")


class Layout:
    """The folders of one folder store. Keeps no state but what it learnt about the disk.

    `private`: nobody else is to read what is in it.
    """

    def __init__(self, root: Path, *, private: bool = False) -> None:
        self.root = root
        self._private = private
        with local_errors("cannot follow", root):  # links that are exchanged meanwhile
            self._real = os.path.realpath(root)  # the store's own path may lead through links
        self.hollow = Hollow()
        self.ahead_s: float | None = None
        """Seconds by which the disk's clock is ahead of this computer's, once that was looked at."""

    # -- the store

    def create(self) -> None:
        """Make the folder and its marker, if they are not there. What lies in the folder already becomes objects.

        No store is made through a link of another user: its marker would make one of any folder that this leads to.
        """
        with self.errors("make the folder store", str(self.root), anew=True):
            if not self._private and not self._is_marked():
                self._real = own_end(self.root)
            if not os.path.isdir(self._real):  # noqa: PTH112
                make_root(Path(self._real), private=self._private)
            if self._private and os.name != "nt":
                GuardedFolder.open(self._real, shared=True, private=True).close()
            for name in _OWN:
                self.make((RESERVED, name))
            if self.folder(RESERVED).find(MARKER) is None:
                self._write_marker(new_marker(escaped=self.is_limited))

    def require(self) -> None:
        """Raises `BucketMissing` unless the marker is there: an unmounted disk must not look like an empty store."""
        why = None
        try:
            found = self.folder(RESERVED).find(MARKER)
            if found is None:
                why = "its marker is missing"
            elif not stat.S_ISREG(found.st_mode):
                why = f"its marker {MARKER} is no regular file"
        except (FileNotFoundError, NotADirectoryError):
            why = "its marker is missing" if os.path.isdir(self._real) else "the folder is not there"  # noqa: PTH112
        except OSError as error:
            raise disk_error(error, "read", str(self.root)) from error
        if why:
            raise BucketMissing(
                f"there is no folder store at {self.root}",
                why=why,
                hint="connect the disk or mount the network drive, and check the path of the store",
            )

    @cached_property
    def marker(self) -> Marker:
        self.require()
        with self.errors("read", str(self.root)):
            return decode_marker(self.folder(RESERVED).read(MARKER, MAX_MARKER), str(self.root))

    @cached_property
    def tells_blocks(self) -> bool:
        """True if this disk says what a file takes on it: some network disks say 0 of each, as of the marker."""
        with suppress(OSError):
            return getattr(self.folder(RESERVED).lstat(MARKER), "st_blocks", 0) > 0
        return False

    def identify(self) -> None:
        """Give a store of an older version its id."""
        if self.marker.id is None:
            with self.lock(MARKER):
                del self.__dict__["marker"]  # another program may have been faster
                if self.marker.id is None:
                    with self.errors("write", str(self.root)):
                        self._write_marker(new_marker(escaped=self.marker.names == "escaped"))

    def _is_marked(self) -> bool:
        with suppress(OSError):
            return self.folder(RESERVED).find(MARKER) is not None
        return False

    def _write_marker(self, content: Marker) -> None:
        temporary = uuid.uuid4().hex
        descriptor = self.create_file(self.tmp, temporary)
        try:
            write_all(descriptor, content.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        reserved = self.folder(RESERVED)
        self.tmp.replace(temporary, MARKER, reserved)
        reserved.sync()
        self.__dict__.pop("marker", None)

    # -- folders and files

    def folder(self, *names: str) -> GuardedFolder:
        """The folder that these names, as the disk spells them, lead to. Do not close it. Raises `OSError`."""
        return folder_below(self._real, names)

    def make(self, names: Sequence[str]) -> GuardedFolder:
        """The same, making what is missing. Raises `OSError`; another program may prune it meanwhile."""
        with suppress(FileNotFoundError):
            return self.folder(*names)
        above = self.folder()
        for name in names:
            if above.find(name) is None:
                with suppress(FileExistsError):
                    above.mkdir(name, self.modes.folder)
                    self.modes.apply_to_folder(above.folder(name))
            above = above.folder(name)
        return self.folder(*names)

    def create_file(self, folder: GuardedFolder, name: str) -> int:
        """The descriptor of a new file, with the rights of this store's files."""
        descriptor = folder.create(name, self.modes.file)
        self.modes.apply_to_file(descriptor)
        return descriptor

    @cached_property
    def modes(self) -> Modes:
        return modes_of(Path(self._real).stat())

    @property
    def tmp(self) -> GuardedFolder:
        return self.folder(RESERVED, "tmp")

    @property
    def uploads(self) -> GuardedFolder:
        return self.folder(RESERVED, "uploads")

    @contextmanager
    def errors(self, doing: str, what: str, *, anew: bool = False) -> Iterator[None]:
        """Turn an OSError into our error: "could not <doing> <what>".

        `anew`: the store need not be there yet. Else, where it is there and a name in it is not, that is the name's
        fault: some disks say of a name they cannot hold that it does not exist.
        """
        try:
            yield
        except FileNotFoundError as error:
            if anew:
                raise disk_error(error, doing, what) from error
            self.require()
            raise StoreError(f"could not {doing} {what}", why=CANNOT_HOLD, hint="rename it") from error
        except OSError as error:
            raise disk_error(error, doing, what) from error

    # -- keys

    def spot(self, key: str) -> tuple[str, ...]:
        """The names that lead to an object, as the disk spells them. Raises `StoreError` for a key that is refused."""
        reason = _refusal(key)
        if reason is None and os.name == "nt" and not self.is_escaped:
            reason = windows_reason(key)
        if reason:
            raise StoreError(f"a folder store cannot hold {key!r}", why=reason)
        names = key.split("/")
        return tuple(spelling.encode(name) for name in names) if self.is_escaped else tuple(names)

    def spot_of_prefix(self, prefix: str) -> tuple[str, ...]:
        return self.spot(prefix[:-1]) if prefix else ()

    @property
    def is_escaped(self) -> bool:
        return self.marker.names == "escaped"

    def spelled(self, name: str, where: str) -> str:
        """The name that stands on the disk as `name`. Raises `StoreError` for a spelling that is nobody's."""
        found = spelling.decode(name) if self.is_escaped else name
        if found is None:
            raise StoreError(
                f"cannot list {where}", why=f"{name!r} has an escape that this store never writes", hint="rename it"
            )
        return found

    def require_holdable(self, key: str) -> None:
        """Raises `StoreError` for a key that this store's disk cannot hold, before its bytes are written."""
        if not self.is_escaped and any(map(spelling.needs, key.split("/"))) and self.is_limited:
            raise StoreError(
                f"a folder store on this disk cannot hold {key!r}",
                why=CANNOT_HOLD,
                hint="rename it, or move to a new store on this disk, which spells such names in another way",
            )
        if not self.is_exact(self.spot(key)):
            raise StoreError(
                f"a folder store on this disk cannot hold {key!r}",
                why="a name that differs only in case is there, and the disk does not tell them apart",
                hint="rename one of them, or give both the same case",
            )

    @cached_property
    def is_limited(self) -> bool:
        """True if the disk refuses names that Windows refuses, or changes them."""
        stem = uuid.uuid4().hex
        return os.name == "nt" or not all(self._holds(f"{stem}{end}") for end in ("?:", "."))

    def _holds(self, name: str) -> bool:
        try:
            self.tmp.mkdir(name)
            return name in self.tmp.names()
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EROFS, errno.ENOSPC):
                raise
            return False
        finally:
            with suppress(OSError):
                self.tmp.rmdir(name)

    @cached_property
    def folds(self) -> bool:
        """True on a disk for which `A` and `a` are one name."""
        other = RESERVED.upper()
        with self.errors("read", str(self.root)):
            return self.folder().find(other) is not None and other not in self.folder().names()

    def is_exact(self, spot: tuple[str, ...]) -> bool:
        """On a disk that folds names, False where another spelling has the place of an object."""
        if not self.folds:
            return True
        for depth, name in enumerate(spot):
            try:
                above = self.folder(*spot[:depth])
                if above.find(name) is None:
                    return True
                names = {nfc(found) for found in above.names()}
            except (FileNotFoundError, Refused):
                return True
            if nfc(name) not in names:
                return False
        return True

    def digest(self, key: str) -> str:
        stored = nfc(key) if self.folds else key
        return hashlib.sha256(stored.encode("utf-8", "surrogatepass")).hexdigest()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold the lock of this key's shard against threads and processes."""
        name = self.digest(nfc(key).casefold() if self.folds else key)[:2]
        try:
            folder = self.folder(RESERVED, "locks")
            if os.name == "nt":
                holding = locks.held_by_path(folder, name, LOCK_WAIT_S)
            else:
                holding = locks.held(self._lock_file(folder, name), LOCK_WAIT_S)
            holding.__enter__()
        except TimeoutError:
            why = f"another process holds {RESERVED}/locks/{name}"
            raise Unreachable(f"could not lock {key!r} for {LOCK_WAIT_S:.0f} s", why=why, hint="try again") from None
        except locks.NoLocks as error:
            raise _no_locks(self.root) from error
        except OSError as error:
            raise disk_error(error, "lock", repr(key)) from error
        try:
            yield
        finally:
            holding.__exit__(None, None, None)

    def _lock_file(self, folder: GuardedFolder, name: str) -> int:
        with suppress(FileNotFoundError):
            return folder.open_write(name)
        try:
            return self.create_file(folder, name)
        except FileExistsError:
            return folder.open_write(name)


def is_reserved(name: str) -> bool:
    """True if a name directly below the root is, on some file system, our reserved folder."""
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return visible.rstrip(". ").casefold() == RESERVED


def _no_locks(root: Path) -> Unsupported:
    return Unsupported(
        f"the disk of {root} has no file locks",
        why="two people writing at once would not be noticed",
        hint="mount it with locking (NFSv4, SMB without `nobrl`), or use another disk",
    )


def _refusal(key: str) -> str | None:
    """Reason why a key is refused, None if it is not."""
    segments = key.split("/")
    if not key or "" in segments:
        return "a name in it is empty"
    if "." in segments or ".." in segments:
        return "it has `.` or `..` as a name"
    if "\0" in key:
        return "it has a NUL character"
    if is_reserved(segments[0]):
        return f"{RESERVED} is the store's own folder"
    if segments[0].casefold().startswith("s3sync~"):
        return f"it may be the short name of {RESERVED}" if os.name == "nt" else None
    return None
