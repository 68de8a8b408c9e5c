"""Kinds of media by their first bytes, as a name may be wrong.

The signatures are those of the formats' own documents: PNG (RFC 2083, 3.1), JFIF, GIF89a, RIFF, ISO/IEC 14496-12 4.3
(`ftyp`), Matroska (RFC 8794, EBML), Ogg (RFC 3533), PDF (ISO 32000-1, 7.5.2).
"""

from __future__ import annotations

from s3sync.core.media_types import BY_SUFFIX

HEAD = 64
"""Bytes at the beginning of a file that tell."""

_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"FLV\x01", "flv"),
    (b"8BPS", "psd"),
    (b"v/1\x01", "exr"),
    (b"II*\x00", "tif"),
    (b"MM\x00*", "tif"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS = {
    b"qt  ": "mov", b"heic": "heic", b"heix": "heic", b"mif1": "heif", b"avif": "avif", b"avis": "avif",
    b"M4A ": "m4a", b"M4V ": "m4v", b"crx ": "cr3",
}  # fmt: skip
_ALIKE = (
    frozenset({"mp4", "m4v", "mov", "qt", "m4a", "3gp", "m4b", "3g2", "insv", "360"}),
    frozenset({"heic", "heif", "avif"}),
    frozenset({"mkv", "webm", "weba"}),
    frozenset({"ogg", "oga", "ogv", "opus"}),
    frozenset({"tif", "tiff", "dng", "nef", "cr2", "arw", "pef", "orf", "rw2"}),
    frozenset({"jpg", "jpeg", "jpe"}),
    frozenset({"pdf", "ai"}),
)
"""Extensions of formats that begin alike, so that the first bytes do not tell them apart."""


def suffix_by_content(head: bytes) -> str | None:
    """Extension for a file that begins with these bytes; None for a kind that is not known."""
    for begin, suffix in _BEGINNINGS:
        if head.startswith(begin):
            return suffix
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _BRANDS.get(brand) or ("3gp" if brand[:3] in (b"3gp", b"3g2") else "mp4")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in head else "mkv"
    return None


def right_suffix(said: str, head: bytes) -> str:
    """The extension that was said, or another one where the content is certainly of another kind.

    `said` is in lower case, and empty where nothing was said.
    """
    found = suffix_by_content(head)
    if found is None or found == said or any({found, said} <= alike for alike in _ALIKE):
        return said
    if BY_SUFFIX.get(said) is not None and BY_SUFFIX.get(said) == BY_SUFFIX.get(found):
        return said
    return found
