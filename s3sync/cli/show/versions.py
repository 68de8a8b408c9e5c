"""The reports of `versions`, and of `down --version`, `--at` and `--pinned`."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.cli.output import GREEN, SCHEMA, ago_text, colour, moved_line, printable, say, symbols, warn
from s3sync.cli.show.words import Json, by_text, failed_json, is_around, place_json, warn_of_failures
from s3sync.config.schemes import on_versions, scheme_of
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.core.reconcile import State
from s3sync.core.spelling import obeyed_reason
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.core.versions import FileVersion, Where, time_text
from s3sync.sync.report import ProjectAddress
from s3sync.team.bring_back import BringReport, Brought
from s3sync.team.versions import Keeps, VersionsReport

FEW = 20
"""Up to so many files that hold their content already are named one by one; more only with --verbose."""
PLACES = {
    Where.REMOTE: "on the remote now",
    Where.OLD_VERSION: "kept by the bucket",
    Where.REMOTE_TRASH: "in the trash on the remote",
    Where.LOCAL_TRASH: "in the trash here",
}


def print_versions(report: VersionsReport, *, verbose: bool) -> None:
    say(f"{symbols().status} Versions of {printable(report.name)}: {printable(report.place.project)}")
    for one in report.versions:
        say(f"  {one.id}  {_line(one)}")
        if verbose and not one.is_deletion:
            known = (("MD5", one.md5), ("ETag", one.etag), ("version", one.version_id), ("at", one.key))
            say(f"          {printable(', '.join(f'{word} {value}' for word, value in known if value))}")
    if not report.versions:
        say("No other version of it is known than the one that is here.")
    elif {one.where for one in report.versions if not one.is_deletion} == {Where.REMOTE}:
        say("That is the only one: there is nothing earlier to bring back.")
    for line in _keeps(report):
        say(printable(line))
    if any(not one.is_deletion and one.where is not Where.REMOTE for one in report.versions):
        say(f"To bring one back: s3sync down {_project(report.place)}{typed(printable(report.name))} --version ID")


def _keeps(report: VersionsReport) -> Iterable[str]:
    """What the store itself keeps, and what would change that or shows more, as far as its kind is known."""
    scheme, only = scheme_of(report.place.store), "only what went to a trash can come back"
    if report.keeps is Keeps.NO:
        yield f"The bucket keeps no versions: {only}. {_of_kind(scheme.to_keep, report)}".rstrip()
    elif report.keeps is Keeps.CANNOT:
        named = f"s3sync reads no versions {scheme.there}" if scheme.has_server else "This store keeps no versions"
        yield f"{named}: {only}. {_of_kind(scheme.kept_else, report)}".rstrip()
    elif report.keeps is Keeps.DENIED:
        yield f"You may not list what the bucket keeps ({scheme.right_to_versions}): there may be more versions."


def _of_kind(template: str, report: VersionsReport) -> str:
    return on_versions(template, report.place.store, f"{report.place.repo}/{report.place.project}/{report.name}")


def _project(place: ProjectAddress) -> str:
    return "" if is_around(place) else f"--project {typed(place.project)} "


def _line(one: FileVersion) -> str:
    if one.is_deletion:
        return f"{time_text(one.since)}  deleted on the remote, {_ago(one)}"
    by = f" by {printable(short_text(one.by))}" if one.by else ""
    ended = f", until {time_text(one.until)}" if one.until is not None and one.where is not Where.REMOTE else ""
    ended += f" by {printable(short_text(one.ended_by))}" if one.ended_by else ""
    return f"{time_text(one.since)}  {size_text(one.size)}{by} - {PLACES[one.where]}{ended}"


def _ago(one: FileVersion) -> str:
    return ago_text(format_time(one.since)) if one.since is not None else "at an unknown time"


def versions_json(report: VersionsReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "versions",
        **place_json(report.place),
        "name": report.name,
        "keeps_versions": report.keeps.value,
        "versions": [version_json(one) for one in report.versions],
        "exit_code": report.exit_code,
    }


def version_json(one: FileVersion) -> Json:
    since, until = (None if when is None else format_time(when) for when in (one.since, one.until))
    return {
        "id": one.id,
        "where": one.where.value,
        "is_deletion": one.is_deletion,
        "size_bytes": one.size,
        "since": since,
        "until": until,
        "by": one.by,
        "ended_by": one.ended_by,
        "md5": one.md5,
        "etag": one.etag,
        "version_id": one.version_id,
        "key": one.key,
    }


def print_brought(report: BringReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        _print_lines(report, verbose)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for one in report.brought:
        if reason := obeyed_reason(one.name):
            warn(f"warning: look at {printable(one.name)} before you work in that folder: {reason}")
    warn_of_failures(report.failed)


def _print_lines(report: BringReport, verbose: bool) -> None:
    would = "would be " if report.dry_run else ""
    for one in report.brought:
        kept = "; what stood here is in the trash" if one.replaced else ""
        text = f"{would}brought back, {_from(one.version)}{kept}"
        say(moved_line(colour(symbols().done, GREEN), one.name, one.version.size, text))
    if verbose or len(report.here) <= FEW:
        for name in report.here:
            say(f"  - {printable(name)} - holds that content already")
    total = sum(one.version.size for one in report.brought)
    parts = [f"{would}brought back {files_text(len(report.brought))} ({size_text(total)})"]
    parts += [f"{len(report.here)} as they were"] if report.here else []
    parts += [f"{len(report.failed)} failed"] if report.failed else []
    say(f"Summary: {', '.join(parts)}")
    if report.pinned and report.unpinned:
        say(f"{files_text(report.unpinned)} here {'is' if report.unpinned == 1 else 'are'} not pinned, and left alone.")
    for line in _next(report):
        say(line)


def _from(one: FileVersion) -> str:
    since = f" of {time_text(one.since)}" if one.since is not None else ""
    return f"the version{since} that is {PLACES[one.where]}"


def _next(report: BringReport) -> Iterable[str]:
    """What follows of it: once for each way that the files stand now."""
    project = "" if is_around(report.place) else f" {typed(report.place.project)}"

    def of(*states: State) -> list[Brought]:
        return [one for one in report.brought if one.state in states]

    if sent := of(State.LOCAL_NEW, State.LOCAL_MODIFIED):
        yield f"Nothing changed on the remote: the next `s3sync up{project}` sends {_these(sent)} to the others."
    if newer := of(State.REMOTE_MODIFIED):
        who = by_text(newer[0].by, newer[0].at)
        yield f"The remote has a newer version of {_these(newer)}{who}: `s3sync down{project}` fetches it."
    if clash := of(State.CONFLICT):
        who = by_text(clash[0].by, clash[0].at)
        yield f"The remote has a version of {_these(clash)} that was never here{who}: see `s3sync conflicts{project}`."
    if report.brought and not report.dry_run:
        yield f"`s3sync undo{project}` takes this back."


def _these(found: list[Brought]) -> str:
    return printable(found[0].name) if len(found) == 1 else f"these {len(found)} files"


def bring_json(report: BringReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "down",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "pinned": report.pinned,
        "brought_back": [
            {
                "name": one.name,
                "size_bytes": one.version.size,
                "replaced": one.replaced,
                "state": one.state.value,
                "version": version_json(one.version),
            }
            for one in report.brought
        ],
        "already_here": report.here,
        "unpinned": report.unpinned,
        "failed": [failed_json(one) for one in report.failed],
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }
