"""Layout of an archive set: the template that makes a unit's key of what is known about it.

`{range}/{id}` makes `b00-b49/b40-old-project` of the unit `b40-old-project`. The values come as text from whoever read
them (`archive/fields.py`); this module knows which fields there are, what may stand in a key, and which keys collide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from s3sync.core.archive.values import ArchiveSet, Pack, Unit, UnitKind, index_key
from s3sync.core.names import KEY_BYTES, is_text, nfc, refuse_reason

FIELDS: Mapping[str, str] = {
    "path": "path relative to the source",
    "id": "last name of the unit's path",
    "range": "the fifty that the unit's number falls into, such as b00-b49",
    "name": "file name",
    "stem": "file name without its extension",
    "ext": "extension without the dot",
    "md5": "MD5 of the file",
    "year": "year",
    "month": "month, two digits",
    "day": "day, two digits",
    "date": "date as YYYYMMDD",
    "object": "OBJECT of the FITS files",
    "filter": "FILTER of the FITS files",
    "night": "date of the evening on which the night began",
    "camera": "camera",
    "captured": "time of capture, in a format: {captured:%Y/%m/%d}",
}
OF_FILES = frozenset({"md5", "ext"})
"""Fields that only a unit of one file has."""
OF_DATES = frozenset({"year", "month", "day", "date", "captured"})
OF_HEADERS = frozenset({"object", "filter", "night", "camera"})
"""Fields that somebody has to open a file for."""

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")

F = TypeVar("F")

RANGE = 50
MOST_CHARACTERS = 512
_FIELD = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"([^\W\d_]*)([0-9]{1,18})(?![0-9])")
_FORMATS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "y": 2, "j": 3}
_FORMAT = re.compile(r"%(.)")
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")


class LayoutError(ValueError):
    """A layout is wrong, or has a field that a unit cannot fill."""


class Field(Struct, frozen=True):
    """One field of a layout; `format` only of `captured`."""

    name: str
    format: str = ""


class Layout(Struct, frozen=True):
    """A checked template: texts and fields in turn."""

    text: str
    parts: tuple[str | Field, ...]

    @property
    def needs(self) -> frozenset[str]:
        """Names of its fields."""
        return frozenset(part.name for part in self.parts if isinstance(part, Field))

    def render(self, fields: Mapping[str, str]) -> str:
        """The text for these values. Raises `LayoutError` for a missing one."""
        return "".join(part if isinstance(part, str) else _value(part, fields) for part in self.parts)


def parse_layout(text: str) -> Layout:
    """Raises `LayoutError`, whose text says what to write."""
    return Layout(text, template_parts(text, _field, "id", "all units would have one key"))


def template_parts(text: str, field: Callable[[str], F], example: str, without: str) -> tuple[str | F, ...]:
    """The texts and fields of a template, in turn. `field` reads what stands in one pair of braces.

    `example` is a field's name, `without` what would happen without any field. Raises `LayoutError`.
    """
    if len(text) > MOST_CHARACTERS:
        raise LayoutError(f"it has more than {MOST_CHARACTERS} characters")
    parts: list[str | F] = []
    end = 0
    for found in _FIELD.finditer(text):
        parts += _literal(text[end : found.start()], example)
        parts.append(field(found[1]))
        end = found.end()
    parts += _literal(text[end:], example)
    if all(isinstance(part, str) for part in parts):
        raise LayoutError(f"it has no field, so that {without}")
    problem = refuse_reason("".join(part if isinstance(part, str) else "x" for part in parts))
    if problem:
        raise LayoutError(problem)
    return tuple(parts)


def _literal(text: str, example: str) -> Iterator[str]:
    if "{" in text or "}" in text:
        raise LayoutError(f"a field is written in one pair of braces, such as {{{example}}}")
    if text:
        yield nfc(text)


def _field(text: str) -> Field:
    name, colon, form = text.partition(":")
    if name not in FIELDS:
        raise LayoutError(f"there is no field {{{text[:40]}}}; the fields are {', '.join(FIELDS)}")
    if name != "captured":
        if colon:
            raise LayoutError(f"{{{name}}} takes no format")
        return Field(name)
    letters = _FORMAT.findall(form)
    if not letters or "%" in _FORMAT.sub("", form):
        raise LayoutError("{captured} needs a format, such as {captured:%Y/%m/%d}")
    odd = next((letter for letter in letters if letter not in _FORMATS), None)
    if odd:
        raise LayoutError(f"%{odd} is not known in {{captured:...}}; use {', '.join('%' + one for one in _FORMATS)}")
    return Field(name, form)


def _value(part: Field, fields: Mapping[str, str]) -> str:
    value = fields.get(part.name)
    if not value:
        raise LayoutError(f"{{{part.name}}} is not known: {fields.get(f'no {part.name}') or 'nothing says it'}")
    if part.name == "captured":
        return format_captured(datetime.fromisoformat(value), part.format)
    return value if part.name in ("path", "range") else name_of(value)


def format_captured(when: datetime, form: str) -> str:
    """A time in a format of `{captured:...}`: the same on every system and in every language."""
    numbers = {
        "Y": when.year, "m": when.month, "d": when.day, "H": when.hour, "M": when.minute, "S": when.second,
        "y": when.year % 100, "j": when.timetuple().tm_yday,
    }  # fmt: skip
    return _FORMAT.sub(lambda found: f"{numbers[found[1]]:0{_FORMATS[found[1]]}d}", form)


def name_of(value: str) -> str:
    """A value as one name of a key: what would end the name becomes `_`. Raises `LayoutError` if nothing is left."""
    text = _NOT_IN_A_NAME.sub("_", nfc(value)).strip(" .")
    if not text:
        raise LayoutError(f"{value[:40]!r} cannot be a name in a key")
    return text


def range_of(name: str) -> str | None:
    """The fifty that a name's number falls into: `b40-x` is in `b00-b49`. None for a name without a number in front."""
    found = _NUMBER.match(name)
    if not found:
        return None
    low = int(found[2]) // RANGE * RANGE
    width = max(2, len(found[2]))
    return f"{found[1]}{low:0{width}d}-{found[1]}{low + RANGE - 1:0{width}d}"


