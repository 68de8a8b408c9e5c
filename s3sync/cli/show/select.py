"""Files of the remote and what of them is selected, as people and as scripts read it."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, printable, say, short_name, warn
from s3sync.cli.show.words import Json, place_json
from s3sync.core.quantities import files_text, size_text
from s3sync.core.typed import typed
from s3sync.sync.selecting import Group, SelectReport

MOST_SHOWN, MOST_CHARACTERS = 5, 200


def print_groups(report: SelectReport) -> None:
    say(f"Files of {printable(report.place.project)} on the remote:")
    for group in report.groups:
        say(_line(group))


def _line(group: Group) -> str:
    mark = "x" if group.wanted == group.files else "-" if group.wanted else " "
    some = f", {group.wanted} selected" if 0 < group.wanted < group.files else ""
    here = "all here" if group.here == group.files else f"{group.here} here" if group.here else "not here"
    return (
        f"  [{mark}] {short_name(group.name)}  {files_text(group.files)} ({size_text(group.size_bytes)}){some}, {here}"
    )


def print_select(report: SelectReport, *, quiet: bool) -> None:
    if report.foreign:
        _tell_foreign(report)
    if quiet:
        return
    print_groups(report)
    would = "would be " if report.dry_run else ""
    if not report.patterns:
        said = "everything, would be remembered" if report.dry_run else "everything"
        say(f"Selected: {said if report.changed else 'everything, as before'}")
        return
    shown = " ".join(printable(pattern) for pattern in report.patterns)
    said = f"{would}remembered" if report.changed else "as before"
    say(f"Selected: {shown} ({report.wanted} of {files_text(report.files)}), {said}")
    for pattern, files in report.namesakes.items():
        alone = printable(pattern.removeprefix("**"))
        say(
            f"{alone} is the one at the top of the project alone. {files_text(files)} more in other folders: "
            f"s3sync select --add {printable(typed(pattern))}"
        )
    if report.changed:
        say("What is here stays. What is not selected is not fetched, and deleting it here deletes it nowhere else.")
        say("`s3sync select --all` selects everything again.")


def _tell_foreign(report: SelectReport) -> None:
    """Of what was there and no selection, once and masked."""
    shown = ", ".join(printable(one[:MOST_CHARACTERS]) for one in report.foreign[:MOST_SHOWN])
    shown += ", ..." if len(report.foreign) > MOST_SHOWN else ""
    gone = "would be" if report.dry_run else "was"
    warn(f"what was selected before could not be used, or no s3sync wrote it, and {gone} removed: {shown}")


def select_json(report: SelectReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "select",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "changed": report.changed,
        "patterns": report.patterns,
        "foreign": report.foreign,
        "files": report.files,
        "wanted": report.wanted,
        "namesakes": report.namesakes,
        "groups": list(report.groups),
        "exit_code": 0,
    }
