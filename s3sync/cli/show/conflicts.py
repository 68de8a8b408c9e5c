"""The reports of `conflicts` and `resolve`, and the question of `resolve`."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import (
    GREEN,
    RED,
    SCHEMA,
    YELLOW,
    ago_text,
    colour,
    printable,
    say,
    short_name,
    symbols,
    warn,
)
from s3sync.cli.show.status import CLASHES
from s3sync.cli.show.words import (
    Json,
    failed_json,
    lock_json,
    locked_json,
    place_json,
    resolve_command,
    warn_of_failures,
    warn_of_locked,
)
from s3sync.core.manifest.record import ConflictRecord
from s3sync.core.names import short_text
from s3sync.core.quantities import size_text
from s3sync.sync.locked import held_text
from s3sync.team.conflicts import HERE, ConflictsReport, Kind, OpenConflict, Version
from s3sync.team.resolution import HOW, ResolveReport


def print_conflicts(report: ConflictsReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        say(f"{symbols().conflict} Conflicts: {printable(report.place.project)}")
        for conflict in report.conflicts:
            for line in conflict_lines(conflict):
                say(line)
        for record in report.resolved if verbose else ():
            say(_resolved_line(record))
        count = len(report.conflicts)
        say(f"Summary: {count} open conflict{'' if count == 1 else 's'}" if count else "Summary: no open conflict")
        if report.conflicts:
            first = report.conflicts[0]
            say(f"To decide: `{resolve_command(report.place, first.kept_as or first.name)}` asks whose version stays")
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_failures(report.failed)


def conflict_lines(conflict: OpenConflict) -> Iterator[str]:
    """Lines that say what clashes, then both versions."""
    clash = CLASHES[conflict.conflict] if conflict.conflict else f"both versions are kept {_since(conflict)}"
    yield f"  {short_name(conflict.name)}  {colour(f'{symbols().conflict} {clash}', RED)}"
    labels = labels_of(conflict)
    width = max(map(len, labels))
    for label, version in zip(labels, conflict.versions, strict=True):
        yield f"    {label.ljust(width)}  {_version(conflict, version)}"
    if not conflict.is_sound:
        yield "    the copy is not named as one of this file: only --both decides this, and deletes nothing"
    if conflict.lock is not None:
        yield f"    {symbols().locked} {printable(held_text(conflict.lock))}"


def labels_of(conflict: OpenConflict) -> list[str]:
    """Names of the versions in an answer: `mine` and `theirs`, or `1` and `2` where that would not tell."""
    return [version.whose.value if version.whose else str(n) for n, version in enumerate(conflict.versions, 1)]


def _since(conflict: OpenConflict) -> str:
    return f"since a conflict of {printable(short_text(conflict.by or 'somebody'))} {ago_text(conflict.at)}"


def _version(conflict: OpenConflict, version: Version) -> str:
    if conflict.kind is Kind.LIVE:
        where = "here" if version.side == HERE else "on the remote"
        if version.size_bytes is None:
            return f"deleted {where}{_by(version)}"
        text = f"{size_text(version.size_bytes)}, {where}"
        return f"{text}, changed {ago_text(version.at)}" if version.side == HERE else f"{text}{_by(version)}"
    if version.size_bytes is None:
        return f"{short_name(version.name)}, not on the remote"
    return f"{short_name(version.name)}, {size_text(version.size_bytes)}{_by(version)}"


def _by(version: Version) -> str:
    if version.side == HERE or not version.by:
        return ""
    return f", by {printable(short_text(version.by))} {ago_text(version.at)}"


def _resolved_line(record: ConflictRecord) -> str:
    how = HOW.get(str(record.resolution), "the copy is gone")
    by = f" by {printable(short_text(record.resolved_by))}" if isinstance(record.resolved_by, str) else ""
    at = f" {ago_text(record.resolved_at)}" if isinstance(record.resolved_at, str) else ""
    decided = f", decided{by}{at}" if by else ""
    return f"  {short_name(record.name)}  {colour(f'{symbols().done} {how}{decided}', GREEN)}"


def print_resolved(report: ResolveReport, *, quiet: bool) -> None:
    would = "would " if report.dry_run else ""
    name = short_name(report.conflict.name)
    if not quiet and not report.failed and not report.locked:
        sign = colour(symbols().done, GREEN)
        if report.was_decided:
            went = "would go" if report.dry_run else "went"
            say(f"  {sign} {name} - was decided before; the copy {went} to the trash here, too")
        elif report.stays is not None:
            say(f"  {sign} {name} - {_stays(report, would)}")
        elif report.conflict.kind is Kind.KEPT:
            say(f"  {sign} {name} - {would}stay as it is, beside {printable(report.kept_as or '')}: decided")
        else:
            sign, copy = colour(symbols().done, YELLOW), printable(report.kept_as or "")
            say(f"  {sign} {name} - both {would}stay: yours as {copy}")
            say("`s3sync conflicts` shows them until somebody decides which one stays")
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_locked(report.locked, report.place)
    warn_of_failures(report.failed)


def _stays(report: ResolveReport, would: str) -> str:
    assert report.stays is not None
    index = report.conflict.versions.index(report.stays)
    whose = {"mine": "your version", "theirs": "their version"}.get(labels_of(report.conflict)[index], "that version")
    size = size_text(report.stays.size_bytes or 0)
    other = report.conflict.versions[1 - index]
    lost = "" if other.size_bytes is None else f"; the other one {would or 'is '}{'go to' if would else 'in'} the trash"
    return f"{whose}{' would stay' if would else ' stays'} ({size}){lost}"


def version_json(version: Version) -> Json:
    return {
        "whose": version.whose,
        "name": version.name,
        "side": version.side,
        "size_bytes": version.size_bytes,
        "by": version.by,
        "at": version.at,
    }


def conflict_json(conflict: OpenConflict) -> Json:
    return {
        "name": conflict.name,
        "kind": conflict.kind.value,
        "conflict": conflict.conflict,
        "kept_as": conflict.kept_as,
        "by": conflict.by,
        "at": conflict.at,
        "versions": [version_json(version) for version in conflict.versions],
        "only_both": not conflict.is_sound,
        "lock": None if conflict.lock is None else lock_json(conflict.lock),
    }


def conflicts_json(report: ConflictsReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "conflicts",
        **place_json(report.place),
        "conflicts": [conflict_json(one) for one in report.conflicts],
        "resolved": [_resolved_json(record) for record in report.resolved],
        "failed": list(map(failed_json, report.failed)),
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }


def _resolved_json(record: ConflictRecord) -> Json:
    told = (record.resolution, record.resolved_by, record.resolved_at)
    resolution, by, at = (text if isinstance(text, str) else None for text in told)
    return {
        "name": record.name,
        "kept_as": record.kept_as,
        "by": record.by,
        "at": record.at,
        "resolution": resolution,
        "resolved_by": by,
        "resolved_at": at,
    }


def resolve_json(report: ResolveReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "resolve",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "conflict": conflict_json(report.conflict),
        "stays": None if report.stays is None else version_json(report.stays),
        "kept_as": report.kept_as,
        "was_decided": report.was_decided,
        "failed": list(map(failed_json, report.failed)),
        "locked": locked_json(report.locked),
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }
