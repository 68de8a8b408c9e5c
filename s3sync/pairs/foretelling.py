"""Forecast of a run, and of what would be refused in it: said without writing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from s3sync.core.outcome import Problem
from s3sync.core.pairs import Do, End, Step
from s3sync.core.quantities import size_text
from s3sync.errors import ENDS_THE_RUN, AccessDenied, ChecksumMismatch, NotFound, S3syncError, Unsupported
from s3sync.pairs.digests import surely_same
from s3sync.pairs.planning import Planned, is_newer
from s3sync.pairs.report import Copied, Gone, PairReport
from s3sync.pairs.values import Bucket, Folder
from s3sync.pairs.work import Work
from s3sync.store.aspects import Thaw, Thaws, ThawState, aspect
from s3sync.transfer.fetch.wanted import SPARE_BYTES
from s3sync.transfer.pool import Pool

ASKED_ALONE = 32
"""Objects whose coldness is asked for one by one."""
_COLD = {
    ThawState.COLD: "it is in cold storage ({}), and has to be thawed first",
    ThawState.THAWING: "it is being thawed ({}), and cannot be read yet",
}


def foretell(work: Work, report: PairReport, plan: Planned, *, moves: bool) -> None:
    """Report what would be done. `moves`: each of A's files that B then holds would be deleted.

    Raises what would end the run.
    """
    for path, error in plan.raced.items():
        report.failed.append(Problem(path, str(error), error.hint))
    reads = {end: {step.path for step in plan.steps if _reads(step, end)} for end in End}
    refusals = Refusals(work, reads)
    for step in plan.steps:
        reason = _refused(refusals, step)
        if reason is not None:
            doing = "deleted" if step.do is Do.DELETE else "copied"
            report.failed.append(Problem(step.path, f"cannot be {doing}: {reason}", "nothing would be overwritten"))
        elif step.do is Do.DELETE:
            size = step.replaced.size if step.replaced is not None else 0
            report.deleted.append(Gone(step.path, size, step.to, in_trash=True))
        else:
            _foretell_copy(work, report, step, moves=moves)
    if moves:
        _foretell_proofs(work, report, plan)


def _reads(step: Step, end: End) -> bool:
    """True if a place's version is copied: to the other place, or to its trash."""
    is_source = step.do is not Do.DELETE and step.to is end.other
    return step.do is Do.KEEP_BOTH or is_source or (step.to is end and step.replaced is not None)


def _refused(refusals: Refusals, step: Step) -> str | None:
    if step.do is Do.DELETE:
        return refusals.unreadable(step.path, step.to)
    ends = tuple(End) if step.do is Do.KEEP_BOTH else (step.to,)
    found = (refusals.unreadable(step.path, end) for end in End if _reads(step, end))
    return next(filter(None, found), None) or refusals.no_room(ends, step.size)


class Refusals:
    """Refusals that a look foretells: cold objects, disks that are full or closed.

    `reads`: paths of each place whose objects would be copied somewhere, if only to the trash.
    """

    def __init__(self, work: Work, reads: Mapping[End, Collection[str]]) -> None:
        places = work.opened.places
        self._disks = {end: _Disk(place) for end, place in places.items() if isinstance(place, Folder)}
        self._cold = {end: cold_objects(work, end, reads.get(end, ())) for end in End}

    def unreadable(self, path: str, end: End) -> str | None:
        """Reason why a place's version cannot be read."""
        return self._cold[end].get(path)

    def no_room(self, ends: Iterable[End], size: int) -> str | None:
        """Reason why a file would not arrive at these places; None if it would, and takes its room."""
        found = (self._disks[end].refused(size) for end in ends if end in self._disks)
        return next(filter(None, found), None)


def cold_objects(work: Work, end: End, paths: Collection[str]) -> Mapping[str, str]:
    """Objects of a store that are cold, each with its reason. Raises what would end the run.

    A few are asked for one by one, many by a listing that has their classes. Whoever may not ask is told nothing.
    """
    place = work.opened.places[end]
    thaws = aspect(place.store, Thaws) if isinstance(place, Bucket) and paths else None
    if thaws is None or not isinstance(place, Bucket):
        return {}
    keys = {work.seen[end].files[path].key: path for path in paths if path in work.seen[end].files}
    found: dict[str, Thaw] = {}
    try:
        unsaid = list(keys)
        if len(keys) > ASKED_ALONE:
            unsaid = []
            for info, thaw in thaws.list_thaws(place.prefix):
                if info.key in keys and thaw is not None:
                    found[info.key] = thaw
                elif info.key in keys:
                    unsaid.append(info.key)
        with Pool(min(work.workers, ASKED_ALONE)) as pool:
            for key, result in pool.map(thaws.thaw_of, unsaid):
                with suppress(NotFound):
                    found[key] = result.result()
    except (AccessDenied, Unsupported):
        return {}
    return {
        keys[key]: _COLD[thaw.state].format(thaw.storage_class) for key, thaw in found.items() if thaw.state in _COLD
    }


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

    def refused(self, size: int) -> str | None:
        """Reason why a file would not arrive there; None if it would, and takes its room."""
        if not self._nearest.is_dir():
            return f"{self._nearest} is a file"
        if not os.access(self._nearest, os.W_OK | os.X_OK):
            return f"{self._nearest} cannot be written to"
        if self._free is None:
            self._free = shutil.disk_usage(self._nearest).free
        if self._free < size + SPARE_BYTES:
            return f"the disk has {size_text(self._free)} free, and {size_text(SPARE_BYTES)} are kept in reserve"
        self._free -= size
        return None


def _nearest(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    while not os.path.lexists(path) and path.parent != path:
        path = path.parent
    return path
