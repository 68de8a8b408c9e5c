"""Public Python API of two places: `sync`, `copy`, `move` and `check`, for folders, stores and projects."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec import Struct

from s3sync.config import load_settings
from s3sync.connect import pace_of
from s3sync.core.pairs import End, Wish
from s3sync.disk.current import named_folder
from s3sync.pairs.check import check_pair
from s3sync.pairs.filters import Filters, Wanted, wanted_by
from s3sync.pairs.opening import Asked, open_places
from s3sync.pairs.report import CheckReport, PairReport
from s3sync.pairs.run import PairOptions, run_pair
from s3sync.pairs.work import Work, at_work
from s3sync.transfer.flow import CEILING
from s3sync.transfer.progress import Progress, Silent


class TwoPlaces(Struct, frozen=True):
    """Two places by their words: `s3://bucket/prefix` or another store's address, a folder, or a project's name.

    `flags` override settings by their name. `profile_b`: the profile of B, where it is another than A's. `environ` is
    the process environment if None. Every method raises `S3syncError`s.
    """

    a: str
    b: str
    path: str | os.PathLike[str] = "."
    flags: Mapping[str, str | None] = {}
    environ: Mapping[str, str] | None = None
    profile_b: str | None = None
    progress: Progress | None = None
    filters: Filters = Filters()
    lock_wait_s: float = 0
    begin: Callable[[str, str], None] = lambda a, b: None
    """Is told how both are shown, once they are open."""

    def sync(
        self, *, bidirectional: bool = False, delete: bool = False, max_delete: int | None = None, dry_run: bool = False
    ) -> PairReport:
        """Make B hold what A holds; `bidirectional` carries changes both ways, by what both agreed on last.

        `delete` carries out deletions, too: one way, of what A lacks; both ways, of what was deleted since.
        """
        wish = Wish(bidirectional, delete)
        return self._run("sync", PairOptions(wish, self._wanted, max_delete, dry_run))

    def copy(self, *, dry_run: bool = False) -> PairReport:
        """Copy what B lacks or holds otherwise. Deletes nothing; what is replaced goes to B's trash."""
        return self._run("copy", PairOptions(Wish(), self._wanted, None, dry_run))

    def move(self, *, dry_run: bool = False) -> PairReport:
        """Copy, and delete each of A's files that B then holds, verified."""
        return self._run("move", PairOptions(Wish(), self._wanted, None, dry_run, move=True))

    def check(self) -> CheckReport:
        """Compare by content. Changes nothing."""
        with self._open(()) as work:
            return check_pair(work, self._wanted)

    @property
    def _wanted(self) -> Wanted:
        return wanted_by(self.filters, datetime.now(UTC))

    def _run(self, verb: str, options: PairOptions) -> PairReport:
        ends = (End.A, End.B) if options.wish.both or options.move else (End.B,)
        with self._open(ends, dry_run=options.dry_run) as work:
            return run_pair(work, verb, options)

    @contextmanager
    def _open(self, ends: tuple[End, ...], *, dry_run: bool = False) -> Iterator[Work]:
        environ = os.environ if self.environ is None else self.environ
        cwd = named_folder(self.path)
        settings = load_settings(cwd, flags=self.flags, environ=environ)
        pace = pace_of(settings)
        asked = Asked(self.a, self.b, cwd, self.flags, environ, (None, self.profile_b), pace)
        opened = open_places(asked)
        self.begin(opened.places[End.A].shown, opened.places[End.B].shown)
        progress, workers = self.progress or Silent(), settings.transfers or CEILING
        now = datetime.now(UTC)
        with at_work(
            opened, environ, progress, pace, workers, now, ends=ends, dry_run=dry_run, wait_s=self.lock_wait_s
        ) as work:
            yield work
