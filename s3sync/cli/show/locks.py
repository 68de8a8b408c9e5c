"""The reports of `lock`, `unlock` and `locks`."""

from __future__ import annotations

from s3sync.cli.output import GREEN, SCHEMA, YELLOW, ago_text, colour, printable, say, short_name, symbols, warn
from s3sync.cli.show.words import Json, lock_json, place_json
from s3sync.core.quantities import files_text
from s3sync.core.team import FileLock, LockState
from s3sync.core.times import format_time
from s3sync.sync.locked import break_hint, held_text, until_text
from s3sync.team.locking import LocksReport


def print_locks(report: LocksReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        if report.action == "locks":
            _print_list(report, verbose)
        else:
            _print_done(report)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for lock in report.refused:
        text = held_text(lock) if lock.state is LockState.HELD else f"the lock cannot be read: {lock.reason}"
        warn(f"{symbols().locked} {_named(lock)}: {printable(text)}")
    if report.refused:
        warn(f"hint: {printable(break_hint(report.refused[0].name or report.refused[0].id, report.place))}")


def _print_done(report: LocksReport) -> None:
    would = "would be " if report.dry_run else ""
    for lock in report.locks:
        until = f" until {until_text(lock)}" if lock.until is not None else ""
        text = f"{would}locked{until}" if report.action == "lock" else f"{would}unlocked{_whose(lock)}"
        say(f"  {colour(symbols().done, GREEN)} {_named(lock)} - {printable(text)}")
    for name in report.absent:
        say(f"  - {short_name(name)} - is not locked")


def _whose(lock: FileLock) -> str:
    return f" (the lock of {lock.by})" if lock.by is not None and lock.state is LockState.HELD else ""


def _print_list(report: LocksReport, verbose: bool) -> None:
    say(f"{symbols().locked} Locks: {printable(report.place.project)}")
    for lock in report.locks:
        if lock.state is LockState.UNREADABLE:
            continue  # a warning says it
        text = held_text(lock)
        if lock.state is LockState.EXPIRED:
            text = f"was {text}"
        shade = YELLOW if lock.state is LockState.HELD else ""
        say(f"  {_named(lock)}  {colour(printable(text), shade) if shade else printable(text)}{_more(lock, verbose)}")
    held = sum(lock.state is LockState.HELD for lock in report.locks)
    say(f"Summary: {files_text(held)} locked")


def _more(lock: FileLock, verbose: bool) -> str:
    if not verbose or lock.since is None:
        return ""
    host = f", on {printable(lock.host)}" if lock.host else ""
    return f" (since {ago_text(format_time(lock.since))}{host})"


def _named(lock: FileLock) -> str:
    return short_name(lock.name or lock.id)


def locks_json(report: LocksReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": report.action,
        **place_json(report.place),
        "dry_run": report.dry_run,
        "locks": [lock_json(lock) for lock in report.locks],
        "refused": [lock_json(lock) for lock in report.refused],
        "absent": report.absent,
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }
