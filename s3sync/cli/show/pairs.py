"""Reports of two places, as people and as scripts read them."""

from __future__ import annotations

from s3sync.cli.output import (
    GREEN,
    SCHEMA,
    YELLOW,
    colour,
    duration_text,
    error_body,
    moved_line,
    printable,
    say,
    symbols,
    warn,
)
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.core.pairs import Clash, End, Left, Why
from s3sync.core.quantities import files_text, size_text
from s3sync.core.reconcile import ConflictKind
from s3sync.errors import S3syncError
from s3sync.pairs.report import CheckReport, Copied, Difference, Gone, PairReport

FEW = 20
DRY = "dry run: nothing is written, and rights are not tried"
HEADS = {"sync": "Syncing", "copy": "Copying", "move": "Moving", "check": "Comparing"}
DONE = {"sync": "copied", "copy": "copied", "move": "copied"}


def pair_headline(verb: str, a: str, b: str, *, both: bool = False, dry_run: bool = False) -> str:
    arrow = "and" if verb == "check" else "<->" if both else "->"
    text = f"{symbols().sync} {HEADS[verb]} {a} {arrow} {b}"
    return printable(text) + (f" ({DRY})" if dry_run else "")


def print_pair(report: PairReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        say(pair_headline(report.verb, report.a, report.b, both=report.both, dry_run=report.dry_run))
        _print_lines(report, verbose)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for clash in report.conflicts:
        for line in _clash_lines(clash, report):
            warn(line)
    warn_of_failures(report.failed)


def _print_lines(report: PairReport, verbose: bool) -> None:
    signs, would = symbols(), "would be " if report.dry_run else ""
    few = verbose or len(report.copied) <= FEW * 10
    for item in report.copied if few else ():
        say(moved_line(colour(signs.done, GREEN), item.name, item.size_bytes, _copied_text(item, report, would)))
    for gone in report.deleted if few else ():
        kept = "kept in its trash" if gone.in_trash else "as the other place holds it"
        where = report.a if gone.at is End.A else report.b
        say(moved_line(signs.gone, gone.name, gone.size_bytes, f"{would}deleted in {printable(where)}, {kept}"))
    for left in report.left if verbose or len(report.left) <= FEW else ():
        say(moved_line(colour(signs.newer_there, YELLOW), left.path, left.size, _left_text(left, report)))
    if not verbose and len(report.left) > FEW:
        say(f"  {len(report.left)} files are only in one of the two, and were left alone (-v names them)")
    replaced = sum(item.replaced for item in report.copied)
    if (replaced or any(gone.in_trash for gone in report.deleted)) and not report.dry_run:
        say(f"What was replaced or deleted is in .s3sync/trash/{report.trash}/ of its place")
    say(_summary(report))


def _copied_text(item: Copied, report: PairReport, would: str) -> str:
    to = f" to {printable(report.a if item.to is End.A else report.b)}" if report.both else ""
    if not item.replaced:
        return f"{would}copied{to}"
    newer = "a newer one" if item.newer else "another one"
    return f"{would}copied{to}, in place of {newer}, {would}kept in its trash"


def _left_text(left: Left, report: PairReport) -> str:
    a, b = printable(report.a), printable(report.b)
    if left.why is Why.ONLY_B:
        return f"only in {b}: left alone" + (" (--delete deletes it)" if report.verb == "sync" else "")
    gone, has = (a, b) if left.why is Why.DELETED_A else (b, a)
    return f"deleted in {gone}: --delete deletes it in {has}, too"


def _clash_lines(clash: Clash, report: PairReport) -> tuple[str, str]:
    would = "would be " if report.dry_run else ""
    what = {
        ConflictKind.BOTH_EDITED: "was changed in both places",
        ConflictKind.BOTH_ADDED: "is in both places, with different content",
        ConflictKind.EDITED_HERE_DELETED_THERE: f"was changed in {report.a}, and deleted in {report.b}",
        ConflictKind.DELETED_HERE_EDITED_THERE: f"was deleted in {report.a}, and changed in {report.b}",
    }[clash.kind]
    outcome = "the changed version is kept in both"
    if clash.kept_as is not None:
        outcome = f"both {would}kept: that of {report.b} under its name, that of {report.a} as {clash.kept_as}"
    return f"{symbols().conflict} conflict: {printable(clash.path)} {printable(what)}", f"    {printable(outcome)}"


def _summary(report: PairReport) -> str:
    would, parts = "would have " if report.dry_run else "", list[str]()
    for word, items in ((DONE[report.verb], report.copied), ("deleted", report.deleted)):
        if items:
            parts.append(f"{would}{word} {files_text(len(items))} ({size_text(sum(i.size_bytes for i in items))})")
    if report.alike:
        parts.append(f"{report.alike} alike ({size_text(report.alike_bytes)})")
    if report.left:
        parts.append(f"left {len(report.left)} alone")
    if report.conflicts:
        parts.append(f"{len(report.conflicts)} in conflict")
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    return f"Summary: {', '.join(parts or ['nothing to do'])}, {duration_text(report.elapsed_s)}"


def pair_json(report: PairReport, stopped: S3syncError | None = None) -> Json:
    document: Json = {
        "schema": SCHEMA,
        "command": report.verb,
        "a": report.a,
        "b": report.b,
        "direction": "both" if report.both else "a_to_b",
        "dry_run": report.dry_run,
        "trash": report.trash,
        "copied": map(_copied_json, report.copied),
        "deleted": map(_gone_json, report.deleted),
        "left": ({"name": one.path, "why": one.why.value, "size_bytes": one.size} for one in report.left),
        "conflicts": ({"name": one.path, "kind": one.kind.value, "kept_as": one.kept_as} for one in report.conflicts),
        "failed": map(failed_json, report.failed),
        "warnings": report.warnings,
        "alike": {"files": report.alike, "bytes": report.alike_bytes},
        "bytes_moved": report.bytes_moved,
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }
    return document if stopped is None else {**document, "error": error_body(stopped), "exit_code": stopped.exit_code}


def _copied_json(item: Copied) -> Json:
    return {
        "name": item.name,
        "size_bytes": item.size_bytes,
        "to": item.to.value,
        "bytes_moved": item.bytes_moved,
        "replaced": item.replaced,
        "replaced_newer": item.newer,
    }


def _gone_json(item: Gone) -> Json:
    return {"name": item.name, "size_bytes": item.size_bytes, "at": item.at.value, "in_trash": item.in_trash}


_STATES = {"only_a": "only in A", "only_b": "only in B", "different": "different"}


def print_check(report: CheckReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        say(pair_headline("check", report.a, report.b))
        shown = report.different if verbose or len(report.different) <= FEW * 10 else report.different[: FEW * 10]
        for item in shown:
            size = item.size_a if item.size_a is not None else item.size_b or 0
            say(moved_line(colour(symbols().conflict, YELLOW), item.name, size, _STATES[item.state]))
        if len(shown) < len(report.different):
            say(f"  and {len(report.different) - len(shown)} more (-v names them)")
        alike = f"{files_text(report.alike)} alike ({size_text(report.alike_bytes)})"
        found = f"{len(report.different)} different" if report.different else "no difference"
        say(f"Summary: {found}, {alike}, {duration_text(report.elapsed_s)}")
    warn_of_failures(report.failed)


def check_json(report: CheckReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "check",
        "a": report.a,
        "b": report.b,
        "same": not report.different and not report.failed,
        "different": map(_difference_json, report.different),
        "failed": map(failed_json, report.failed),
        "alike": {"files": report.alike, "bytes": report.alike_bytes},
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }


def _difference_json(item: Difference) -> Json:
    return {"name": item.name, "state": item.state, "size_a": item.size_a, "size_b": item.size_b}
