"""A watch as it happens: a line for each thing, or with --json a JSON document on each line; and its service."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from msgspec import to_builtins

from s3sync.cli.output import (
    GREEN,
    SCHEMA,
    colour,
    error_body,
    error_lines,
    moved_line,
    printable,
    say,
    short_name,
    symbols,
    warn,
)
from s3sync.cli.show.hooks import waits_line
from s3sync.cli.show.run import conflict_lines, run_body
from s3sync.cli.show.words import Json, failed_json, failure_lines, locked_line, place_json
from s3sync.core.quantities import files_text, size_text
from s3sync.core.typed import typed
from s3sync.team.watching.service import ServiceReport
from s3sync.team.watching.told import (
    Back,
    Begun,
    Deleted,
    Gone,
    Left,
    Ran,
    Started,
    Thaws,
    Told,
    Trouble,
    Waiting,
    Works,
)

_OUT, _ERR = True, False


def tell_text(told: Told, *, quiet: bool = False) -> None:
    """Warnings and errors on stderr, the rest on stdout unless `quiet`."""
    for is_data, line in _lines(told):
        text = f"{time.strftime('%H:%M:%S')} {line}"
        if not is_data:
            warn(text)
        elif not quiet:
            say(text)
    _flush()


def tell_json(told: Told) -> None:
    say(json.dumps(_document(told), default=_plain))
    _flush()


def _flush() -> None:
    with suppress(OSError):
        sys.stdout.flush()


def _lines(told: Told) -> Iterator[tuple[bool, str]]:
    signs = symbols()
    if isinstance(told, Started):
        what = "uploads what is finished" + (", downloads what is new" if told.down else "")
        place = f"{told.place.repo}/{told.place.project}"
        yield _OUT, printable(f"{signs.sync} Watching {place}: {what}; Ctrl-C ends it")
        if not told.has_events:
            hint = "`pip install 's3sync-collab[watch]'` makes it notice changes at once, and look less often"
            yield _OUT, f"hint: {hint}"
    elif isinstance(told, Begun):
        names = ", ".join(map(short_name, told.names)) + (", ..." if told.files > len(told.names) else "")
        yield _OUT, f"{signs.up} uploading {files_text(told.files)} ({size_text(told.size_bytes)}): {names}"
    elif isinstance(told, Ran):
        yield from _ran(told)
    elif isinstance(told, Waiting):
        yield _OUT, waits_line([told.waits])
    elif isinstance(told, Left):
        yield from ((_ERR, line) for line in failure_lines(told.problems))
    elif isinstance(told, Deleted):
        yield from _deleted(told)
    elif isinstance(told, Thaws):
        yield from ((_OUT, line) for line in _thaws(told))
    elif isinstance(told, Trouble):
        yield from ((_ERR, line) for line in error_lines(told.error))
        yield _ERR, "the watch goes on, and tries again"
    elif isinstance(told, Works):
        yield _OUT, f"{signs.done} it works again"
    elif isinstance(told, Gone):
        yield _ERR, printable(f"{told.staging} is not there: nothing is synced until it is back")
    else:
        yield _OUT, printable(f"{signs.done} {told.staging} is back")


def _ran(told: Ran) -> Iterator[tuple[bool, str]]:
    sign, report = colour(symbols().done, GREEN), told.report
    for sent in report.uploaded:
        yield _OUT, moved_line(sign, sent.name, sent.size_bytes, "uploaded").strip()
    for arrived in report.downloaded:
        yield _OUT, moved_line(sign, arrived.name, arrived.size_bytes, "downloaded").strip()
    for conflict in told.conflicts:
        yield from ((_ERR, line) for line in conflict_lines(conflict, report))
    for lock in told.locked:
        yield _ERR, locked_line(lock.name or "", lock)
    yield from ((_ERR, line) for line in failure_lines(told.problems))


def _deleted(told: Deleted) -> Iterator[tuple[bool, str]]:
    if told.here:
        yield _OUT, f"{files_text(told.here)} deleted here, and kept on the remote until you run `s3sync sync`"
    if told.there:
        yield _OUT, f"{files_text(told.there)} deleted on the remote, and kept here until you run `s3sync sync`"


def _thaws(told: Thaws) -> Iterator[str]:
    for unit, until in told.ready:
        yield printable(f"{unit} can be read{f' until {until}' if until else ''}: `s3sync restore --resume`")
    for unit in told.over:
        yield printable(f"{unit} is cold again, its thaw is over: `s3sync restore {typed(unit)}` asks once more")


def _document(told: Told) -> Json:
    return {"schema": SCHEMA, "command": "watch", "event": type(told).__name__.lower(), **_fields(told)}


def _fields(told: Told) -> Json:
    if isinstance(told, Started):
        return {**place_json(told.place), "staging": told.staging, "down": told.down, "events": told.has_events}
    if isinstance(told, Begun):
        return {"names": list(told.names), "files": told.files, "size_bytes": told.size_bytes}
    if isinstance(told, Ran):
        return {"run": told.report.command, **run_body(told.report)}
    if isinstance(told, Waiting):
        waits = told.waits
        return {"files": waits.files, "size_bytes": waits.size_bytes, "deleted": waits.deleted, "by": dict(waits.by)}
    if isinstance(told, Left):
        return {"failed": list(map(failed_json, told.problems))}
    if isinstance(told, Thaws):
        return {"ready": [{"unit": unit, "until": until} for unit, until in told.ready], "over": list(told.over)}
    if isinstance(told, Deleted):
        return {"here": told.here, "there": told.there}
    if isinstance(told, Trouble):
        return {"error": error_body(told.error)}
    if isinstance(told, (Gone, Back)):
        return {"staging": told.staging}
    assert isinstance(told, Works)
    return {}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Iterator) else to_builtins(value)


def print_service(action: str, report: ServiceReport, *, quiet: bool) -> None:
    service, would = report.service, "would be " if report.dry_run else ""
    if quiet:
        return
    path = printable(str(service.path))
    if action == "install":
        say(f"{path}: {would + 'written' if report.changed else 'already there'}")
        say(f"start it, now and whenever you log in: {printable(service.start)}")
    elif action == "uninstall":
        say(f"{path}: {would + 'removed' if report.changed else 'is not there'}")
        if report.changed:
            say(f"if it runs, end it: {printable(service.stop)}")
    else:
        say(f"watching now: {printable(report.running) if report.running else 'nobody'}")
        say(f"started by {service.kind}: {'yes' if report.installed else 'no; `s3sync watch install` has it do so'}")
        if report.installed:
            say(f"see how it is: {printable(service.shows)}")


def service_json(action: str, report: ServiceReport) -> Json:
    service = report.service
    return {
        "schema": SCHEMA,
        "command": "watch",
        "action": action,
        "kind": service.kind,
        "path": str(service.path),
        "installed": report.installed,
        "changed": report.changed,
        "running": report.running,
        "start": service.start,
        "stop": service.stop,
        "dry_run": report.dry_run,
        "exit_code": 0,
    }
