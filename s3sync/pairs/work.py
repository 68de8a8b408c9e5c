"""Two open places during one command: their memory, what both hold, and what is known of it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct, structs

from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.entries import Entry
from s3sync.core.pairs import End
from s3sync.core.reconcile import Decision, decide
from s3sync.core.records import stamp_of
from s3sync.core.times import format_time
from s3sync.disk.tree import kept_folders
from s3sync.errors import ENDS_THE_RUN, BucketMissing, S3syncError, UsageError
from s3sync.local.room import state_room
from s3sync.local.tidy import tidy
from s3sync.pairs.bodies import Bounded
from s3sync.pairs.digests import SAME, Knowledge, settle
from s3sync.pairs.filters import EVERYTHING, Wanted
from s3sync.pairs.looking import is_missing, look, one_object, refuse_file
from s3sync.pairs.memory import PairMemory, open_pair_memory
from s3sync.pairs.moving import Mover
from s3sync.pairs.opening import Opened, is_made, make, refuse_readable
from s3sync.pairs.rules_around import warn_of_silenced
from s3sync.pairs.values import Bucket, Folder, Found, Seen
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.leaving import Leaving
from s3sync.state.lock import project_lock
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.checked import CheckedStore
from s3sync.store.port import Pace, Store
from s3sync.store.probe import Honours
from s3sync.sync.session import flow_to, line_to
from s3sync.sync.store_facts import PUT, Guard, Probed
from s3sync.transfer.context import Transport
from s3sync.transfer.descriptors import most_connections
from s3sync.transfer.pool import HASHERS, Pool
from s3sync.transfer.progress import Progress


class Work(Struct):
    """`base` is empty where changes go one way: nothing is concluded from it then."""

    opened: Opened
    memory: PairMemory
    knows: Mapping[End, Knowledge]
    progress: Progress
    pace: Pace
    workers: int
    now: datetime
    writes: tuple[End, ...]
    leaving: Leaving
    seen: Mapping[End, Seen] = {}
    base: SpilledDict[Entry] | None = None
    wanted: Wanted = EVERYTHING
    one_way: bool = True

    @property
    def user(self) -> str:
        return self.settings.user or ""

    @property
    def settings(self) -> Settings:
        return self.opened.places[End.A].settings

    def stamp(self) -> str:
        return stamp_of(self.now, uuid.uuid4().hex, self.user or "nobody")

    def look(self, wanted: Wanted, *, both: bool, compares: bool = False) -> None:
        """List both places. Raises where a place is missing that must not be taken for an empty one.

        `compares`: nothing is made, so that B's store has to be there, too; of its folder `refuse_missing` tells.
        """
        self.one_way = not both
        known = self.memory.pair.count_base() > 0
        self.refuse_missing(known=known)
        first = self._named(self._look(End.A, wanted, known=known), wanted)
        self.seen = {End.A: first, End.B: self._look(End.B, self.wanted, known=known or compares)}
        refuse_file(self.opened.places[End.A].only, self.opened.places[End.B], self.seen[End.B])
        warn_of_silenced(self.opened.places.values())
        self.base = self._remembered()

    def look_again(self, paths: Collection[str]) -> Work:
        """Look at some paths once more, of which a run found that they changed: the work that these are.

        What is found is what `seen` has of them from then on. Raises as `look`.
        """
        self.refuse_missing(known=not self.one_way)
        wanted = structs.replace(self.wanted, name=lambda path: path in paths and self.wanted.name(path))
        found = {end: look(place, wanted.name) for end, place in self.opened.places.items()}
        for end, seen in found.items():
            for path in paths:
                now = seen.files.get(path)
                if now is not None:
                    self.seen[end].files[path] = now
                elif path in self.seen[end].files:
                    del self.seen[end].files[path]
        again = structs.replace(self, seen=found, wanted=wanted)
        again.base = again._remembered()
        return again

    def _remembered(self) -> SpilledDict[Entry]:
        """What both agreed on of the wanted paths; nothing where changes go one way."""
        base = SpilledDict(Entry)
        if not self.one_way:
            for path, entry in self.memory.pair.each_base():
                if self.wanted.name(path):
                    base[path] = entry
        return base

    def refuse_missing(self, *, known: bool, compares: bool = False) -> None:
        """Raise `UsageError` for a folder that is not there: A's, and B's where it was there once, or is compared."""
        for end in End:
            place = self.opened.places[end]
            if is_missing(place) and (end is End.A or compares or (known and not self.one_way)):
                was = "; it was there when the two were last synced" if known else ""
                raise UsageError(
                    f"there is no folder {place.shown}{was}",
                    why="a place that is missing is never taken for an empty one",
                    hint="connect its disk, or look at the spelling",
                )

    def _named(self, seen: Seen, wanted: Wanted) -> Seen:
        """Files of A; where it is one file, or one object that has the address, only that one is wanted at all."""
        self.wanted, place = wanted, self.opened.places[End.A]
        if isinstance(place, Bucket) and self.one_way and not seen.files and not seen.problems:
            found = one_object(place)
            if found is not None:
                self.opened = structs.replace(self.opened, places={**self.opened.places, End.A: found})
                self.knows = {**self.knows, End.A: Knowledge(found, self.memory.ends[End.A], self.pace.receive)}
                seen, place = look(found, lambda path: path == found.only), found
        only = place.only
        if only is not None:
            self.wanted = structs.replace(wanted, name=lambda path: path == only and wanted.name(path))
            for path in [path for path in seen.files if path != only]:
                del seen.files[path]
        return seen

    def _look(self, end: End, wanted: Wanted, *, known: bool) -> Seen:
        """List a place. The folder of a folder store that is B, and was never seen, is made when it is needed."""
        place = self.opened.places[end]
        try:
            return look(place, wanted.name)
        except BucketMissing as error:
            is_expected = end is End.A or known
            if is_expected and isinstance(place, Bucket) and not scheme_of(place.settings.store).is_folder:
                error.hint = "look at the spelling: nothing was copied or deleted. One that is made new is empty"
            if is_expected or not is_made(place):
                raise
        if self.writes and isinstance(place, Bucket):
            self.opened = structs.replace(self.opened, places={**self.opened.places, end: make(place, self.pace)})
        return Seen()

    @property
    def complete(self) -> bool:
        return all(seen.complete for seen in self.seen.values())

    @property
    def hidden(self) -> set[str]:
        return {path for seen in self.seen.values() for path in seen.hidden}

    def decisions(self, failed: Callable[[str, S3syncError], None]) -> Iterator[Decision]:
        """Decide every path in order; what cannot be compared fails alone. Raises what ends the run."""
        hidden = self.hidden
        assert self.base is not None
        for known, one, two in merge_by_path(self.base, self.seen[End.A].files, self.seen[End.B].files):
            paths = [
                path
                for path in sorted({*known, *one, *two})
                if not is_below(path, hidden) and self.wanted.both(one.get(path), two.get(path), one_way=self.one_way)
            ]
            md5s = self._settle(paths, known, one, two, failed)
            for path in paths:
                if path in md5s:
                    a, b = _entry(one.get(path), md5s[path][0]), _entry(two.get(path), md5s[path][1])
                    yield decide(path, known.get(path), a, b)

    def _settle(
        self,
        paths: list[str],
        known: Mapping[str, Entry],
        one: Mapping[str, Found],
        two: Mapping[str, Found],
        failed: Callable[[str, S3syncError], None],
    ) -> dict[str, tuple[str | None, str | None]]:
        """The MD5s that the decisions need, of A and of B; what failed is left out."""

        def work(path: str) -> tuple[str | None, str | None]:
            a, b, base = one.get(path), two.get(path), known.get(path)
            if a is not None and b is not None and a.size == b.size:
                return settle(path, a, b, self.knows, needs_md5=not self.one_way)
            first = self._against(End.A, path, a, base)
            return first, self._against(End.B, path, b, base)

        found: dict[str, tuple[str | None, str | None]] = {}
        with Pool(min(self.workers, HASHERS)) as pool:
            for path, result in pool.map(work, paths):
                try:
                    found[path] = result.result()
                except ENDS_THE_RUN:
                    raise
                except S3syncError as error:
                    failed(path, error)
        for knows in self.knows.values():
            knows.save()
        return found

    def _against(self, end: End, path: str, found: Found | None, base: Entry | None) -> str | None:
        """MD5 of a file that only the base can equal."""
        if found is None or base is None or found.size != base.size:
            return None
        knows = self.knows[end]
        likely = knows.likely(path, found)
        return likely if likely == base.md5 else knows.told(path, found)

    @contextmanager
    def mover(self, stamp: str, warn: Callable[[str], None]) -> Iterator[tuple[Mover, Pool]]:
        """Open what moves files: a pool, a line to each store, and a look before writes where a store needs it."""
        stores = {end: place.store for end, place in self.opened.places.items() if isinstance(place, Bucket)}
        target = stores.get(End.B) or stores.get(End.A)
        workers = most_connections(self.workers)
        with ExitStack() as stack:
            stack.enter_context(kept_folders())
            places = dict(self.opened.places)
            for end in list(stores):
                place = places[end]
                assert isinstance(place, Bucket)
                checked = stack.enter_context(self._guarded(place, warn)) if end in self.writes else place.store
                places[end] = Bucket(checked, place.prefix, place.shown, place.settings, place.endpoint)
                stores[end] = checked
            pool = stack.enter_context(Pool(workers, flow_to(target, workers) if target is not None else None))
            ledger, started = UnfinishedTransfers(self.memory.pair), format_time(self.now)
            transports = {
                end: Transport(
                    store,
                    places[end].prefix,  # type: ignore[union-attr]
                    pool,
                    self.progress,
                    ledger,
                    started,
                    self.pace,
                    up=line_to(store),
                    down=line_to(store),
                )
                for end, store in stores.items()
            }
            yield (
                Mover(
                    places, self.seen, self.knows, transports, Bounded(pool.check), self.progress,
                    self.opened.in_one_store, stamp, self.user,
                ),
                pool,
            )  # fmt: skip

    @contextmanager
    def _guarded(self, place: Bucket, warn: Callable[[str], None]) -> Iterator[Store]:
        """The store to write with: one that does not enforce conditions is looked at before each write."""
        if not place.store.capabilities.conditional_writes:
            yield CheckedStore(place.store, lambda condition: Honours.REFUSED)
            return
        if not place.endpoint or not scheme_of(place.settings.store).probed:
            yield place.store
            return
        probed = Probed(place.store, place.prefix, place.settings.env, lambda: self.now)
        guard = Guard(probed, self.memory.pair, place.endpoint)
        try:
            guard.foresee(set(PUT))
            yield CheckedStore(place.store, guard.honours)
            warning = guard.warning()
        finally:
            guard.close()
        if warning:
            warn(warning)


def is_below(path: str, hidden: set[str]) -> bool:
    """True for a path about which nothing is known: it, or a folder that it is in, is hidden."""
    if not hidden:
        return False
    parts = path.split("/")
    return any("/".join(parts[:n]) in hidden for n in range(1, len(parts) + 1))


def _entry(found: Found | None, md5: str | None) -> Entry | None:
    if found is None:
        return None
    return Entry(found.size, None, md5) if md5 == SAME else Entry(found.size, md5)


@contextmanager
def at_work(
    opened: Opened,
    environ: Mapping[str, str],
    progress: Progress,
    pace: Pace,
    workers: int,
    now: datetime,
    *,
    ends: tuple[End, ...],
    dry_run: bool = False,
    wait_s: float,
) -> Iterator[Work]:
    """Open the memory of two places, and hold what nobody else may work on meanwhile.

    `ends`: the places that may change; none for a look. With `dry_run` they do not: only what refuses them is told.
    Raises `LockHeld`, `LocalError`, `Unsupported`.
    """
    a, b = opened.places[End.A], opened.places[End.B]
    for end in ends:
        refuse_readable(opened.places[end], opened.places[end.other])
    writes = () if dry_run else ends
    with ExitStack() as stack:
        memory = stack.enter_context(
            open_pair_memory(a.identity, b.identity, environ, read_only=not writes, now=now, wait_s=wait_s)
        )
        locked: set[Path] = set()
        for end in writes:
            place = opened.places[end]
            if isinstance(place, Folder) and place.root in locked:
                continue  # one project is both places of `organize`
            if isinstance(place, Folder) and place.project is not None:
                locked.add(place.root)
                room = stack.enter_context(state_room(place.root))
                stack.enter_context(project_lock(room, now=now, wait_s=wait_s))
            elif isinstance(place, Folder):
                stack.callback(tidy, place.root)
        knows = {end: Knowledge(opened.places[end], memory.ends[end], pace.receive) for end in End}
        leaving = stack.enter_context(Leaving(environ, {os.path.realpath(root) for root in locked}))
        yield Work(opened, memory, knows, progress, pace, workers, now, writes, leaving)
