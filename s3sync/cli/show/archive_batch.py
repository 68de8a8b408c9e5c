"""Output of verbs by S3 Batch Operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from s3sync.archive.batch.tasks import Job
from s3sync.archives.batching import BatchReport, JobLine, NewJobs
from s3sync.cli.output import SCHEMA, answered_yes, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.words import Json
from s3sync.config import Settings, mask_url
from s3sync.core.notices import Notice, notice
from s3sync.core.quantities import counted, size_text
from s3sync.store.batching import JobState


def ask(new: NewJobs) -> bool:
    """Say that AWS bills a job, and ask whether to begin it."""
    warn("S3 Batch Operations bill each job, each object, and the bytes that are read for a checksum.")
    return answered_yes(f"Begin a job on {counted(new.objects, 'object')} in {printable(mask_url(new.store))}?")


def print_following(lines: Lines, quiet: bool) -> Callable[[Job, JobState], None]:
    """A function that shows how a job that is waited for goes on."""

    def following(job: Job, state: JobState) -> None:
        if not quiet:
            lines.note(f"job {printable(job.id)}: {_state_text(state)}. Ctrl-C ends the wait, not the job.")

    return following


def print_batch(report: BatchReport, *, quiet: bool) -> None:
    """Show how each job stands, what its report said, and what is to be done next."""
    print_jobs(report.jobs, quiet=quiet)
    ended = [line for line in report.jobs if line.state.status == "Complete"]
    if ended and not quiet:
        done = f"verified {counted(report.right, 'archive')} ({size_text(report.size)}): S3 read every byte"
        say(f"Summary: {done}")
    if report.wrong:
        warn(f"{counted(len(report.wrong), 'archive')} could not be verified")
    if report.unknown:
        told = counted(report.unknown, "archive")
        warn(f"warning: no checksum is known of {told}: `s3sync archive verify --deep` reads them")
    warn_of_jobs(report)
    if not report.jobs and not quiet:
        say("No archive can be verified so.")


def print_jobs(lines: Sequence[JobLine], *, quiet: bool) -> None:
    """Show how jobs stand."""
    for line in lines:
        if line.state.has_ended and line.state.status != "Complete":
            why = printable(line.state.why or "no reason was told")
            warn(f"  {symbols().failed} job {printable(line.id)}: {printable(line.state.status)}: {why}")
        elif not quiet:
            sign = symbols().done if line.state.has_ended else symbols().newer_here
            objects = counted(line.objects, "object")
            say(f"  {sign} job {printable(line.id)} ({line.kind}, {objects}): {_state_text(line.state)}")
        if line.foreign:
            warn(f"warning: {line.foreign} lines of its report are of no object of this job, and were not believed")


def warn_of_jobs(report: BatchReport) -> None:
    """Say what is to be done about jobs that failed, or are under way."""
    if report.has_failed:
        warn("hint: `s3sync setup policy --batch` prints the rights that it needs; then run the command again")
    if report.is_pending:
        warn("hint: run the same command again later, or with --wait: it goes on with the same job")


def _state_text(state: JobState) -> str:
    done = state.succeeded + state.failed
    failed = f", {state.failed} failed" if state.failed else ""
    return f"{printable(state.status).lower()}, {done} of {state.total} done{failed}"


def of_batch(report: BatchReport, settings: Settings) -> Iterator[Notice]:
    """Notice of jobs that ended."""
    if any(line.state.has_ended for line in report.jobs):
        summary = f"verified {counted(report.right, 'archive')} ({size_text(report.size)}) by S3 Batch"
        if report.wrong:
            summary += f"; {len(report.wrong)} could not be verified"
        if report.has_failed:
            summary += "; a job failed"
        names = (one.unit for one in report.wrong)
        yield notice("verify", settings.user or "", (settings.repo, "archives"), summary, names)


def batch_json(action: str, report: BatchReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": action,
        "engine": "s3-batch",
        "jobs": [job_json(line) for line in report.jobs],
        "verified": report.right,
        "verified_bytes": report.size,
        "wrong": [{"unit": one.unit, "key": one.key, "error": one.error} for one in report.wrong],
        "unknown": report.unknown,
        "exit_code": report.exit_code,
    }


def job_json(line: JobLine) -> Json:
    return {
        "kind": line.kind,
        "id": line.id,
        "store": mask_url(line.store),
        "status": line.state.status,
        "why": line.state.why,
        "objects": line.objects,
        "succeeded": line.state.succeeded,
        "failed": line.state.failed,
        "foreign_lines": line.foreign,
    }
