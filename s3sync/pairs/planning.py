"""The plan of a run on two places, and what can be told to fail before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from s3sync.core.names import free_conflict_name, twins, without_case
from s3sync.core.outcome import Problem
from s3sync.core.pairs import Alike, Clash, Do, End, Left, Step, Wish, plan
from s3sync.core.spelling import obeyed_reason
from s3sync.errors import NotFound, PreconditionFailed, S3syncError, SourceChanged, StoreError, TargetChanged
from s3sync.local.holds import ignores_case, refused_here
from s3sync.pairs.opening import is_made
from s3sync.pairs.report import PairReport
from s3sync.pairs.values import Bucket, Folder, Place
from s3sync.pairs.work import Work
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import aspect
from s3sync.store.required_names import RequiresNames

MOST_NAMED = 5
"""Arriving files that a warning names each."""
RACES = (PreconditionFailed, TargetChanged, SourceChanged, NotFound)
"""Errors of a path that is no longer what the plan was made with."""


class Planned(Struct):
    """The steps, what both hold alike, and what changed while it was looked at."""

    steps: SpilledList[Step] = field(default_factory=lambda: SpilledList(Step))
    agreed: SpilledList[Alike] = field(default_factory=lambda: SpilledList(Alike))
    raced: dict[str, S3syncError] = field(default_factory=dict)


def planned(work: Work, report: PairReport, wish: Wish) -> Planned:
    """Plan what was looked at; what is left alone, or cannot be done, is in the report."""
    found, taken = Planned(), [work.seen[end].files for end in End]

    def keep_name(path: str) -> str:
        user = work.user or "a"
        return free_conflict_name(path, user, work.now, lambda name: any(name in files for files in taken))

    def failed(path: str, error: S3syncError) -> None:
        if isinstance(error, RACES):
            found.raced[path] = error
        else:
            report.failed.append(Problem(path, str(error), error.hint))

    for line in plan(work.decisions(failed), wish, keep_name):
        if _is_hidden(work, line):
            continue
        if isinstance(line, Step):
            found.steps.append(line)
        elif isinstance(line, Left):
            report.left.append(line)
        elif isinstance(line, Clash):
            report.conflicts.append(line)
        else:
            found.agreed.append(line)
            if line.entry is not None:
                report.alike += 1
                report.alike_bytes += line.entry.size
    found.steps = _holdable(work, report, found.steps)
    _warn_of_arrivals(work, report, found.steps)
    return found


def _is_hidden(work: Work, line: Step | Left | Clash | Alike) -> bool:
    """True for what only looks deleted, or as if one place alone had it: the rules of the other leave it out there.

    Whoever writes into a place writes its rules, and would have a mirror delete what both hold.
    """
    if not isinstance(line, Left) and not (isinstance(line, Step) and line.do is Do.DELETE):
        return False
    return any(
        line.path not in work.seen[end].files and isinstance(place, Folder) and place.ignored(line.path)
        for end, place in work.opened.places.items()
    )


def _warn_of_arrivals(work: Work, report: PairReport, steps: SpilledList[Step]) -> None:
    """Say which of the files that come into a folder programs obey because of their names. A folder that they come from
    may be a share that others write to."""
    places = work.opened.places
    report.warnings += warnings_of(
        step.path for step in steps if step.do is not Do.DELETE and isinstance(places[step.to], Folder)
    )


def warnings_of(arriving: Iterable[str]) -> Iterator[str]:
    """Warnings of the files that arrive in a folder and that programs obey because of their names; few are named."""
    count = 0
    for path in arriving:
        if (reason := obeyed_reason(path)) is not None:
            count += 1
            if count <= MOST_NAMED:
                yield f"look at {path} before you work in that folder: {reason}"
    if count > MOST_NAMED:
        yield f"{count - MOST_NAMED} more files that programs obey arrive: see the list of what is copied"


def _holdable(work: Work, report: PairReport, steps: SpilledList[Step]) -> SpilledList[Step]:
    """The steps whose names the place can hold that changes; the others fail, each with the reason."""
    places = work.opened.places
    ends = [end for end in End if has_folders(places[end])]
    if not steps:
        return steps
    holds = {end: _Holds(work, steps, end) for end in ends}
    kept = SpilledList(Step)
    for step in steps:
        reason = None
        if step.do is not Do.DELETE:
            reason = refused_there(places[step.to], step.path)
            reason = holds[step.to].refused(step.path) if reason is None and step.to in holds else reason
        if reason is None:
            kept.append(step)
        else:
            report.failed.append(
                Problem(step.path, f"cannot be copied: {reason}", "rename it, and run the command again")
            )
    return kept


def refused_there(place: Place, path: str) -> str | None:
    """Reason why a store can hold nothing under such a name; None where it can, and for a folder."""
    names = aspect(place.store, RequiresNames) if isinstance(place, Bucket) else None
    if names is None or not isinstance(place, Bucket):
        return None
    try:
        names.require_name(place.key(path))
    except StoreError as error:
        return error.why or str(error)
    return None


def has_folders(place: Place) -> bool:
    """True where a name cannot be a file's and a folder's at once: on a disk, and in a store that lies on one."""
    return isinstance(place, Folder) or is_made(place)


class _Holds:
    """Tells which of the names that come to a place cannot be there, beside what it holds and what else comes."""

    def __init__(self, work: Work, steps: SpilledList[Step], end: End) -> None:
        self._place, self._there = work.opened.places[end], work.seen[end].files
        self._coming, self._folders = SpilledDict(bool), SpilledDict(bool)
        for step in steps:
            if step.do is not Do.DELETE and step.to is end:
                self._coming[step.path] = True
        for path in self._there:
            for above in _above(path):
                self._folders[above] = True
        self._twins = dict[str, str]()
        if isinstance(self._place, Folder) and ignores_case(self._place.root):
            names = {*self._there, *self._coming}
            self._twins = twins(sorted((without_case(path), path) for path in names))

    def refused(self, path: str) -> str | None:
        """Reason why the place cannot have it; None where it can."""
        if isinstance(self._place, Folder) and (reason := refused_here(path)):
            return reason
        if path in self._twins:
            return f"the disk takes {self._twins[path]!r} and this name for one"
        if path in self._folders:
            return f"a folder of that name stands in {self._place.shown}"
        for above in _above(path):
            if above in self._there or above in self._coming:
                return f"{above} is a file, and no folder can have its name"
        return None


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in."""
    return (path[:at] for at, letter in enumerate(path) if letter == "/")


def is_newer(work: Work, path: str, end: End) -> bool:
    """True if what is replaced at a place has a later time than what replaces it."""
    old, new = work.seen[end].files.get(path), work.seen[end.other].files.get(path)
    return old is not None and new is not None and (old.mtime_ns or 0) > (new.mtime_ns or 0)
