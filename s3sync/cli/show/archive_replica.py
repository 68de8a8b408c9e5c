"""Output of `archive verify --replica`."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.archive.verify_replica import ReplicaReport, State
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.config import mask_url
from s3sync.core.quantities import counted, size_text


def print_replicas(reports: Iterable[ReplicaReport], *, quiet: bool) -> None:
    """Show what each replica lacks, also when all else is quiet, and how many objects are right."""
    is_missing = False
    for report in reports:
        where = f"{printable(mask_url(report.replica))} ({printable(report.region)})"
        for one in report.lacking:
            sign = symbols().newer_here if one.state is State.PENDING else symbols().failed
            size = f"{size_text(one.size)}, {printable(one.storage_class)}"
            warn(f"  {sign} {printable(one.unit)}: {printable(one.key)} ({size}) - {one.state}: {printable(one.why)}")
        is_missing = is_missing or any(one.state is State.MISSING for one in report.lacking)
        if not quiet:
            lacking = sum(one.state is not State.ONLY_THERE for one in report.lacking)
            good = report.objects - lacking
            total = f"{good} of {counted(report.objects, 'object')} ({size_text(report.size)})"
            say(f"Summary: {printable(report.set)}: {total} are in {where}")
    if is_missing:
        warn("hint: replication never takes what was there before: docs/at-scale.md says how it gets there")


def replicas_json(reports: Iterable[ReplicaReport], code: int) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "verify replica",
        "replicas": [
            {
                "set": report.set,
                "replica": mask_url(report.replica),
                "region": report.region,
                "objects": report.objects,
                "size_bytes": report.size,
                "lacking": [
                    {
                        "unit": one.unit,
                        "key": one.key,
                        "size_bytes": one.size,
                        "storage_class": one.storage_class,
                        "state": str(one.state),
                        "why": one.why,
                    }
                    for one in report.lacking
                ],
            }
            for report in reports
        ],
        "exit_code": code,
    }
