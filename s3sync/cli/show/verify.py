"""The report of `verify`: that of `status`, and how much was verified."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, say
from s3sync.cli.show.status import print_status, status_body
from s3sync.cli.show.words import Json
from s3sync.sync.report import EXIT_SOME_FAILED, StatusReport


def print_verify(report: StatusReport, *, verbose: bool, quiet: bool) -> None:
    print_status(report, verbose=verbose, quiet=quiet)
    if not quiet:
        depth = "every byte" if report.verified == "deep" else "records and digests"
        say(f"Verified {depth}: {len(report.files)} files, {len(report.failed)} problems")


def verify_json(report: StatusReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "verify",
        "deep": report.verified == "deep",
        **status_body(report),
        "exit_code": EXIT_SOME_FAILED if report.failed else 0,
    }
