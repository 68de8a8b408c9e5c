"""Taking back a run of `organize`: each file goes to where it was, if nobody changed it since."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from msgspec.structs import replace

from s3sync.core.etag import is_timed
from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.errors import ENDS_THE_RUN, S3syncError, SourceChanged
from s3sync.organize.journal import Line
from s3sync.organize.planning import refuse_another_name
from s3sync.organize.report import Named, UndoneReport
from s3sync.pairs.digests import proven, surely_same, tells
from s3sync.pairs.filters import EVERYTHING
from s3sync.pairs.held import IN_THE_WAY, require_arrived
from s3sync.pairs.leaving import forget
from s3sync.pairs.moving import Mover
from s3sync.pairs.values import Found
from s3sync.pairs.work import Work
from s3sync.transfer.pool import Pool

_CHANGED = "was changed since, and stays"
_HINT = "compare the two; nothing was deleted"


def undo_run(work: Work, run: str, lines: Iterable[Line], *, dry_run: bool) -> UndoneReport:
    """Take back a run whose target is place A, and its source B. A file that B still holds is not copied again."""
    places = work.opened.places
    report = UndoneReport(run, places[End.B].shown, places[End.A].shown, dry_run)
    work.look(EVERYTHING, both=False)
    ready = [line for line in (_unchanged(work, line, report) for line in lines) if line is not None]
    with ExitStack() as stack:
        if dry_run:
            pool = stack.enter_context(Pool(work.workers))
            results = pool.map(lambda one: _foretold(work, one), ready)
        else:
            refuse_another_name(work)
            forget(work, End.A, (line.new for line in ready if not line.held), stay=True)
            mover, pool = stack.enter_context(work.mover(run, lambda warning: None))
            results = pool.map(lambda one: _back(work, mover, one), ready, lambda one: one.size)
        for line, result in results:
            try:
                moved = result.result()
            except ENDS_THE_RUN:
                raise
            except S3syncError as error:
                report.kept.append(Problem(line.new, str(error), error.hint))
                continue
            report.back.append(Named(line.new, line.old, line.size, moved, gone=not (line.held or dry_run)))
    return report


def _back(work: Work, mover: Mover, line: Line) -> int:
    """Copy a file back where the source has it no longer, then delete the copy, but for one that was there before the
    run; the bytes that went over the line."""
    known, back, moved = _proven(work, line), work.seen[End.B].files.get(line.old), 0
    md5, was_there = known or line.md5, back is not None
    if back is None:
        done = mover.copy_as(line.new, line.old)
        moved, md5, back = done.moved, done.md5, done.now
        assert back is not None
        if not mover.in_one_store:  # as in a run: there nobody gains by it
            require_arrived(mover, line.old, back, md5, IN_THE_WAY)
    if not line.held:
        _require_held(work, line, back, known, was_there=was_there)
        mover.take_away(line.new, md5, line.old)
    return moved


def _foretold(work: Work, line: Line) -> int:
    """Raise what taking back a line would."""
    known, back = _proven(work, line), work.seen[End.B].files.get(line.old)
    if back is not None and not line.held:
        _require_held(work, line, back, known, was_there=True)
    return 0


def _proven(work: Work, line: Line) -> str | None:
    """MD5 of a copy whose version tells only time and size, by reading it; None where the version is enough.

    Raises `SourceChanged` for another one than the run made.
    """
    copy = work.seen[End.A].files[line.new]
    if not is_timed(copy.etag):
        return None
    known = work.knows[End.A].read(line.new, copy)
    if line.md5 is not None and known != line.md5:
        raise SourceChanged(_CHANGED, hint=_HINT)
    return known


def _require_held(work: Work, line: Line, back: Found, known: str | None, *, was_there: bool) -> None:
    """Raise `SourceChanged` unless the source holds what is about to be deleted: by its bytes, where the version of
    either tells only time and size, or is what others say of a file that this run did not put there."""
    copy, knows = work.seen[End.A].files[line.new], (work.knows[End.A], work.knows[End.B])
    if not (is_timed(copy.etag) or is_timed(back.etag) or (was_there and not tells(knows[1]))):
        return
    first = known or proven(line.new, copy, knows[0]) or knows[0].read(line.new, copy)
    second = proven(line.old, back, knows[1]) or knows[1].read(line.old, back)
    if first != second:
        raise SourceChanged(f"stays, as what is called {line.old} is not the same", hint=_HINT)


def _unchanged(work: Work, line: Line, report: UndoneReport) -> Line | None:
    """The line, if the copy is still what the run made, and its old path is free or still holds what was copied.

    Of what nobody knows to have arrived it is only what the old path holds, too, by its bytes.
    """
    copy, old = work.seen[End.A].files.get(line.new), work.seen[End.B].files.get(line.old)
    if copy is None or (old is None and not line.noted):
        if copy is None and old is None and line.noted:
            report.kept.append(Problem(line.new, "is not there any more"))
        return None
    try:
        if line.noted and not _is(work, End.A, line.new, copy, (line.size, line.new_etag, line.md5)):
            report.kept.append(Problem(line.new, _CHANGED))
            return None
        if old is None or (line.noted and _is(work, End.B, line.old, old, (line.size, line.old_etag, line.md5))):
            return line
        same, known = surely_same(line.new, copy, old, work.knows, line.old)  # an undo that was killed put it there
    except ENDS_THE_RUN:
        raise
    except S3syncError as error:
        report.kept.append(Problem(line.new, str(error), error.hint))
        return None
    if same:
        return replace(line, md5=known)
    if line.noted:
        report.kept.append(Problem(line.new, f"stays, as another file is called {line.old} by now"))
    return None


def _is(work: Work, end: End, path: str, found: Found, was: tuple[int, str, str | None]) -> bool:
    """True if a file is the one that had that size, ETag and MD5, as far as they are known."""
    size, etag, md5 = was
    if found.size != size or (etag and found.etag != etag):
        return False
    return found.file is None or md5 is None or work.knows[end].digests(path, found.file).md5 == md5
