"""One verb on every project of the repository: one store for all, and what they ask of it asked side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from s3sync.api import Project
from s3sync.config import Settings, load_settings
from s3sync.connect import connect, pace_of
from s3sync.errors import ENDS_THE_RUN, Interrupted, NotAStore, S3syncError, StoreError
from s3sync.project import ProjectFolder, local_projects
from s3sync.repositories.note import note_repository
from s3sync.shared.listed import AskedAhead
from s3sync.store.port import Pace, Store
from s3sync.sync.report import EXIT_CONFLICTS, EXIT_DONE, EXIT_SOME_FAILED, RunReport, StatusReport
from s3sync.transfer.progress import Progress

R = TypeVar("R", StatusReport, RunReport)

LOOKED_AT_ONCE = 8
"""Projects whose status is found out at once."""
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
        cwd = Path(path).resolve()
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

    def each(self, verb: Callable[[Project], RunReport]) -> Iterator[Told[RunReport]]:
        """Run `up`, `down` or `sync` on one after the other: each has all connections to itself.

        A project that fails stops no other. After an error that would hit every project the rest have no turn.
        """
        names = iter(self.names)
        for name in names:
            told = self._told(name, verb)
            yield told
            if isinstance(told.error, CONCERNS_ALL):
                for other in names:
                    yield Told[RunReport](other, None, told.error, begun=False)

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


def worst_code(told: list[Told[RunReport]] | list[Told[StatusReport]]) -> int:
    """Find the worst of them: something failed, halted for safety, locked, conflicts. 1 where nothing could be done."""
    concerns_all = next((one.error for one in told if isinstance(one.error, CONCERNS_ALL)), None)
    if concerns_all is not None:
        return concerns_all.exit_code
    codes = {one.exit_code for one in told}
    return next((code for code in _WORST_FIRST if code in codes), max(codes, default=EXIT_DONE))
