"""Locks of others on files of a place that is a project in a store: what they protect is left alone there."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.core.outcome import Problem
from s3sync.core.pairs import Alike, End, Step
from s3sync.core.team import FileLock
from s3sync.core.typed import typed
from s3sync.pairs.planning import Planned
from s3sync.pairs.report import PairReport
from s3sync.pairs.values import Bucket
from s3sync.pairs.work import Work
from s3sync.shared.locks import courtesies
from s3sync.spill.sequence import SpilledList
from s3sync.sync.locked import held_text


def locked_at(work: Work, end: End) -> Mapping[str, FileLock]:
    """Locks that others hold at a place, by path; none where it is no project, or nobody can tell.

    What cannot be looked at is not told: most places are no projects, and whoever may not list their records keeps
    nobody's files from anybody.
    """
    place = work.opened.places[end]
    if not isinstance(place, Bucket) or not place.prefix or place.only is not None:
        return {}
    return courtesies(place.store, place.prefix).keeping_out(work.user or None)


def is_locked(path: str, lock: FileLock) -> Problem:
    """Problem of a file that is left alone for a lock."""
    hint = f"wait or ask; in a clone of its repository `s3sync unlock --force {typed(path)}` breaks the lock"
    return Problem(path, f"{held_text(lock)}; left alone", hint)


def leave_locked(work: Work, report: PairReport, found: Planned, *, moves: bool) -> None:
    """Drop what changes a file that others have locked; it fails, as what could not be done. `moves`: A's files go."""
    ends = {step.to for step in found.steps} | ({End.A} if moves else set())
    locks = {end: held for end in ends if (held := locked_at(work, end))}
    if not locks:
        return

    def is_free(path: str, touched: tuple[End, ...]) -> bool:
        lock = next((locks[end][path] for end in touched if path in locks.get(end, {})), None)
        if lock is not None:
            report.failed.append(is_locked(path, lock))
        return lock is None

    both = (End.A,) if moves else ()
    found.steps = SpilledList(Step, (step for step in found.steps if is_free(step.path, (step.to, *both))))
    if moves:
        found.agreed = SpilledList(Alike, (line for line in found.agreed if is_free(line.path, both)))
