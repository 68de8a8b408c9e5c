"""Reports as the JSON documents that docs/json.md promises. Text and JSON say the same facts.

Lists of files are iterators: `print_json` takes them item by item, and they are never in memory as a whole.
"""

from __future__ import annotations

from typing import Any

from s3sync.cli.output import SCHEMA, error_body
from s3sync.core.manifest.record import CleanedRecord
from s3sync.core.outcome import Problem
from s3sync.errors import S3syncError
from s3sync.sync.report import (
    EXIT_SOME_FAILED,
    CleanupReport,
    ConflictReport,
    Deleted,
    Moved,
    Place,
    RunReport,
    StatusReport,
    TransfersReport,
    TransferStatus,
)

Json = dict[str, Any]


def run_json(report: RunReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": report.verb.value,
        **_place(report.place),
        "dry_run": report.dry_run,
        "uploaded": (_moved(item, "bytes_sent") for item in report.uploaded),
        "downloaded": (_moved(item, "bytes_received") for item in report.downloaded),
        "deleted": map(_deleted, report.deleted),
        "skipped": iter(report.skipped),
        "conflicts": map(_conflict, report.conflicts),
        "failed": map(_failed, report.failed),
        "warnings": report.warnings,
        "bytes_sent": report.bytes_sent,
        "bytes_received": report.bytes_received,
        "bytes_saved": report.bytes_saved,
        "trash": {"files": report.trash_files, "bytes": report.trash_bytes},
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }


def status_json(report: StatusReport) -> Json:
    return {"schema": SCHEMA, "command": "status", **status_body(report)}


def status_body(report: StatusReport) -> Json:
    return {
        **_place(report.place),
        "in_sync": report.in_sync,
        "files": iter(report.files),
        "counts": report.counts,
        "failed": map(_failed, report.failed),
        "transfers": [_transfer(item) for item in report.transfers],
        "kept_conflicts": [
            {"name": kept.name, "kept_as": kept.kept_as, "by": kept.by, "at": kept.at} for kept in report.kept_conflicts
        ],
        "warnings": report.warnings,
        "last_sync": {"at": report.last_sync_at, "by": report.last_sync_by},
        "cleaned": _cleaned(report.cleaned),
    }


def verify_json(report: StatusReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "verify",
        "deep": report.verified == "deep",
        **status_body(report),
        "exit_code": EXIT_SOME_FAILED if report.failed else 0,
    }


def transfers_json(report: TransfersReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "transfers",
        **_place(report.place),
        "dry_run": report.dry_run,
        "transfers": [_transfer(item) for item in report.transfers],
        "aborted": [_transfer(item) for item in report.aborted],
    }


def _transfer(item: TransferStatus) -> Json:
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


def all_json(reports: list[StatusReport], failed: list[tuple[str, S3syncError]]) -> Json:
    broken = [{"project": name, "error": error_body(error)} for name, error in failed]
    return {
        "schema": SCHEMA,
        "command": "status",
        "projects": [status_body(report) for report in reports] + broken,
    }


def cleanup_json(report: CleanupReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "cleanup",
        **_place(report.place),
        "side": report.side,
        "dry_run": report.dry_run,
        "deleted": ({**_deleted(item), "in_trash": item.in_trash} for item in report.deleted),
        "kept": ({"name": item.path, "reason": item.error, "hint": item.hint} for item in report.kept),
        "failed": map(_failed, report.failed),
        "trash": {"files": report.trash_files, "size_bytes": report.trash_bytes},
        "trash_kept": {"files": report.trash_kept_files, "size_bytes": report.trash_kept_bytes},
        "last_copies": iter(report.last_copies),
        "old_versions": {"count": report.old_versions, "size_bytes": report.old_bytes},
        "versions_deleted": report.versions_deleted,
        "bytes_in_trash": report.bytes_in_trash,
        "bytes_freed": report.bytes_freed,
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }


def _cleaned(cleaned: CleanedRecord | None) -> Json | None:
    return None if cleaned is None else {"by": cleaned.by, "at": cleaned.at, "files": cleaned.files}


def _place(place: Place) -> Json:
    return {"project": place.project, "repo": place.repo, "store": place.store}


def _moved(item: Moved, key: str) -> Json:
    return {"name": item.name, "size_bytes": item.size_bytes, key: item.bytes_moved}


def _deleted(item: Deleted) -> Json:
    return {"name": item.name, "side": item.side, "size_bytes": item.size_bytes}


def _conflict(item: ConflictReport) -> Json:
    return {
        "name": item.name,
        "kind": item.kind.value,
        "policy": item.policy.value,
        "resolution": item.resolution,
        "kept_as": item.kept_as,
        "uploaded_by": item.uploaded_by,
        "uploaded_at": item.uploaded_at,
    }


def _failed(item: Problem) -> Json:
    return {"name": item.path, "error": item.error, "hint": item.hint}
