"""Check of the setting `archives`: archive sets by name.

A repository's sets read only inside the repository, and never say that files are removed here: that is for whoever
runs them (`archive run --delete-local`). Where they send is asked about as any store is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import structs

from s3sync.config import addresses, archive_classes, schemes, values
from s3sync.config.litter import OF_SYSTEMS
from s3sync.config.secrets import hidden
from s3sync.config.values import BadValue

if TYPE_CHECKING:
    from s3sync.core.archive.values import ArchiveSet, DeleteLocal, Pack, UnitKind

MOST_SETS = 100
MOST_TAGS = 10
"""Tags of one object in S3."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TAG = re.compile(r"[\w .:/=+@-]*")


def sets(value: object) -> Mapping[str, ArchiveSet]:
    """Archive sets by name. Raises `BadValue`."""
    if not isinstance(value, Mapping):
        raise BadValue("it must be a mapping of sets by name", "write each set below its name")
    if len(value) > MOST_SETS:
        raise BadValue(f"it has {len(value)} sets, and {MOST_SETS} are the most")
    return MappingProxyType({str(name): _set(name, said) for name, said in value.items() if said is not None})


def sets_of_repository(value: object) -> Mapping[str, ArchiveSet]:
    """The sets, if whoever commits to a repository may say them. Raises `BadValue`."""
    from s3sync.core.archive.values import DeleteLocal

    found: dict[str, ArchiveSet] = {}
    for name, chosen in sets(value).items():
        if _leads_out(chosen.source):
            raise BadValue(
                "a repository's set reads only inside the repository",
                "write it relative to the repository; sets for other folders belong in your own settings file",
                (name, "source" if chosen.rows is None else "files"),
            )
        if chosen.delete_local is not DeleteLocal.NEVER:
            raise BadValue(
                "whoever commits to the repository may not say that for you",
                "leave it out, and run `s3sync archive run --delete-local`",
                (name, "delete_local"),
            )
        found[name] = structs.replace(chosen, confined=True)
    return MappingProxyType(found)


def _leads_out(source: str) -> bool:
    text = source.replace("\\", "/")
    return text.startswith(("/", "~")) or ".." in text.split("/") or re.match(r"[A-Za-z]:", text) is not None


def _set(name: object, said: object) -> ArchiveSet:
    from s3sync.core.archive.values import ArchiveSet

    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadValue("a set's name has letters, digits, '.', '_' and '-'", at=(hidden(str(name)),))
    if isinstance(said, ArchiveSet):
        return said  # it was checked before
    try:
        return _made(name, values.nested(_CHECKS)(said))
    except BadValue as error:
        raise BadValue(error.why, error.hint, (name, *error.at)) from None


def _made(name: str, fields: Any) -> ArchiveSet:
    from s3sync.config.table_sets import OF_TABLES, SQL, from_table
    from s3sync.core.archive.values import ArchiveSet, Pack, UnitKind

    if "store" not in fields:
        raise BadValue("it does not say where it sends", "add `store:`, as s3://bucket/prefix")
    if ("lifecycle_days" in fields) != ("lifecycle_class" in fields):
        raise BadValue("`lifecycle_days` and `lifecycle_class` go together")
    archive_classes.fit_store(fields)
    _fits_replica(fields)
    for age in ("older_than", "verify_within"):
        if age in fields:
            fields[f"{age}_s"] = fields.pop(age)
    if fields.get("source") == SQL:
        return from_table(name, fields)
    alone = next((key for key in OF_TABLES if key in fields), None)
    if alone is not None:
        raise BadValue(f"`{alone}` goes with `source: sql`", at=(alone,))
    kind = fields.get("unit", UnitKind.FOLDER)
    if (kind is UnitKind.GROUP) != ("group" in fields):
        raise BadValue("`unit: group` and `group:` go together", 'write group: "{object}_{night}", and unit: group')
    if "layout" in fields:
        _fits_unit(fields["layout"], kind)
    fields.setdefault("ignore", OF_SYSTEMS)
    if kind is UnitKind.GROUP:
        fields.setdefault("layout", "{id}")
    if kind is UnitKind.FILE:
        fields.setdefault("pack", Pack.NONE)
    if isinstance(fields.get("select"), str):
        raise BadValue("it must be a list of patterns", "a statement goes with `source: sql`", ("select",))
    return ArchiveSet(name=name, source=fields.pop("source", ""), **fields)


def _fits_replica(fields: Any) -> None:
    if "replica_bucket" in fields and "replica_region" not in fields:
        raise BadValue("`replica_bucket` and `replica_region` go together")
    if "replica_region" not in fields:
        return
    if schemes.scheme_of(fields["store"]).vendor != "AWS":
        raise BadValue("only a bucket on S3 is replicated to another region", at=("replica_region",))
    if len(fields.get("tags", ())) == MOST_TAGS:
        raise BadValue(f"with `replica_region`, {MOST_TAGS - 1} tags are the most: one says which class it moves to")


