"""Output of `transfers`, and of `status` about transfers."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, ago_text, printable, say, symbols
from s3sync.cli.show.words import Json, place_json
from s3sync.core.quantities import size_text
from s3sync.core.unfinished import Direction
from s3sync.sync.report import TransfersReport, TransferStatus


def transfers_json(report: TransfersReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "transfers",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "transfers": [transfer_json(item) for item in report.transfers],
        "aborted": [transfer_json(item) for item in report.aborted],
    }


def transfer_json(item: TransferStatus) -> Json:
    return {
        "name": item.name,
        "direction": item.way.value,
        "done_bytes": item.done_bytes,
        "size_bytes": item.size_bytes,
        "percent": item.percent,
        "started_at": item.started_at,
        "ours": item.ours,
        "upload_id": item.upload_id,
    }


def transfer_line(transfer: TransferStatus) -> str:
    """Line of an unfinished transfer: how far it got, and what resumes it."""
    sign = symbols().up if transfer.way is Direction.UP else symbols().down
    what = "upload" if transfer.way is Direction.UP else "download"
    if transfer.ours:
        far = f"{transfer.percent} % of {size_text(transfer.size_bytes or 0)}"
        rest = f"`s3sync {transfer.way.value}` resumes it"
    else:
        far, rest = size_text(transfer.done_bytes), "not of this computer"
    began = ago_text(transfer.started_at)
    return f"  {sign} {printable(transfer.name)} - unfinished {what}, {far}, started {began}: {rest}"


def print_transfers(report: TransfersReport, *, verbose: bool) -> None:
    for transfer in report.transfers:
        shown_id = f" (upload {printable(transfer.upload_id)})" if verbose and transfer.upload_id else ""
        say(transfer_line(transfer) + shown_id)
    for transfer in report.aborted:
        say(f"  {symbols().gone} {printable(transfer.name)} - {'would be ' if report.dry_run else ''}aborted")
    foreign = [transfer for transfer in report.transfers if not transfer.ours]
    if not report.transfers and not report.aborted:
        say("No unfinished transfers.")
    if foreign:
        total = size_text(sum(transfer.done_bytes for transfer in foreign))
        many = len(foreign) > 1
        what = f"{len(foreign)} uploads from other computers are" if many else "1 upload from another computer is"
        running = (
            "They may still be running: ask before you abort one"
            if many
            else ("It may still be running: ask before you abort it")
        )
        say(f"{what} unfinished ({total}, billed). {running} (--abort NAME).")
