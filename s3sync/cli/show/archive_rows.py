"""Output of `archive run` and `archive verify` for a set whose objects come from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s3sync.archive.rows.report import RowsReport, Waits
from s3sync.archive.rows.sending import Corrected, Planned, Sent
from s3sync.archive.rows.survey import RowProblem, Tally
from s3sync.archive.rows.verify import RowsVerified
from s3sync.archive.run_report import UnitReport
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_run import print_unit
from s3sync.cli.show.words import Json
from s3sync.config import mask_url
from s3sync.core.quantities import counted, size_text


def print_row(lines: Lines, quiet: bool, verbose: bool) -> Callable[[object], None]:
    """A function that shows what a run tells: each object with `verbose`, problems and corrections always."""
    unit_told = print_unit(lines, quiet, verbose)

    def told(one: object) -> None:
        if isinstance(one, UnitReport):
            unit_told(one)
        elif isinstance(one, RowProblem):
            print_problem(lines, one)
        elif isinstance(one, Waits):
            lines.note(f"waiting: {printable(one.why)}")
        elif isinstance(one, Sent):
            _object(lines, one.plan, len(one.group.pending), "archived", quiet, verbose)
        elif isinstance(one, Planned):
            _object(lines, one, 0, "would be archived", quiet, verbose)

    return told


def print_problem(lines: Lines, problem: RowProblem) -> None:
    """Show a row that cannot be archived, or is not what it says."""
    lines.note(f"  {symbols().failed} {_name(problem)}: {printable(problem.why)}")
    if problem.hint:
        lines.note(f"hint: {printable(problem.hint)}")


def _name(problem: RowProblem) -> str:
    return printable(problem.row if problem.row.startswith("row ") else f"row {problem.row}")


def _object(lines: Lines, plan: Planned, rows: int, what: str, quiet: bool, verbose: bool) -> None:
    if plan.corrected is not None:
        lines.note(f"corrected: {_correction(plan.corrected)}")
    if verbose and not quiet:
        shared = f", {rows} rows" if rows > 1 else ""
        size = size_text(plan.source.size)
        lines.show(
            f"  {symbols().done} {printable(plan.source.path)} ({size}{shared}) - {what} as {printable(plan.key)}"
        )


def _correction(found: Corrected) -> str:
    return f"{printable(found.path)} is a .{found.right} by its content, and no .{printable(found.said)}"


def print_rows_summary(report: RowsReport, *, quiet: bool) -> None:
    """Show what came of a run. What was left out is shown even when all else is quiet."""
    if not quiet:
        for line in _run_lines(report):
            say(line)
    if report.failed:
        warn(f"{counted(report.failed, 'row')} of {report.set} could not be archived; the others are done with")


def _run_lines(report: RowsReport) -> Iterator[str]:
    would = "would archive" if report.dry_run else "archived"
    what = f"{would} {counted(report.done, 'row')} as {counted(report.objects, 'object')} ({size_text(report.size)})"
    parts = [what]
    if report.known:
        parts.append(f"{report.known} of them in the store already")
    if report.corrections:
        parts.append(f"{counted(report.corrections, 'extension')} corrected")
    if report.by_others:
        parts.append(f"{counted(report.by_others, 'row')} changed by others meanwhile")
    if report.failed:
        parts.append(f"{report.failed} failed")
    yield f"Summary: {', '.join(parts)}"
    share = f" of share {report.worker}" if report.worker != "1/1" else ""
    before = f"{report.before:,} of {report.rows:,} had one before"
    yield f"Left{share}: {counted(report.left, 'row')} without an address; {before}"


def rows_json(report: RowsReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "run",
        "set": report.set,
        "store": mask_url(report.store),
        "database": report.database,
        "dry_run": report.dry_run,
        "worker": report.worker,
        "rows": report.rows,
        "archived_before": report.before,
        "archived": report.done,
        "changed_by_others": report.by_others,
        "failed": report.failed,
        "left": report.left,
        "objects": report.objects,
        "objects_known": report.known,
        "size_bytes": report.size,
        "bytes_sent": report.bytes_sent,
        "elapsed_s": round(report.elapsed_s, 3),
        "types": _types_json(report.types),
        "corrected": [{"path": one.path, "said": one.said, "right": one.right} for one in report.corrected],
        "items": [{"row": one.row, "key": one.key, "url": one.url} for one in report.archived],
        "problems": [_problem_json(one) for one in report.problems],
        "exit_code": report.exit_code,
    }


def _problem_json(problem: RowProblem) -> Json:
    return {"row": problem.row, "error": problem.why, "hint": problem.hint}


def _types_json(types: dict[str, Tally]) -> list[Json]:
    return [
        {"media_type": name, "rows": tally.rows, "archived": tally.archived} for name, tally in sorted(types.items())
    ]


def print_rows_verified(report: RowsVerified, *, quiet: bool) -> None:
    """Show the totals by type, and what was compared."""
    if not quiet:
        for line in _verify_lines(report):
            say(line)
    if report.failed:
        warn(f"{counted(report.failed, 'row')} of {report.set} not as it should be")


def _verify_lines(report: RowsVerified) -> Iterator[str]:
    width = max((len(name) for name in report.types), default=0)
    for name, tally in sorted(report.types.items()):
        yield f"  {printable(name):<{width}}  {tally.archived:,} of {tally.rows:,} archived ({_percent(tally)})"
    total = Tally(report.rows, report.archived)
    yield f"Summary: {report.archived:,} of {counted(report.rows, 'row')} archived ({_percent(total)})" + (
        f", {report.shared:,} share the object of another" if report.shared else ""
    )
    if report.in_store is not None:
        yield f"In the store, as the row says: {counted(report.in_store, 'row')}"
    if report.here is not None:
        yield f"On this disk, with its MD5: {counted(report.here, 'row')}; archived and not here: {report.not_here}"
    if report.looked_at < report.rows:
        yield f"Looked at {report.looked_at:,} of {counted(report.rows, 'row')}"


def _percent(tally: Tally) -> str:
    return f"{100 * tally.archived / tally.rows if tally.rows else 100:.1f}%"


def verified_json(report: RowsVerified) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "verify",
        "set": report.set,
        "store": mask_url(report.store),
        "database": report.database,
        "rows": report.rows,
        "archived": report.archived,
        "archived_share": round(report.share, 4),
        "shared": report.shared,
        "looked_at": report.looked_at,
        "in_store": report.in_store,
        "here": report.here,
        "not_here": report.not_here,
        "failed": report.failed,
        "types": _types_json(report.types),
        "problems": [_problem_json(one) for one in report.problems],
        "exit_code": report.exit_code,
    }
