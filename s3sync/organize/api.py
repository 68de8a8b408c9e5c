"""Public Python API of organizing: files of a place get names by what they say about themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from s3sync.config import load_settings
from s3sync.connect import pace_of
from s3sync.core.archive.layout import LayoutError
from s3sync.core.organizing import OF_MUSIC, Layout, parse_layout
from s3sync.core.pairs import End
from s3sync.disk.current import named_folder
from s3sync.errors import UsageError
from s3sync.organize.journal import Head, mark_undone, read_journal
from s3sync.organize.report import OrganizeReport, TakenBack, UndoneReport
from s3sync.organize.run import OrganizeOptions, run_organize
from s3sync.organize.said import require_music
from s3sync.organize.undo import undo_run
from s3sync.pairs.filters import Filters, wanted_by
from s3sync.pairs.opening import Asked, is_address, open_places
from s3sync.pairs.work import Work, at_work
from s3sync.transfer.flow import CEILING
from s3sync.transfer.progress import Progress, Silent

ALL_FILES = Filters()


class Organizer(Struct, frozen=True):
    """Place of the user, settings, and who watches. `environ` is the process environment if None."""

    path: str | os.PathLike[str] = "."
    flags: Mapping[str, str | None] = {}
    environ: Mapping[str, str] | None = None
    progress: Progress | None = None
    lock_wait_s: float = 0
    profile_b: str | None = None
    """The profile of the target, where it is another than the source's."""

    def organize(
        self,
        source: str,
        target: str,
        layout: str,
        *,
        moves: bool = False,
        cloud_only: bool = False,
        filters: Filters = ALL_FILES,
        dry_run: bool = False,
        confirm: Callable[[OrganizeReport], bool] = lambda report: True,
    ) -> OrganizeReport:
        """Copy each file of the source to its name by the layout in the target; with `moves` it leaves the source.

        `cloud_only`: refuse a folder of this computer as either place. Raises `UsageError` for a layout that is none,
        `Halt` where two files would get one name.
        """
        wanted = _layout(layout)
        if cloud_only and not (is_address(source) and is_address(target)):
            raise UsageError(
                "--cloud-only is for two stores", why="a folder of this computer was named", hint="name two addresses"
            )
        if wanted.needs & (OF_MUSIC.keys() | {"year"}):
            require_music()
        cwd = named_folder(self.path)
        head = Head(source, target, layout, str(cwd), dict(self.flags), self.profile_b)
        options = OrganizeOptions(
            wanted, wanted_by(filters, datetime.now(UTC)), head, moves=moves, dry_run=dry_run, confirm=confirm
        )
        ends = (End.A, End.B) if moves else (End.B,)
        asked = Asked(source, target, cwd, self.flags, self._environ, (None, self.profile_b))
        with self._open(asked, ends, dry_run=dry_run) as work:
            return run_organize(work, options, self._environ)

    def undo(
        self,
        run: str | None = None,
        *,
        dry_run: bool = False,
        confirm: Callable[[TakenBack], bool] = lambda taken: True,
    ) -> UndoneReport:
        """Take back a run, or the last one. What somebody changed since stays, and is told."""
        from s3sync.errors import declined

        name, head, lines = read_journal(self._environ, run)
        if not dry_run and not confirm(TakenBack(head.source, head.target, len(lines))):
            raise declined("nothing was taken back")
        profiles = (head.profile_b, None)
        asked = Asked(head.target, head.source, Path(head.cwd), head.flags, self._environ, profiles)
        with self._open(asked, (End.A, End.B), dry_run=dry_run) as work:
            report = undo_run(work, name, lines, dry_run=dry_run)
        if not dry_run and not report.kept:
            mark_undone(self._environ, name)
        return report

    @property
    def _environ(self) -> Mapping[str, str]:
        return os.environ if self.environ is None else self.environ

    @contextmanager
    def _open(self, asked: Asked, ends: tuple[End, ...], *, dry_run: bool) -> Iterator[Work]:
        settings = load_settings(asked.cwd, flags=asked.flags, environ=self._environ)
        pace = pace_of(settings)
        opened = open_places(replace(asked, pace=pace), apart=False)
        now, workers = datetime.now(UTC), settings.transfers or CEILING
        progress = self.progress or Silent()
        with at_work(
            opened, self._environ, progress, pace, workers, now, ends=ends, dry_run=dry_run, wait_s=self.lock_wait_s
        ) as work:
            yield work


def _layout(text: str) -> Layout:
    try:
        return parse_layout(text)
    except LayoutError as error:
        raise UsageError(
            "the layout cannot be used", why=str(error), hint="as '{artist}/{album}/{track:02} {title}.{ext}'"
        ) from None
