"""Headers of a tar archive: ustar, and PAX records where ustar cannot say it. The same input gives the same bytes.

No owners, whole seconds; a name that is not UTF-8 is kept byte by byte (`hdrcharset=BINARY`).
Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
"""

from __future__ import annotations

from zlib import adler32

from s3sync.core.archive.values import Kind, Source

BLOCK = 512
END = bytes(2 * BLOCK)
"""Two empty blocks end an archive."""
LARGEST = 8**11 - 1
"""Largest size and latest time that a field of ustar holds."""
_TYPES = {Kind.FILE: b"0", Kind.FOLDER: b"5", Kind.LINK: b"2"}
_OWNER = b"0000000\0" * 2
_MAGIC = b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
_BACK = _MAGIC + bytes(155 + 12)
_FILE_BACK = b"0" + bytes(100) + _BACK
_FIXED = sum(_BACK) + 8 * 32
"""Sum of the bytes that are the same in every header; the checksum's own count as blanks. The others are summed up by
Adler-32, whose lower half is their sum and one: so few bytes never reach its modulus of 65,521."""
_FILE = _FIXED + ord("0")


def as_bytes(name: str) -> bytes:
    """Name as the disk has it. One that is no UTF-8 has surrogates in its text, as `os.fsdecode` makes them."""
    return name.encode("utf-8", "surrogateescape")


def padding(size: int) -> int:
    """Number of bytes between a member's content and the next header."""
    return -size % BLOCK


def header(top: str, source: Source) -> bytes:
    """Everything that stands in front of a member's content; the name begins with the folder `top`."""
    kind = source.kind
    if kind is Kind.FILE:
        path, size, mtime = f"{top}/{source.path}", source.size, source.mtime_ns // 1_000_000_000
        if path.isascii() and len(path) <= 100 and size <= LARGEST and 0 <= mtime <= LARGEST:
            return _plain_file(path.encode(), source.mode & 0o7777, size, mtime)
    name = as_bytes(f"{top}/{source.path}/" if kind is Kind.FOLDER else f"{top}/{source.path}")
    link = as_bytes(source.target or "") if kind is Kind.LINK else b""
    size = source.size if kind is Kind.FILE else 0
    mtime = source.mtime_ns // 1_000_000_000
    plain = 0 <= mtime <= LARGEST and size <= LARGEST and max(len(name), len(link)) <= 100
    if plain and name.isascii() and link.isascii():
        return _block(name, source.mode & 0o7777, size, mtime, _TYPES[kind], link)
    records = _records(name, link, size, mtime)
    block = _block(
        name[:100],
        source.mode & 0o7777,
        size if size <= LARGEST else 0,
        min(max(mtime, 0), LARGEST),
        _TYPES[kind],
        link[:100],
    )
    short = b"PaxHeaders/" + name[:80].rstrip(b"/").replace(b"/", b"_")
    own = _block(short, 0o644, len(records), 0, b"x", b"")
    return own + records + bytes(padding(len(records))) + block


def _records(name: bytes, link: bytes, size: int, mtime: int) -> bytes:
    """PAX records for what does not fit into ustar."""
    found = []
    if len(name) > 100 or not name.isascii():
        found.append((b"path", name))
    if len(link) > 100 or not link.isascii():
        found.append((b"linkpath", link))
    if not (is_utf8(name) and is_utf8(link)):
        found.insert(0, (b"hdrcharset", b"BINARY"))
    if size > LARGEST:
        found.append((b"size", b"%d" % size))
    if not 0 <= mtime <= LARGEST:
        found.append((b"mtime", b"%d" % mtime))
    return b"".join(_record(key, value) for key, value in found)


def _record(key: bytes, value: bytes) -> bytes:
    """`LENGTH key=value` and a line's end; the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def is_utf8(name: bytes) -> bool:
    """True if bytes are a text that others can read."""
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _plain_file(name: bytes, mode: int, size: int, mtime: int) -> bytes:
    """What `_block` gives for a file, in fewer steps: there are many."""
    front = b"%b%07o\0%b%011o\0%011o\0" % (name.ljust(100, b"\0"), mode, _OWNER, size, mtime)
    return b"%b%06o\0 %b" % (front, (adler32(front) & 0xFFFF) - 1 + _FILE, _FILE_BACK)


def _block(name: bytes, mode: int, size: int, mtime: int, kind: bytes, link: bytes) -> bytes:
    numbers = b"%07o\0%b%011o\0%011o\0" % (mode, _OWNER, size, mtime)
    checksum = (adler32(link, adler32(numbers, adler32(name))) & 0xFFFF) - 1 + kind[0] + _FIXED
    return b"%b%b%06o\0 %b%b%b" % (name.ljust(100, b"\0"), numbers, checksum, kind, link.ljust(100, b"\0"), _BACK)
