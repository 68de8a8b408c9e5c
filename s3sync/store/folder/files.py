"""Writing files so that nobody ever sees a half, and the records that lie beside objects."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TypeVar

import msgspec

from s3sync.decoding import ready
from s3sync.disk.durable import write_all
from s3sync.disk.errors import Refused
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import remove_tree
from s3sync.store.folder.layout import RESERVED, Layout
from s3sync.store.port import Headers

BLOCK = 1024 * 1024
"""Bytes of a file that are read together."""
MAX_RECORD = 1024 * 1024
"""No record is larger: S3 allows 2 KiB of metadata, and a key has 1,024 bytes."""
NEXT = ".next"
_FRESH_S, _AHEAD_S = 2.0, 60.0
_STALE_TMP_S = 24 * 3600.0
_BEGUN = re.compile(r"([0-9]{1,12})-")
_WINDOWS_BUSY_S = 5.0
_DEEPEST = 100
_PRUNING_RACES = 200
_T = TypeVar("_T")


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """Record of one object, valid while its file still has this size and modification time."""

    key: str
    size: int
    mtime_ns: int
    etag: str
    first_part: int | None = None
    content_type: str | None = None
    storage_class: str | None = None
    metadata: dict[str, str] = {}

    def describes(self, key: str, status: os.stat_result) -> bool:
        return (self.key, self.size, self.mtime_ns) == (key, status.st_size, status.st_mtime_ns)

    @property
    def headers(self) -> Headers:
        return Headers(self.metadata, self.content_type, self.storage_class)


_records = msgspec.json.Decoder(ready(Record))


def read_record(layout: Layout, key: str, suffix: str = "") -> Record | None:
    """The record, None if there is none or no sound one (it can always be made again from the file)."""
    digest = layout.digest(key)
    try:
        return decode(_shard(layout, digest).read(digest + suffix, MAX_RECORD), _records)
    except (FileNotFoundError, Refused):
        return None


def decode(data: bytes, decoder: msgspec.json.Decoder[_T]) -> _T | None:
    """A record of the store's own; None for what is none, whoever wrote it."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def write_next_record(layout: Layout, record: Record) -> None:
    """Write the record of what is being put, where nobody else writes: under its key's lock.

    Not synced to the disk: after a power failure it is made again, without the metadata.
    """
    digest = layout.digest(record.key)
    shard = layout.make((RESERVED, "records", digest[:2]))
    shard.unlink(digest + NEXT, missing_ok=True)  # never written through: it may be a link
    descriptor = layout.create_file(shard, digest + NEXT)
    try:
        write_all(descriptor, msgspec.json.encode(record))
    finally:
        os.close(descriptor)


def publish_record(layout: Layout, key: str) -> None:
    """Make the next record the one that counts."""
    digest = layout.digest(key)
    shard = _shard(layout, digest)
    replace(shard, digest + NEXT, shard, digest)


def drop_records(layout: Layout, key: str) -> None:
    digest = layout.digest(key)
    with contextlib.suppress(FileNotFoundError):
        for name in (digest, digest + NEXT):
            _shard(layout, digest).unlink(name, missing_ok=True)


def _shard(layout: Layout, digest: str) -> GuardedFolder:
    return layout.folder(RESERVED, "records", digest[:2])


@contextlib.contextmanager
def temporary_file(layout: Layout) -> Iterator[tuple[str, BinaryIO]]:
    """A new file in `tmp/` for writing, synced to the disk at the end of the block; removed if the block raises."""
    name = f"{int(time.time())}-{uuid.uuid4().hex}"
    try:
        with os.fdopen(layout.create_file(layout.tmp, name), "wb") as file:
            yield name, file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        drop_temporary(layout, name)
        raise


def drop_temporary(layout: Layout, name: str) -> None:
    with contextlib.suppress(OSError):
        layout.tmp.unlink(name, missing_ok=True)


