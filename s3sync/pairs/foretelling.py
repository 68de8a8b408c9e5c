"""Forecast of a run, and of what would be refused in it: said without writing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from s3sync.core.outcome import Problem
from s3sync.core.pairs import Do, End, Step
from s3sync.core.quantities import size_text
from s3sync.errors import ENDS_THE_RUN, ChecksumMismatch, S3syncError
from s3sync.pairs.digests import surely_same
from s3sync.pairs.planning import Planned, is_newer
from s3sync.pairs.report import Copied, Gone, PairReport
from s3sync.pairs.values import Folder
from s3sync.pairs.work import Work
from s3sync.transfer.fetch.wanted import SPARE_BYTES


def foretell(work: Work, report: PairReport, plan: Planned, *, moves: bool) -> None:
    """Report what would be done. `moves`: each of A's files that B then holds would be deleted.

    Raises what would end the run.
    """
    for path, error in plan.raced.items():
        report.failed.append(Problem(path, str(error), error.hint))
    disks = {end: _Disk(place) for end, place in work.opened.places.items() if isinstance(place, Folder)}
    for step in plan.steps:
        if step.do is Do.DELETE:
            size = step.replaced.size if step.replaced is not None else 0
            report.deleted.append(Gone(step.path, size, step.to, in_trash=True))
        elif reason := _refused(disks, step):
            report.failed.append(Problem(step.path, f"cannot be copied: {reason}", "nothing would be overwritten"))
        else:
            _foretell_copy(work, report, step, moves=moves)
    if moves:
        _foretell_proofs(work, report, plan)


def _refused(disks: Mapping[End, _Disk], step: Step) -> str | None:
    ends = End if step.do is Do.KEEP_BOTH else (step.to,)
    return next((reason for end in ends if end in disks and (reason := disks[end].refused(step))), None)


def _foretell_copy(work: Work, report: PairReport, step: Step, *, moves: bool) -> None:
    newer = is_newer(work, step.path, step.to)
    report.copied.append(Copied(step.path, step.size, step.to, 0, step.replaced is not None, newer))
    if moves:
        report.deleted.append(Gone(step.path, step.size, End.A, in_trash=False))


def _foretell_proofs(work: Work, report: PairReport, plan: Planned) -> None:
    """Say what would go of what both hold alike: only where the bytes themselves prove it, as in the run."""
    for line in plan.agreed:
        if line.entry is None:
            continue
        try:
            proof(work, line.path)
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            report.failed.append(Problem(line.path, str(error), error.hint))
        else:
            report.deleted.append(Gone(line.path, line.entry.size, End.A, in_trash=False))


def proof(work: Work, path: str) -> str | None:
    """MD5 of a file that B held before this run, where the bytes themselves prove that it is A's.

    Raises `ChecksumMismatch` where they do not: what somebody said of B's file takes A's away for nobody.
    """
    same, known = surely_same(path, work.seen[End.A].files[path], work.seen[End.B].files[path], work.knows)
    if not same:
        raise ChecksumMismatch(
            f"{path} stays where it is: {work.opened.places[End.B].shown} has another file under its name",
            why="that one says to be the same, and its bytes are others",
            hint="nothing was deleted; look at both, and run the command again",
        )
    return known


class _Disk:
    """A folder that would get files: whether it can be written to, and has room."""

    def __init__(self, place: Folder) -> None:
        self._nearest = _nearest(place.root)
        self._free: int | None = None

    def refused(self, step: Step) -> str | None:
        """Reason why a file would not arrive there; None if it would, and takes its room."""
        if not self._nearest.is_dir():
            return f"{self._nearest} is a file"
        if not os.access(self._nearest, os.W_OK | os.X_OK):
            return f"{self._nearest} cannot be written to"
        if self._free is None:
            self._free = shutil.disk_usage(self._nearest).free
        if self._free < step.size + SPARE_BYTES:
            return f"the disk has {size_text(self._free)} free, and {size_text(SPARE_BYTES)} are kept in reserve"
        self._free -= step.size
        return None


def _nearest(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    while not os.path.lexists(path) and path.parent != path:
        path = path.parent
    return path
