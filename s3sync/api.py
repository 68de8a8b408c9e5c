"""The public Python API: a project, and the command line's verbs with typed results (docs/python-api.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from s3sync.config import Settings, load_settings
from s3sync.connect import connect, locate, pace_of
from s3sync.core.names import nfc
from s3sync.core.plan import Policy, Verb
from s3sync.disk.current import named_folder
from s3sync.errors import ProjectError, S3syncError, UsageError
from s3sync.project import ProjectFolder, find_project
from s3sync.repositories.note import note_repository
from s3sync.shared.projects import StoreProjects
from s3sync.state.places import KnownPlace
from s3sync.store.port import Pace, Store
from s3sync.sync.places import PlacesReport
from s3sync.sync.report import CleanupReport, RunReport, StatusReport, TransfersReport, TransferStatus
from s3sync.sync.session import Session
from s3sync.together import FileName, Together
from s3sync.transfer.flow import CEILING
from s3sync.transfer.progress import Progress, Silent

if TYPE_CHECKING:
    from s3sync.sync.own_memory import Adoptable
    from s3sync.sync.restore import TrashReport
    from s3sync.sync.selecting import SelectReport
    from s3sync.sync.undo import UndoReport

SIDES = ("local", "remote")


class Project(Together, frozen=True):
    """A project that is open for work. Make one with `Project.open`. Each verb loads when it is first used.

    Every method raises an `S3syncError`: see `s3sync.errors` for the tree.
    """

    @classmethod
    def open(
        cls,
        name: str | None = None,
        *,
        path: str | os.PathLike[str] = ".",
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        lock_wait_s: float = 0,
    ) -> Project:
        """The project around the folder `path`, or the one called `name` (or with that beginning) in its repository.

        `flags` override settings by their name, as `{"user": "jan"}`. `environ` is the process environment if None.
        Opening asks nothing of the network, unless `name` is not to be found on this disk.
        """
        cwd = named_folder(path)
        settings = load_settings(cwd, flags=flags or {}, environ=os.environ if environ is None else environ)
        pace = pace_of(settings)
        store = connect(settings, pace=pace)
        folder = locate(settings, store, cwd, name)
        note_repository(settings)
        return cls.at(folder, settings, store, pace, cwd, progress, lock_wait_s)

    @classmethod
    def at(
        cls,
        folder: ProjectFolder,
        settings: Settings,
        store: Store,
        pace: Pace,
        cwd: Path,
        progress: Progress | None = None,
        lock_wait_s: float = 0,
    ) -> Project:
        """The project in that folder, on a store that is open already."""
        session = Session(settings, folder, store, progress or Silent(), lock_wait_s=lock_wait_s, pace=pace)
        return cls(replace(session, workers=settings.transfers or CEILING), cwd)

    @property
    def name(self) -> str:
        return self.session.project.name

    def names_project(self, word: str) -> bool:
        """True if a word names a project of this repository on this disk, and no file of this one."""
        settings, root = self.session.settings, self.session.project.repo_root
        if (self.staging / word).exists() or (self.cwd / word).resolve().is_relative_to(self.staging):
            return False
        try:
            find_project(settings, root, word)
        except ProjectError:
            return False
        return True

    def in_store(self, word: str) -> bool:
        """True if the store has a project of this name; also False where it cannot be asked."""
        try:
            return nfc(word) in StoreProjects(self.session.store, self.session.settings.repo)
        except S3syncError:
            return False

    def status(self, *files: FileName) -> StatusReport:
        """Every file's state, or that of some files; changes nothing."""
        from s3sync.sync.status import status

        return status(self.session, self._selector(files))

    def up(
        self,
        *files: FileName,
        on_conflict: Policy | str | None = None,
        dry_run: bool = False,
        again: bool = False,
        unlock: bool = False,
    ) -> RunReport:
        """Upload what is new or changed here. Deletes nothing, overwrites nobody's change.

        `again` also sends what a cleanup took from the remote; `unlock` releases one's own locks on what is sent.
        """
        return self._run(Verb.UP, files, on_conflict, dry_run, again=again, unlock=unlock)

    def select(
        self,
        choose: Callable[[SelectReport], Sequence[str] | None] = lambda report: None,
        *,
        dry_run: bool = False,
    ) -> SelectReport:
        """List the remote, and remember what of it is wanted here, if `choose` gives names or patterns."""
        from s3sync.sync.selecting import select_files

        return select_files(self.session, choose, cwd=self.cwd, dry_run=dry_run)

    def down(
        self,
        *files: FileName,
        on_conflict: Policy | str | None = None,
        dry_run: bool = False,
        acknowledge: bool = False,
    ) -> RunReport:
        """Download what is new or changed on the remote, and what was deleted here.

        `acknowledge`: have the others know that you have it, also where there was nothing to download.
        """
        if acknowledge and files:
            raise UsageError(
                "--ack is about all files",
                why=f"{len(files)} were named, and what you have of the others would not be known",
                hint="leave out the names, or leave out --ack: what is downloaded counts anyway",
            )
        return self._run(Verb.DOWN, files, on_conflict, dry_run, acknowledge=acknowledge)

    def sync(
        self,
        *files: FileName,
        on_conflict: Policy | str | None = None,
        max_delete: int | None = None,
        dry_run: bool = False,
    ) -> RunReport:
        """Both ways, deletions too; what is replaced or deleted goes to the trash. Raises `Halt` on too many."""
        _check_limit(max_delete)
        return self._run(Verb.SYNC, files, on_conflict, dry_run, max_delete)

    def verify(self, *, deep: bool = False) -> StatusReport:
        """Compare every object with metadata.json and the local files; `deep` reads all bytes. Changes nothing."""
        from s3sync.sync.verify import verify

        return verify(self.session, deep=deep)

    def transfers(self) -> TransfersReport:
        """Unfinished transfers of this computer, and uploads in the store that nobody here knows of."""
        from s3sync.sync.unfinished import list_transfers

        return list_transfers(self.session)

    def abort_transfers(
        self,
        *names: str,
        everything: bool = False,
        confirm: Callable[[list[TransferStatus]], bool] = lambda transfers: True,
        dry_run: bool = False,
    ) -> TransfersReport:
        """End unfinished transfers of these files, or all."""
        from s3sync.sync.unfinished import abort_transfers

        return abort_transfers(self.session, list(names), everything=everything, confirm=confirm, dry_run=dry_run)

    def places(self) -> PlacesReport:
        """The places in stores that this folder was synced with."""
        from s3sync.sync.places import list_places

        return list_places(self.session)

    def forget_place(
        self, word: str, *, confirm: Callable[[KnownPlace], bool] = lambda place: True, dry_run: bool = False
    ) -> PlacesReport:
        """Forget what is remembered of a place: its address, or a part of it. Touches no file."""
        from s3sync.sync.places import forget_place

        return forget_place(self.session, word, confirm=confirm, dry_run=dry_run)

    def adopt_memory(
        self, *, confirm: Callable[[Adoptable], bool] = lambda found: True, dry_run: bool = False
    ) -> PlacesReport:
        """Believe a memory of this folder that is not known to be this user's. Touches no file."""
        from s3sync.sync.own_memory import adopt

        return adopt(self.session, confirm=confirm, dry_run=dry_run)

    def cleanup(
        self,
        *files: FileName,
        local: bool = False,
        unseen: bool = False,
        trash: bool = False,
        permanently: bool = False,
        versions: bool = False,
        force: bool = False,
        dry_run: bool = False,
        confirm: Callable[[CleanupReport], bool] | None = None,
    ) -> CleanupReport:
        """Delete the project's files on the remote, or with `local` here.

        For good goes only what the other side holds, verified; the rest goes into the trash, unless `permanently`.
        `trash` also empties the trash of last copies, `versions` what a bucket with versioning keeps; `force` goes on
        although somebody has not fetched what goes.
        """
        from s3sync.sync.cleanup import CleanupOptions, cleanup

        wanted = self._selector(files)
        options = CleanupOptions(
            local, unseen, dry_run, wanted, trash=trash, permanently=permanently, versions=versions, force=force
        )
        return cleanup(self.session, options if confirm is None else replace(options, confirm=confirm))

    def undo(
        self,
        *,
        earlier: bool = False,
        dry_run: bool = False,
        confirm: Callable[[UndoReport], bool] = lambda report: True,
    ) -> UndoReport:
        """Take back the last run of this computer, as far as nobody changed its files since; or its last decision of a
        conflict. `earlier`: also where a run since was stopped before it changed anything."""
        from s3sync.team.undoing import undo

        return undo(self.session, dry_run=dry_run, confirm=confirm, earlier=earlier)

    def trash(self, side: str | None = None, *files: FileName) -> TrashReport:
        """List what lies in the trash: here (`local`), on the remote (`remote`), or both; everything, or some files."""
        from s3sync.sync.restore import list_trash

        return list_trash(self.session, _sides(side), self._selector(files))

    def restore_from_trash(
        self,
        name: str,
        *,
        to: str | None = None,
        when: str | None = None,
        side: str | None = None,
        dry_run: bool = False,
    ) -> TrashReport:
        """Bring back the newest version of a file that is in the trash. Nothing is overwritten: raises `Halt`."""
        from s3sync.sync.restore import restore

        return restore(self.session, name, to=to, when=when, sides=_sides(side), dry_run=dry_run)

    def empty_trash(
        self,
        *,
        side: str | None = None,
        older_than: timedelta | None = None,
        confirm: Callable[[TrashReport], bool] = lambda report: True,
        dry_run: bool = False,
    ) -> TrashReport:
        """Delete for good what lies in the trash, also what exists nowhere else."""
        from s3sync.sync.restore import empty

        return empty(self.session, sides=_sides(side), older_than=older_than, confirm=confirm, dry_run=dry_run)

    def _run(
        self,
        verb: Verb,
        files: Sequence[FileName],
        on_conflict: Policy | str | None,
        dry_run: bool,
        max_delete: int | None = None,
        *,
        again: bool = False,
        unlock: bool = False,
        acknowledge: bool = False,
    ) -> RunReport:
        from s3sync.sync.run import Options, run

        policy = _policy(on_conflict)
        wanted = self._selector(files)
        return run(
            self.session, verb, Options(wanted, policy, max_delete, dry_run, again, unlock, acknowledge=acknowledge)
        )


def _policy(on_conflict: Policy | str | None) -> Policy | None:
    if on_conflict is not None and on_conflict not in list(Policy):
        raise _no_choice("on_conflict", on_conflict, list(Policy))
    return None if on_conflict is None else Policy(on_conflict)


def _check_limit(number: object) -> None:
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
        raise UsageError(f"max_delete cannot be {number!r:.80}", why="it is a number of files", hint="use 0 or more")


def _sides(side: str | None) -> tuple[str, ...]:
    if side is not None and side not in SIDES:
        raise _no_choice("side", side, SIDES)
    return SIDES if side is None else (side,)


def _no_choice(name: str, value: object, choices: Sequence[str]) -> UsageError:
    listed = ", ".join(repr(str(choice)) for choice in choices)
    return UsageError(f"{name} cannot be {value!r:.80}", why="it is none of the choices", hint=f"use one of {listed}")
