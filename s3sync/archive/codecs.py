"""Compressors of one frame, and what unpacks it. Each frame stands by itself."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from struct import pack
from types import ModuleType
from typing import TypeAlias

from s3sync.core.archive.frames import FRAME
from s3sync.core.archive.values import Pack
from s3sync.errors import ArchiveError, ConfigError, Unsupported

Compress: TypeAlias = Callable[[memoryview], bytes]
DEFAULT_LEVEL = {Pack.TAR_GZ: 6, Pack.TAR_ZST: 3}
MOST_UNPACKED = 4 * FRAME
"""Bytes of one frame that are made at most, whatever an index claims."""
_LEVELS = {Pack.TAR_GZ: range(10), Pack.TAR_ZST: range(1, 23)}


def zstd_module() -> ModuleType:
    """Raises `Unsupported` where it is not installed."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            raise Unsupported(
                "cannot use tar.zst",
                why="Python's zstd is not installed",
                hint="pip install 's3sync-collab[archive]', or set `pack: tar` or `tar.gz`",
            ) from None
    found: ModuleType = zstd
    return found


def compressor(pack_as: Pack, level: int | None) -> Compress:
    """Raises `ConfigError` for a level that the format does not have, `Unsupported` without zstd."""
    level = DEFAULT_LEVEL[pack_as] if level is None else level
    levels = _LEVELS[pack_as]
    if level not in levels:
        why = f"{pack_as} has the levels {levels.start} to {levels.stop - 1}"
        raise ConfigError(f"level {level} does not exist", why=why, hint="without one it is a good middle")
    if pack_as is Pack.TAR_GZ:
        return lambda view: _gzip(view, level)
    zstd = zstd_module()
    options = {zstd.CompressionParameter.compression_level: level, zstd.CompressionParameter.checksum_flag: 1}

    def compress(view: memoryview) -> bytes:
        made: bytes = zstd.compress(view, options=options)
        return made

    return compress


def _gzip(view: memoryview, level: int) -> bytes:
    """One member, whose header says neither time nor system."""
    packing = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = packing.compress(view) + packing.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + pack("<II", zlib.crc32(view), len(view) & 0xFFFFFFFF)


def unpack_frame(pack_as: Pack, stored: bytes, unpacked: int, where: str) -> bytes:
    """Content of one frame, of exactly so many bytes; never more are made. Raises `ArchiveError`."""
    if unpacked > MOST_UNPACKED:
        raise ArchiveError(f"cannot read {where}", why="a frame claims to be larger than any that s3sync writes")
    damage: type[Exception] = zstd_module().ZstdError if pack_as is Pack.TAR_ZST else zlib.error
    try:
        found = _unpacked(pack_as, stored, unpacked)
    except damage as error:
        raise ArchiveError(f"cannot read {where}", why=f"a frame is damaged: {error}", hint=DAMAGED) from error
    if len(found) != unpacked:
        raise ArchiveError(f"cannot read {where}", why="a frame is not what the index says", hint=DAMAGED)
    return found


def _unpacked(pack_as: Pack, stored: bytes, unpacked: int) -> bytes:
    if pack_as is Pack.TAR_GZ:
        unpacking = zlib.decompressobj(31)
        found = unpacking.decompress(stored, unpacked + 1)
        return found if unpacking.eof or len(found) > unpacked else b""
    decompressor = zstd_module().ZstdDecompressor()
    made: bytes = decompressor.decompress(stored, unpacked + 1)
    return made if decompressor.eof or len(made) > unpacked else b""


DAMAGED = (
    "the archive was altered or cut short; if the local files are there still, `s3sync archive run --force` sends them"
)
