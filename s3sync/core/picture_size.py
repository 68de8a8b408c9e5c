"""Size in pixels that the head of a small picture asks for, before anything opens it.

A few thousand bytes may ask for billions of pixels, and whoever shows them takes the memory for them (PNG 11.2.2 IHDR;
GIF89a 18 and 20; ITU T.81 B.2.2; RFC 9649).
"""

from __future__ import annotations

from collections.abc import Iterator

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a JPEG that begin a frame."""


def pixels_of(body: bytes) -> int | None:
    """Pixels of the largest picture in a whole PNG, GIF, JPEG or WebP; None for what is none of them, or is damaged."""
    for begins, sizes in ((b"\x89PNG\r\n\x1a\n", _png), (b"GIF8", _gif), (b"\xff\xd8\xff", _jpeg), (b"RIFF", _webp)):
        if body.startswith(begins):
            try:
                return max((width * height for width, height in sizes(body)), default=None)
            except IndexError:
                return None
    return None


def _number(body: bytes, at: int, size: int, order: str) -> int:
    if at + size > len(body):
        raise IndexError
    return int.from_bytes(body[at : at + size], "big" if order == ">" else "little")


def _png(body: bytes) -> Iterator[tuple[int, int]]:
    if body[12:16] == b"IHDR":
        yield _number(body, 16, 4, ">"), _number(body, 20, 4, ">")


def _gif(body: bytes) -> Iterator[tuple[int, int]]:
    """The screen, and each picture on it: browsers make the screen as large as those."""
    yield _number(body, 6, 2, "<"), _number(body, 8, 2, "<")
    at = 13 + _table(body[10])
    while body[at] != 0x3B:
        if body[at] == 0x2C:
            left, top, width, height = (_number(body, at + 1 + 2 * n, 2, "<") for n in range(4))
            yield left + width, top + height
            at += 11 + _table(body[at + 9])
        elif body[at] == 0x21:
            at += 2
        else:
            raise IndexError
        while body[at]:
            at += 1 + body[at]
        at += 1


def _table(flags: int) -> int:
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0


def _jpeg(body: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while body[at + 1] not in (0xDA, 0xD9):
        if body[at] != 0xFF:
            raise IndexError
        if body[at + 1] == 0xFF:  # fill
            at += 1
            continue
        if body[at + 1] in _FRAMES:
            yield _number(body, at + 7, 2, ">"), _number(body, at + 5, 2, ">")
        at += 2 + max(2, _number(body, at + 2, 2, ">"))


def _webp(body: bytes) -> Iterator[tuple[int, int]]:
    kind = body[12:16]
    if body[8:12] != b"WEBP":
        return
    if kind == b"VP8X":
        yield _number(body, 24, 3, "<") + 1, _number(body, 27, 3, "<") + 1
    elif kind == b"VP8L":
        bits = _number(body, 21, 4, "<")
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        yield _number(body, 26, 2, "<") & 0x3FFF, _number(body, 28, 2, "<") & 0x3FFF
