"""Files as cameras write them: real clips and pictures with a time and a camera in them, and FITS frames."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tests.kit.media import media_files

_EPOCH = datetime(1904, 1, 1)  # noqa: DTZ001


def clip(path: Path, taken: datetime | None, *, firmware: str | None = None, version: int = 0) -> Path:
    """A clip with a time in its `mvhd`, and where there is a firmware, GoPro's box with it."""
    body = bytearray(next(file for file in media_files() if file.name == "bikes.mp4").read_bytes())
    at = body.index(b"mvhd")
    seconds = int((taken - _EPOCH).total_seconds()) if taken else 0
    if version:
        old = int.from_bytes(body[at - 4 : at], "big")
        new = b"mvhd\x01\0\0\0" + struct.pack(">QQ", seconds, seconds) + body[at + 16 : at - 4 + old]
        body[at - 4 : at - 4 + old] = struct.pack(">I", len(new) + 4) + new
        _grow_moov(body, 8)
    else:
        body[at + 8 : at + 12] = struct.pack(">I", seconds)
    if firmware:
        firm = b"FIRM" + firmware.encode()
        box = b"udta" + struct.pack(">I", len(firm) + 4) + firm
        moov = body.index(b"moov")
        end = moov - 4 + int.from_bytes(body[moov - 4 : moov], "big")
        body[end:end] = struct.pack(">I", len(box) + 4) + box
        _grow_moov(body, len(box) + 4)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def _grow_moov(body: bytearray, more: int) -> None:
    at = body.index(b"moov")
    body[at - 4 : at] = struct.pack(">I", int.from_bytes(body[at - 4 : at], "big") + more)


def photo(path: Path, taken: str | None, model: str, *, order: str = "<") -> Path:
    """A picture with EXIF: `taken` as `2024:01:15 13:40:22`."""
    body = next(file for file in media_files() if file.name == "alien1.jpg").read_bytes()
    mark = b"II*\0" if order == "<" else b"MM\0*"
    model_text = model.encode() + b"\0"
    entries = 1 + (taken is not None)
    inner_at = 8 + 2 + 12 * entries + 4
    text_at = inner_at + (2 + 12 + 4 if taken else 0)
    top = struct.pack(order + "HHII", 0x0110, 2, len(model_text), text_at)
    if len(model_text) <= 4:
        top = struct.pack(order + "HHI", 0x0110, 2, len(model_text)) + model_text.ljust(4, b"\0")
    tail = model_text
    if taken:
        top += struct.pack(order + "HHII", 0x8769, 4, 1, inner_at)
        inner = struct.pack(order + "HHHII", 1, 0x9003, 2, 20, text_at + len(model_text)) + bytes(4)
        tail = inner + model_text + taken.encode() + b"\0"
    tiff = mark + struct.pack(order + "I", 8) + struct.pack(order + "H", entries) + top + bytes(4) + tail
    app1 = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body[:2] + app1 + body[2:])
    return path


def frame(path: Path, cards: Mapping[str, object], *, pixels: int = 100) -> Path:
    """A FITS frame with these cards; a string that is too long for one goes on in CONTINUE."""
    lines = [_card("SIMPLE", True), _card("BITPIX", 8), _card("NAXIS", 1), _card("NAXIS1", pixels)]
    for name, value in cards.items():
        lines += _long(name, value) if isinstance(value, str) else [_card(name, value)]
    header = "".join([*lines, "END".ljust(80)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.ljust(-(-len(header) // 2880) * 2880).encode() + bytes(-(-pixels // 2880) * 2880))
    return path


def _card(name: str, value: object) -> str:
    text = {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)
    head = f"{name:8}= " if len(name) <= 8 and " " not in name else f"HIERARCH {name} = "
    return f"{head}{text:>20} / a comment"[:80].ljust(80)


def _long(name: str, value: str) -> list[str]:
    head = f"{name:8}= " if len(name) <= 8 and " " not in name else f"HIERARCH {name} = "
    room = 80 - len(head) - 3
    text = value.replace("'", "''")
    pieces = [text[:room]]
    while text := text[len(pieces[-1]) :]:
        pieces.append(text[:66])
    lines = [f"{head}'{pieces[0]}{'&' if len(pieces) > 1 else ''}'".ljust(80)]
    for number, piece in enumerate(pieces[1:], 2):
        lines.append(f"CONTINUE  '{piece}{'&' if number < len(pieces) else ''}'".ljust(80))
    return lines
