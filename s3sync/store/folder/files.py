"""Writing files so that nobody ever sees a half, and the records that lie beside objects."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from s3sync.disk.durable import sync_folder
from s3sync.store.port import Headers

BLOCK = 1024 * 1024
"""Bytes of a file that are read together."""
_FRESH_S = 2.0
_STALE_TMP_S = 24 * 3600.0
_WINDOWS_BUSY_S = 5.0
_PRUNING_RACES = 200
_T = TypeVar("_T")


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one object, valid while its file still has this size and modification time."""

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


_records = msgspec.json.Decoder(Record)


def read_record(path: Path) -> Record | None:
    """The record, None if it is not there or broken (it can always be made again from the file)."""
    try:
        return decode(path.read_bytes(), _records)
    except (FileNotFoundError, NotADirectoryError):
        return None


def decode(data: bytes, decoder: msgspec.json.Decoder[_T]) -> _T | None:
    """A record of the store's own; None for what is none, whoever wrote it."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Write a record where nobody else writes: under its key's lock, and not over the one that is read.

    Not synced to the disk: after a power failure it is made again, without the metadata.
    """
    body = msgspec.json.encode(record)
    try:
        path.write_bytes(body)
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)


def new_name(folder: Path) -> Path:
    return folder / uuid.uuid4().hex


@contextlib.contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file for writing, synced to the disk at the end of the block; removed if the block raises."""
    path = new_name(folder)
    try:
        with path.open("xb") as file:
            yield path, file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def publish(temporary: Path, path: Path, root: Path) -> None:
    """Give a finished file its name, making folders; lasting once this returns.

    A folder may be pruned by another process between being made and being used, so that both are tried again.
    """
    fresh = not path.parent.is_dir()
    for left in reversed(range(_PRUNING_RACES)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(temporary, path)
            break
        except (FileNotFoundError, FileExistsError):
            # mkdir says "exists" both when a file is in the way and when the folder was pruned while it looked.
            if not left or not temporary.exists() or path.parent.is_file():
                raise
    sync_folder(path.parent)
    folder = path.parent
    while fresh and folder != root:
        folder = folder.parent
        sync_folder(folder)


def replace(source: Path, target: Path) -> None:
    """Rename over what is there; on Windows, wait a little for readers that keep the target open."""
    deadline = time.monotonic() + _WINDOWS_BUSY_S
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if os.name != "nt" or target.is_dir() or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def prune(folder: Path, root: Path) -> None:
    """Remove folders that became empty, up to the root."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def sweep(folder: Path) -> None:
    """Remove temporary files that a crash left behind a day ago or more."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_TMP_S:
                    Path(entry).unlink()


def digest_file(file: BinaryIO) -> str:
    """The MD5 of the rest of an open file, in hex."""
    digest = hashlib.md5(usedforsecurity=False)
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def is_settled(status: os.stat_result) -> bool:
    """False while a file is so fresh that another edit could leave its modification time as it is."""
    return time.time() - status.st_mtime > _FRESH_S


def append(source: BinaryIO, target: BinaryIO, size: int) -> None:
    """Copy `size` bytes from where `source` stands to the end of `target`, in the kernel where it can.

    Raises EOFError when the source is shorter.
    """
    target.flush()
    left = size - _copy_in_kernel(source, target, size)
    while left:
        block = source.read(min(left, BLOCK))
        if not block:
            raise EOFError(f"{left} of {size} bytes are missing")
        target.write(block)
        left -= len(block)


def _copy_in_kernel(source: BinaryIO, target: BinaryIO, size: int) -> int:
    copy = getattr(os, "copy_file_range", None)
    if copy is None or source.tell() != os.lseek(source.fileno(), 0, os.SEEK_CUR):
        return 0
    done = 0
    with contextlib.suppress(OSError):
        while done < size:
            moved = copy(source.fileno(), target.fileno(), min(size - done, 1 << 30))
            if not moved:
                break
            done += moved
    return done
