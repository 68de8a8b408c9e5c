"""Knowledge of the catalogue that is in no index of ours: what an older tool recorded of its archives."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import asdict, astuple

from s3sync.archive.catalogue import schema
from s3sync.archive.catalogue.database import Catalogue
from s3sync.core.archive.records import Archived, LogEntry, Statistic, Status
from s3sync.core.archive.values import Kind, Member
from s3sync.core.times import parse_ns


class Facts(Struct, frozen=True, kw_only=True):
    """Details of an archive by a record. None: it says nothing, and what is known stays."""

    notes: str | None = None
    expected_class: str | None = None
    version_id: str | None = None
    transitioned_at: str | None = None
    verified_at: str | None = None
    verified_how: str | None = None
    files: int | None = None
    original_size: int | None = None
    """Both count only while the members are not known."""


def facts_of(archive: Archived) -> Facts:
    """Facts of an archive that the catalogue has."""
    return Facts(**{name: getattr(archive, name) for name in Facts.__struct_fields__})


def note_facts(catalogue: Catalogue, key: str, facts: Facts) -> None:
    """Note what a record says of an archive that the catalogue has."""
    values = {name: value for name, value in asdict(facts).items() if value is not None}
    counts = {name: schema.number(values.pop(name)) for name in ("files", "original_size") if name in values}
    for name, value in values.items():
        catalogue.execute(f"UPDATE archive SET {name} = ? WHERE key = ?", schema.text(value), key)
    for name, value in counts.items():
        catalogue.execute(
            f"UPDATE archive SET {name} = ? WHERE key = ? AND status IN (?, ?)",
            value, key, str(Status.NOT_INDEXED), str(Status.GONE),
        )  # fmt: skip


def sidecars_of(catalogue: Catalogue, key: str) -> tuple[Member, ...]:
    """Sidecars of an archive, with its own time: theirs is not known."""
    rows = catalogue.execute(
        "SELECT s.path, s.key, s.size, s.sha256, a.uploaded_at FROM sidecar s JOIN archive a ON a.id = s.archive"
        " WHERE a.key = ? AND s.key IS NOT NULL ORDER BY s.path",
        key,
    )
    with catalogue.rows_of("sidecar"):
        return tuple(
            Member(str(path), Kind.FILE, int(size), 0o644, parse_ns(at) or 0, str(sha256), key=str(own))
            for path, own, size, sha256, at in rows
        )


def add_log(catalogue: Catalogue, entries: Sequence[LogEntry]) -> int:
    """Add entries that the log does not have yet; how many those are."""
    columns = schema.LOG_COLUMNS
    with catalogue.transaction():
        catalogue.execute(f"CREATE TEMP TABLE older AS SELECT {columns} FROM log WHERE 0")
        rows = [tuple(map(_plain, (getattr(one, name) for name in one.__struct_fields__))) for one in entries]
        catalogue.execute_many(f"INSERT INTO older VALUES ({', '.join('?' * 9)})", rows)
        before = catalogue.execute("SELECT count(*) FROM log")[0][0]
        catalogue.execute(
            f"INSERT INTO log ({columns}) SELECT {columns} FROM older EXCEPT SELECT {columns} FROM log ORDER BY at"
        )
        added = int(catalogue.execute("SELECT count(*) FROM log")[0][0] - before)
        catalogue.execute("DROP TABLE older")
    return added


def add_statistics(catalogue: Catalogue, statistics: Sequence[Statistic]) -> int:
    """Add days that the statistics do not have yet; how many those are. The last of a day counts."""
    columns, days = schema.STATISTIC_COLUMNS, {(one.day, one.set, one.storage_class): one for one in statistics}
    with catalogue.transaction():
        before = catalogue.execute("SELECT count(*) FROM statistic")[0][0]
        rows = [tuple(map(_plain, astuple(one)[:7])) for one in days.values()]  # the catalogue is of one store
        catalogue.execute_many(f"INSERT OR IGNORE INTO statistic ({columns}) VALUES ({', '.join('?' * 7)})", rows)
        return int(catalogue.execute("SELECT count(*) FROM statistic")[0][0] - before)


def _plain(value: object) -> object:
    return schema.text(value) if isinstance(value, str) else schema.number(value) if isinstance(value, int) else value
