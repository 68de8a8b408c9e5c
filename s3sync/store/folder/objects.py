"""Objects of a folder store: find out what one is, list them, put one in place under a condition."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from s3sync.core.times import moment
from s3sync.errors import AccessDenied, ChecksumMismatch, NotFound, PreconditionFailed, StoreError, Unreachable
from s3sync.store.folder.files import (
    BLOCK,
    Record,
    digest_file,
    is_settled,
    prune,
    publish,
    read_record,
    replace,
    write_record,
)
from s3sync.store.folder.layout import Layout, disk_error, disk_errors, is_reserved
from s3sync.store.port import Create, Headers, ObjectInfo, Update, WriteMode


def info_of(record: Record) -> ObjectInfo:
    return ObjectInfo(record.key, record.size, record.etag, moment(record.mtime_ns), record.storage_class)


_FILE, _FOLDER, _ODD = "f", "d", "o"
_PACK_AT_ONCE = 1000

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def open_object(layout: Layout, key: str, *, locked: bool = False) -> tuple[BinaryIO, Record]:
    """The object's file, open at its start, and what is known of exactly these bytes. Raises `NotFound`.

    `locked` says that the caller holds the key's lock.
    """
    path = layout.path(key)
    try:
        file: BinaryIO = os.fdopen(os.open(path, _OPEN), "rb", 0)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise _missing(layout, key) from None
    except OSError as error:
        if path.is_dir():
            raise _missing(layout, key) from None
        raise disk_error(error, "read", repr(key)) from error
    try:
        with disk_errors("read", repr(key)):
            return file, _describe(layout, key, file, locked)
    except BaseException:
        file.close()
        raise


def _missing(layout: Layout, key: str) -> NotFound:
    layout.require()
    return NotFound(f"{key!r} is not there")


def _describe(layout: Layout, key: str, file: BinaryIO, locked: bool) -> Record:
    """The record that fits an open file; computed from its content when a person put or edited it there."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise _missing(layout, key)
    record = _known(layout, key, status)
    if record is None and not locked:
        # A writer may be placing the file and its record right now; a read-only store has no writers.
        with contextlib.suppress(AccessDenied), layout.lock(key):
            record = _known(layout, key, status)
    return record or _learn(layout, key, file, status, locked)


def _known(layout: Layout, key: str, status: os.stat_result) -> Record | None:
    """The record that fits; that of a writer who was killed after it placed the file is still the next one."""
    for path in (layout.record(key), layout.next_record(key)):
        record = read_record(path)
        if record and record.describes(key, status):
            return record
    return None


def _write_record(layout: Layout, record: Record, placing: Callable[[], None]) -> None:
    """Have the record ready as the next one, place the file that it is of, and make it the one that counts.

    Under the key's lock. A next record that fits what is there now has been left by a killed writer: it is kept.
    """
    path, coming = layout.record(record.key), layout.next_record(record.key)
    left = read_record(coming)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if left and left.describes(record.key, layout.path(record.key).lstat()):
            replace(coming, path)
    write_record(coming, record)
    placing()
    replace(coming, path)


def _learn(layout: Layout, key: str, file: BinaryIO, status: os.stat_result, locked: bool) -> Record:
    """Compute the record from the content, and cache it where that is safe."""
    learnt = Record(key, status.st_size, status.st_mtime_ns, digest_file(file))
    file.seek(0)
    after = os.fstat(file.fileno())
    if not learnt.describes(key, after):
        raise Unreachable(f"{key!r} is being changed by another program", hint="try again when that is finished")
    if is_settled(after):
        # Without the cache (a read-only store) everything works, only slower.
        with contextlib.suppress(OSError, AccessDenied), contextlib.nullcontext() if locked else layout.lock(key):
            if learnt.describes(key, layout.path(key).lstat()):
                _write_record(layout, learnt, lambda: None)
    return learnt


def current(layout: Layout, key: str, *, locked: bool = False) -> Record | None:
    """What is there now, None if nothing is."""
    try:
        file, record = open_object(layout, key, locked=locked)
    except NotFound:
        return None
    file.close()
    return record


def require_mode(layout: Layout, key: str, mode: WriteMode, *, locked: bool = False) -> None:
    """Raises `PreconditionFailed` unless `mode` holds now. Only under the key's lock is that more than a guess."""
    if isinstance(mode, Create):
        path = layout.path(key)
        holds = not path.exists() or path.is_dir()
    elif isinstance(mode, Update):
        there = current(layout, key, locked=locked)
        holds = there is not None and there.etag == mode.etag
    else:
        holds = True
    if not holds:
        raise PreconditionFailed(f"{key!r} is not the version that was expected")


