"""Check of archive sets whose objects come from a table (`source: sql`): statements, addresses, the folder of files."""

from __future__ import annotations

import re
from typing import Any

from s3sync.config import values
from s3sync.config.secrets import hidden
from s3sync.config.values import BadValue
from s3sync.core.archive.values import ArchiveSet, Pack, RowRules, UnitKind

SQL = "sql"
OF_TABLES = ("url", "update", "url_template", "files", "first")
_NOT_OF_TABLES = (
    "group", "ignore", "heavy", "light", "sidecars", "older_than_s", "delete_local", "keep_light", "max_size",
)  # fmt: skip
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_ADDRESS = re.compile(r"(sqlite|postgres|postgresql|postgresql\+psycopg)://.*", re.DOTALL)
_LOGIN = re.compile(r"://[^/@]*:[^/@]+@")


def from_table(name: str, fields: Any) -> ArchiveSet:
    """The set, of fields that were checked one by one. Raises `BadValue`."""
    from s3sync.config.litter import OF_SYSTEMS

    odd = next((key for key in _NOT_OF_TABLES if key in fields), None)
    if odd is not None:
        odd = odd.removesuffix("_s")
        raise BadValue(f"`{odd}` does not go with `source: sql`, where the rows say what there is", at=(odd,))
    for needed, why in (("select", "which rows there are"), ("update", "how an address gets into a row")):
        if needed not in fields:
            raise BadValue(f"with `source: sql` it must say {why}", f"add `{needed}:`, or begin with `archive init`")
        if not isinstance(fields[needed], str):
            raise BadValue("with `source: sql` it is one statement", at=(needed,))
    _fit("select", fields["select"])
    _fit("update", fields["update"])
    if "files" not in fields:
        raise BadValue("with `source: sql` it must say where the files are", "add `files:`, as cache/media")
    if "*" in fields["files"]:
        raise BadValue("it is one folder", "write it without a pattern", ("files",))
    kind = fields.pop("unit", UnitKind.FILE)
    if kind is UnitKind.FOLDER:
        raise BadValue("the rows are files, or groups of files", "write `unit: group` to pack them", ("unit",))
    packs = fields.setdefault("pack", Pack.NONE if kind is UnitKind.FILE else Pack.TAR)
    if (packs is Pack.NONE) != (kind is UnitKind.FILE):
        raise BadValue("`unit: group` and a container go together: files of rows go as they are", at=("pack",))
    _fit_layout(fields, kind)
    rows = RowRules(
        fields.pop("select"),
        fields.pop("update"),
        fields.pop("url", None),
        fields.pop("url_template", None),
        fields.pop("first", 0),
    )
    fields.pop("source")
    return ArchiveSet(name=name, source=fields.pop("files"), unit=kind, ignore=OF_SYSTEMS, rows=rows, **fields)


def _fit_layout(fields: Any, kind: UnitKind) -> None:
    from s3sync.core.archive.layout import OF_FILES, OF_HEADERS, parse_layout

    text = fields.setdefault("layout", "{year}/{month}/{md5}.{ext}" if kind is UnitKind.FILE else "{id}")
    needs = parse_layout(text).needs
    unfit = sorted(needs & (OF_HEADERS if kind is UnitKind.FILE else OF_HEADERS | OF_FILES))
    if unfit:
        raise BadValue(f"{{{unfit[0]}}} is not known of rows", at=("layout",))
    if kind is UnitKind.FILE and "md5" not in needs:
        raise BadValue("rows with one MD5 share one object", "write {md5} into it", ("layout",))


def _fit(what: str, text: str) -> None:
    from s3sync.core.archive.sql import SqlError, check_select, check_update

    try:
        check_select(text) if what == "select" else check_update(text)
    except SqlError as error:
        raise BadValue(str(error), at=(what,)) from None


def statement(value: object) -> str:
    """A statement, of one line or several."""
    from s3sync.core.archive.sql import MOST_CHARACTERS

    if not isinstance(value, str) or not value.strip():
        raise BadValue("it must be a statement of SQL", 'put it in quotes, or in lines of its own behind "|"')
    if len(value) > MOST_CHARACTERS or any(ord(char) < 0x20 and char not in "\n\t" for char in value):
        raise BadValue(f"it has more than {MOST_CHARACTERS} characters, or one that no statement has")
    return value.strip()


def database(value: object) -> str:
    """Address of a database, or the name of a variable that holds it. None of it holds a password."""
    text = values.line(value).strip()
    if _VARIABLE.fullmatch(text):
        return text
    if _LOGIN.search(text) or "password=" in text.lower():
        raise BadValue(
            "it has a password in it, which does not belong there",
            "put the address into a variable, as DATABASE_URL, and write that name here",
        )
    if not _ADDRESS.fullmatch(text):
        raise BadValue(
            f"{hidden(text)!r} is no database that s3sync knows",
            "write sqlite:///path, postgresql://host/name, or the name of a variable, as DATABASE_URL",
        )
    return text


def template(value: object) -> str:
    """Template of the addresses that the table gets."""
    from s3sync.core.archive.rows import check_template

    text = values.line(value).strip()
    try:
        check_template(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    return text


def first(value: object) -> int | str:
    """Value of `:last` before the first page: less than every id."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or (isinstance(value, str) and len(value) > 255):
        raise BadValue("it must be a number or a text that is less than every id")
    return value
