"""One verb on every project of the repository: one store for all, and what they ask of it asked side by side."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct, structs

from s3sync.api import Project
from s3sync.aside import Aside
from s3sync.config import Settings, load_settings
from s3sync.connect import connect, pace_of
from s3sync.disk.current import named_folder
from s3sync.errors import ENDS_THE_RUN, Interrupted, NotAStore, S3syncError, StoreError
from s3sync.project import ProjectFolder, local_projects
from s3sync.repositories.note import note_repository
from s3sync.shared.listed import AskedAhead
from s3sync.store.port import Pace, Store
from s3sync.sync.report import EXIT_CONFLICTS, EXIT_DONE, EXIT_SOME_FAILED, RunReport, StatusReport
from s3sync.transfer.flow import CEILING
from s3sync.transfer.progress import Progress

if TYPE_CHECKING:
    from s3sync.sync.together import Together

R = TypeVar("R", StatusReport, RunReport)

LOOKED_AT_ONCE = 8
"""Projects whose status is found out at once."""
SIDE_BY_SIDE, FEW_FILES = 32, 300
"""Small projects that are under way at once, and the most files of one, here and in the store: together they take no
more memory than one of ten thousand files."""
HASHERS_EACH = 2
"""Files that each of these reads at once."""
CONCERNS_ALL = (*ENDS_THE_RUN, NotAStore)
"""Errors that the next project would meet, too."""
_WORST_FIRST = (EXIT_SOME_FAILED, 5, 6, EXIT_CONFLICTS)


class Told(Struct, Generic[R], frozen=True):
    """Outcome of one project: a report, or the error that ended it, with a report of what was done until then.

    `begun` is false where it had no turn.
    """

    project: str
    report: R | None = None
    error: S3syncError | None = None
    begun: bool = True

    @property
    def exit_code(self) -> int:
        """Exit code of the verb on this project alone; an error that is the project's own is 3, as a failed file is."""
        if self.error is None:
            return EXIT_DONE if self.report is None else self.report.exit_code
        return self.error.exit_code if self.error.exit_code in (5, 6) else EXIT_SOME_FAILED


