"""Layouts of `organize`: the key that a file gets by what it says about itself, and which keys collide.

`{artist}/{album}/{track:02} {title}.{ext}` makes `Ella/Gershwin/07 Summertime.flac`. Values come as text from whoever
read them; what would end a name in the middle of one becomes `_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from s3sync.core.archive.layout import LayoutError, format_captured, name_of, template_parts
from s3sync.core.names import MANIFEST, STATE_DIR, is_text, nfc, refuse_reason, without_case

OF_NAMES: Mapping[str, str] = {
    "name": "file name",
    "stem": "file name without its extension",
    "ext": "extension without the dot",
    "folder": "folders below the source",
}
OF_MUSIC: Mapping[str, str] = {
    "artist": "artist",
    "albumartist": "artist of the album, else the artist",
    "album": "album",
    "title": "title",
    "track": "number on the disc",
    "disc": "number of the disc",
    "genre": "genre",
}
OF_TIMES: Mapping[str, str] = {
    "year": "year",
    "month": "month, two digits",
    "day": "day, two digits",
    "captured": "time of capture, in a format: {captured:%Y/%m/%d}",
}
OF_PICTURES: Mapping[str, str] = {"camera": "camera", "object": "OBJECT of FITS", "filter": "FILTER of FITS"}
FIELDS: Mapping[str, str] = {**OF_NAMES, **OF_MUSIC, **OF_TIMES, **OF_PICTURES}
NUMBERS = frozenset({"track", "disc", "year"})
"""Fields that take the width of a number: {track:02}."""
_SLASHES = re.compile(r"/{2,}")
_WIDTH = re.compile(r"0?([1-9])d?")
_FORMAT = re.compile(r"(?:%[YmdHMSyj]|[^%{}])+")
_FIRST_NUMBER = re.compile(r"\s*(\d{1,4})")


class Field(Struct, frozen=True):
    """One field of a layout. `width` of a number in digits, 0 as it is; `form` only of `captured`."""

    name: str
    width: int = 0
    form: str = ""


class Layout(Struct, frozen=True):
    """A checked template: texts and fields in turn."""

    text: str
    parts: tuple[str | Field, ...]

    @property
    def needs(self) -> frozenset[str]:
        """Names of its fields."""
        return frozenset(part.name for part in self.parts if isinstance(part, Field))

    @property
    def opens_files(self) -> bool:
        """True if what it needs stands in the files, and not in their names alone."""
        return not self.needs <= OF_NAMES.keys()

    def render(self, said: Mapping[str, str]) -> str:
        """The path for these values. Raises `LayoutError` for a missing value, and a path that cannot be a name."""
        joined = "".join(part if isinstance(part, str) else _value(part, said) for part in self.parts)
        path = nfc(_SLASHES.sub("/", joined).removeprefix("/"))  # a file at the top has no folder
        problem = refuse_reason(path) if is_text(path) else "it is not valid UTF-8"
        if problem:
            raise LayoutError(f"the name {path[:80]!r} cannot be used: {problem}")
        return path


def parse_layout(text: str) -> Layout:
    """Raises `LayoutError`, whose text says what to write."""
    return Layout(text, template_parts(text, _field, "album", "all files would have one name"))


def _field(text: str) -> Field:
    name, colon, form = text.partition(":")
    if name not in FIELDS:
        raise LayoutError(f"there is no field {{{text[:40]}}}; the fields are {', '.join(FIELDS)}")
    if name == "captured":
        if not _FORMAT.fullmatch(form) or "%" not in form:
            raise LayoutError("{captured} needs a format of %Y %m %d %H %M %S %y %j, such as {captured:%Y/%m/%d}")
        return Field(name, form=form)
    if not colon:
        return Field(name)
    width = _WIDTH.fullmatch(form)
    if name not in NUMBERS or width is None:
        raise LayoutError(f"{{{name}}} takes no such format; a number's width is written as {{track:02}}")
    return Field(name, int(width[1]))


def _value(part: Field, said: Mapping[str, str]) -> str:
    value = said.get(part.name, "")
    if part.name == "folder":
        return value
    if not value:
        raise LayoutError(f"nothing says its {part.name}")
    if part.name == "captured":
        return format_captured(datetime.fromisoformat(value), part.form)
    if part.name in NUMBERS:
        number = _FIRST_NUMBER.match(value)
        if number is None:
            raise LayoutError(f"its {part.name} is no number: {value[:40]!r}")
        return f"{int(number[1]):0{part.width or 1}d}"
    return name_of(value)


def is_own_record(path: str) -> bool:
    """True for what s3sync keeps of projects and stores below a place: another name would take it away from them."""
    *folders, name = path.split("/")
    return name == MANIFEST or not {STATE_DIR, f"{STATE_DIR}-store"}.isdisjoint(folders)


def first_clashes(named: Iterable[tuple[str, str]], *, ignores_case: bool = False) -> dict[str, list[str]]:
    """Paths that several files would get, each with those files. `named` are pairs of old and new path.

    `ignores_case`: two paths that differ only in case are one.
    """
    by_path: dict[str, list[str]] = {}
    for old, new in named:
        by_path.setdefault(without_case(new) if ignores_case else new, []).append(old)
    return {new: sorted(olds) for new, olds in by_path.items() if len(olds) > 1}
