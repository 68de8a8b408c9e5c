"""Where a folder store keeps what, which keys it accepts, and what an OSError means.

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
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from s3sync.core.names import windows_reason
from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    DiskFull,
    S3syncError,
    StoreError,
    Unreachable,
    Unsupported,
)
from s3sync.store.folder.files import new_name, replace

RESERVED = ".s3sync-store"
LOCK_WAIT_S = 120.0
_MARKER = '{"format": "s3sync folder store", "schema": 1}\n'

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
_WHY: dict[int, str] = {
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.ENOTDIR: "a part of the name in front of a `/` is a file here; a folder store cannot hold both",
    errno.EEXIST: "a part of the name in front of a `/` is a file here; a folder store cannot hold both",
    errno.EISDIR: "a folder of that name is there; a folder store cannot hold both",
    errno.ENOTEMPTY: "a folder of that name is there; a folder store cannot hold both",
    errno.EINVAL: "this disk cannot hold such a name",
    getattr(errno, "EILSEQ", errno.EINVAL): "this disk cannot hold such a name",
}
_HINTS: dict[type[S3syncError], str] = {
    DiskFull: "free some space on the store's disk",
    AccessDenied: "check the rights to the store's folder, and that its disk is not mounted read-only",
    BucketMissing: "connect the disk or mount the network drive",
    Unreachable: "check that the disk is connected or the network drive is mounted",
}


@contextmanager
def disk_errors(doing: str, what: str) -> Iterator[None]:
    """Turn an OSError into our error: "could not <doing> <what>"."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, doing, what) from error


def disk_error(error: OSError, doing: str, what: str) -> S3syncError:
    number = error.errno or 0
    kind = BY_ERRNO.get(number, StoreError)
    why = _WHY.get(number) or (error.strerror or type(error).__name__).lower()
    return kind(f"could not {doing} {what}", why=why, hint=_HINTS.get(kind))


class Layout:
    """The paths of one folder store. Keeps no state but what it learnt about the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reserved = root / RESERVED
        self.marker = self.reserved / "store.json"
        self.tmp = self.reserved / "tmp"
        self.uploads = self.reserved / "uploads"

    def create(self) -> None:
        """Make the folder and its marker, if they are not there. What lies in the folder already becomes objects."""
        with disk_errors("make the folder store", str(self.root)):
            for folder in (self.reserved, self.tmp, self.uploads, self.reserved / "records", self.reserved / "locks"):
                folder.mkdir(parents=True, exist_ok=True)
            if not self.marker.exists():
                fresh = new_name(self.tmp)
                fresh.write_text(_MARKER, encoding="utf-8")
                replace(fresh, self.marker)

    def require(self) -> None:
        """Raises `BucketMissing` unless the marker is there: an unmounted disk must not look like an empty store."""
        try:
            found = stat.S_ISREG(self.marker.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            found = False
        except OSError as error:
            raise disk_error(error, "read", str(self.root)) from error
        if not found:
            raise BucketMissing(
                f"there is no folder store at {self.root}",
                why="its marker is missing" if self.root.exists() else "the folder is not there",
                hint="connect the disk or mount the network drive; `s3sync init` makes a new store",
            )

    @cached_property
    def folds(self) -> bool:
        """True on a disk for which `A` and `a` are one name."""
        return (self.root / RESERVED.upper() / "store.json").exists()

    def path(self, key: str) -> Path:
        """The file of an object. Raises `StoreError` for a key that this store refuses."""
        reason = _refusal(key)
        if reason:
            raise StoreError(f"a folder store cannot hold {key!r}", why=reason)
        path = self.root
        for segment in key.split("/"):
            path = path / segment
            self._require_plain(path, key)
        if self.folds:
            self._require_exact(path, key)
        return path

    def _require_plain(self, path: Path, key: str) -> None:
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise disk_error(error, "reach", repr(key)) from error
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _is_junction(path):
            raise StoreError(f"will not touch {key!r}", why=f"{path} is a link or a special file")

    def _require_exact(self, path: Path, key: str) -> None:
        """On a disk that folds names, refuse a key whose place is taken by another spelling."""
        while path != self.root:
            if path.exists():
                names = {unicodedata.normalize("NFC", name) for name in os.listdir(path.parent)}
                if unicodedata.normalize("NFC", path.name) not in names:
                    raise StoreError(
                        f"a folder store on this disk cannot hold {key!r}",
                        why="a name that differs only in case is there, and the disk does not tell them apart",
                    )
            path = path.parent

    def _digest(self, key: str) -> str:
        stored = unicodedata.normalize("NFC", key) if self.folds else key
        return hashlib.sha256(stored.encode("utf-8", "surrogatepass")).hexdigest()

    def record(self, key: str) -> Path:
        digest = self._digest(key)
        return self.reserved / "records" / digest[:2] / digest

    def next_record(self, key: str) -> Path:
        return self.record(key).with_suffix(".next")

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold the lock of this key's shard against threads and processes."""
        path = self.reserved / "locks" / self._digest(key)[:2]
        lock = FileLock(path, timeout=LOCK_WAIT_S, poll_interval=0.005, fallback_to_soft=False, preserve_lock_file=True)
        try:
            lock.acquire()
        except Timeout:
            raise Unreachable(
                f"could not lock {key!r} for {LOCK_WAIT_S:.0f} s", why=f"another process holds {path}", hint="try again"
            ) from None
        except NotImplementedError:
            raise _no_locks(self.root) from None
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.ENOTSUP, getattr(errno, "ENOLCK", errno.ENOSYS)):
                raise _no_locks(self.root) from error
            raise disk_error(error, "lock", repr(key)) from error
        try:
            yield
        finally:
            lock.release()


def is_reserved(name: str) -> bool:
    """Whether a name directly below the root is, on some file system, our reserved folder."""
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return visible.rstrip(". ").casefold() == RESERVED


def _no_locks(root: Path) -> Unsupported:
    return Unsupported(
        f"the disk of {root} has no file locks",
        why="two people writing at once would not be noticed",
        hint="mount it with locking (NFSv4, SMB without `nobrl`), or use another disk",
    )


def _is_junction(path: Path) -> bool:
    is_junction = getattr(os.path, "isjunction", None)
    return bool(is_junction and is_junction(path))


def _refusal(key: str) -> str | None:
    """Why a key is refused, None if it is not."""
    segments = key.split("/")
    if not key or "" in segments:
        return "a name in it is empty"
    if "." in segments or ".." in segments:
        return "it has `.` or `..` as a name"
    if "\0" in key:
        return "it has a NUL character"
    if is_reserved(segments[0]):
        return f"{RESERVED} is the store's own folder"
    if os.name == "nt":
        if any(char == "\\" or char < " " for char in key):
            return "Windows does not allow one of its characters"
        if segments[0].casefold().startswith("s3sync~"):
            return f"it may be the short name of {RESERVED}"
        return windows_reason(key)
    return None
