"""Compressed archives of other tools, unpacked from their beginning on: they are not made of frames that we know."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from s3sync.archive.codecs import zstd_module
from s3sync.core.archive.values import Pack
from s3sync.errors import ArchiveError
from s3sync.store.port import Buffer

CHUNK = 1 << 20
_ROOM, _RATIO = 1 << 30, 1100
"""Bytes that a compressed archive may unpack to: gzip cannot do more than 1032 for one."""


def unpacked(pack: Pack, stored: Iterable[Buffer], size: int, where: str) -> Iterator[bytes]:
    """Content of a compressed archive from its beginning on. Raises `ArchiveError` for a damaged one."""
    damage: type[Exception] = zlib.error if pack is Pack.TAR_GZ else zstd_module().ZstdError
    left = _ROOM + _RATIO * size
    try:
        for piece in _gunzip(stored, where) if pack is Pack.TAR_GZ else _unzstd(stored, where):
            left -= len(piece)
            if left < 0:
                raise _damaged(where, "it unpacks to more than an archive of its size holds")
            yield piece
    except damage as error:
        raise _damaged(where, str(error)) from error


def _gunzip(stored: Iterable[Buffer], where: str) -> Iterator[bytes]:
    one, begun = zlib.decompressobj(31), False
    finished = False
    for chunk in stored:
        data = bytes(chunk)
        while data:
            if finished:
                data = data.lstrip(b"\0")
                if not data:
                    break
                one, finished = zlib.decompressobj(31), False
            begun = True
            yield one.decompress(data, CHUNK)
            finished = one.eof
            data = one.unused_data if finished else one.unconsumed_tail
    if not (begun and finished):
        raise _damaged(where, "it is cut short")


def _unzstd(stored: Iterable[Buffer], where: str) -> Iterator[bytes]:
    make = zstd_module().ZstdDecompressor
    one, finished, begun = make(), False, False
    for chunk in stored:
        data = bytes(chunk)
        while data:
            if finished:
                one = make()
            begun = True
            yield one.decompress(data, CHUNK)
            while not one.eof and not one.needs_input:
                yield one.decompress(b"", CHUNK)
            finished = one.eof
            data = one.unused_data if finished else b""
    if not (begun and finished):
        raise _damaged(where, "it is cut short")


def _damaged(where: str, why: str) -> ArchiveError:
    return ArchiveError(
        f"cannot unpack {where}", why=why, hint="it was altered or cut short; another copy of it is needed"
    )
