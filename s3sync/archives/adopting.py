"""Verb that takes in what other tools left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from s3sync.archive.work import carrying, working
from s3sync.archives.moving import Moving
from s3sync.connect import connect

if TYPE_CHECKING:
    from s3sync.archive.adopt import Adoption, AdoptReport


class Adopting(Moving, frozen=True):
    """The verb about archives of other tools."""

    def adopt(
        self,
        *,
        set: str | None = None,
        most_streamed: int | None = None,
        dry_run: bool = False,
        told: Callable[[Adoption], None] = lambda one: None,
    ) -> AdoptReport:
        """Take archives of other tools into the catalogue: what fits a set's layout and has no index in the store.

        `most_streamed`: bytes up to which a compressed archive is read through. Nothing in the store is changed.
        """
        from s3sync.archive.adopt import MOST_STREAMED, adopt, refuse_unfit

        chosen = self.chosen(set)
        refuse_unfit(chosen)
        channel = self._channel(chosen)
        channel = channel.on(connect(self.settings_of(chosen), pace=channel.pace, create=False))
        most = MOST_STREAMED if most_streamed is None else most_streamed
        if dry_run:
            (place,) = self.places(chosen.name)
            with carrying(channel) as carrier, place.catalogue() as catalogue:
                return adopt(carrier, catalogue, chosen, most_streamed=most, dry_run=True, told=told)
        with working(channel, chosen) as work:
            report = adopt(work.carrier, work.catalogue, chosen, most_streamed=most, dry_run=False, told=told)
            for one in report.adopted:
                detail = one.why or ""
                work.note("adopt", one.archive.unit, one.archive.key, one.archive.size, detail=detail)
        return report
