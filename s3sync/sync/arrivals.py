"""Warnings about downloaded files that programs obey because of their names."""

from __future__ import annotations

from s3sync.core.names import short_text
from s3sync.core.plan import Do, Plan
from s3sync.core.spelling import obeyed_reason
from s3sync.sync.report import RunReport
from s3sync.sync.view import View, uploader

MOST_NAMED = 5
ARRIVING = (Do.DOWNLOAD, Do.KEEP_BOTH)


def warn_of_arrivals(report: RunReport, plan: Plan, seen: View) -> None:
    """Add the warnings, each once for a run: by name, with who uploaded it."""
    count = 0
    for action in plan.actions:
        if action.do not in ARRIVING or not (reason := obeyed_reason(action.path)):
            continue
        count += 1
        by = short_text(uploader(seen, action.path)[0] or "unknown")
        _add(report, f"look at {action.path} before you work in that folder: {reason} (uploaded by {by})")
        if count == MOST_NAMED:
            break
    if count == MOST_NAMED:
        total = sum(action.do in ARRIVING and obeyed_reason(action.path) is not None for action in plan.actions)
        if total > count:
            _add(report, f"{total - count} more files that programs obey arrive: see the list of what is downloaded")


def _add(report: RunReport, warning: str) -> None:
    if warning not in report.warnings:
        report.warnings.append(warning)
