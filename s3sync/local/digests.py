"""Digests of local files, read in one pass and only believed when the file stood still meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from contextlib import contextmanager
from hashlib import md5
from typing import IO

import xxhash
from msgspec import Struct

from s3sync.core.checksum import Checksum, Running
from s3sync.core.content_hash import Running as RunningHash
from s3sync.core.etag import MIB, composite_etag, part_ranges
from s3sync.disk.copying import pieces
from s3sync.disk.errors import local_errors
from s3sync.disk.tree import parent_of
from s3sync.errors import SourceChanged
from s3sync.local.scan import LocalFile

CHUNK = MIB


class Digests(Struct, frozen=True, gc=False):
    """xxh3-128 and MD5 of a whole file, in hex."""

    xxh3: str
    md5: str


class PartDigests(Struct, frozen=True):
    """xxh3-128 of each part of a file, in hex, for parts of `part_size` bytes (the last may be shorter)."""

    part_size: int
    xxh3: tuple[str, ...]


@contextmanager
def open_unchanged(file: LocalFile) -> Iterator[IO[bytes]]:
    """Open a scanned file for reading; raises `SourceChanged` if it is not, before or after, the file scanned."""
    with local_errors("cannot read", file.where), open(open_file(file), "rb", buffering=0) as stream:
        _check(file, stream.fileno())
        yield stream
        _check(file, stream.fileno())


def open_file(file: LocalFile) -> int:
    """Open it for reading, through no link: a folder may have been swapped for one since the scan.

    Raises `OSError`. Whether it is still the file that was scanned is not looked at.
    """
    folder, name = parent_of(file.where, file.depth)
    return folder.open_read(name)


def _open_still(file: LocalFile) -> int:
    """Open it likewise, if it is still the file that was scanned; raises `SourceChanged` too."""
    folder, name = parent_of(file.where, file.depth)
    descriptor, status = folder.open_looked_at(name)
    if not file.is_still(status):
        os.close(descriptor)
        raise changed(file)
    return descriptor


def _check(file: LocalFile, descriptor: int) -> None:
    if not file.is_still(os.fstat(descriptor)):
        raise changed(file)


def changed(file: LocalFile) -> SourceChanged:
    """Error for a file that is no longer the one that was scanned."""
    if not os.path.lexists(file.where):
        return SourceChanged(
            f"cannot read {file.where}", why="it does not exist any more", hint="run the command again"
        )
    return SourceChanged(
        f"{file.where} changed while it was being read",
        why="another program is still writing it",
        hint="run the command again when the file is finished",
    )


def read_range(file: LocalFile, start: int, stop: int) -> bytes:
    """Bytes `start` up to `stop`, all of them; raises `SourceChanged` rather than return fewer or other ones.

    By system calls alone: it reads every small file that is sent, and there what surrounds the reading is what costs.
    """
    with local_errors("cannot read", file.where):
        descriptor = _open_still(file)
        try:
            if start:
                os.lseek(descriptor, start, os.SEEK_SET)
            body = os.read(descriptor, stop - start)
            while len(body) < stop - start:
                piece = os.read(descriptor, stop - start - len(body))
                if not piece:
                    raise changed(file)
                body += piece
            _check(file, descriptor)
        finally:
            os.close(descriptor)
    return body


def digest(file: LocalFile, progress: Callable[[int], None] = lambda n: None) -> Digests:
    """Both digests from one read."""
    fast, full = xxhash.xxh3_128(), md5(usedforsecurity=False)
    with open_unchanged(file) as stream:
        for chunk in pieces(stream, file.size):
            fast.update(chunk)
            full.update(chunk)
            progress(len(chunk))
    return Digests(fast.hexdigest(), full.hexdigest())


class HashedPart(Struct, frozen=True):
    """One part of a file: its number from 1, its bytes `start` up to `stop`, its xxh3-128, and MD5 if asked for.

    `checksum` is that of a store, where it has one.
    """

    number: int
    start: int
    stop: int
    xxh3: str
    md5: str | None
    checksum: str | None = None


class OrderedHash:
    """Digests of a file and of its parts, made from front to back, part by part, while the parts are being sent.

    `with` gives an iterator over the parts; after the last one `result` tells all. `known` are digests from an earlier
    pass, so that MD5, the slow one, need not be made again; other bytes than those raise `SourceChanged`. Parts with a
    number in `with_md5` also get an MD5 of their own. `checksum` is fed with the same bytes, and so is one that
    `new_checksum` makes for each part. `progress` is called between chunks.
    """

    def __init__(
        self,
        file: LocalFile,
        part_size: int,
        *,
        known: Digests | None = None,
        with_md5: Container[int] = (),
        checksum: Checksum | None = None,
        new_checksum: Callable[[], Checksum | None] = lambda: None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._file, self._part_size, self._known, self._progress = file, part_size, known, progress
        self._with_md5 = with_md5
        self._fast = xxhash.xxh3_128()
        self._full = None if known and known.xxh3 else md5(usedforsecurity=False)
        self._checksum, self._new_checksum = checksum, new_checksum
        self._parts: list[str] = []
        self._pass = self._read()

    def __enter__(self) -> Iterator[HashedPart]:
        return self._pass

    def __exit__(self, *_: object) -> None:
        self._pass.close()

    def _read(self) -> Generator[HashedPart, None, None]:
        with open_unchanged(self._file) as stream:
            for number, (start, stop) in enumerate(part_ranges(self._file.size, self._part_size), 1):
                own = md5(usedforsecurity=False) if number in self._with_md5 else None
                checksum, size = self._new_checksum(), stop - start
                together = self._checksum is not None and checksum is not None and checksum.combines
                feeds = (own, checksum) if together else (own, checksum, self._checksum)
                self._parts.append(self._hash_part(stream, size, feeds))
                if together and self._checksum is not None and checksum is not None:
                    self._checksum.append(checksum, size)
                told = checksum.value() if checksum is not None else None
                yield HashedPart(number, start, stop, self._parts[-1], own.hexdigest() if own else None, told)

    def _hash_part(self, stream: IO[bytes], left: int, feeds: Sequence[Running | None]) -> str:
        part = xxhash.xxh3_128()
        while left:
            self._progress()
            chunk = stream.read(min(CHUNK, left))
            if not chunk:
                raise changed(self._file)
            for running in (self._fast, self._full, part, *feeds):
                if running is not None:
                    running.update(chunk)
            left -= len(chunk)
        return part.hexdigest()

    def result(self) -> tuple[Digests, PartDigests]:
        """After the last part. Raises `SourceChanged` when the bytes are not those of `known`."""
        fast = self._fast.hexdigest()
        if self._full is None and self._known is not None:
            if fast != self._known.xxh3:
                raise changed(self._file)
            return self._known, PartDigests(self._part_size, tuple(self._parts))
        assert self._full is not None
        if self._known is not None and self._known.md5 != self._full.hexdigest():
            raise changed(self._file)
        return Digests(fast, self._full.hexdigest()), PartDigests(self._part_size, tuple(self._parts))


def range_xxh3(stream: IO[bytes], start: int, stop: int) -> str | None:
    """xxh3-128 of a range of an open file, None when the file ends before it."""
    stream.seek(start)
    fast, left = xxhash.xxh3_128(), stop - start
    while left:
        chunk = stream.read(min(CHUNK, left))
        if not chunk:
            return None
        fast.update(chunk)
        left -= len(chunk)
    return fast.hexdigest()


def digest_xxh3(file: LocalFile, progress: Callable[[int], None] = lambda n: None) -> str:
    """Compute xxh3-128 only, which is many times faster: it tells whether a touched file really changed."""
    fast = xxhash.xxh3_128()
    with open_unchanged(file) as stream:
        for chunk in pieces(stream, file.size):
            fast.update(chunk)
            progress(len(chunk))
    return fast.hexdigest()


def digest_again(file: LocalFile, known: Digests, progress: Callable[[int], None] = lambda n: None) -> Digests:
    """Both digests of a file that was touched: MD5 is made again only where xxh3 is another one than `known`.

    A small file is read once for both: opening it through no link costs more than hashing it.
    """
    if file.size > CHUNK:
        if digest_xxh3(file, progress) == known.xxh3:
            return known
        progress(-file.size)
        return digest(file, progress)
    body = read_range(file, 0, file.size)
    progress(file.size)
    fast = xxhash.xxh3_128_hexdigest(body)
    return known if fast == known.xxh3 else Digests(fast, md5(body, usedforsecurity=False).hexdigest())


def local_etag(file: LocalFile, part_size: int) -> str:
    """The composite ETag that the file would have as a multipart object with that part size."""
    parts: list[bytes] = []
    with open_unchanged(file) as stream:
        for start, stop in part_ranges(file.size, part_size):
            part, left = md5(usedforsecurity=False), stop - start
            while left and (chunk := stream.read(min(CHUNK, left))):
                part.update(chunk)
                left -= len(chunk)
            parts.append(part.digest())
    return composite_etag(parts)


def file_checksum(file: LocalFile, running: Checksum) -> str:
    """A store's kind of checksum over a whole file. Raises `SourceChanged`, `LocalError`."""
    with open_unchanged(file) as stream:
        for chunk in pieces(stream, file.size):
            running.update(chunk)
    return running.value()


def file_hash(file: LocalFile, running: RunningHash) -> str:
    """A hash over a whole file, in hexadecimal. Raises `SourceChanged`, `LocalError`."""
    with open_unchanged(file) as stream:
        for chunk in pieces(stream, file.size):
            running.update(chunk)
    return running.hexdigest()
