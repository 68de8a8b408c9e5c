"""Taking back a run of `organize`: each file goes to where it was, if nobody changed it since."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.organize.journal import Line
from s3sync.organize.report import Named, UndoneReport
from s3sync.pairs.filters import EVERYTHING
from s3sync.pairs.leaving import forget
from s3sync.pairs.moving import Mover
from s3sync.pairs.work import Work

_CHANGED = "was changed since, and stays"


def undo_run(work: Work, run: str, lines: Iterable[Line], *, dry_run: bool) -> UndoneReport:
    """Take back a run whose target is place A, and its source B. A file that B still holds is not copied again."""
    places = work.opened.places
    report = UndoneReport(run, places[End.B].shown, places[End.A].shown, dry_run)
    work.look(EVERYTHING, both=False)
    ready = [line for line in lines if _is_unchanged(work, line, report)]
    if dry_run:
        report.back = [Named(line.new, line.old, line.size) for line in ready]
        return report
    forget(work, End.A, (line.new for line in ready if not line.held), stay=True)
    with work.mover(run, lambda warning: None) as (mover, pool):
        for line, result in pool.map(lambda one: _back(work, mover, one), ready, lambda one: one.size):
            try:
                moved = result.result()
            except ENDS_THE_RUN:
                raise
            except S3syncError as error:
                report.kept.append(Problem(line.new, str(error), error.hint))
                continue
            report.back.append(Named(line.new, line.old, line.size, moved, gone=not line.held))
    return report


def _back(work: Work, mover: Mover, line: Line) -> int:
    """Copy a file back where the source has it no longer, then delete the copy, but for one that was there before the
    run; the bytes that went over the line."""
    moved, md5 = 0, line.md5
    if line.old not in work.seen[End.B].files:
        done = mover.copy_as(line.new, line.old)
        moved, md5 = done.moved, done.md5
    if not line.held:
        mover.take_away(line.new, md5)
    return moved


def _is_unchanged(work: Work, line: Line, report: UndoneReport) -> bool:
    """True if the copy is still what the run made, and its old path is free or still holds what was copied."""
    copy, old = work.seen[End.A].files.get(line.new), work.seen[End.B].files.get(line.old)
    if copy is None:
        if old is None:
            report.kept.append(Problem(line.new, "is not there any more"))
        return False
    changed = copy.size != line.size or (line.new_etag and copy.etag != line.new_etag)
    if not changed and copy.file is not None and line.md5 is not None:
        changed = work.knows[End.A].digests(line.new, copy.file).md5 != line.md5
    if changed:
        report.kept.append(Problem(line.new, _CHANGED))
        return False
    if old is None:
        return True
    same = old.size == line.size and (not line.old_etag or old.etag == line.old_etag)
    if same and old.file is not None and line.md5 is not None:
        same = work.knows[End.B].digests(line.old, old.file).md5 == line.md5
    if not same:
        report.kept.append(Problem(line.new, f"stays, as another file is called {line.old} by now"))
    return same
