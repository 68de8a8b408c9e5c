"""Units on their way back, several at once: by threads of this process, or by workers of an engine. It is one path.

What is before and after the fetching of a unit is done by whoever calls, one unit after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from os import fspath
from threading import Condition
from typing import TypeVar

from msgspec import Struct

from s3sync.archive.cluster import THREADS, spread, spread_over
from s3sync.archive.picking import NoLightFiles
from s3sync.archive.place import Destination
from s3sync.archive.restore import Restored
from s3sync.archive.restoring import Ready, RestoreOptions, RestoreReport, Restoring
from s3sync.archive.workers.failure import Failure, error_of, failed
from s3sync.archive.workers.fetching import FetchTask, fetch_one, fetch_task
from s3sync.archive.workers.place import Where
from s3sync.archive.workers.sight import Unseen, marked, refusal
from s3sync.archives.thawing import OF_ONE_UNIT, Asked
from s3sync.core.archive.engines import Engine
from s3sync.core.archive.records import Archived
from s3sync.core.outcome import Problem
from s3sync.errors import DiskFull, LocalError, S3syncError
from s3sync.transfer.pool import Pool

MOST_MEMBERS = 200_000
"""Members of units that are fetched side by side, by which their memory is bounded. One unit may have more."""
Q = TypeVar("Q")


class Begun(Struct, frozen=True):
    """Means to restore a unit, the folder that it goes into, and the store as a worker opens it."""

    restoring: Restoring
    to: Destination
    where: Callable[[], Where]


class Coming(Struct, frozen=True):
    """A unit that is fetched: the `number` of its job, and what does it."""

    number: int
    archived: Archived
    restoring: Restoring
    ready: Ready
    where: Callable[[], Where]


Told = Callable[[Coming, Restored | BaseException], None]


class Alone:
    """Counts what threads fetch, so that a question comes when nothing moves on the screen."""

    def __init__(self) -> None:
        self._changed, self._under_way = Condition(), 0

    def asking(self, ask: Callable[[Q], bool]) -> Callable[[Q], bool]:
        """The question, asked once nothing is under way."""

        def asked(about: Q) -> bool:
            with self._changed:
                self._changed.wait_for(lambda: not self._under_way)
            return ask(about)

        return asked

    def begin(self) -> None:
        with self._changed:
            self._under_way += 1

    def end(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()


class Jobs:
    """Units that are to be restored: prepared one by one as they are asked for, and seen to when they are fetched.

    `begin` gives what restores a unit and the folder that it goes into; `hears` is told of one of a set that is back.
    """

    def __init__(
        self,
        jobs: Sequence[Asked],
        report: RestoreReport,
        begin: Callable[[Asked], Begun],
        hears: Callable[[str, RestoreOptions], Callable[[Restored], None]],
    ) -> None:
        self._jobs, self._report, self._begin, self._hears = jobs, report, begin, hears
        self._failed: list[tuple[int, Problem]] = []
        self._numbers: dict[int, int] = {}
        self.left: list[Asked] = []
        """Those that are being thawed."""

    def ready(self) -> Iterator[Coming]:
        """Each unit that can be fetched. Raises what ends the run, and what a single one fails with."""
        without = list[NoLightFiles]()
        for number, job in enumerate(self._jobs):
            archived, before = job.archived, len(self._report.pending)
            try:
                begun = self._begin(job)
                hears = self._hears(archived.set, job.options)
                found = begun.restoring.ready(archived, begun.to, self._report, hears)
            except DiskFull:
                raise
            except NoLightFiles as error:
                without.append(error)
                continue
            except OF_ONE_UNIT as error:
                self._fails(number, archived, error)
                continue
            if len(self._report.pending) > before:
                self.left.append(job)
            if found is not None:
                yield Coming(number, archived, begun.restoring, found, begun.where)
        if without and len(without) == len(self._jobs):
            raise without[0]

    def settle(self, one: Coming, found: Restored | BaseException) -> None:
        """Note what became of a unit. Raises what ends the run."""
        if isinstance(found, Restored):
            self._numbers[id(found)] = one.number
            options = self._jobs[one.number].options
            one.restoring.done(one.ready, found, self._report, self._hears(one.archived.set, options))
        elif isinstance(found, DiskFull) or not isinstance(found, OF_ONE_UNIT):
            raise found
        else:
            self._fails(one.number, one.archived, found)

    def close(self, begin: int) -> None:
        """Bring what the report has from `begin` on into the order of the jobs."""
        units = self._report.units
        units[begin:] = sorted(units[begin:], key=lambda one: self._numbers.get(id(one), 0))
        self._report.failed += [problem for _, problem in sorted(self._failed, key=lambda one: one[0])]

    def _fails(self, number: int, archived: Archived, error: BaseException) -> None:
        if len(self._jobs) == 1 or not isinstance(error, S3syncError):
            raise error
        self._failed.append((number, Problem(archived.unit, str(error), error.hint)))


def bring(
    coming: Iterator[Coming], engine: Engine | None, told: Told, alone: Alone, *, at_once: int, waits: bool
) -> None:
    """Fetch units as they come, and tell each when it is done, in this thread. Archives of other tools are read here.

    `at_once`: number of those that threads fetch side by side, at most a few. `waits`: the next one may have to be
    waited for, so that it is asked for when the last one is done. Raises
    `ArchiveError` for a worker that does not see the disk, and for a cluster that is gone.
    """
    if engine is None:
        _by_threads(coming, told, alone, 1 if waits else at_once)
        return
    foreign: list[Coming] = []
    _by_workers(_ours(coming, foreign), engine, told)
    _by_threads(iter(foreign), told, alone, at_once)


def _ours(coming: Iterator[Coming], foreign: list[Coming]) -> Iterator[Coming]:
    for one in coming:
        if one.ready.is_foreign:
            foreign.append(one)
        else:
            yield one


def _by_threads(coming: Iterator[Coming], told: Told, alone: Alone, at_once: int) -> None:
    pools: list[Pool] = []

    def counted() -> Iterator[Coming]:
        for one in coming:
            alone.begin()
            if one.restoring.carrier.pool not in pools:
                pools.append(one.restoring.carrier.pool)
            yield one

    def fetch(one: Coming) -> Restored:
        try:
            one.restoring.carrier.pool.check()
            return one.restoring.fetch(one.ready)
        finally:
            alone.end()

    with spread_over(None, at_once) as over:
        ahead = min(THREADS, at_once)
        try:
            for one, found in spread(over, fetch, counted(), ahead=ahead, weight=_weight, most=MOST_MEMBERS):
                told(one, found)
        except BaseException:
            for pool in pools:
                pool.stop()
            raise


def _by_workers(coming: Iterator[Coming], engine: Engine, told: Told) -> None:
    with spread_over(engine) as over, ExitStack() as held:
        marks: dict[str, tuple[Coming, ExitStack]] = {}

        def tasks() -> Iterator[FetchTask]:
            for one in coming:
                stack = held.enter_context(ExitStack())
                try:
                    mark = stack.enter_context(marked(one.ready.to))
                except LocalError as error:
                    told(one, error)
                    continue
                marks[mark.text] = one, stack
                yield fetch_task(one.where(), one.archived, one.ready, mark)

        def weight(task: FetchTask) -> int:
            return _weight(marks[task.mark.text][0])

        for task, found in spread(over, fetch_one, tasks(), weight=weight, most=MOST_MEMBERS):
            one, stack = marks.pop(task.mark.text)
            stack.close()
            if isinstance(found, Unseen):
                raise refusal(found)
            if isinstance(found, Restored):
                found.to = fspath(one.ready.to.path)
                told(one, found)
            else:
                told(one, error_of(found) if isinstance(found, Failure) else failed(one.archived.unit, found))


def _weight(one: Coming) -> int:
    return len(one.ready.index.members)
