"""Bytes of an archive as they are made: headers and files one after the other, each file hashed while it is read."""

from __future__ import annotations

import hashlib
import os
import sys
from array import array
from collections.abc import Callable, Sequence

from msgspec import Struct

from s3sync.archive.passed import Passed
from s3sync.core.archive import tar
from s3sync.core.archive.values import Kind, Source
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import folder_below
from s3sync.errors import SourceChanged
from s3sync.store.port import Buffer

CHUNK = 1024 * 1024
SMALL, SMALL_AT_ONCE = 256 * 1024, 64
"""Bytes of a file that is read at once, and number of those between two looks at whether the run is to end."""
_NOTHING = bytes(tar.BLOCK)


class Position(Struct, frozen=True):
    """Place in a stream, as a journal keeps it to resume there.

    `done` are the SHA-256 of the files before, one after the other; `partial` that of the file under way, so far.
    """

    at: int = 0
    done: bytes = b""
    partial: bytes = b""


class TarStream:
    """Uncompressed bytes of a container, or with `top` None the bytes of one file.

    `root` is the folder of the sources, which are sorted. Raises `SourceChanged` for a file that is not what the scan
    saw, before or after it was read, and `LocalError`.
    """

    def __init__(
        self, root: str, top: str | None, sources: Sequence[Source], check: Callable[[], None] = lambda: None
    ) -> None:
        self._root, self._top, self._sources, self._check = root, top, sources, check
        self.position = 0
        self.finished = False
        self._next = 0
        self._pending = memoryview(b"")
        self._digests, self._offsets, self._told = bytearray(), array("Q"), 0
        self._passed = Passed(sources, 0, self._digests, self._offsets)
        self._file: _OpenFile | None = None
        self._folder: tuple[str, GuardedFolder] | None = None

    def fill(self, view: memoryview) -> int:
        """Write the next bytes into the view, as many as it holds; fewer only at the end."""
        at, size = 0, len(view)
        while at < size:
            if self._pending:
                got = min(len(self._pending), size - at)
                view[at : at + got] = self._pending[:got]
                self._pending = self._pending[got:]
            elif self._file is not None:
                if not self._file.left:
                    self._close()
                    continue
                self._check()
                got = self._file.read_into(view[at : min(size, at + CHUNK)])
            elif got := self._fill_small(view, at):
                pass
            elif self._open_next():
                continue
            else:
                break
            at += got
            self.position += got
        if self._file is not None and not self._file.left and not self._pending:
            self._close()
        return at

    def _fill_small(self, view: memoryview, at: int) -> int:
        """Write the next members that are small, as far as they are whole in the view; how many bytes those are.

        Here most of the time goes that many small files take. What is not as the scan saw it is left to `_open_next`,
        which says what it is.
        """
        top, sources = self._top, self._sources
        if top is None:
            return 0
        self._check()
        begin, end = at, len(view)
        for source in sources[self._next : self._next + SMALL_AT_ONCE]:
            kind = source.kind
            size = source.size if kind is Kind.FILE else 0
            head = tar.header(top, source) if at + size + tar.BLOCK <= end and size <= SMALL else b""
            start = at + len(head)
            stop = start + size
            after = stop + tar.padding(size)
            if not head or after > end:
                break
            if kind is Kind.FILE:
                body = view[start:stop]
                if not self._read_small(source, body):
                    break
                self._ended(hashlib.sha256(body).digest(), self.position + start - begin)
            view[at:start] = head
            view[stop:after] = _NOTHING[: after - stop]
            at = after
            self._next += 1
        return at - begin

    def _read_small(self, source: Source, body: memoryview) -> bool:
        above, _, name = source.path.rpartition("/")
        folder = self._folder
        if folder is None or folder[0] != above:
            try:
                folder = self._folder = above, folder_below(self._root, above.split("/") if above else ())
            except OSError:
                return False
        return folder[1].read_unchanged(name, body, source.mtime_ns)

    def _open_next(self) -> bool:
        """Begin the next member, or the end. False when there is nothing more."""
        if self._next == len(self._sources):
            if self.finished:
                return False
            self.finished = True
            self._pending = memoryview(tar.END if self._top is not None else b"")
            return bool(self._pending)
        source = self._sources[self._next]
        self._next += 1
        head = tar.header(self._top, source) if self._top is not None else b""
        self._pending = memoryview(head)
        if source.kind is Kind.FILE:
            self._file = self._open(source, self.position + len(head) if self._top is not None else 0)
        return True

    def _open(self, source: Source, offset: int) -> _OpenFile:
        """Open a file. Its folder stays open for those of it that follow."""
        above, _, name = source.path.rpartition("/")
        where = f"{self._root}{os.sep}{source.path}"
        with local_errors("cannot read", where):
            try:
                if self._folder is None or self._folder[0] != above:
                    self._folder = above, folder_below(self._root, above.split("/") if above else ())
                return _OpenFile(where, self._folder[1], name, source, offset)
            except FileNotFoundError:
                raise _changed(where, "it does not exist any more") from None

    def _close(self) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        self._ended(file.finish(), file.offset)
        if self._top is not None:
            self._pending = memoryview(bytes(tar.padding(file.source.size)))

    def _ended(self, digest: Buffer, offset: int) -> None:
        self._digests += digest
        self._offsets.append(offset)

    def members(self) -> Passed:
        """Members that are through: always the same sequence, which grows."""
        self._passed.reach(self._next - (self._file is not None))
        return self._passed

    def close(self) -> None:
        """Close the file and the folder that are open."""
        self._folder = None
        if self._file is not None:
            self._file.close()

    def tell(self) -> Position:
        """Place reached, with the digests of the files that ended since this was asked before."""
        done, self._told = bytes(self._digests[self._told :]), len(self._digests)
        return Position(self.position, done, self._file.so_far() if self._file is not None else b"")

    def resume(self, where: Position) -> None:
        """Go to where an earlier process was. Raises `SourceChanged` when the file under way is not what it was."""
        offset, done = 0, memoryview(where.done)
        while offset < where.at:
            if self._next == len(self._sources):
                self.finished = True
                self._pending = memoryview(tar.END)[where.at - offset :]
                break
            source = self._sources[self._next]
            self._next += 1
            head = tar.header(self._top, source) if self._top is not None else b""
            size = source.size if source.kind is Kind.FILE else 0
            begin = offset + len(head)
            end = begin + size + (tar.padding(size) if self._top is not None else 0)
            offset, skip = end, where.at - offset
            if source.kind is not Kind.FILE:
                self._pending = memoryview(head)[skip:]
            elif done:
                self._ended(done[:32], begin if self._top is not None else 0)
                done = done[32:]
                self._pending = memoryview(bytes(end - where.at)) if end > where.at else memoryview(b"")
            else:
                self._file = self._open(source, begin if self._top is not None else 0)
                self._pending = memoryview(head)[skip:]
                self._file.skip(max(0, skip - len(head)), where.partial, self._check)
        self.position, self._told = where.at, len(self._digests)