def publish(layout: Layout, temporary: str, spot: tuple[str, ...]) -> None:
    """Give a finished file its name, making folders; lasting once this returns.

    A folder may be pruned by another process between being made and being used, so that both are tried again.
    """
    *above, name = spot
    fresh = _missing_below(layout, above)
    for left in reversed(range(_PRUNING_RACES)):
        try:
            replace(layout.tmp, temporary, layout.make(above), name)
            break
        except FileNotFoundError:
            if not left or layout.tmp.find(temporary) is None:
                raise
        except IsADirectoryError:
            if not left or not _drop_empty(layout, spot):
                raise
    for depth in range(len(above) - fresh, len(above) + 1):
        with contextlib.suppress(FileNotFoundError):  # deleted and pruned at once
            layout.folder(*above[:depth]).sync()


def _drop_empty(layout: Layout, names: Sequence[str]) -> bool:
    """Remove a folder that a killed writer left, with nothing but folders in it. False if anything else is."""
    folder = layout.folder(*names)
    for name in folder.names():
        is_folder = stat.S_ISDIR(folder.lstat(name).st_mode)
        if not is_folder or len(names) > _DEEPEST or not _drop_empty(layout, [*names, name]):
            return False
    layout.folder(*names[:-1]).rmdir(names[-1])
    return True


def _missing_below(layout: Layout, names: Sequence[str]) -> int:
    """How many of the folders that lead somewhere are not there yet."""
    for missing in range(len(names) + 1):
        with contextlib.suppress(OSError):
            layout.folder(*names[: len(names) - missing])
            return missing
    return len(names)


def replace(source: GuardedFolder, name: str, target: GuardedFolder, new: str) -> None:
    """Rename over what is there; on Windows, wait a little for readers that keep the target open."""
    deadline = time.monotonic() + _WINDOWS_BUSY_S
    while True:
        try:
            source.replace(name, new, target)
            return
        except PermissionError:
            there = target.find(new) if os.name == "nt" else None
            if there is None or not stat.S_ISREG(there.st_mode) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def prune(layout: Layout, names: Sequence[str]) -> None:
    """Remove folders that became empty, up to the root."""
    for depth in range(len(names), 0, -1):
        try:
            layout.folder(*names[: depth - 1]).rmdir(names[depth - 1])
        except OSError:
            return


def sweep(layout: Layout) -> None:
    """Remove temporary files that a crash left behind a day ago or more.

    By the disk's clock: a computer whose own is days ahead would take away what others are writing.
    """
    tmp = layout.tmp
    names = tmp.names()
    now = _now_of_disk(layout) if names else 0.0
    for name in names:
        with contextlib.suppress(OSError):
            if now - max(tmp.lstat(name).st_mtime, _begun(name)) > _STALE_TMP_S:
                remove_tree(tmp, name)


def _begun(temporary: str) -> int:
    """Second in which a temporary file was begun, from its name; 0 where that has none.

    The file's own time may be an old one already: that of an archived file, which it gets before its name.
    """
    match = _BEGUN.match(temporary)
    return int(match[1]) if match else 0


def digest_file(file: BinaryIO, size: int) -> str:
    """The MD5 of the next `size` bytes of an open file, in hex: others may make the file longer for ever."""
    digest = hashlib.md5(usedforsecurity=False)
    while size > 0 and (block := file.read(min(BLOCK, size))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()


def mtime_is_trustworthy(layout: Layout, status: os.stat_result) -> bool:
    """False while a file is so fresh that another edit could leave its modification time as it is.

    By the disk's clock: this computer's may be far from it. A time that is far ahead of both is no edit's, and whoever
    sets such a one would have the file read by every command for ever.
    """
    age = _now_of_disk(layout) - status.st_mtime
    return age > _FRESH_S or age < -_AHEAD_S


def _now_of_disk(layout: Layout) -> float:
    """The time by the clock that gives files their times; this computer's where no file can be written."""
    if layout.ahead_s is None:
        name = uuid.uuid4().hex
        with contextlib.suppress(OSError):
            descriptor = layout.create_file(layout.tmp, name)
            try:
                layout.ahead_s = os.fstat(descriptor).st_mtime - time.time()
            finally:
                os.close(descriptor)
                drop_temporary(layout, name)
    return time.time() + (layout.ahead_s or 0.0)
