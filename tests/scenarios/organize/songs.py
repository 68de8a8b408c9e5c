"""Songs that are as large as real ones, and hold little."""

from __future__ import annotations

import io
from typing import Any

from mutagen import id3
from mutagen.id3 import Encoding as Text

_ID3: Any = id3

_FRAME = bytes.fromhex("fffb9064") + b"\0" * 413
"""One frame of MPEG audio of layer 3, 128 kbit/s: 26 ms of silence."""


def song(artist: str, album: str, title: str, track: int, size: int = 300_000, picture: int = 0) -> bytes:
    """An MP3 with tags, of about `size` bytes, and a cover picture of that many bytes."""
    tags = _ID3.ID3()
    for frame, text in (("TPE1", artist), ("TALB", album), ("TIT2", title), ("TRCK", f"{track}/12")):
        tags.add(getattr(_ID3, frame)(encoding=Text.UTF8, text=[text]))
    if picture:
        tags.add(_ID3.APIC(encoding=Text.UTF8, mime="image/jpeg", type=3, desc="", data=b"p" * picture))
    body = io.BytesIO(_FRAME * (size // len(_FRAME)))
    tags.save(body)
    return body.getvalue()
