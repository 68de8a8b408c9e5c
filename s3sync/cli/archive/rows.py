"""Words `archive run` and `archive verify` for a set whose objects come from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from s3sync.cli.archive.group import opened
from s3sync.cli.call import Call
from s3sync.errors import DatabaseError, Halt, S3syncError, UsageError

if TYPE_CHECKING:
    from s3sync.core.archive.rows import Worker


OF_UNITS = ("UNIT", "--older-than", "--year", "--not-archived", "--delete-local", "--deep", "--max-cost", "--engine")
_FROM_A_TABLE = "its objects come from a table: --limit, --force, --batch-size and --worker choose among the rows"
_FROM_NO_TABLE = "its objects come from no table (`source: sql`)"


def takes(call: Call, name: str | None, of_units: Sequence[object], of_rows: Mapping[str, object]) -> bool:
    """True if the set takes its objects from a table. Raises `UsageError` for options of the other kind of sets.

    `of_units` are the values of the options `OF_UNITS`.
    """
    if opened(call).chosen(name).rows is None:
        _refuse(of_rows, _FROM_NO_TABLE)
        return False
    _refuse(dict(zip(OF_UNITS, of_units, strict=True)), _FROM_A_TABLE)
    return True


def is_verified(call: Call, name: str | None, of_units: Mapping[str, object], of_rows: Mapping[str, object]) -> bool:
    """True if `verify` is to look at rows: their set was named, or an option that only rows have."""
    if name is None and not any(of_rows.values()):
        return False
    if opened(call).chosen(name).rows is None:
        _refuse(of_rows, _FROM_NO_TABLE)
        return False
    _refuse(of_units, "its objects come from a table: --check-store and --check-local say what is compared")
    return True


def _refuse(said: Mapping[str, object], why: str) -> None:
    """Raise `UsageError` for the first option that was given and does not go with the set."""
    for option, value in said.items():
        if value:
            raise UsageError(f"{option} does not go with this set", why=why, hint="s3sync archive run --help")


def run(call: Call, name: str | None, said: tuple[int | None, int, bool, bool], worker: str | None) -> int:
    """Archive the rows of a set. What was done before a database ended the run is shown, too.

    `said`: the most rows, those of a batch, whether addresses are replaced, and whether a folder store is made.
    """
    from s3sync.archive.rows.report import RowOptions
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_rows import print_row, print_rows_summary, rows_json
    from s3sync.cli.show.new_store import ask_new

    limit, batch, force, create = said
    options = RowOptions(limit, batch, force, call.dry_run, create)
    with watching(call) as lines:
        told = print_row(lines, call.quiet or call.json, call.verbose)
        try:
            report = opened(call, lines).run_rows(
                set=name, options=options, worker=_worker(worker), told=told, confirm_new=lines.before(ask_new)
            )
        except (DatabaseError, Halt) as error:
            _show_ended(call, error)
            raise
    if call.json:
        print_json(rows_json(report))
    else:
        print_rows_summary(report, quiet=call.quiet)
    return report.exit_code


def _show_ended(call: Call, error: S3syncError) -> None:
    from s3sync.cli.show.archive_rows import print_rows_summary

    if error.report is not None and not call.json and (error.report.done or error.report.objects):
        print_rows_summary(error.report, quiet=call.quiet)


def _worker(text: str | None) -> Worker:
    from s3sync.core.archive.rows import Worker, parse_worker

    try:
        return Worker() if text is None else parse_worker(text)
    except ValueError as error:
        raise UsageError(f"--worker: {error}") from None


def verify(call: Call, name: str | None, *, store: bool, local: bool, limit: int | None) -> int:
    """Compare what the rows of a set say with each other, with the store and with this disk."""
    from s3sync.archive.rows.verify import VerifyOptions
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_rows import print_row, print_rows_verified, verified_json

    with watching(call) as lines:
        options = VerifyOptions(store, local, limit)
        report = opened(call, lines).verify_rows(
            set=name, options=options, told=print_row(lines, call.quiet or call.json, call.verbose)
        )
    if call.json:
        print_json(verified_json(report))
    else:
        print_rows_verified(report, quiet=call.quiet)
    return report.exit_code
