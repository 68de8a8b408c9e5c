"""The queue: files that are to go up when the line is back. A run of it is a run of `up`, with the base of its moment.

Nothing here asks the network but `run_queue`. A wish names what to look at, never what a file held.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.plan import Verb
from s3sync.core.times import format_time
from s3sync.core.wishes import EVERYTHING, Wish, added, is_done
from s3sync.errors import UsageError
from s3sync.local.ignore import load_ignore
from s3sync.local.patterns import MOST_READ, has_wildcard, is_readable
from s3sync.local.scan import scan_folder
from s3sync.state.queued import Foreign, Queue
from s3sync.sync.report import ProjectAddress, RunReport
from s3sync.sync.run import Options, run
from s3sync.sync.select import Selector
from s3sync.sync.session import Session

ABSENT = "the staging folder has none"


class QueueReport(Struct):
    """Report of a command on the queue: what waits after it. `gone`: those that name nothing to send: it is not here
    any more, or it is ignored or empty (these are in `ignored`, too). `unusable`: patterns that cannot be compiled, or
    that are too long together.

    `run` is what a run of it did, None where nothing was to be done. `cleared` is what waits no more. `foreign` are the
    names of rows that no s3sync wrote, cut: those that are there, or that were removed by a clearing.
    """

    place: ProjectAddress
    waiting: list[Wish] = field(default_factory=list)
    gone: list[Wish] = field(default_factory=list)
    ignored: list[Wish] = field(default_factory=list)
    unusable: list[Wish] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    run: RunReport | None = None
    cleared: list[Wish] = field(default_factory=list)
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        """Code of the run; 1 where a run met something that waits and cannot be sent."""
        code = 0 if self.run is None else self.run.exit_code
        return code or int(self.run is not None and bool(self.gone or self.unusable))


class Careful(Struct, frozen=True):
    """Knowledge of a watch about files that programs are at work on.

    A wish for one that is `busy` waits on, and nothing is sent that is not known to be finished.
    """

    busy: Sequence[str]
    is_finished: Callable[[str], bool]


class _Finished(Selector):
    """Selection of what words mean, or of all, and of that only what is finished."""

    def __init__(self, inner: Selector | None, is_finished: Callable[[str], bool], staging: Path) -> None:
        super().__init__((), staging, staging)
        self._inner, self._is_finished = inner, is_finished

    def __call__(self, path: str) -> bool:
        return (self._inner is None or self._inner(path)) and self._is_finished(path)

    def concerns(self, path: str) -> bool:
        return self._inner is None or self._inner.concerns(path)

    def resolve(
        self, known: Callable[[], Iterable[str]], gone: Mapping[str, str] | None = None, *, absent: str = ABSENT
    ) -> None:
        if self._inner is not None:
            self._inner.resolve(known, gone, absent=absent)
            self.meant = self._inner.meant
        else:
            self.meant = [EVERYTHING]


def enqueue(session: Session, names: Sequence[str], cwd: Path) -> QueueReport:
    """Have these files wait, or everything without names. Raises `UsageError` for a name that fits nothing here."""
    session.settings.require_user()
    words = _words(session, names, cwd) if names else [EVERYTHING]
    with session.lock(), session.memory() as state:
        queue = Queue(state)
        wishes = added(queue.wishes(), words, format_time(session.clock()))
        _refuse_long(queue, wishes)
        queue.put(wishes)
        return _report(session, *queue.look())


def list_queue(session: Session) -> QueueReport:
    """Look at what waits. Changes nothing."""
    with session.memory(read_only=True) as state:
        return _report(session, *Queue(state).look())


def clear_queue(session: Session, names: Sequence[str] = (), *, dry_run: bool = False) -> QueueReport:
    """Have these wait no more, or none without names: then nothing is left in the queue, whoever wrote it.

    Touches no file. Raises `UsageError` for a name that is none.
    """
    with session.lock(), session.memory(read_only=dry_run) as state:
        queue = Queue(state)
        waiting, foreign = queue.look()
        _refuse_unknown(names, waiting, foreign)
        going = [wish for wish in waiting if not names or wish.word in names]
        others = [row for row in foreign if not names or row.name in names]
        if names:
            queue.forget(going)
            queue.forget_foreign(others)
        else:
            queue.forget_all()
        report = _report(session, [wish for wish in waiting if wish not in going], others)
        report.cleared, report.dry_run = going, dry_run
        return report


def run_queue(session: Session, careful: Careful | None = None, *, dry_run: bool = False) -> QueueReport:
    """Send what waits, as `up` would now. What could not be sent waits on. Raises as `run`; then all of it does."""
    report = list_queue(session)
    ready = [wish for wish in report.waiting if wish not in report.gone and wish not in report.unusable]
    if careful is not None:
        ready = [wish for wish in ready if is_done(wish, careful.busy, is_pattern=has_wildcard(wish.word))]
    if not ready:
        odd = report.gone or report.unusable
        report.run = RunReport(Verb.UP, session.place, dry_run=dry_run) if odd else None
        return report
    report.dry_run = dry_run
    passed_over: list[str] = []
    report.run = run(session, Verb.UP, Options(_selector(session, ready, careful, passed_over), dry_run=dry_run))
    odd = [wish for wish in ready if wish.word in passed_over]  # ignored by now, or nothing left in it: the others went
    report.gone += odd
    report.ignored += odd
    ready = [wish for wish in ready if wish not in odd]
    if dry_run:
        return report
    unsent = [*(problem.path for problem in report.run.failed), *report.run.locked]
    done = [wish for wish in ready if is_done(wish, unsent, is_pattern=has_wildcard(wish.word))]
    with session.memory(locked=False) as state:
        queue = Queue(state)
        queue.forget([wish for wish in done if wish in queue.wishes()])
        report.waiting = queue.wishes()
    return report


def _selector(
    session: Session, ready: Sequence[Wish], careful: Careful | None, passed_over: list[str]
) -> Selector | None:
    staging = session.project.staging
    words = [wish.word for wish in ready if wish.word != EVERYTHING]
    selector = Selector(words, staging, staging, passed_over=passed_over) if words else None
    return selector if careful is None else _Finished(selector, careful.is_finished, staging)


def _report(session: Session, waiting: list[Wish], foreign: Sequence[Foreign]) -> QueueReport:
    staging = session.project.staging
    gone = [wish for wish in waiting if not has_wildcard(wish.word) and not os.path.lexists(staging / wish.word)]
    unusable = list(_unusable(wish for wish in waiting if has_wildcard(wish.word)))
    return QueueReport(session.place, waiting, gone, unusable=unusable, foreign=[row.name for row in foreign])


def _unusable(patterns: Iterable[Wish]) -> Iterator[Wish]:
    """Those that a run cannot look for: its patterns are bounded together, and the first ones count."""
    left = MOST_READ
    for wish in patterns:
        if is_readable(wish.word) and len(wish.word) <= left:
            left -= len(wish.word)
        else:
            yield wish


def _words(session: Session, names: Sequence[str], cwd: Path) -> list[str]:
    project, settings = session.project, session.settings
    ignored = load_ignore(settings.ignore, project.repo_root, project.staging)
    here = scan_folder(project.staging, ignored).files
    selector = Selector(names, project.staging, cwd)
    selector.resolve(lambda: here, absent=ABSENT)
    return selector.meant


def _refuse_long(queue: Queue, wishes: Sequence[Wish]) -> None:
    if not all(map(queue.can_keep, wishes)):
        raise UsageError("a name is too long to be kept", why="it has some thousand characters", hint="name its folder")
    if sum(len(wish.word) for wish in wishes if has_wildcard(wish.word)) > MOST_READ:
        raise UsageError(
            "there are too many patterns to be kept",
            why=f"with those that wait they have more than {MOST_READ} characters",
            hint="name a folder instead, or `s3sync queue run` first",
        )


def _refuse_unknown(names: Sequence[str], waiting: Sequence[Wish], foreign: Sequence[Foreign]) -> None:
    known = {wish.word for wish in waiting} | {row.name for row in foreign}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"{unknown[0]!r} does not wait in the queue", hint="`s3sync queue list` shows what does, as it is named"
        )
