"""A restore as a whole: the index, the price, the thaw and the wait for it, and then the members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import sidecars_of
from s3sync.archive.copies import ByContent
from s3sync.archive.foreign import as_they_were, foreign_index
from s3sync.archive.foreseeing import Foreseen, are_beside, foresee, from_beside, nearest, stamp_of, to_read
from s3sync.archive.indexes import index_of
from s3sync.archive.picking import left_out, members_named, nothing_of
from s3sync.archive.place import Destination
from s3sync.archive.reading_price import is_worth_a_question
from s3sync.archive.restore import Restored, require_room, restore_unit, wanted_of
from s3sync.archive.thaw import (
    ColdObject,
    Confirm,
    Price,
    ThawLook,
    check_tier,
    is_awaited,
    objects_of,
    price_of,
    thaw_all,
    wait_for,
)
from s3sync.archive.waiting import Request, forget, note_back, note_done, note_thaws, remember, requests_in
from s3sync.archive.walk import light_of
from s3sync.config import Settings
from s3sync.core.archive.records import FOREIGN, Archived, LogEntry, Status
from s3sync.core.archive.values import ArchiveSet, ForeignIndex, Index, Member
from s3sync.core.outcome import Problem
from s3sync.core.quantities import files_text
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.errors import ArchiveError, Pending, declined
from s3sync.local.modes import usual_mask
from s3sync.store.aspects import Thaw, ThawState, Tier

LOCAL, SSD = "local", "ssd"
PLACES = (LOCAL, SSD)
"""Names that `to` takes instead of a folder: where a unit came from, and the disk of a set with a folder store."""


class RestoreOptions(Struct, frozen=True):
    """Choice of members, and the way to them. `max_cost`: go on without a question up to that price."""

    to: str | None = None
    members: tuple[str, ...] = ()
    light: bool = False
    tier: Tier = Tier.BULK
    days: int = 7
    wait: bool = False
    yes: bool = False
    max_cost: float | None = None
    dry_run: bool = False
    obeyed: bool = False
    """Names are restored, too, that programs or terminals obey, from an archive that this computer did not send."""
    notify: bool = False
    """Have a notice sent when what is being thawed can be read."""
    by_batch: bool = False
    """S3 Batch Operations begin the thaws."""


class RestoreReport(Struct):
    """Result of restoring several units. `pending` are those that are being thawed.

    `failed`: units of which nothing was restored, when several were asked for: one that is broken stops no other.
    """

    units: list[Restored] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    """Units among those of which the store tells only of a thaw that is over, by the time at which it ended."""
    warm: list[str] = field(default_factory=list)
    """Stores of which S3 Batch Operations were to begin thaws, and nothing is cold: there was no job."""

    @property
    def exit_code(self) -> int:
        if self.failed or any(one.problems for one in self.units):
            return 3
        return Pending.exit_code if self.pending else 0


class Ready(Struct, frozen=True):
    """A unit that can be read now, and what is wanted of it. `refused`, `mask`: as `restore_unit` takes them."""

    index: Index
    to: Destination
    wanted: list[Member]
    at: datetime
    refused: Mapping[str, str]
    mask: int | None

    @property
    def stamp(self) -> str:
        """Time in the names of what is put beside other content."""
        return stamp_of(self.at)

    @property
    def is_foreign(self) -> bool:
        """True if another tool made the archive: what it holds is known on this computer alone."""
        return isinstance(self.index, ForeignIndex)


class Restoring(Struct, frozen=True):
    """Restores from one set: what is before a unit is fetched, the fetching, and what is after. Only the fetching may
    be done by another thread."""

    carrier: Carrier
    rules: ArchiveSet
    settings: Settings
    catalogue: Catalogue
    options: RestoreOptions
    confirm: Confirm
    is_own: Callable[[Index], bool]
    """True if this computer sent what an index is of."""
    landed: Callable[[Index, list[Member], Restored], None] = lambda index, wanted, found: None
    """Told of what was restored, before anybody hears of it."""

    def ready(
        self, archived: Archived, to: Destination, report: RestoreReport, told: Callable[[Restored], None]
    ) -> Ready | None:
        """Members to fetch of a unit into a folder, once its price is agreed to and it is thawed.

        None for one that is being thawed, which is noted as pending, and in a dry run, which is told at once.
        """
        index = self._ready_index(archived, report)
        if index is None:
            return None
        wanted = wanted_of(index, self._chooser(index))
        if not wanted:
            raise nothing_of(self.rules, index, light=self.options.light, named=bool(self.options.members))
        wanted = from_beside(index, wanted, ThawLook(self.carrier))
        if self.options.dry_run:
            found = self._foreseen(index, wanted, to)
            report.units.append(found)
            told(found)
            return None
        if not self._is_ready(index, wanted, report, to):
            self.remember(index.key)
            report.pending.append(index.unit)
            return None
        is_own = self.is_own(index)
        refused = left_out(index.unit, wanted, may_be_obeyed=is_own or self.options.obeyed)
        return Ready(index, to, wanted, self.carrier.clock(), refused, None if is_own else usual_mask())

    def _foreseen(self, index: Index, wanted: list[Member], to: Destination) -> Restored:
        """What a restore would bring, and what it would have to ask for first. Raises `Unsupported` and `DiskFull` as
        it would."""
        seen = self._look(
            index, wanted, to, left_out(index.unit, wanted, may_be_obeyed=self.is_own(index) or self.options.obeyed)
        )
        require_room(to.path, seen.missing, nearest(to.base))
        objects = to_read(index, seen.missing)
        cold = ThawLook(self.carrier).cold(objects)
        check_tier(cold, self.options.tier)
        price = self._price(index, objects, cold)
        return seen.report(index, to, cold=len(cold), price=price if self._is_asked(price) else None)

    def _look(self, index: Index, wanted: list[Member], to: Destination, refused: Mapping[str, str]) -> Foreseen:
        """What of the members is on the disk."""
        stamp, proven = stamp_of(self.carrier.clock()), not isinstance(index, ForeignIndex)
        return foresee(to, wanted, stamp, refused, self.carrier.pool.check, proven=proven)

    def fetch(self, ready: Ready) -> Restored:
        """Bring what is wanted onto the disk, in any thread. Raises as `restore_unit` does."""
        with self.carrier.pool.beside() as pool:
            carrier = _by_content(replace(self.carrier, pool=pool), ready.index)
            return restore_unit(
                carrier, ready.index, ready.to, ready.wanted, ready.stamp, ready.refused, mask=ready.mask
            )

    def done(self, ready: Ready, found: Restored, report: RestoreReport, told: Callable[[Restored], None]) -> None:
        """Note a unit that was restored. Adds to the report."""
        index = ready.index
        forget(self.catalogue, index.key)
        self.landed(index, ready.wanted, found)
        outcome = "failed" if found.problems else "done"
        came = f"{files_text(found.files)} to {ready.to.path.absolute()}"
        of = (self.carrier.user, "restore", index.set, index.unit, index.key, found.size)
        self.catalogue.note(LogEntry(format_time(ready.at), *of, outcome, came))
        report.units.append(found)
        told(found)

    def _ready_index(self, archived: Archived, report: RestoreReport) -> Index | None:
        """The index. Another tool's archive is thawed to learn its members: until then None, and it is pending."""
        is_proposed = archived.status is Status.PROPOSED and not self.options.dry_run
        if not is_proposed and (index := self._known_index(archived)) is not None:
            return index
        from s3sync.archive.adopt import read_now

        if self.options.dry_run:
            raise ArchiveError(
                f"what {archived.unit} holds is not known",
                why="another tool made it, and it could not be read when it was adopted",
                hint=f"`s3sync restore {typed(archived.unit)}` reads it, and thaws it first if it is cold",
            )
        if not self._is_ready(foreign_index(archived, ()), [], report):
            self.remember(archived.key)
            report.pending.append(archived.unit)
            return None
        return read_now(self.carrier, self.catalogue, archived)

    def cold_of(self, archived: Archived, to: Destination) -> list[ColdObject]:
        """Objects that have to be thawed for what is wanted of an archive and the folder has not already."""
        look = ThawLook(self.carrier)
        index = None if archived.status is Status.PROPOSED else self._known_index(archived)
        if index is None:
            return look.cold([(archived.key, archived.size)])
        wanted = from_beside(index, wanted_of(index, self._chooser(index)), look)
        cold = look.cold(objects_of(index, wanted))
        return cold and self._lacking(index, wanted, to, cold)[1]

    def _known_index(self, archived: Archived) -> Index | None:
        """The index. None for an archive that has to be read first, as notes beside it need not be."""
        if archived.status is not Status.NOT_INDEXED:
            return self._index(archived)
        index = foreign_index(archived, (), sidecars_of(self.catalogue, archived.key))
        return index if are_beside(index, self.options.members) else None

    def _index(self, archived: Archived) -> Index:
        """The index as the store has it: the catalogue may be older. Of another tool's archive it is here alone."""
        if archived.status in FOREIGN:
            members = as_they_were(self.catalogue.members(archived.key))
            return foreign_index(archived, members, sidecars_of(self.catalogue, archived.key))
        index = index_of(self.carrier.store, archived, only_reads=True)
        if index is None:
            raise ArchiveError(
                f"{archived.unit} has no index in {self.carrier.store.url} any more",
                why="it was removed, or moved elsewhere",
                hint="`s3sync archive catalogue check` says what differs",
            )
        return index

    def _chooser(self, index: Index) -> Callable[[str], bool]:
        chosen: Callable[[str], bool] = lambda path: True  # noqa: E731
        if self.options.members:
            chosen = members_named(self.options.members, {member.path for member in (*index.members, *index.sidecars)})
        if not self.options.light:
            return chosen
        light = light_of(self.rules)
        return lambda path: light(path) and chosen(path)

    def _is_ready(
        self, index: Index, wanted: list[Member], report: RestoreReport, to: Destination | None = None
    ) -> bool:
        """True if all can be read now, after a thaw that was asked for and, if wanted, waited for. What the folder has
        already is neither thawed nor in the price."""
        objects = objects_of(index, wanted)
        look = ThawLook(self.carrier)
        states = look.states(objects)
        cold = look.unreadable(states)
        self._note_back(index, states)
        if not cold:
            note_done(self.catalogue, index, look, objects)
        if to is not None and (cold or self._is_asked(self._price(index, objects, cold))):
            objects, cold = self._lacking(index, wanted, to, cold)
            if not objects:
                return True
        check_tier(cold, self.options.tier)
        self._ask(index, objects, cold)
        if not cold:
            return True
        thawing = thaw_all(self.carrier, cold, self.options.days, self.options.tier)
        self._note_thaws(index, (one.thaw for one in thawing))
        self._note_back(index, thawing)
        waiting = [one for one in thawing if is_awaited(one.thaw, self.carrier.clock())]
        if waiting and self.options.wait and wait_for(look, self.carrier, waiting):
            waiting = []
            states = look.states(objects)
            self._note_thaws(index, (one.thaw for one in states))
            self._note_back(index, states)
        ended = [one.thaw.until for one in waiting if one.thaw.state is ThawState.THAWED and one.thaw.until is not None]
        if ended:
            report.ended[index.unit] = format_time(min(ended))
        return not waiting

    def _lacking(
        self, index: Index, wanted: list[Member], to: Destination, cold: list[ColdObject]
    ) -> tuple[list[tuple[str, int]], list[ColdObject]]:
        """Objects that hold what the folder has not, and those of them that are cold."""
        objects = to_read(index, self._look(index, wanted, to, {}).missing)
        keys = {key for key, _ in objects}
        return objects, [one for one in cold if one.key in keys]

    def _note_back(self, index: Index, states: list[ColdObject]) -> None:
        """Note the class of an archive of which every object came back for good."""
        if {one.key for one in states} == {key for key, _ in objects_of(index, index.members)}:
            at = format_time(self.carrier.clock())
            note_back(self.catalogue, index.key, (one.thaw for one in states), at)

    def _note_thaws(self, index: Index, thaws: Iterable[Thaw]) -> None:
        at, tier = format_time(self.carrier.clock()), str(self.options.tier)
        note_thaws(self.catalogue, index.key, thaws, tier, self.options.days, at)

    def remember(self, key: str) -> None:
        """Keep what was asked for, until the thaw is done and `--resume` goes on."""
        said = self.options
        to = said.to if said.to is None or said.to in PLACES else str(Path(said.to).absolute())
        before = requests_in(self.catalogue).get(key)
        notify = said.notify or (before is not None and before.notify)
        request = Request(to, said.members, said.light, said.obeyed, notify)
        remember(self.catalogue, key, request, format_time(self.carrier.clock()))

    def _price(self, index: Index, objects: list[tuple[str, int]], cold: list[ColdObject]) -> Price:
        by_class: dict[str, list[int]] = {}
        known = {one.key: (one.thaw.storage_class, one.size) for one in cold}
        for storage_class, size in (known.get(key, (index.storage_class, said)) for key, said in objects):
            by_class.setdefault(storage_class, []).append(size)
        return price_of(self.settings, by_class, cold, self.options.tier, self.options.days)

    def _is_asked(self, price: Price) -> bool:
        return price.cold > 0 or is_worth_a_question(self.settings, price)

    def _ask(self, index: Index, objects: list[tuple[str, int]], cold: list[ColdObject]) -> None:
        """The price, before anything is asked of the store."""
        price = self._price(index, objects, cold)
        amount, limit = price.amount, self.options.max_cost
        if limit is not None and (amount is None or amount > limit):
            raise price.above(limit, f"{index.unit} is not restored")
        if self._is_asked(price) and limit is None and not self.options.yes and not self.confirm(price):
            raise declined(f"{index.unit} was not restored")


def _by_content(carrier: Carrier, index: Index) -> Carrier:
    """A carrier that reads copies, too: of what s3sync sent each file has its SHA-256."""
    return carrier if isinstance(index, ForeignIndex) else replace(carrier, store=ByContent(carrier.store, index))