def place(
    layout: Layout,
    key: str,
    temporary: Path,
    *,
    mode: WriteMode,
    etag: str,
    headers: Headers,
    first_part: int | None = None,
) -> None:
    """Turn a finished temporary file into the object, atomically against other processes, if `mode` holds."""
    path = layout.path(key)
    with disk_errors("write", repr(key)), layout.lock(key):
        require_mode(layout, key, mode, locked=True)

        def record(status: os.stat_result) -> Record:
            size, mtime_ns, kind = status.st_size, status.st_mtime_ns, headers.content_type
            return Record(key, size, mtime_ns, etag, first_part, kind, headers.storage_class, dict(headers.metadata))

        _write_record(layout, record(temporary.lstat()), lambda: publish(temporary, path, layout.root))
        if not _known(layout, key, status := path.lstat()):  # a network disk has its own idea of the time
            _write_record(layout, record(status), lambda: None)


def remove(layout: Layout, key: str, if_match: str | None) -> None:
    path = layout.path(key)
    with disk_errors("delete", repr(key)), layout.lock(key):
        if if_match is not None:
            require_mode(layout, key, Update(if_match), locked=True)
        if path.is_dir():
            return
        path.unlink(missing_ok=True)
        layout.record(key).unlink(missing_ok=True)
        layout.next_record(key).unlink(missing_ok=True)
    prune(path.parent, layout.root)


def walk(layout: Layout, prefix: str) -> Iterator[ObjectInfo]:
    """Every object below a prefix. Anything that cannot be read raises: a listing is complete or it is an error."""
    folder = layout.path(prefix[:-1]) if prefix else layout.root
    yield from _walk(layout, folder, prefix)
    layout.require()


def folders(layout: Layout, prefix: str) -> Iterator[str]:
    """The folders directly below a prefix. Links are none."""
    where = layout.path(prefix[:-1]) if prefix else layout.root
    for name, kind in _entries(layout, str(where)):
        if kind == _FOLDER and (prefix or not is_reserved(name)):
            yield name
    layout.require()


def _walk(layout: Layout, folder: Path, prefix: str) -> Iterator[ObjectInfo]:
    pending: list[tuple[str, str]] = [(str(folder), prefix)]
    while pending:
        where, above = pending.pop()
        for name, kind in _entries(layout, where):
            if not above and is_reserved(name):
                continue
            path = f"{where}{os.sep}{name}"
            if kind == _ODD:
                raise StoreError(
                    f"cannot list {where}",
                    why=f"{name} is a link or a special file, and a folder store holds only files and folders",
                    hint="move it out of the store's folder",
                )
            if kind == _FOLDER:
                pending.append((path, f"{above}{name}/"))
            else:
                yield from _listed(layout, above + name, path)


def _entries(layout: Layout, where: str) -> Iterator[tuple[str, str]]:
    """What stands in a folder: each name with its kind.

    All are read before the first is given: a folder that changes while it is open may lose some of them on some disks.
    They are packed, as a folder may hold a film in single frames: a name then takes a few bytes.
    """
    packs: list[bytes] = []
    try:
        with os.scandir(where) as entries:
            while some := "\0".join(_kind(entry) + entry.name for entry in islice(entries, _PACK_AT_ONCE)):
                packs.append(zlib.compress(some.encode("utf-8", "surrogatepass"), 1))
    except (FileNotFoundError, NotADirectoryError):
        layout.require()  # a folder that was just pruned is empty, one on a disk that was just unmounted is not
        return
    except OSError as error:
        raise disk_error(error, "list", where) from error
    for pack in packs:
        for entry in zlib.decompress(pack).decode("utf-8", "surrogatepass").split("\0"):
            yield entry[1:], entry[0]


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return _ODD
    if entry.is_dir():
        return _FOLDER
    return _FILE if entry.is_file() else _ODD


def _listed(layout: Layout, key: str, path: str) -> Iterator[ObjectInfo]:
    try:
        record = _known(layout, key, os.lstat(path))
        if record:
            yield info_of(record)
            return
    except FileNotFoundError:
        layout.require()
        return
    except OSError as error:
        raise disk_error(error, "list", repr(key)) from error
    there = current(layout, key)
    if there:
        yield info_of(there)


class FileReader:
    """A `port.Reader` over a range of an open file."""

    def __init__(self, file: BinaryIO, record: Record, start: int, stop: int) -> None:
        self.info = info_of(record)
        self._file, self._record, self._start, self._stop = file, record, start, stop

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        key = self.info.key
        with disk_errors("read", repr(key)):
            self._file.seek(self._start)
            left = self._stop - self._start
            while left > 0:
                block = self._file.read(min(left, BLOCK))
                if not block:
                    raise ChecksumMismatch(f"{key!r} ended {left} bytes early")
                left -= len(block)
                yield block
            if not self._record.describes(key, os.fstat(self._file.fileno())):
                raise ChecksumMismatch(f"{key!r} was changed while it was being read", hint="try again")