class AllProjects(Struct, frozen=True):
    """Every project of the repository that has a staging folder here, by name, with one store that is open for all."""

    names: list[str]
    folders: Mapping[str, Callable[[], ProjectFolder]]
    settings: Settings
    store: Store
    cwd: Path
    pace: Pace
    progress: Progress | None = None
    lock_wait_s: float = 0

    @classmethod
    def open(
        cls,
        *,
        path: str | os.PathLike[str] = ".",
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        lock_wait_s: float = 0,
    ) -> AllProjects:
        """Ask the store what it has of them. Raises what would hit every project: no repository, no such store."""
        cwd = named_folder(path)
        settings = load_settings(cwd, flags=flags or {}, environ=os.environ if environ is None else environ)
        folders, pace = local_projects(settings, cwd), pace_of(settings)
        names = sorted(folders)
        store = connect(settings, pace=pace)
        if names:
            note_repository(settings)
            store = AskedAhead(store, settings.repo, names)
        return cls(names, folders, settings, store, cwd, pace, progress, lock_wait_s)

    def project(self, name: str) -> Project:
        """Raises `ProjectError`."""
        return Project.at(
            self.folders[name](), self.settings, self.store, self.pace, self.cwd, self.progress, self.lock_wait_s
        )

    def status(self) -> list[Told[StatusReport]]:
        """Find out the status of each. Raises what concerns all, also an error of the store that each of them met."""

        def look(name: str) -> Told[StatusReport]:
            told = self._told(name, Project.status)
            if isinstance(told.error, CONCERNS_ALL):
                raise told.error
            return told

        with ThreadPoolExecutor(LOOKED_AT_ONCE, thread_name_prefix="s3sync-projects") as threads:
            told = list(threads.map(look, self.names))
        first = told[0].error if told else None
        if first is not None and all(isinstance(one.error, StoreError) for one in told):
            raise first
        return told

    def each(
        self, verb: Callable[[Project], RunReport], turn: Callable[[Project | None], object] = lambda project: None
    ) -> Iterator[Told[RunReport]]:
        """Run `up`, `down` or `sync` on all: small projects side by side over one pool, a large one by itself.

        Results come in the order of the names, those of several projects once all of them are through. `turn` hears of
        each project that has its turn alone, and None before several. A project that fails stops no other. After an
        error that would hit every project the rest have no turn.
        """
        waiting, ended = deque(self.names), None
        while waiting and ended is None:
            some = self._next(waiting)
            if len(some) == 1:
                told = [self._told(some[0], lambda project: _begun(project, verb, turn))]
            else:
                turn(None)
                told = _said_once(self._side_by_side(some, verb))
            yield from told
            ended = next((one.error for one in told if isinstance(one.error, CONCERNS_ALL)), None)
        for other in waiting:
            yield Told[RunReport](other, None, ended, begun=False)

    def _next(self, waiting: deque[str]) -> list[str]:
        """Take out the names that have the next turn: one, or several small ones."""
        some = [waiting.popleft()]
        if self._is_small(some[0]):
            while waiting and self._is_small(waiting[0]):
                some.append(waiting.popleft())
        return some

    def _is_small(self, name: str) -> bool:
        """True for a project of few files, here and in the store; one that cannot be looked at fails by itself."""
        there = self.store.count(name) if isinstance(self.store, AskedAhead) else None
        if there is None or there > FEW_FILES:
            return False
        try:
            staging = self.folders[name]().staging
        except S3syncError:
            return True
        return sum(len(names) for _, _, names in islice(os.walk(staging), FEW_FILES)) <= FEW_FILES

    def _side_by_side(self, names: list[str], verb: Callable[[Project], RunReport]) -> list[Told[RunReport]]:
        from s3sync.sync.together import Beside, together

        lock, ended = threading.Lock(), list[S3syncError]()

        def run(name: str, shared: Together) -> Told[RunReport]:
            if ended:
                return Told[RunReport](name, None, ended[0], begun=False)

            def beside(project: Project) -> RunReport:
                progress = Beside(project.session.progress, name, lock)
                session = structs.replace(project.session, together=shared, progress=progress)
                return verb(structs.replace(project, session=session))

            told = self._told(name, beside)
            if isinstance(told.error, CONCERNS_ALL):
                ended.append(told.error)
            return told

        workers = self.settings.transfers or CEILING
        with (
            together(self.store, workers, HASHERS_EACH) as shared,
            Aside(SIDE_BY_SIDE, "s3sync-projects") as threads,
        ):
            return list(threads.map(lambda name: run(name, shared), names))

    def _told(self, name: str, verb: Callable[[Project], R]) -> Told[R]:
        ended: S3syncError | None = None
        report: R | None
        try:
            report = verb(self.project(name))
        except Interrupted:
            raise
        except S3syncError as error:
            ended, report = error, error.report
        if report is not None:
            report.flush()
        return Told(name, report, ended)


def _said_once(told: list[Told[RunReport]]) -> list[Told[RunReport]]:
    """Of those that met an error that hits all, the first alone has it; the others that did nothing had no turn."""
    first: S3syncError | None = None
    found = []
    for one in told:
        if first is not None and one.report is None and isinstance(one.error, CONCERNS_ALL):
            one = Told[RunReport](one.project, None, first, begun=False)
        elif isinstance(one.error, CONCERNS_ALL) and one.begun:
            first = first or one.error
        found.append(one)
    return found


def _begun(
    project: Project, verb: Callable[[Project], RunReport], turn: Callable[[Project | None], object]
) -> RunReport:
    turn(project)
    return verb(project)


def worst_code(told: list[Told[RunReport]] | list[Told[StatusReport]]) -> int:
    """Find the worst of them: something failed, halted for safety, locked, conflicts. 1 where nothing could be done."""
    concerns_all = next((one.error for one in told if isinstance(one.error, CONCERNS_ALL)), None)
    if concerns_all is not None:
        return concerns_all.exit_code
    codes = {one.exit_code for one in told}
    return next((code for code in _WORST_FIRST if code in codes), max(codes, default=EXIT_DONE))
