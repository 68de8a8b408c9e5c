"""Compressed archives of other tools, unpacked from their beginning on: they are not made of frames that we know."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping

from s3sync.archive.codecs import zstd_module
from s3sync.core.archive.values import Pack
from s3sync.errors import ArchiveError
from s3sync.store.port import Buffer

CHUNK = 1 << 20
_ROOM, _RATIO = 1 << 30, 1100
"""Bytes that a compressed archive may unpack to: gzip cannot do more than 1032 for one."""
_PIECE = 1 << 14
_FEW_FRAMES, _LEAST_FRAME = 20_000, 512
"""Frames that an archive may have, and bytes, packed and unpacked, for each one more."""


def unpacked(pack: Pack, stored: Iterable[Buffer], size: int, where: str) -> Iterator[bytes]:
    """Content of a compressed archive from its beginning on. Raises `ArchiveError` for a damaged one."""
    damage: type[Exception] = zlib.error if pack is Pack.TAR_GZ else zstd_module().ZstdError
    left, frames = _ROOM + _RATIO * size, _Frames(where)
    try:
        pieces = _begun_as(pack, frames.read(stored), where)
        for piece in _gunzip(pieces, where, frames) if pack is Pack.TAR_GZ else _unzstd(pieces, where, frames):
            frames.seen += len(piece)
            left -= len(piece)
            if left < 0:
                raise _damaged(where, "it unpacks to more than an archive of its size holds")
            yield piece
    except damage as error:
        raise _damaged(where, str(error)) from error


MAGIC: Mapping[Pack, tuple[bytes, ...]] = {
    Pack.TAR_GZ: (b"\x1f\x8b",),
    Pack.TAR_ZST: (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))),
}
"""First bytes of what is packed so (RFC 1952, RFC 8878)."""


def packed_by(first: bytes) -> Pack | None:
    """Packing of what begins with these bytes."""
    return next((pack for pack, begins in MAGIC.items() if first.startswith(begins)), None)


def _begun_as(pack: Pack, pieces: Iterator[bytes], where: str) -> Iterator[bytes]:
    """The pieces, of which the first has to be what the key says. Raises `ArchiveError`."""
    first = next(pieces, b"")
    if first and packed_by(first) is not pack:
        raise ArchiveError(
            f"cannot unpack {where}",
            why=f"it is no {pack.removeprefix('tar.')}, although its name says so",
            hint="it may be encrypted, or packed by other means: look at it with the tool that made it",
        )
    yield first
    yield from pieces


class _Frames:
    """Count of an archive's frames, which cost more than their bytes: a few bytes each would take hours."""

    def __init__(self, where: str) -> None:
        self.where, self.count, self.seen = where, 0, 0

    def read(self, stored: Iterable[Buffer]) -> Iterator[bytes]:
        """Bytes in small pieces: what is left after a frame is copied each time."""
        for chunk in stored:
            view = memoryview(chunk).cast("B")
            for at in range(0, len(view), _PIECE):
                self.seen += min(_PIECE, len(view) - at)
                yield bytes(view[at : at + _PIECE])

    def begin(self) -> None:
        self.count += 1
        if self.count > _FEW_FRAMES + self.seen // _LEAST_FRAME:
            raise _damaged(self.where, "it is made of more tiny frames than any tool writes")


def _gunzip(stored: Iterable[bytes], where: str, frames: _Frames) -> Iterator[bytes]:
    one, begun = zlib.decompressobj(31), False
    finished = False
    for data in stored:
        while data:
            if finished:
                data = data.lstrip(b"\0")
                if not data:
                    break
                frames.begin()
                one, finished = zlib.decompressobj(31), False
            begun = True
            yield one.decompress(data, CHUNK)
            finished = one.eof
            data = one.unused_data if finished else one.unconsumed_tail
    if not (begun and finished):
        raise _damaged(where, "it is cut short")


def _unzstd(stored: Iterable[bytes], where: str, frames: _Frames) -> Iterator[bytes]:
    make = zstd_module().ZstdDecompressor
    one, finished, begun = make(), False, False
    for data in stored:
        while data:
            if finished:
                frames.begin()
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
