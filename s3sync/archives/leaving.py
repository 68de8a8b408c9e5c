"""Verbs that move archives to another class, or remove them, with the price before the deed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.billing import as_stored, days_left, move_cost, region_of, remainder
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.journal import Journal
from s3sync.archive.removal import refuse_foreign, remove_archive
from s3sync.archive.rules import RulesView, look_to_add, write
from s3sync.archive.tagging import tag_for_move
from s3sync.archive.transition import transition
from s3sync.archives.billed import Billed
from s3sync.archives.copied_here import NO_COPIES, Copies, CopiesHere, refuse_gone
from s3sync.archives.opened import Place
from s3sync.archives.targets import class_there, has_rules, no_rule_moves
from s3sync.core.archive.costs import COLD, Money
from s3sync.core.archive.lifecycle import move_rule
from s3sync.core.archive.records import Archived, LogEntry
from s3sync.core.outcome import Problem
from s3sync.core.times import parse_time
from s3sync.core.typed import typed
from s3sync.errors import ENDS_THE_RUN, ConfigError, Halt, S3syncError, declined
from s3sync.store.aspects import StorageClasses, Tags, Versions, aspect, require_aspect
from s3sync.store.port import Store
from s3sync.transfer.progress import Work


class LeavePlan(Struct, frozen=True):
    """Archives that are to move or go. `price`: the cost of that; None where there are no prices, for `no_price`.

    `last`: of these no copy is on this disk. `keeps_versions`: the bucket keeps, and bills, what is deleted or
    replaced. `by_tag`: keys of those that a rule moves instead of a copy; `rules`: the bucket's, with that rule.
    `refused`: units that no rule can move, where `--by-tag` was said.
    """

    store: str
    archives: tuple[Archived, ...]
    price: Money | None
    no_price: str | None
    currency: str
    target: str | None = None
    last: tuple[str, ...] = ()
    keeps_versions: bool = False
    by_tag: frozenset[str] = frozenset()
    rules: RulesView | None = None
    refused: tuple[Problem, ...] = ()
    days_left: Mapping[str, int] = {}
    """By archive the days of the minimum duration of its class that are still billed once it left."""
    seen: Mapping[str, Mapping[str, str]] | None = None
    """By archive its objects, with the ETags under which they were looked at. None: all that belongs to it may go."""

    @property
    def size(self) -> int:
        return sum(one.size for one in self.archives)


class LeaveReport(Struct, frozen=True):
    """Result for one store: what was done, and what failed."""

    plan: LeavePlan
    done: tuple[Archived, ...]
    failed: tuple[Problem, ...]
    dry_run: bool

    @property
    def exit_code(self) -> int:
        return 3 if self.failed else 0


Told = Callable[[Archived, Problem | None], None]


def nobody(one: Archived, problem: Problem | None) -> None:
    """Nobody hears of what was moved or removed."""


class Leaving(CopiesHere, Billed, frozen=True):
    """Verbs after which an archive is no longer as it was."""

    def transition(
        self,
        *names: str,
        to: str,
        confirm: Callable[[LeavePlan], bool],
        set: str | None = None,
        older_than: int | None = None,
        region: str | None = None,
        by_tag: bool = False,
        dry_run: bool = False,
        told: Told = nobody,
    ) -> list[LeaveReport]:
        """Move archives to a storage class: those of the units that are named, or that are older.

        They are copied in place; with `by_tag`, and where a copy would need a thaw first and a rule does not, they are
        tagged, and a rule of the bucket moves them. `told` hears of each, with its problem where it has one.
        """
        reports = []
        chosen = self._chosen(names, set, older_than)
        targets = [class_there(place, to) for place, _ in chosen]
        for (place, archives), target in zip(chosen, targets, strict=True):
            moving = [one for one in archives if one.storage_class != target]
            plan = self.move_plan(place, moving, target, region, by_tag)
            reports.append(self.carry_out(place, plan, confirm, dry_run, told))
        return reports

    def move_plan(
        self, place: Place, moving: Sequence[Archived], to: str, region: str | None, by_tag: bool
    ) -> LeavePlan:
        """Plan of moving archives of one store to a class."""
        store = place.store()
        require_aspect(store, Tags if by_tag else StorageClasses)
        by_rules = has_rules(store)
        problems = {one.key: no_rule_moves(one, to) for one in moving}
        tagged = frozenset(
            one.key
            for one in moving
            if problems[one.key] is None and (by_tag or (by_rules and one.storage_class in COLD))
        )
        archives = [one for one in moving if one.key in tagged or not by_tag]
        versions = aspect(store, Versions) if len(archives) > len(tagged) else None
        price, no_price = self._price(place, archives, to, region, tagged)
        return LeavePlan(
            place.url,
            tuple(archives),
            price,
            no_price,
            self.prices.currency,
            to,
            keeps_versions=versions is not None and versions.keeps_versions(),
            by_tag=tagged,
            rules=look_to_add(store, place.root, move_rule(to, place.root)) if tagged else None,
            refused=tuple(why for why in problems.values() if why is not None) if by_tag else (),
            days_left=self._days_left(archives),
        )

    def remove(
        self,
        *names: str,
        confirm: Callable[[LeavePlan], bool],
        set: str | None = None,
        region: str | None = None,
        last_copies: bool = False,
        dry_run: bool = False,
        told: Told = nobody,
    ) -> list[LeaveReport]:
        """Remove archives for good. Raises `Halt` for units that are not on this disk, unless `last_copies`. `told`
        hears of each, with its problem where it has one."""
        reports = []
        for place, archives in self._chosen(names, set, None, whole=True):
            self._refuse_pointed(place, archives)
            price, no_price = self._price(place, archives, None, region)
            copies = self._copies_here(place, archives, dry_run)
            last = sorted({one.unit for one in archives if one.key not in copies.seen})
            versions = aspect(place.store(), Versions)
            keeps = versions is not None and versions.keeps_versions()
            plan = LeavePlan(
                place.url,
                tuple(archives),
                price,
                no_price,
                self.prices.currency,
                last=tuple(last),
                keeps_versions=keeps,
                days_left=self._days_left(archives),
                seen=copies.seen,
            )
            if last and not last_copies and not dry_run:
                refuse_foreign(archives)
                raise Halt(
                    f"did not remove the archives of {', '.join(last[:5])}{' and more' if len(last) > 5 else ''}",
                    why="nothing proves that this disk has a copy of all that is in them, so they may be the last ones",
                    hint=f"restore them first: s3sync restore {' '.join(map(typed, last[:5]))}; or say --last-copies",
                )
            agreed = partial(self._agreed, place, confirm)
            reports.append(self.carry_out(place, plan, agreed, dry_run, told, copies))
        return reports

    def _agreed(self, place: Place, confirm: Callable[[LeavePlan], bool], plan: LeavePlan) -> bool:
        """True if `confirm` says so. A row may have got the address of an object while it was asked."""
        if not confirm(plan):
            return False
        self._refuse_pointed(place, plan.archives)
        return True

    def _refuse_pointed(self, place: Place, archives: Sequence[Archived]) -> None:
        for chosen in place.sets:
            if keys := [one.key for one in archives if one.set == chosen.name]:
                self.refuse_pointed_at(chosen, keys)

    def _chosen(
        self, names: Sequence[str], set: str | None, older_than: int | None, *, whole: bool = False
    ) -> list[tuple[Place, list[Archived]]]:
        """Archives by their store; of the units that are named, or all that are old enough."""
        found: dict[str, tuple[Place, list[Archived]]] = {}
        for place, one in self.archives_of(list(names), set=set, whole=whole):
            sent = parse_time(one.uploaded_at)
            age = 0.0 if sent is None else (self.now() - sent).total_seconds()
            if older_than is None or age >= older_than:
                found.setdefault(place.url, (place, []))[1].append(one)
        return list(found.values())

    def _price(
        self,
        place: Place,
        archives: Sequence[Archived],
        target: str | None,
        region: str | None,
        by_tag: frozenset[str] = frozenset(),
    ) -> tuple[Money | None, str | None]:
        try:
            prices = self.prices.of(region_of(place.settings, region))
        except ConfigError as error:
            if region is not None:
                raise
            return None, error.why or error.message
        archives = as_stored(place.settings, archives)
        if target is None:
            return remainder(archives, prices, self.now()), None
        moves = (move_cost(one, target, prices, self.now(), by_tag=one.key in by_tag) for one in archives)
        return sum(moves, Money()), None

    def _days_left(self, archives: Sequence[Archived]) -> dict[str, int]:
        now = self.now()
        return {one.key: left for one in archives if (left := days_left(one, now))}

    def carry_out(
        self,
        place: Place,
        plan: LeavePlan,
        confirm: Callable[[LeavePlan], bool],
        dry_run: bool,
        told: Told = nobody,
        copies: Copies = NO_COPIES,
    ) -> LeaveReport:
        """Do what a plan says, once `confirm` agreed. Raises `Halt` where it did not.

        `copies`: what goes as this disk has it, as far as it has it still. Raises `LockHeld` where somebody may be
        deleting it here.
        """
        if dry_run or not plan.archives:
            return LeaveReport(plan, (), plan.refused, dry_run)
        if not confirm(plan):
            raise declined("nothing was moved" if plan.target else "nothing was removed")
        store, done, failed = place.store(), list[Archived](), list(plan.refused)
        if plan.rules is not None and not plan.rules.difference.is_empty:
            write(store, plan.rules)
        channel = self._channel_of(place)
        copied = [one for one in plan.archives if plan.target and one.key not in plan.by_tag]
        self.progress.expect(Work.COPY, len(copied), sum(one.size for one in copied))
        with (
            self._kept_here(place, copies) as gone,
            place.catalogue(make=True) as catalogue,
            channel.record() as journal,
        ):
            for one in plan.archives:
                deed = "tag for" if one.key in plan.by_tag else "transition to"
                action = f"{deed} {plan.target}" if plan.target else "remove"
                entry = LogEntry(self.now_text(), self.user, action, one.set, one.unit, one.key, one.size)
                try:
                    refuse_gone(one, gone)
                    self._carry_out_one(store, catalogue, journal, plan, one)
                    done.append(one)
                    catalogue.note(entry)
                    told(one, None)
                except ENDS_THE_RUN:
                    raise
                except S3syncError as error:
                    failed.append(Problem(one.unit, str(error), error.hint))
                    catalogue.note(_failed(entry, error))
                    told(one, failed[-1])
        return LeaveReport(plan, tuple(done), tuple(failed), dry_run)

    def _carry_out_one(
        self, store: Store, catalogue: Catalogue, journal: Journal | None, plan: LeavePlan, one: Archived
    ) -> None:
        if plan.target and one.key in plan.by_tag:
            tag_for_move(store, catalogue, one, plan.target, journal)
        elif plan.target:
            with self._shown(one):
                transition(store, catalogue, one, plan.target, self.now_text(), journal)
        else:
            is_made = journal.is_made if journal is not None else lambda index: False
            remove_archive(store, catalogue, one, (plan.seen or {}).get(one.key), is_made)

    @contextmanager
    def _shown(self, one: Archived) -> Iterator[None]:
        """The progress of one archive that the store copies."""
        self.progress.begin(Work.COPY, one.unit, one.size)
        try:
            yield
            self.progress.advance(Work.COPY, one.unit, one.size)
        finally:
            self.progress.finish(Work.COPY, one.unit)


def _failed(entry: LogEntry, error: S3syncError) -> LogEntry:
    return replace(entry, outcome="failed", detail=str(error))