def key_for(chosen: ArchiveSet, layout: Layout, fields: Mapping[str, str]) -> str:
    """A unit's key below the set's store, with the container's ending. Raises `LayoutError`."""
    key = nfc(layout.render(fields))
    ending = "" if chosen.pack is Pack.NONE else f".{chosen.pack.value}"
    key = key if key.endswith(ending) else key + ending
    if not is_text(key):
        raise LayoutError("the name is not valid UTF-8")
    problem = refuse_reason(key)
    if problem is None and len(index_key(key).encode()) > KEY_BYTES:
        problem = "its key would be too long"
    if problem:
        raise LayoutError(f"the key {key[:80]!r} cannot be used: {problem}")
    return key


def sidecar_key(chosen: ArchiveSet, unit: Unit, path: str) -> str:
    """Key of a file that is kept readable beside the archive.

    Those of a file lie beside it, and are renamed where the layout renames the file. Those of a folder or a group lie
    in a folder of the archive's name without its ending.
    """
    ending = "" if chosen.pack is Pack.NONE else f".{chosen.pack.value}"
    key = unit.key.removesuffix(ending)
    if chosen.unit is not UnitKind.FILE:
        return f"{key}/{path}"
    folder, slash, new = key.rpartition("/")
    old, name = (text.rpartition("/")[2] for text in (unit.sources[0].path, path))
    if new not in (old, stem_of(old)):
        name = new + name[len(old) :] if name.startswith(f"{old}.") else f"{stem_of(new)}.{name.rpartition('.')[2]}"
    return f"{folder}{slash}{name}"


def stem_of(name: str) -> str:
    """A file's name without its extension."""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def first_clash(
    units: Iterable[tuple[str, str]], *, nested: bool, beside: Iterable[tuple[str, str]] = ()
) -> tuple[str, str, str] | None:
    """Two units that would share a key, and the key; None where every unit has its own.

    `units` are pairs of key and id, and so is `beside` of what a unit has under other keys, such as its sidecars.
    `nested`: a key is a folder of objects, so that one may not lie inside another.
    """
    named: dict[str, str] = {}
    for key, unit in units:
        for taken in (key, index_key(key)):
            if taken in named:
                return named[taken], unit, key
        named[key] = named[index_key(key)] = unit
    if nested:
        for key, unit in list(named.items()):
            above = key.rpartition("/")[0]
            while above:
                if above in named and named[above] != unit:
                    return named[above], unit, above
                above = above.rpartition("/")[0]
    for key, unit in beside:
        if named.setdefault(key, unit) != unit:
            return named[key], unit, key
    return None


def date_in(name: str) -> datetime | None:
    """The date in the name of a folder or an archive, `M31_20240115` or `2024-01-15 walk`; None without one."""
    found = _DATE.search(name)
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[3]), int(found[4]))  # noqa: DTZ001 - a date of the place itself
    except ValueError:  # the 31st of a month that has 30 days
        return None
