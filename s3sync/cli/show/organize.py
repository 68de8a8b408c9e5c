"""Reports of `organize`, as people and as scripts read them."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import GREEN, SCHEMA, colour, duration_text, printable, say, symbols, warn
from s3sync.cli.show.pairs import DRY
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.core.quantities import files_text, size_text
from s3sync.organize.report import Named, OrganizeReport, UndoneReport

FEW = 20


def organize_json(report: OrganizeReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "organize",
        "source": report.source,
        "target": report.target,
        "layout": report.layout,
        "dry_run": report.dry_run,
        "move": report.moves,
        "files": [_named_json(one) for one in report.named],
        "in_place": report.alike,
        "failed": [failed_json(problem) for problem in report.failed],
        "warnings": report.warnings,
        "read_bytes": report.read_bytes,
        "moved_bytes": report.moved_bytes,
        "run": report.run,
        "exit_code": report.exit_code,
    }


def undone_json(report: UndoneReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "organize --undo",
        "run": report.run,
        "source": report.source,
        "target": report.target,
        "dry_run": report.dry_run,
        "back": [_named_json(one) for one in report.back],
        "kept": [failed_json(problem) for problem in report.kept],
        "exit_code": report.exit_code,
    }


def _named_json(one: Named) -> Json:
    return {
        "old": one.old, "new": one.new, "size_bytes": one.size_bytes, "moved_bytes": one.moved_bytes, "gone": one.gone,
    }  # fmt: skip


def plan_lines(report: OrganizeReport) -> Iterator[str]:
    """Lines of what is to be done, before it is."""
    yield f"{printable(report.source)} -> {printable(report.target)}, {files_text(len(report.named))}:"
    for one in list(report.named)[:FEW]:
        yield f"  {printable(one.old)} -> {printable(one.new)}"
    if len(report.named) > FEW:
        yield f"  ... and {len(report.named) - FEW} more"
    if report.failed:
        yield f"{files_text(len(report.failed))} would stay where they are"


def print_organized(report: OrganizeReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        dry = f" ({DRY})" if report.dry_run else ""
        say(f"{symbols().sync} Organizing {printable(report.source)} -> {printable(report.target)}{dry}")
        many = len(report.named) > FEW * 10 and not verbose
        for one in list(report.named)[: FEW if many else None]:
            say(f"  {colour(symbols().done, GREEN)} {printable(one.old)} -> {printable(one.new)}")
        if many:
            say(f"  ... and {len(report.named) - FEW} more (-v names them)")
        say(_summary(report))
        if report.run is not None:
            say(f"`s3sync organize --undo` takes it back (--run {report.run})")
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_failures(report.failed)


def _summary(report: OrganizeReport) -> str:
    what = "moved" if report.moves else "copied"
    told = [f"{'would have ' if report.dry_run else ''}{what} {files_text(len(report.named))}"]
    if report.alike:
        told.append(f"{files_text(report.alike)} there already")
    if report.failed:
        told.append(f"{files_text(len(report.failed))} left")
    told.append(f"{size_text(report.read_bytes)} read of their headers, {size_text(report.moved_bytes)} moved")
    return f"Summary: {', '.join(told)}, {duration_text(report.elapsed_s)}"


def print_undone(report: UndoneReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        for one in report.back if verbose or len(report.back) <= FEW * 10 else ():
            say(f"  {colour(symbols().done, GREEN)} {printable(one.old)} -> {printable(one.new)}")
        would = "would go" if report.dry_run else "went"
        say(f"Summary: {files_text(len(report.back))} {would} back to {printable(report.source)}")
    warn_of_failures(report.kept)
