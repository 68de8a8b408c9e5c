"""`log` and `inbox`: what was done in a project, and what others did since this user last looked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core.history import (
    CLEANED,
    DELETED,
    KEPT_BOTH,
    NO_MONTH,
    SENT,
    Event,
    Known,
    Wanted,
    month_of,
    newest_first,
    read_event,
)
from s3sync.core.manifest.record import Manifest
from s3sync.core.quantities import counted
from s3sync.core.times import format_time, parse_time
from s3sync.errors import ENDS_THE_RUN, StoreError
from s3sync.shared.history import READ_AT_ONCE, list_months, month_name, read_month
from s3sync.shared.manifest import read_manifest
from s3sync.state.untold import Mark, Untold
from s3sync.store.port import ObjectInfo
from s3sync.sync.report import EXIT_DONE, OfProject, ProjectAddress
from s3sync.sync.select import paths_of
from s3sync.sync.session import Session
from s3sync.sync.status import open_state

PAGE = 50
"""Events that `log` shows where nobody says how many."""
FIRST_MONTHS = 2
"""Months that are read first. Then twice as many each time, side by side, until there are enough events."""
BYTES_AT_ONCE = 64 * 1024 * 1024
"""Size of what is read side by side."""
MOST_READ = 200_000
"""Events from which on no older months are read: they are held in memory, and all of them may be of one run."""
_FORGOTTEN = "this look is told again: without a staging folder here nothing remembers it; `s3sync down` makes one"
_TOO_MANY = f"more than {MOST_READ} events: older ones are not looked at"
CLOCKS = timedelta(days=2)
"""Time by which a computer's clock and the store's may differ."""


class HistoryReport(OfProject, Struct):
    """Report of `log` or `inbox`: the events, the newest first.

    `more`: there are older ones. `hidden` is how many events do not name all their files, so that the one that was
    asked for may be among them. Of those in `among` it is known that it is: they are told, by `run_of`. `is_first`:
    this user never looked before.
    """

    place: ProjectAddress
    command: str
    events: list[Event] = field(default_factory=list)
    more: bool = False
    hidden: int = 0
    among: set[str] = field(default_factory=set)
    is_first: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_DONE


def run_of(event: Event) -> str:
    """Name of the run that an event is of."""
    return event.run or event.id


def log(
    session: Session,
    word: str | None,
    cwd: Path,
    *,
    since_s: int | None = None,
    by: str | None = None,
    most: int = PAGE,
) -> HistoryReport:
    """The newest events: of a file or folder, of one person, since so many seconds ago. `most` 0 are all."""
    report = HistoryReport(session.place, "log")
    paths = paths_of(word, session.project.staging, cwd) if word is not None else []
    since = "" if since_s is None else _ago(session, since_s)
    wanted = Wanted(frozenset(path.rstrip("/") for path in paths), by, since=since)
    with Aside(READ_AT_ONCE, "s3sync-log") as threads:
        manifest, months = _begin(session, threads, report)
        known = Known(_last_done(manifest, wanted) if paths else ())
        found = _take(_recent(manifest, report), wanted, report, known)
        left = [info for info in months if month_name(info) >= since[:7] or month_name(info) == NO_MONTH]
        at_once = FIRST_MONTHS
        while left:
            runs = newest_first(found) if most else []
            if most and len(runs) > most and month_name(left[0]) < month_of(runs[most - 1].at):
                break
            some = _at_once(left[:at_once])
            left, at_once = left[len(some) :], 2 * at_once
            found += _read(session, threads, some, wanted, report, known)
            if left and len(found) > MOST_READ:
                report.warnings.append(_TOO_MANY)
                break
    runs = newest_first(_without_guesses(found, wanted, known, report))
    report.more = 0 < most < len(runs)
    report.events = runs[:most] if most else runs
    return report


def inbox(session: Session, *, keep: bool = False) -> HistoryReport:
    """Tell what others did since this user last looked. With `keep` the next time tells it again."""
    report, user = HistoryReport(session.place, "inbox"), session.settings.user
    with open_state(session) as state, Aside(READ_AT_ONCE, "s3sync-inbox") as threads:
        untold = Untold(state)
        manifest, months = _begin(session, threads, report)
        mark = untold.mark()
        if mark is not None and mark.revision > manifest.revision:
            mark = None  # metadata.json was lost, and begins anew
        report.is_first = mark is None
        wanted = Wanted(not_by=user, after=-1 if mark is None else mark.revision)
        recent = _recent(manifest, report)
        found = _take(recent, wanted, report)
        if mark is not None and all(event.revision > mark.revision for event in recent):
            begin = parse_time(mark.at)
            some = [info for info in months if begin is None or begin - info.modified <= CLOCKS]
            while some and len(found) <= MOST_READ:
                now = _at_once(some)
                some = some[len(now) :]
                found += _read(session, threads, now, wanted, report)
            if some:
                report.warnings.append(_TOO_MANY)
        if not keep:
            untold.set_mark(Mark(manifest.revision, format_time(session.clock())))
            if not session.project.staging.is_dir():
                report.warnings.append(_FORGOTTEN)
    report.events = newest_first(found)
    return report


def _ago(session: Session, seconds: int) -> str:
    try:
        return format_time(session.clock() - timedelta(seconds=seconds))
    except OverflowError:
        return ""


def _begin(session: Session, threads: Aside, report: HistoryReport) -> tuple[Manifest, list[ObjectInfo]]:
    """metadata.json and the months, asked for side by side. Whoever may not see the months has none."""
    listing = threads.submit(list_months, session.store, session.project.prefix)
    manifest = read_manifest(session.store, session.project.prefix).manifest
    try:
        months = listing.result()
    except ENDS_THE_RUN:
        raise
    except StoreError as error:
        report.warnings.append(f"older events cannot be seen: {error}")
        return manifest, []
    report.warnings += months.warnings
    return manifest, list(months.objects)


def _at_once(months: list[ObjectInfo]) -> list[ObjectInfo]:
    """The first of them, as many as are read side by side: one at least."""
    room = BYTES_AT_ONCE
    for number, info in enumerate(months):
        room -= info.size
        if room < 0 or number == READ_AT_ONCE:
            return months[: max(1, number)]
    return months


def _last_done(manifest: Manifest, wanted: Wanted) -> Iterator[tuple[str, str, str]]:
    """What metadata.json says of the files that are asked for."""
    for name, record in manifest.files.items():
        if wanted.means(name):
            yield SENT, record.uploaded_by, record.uploaded_at
            yield KEPT_BOTH, record.uploaded_by, record.uploaded_at
    for name, gone in manifest.deleted.items():
        if wanted.means(name):
            yield CLEANED if gone.cleaned else DELETED, gone.deleted_by, gone.deleted_at


def _without_guesses(found: list[Event], wanted: Wanted, known: Known, report: HistoryReport) -> list[Event]:
    """The events without those that were taken for what others tell by name: `log` reads the newest first."""
    if not report.among:
        return found
    for event in (one for one in found if run_of(one) not in report.among):
        for file in event.files:
            if wanted.means(file.name):
                known.told_by(file.did, event)
    kept = [one for one in found if run_of(one) not in report.among or known(one) or wanted(one)]
    report.hidden += len(found) - len(kept)
    report.among &= {run_of(one) for one in kept}
    return kept


def _read(
    session: Session,
    threads: Aside,
    months: list[ObjectInfo],
    wanted: Wanted,
    report: HistoryReport,
    known: Known | None = None,
) -> list[Event]:
    found = list[Event]()
    for month in threads.map(partial(read_month, session.store), months):
        report.warnings += month.warnings
        found += _take(month.events, wanted, report, known)
    return found


def _recent(manifest: Manifest, report: HistoryReport) -> list[Event]:
    events = [event for one in manifest.events if (event := read_event(one)) is not None]
    if bad := len(manifest.events) - len(events):
        report.warnings.append(f"{counted(bad, 'event')} in metadata.json cannot be read by this version")
    return events


def _take(events: Iterable[Event], wanted: Wanted, report: HistoryReport, known: Known | None = None) -> list[Event]:
    taken = []
    for event in events:
        if wanted(event):
            taken.append(event)
        elif wanted.may_hide(event):
            if known is not None and known(event):
                report.among.add(run_of(event))
                taken.append(event)
            else:
                report.hidden += 1
    return taken
