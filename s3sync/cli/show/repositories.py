"""The repositories of a person: the list of them, and what was found out in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from s3sync.cli.output import SCHEMA, error_body, error_lines, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.core.plan import Verb
from s3sync.repositories.book import Remembered

if TYPE_CHECKING:
    from s3sync.all_projects import Told
    from s3sync.all_repositories import Found
    from s3sync.cli.show.run_all import AllLines
    from s3sync.errors import S3syncError
    from s3sync.sync.report import RunReport, StatusReport

NONE = "No repository is remembered yet: each one is when a command first works in it, or by `s3sync repos add`"


def repository_json(one: Remembered, error: S3syncError | None = None, **more: Any) -> Json:
    """A repository, with what was found in it or the error that kept it from being told."""
    body = {"repository": one.name, "path": one.path, "repo": one.repo, **more}
    return body if error is None else {**body, "error": error_body(error)}


def listed_json(action: str, found: Sequence[tuple[Remembered, S3syncError | None]], damaged: Sequence[str]) -> Json:
    return {
        "schema": SCHEMA,
        "command": "repos",
        "action": action,
        "repositories": [repository_json(one, error, since=one.at) for one, error in found],
        "damaged": list(damaged),
        "exit_code": 0,
    }


def print_listed(found: Sequence[tuple[Remembered, S3syncError | None]], damaged: Sequence[str]) -> None:
    if not found:
        say(NONE)
    width = max([len(printable(one.name)) for one, _ in found] + [7])
    for one, error in found:
        why = f"  {symbols().failed} {printable(error.why or error.message)}" if error is not None else ""
        say(f"  {printable(one.name).ljust(width)}  {printable(one.path)}{why}")
    for path in damaged:
        warn(f"warning: {printable(path)} is not what s3sync writes, and is not looked at: delete it")


def heading(one: Remembered) -> None:
    """Begin the part of a repository."""
    say(f"{symbols().status} {printable(one.name)} ({printable(one.path)})")


def say_error(found: Found[Any]) -> None:
    """Say why a repository could not be looked at."""
    assert found.error is not None
    warn(f"{symbols().failed} {printable(found.repository.name)} ({printable(found.repository.path)})")
    for line in error_lines(found.error):
        warn(line)


def print_statuses(found: Sequence[Found[list[Told[StatusReport]]]], *, quiet: bool) -> None:
    """Each repository with a line for each of its projects; then those that could not be looked at."""
    from s3sync.cli.show.status import print_projects_of

    if not quiet and not found:
        say(NONE)
    for one in found:
        if one.found is not None:
            if not quiet:
                heading(one.repository)
            reports = [told.report for told in one.found if told.report is not None]
            failed = [(told.project, told.error) for told in one.found if told.error is not None]
            print_projects_of(reports, failed, quiet=quiet, of=f"{one.repository.name}/")
    for one in found:
        if one.error is not None:
            say_error(one)


def statuses_json(found: Sequence[Found[list[Told[StatusReport]]]], exit_code: int) -> Json:
    from s3sync.cli.show.status import all_bodies

    repositories = []
    for one in found:
        told = one.found or []
        reports = [each.report for each in told if each.report is not None]
        failed = [(each.project, each.error) for each in told if each.error is not None]
        repositories.append(repository_json(one.repository, one.error, projects=all_bodies(reports, failed)))
    return {"schema": SCHEMA, "command": "status", "repositories": repositories, "exit_code": exit_code}


def runs_json(verb: Verb, found: Sequence[Found[list[Told[RunReport]]]], exit_code: int, *, dry_run: bool) -> Json:
    from s3sync.cli.show.run_all import project_json

    return {
        "schema": SCHEMA,
        "command": verb.value,
        "dry_run": dry_run,
        "repositories": [
            repository_json(one.repository, one.error, projects=[project_json(told) for told in one.found or []])
            for one in found
        ],
        "exit_code": exit_code,
    }


def print_runs(found: Sequence[Found[list[Told[RunReport]]]], lines: AllLines, *, quiet: bool) -> None:
    """Say what all repositories came to together."""
    if not found:
        say(NONE)
        return
    if any(one.found for one in found):
        lines.summarize([told for one in found for told in one.found or []], hints=False)
    broken = [one.repository.name for one in found if one.error is not None]
    if not quiet:
        failed = f", {len(broken)} of them could not be looked at" if broken else ""
        say(f"{len(found)} {'repository' if len(found) == 1 else 'repositories'}{failed}")
