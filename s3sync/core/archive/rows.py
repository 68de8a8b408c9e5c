"""Rows of a table whose files are archived: what they say, checked, and what their keys and addresses are made of.

A row is written by whoever may write the database: nothing in it names a file, a host or a header unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from uuid import UUID

from msgspec import Struct

from s3sync.core.archive.layout import Layout, key_for, range_of, stem_of
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.media_types import BY_SUFFIX, suffix_of
from s3sync.core.times import format_time

COLUMNS = ("id", "path", "md5", "extension", "mime_type", "media_type", "size", "created_at", "archive_url", "unit")
"""Names under which a select gives what it knows; the others are not looked at."""
MOST_TEXT = 4096
FIELDS = ("bucket", "key", "name", "md5", "ext")
"""Fields of an address's template: `key` is the whole key in the bucket, `name` its part below the set's store."""
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_SUFFIX = re.compile(r"[a-z0-9]{1,10}")
_FIELD = re.compile(r"\{([^{}]*)\}")
_SHAPES = {"md5": "[^/]{0,32}", "ext": "[^/]{0,32}"}
"""Fields in an address as far as they are no key: neither has more characters."""
_WORKER = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_PREFERRED = {"image/jpeg": "jpg", "image/tiff": "tif", "audio/ogg": "ogg", "video/mp2t": "mts", "audio/aiff": "aif"}
_BY_TYPE = {kind: suffix for suffix, kind in reversed(BY_SUFFIX.items())} | _PREFERRED

RowId = int | str


class Row(Struct, frozen=True, gc=False, array_like=True):
    """One row. `created_at` is RFC 3339 in UTC; texts that it does not say are empty, an unknown size is -1.

    `archive_url` None: it has none. `problem`: reason why it cannot be archived; None where it can.
    """

    id: RowId
    md5: str = ""
    path: str = ""
    extension: str = ""
    media_type: str = ""
    created_at: str = ""
    archive_url: str | None = None
    unit: str = ""
    size: int = -1
    problem: str | None = None
    by_type: str = ""
    """Extension that its MIME type has usually."""

    @property
    def is_archived(self) -> bool:
        return self.archive_url is not None


def parse_row(said: Mapping[str, object], zone: tzinfo = UTC) -> Row:
    """A row of what the database gave, by the names of `COLUMNS`. `zone`: of times that name none.

    What makes no sense is in `problem`, but for a row without a usable id, for which `ValueError` is raised.
    """
    key = said.get("id")
    if isinstance(key, UUID):
        key = str(key)
    if isinstance(key, bool) or not isinstance(key, (int, str)) or key == "":
        raise ValueError(f"its id is {key!r:.60}, and neither a number nor a text")
    if isinstance(key, str) and (len(key) > 255 or not key.isprintable()):
        raise ValueError("its id is no plain text of up to 255 characters")
    path, problems = _text(said.get("path")), list[str]()
    md5 = _text(said.get("md5")).strip().lower()
    if md5 and not _MD5.fullmatch(md5):
        problems.append(f"its MD5 is {md5[:40]!r}, and no 32 hexadecimal digits")
        md5 = ""
    if not md5 and not path and not problems:
        problems.append("it has neither a path nor an MD5, by which its file could be found")
    created = _time(said.get("created_at"), zone)
    if created is None:
        problems.append(f"its created_at is {said.get('created_at')!r:.60}, and no time")
    url = _text(said.get("archive_url"))
    size = said.get("size")
    return Row(
        key,
        md5,
        path,
        suffix_said(path, _text(said.get("extension")), _text(said.get("mime_type"))),
        _text(said.get("media_type")).strip().lower(),
        created or "",
        url or None,
        _text(said.get("unit")),
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else -1,
        problems[0] if problems else None,
        suffix_by_type(_text(said.get("mime_type"))),
    )


def _text(value: object) -> str:
    if isinstance(value, (bytes, memoryview)) or value is None:
        return ""
    text = str(value)
    return "" if len(text) > MOST_TEXT or "\0" in text else text


def _time(value: object, zone: tzinfo) -> str | None:
    """RFC 3339 in UTC of a time, a day, a text of either, or seconds since 1970."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - it gets the zone below
        if not isinstance(value, datetime):
            return None
        value = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        value.astimezone(zone)  # in which its day is told: the first and the last one may lie outside of the calendar
        return format_time(value)
    except (ValueError, OverflowError, OSError):
        return None


def suffix_said(path: str, extension: str, mime_type: str) -> str:
    """Extension that a row says, in lower case: of its path, else in words, else of its type; empty without any.

    Nonsense in any of them says nothing.
    """
    named = suffix_of(path.replace("\\", "/"))
    spoken = extension.strip().lower().removeprefix(".")
    return next((one for one in (named, spoken, suffix_by_type(mime_type)) if _SUFFIX.fullmatch(one)), "")


def suffix_by_type(mime_type: str) -> str:
    """Usual extension of a media type; empty for one that is not known."""
    return _BY_TYPE.get(mime_type.partition(";")[0].strip().lower(), "")


# -- keys and addresses


def fields_of(row: Row, md5: str, ext: str, zone: tzinfo = UTC) -> dict[str, str]:
    """Fields of a layout, for the file of a row. The date is that of `created_at`, in the set's zone."""
    name = f"{md5}.{ext}" if ext else md5
    own = row.unit or name
    fields = {"path": own, "id": own.rpartition("/")[2], "name": own.rpartition("/")[2], "stem": stem_of(own)}
    fields |= {"md5": md5, "ext": ext} if ext else {"md5": md5, "no ext": "nothing says what kind of file it is"}
    found = range_of(fields["id"])
    if found:
        fields["range"] = found
    return fields | _dates(row.created_at, zone)


def _dates(created_at: str, zone: tzinfo) -> dict[str, str]:
    when = datetime.fromisoformat(created_at).astimezone(zone)
    return {
        "captured": when.isoformat(), "date": f"{when:%Y%m%d}", "date_from": "created_at",
        "year": f"{when.year:04}", "month": f"{when.month:02}", "day": f"{when.day:02}",
    }  # fmt: skip


def key_of_row(chosen: ArchiveSet, layout: Layout, row: Row, md5: str, ext: str, zone: tzinfo = UTC) -> str:
    """Key of the object of a row below the set's store. Raises `LayoutError`."""
    return key_for(chosen, layout, fields_of(row, md5, ext, zone))


def check_template(text: str) -> None:
    """Raise `ValueError` for a template of addresses that does not tell objects apart."""
    names = _FIELD.findall(text)
    odd = next((name for name in names if name not in FIELDS), None)
    if odd is not None:
        raise ValueError(f"there is no field {{{odd[:40]}}}; the fields are {', '.join(FIELDS)}")
    if names.count("key") + names.count("name") != 1:
        raise ValueError("it needs {key} once, the object's key in the bucket (or {name}, its key below the store)")
    if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
        raise ValueError("a field is written in one pair of braces, such as {key}")
    if not re.match(r"[a-z][a-z0-9+.-]*://", text):
        raise ValueError("an address begins with s3:// or https://")


_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def percent_encoded(text: str) -> str:
    """A path as a web address has it (RFC 3986, 2.1)."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode())


def percent_decoded(text: str) -> str:
    """The path that a web address has; bytes that are no text become U+FFFD."""
    return _ENCODED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"), text)


class Addresses:
    """Addresses of the objects of one store, as they stand in the table: both ways.

    `template` None: the store's own address and the key. In an address for browsers the key is percent-encoded.
    """

    def __init__(self, store: str, template: str | None) -> None:
        scheme, _, rest = store.rstrip("/").partition("://")
        self._bucket, _, prefix = rest.partition("/") if scheme != "file" else ("", "", "")
        self._prefix = f"{prefix}/" if prefix else ""
        self._template = template or f"{store.rstrip('/').replace('{', '').replace('}', '')}/{{name}}"
        self._encodes = self._template.startswith(("https://", "http://"))
        pieces = _FIELD.split(self._template)
        shape = (
            self._group(one, again=one in pieces[1:number:2]) if number % 2 else re.escape(one)
            for number, one in enumerate(pieces)
        )
        self._shape = re.compile("".join(shape), re.DOTALL)

    def _group(self, field: str, *, again: bool) -> str:
        """Expression for a field. One that comes again says the same: else an address could be divided among many of
        them in more ways than can be tried, and cells are anybody's."""
        if field == "bucket":
            return re.escape(self._bucket)
        if again:
            return f"(?P={field})"
        return f"(?P<{field}>{_SHAPES.get(field, '.+')})"

    def of(self, key: str, md5: str = "", ext: str = "") -> str:
        """Address of the object with a key below the store."""
        values = {"bucket": self._bucket, "key": self._prefix + key, "name": key, "md5": md5, "ext": ext}
        return _FIELD.sub(lambda found: self._shown(values[found[1]]), self._template)

    def _shown(self, text: str) -> str:
        return percent_encoded(text) if self._encodes else text

    def key(self, url: str) -> str | None:
        """Key below the store of an address; None for one that leads elsewhere."""
        found = self._shape.fullmatch(url)
        if found is None:
            return None
        said = found.groupdict()
        text = said.get("name") or said.get("key") or ""
        text = percent_decoded(text) if self._encodes else text
        if "key" in said:
            return text.removeprefix(self._prefix) if text.startswith(self._prefix) else None
        return text


# -- sharing among workers


class Worker(Struct, frozen=True):
    """One of several workers that share the rows: it takes those whose hash says so."""

    number: int = 1
    of: int = 1

    def takes(self, group: str) -> bool:
        return self.of == 1 or hash_of(group) % self.of == self.number - 1


def parse_worker(text: str) -> Worker:
    """`2/3` is the second of three. Raises `ValueError`."""
    found = _WORKER.fullmatch(text.strip())
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of <= 1000:
        raise ValueError(f"{text!r:.40} is no share; write 1/3, 2/3 and 3/3 for three workers")
    return Worker(number, of)


def hash_of(group: str) -> int:
    """Number of a group (an MD5, or another text) that is the same on every computer: FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for byte in group.encode("utf-8", "surrogatepass"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
