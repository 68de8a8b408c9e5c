"""Events of archive runs and restores, in the history of the projects whose files they concern.

They make no write of metadata.json: an event waits in the state.db of its project, and goes along with the next write.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from msgspec.structs import replace

from s3sync.archive.restore import Restored
from s3sync.archive.unit_root import real_root
from s3sync.archive.work import Working
from s3sync.archives.forgetting import forgetting
from s3sync.config import Settings
from s3sync.connect import connect
from s3sync.core.archive.values import Kind, Unit
from s3sync.core.history import ARCHIVED, FREED, RESTORED, Draft
from s3sync.core.names import nfc
from s3sync.errors import S3syncError
from s3sync.local.room import state_folder
from s3sync.project import ProjectFolder, find_project
from s3sync.sync.events import note_event
from s3sync.sync.session import Session

LONGEST_NOTE = 200
MORE = ", ..."


class Telling:
    """Collects what a command does to the files of projects. Files outside of any are told nowhere."""

    def __init__(self, settings: Settings, verb: str) -> None:
        self._settings, self._verb, self._run = settings, verb, uuid.uuid4().hex[:16]
        self._root = "" if settings.root is None else os.path.realpath(settings.root)
        self._projects: dict[str, ProjectFolder | None] = {}
        self._drafts: dict[Path, tuple[ProjectFolder, Draft]] = {}

    def of(self, work: Working) -> Working:
        """The run with us told of what it does."""
        return replace(work, sent=self.sent, freed=self.freed, leaving=self.leaving)

    def leaving(self, unit: Unit) -> AbstractContextManager[None]:
        """Have the projects of a unit forget its files before they are deleted here.

        Where its project has no memory yet, one is made: the event of what left waits there, and a staging folder that
        is emptied would go with it.
        """
        project = self._project(real_root(unit))
        with suppress(S3syncError, OSError):
            if project is not None and project.staging.is_dir():
                state_folder(project.staging)
        return forgetting(unit, self._settings.env)

    def sent(self, unit: Unit) -> None:
        """Note a unit that was archived."""
        top = os.path.realpath(unit.root)
        is_below = top.startswith(f"{self._root}{os.sep}")  # then all of it is in the project that its top is in
        whole = self._of(top) if is_below else None
        for source in unit.sources if whole is not None or not is_below else ():
            if source.kind is Kind.FILE and (found := whole or self._of(os.path.join(top, source.path))) is not None:  # noqa: PTH118
                project, draft = found
                path = os.path.join(top, source.path) if draft.names_more else ""  # noqa: PTH118
                name = os.path.relpath(path, project.staging).replace(os.sep, "/") if path else ""
                draft.add(ARCHIVED, nfc(name), source.size)
                draft.note = draft.note or f"to archives.{unit.set}"

    def freed(self, unit: Unit, files: int) -> None:
        """Note how many files of a unit were deleted here, because the archive has them."""
        found = self._of(os.path.realpath(unit.root))
        if found is not None:
            found[1].counts[FREED] = found[1].counts.get(FREED, 0) + files

    def hears(self, of: str, told: Callable[[Restored], None], done: Restored) -> None:
        """Note a unit of a set that was brought back, and tell it on."""
        self.restored(of, done)
        told(done)

    def restored(self, of: str, done: Restored) -> None:
        found = self._of(os.path.realpath(done.to)) if done.files else None
        if found is not None:
            draft = found[1]
            draft.counts[RESTORED] = draft.counts.get(RESTORED, 0) + done.files
            draft.size_bytes += done.size
            if draft.note is None:
                draft.note = f"{done.unit:.{LONGEST_NOTE}} from archives.{of}"
            elif not draft.note.endswith(MORE):
                draft.note += MORE

    def close(self) -> None:
        """Keep the events. What was done is done: an error here ends no command."""
        for project, draft in self._drafts.values():
            with suppress(S3syncError, OSError):
                if project.staging.is_dir():
                    session = Session(self._settings, project, connect(self._settings, create=False))
                    state_folder(project.staging)
                    with session.memory(locked=False) as state:
                        note_event(session, state, draft)
        self._drafts.clear()

    def _of(self, path: str) -> tuple[ProjectFolder, Draft] | None:
        """The project that a file or folder is in, and its event."""
        project = self._project(path)
        return (
            None if project is None else self._drafts.setdefault(project.root, (project, Draft(self._verb, self._run)))
        )

    def _project(self, path: str) -> ProjectFolder | None:
        below = path.removeprefix(f"{self._root}{os.sep}")
        if not self._root or (below == path and path != self._root):
            return None
        first = "" if below == path else below.partition(os.sep)[0]
        if first not in self._projects:
            try:
                self._projects[first] = find_project(self._settings, Path(self._root, first), None)
            except S3syncError:
                self._projects[first] = None
        return self._projects[first]


@contextmanager
def telling(settings: Settings, verb: str) -> Iterator[Telling]:
    """Tell what is done inside, also where an error ends it."""
    told = Telling(settings, verb)
    try:
        yield told
    finally:
        told.close()
