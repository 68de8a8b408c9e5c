"""Fields of a file: by its name, and by what it says of itself, which is read within bounds."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import IO, Any, cast

from s3sync.archive.readers import Unsaid, exif, fits, movie
from s3sync.errors import S3syncError, UsageError
from s3sync.organize.sparing import Sparing, open_song

MUSIC = (
    ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".wma", ".wav", ".aif", ".aiff", ".ape", ".mpc",
    ".wv",
)  # fmt: skip
MOST_TEXT = 500
"""Characters of a tag that are taken."""
_EASY = {
    "artist": ("artist",), "albumartist": ("albumartist", "artist"), "album": ("album",), "title": ("title",),
    "track": ("tracknumber",), "disc": ("discnumber",), "genre": ("genre",), "year": ("date", "year"),
}  # fmt: skip
_ID3 = {
    "artist": "TPE1", "albumartist": "TPE2", "album": "TALB", "title": "TIT2", "track": "TRCK", "disc": "TPOS",
    "genre": "TCON", "year": "TDRC",
}  # fmt: skip


def named(path: str) -> dict[str, str]:
    """Fields of a path's own words."""
    folder, _, name = path.rpartition("/")
    stem, dot, ext = name.rpartition(".")
    return {"name": name, "stem": stem if dot and stem else name, "ext": ext if dot and stem else "", "folder": folder}


def fields_of(path: str, size: int, opened: Callable[[], IO[bytes]]) -> dict[str, str]:
    """Fields of a file: those of its name, and of its tags or headers. Raises `Unsaid`, `S3syncError`, `OSError`."""
    found, name = named(path), path.rpartition("/")[2].casefold()
    try:
        with Sparing(opened(), size) as bounded:
            file = cast("IO[bytes]", bounded)
            if name.endswith(MUSIC):
                return found | _music(file)
            if fits.is_fits(name):
                return found | _sky(fits.header_in(file, name))
            if name.endswith(exif.ENDINGS):
                photo = exif.photo_in(cast("Any", file), name)
                return found | _taken(photo.taken, photo.camera)
            if name.endswith(movie.ENDINGS):
                told = movie.movie_in(cast("Any", file), size)
                return found | _taken(told.taken, told.camera)
    except (Unsaid, S3syncError, OSError):
        raise
    except (ValueError, LookupError, struct.error, OverflowError, RecursionError) as error:
        raise Unsaid(f"its tags cannot be read ({type(error).__name__})") from None
    raise Unsaid("files of its kind say nothing about themselves that is understood")


def require_music() -> None:
    """Raises `UsageError` where the library that reads tags is missing."""
    try:
        import mutagen  # noqa: F401 - asked for before anything is listed
    except ImportError:
        raise UsageError(
            "this layout needs mutagen, which reads the tags of music, and it is not installed",
            hint="pip install 's3sync-collab[music]'",
        ) from None


def _music(file: IO[bytes]) -> dict[str, str]:
    import mutagen

    try:
        tags = open_song(file)
    except mutagen.MutagenError as error:
        inner = error.args[0] if error.args else None
        if isinstance(inner, (Unsaid, S3syncError)):
            raise inner from None
        raise Unsaid(f"its tags cannot be read: {str(error)[:80]}") from None
    if tags is None:
        raise Unsaid("it is no music, whatever its name says")
    if tags.tags is None:
        raise Unsaid("it has no tags")
    if hasattr(tags.tags, "getall"):  # ID3 in a container whose keys mutagen does not translate, as WAVE
        found = {name: _text([frame.text[0] for frame in tags.tags.getall(key) if frame.text]) for name, key in
                 _ID3.items()}  # fmt: skip
        found["albumartist"] = found["albumartist"] or found["artist"]
    else:
        found = {name: _first(tags, keys) for name, keys in _EASY.items()}
    return {name: value for name, value in found.items() if value}


def _first(tags: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(tags.get(key)))), "")


def _text(values: Any) -> str:
    value = values[0] if isinstance(values, (list, tuple)) and values else values
    return "" if not value else str(value)[:MOST_TEXT].strip()


def _sky(header: fits.Header) -> dict[str, str]:
    found = {name: header.text(name.upper())[:MOST_TEXT] for name in ("object", "filter")}
    found["camera"] = header.text("INSTRUME")[:MOST_TEXT]
    with suppress(Unsaid):
        found |= _taken(fits.observed(header), found["camera"])
    return {name: value for name, value in found.items() if value}


def _taken(when: datetime | None, camera: str | None) -> dict[str, str]:
    found = {"camera": camera or ""}
    if when is not None:
        found |= {"captured": when.isoformat(), "year": f"{when.year:04d}", "month": f"{when.month:02d}"}
        found["day"] = f"{when.day:02d}"
    return {name: value for name, value in found.items() if value}
