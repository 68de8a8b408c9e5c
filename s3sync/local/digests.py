"""Digests of local files, read in one pass and only believed when the file stood still meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from typing import IO

import xxhash
from msgspec import Struct

from s3sync.core.etag import MIB, composite_etag, part_ranges
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
        descriptor = open_file(file)
        try:
            _check(file, descriptor)
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


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def digest(file: LocalFile, progress: Callable[[int], None] = lambda n: None) -> Digests:
    """Both digests from one read."""
    fast, full = xxhash.xxh3_128(), md5(usedforsecurity=False)
    with open_unchanged(file) as stream:
        for chunk in _chunks(stream):
            fast.update(chunk)
            full.update(chunk)
            progress(len(chunk))
    return Digests(fast.hexdigest(), full.hexdigest())


def digest_parts(
    file: LocalFile, part_size: int, progress: Callable[[int], None] = lambda n: None
) -> tuple[Digests, PartDigests]:
    """Digests of the whole and of its parts, from one read."""
    fast, full, parts = xxhash.xxh3_128(), md5(usedforsecurity=False), list[str]()
    with open_unchanged(file) as stream:
        for start, stop in part_ranges(file.size, part_size):
            part, left = xxhash.xxh3_128(), stop - start
            while left:
                chunk = stream.read(min(CHUNK, left))
                if not chunk:
                    raise changed(file)
                for digest_of in (fast, full, part):
                    digest_of.update(chunk)
                left -= len(chunk)
                progress(len(chunk))
            parts.append(part.hexdigest())
    return Digests(fast.hexdigest(), full.hexdigest()), PartDigests(part_size, tuple(parts))


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
        for chunk in _chunks(stream):
            fast.update(chunk)
            progress(len(chunk))
    return fast.hexdigest()


def local_etag(file: LocalFile, part_size: int) -> str:
    """The composite ETag that the file would have as a multipart object with that part size."""
    parts: list[bytes] = []
    with open_unchanged(file) as stream:
        done = False
        while not done:
            part, left = md5(usedforsecurity=False), part_size
            while left and (chunk := stream.read(min(CHUNK, left))):
                part.update(chunk)
                left -= len(chunk)
            done = left > 0
            if left < part_size or not parts:
                parts.append(part.digest())
    return composite_etag(parts)
