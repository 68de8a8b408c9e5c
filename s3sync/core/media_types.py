"""Types of media files by their names, and what browsers can do with them.

The table goes before the system's own: that lacks some (Matroska on Windows), and others differ from one computer to
the next.
"""

from __future__ import annotations

from enum import StrEnum

_TYPES = {
    "video/mp4": "mp4 m4v",
    "video/quicktime": "mov qt",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/mp2t": "mts m2ts m2t",
    "video/mpeg": "mpg mpeg",
    "video/3gpp": "3gp",
    "video/x-ms-wmv": "wmv",
    "video/x-flv": "flv",
    "application/mxf": "mxf",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg oga opus",
    "audio/webm": "weba",
    "audio/aiff": "aif aiff aifc",
    "audio/x-caf": "caf",
    "image/jpeg": "jpg jpeg jpe",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/svg+xml": "svg",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/tiff": "tif tiff",
    "image/bmp": "bmp",
    "image/vnd.adobe.photoshop": "psd",
    "image/x-adobe-dng": "dng",
    "image/x-exr": "exr",
    "image/x-dpx": "dpx",
    "image/x-tga": "tga",
    "text/vtt": "vtt",
    "application/x-subrip": "srt",
    "application/pdf": "pdf",
}
BY_SUFFIX = {suffix: kind for kind, suffixes in _TYPES.items() for suffix in suffixes.split()}


class Kind(StrEnum):
    """Kind of a file on a page."""

    VIDEO = "video"
    AUDIO = "audio"
    PICTURE = "picture"
    OTHER = "other"


def suffix_of(path: str) -> str:
    """Letters after the last dot of a name, in lower case; empty where there is none."""
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""


def media_type(path: str) -> str | None:
    """Type of a media file by its name; None for any other file."""
    return BY_SUFFIX.get(suffix_of(path))


def kind_of(path: str) -> Kind:
    """Kind of a file by its name."""
    found = media_type(path)
    if found == "application/mxf":
        return Kind.VIDEO
    kinds = {"video": Kind.VIDEO, "audio": Kind.AUDIO, "image": Kind.PICTURE}
    return Kind.OTHER if found is None else kinds.get(found.partition("/")[0], Kind.OTHER)


_OPENED = {
    "video/mp4": "video/mp4",
    "video/quicktime": "video/mp4",
    "video/webm": "video/webm",
    "video/ogg": "video/ogg",
    "video/x-matroska": "video/x-matroska",
    "video/3gpp": "video/3gpp",
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/avif": "image/avif",
}
"""Types that browsers open in a page, with the type under which they do: QuickTime is a sort of MP4 that not all know
by its own name. SVG is not among them: it is a document, which may have scripts."""
_HEARD = {"audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/flac", "audio/ogg", "audio/webm", "audio/aiff"}


def type_in_a_page(path: str) -> str | None:
    """Type under which a page may play or show a file; None for one that no browser opens."""
    found = media_type(path)
    return found if found in _HEARD else _OPENED.get(found or "")


def shown_type(path: str) -> str:
    """Type of a stranger's file: only of what browsers play or show, as a page of his would be one of the bucket."""
    found = media_type(path) or ""
    is_shown = found.startswith(("video/", "audio/", "image/")) and "svg" not in found
    return found if is_shown else "application/octet-stream"


class Plays(StrEnum):
    """Answer to whether browsers can play a video."""

    YES = "yes"
    SOME = "some"
    NO = "no"


_CODECS = {
    "h264": ("H.264", Plays.YES),
    "vp8": ("VP8", Plays.YES),
    "vp9": ("VP9", Plays.YES),
    "av1": ("AV1", Plays.YES),
    "theora": ("Theora", Plays.SOME),
    "hevc": ("HEVC (H.265)", Plays.SOME),
    "vvc": ("VVC (H.266)", Plays.NO),
    "prores": ("ProRes", Plays.NO),
    "prores_raw": ("ProRes RAW", Plays.NO),
    "dnxhd": ("DNxHD or DNxHR", Plays.NO),
    "cfhd": ("CineForm", Plays.NO),
    "mjpeg": ("Motion JPEG", Plays.NO),
    "mpeg2video": ("MPEG-2", Plays.NO),
    "mpeg4": ("MPEG-4 Part 2", Plays.NO),
    "rawvideo": ("uncompressed video", Plays.NO),
    "v210": ("uncompressed video", Plays.NO),
    "qtrle": ("QuickTime Animation", Plays.NO),
    "ffv1": ("FFV1", Plays.NO),
    "dvvideo": ("DV", Plays.NO),
}
_OF_CAMERAS = ("4:2:2", "4:4:4", "High 10")
"""Profiles of H.264 that cameras record, and that only some browsers play."""


def codec_name(codec: str) -> str:
    """Name of a codec as people know it."""
    return _CODECS[codec][0] if codec in _CODECS else codec.upper().replace("_", " ")


def plays(codec: str, profile: str = "") -> Plays:
    """Tell whether browsers play a video of this codec, by ffmpeg's names. One that nobody knows, none does."""
    found = _CODECS[codec][1] if codec in _CODECS else Plays.NO
    return Plays.SOME if codec == "h264" and any(part in profile for part in _OF_CAMERAS) else found
