"""Turns of verification: who is next, by when each archive was looked at last.

A success is in the archive's own row. The table `turn` has what that cannot say: failures, which must not hold the
others up for ever, and when an archive was read, which a later look at its size does not undo. What was never looked at
counts from when it was sent. A time that is yet to come counts for none: an index may name any.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from s3sync.archive.catalogue.database import Catalogue
from s3sync.core.archive.records import PRESENT

LOOK, READ = "look", "read"
"""Kinds of turns: of looks without reading, and of reading every byte."""
RIGHT, WRONG, COLD = "right", "wrong", "cold"
BY_TURNS = "verify by turns"
"""Action of the log's entry of a run."""

_PRESENT = f"a.status IN ({', '.join(repr(str(status)) for status in PRESENT)})"


def _past(time: str) -> str:
    return f"CASE WHEN {time} <= ?1 THEN {time} ELSE '' END"


_LAST = {
    LOOK: f"max({', '.join(map(_past, ('a.uploaded_at', 'a.verified_at', 'l.at', 'r.at')))})",
    READ: f"max({_past('a.uploaded_at')}, {_past('r.at')},"
    f" CASE a.verified_how WHEN 'read' THEN {_past('a.verified_at')} ELSE '' END)",
}
_LOOKED = {LOOK: "coalesce(a.verified_at, l.at, r.at) IS NOT NULL", READ: "r.at IS NOT NULL"}
"""Order within one second: what was never looked at comes first."""
_FROM = f"""FROM archive a LEFT JOIN turn l ON l.key = a.key AND l.kind = 'look'
    LEFT JOIN turn r ON r.key = a.key AND r.kind = 'read' WHERE a.set_name = ?2 AND {_PRESENT}"""


class Next(Struct, frozen=True):
    """Archive whose turn it is. `last`: when it was looked at last, or was sent; empty where nobody knows."""

    key: str
    last: str


def note_turn(catalogue: Catalogue, key: str, kind: str, at: str, outcome: str) -> None:
    """Note that an archive was looked at, and how that ended. What is right ends what earlier looks said."""
    if outcome == RIGHT:
        catalogue.execute("DELETE FROM turn WHERE key = ? AND kind = 'look'", key)
    if kind == READ or outcome != RIGHT:
        catalogue.execute("INSERT OR REPLACE INTO turn VALUES (?, ?, ?, ?)", key, kind, at, outcome)


def count_of(catalogue: Catalogue, set: str, kind: str, now: str, before: str | None = None) -> int:
    """Number of archives of a set; `before`: only of those that were not looked at since then."""
    if before is None:
        rows = catalogue.execute(f"SELECT count(*) FROM archive a WHERE a.set_name = ? AND {_PRESENT}", set)
    else:
        rows = catalogue.execute(f"SELECT count(*) {_FROM} AND {_LAST[kind]} < ?3", now, set, before)
    return int(rows[0][0])


def next_of(catalogue: Catalogue, set: str, kind: str, now: str, limit: int, before: str | None = None) -> list[Next]:
    """Archives whose turn it is, the longest ago first, and by key among those of the same time."""
    late = f" AND {_LAST[kind]} < ?4" if before is not None else ""
    rows = catalogue.execute(
        f"SELECT a.key, {_LAST[kind]} AS last {_FROM}{late} ORDER BY last, {_LOOKED[kind]}, a.key LIMIT ?3",
        now, set, limit, *([before] if before is not None else []),
    )  # fmt: skip
    return [Next(str(key), str(last)) for key, last in rows]


def still_wrong(catalogue: Catalogue, set: str, besides: Iterable[str]) -> list[str]:
    """Units that were wrong when they were looked at last, the longest known first, but for the keys `besides`."""
    rows = catalogue.execute(
        "SELECT a.key, a.unit, min(t.at) AS since FROM turn t JOIN archive a ON a.key = t.key"
        f" WHERE t.outcome = 'wrong' AND a.set_name = ? AND {_PRESENT} GROUP BY a.key ORDER BY since, a.key",
        set,
    )
    known = frozenset(besides)
    return [str(unit) for key, unit, _ in rows if str(key) not in known]


def last_run(catalogue: Catalogue, set: str, now: str) -> str | None:
    """Time of the last run by turns of a set."""
    rows = catalogue.execute(
        "SELECT max(at) FROM log WHERE action = ? AND set_name = ? AND at <= ?", BY_TURNS, set, now
    )
    return str(rows[0][0]) if rows[0][0] is not None else None
