"""Reports as notices for people elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.config import Settings
from s3sync.core.notices import Notice, moved, notice
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.times import format_time
from s3sync.sync.report import EXIT_DONE, CleanupReport, ProjectAddress, RunReport
from s3sync.team.locking import LocksReport
from s3sync.team.notices.send import Sent, masked
from s3sync.team.watching.told import Ran, Told, Waiting

if TYPE_CHECKING:
    from s3sync.archive.restoring import RestoreReport
    from s3sync.archives.polling import PollReport
    from s3sync.team.resolution import ResolveReport

MOST_MEMBERS = 3


def of_run(report: RunReport, user: str, *, arrivals: bool = False) -> Iterator[Notice]:
    """`arrivals`: also what was downloaded, which only a watch tells of."""
    place = _place(report.place)
    if report.uploaded:
        files = [(item.name, item.size_bytes) for item in report.uploaded]
        yield moved("up", "uploaded", user, place, files)
    gone = [(item.name, item.size_bytes) for item in report.deleted if item.side == "remote"]
    if gone:
        yield moved("up", "deleted on the remote", user, place, gone)
    if arrivals and report.downloaded:
        files = [(item.name, item.size_bytes) for item in report.downloaded]
        yield moved("down", "received", user, place, files)
    if report.conflicts:
        names = (item.name for item in report.conflicts)
        yield notice("conflict", user, place, f"met {counted(len(report.conflicts), 'conflict')}", names)


def of_told(told: Told, user: str) -> Iterator[Notice]:
    """Notices of what a watch did, and of what it received or could have."""
    if isinstance(told, Ran):
        yield from of_run(told.report, user, arrivals=True)
    elif isinstance(told, Waiting):
        waits = told.waits
        by = ", ".join(sorted(name or "somebody" for name in waits.by)[:MOST_MEMBERS])
        summary = f"can fetch {files_text(waits.files)} ({size_text(waits.size_bytes)}) from {by}"
        yield Notice("down", user, told.place.repo, told.place.project, summary, (), waits.files, waits.size_bytes)


def of_resolve(report: ResolveReport, user: str) -> Iterator[Notice]:
    if report.exit_code == EXIT_DONE:
        kept = "both versions stay" if report.stays is None else f"the version of {report.stays.by or 'somebody'} stays"
        name = [report.conflict.name]
        yield notice("conflict", user, _place(report.place), f"decided a conflict, {kept}", name)


def of_locks(report: LocksReport, user: str) -> Iterator[Notice]:
    if not report.locks:
        return
    names = [lock.name or lock.id for lock in report.locks]
    did, first = "unlocked" if report.action == "unlock" else "locked", report.locks[0]
    summary = f"{did} {files_text(len(names))}"
    if did == "locked" and first.until is not None:
        summary += f" until {format_time(first.until)}" + (f" ({first.why})" if first.why else "")
    yield notice("lock", user, _place(report.place), summary, names)


def of_cleanup(report: CleanupReport, user: str) -> Iterator[Notice]:
    if report.deleted and report.side == "remote":
        files = [(item.name, item.size_bytes) for item in report.deleted]
        yield moved("cleanup", "cleaned up", user, _place(report.place), files)


def of_units(event: str, did: str, settings: Settings, units: Iterable[tuple[str, int]]) -> Iterator[Notice]:
    """Units of archives with their sizes."""
    found = list(units)
    if found:
        size, place = sum(size for _, size in found), (settings.repo, "archives")
        summary = f"{did} {counted(len(found), 'unit')}" + (f" ({size_text(size)})" if size else "")
        yield notice(event, settings.user or "", place, summary, (name for name, _ in found), size)


def of_restore(report: RestoreReport, settings: Settings, *, resume: bool) -> Iterator[Notice]:
    """Units whose thaw was asked for, and those that were brought back. With `resume` the first were told before."""
    if not resume:
        yield from of_units("thaw", "waits for the thaw of", settings, [(unit, 0) for unit in report.pending])
    yield from of_units("thaw", "restored", settings, [(one.unit, 0) for one in report.units])


def of_poll(report: PollReport, settings: Settings) -> Iterator[Notice]:
    """Thaws of which somebody wants to hear, and that were not told before."""
    wanted = [one for one in report.new if one.notify]
    ready = [one for one in wanted if one.state == "ready"]
    until = min((one.until for one in ready if one.until is not None), default=None)
    yield from of_units(
        "thaw",
        f"can bring back{f', until {until},' if until else ''}",
        settings,
        [(one.unit, 0) for one in ready],
    )
    yield from of_units(
        "thaw",
        "has to ask again for the thaw, which is over, of",
        settings,
        [(one.unit, 0) for one in wanted if one.state == "expired"],
    )


def _place(place: ProjectAddress) -> tuple[str, str]:
    return place.repo, place.project


def print_addresses(settings: Settings, waiting: int, *, quiet: bool) -> None:
    if quiet:
        return
    for url in settings.notify:
        say(f"  {printable(masked(url))}")
    if not settings.notify:
        say("no address: put them into `notify` in your own settings, or into S3SYNC_NOTIFY")
    say(f"events: {', '.join(settings.notices.events) or 'none'}")
    if waiting:
        say(f"waiting: the notices of {counted(waiting, 'run')}, which go with the next command's")


def addresses_json(settings: Settings, waiting: int) -> Json:
    return {
        "schema": SCHEMA,
        "command": "notify",
        "addresses": list(map(masked, settings.notify)),
        "events": list(settings.notices.events),
        "text": settings.notices.text,
        "waiting": waiting,
        "exit_code": 0,
    }


def print_sent(sent: Iterable[Sent], *, quiet: bool) -> None:
    for one in sent:
        if one.why is None and not quiet:
            say(f"  {symbols().done} {printable(one.address)} - sent")
        elif one.why is not None:
            say(f"  {symbols().failed} {printable(one.address)} - not sent: {printable(one.why)}")
        if one.in_clear:
            told = "the line is not encrypted, and whoever is in between reads its password"
            warn(f"warning: {printable(one.address)}: {told}")
            warn("hint: write mailtos:// in place of mailto://")


def sent_json(sent: Iterable[Sent], exit_code: int) -> Json:
    return {
        "schema": SCHEMA,
        "command": "notify",
        "sent": [
            {"address": one.address, "ok": one.why is None, "why": one.why, "in_clear": one.in_clear} for one in sent
        ],
        "exit_code": exit_code,
    }
