"""Output of `archive catalogue`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from s3sync.archives.kept import Exported, StoreChecked, StoreRebuilt
from s3sync.cli.output import SCHEMA, printable, say, warn
from s3sync.cli.show.archive_list import archived_json, member_json
from s3sync.cli.show.csv_lines import csv_line
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.core.archive.records import Archived
from s3sync.core.quantities import counted, size_text

NAMED = 20


def rebuilt_json(found: Sequence[StoreRebuilt], code: int) -> Json:
    stores = [
        {
            "store": one.store,
            "archives": one.rebuilt.archives,
            "read": one.rebuilt.read,
            "moved": one.rebuilt.moved,
            "gone": list(one.rebuilt.gone),
            "problems": [failed_json(problem) for problem in one.rebuilt.problems],
            "put_aside": one.aside,
        }
        for one in found
    ]
    return {**_head("catalogue rebuild"), "stores": stores, "exit_code": code}


def print_rebuilt(found: Sequence[StoreRebuilt], *, quiet: bool) -> None:
    for one in found:
        report = one.rebuilt
        if not quiet:
            if one.aside:
                say(f"The old catalogue lies in {printable(one.aside)}")
            moved = f", {report.moved} of them in another class than before" if report.moved else ""
            if one.was_asked:
                say(f"{printable(one.store)}: {counted(report.archives, 'archive')}, {report.read} read anew{moved}")
        _warn_of_gone(report.gone)
        warn_of_failures(report.problems)


def _warn_of_gone(gone: Sequence[str]) -> None:
    for key in gone[:NAMED]:
        warn(f"gone from the store: {printable(key)}")
    if len(gone) > NAMED:
        warn(f"... and {len(gone) - NAMED} more")
    if gone:
        warn("hint: if that is right, `s3sync archive catalogue prune` forgets them")


def export_json(found: Sequence[Exported]) -> Json:
    def archives() -> Iterator[Json]:
        for one in found:
            body = archived_json(one.archive, one.store)
            yield body if one.members is None else {**body, "members": map(member_json, one.members)}

    return {**_head("catalogue export"), "archives": archives(), "exit_code": 0}


def print_csv(found: Sequence[Exported]) -> None:
    """One row an archive, or with members one row a member; a row of names above them."""
    rows = _rows(found)
    first = next(rows, None)
    if first is None:
        return
    say(csv_line(first))
    say(csv_line(first.values()))
    for row in rows:
        say(csv_line(row.values()))


def _rows(found: Iterable[Exported]) -> Iterator[Json]:
    for one in found:
        body = archived_json(one.archive, one.store)
        if one.members is None:
            yield body
        else:
            named = ({f"member_{name}": value for name, value in member_json(member).items()} for member in one.members)
            yield from ({"unit": body["unit"], "archive": body["key"], **member} for member in named)


def checked_json(found: Sequence[StoreChecked], code: int) -> Json:
    stores = [
        {
            "store": one.store,
            "path": one.path,
            "damage": one.damage,
            "archives": one.compared.archives if one.compared else None,
            "unread": list(one.compared.unread) if one.compared else None,
            "gone": list(one.compared.gone) if one.compared else None,
            "problems": [failed_json(problem) for problem in one.compared.problems] if one.compared else None,
        }
        for one in found
    ]
    return {**_head("catalogue check"), "stores": stores, "exit_code": code}


def print_checked(found: Sequence[StoreChecked], *, quiet: bool) -> None:
    for one in found:
        if one.damage is not None:
            warn(f"damaged: {printable(one.path)}: {printable(one.damage)}")
            warn("hint: s3sync archive catalogue rebuild --anew")
            continue
        if one.is_good and not quiet:
            compared = "" if one.compared is None else f", {counted(one.compared.archives, 'archive')} as in the store"
            say(f"{printable(one.store)}: the catalogue is good{compared}")
        if one.compared is not None:
            for key in one.compared.unread[:NAMED]:
                warn(f"not in the catalogue as it is now: {printable(f'{one.store}/{key}')}")
            if one.compared.unread:
                warn("hint: s3sync archive catalogue rebuild takes in what is new or changed")
            _warn_of_gone(one.compared.gone)
            warn_of_failures(one.compared.problems)


def prune_question(gone: Sequence[Archived]) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    for one in islice(gone, NAMED):
        yield f"  {printable(one.unit)} ({size_text(one.size)}) - {one.status}: {printable(one.key)}"
    if len(gone) > NAMED:
        yield f"  ... and {len(gone) - NAMED} more"
    yield f"Forget {counted(len(gone), 'archive')} that the store does not have any more?"


def pruned_json(pruned: Sequence[Archived], dry_run: bool) -> Json:
    forgotten = [{"unit": one.unit, "key": one.key, "size_bytes": one.size, "status": one.status} for one in pruned]
    return {**_head("catalogue prune"), "dry_run": dry_run, "forgotten": forgotten, "exit_code": 0}


def print_pruned(pruned: Sequence[Archived], *, dry_run: bool) -> None:
    would = "would be forgotten" if dry_run else "forgotten"
    for one in pruned if dry_run else ():
        say(f"  {printable(one.unit)} ({size_text(one.size)}) - {one.status}: {printable(one.key)}")
    say(f"{counted(len(pruned), 'archive')} {would}" if pruned else "Nothing is gone from the store.")


def _head(action: str) -> Json:
    return {"schema": SCHEMA, "command": "archive", "action": action}
