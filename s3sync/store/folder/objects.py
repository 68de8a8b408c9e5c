"""Objects of a folder store: find out what one is, put one in place under a condition, remove one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO

from s3sync.core.times import FILE_TIMES, moment, parse_ns
from s3sync.disk.checks import is_link
from s3sync.disk.errors import Refused
from s3sync.errors import AccessDenied, ChecksumMismatch, NotFound, PreconditionFailed, StoreError, Unreachable
from s3sync.store.folder.errors import disk_error, odd, what_is
from s3sync.store.folder.files import (
    BLOCK,
    NEXT,
    Record,
    digest_file,
    drop_records,
    mtime_is_trustworthy,
    prune,
    publish,
    publish_record,
    read_record,
    write_next_record,
)
from s3sync.store.folder.layout import Layout
from s3sync.store.port import Create, Headers, ObjectInfo, Update, WriteMode


def info_of(record: Record) -> ObjectInfo:
    return ObjectInfo(record.key, record.size, record.etag, moment(record.mtime_ns), record.storage_class)


def open_object(layout: Layout, key: str, *, locked: bool = False) -> tuple[BinaryIO, Record]:
    """The object's file, open at its start, and what is known of exactly these bytes. Raises `NotFound`.

    `locked` says that the caller holds the key's lock.
    """
    spot = layout.spot(key)
    try:
        if not layout.is_exact(spot):
            raise FileNotFoundError
        file: BinaryIO = os.fdopen(layout.folder(*spot[:-1]).open_read(spot[-1]), "rb", 0)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(layout, key) from None
    except Refused as error:
        if error.errno == errno.ENOTDIR or _is_folder(layout, spot):
            raise _missing(layout, key) from None
        raise _untouchable(key, error) from error
    except OSError as error:
        raise disk_error(error, "read", repr(key)) from error
    try:
        with layout.errors("read", repr(key)):
            return file, _describe(layout, key, file, locked)
    except BaseException:
        file.close()
        raise


def _missing(layout: Layout, key: str) -> NotFound:
    layout.require()
    return NotFound(f"{key!r} is not there")


def _untouchable(key: str, error: Refused) -> StoreError:
    return odd(f"will not touch {key!r}", str(error.filename), error.why)


def _is_folder(layout: Layout, spot: tuple[str, ...]) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(layout.folder(*spot[:-1]).lstat(spot[-1]).st_mode)
    return False


def _describe(layout: Layout, key: str, file: BinaryIO, locked: bool) -> Record:
    """The record that fits an open file; computed from its content when a person put or edited it there."""
    status = os.fstat(file.fileno())
    record = known(layout, key, status)
    if record is None and not locked:
        # A writer may be placing the file and its record right now; a read-only store has no writers.
        with contextlib.suppress(AccessDenied), layout.lock(key):
            record = known(layout, key, status)
    return record or _learn(layout, key, file, status, locked)


def known(layout: Layout, key: str, status: os.stat_result) -> Record | None:
    """The record that fits; that of a writer who was killed after it placed the file is still the next one."""
    for suffix in ("", NEXT):
        record = read_record(layout, key, suffix)
        if record and record.describes(key, status):
            return record
    return None


def _status(layout: Layout, key: str) -> os.stat_result:
    """What stands in the object's place. Raises `OSError`."""
    spot = layout.spot(key)
    return layout.folder(*spot[:-1]).lstat(spot[-1])


def _write_record(layout: Layout, record: Record, placing: Callable[[], None]) -> None:
    """Have the record ready as the next one, place the file that it is of, and make it the one that counts.

    Under the key's lock. A next record that fits what is there now has been left by a killed writer: it is kept.
    """
    left = read_record(layout, record.key, NEXT)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if left and left.describes(record.key, _status(layout, record.key)):
            publish_record(layout, record.key)
    write_next_record(layout, record)
    placing()
    publish_record(layout, record.key)


def _learn(layout: Layout, key: str, file: BinaryIO, status: os.stat_result, locked: bool) -> Record:
    """Compute the record from the content, and cache it where that is safe."""
    digest = layout.hollow.digest(key, status, lambda: layout.tells_blocks, lambda: digest_file(file, status.st_size))
    learnt = Record(key, status.st_size, status.st_mtime_ns, digest)
    file.seek(0)
    after = os.fstat(file.fileno())
    if not learnt.describes(key, after):
        raise Unreachable(f"{key!r} is being changed by another program", hint="try again when that is finished")
    if mtime_is_trustworthy(layout, after):
        # Without the cache (a read-only store) everything works, only slower.
        with contextlib.suppress(OSError, AccessDenied), contextlib.nullcontext() if locked else layout.lock(key):
            if learnt.describes(key, _status(layout, key)):
                _write_record(layout, learnt, lambda: None)
    return learnt


