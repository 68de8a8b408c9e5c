"""Output of `archive transition --engine s3-batch`."""

from __future__ import annotations

from collections.abc import Sequence

from s3sync.archives.batching import BatchReport
from s3sync.archives.leaving import LeavePlan
from s3sync.archives.tagging import TagReport
from s3sync.cli.output import answered_yes, printable, say, warn
from s3sync.cli.show.archive_batch import job_json, print_jobs, warn_of_jobs
from s3sync.cli.show.archive_moves import done_lines, leave_json, leave_question, print_leave
from s3sync.cli.show.words import Json, warn_of_failures

NAMED = 5


def ask_to_tag(plan: LeavePlan) -> bool:
    """Show what is to be tagged, that AWS bills a job, and ask."""
    *lines, question = leave_question(plan)
    for line in lines:
        warn(line)
    warn("S3 Batch Operations bill each job, and each object.")
    return answered_yes(question)


def print_tags(reports: Sequence[TagReport], *, quiet: bool) -> None:
    """Show how each job stands, what is tagged by now, and what is to be done next."""
    if not reports:
        print_leave(reports, quiet=quiet)
    for report in reports:
        print_jobs(report.jobs, quiet=quiet)
        if report.left:
            names = ", ".join(printable(unit) for unit in report.left[:NAMED])
            more = " and more" if len(report.left) > NAMED else ""
            warn(f"warning: no job that is under way has these, so that they are left for a later run: {names}{more}")
        if report.dry_run or not report.plan.archives:
            print_leave([report], quiet=quiet)
            continue
        if report.done and not quiet:
            for line in done_lines(report.plan, report.done, dry_run=False):
                say(line)
        warn_of_failures(report.failed)
    warn_of_jobs(BatchReport([line for report in reports for line in report.jobs]))


def tags_json(reports: Sequence[TagReport], code: int) -> Json:
    found = leave_json("transition", reports, code)
    jobs = [job_json(line) for report in reports for line in report.jobs]
    left = [unit for report in reports for unit in report.left]
    return {**found, "engine": "s3-batch", "jobs": jobs, "left": left}
