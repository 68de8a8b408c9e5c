"""Verb that takes in what other tools left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.sets import refuse_sealed
from s3sync.archive.work import Channel, carrying, working
from s3sync.archives.moving import Moving
from s3sync.archives.unsaid import refuse_unsaid_set
from s3sync.config.schemes import scheme_of
from s3sync.connect import connect
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.errors import BucketMissing, declined

if TYPE_CHECKING:
    from s3sync.archive.adopt import Adoption, AdoptReport
    from s3sync.archive.old_database import OldRecord


class Unmarked(Struct, frozen=True):
    """Folder that is to become a folder store as it lies, by a marker in it. `names`: what lies in it now."""

    folder: Path
    names: tuple[str, ...]


class _Adopting(Struct, frozen=True):
    """One adoption: what it looks at, and how."""

    rules: ArchiveSet
    report: AdoptReport
    record: OldRecord | None
    tree: Path | None
    is_marked: bool
    most_streamed: int
    read_again: bool
    told: Callable[[Adoption], None]

    def work(self, carrier: Carrier, catalogue: Catalogue) -> None:
        from s3sync.archive.adopt import adopt

        most, told = self.most_streamed, self.told
        if self.record is not None:
            from s3sync.archive.adopt_record import Recorded

            recorded = Recorded(carrier, self.rules, self.record, self.report)
            found = recorded.candidates()
            adopt(carrier, catalogue, found, self.report, most_streamed=most, told=told)
            if not self.report.dry_run:
                recorded.note_rest(catalogue)
            return
        if self.tree is not None:
            from s3sync.archive.adopt_listed import keys_in_rows
            from s3sync.archive.adopt_tree import tree_candidates

            ours = keys_in_rows(carrier.store, self.rules) if self.is_marked else set()
            found = tree_candidates(self.tree, self.rules, ours, self.report)
        else:
            from s3sync.archive.adopt_listed import listed_candidates

            found = listed_candidates(carrier, self.rules, self.report)
        adopt(carrier, catalogue, found, self.report, most_streamed=most, told=told, read_again=self.read_again)


class Adopting(Moving, frozen=True):
    """The verb about archives of other tools."""

    def adopt(
        self,
        *,
        set: str | None = None,
        record: Path | None = None,
        most_streamed: int | None = None,
        read_again: bool = False,
        write_index: bool = False,
        dry_run: bool = False,
        told: Callable[[Adoption], None] = lambda one: None,
        confirm: Callable[[Unmarked], bool] = lambda folder: False,
    ) -> AdoptReport:
        """Take archives of other tools into the catalogue: what fits a set's layout and has no index in the store.

        `record`: an older tool's database, whose archives are taken in as far as the store has them. `most_streamed`:
        bytes up to which a compressed archive is read through. Of one that would be read through, or thawed, what
        somebody else found is taken for lists and searches, unless `read_again`. `write_index`: write for others what
        was found in the set's archives. `confirm` is asked before a folder that is no store yet gets its marker.
        Nothing else in the store is changed.
        """
        from s3sync.archive.adopt import MOST_STREAMED, AdoptReport

        chosen = self.chosen(set)
        why = "what other tools put into a store is not encrypted with the repository's key"
        refuse_sealed(chosen, self.settings, "archive adopt", why)
        if write_index:
            refuse_unsaid_set(chosen, self.settings)
        old = None if record is None else self._record(record, chosen)
        report = AdoptReport(dry_run)
        channel, folder, is_marked = self._opened(chosen, confirm, dry_run=dry_run)
        tree = folder if chosen.pack is Pack.NONE and old is None else None
        if not is_marked:
            report.warnings.append(
                f"{folder} is no folder store yet: it is asked about before it gets the marker of one"
            )
        most = MOST_STREAMED if most_streamed is None else most_streamed
        job = _Adopting(chosen, report, old, tree, is_marked, most, read_again, told)
        if dry_run:
            (place,) = self.places(chosen.name)
            with carrying(channel) as carrier, place.catalogue() as catalogue:
                job.work(carrier, catalogue)
            return report
        with working(channel, chosen) as work:
            job.work(work.carrier, work.catalogue)
            if write_index:
                report.written = self._write_proposals(work.carrier, work.catalogue, chosen)
            for one in report.adopted:
                work.note("adopt", one.archive.unit, one.archive.key, one.archive.size, detail=one.why or "")
        return report

    def _write_proposals(self, carrier: Carrier, catalogue: Catalogue, chosen: ArchiveSet) -> int:
        """Write beside each archive of a set that this computer read what it holds; how many were written."""
        from s3sync.archive.proposals import write_proposal

        known = catalogue.archives(set=chosen.name, status=[Status.ADOPTED])
        return sum(
            write_proposal(carrier.store, one, catalogue.members(one.key), carrier.user, self.now()) for one in known
        )

    def _record(self, path: Path, chosen: ArchiveSet) -> OldRecord:
        from s3sync.archive.adopt_record import root_of
        from s3sync.archive.old_database import read_old_record

        return read_old_record(path, chosen.name, root_of(self.settings_of(chosen).store)[1])

    def _opened(
        self, chosen: ArchiveSet, confirm: Callable[[Unmarked], bool], *, dry_run: bool
    ) -> tuple[Channel, Path | None, bool]:
        """The channel with its store open, the store's folder if it is one, and whether that has its marker.

        A folder without marker gets one after a question, if no archive was ever known there: else its disk is not
        connected. Raises `BucketMissing`, `Halt`.
        """
        settings, channel = self.settings_of(chosen), self.channel(chosen)
        store = connect(settings, pace=channel.pace, create=False)
        if not scheme_of(channel.url).is_folder:
            return channel.on(store), None, True
        folder = Path(unquote(urlsplit(store.url, allow_fragments=False).path))
        try:
            for _ in store.folders(""):
                break
            return channel.on(store), folder, True
        except BucketMissing:
            if channel.is_known:
                raise
        from s3sync.archive.adopt_tree import require_tree

        names = tuple(require_tree(folder))
        if dry_run:
            return channel.on(store), folder, False
        if not confirm(Unmarked(folder, names)):
            raise declined(f"{folder} was not adopted")
        return channel.on(connect(settings, pace=channel.pace, create=True, first_use=True)), folder, True