def current(layout: Layout, key: str, *, locked: bool = False) -> Record | None:
    """Object that is there now; None if there is none."""
    try:
        file, record = open_object(layout, key, locked=locked)
    except NotFound:
        return None
    file.close()
    return record


def require_mode(layout: Layout, key: str, mode: WriteMode, *, locked: bool = False) -> None:
    """Raises `PreconditionFailed` unless `mode` holds now. Only under the key's lock is that more than a guess."""
    with layout.errors("look at", repr(key)):
        found = _plain(layout, key)
    if isinstance(mode, Create):
        holds = found is None or stat.S_ISDIR(found.st_mode)
    elif isinstance(mode, Update):
        there = current(layout, key, locked=locked)
        holds = there is not None and there.etag == mode.etag
    else:
        holds = True
    if not holds:
        raise PreconditionFailed(f"{key!r} is not the version that was expected")


def _plain(layout: Layout, key: str) -> os.stat_result | None:
    """The file or folder in an object's place; None for nothing. Raises `StoreError` for anything else."""
    spot = layout.spot(key)
    try:
        found = _status(layout, key) if layout.is_exact(spot) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Refused as error:
        if error.errno == errno.ENOTDIR:
            return None
        raise _untouchable(key, error) from error
    if found and (is_link(found) or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))):
        where = str(layout.root.joinpath(*spot))
        raise odd(f"will not touch {key!r}", where, what_is(found, where))
    return found


def place(
    layout: Layout,
    key: str,
    temporary: str,
    *,
    mode: WriteMode,
    etag: str,
    headers: Headers,
    first_part: int | None = None,
) -> int:
    """Turn a finished temporary file into the object, atomically against other processes, if `mode` holds.

    Returns when that was by the disk's clock, in nanoseconds: the object's modification time.
    """
    spot = layout.spot(key)
    with layout.errors("write", repr(key)), layout.lock(key):
        layout.require_holdable(key)
        require_mode(layout, key, mode, locked=True)

        def record(status: os.stat_result) -> Record:
            size, mtime_ns, kind = status.st_size, status.st_mtime_ns, headers.content_type
            return Record(key, size, mtime_ns, etag, first_part, kind, headers.storage_class, dict(headers.metadata))

        _dress(layout, temporary, headers)
        _write_record(layout, record(layout.tmp.lstat(temporary)), lambda: publish(layout, temporary, spot))
        if not known(layout, key, status := _status(layout, key)):  # a network disk has its own idea of the time
            _write_record(layout, record(status), lambda: None)
        return status.st_mtime_ns


def _dress(layout: Layout, temporary: str, headers: Headers) -> None:
    """Give a file of an archive its own time and rights: on a disk it is read, and archived further, as a plain file.

    Rights of a store that a group shares stay the store's. A disk without rights refuses them, which is no error.
    """
    if "archive-set" not in headers.metadata:
        return
    mtime_ns, mode = parse_ns(headers.metadata.get("mtime", "")), headers.metadata.get("mode", "")
    if mtime_ns is not None and mtime_ns in FILE_TIMES:
        layout.tmp.utime(temporary, mtime_ns)
    if _MODE.fullmatch(mode) and not layout.modes.shared:
        with contextlib.suppress(OSError):
            layout.tmp.chmod(temporary, int(mode, 8) | stat.S_IRUSR)


_MODE = re.compile("0[0-7]{3}")


def remove(layout: Layout, key: str, if_match: str | None) -> None:
    *above, name = layout.spot(key)
    with layout.errors("delete", repr(key)), layout.lock(key):
        if if_match is not None:
            require_mode(layout, key, Update(if_match), locked=True)
        found = _plain(layout, key)
        if found is not None and stat.S_ISDIR(found.st_mode):
            return
        if found is not None:
            layout.folder(*above).unlink(name, missing_ok=True)
        drop_records(layout, key)
    prune(layout, above)


class FileReader:
    """A `port.Reader` over a range of an open file."""

    def __init__(self, layout: Layout, file: BinaryIO, record: Record, start: int, stop: int) -> None:
        self.info = info_of(record)
        self._layout = layout
        self._file, self._record, self._start, self._stop = file, record, start, stop

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        key = self.info.key
        with self._layout.errors("read", repr(key)):
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
