"""The report of `pin`."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.words import Json, failed_json, is_around, place_json, warn_of_failures
from s3sync.core.quantities import files_text, size_text
from s3sync.core.typed import in_git, typed
from s3sync.team.pinning import PinReport

FEW = 20


def print_pin(report: PinReport, *, verbose: bool, quiet: bool) -> None:
    changes = (("new", report.added), ("changed", report.changed), ("no longer pinned", report.removed))
    if not quiet:
        many = not verbose and sum(len(names) for _, names in changes) > FEW
        for word, names in changes:
            for name in () if many else names:
                say(f"  {symbols().done} {printable(name)} - {word}")
        counted = ", ".join(f"{len(names)} {word}" for word, names in changes if names) or "nothing changed"
        would = "would pin" if report.dry_run else "pinned"
        say(f"Summary: {would} {files_text(report.files)} ({size_text(report.size_bytes)}): {counted}")
        if report.written:
            say(f"Commit it with git: git add {in_git(_shown(report), of_root=False)}")
    if report.unsent:
        some = ", ".join(map(printable, report.unsent[:3])) + (", ..." if len(report.unsent) > 3 else "")
        project = "" if is_around(report.place) else f" {typed(report.place.project)}"
        warn(f"warning: {files_text(len(report.unsent))} may not be on the remote as pinned: {some}")
        warn(f"hint: `s3sync up{project}` sends what is only here, so that others can bring it back")
    warn_of_failures(report.failed)


def _shown(report: PinReport) -> str:
    import os

    try:
        return os.path.relpath(report.path)
    except ValueError:  # another drive
        return str(report.path)


def pin_json(report: PinReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "pin",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "path": str(report.path),
        "written": report.written,
        "files": report.files,
        "size_bytes": report.size_bytes,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unsent": report.unsent,
        "failed": [failed_json(one) for one in report.failed],
        "exit_code": report.exit_code,
    }