def replica_bucket(value: object) -> str:
    """Name of a bucket that S3 takes today. Raises `BadValue`."""
    text = values.line(value).strip()
    if not _BUCKET.fullmatch(text):
        raise BadValue(f"{hidden(text)!r} is not a bucket's name", "write the name alone, as lab-archive-replica")
    return text


def _fits_unit(layout: str, kind: UnitKind) -> None:
    from s3sync.core.archive.layout import OF_FILES, parse_layout
    from s3sync.core.archive.values import UnitKind

    unfit = sorted(parse_layout(layout).needs & OF_FILES) if kind is not UnitKind.FILE else []
    if unfit:
        raise BadValue(f"{{{unfit[0]}}} is of one file, and a unit has several", "write `unit: file`", ("layout",))


def _unit(value: object) -> UnitKind:
    from s3sync.core.archive.values import UnitKind

    return UnitKind(str(values.one_of(*UnitKind)(value)))


def _pack(value: object) -> Pack:
    from s3sync.core.archive.values import Pack

    return Pack(str(values.one_of(*Pack)(value)))


def _delete_local(value: object) -> DeleteLocal:
    from s3sync.core.archive.values import DeleteLocal

    return DeleteLocal(str(values.one_of(*DeleteLocal)(value)))


def _layout(value: object) -> str:
    from s3sync.core.archive.layout import LayoutError, parse_layout

    text = values.line(value)
    try:
        parse_layout(text)
    except LayoutError as error:
        raise BadValue(str(error)) from None
    return text


def _source(value: object) -> str:
    text = values.line(value).rstrip("/") or "/"
    if "**" in text:
        raise BadValue("`**` is not taken there", "write one * for each folder on the way, as raw/*/*")
    return text


def _tags(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise BadValue("it must be a mapping of tags", "write it like {archive: delayed}")
    if len(value) > MOST_TAGS:
        raise BadValue(f"it has {len(value)} tags, and {MOST_TAGS} are the most")
    found = {}
    for key, text in value.items():
        said = text if isinstance(text, str) else str(text) if isinstance(text, int) else None
        if said is None or not _TAG.fullmatch(said) or len(said) > 256:
            raise BadValue("a tag's value is text of letters, digits, blanks and _.:/=+-@", at=(hidden(str(key)),))
        if not _TAG.fullmatch(str(key)) or not 0 < len(str(key)) <= 128 or str(key).lower().startswith("aws:"):
            raise BadValue("a tag's name is text of letters, digits, blanks and _.:/=+-@", at=(hidden(str(key)),))
        found[str(key)] = values.plain_text(said) if said else ""
    return found


def _duration(value: object) -> int:
    from s3sync.core.durations import USAGE, parse_duration

    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    seconds = parse_duration(text)
    if seconds is None:
        raise BadValue("it is no duration", USAGE)
    return seconds


def _timezone(value: object) -> str:
    from zoneinfo import ZoneInfo

    text = values.line(value)
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise BadValue(f"{hidden(text)!r} is no time zone", "write its IANA name, as Europe/Berlin") from None
    return text


def _select(value: object) -> object:
    """Patterns, or the statement of a set whose objects come from a table."""
    return _rule("statement")(value) if isinstance(value, str) else values.texts(value)


def _rule(name: str) -> values.Check:
    """A check of a set whose objects come from a table, which others do not wait for."""

    def check(value: object) -> object:
        from s3sync.config import table_sets

        return getattr(table_sets, name)(value)

    return check


def _amount(value: object) -> int | None:
    return values.bytes_of(values.amount(value)) or None


_CHECKS: Mapping[str, values.Check] = {
    "store": schemes.store,
    "region": addresses.region,
    "endpoint_url": addresses.endpoint,
    "profile": values.profile,
    "source": _source,
    "unit": _unit,
    "group": _layout,
    "select": _select,
    "ignore": values.texts,
    "heavy": values.texts,
    "light": values.texts,
    "layout": _layout,
    "pack": _pack,
    "level": values.whole(1, 22),
    "storage_class": archive_classes.class_word,
    "tags": _tags,
    "sidecars": values.texts,
    "older_than": _duration,
    "verify_within": _duration,
    "delete_local": _delete_local,
    "keep_light": values.yes_or_no,
    "timezone": _timezone,
    "max_size": _amount,
    "lifecycle_days": values.whole(0, 36500),
    "lifecycle_class": archive_classes.class_word,
    "replica_region": addresses.region,
    "replica_bucket": replica_bucket,
    "url": _rule("database"),
    "update": _rule("statement"),
    "url_template": _rule("template"),
    "files": _source,
    "first": _rule("first"),
}