class _OpenFile:
    """A source that is being read, and only as long as it is the file that was scanned. Raises `OSError` at first."""

    __slots__ = ("_before", "_descriptor", "_errors", "_sha256", "_where", "left", "offset", "source")

    def __init__(self, where: str, folder: GuardedFolder, name: str, source: Source, offset: int) -> None:
        self.source, self.offset, self.left = source, offset, source.size
        self._where, self._errors = where, local_errors("cannot read", where)
        self._sha256 = hashlib.sha256()
        self._descriptor, self._before = folder.open_looked_at(name)
        if (self._before.st_size, self._before.st_mtime_ns) != (source.size, source.mtime_ns):
            self.close()
            raise _changed(where, "it is not what it was when the unit was looked at")

    def read_into(self, view: memoryview) -> int:
        view = view[: self.left]
        with self._errors:
            got = _read_into(self._descriptor, view)
        if not got:
            raise _changed(self._where, "it became shorter")
        self._sha256.update(view[:got])
        self.left -= got
        return got

    def skip(self, size: int, partial: bytes, check: Callable[[], None]) -> None:
        """Read again what was sent before. Raises `SourceChanged` when that had another SHA-256."""
        buffer = memoryview(bytearray(min(CHUNK, max(size, 1))))
        while size:
            check()
            size -= self.read_into(buffer[:size])
        if partial and self._sha256.digest() != partial:
            raise _changed(self._where, "what was sent of it before is not what it holds now")

    def so_far(self) -> bytes:
        return self._sha256.copy().digest()

    def finish(self) -> bytes:
        """SHA-256 of the file. Raises `SourceChanged` when it did not stand still."""
        with self._errors:
            after = os.fstat(self._descriptor)
        self.close()
        if _times(after) != _times(self._before):
            raise _changed(self._where, "another program is still writing it")
        return self._sha256.digest()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()


def _read_into(descriptor: int, view: memoryview) -> int:
    """Read as `FileIO.readinto` does, without such an object for each file. Windows has no `readv`."""
    if sys.platform != "win32":
        return os.readv(descriptor, [view])
    body = os.read(descriptor, len(view))
    view[: len(body)] = body
    return len(body)


def _changed(where: str, why: str) -> SourceChanged:
    return SourceChanged(
        f"{where} changed while it was being archived",
        why=why,
        hint="run the command again when the file is finished; nothing of this unit was deleted",
    )


def _times(status: os.stat_result) -> tuple[int, int, int]:
    """Size and times of an open file: another program that writes it changes one of them."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
