"""A unit on its way up. Above `max_size` volume after volume, and after each the one index of all of them."""

from __future__ import annotations

from msgspec.structs import replace as changed

from s3sync.archive.indexes import TakesRows, write_index
from s3sync.archive.putting import Put, Putting
from s3sync.archive.send import forget, is_archived, refuse_unsendable, send_archive, send_sidecars, send_unit
from s3sync.archive.volumes import Portion, known_archives, portions_of
from s3sync.core.archive.values import Index, Member, SplitIndex, Unit, index_key
from s3sync.core.archive.volumes import joined
from s3sync.core.quantities import counted
from s3sync.core.typed import typed
from s3sync.errors import Halt
from s3sync.transfer.progress import Work


def put_unit(
    putting: Putting, unit: Unit, known: tuple[Index, ...], *, replace: bool, rows: TakesRows | None = None
) -> Put:
    """Send the archives of a unit that are not there yet, or with `replace` all.

    `rows`: takes the index of a unit without container, for whoever writes it later. Raises as `send_unit` does, and
    `Halt` where it is archived in other volumes.
    """
    portions, there = portions_of(putting.rules, unit), known_archives(known)
    if not set(there) <= {portion.part.key for portion in portions}:
        raise Halt(
            f"did not send {unit.id}",
            why=f"it is archived in {counted(len(there), 'volume')} and would be {len(portions)} now, under other keys",
            hint=f"remove the old ones first: s3sync archive remove {typed(unit.id)}",
        )
    if len(portions) > 1:
        return send_split(putting, unit, portions, known, replace=replace)
    carrier, journal, ahead = putting.carrier, putting.journal, putting.ahead
    index, sent = send_unit(carrier, putting.rules, unit, journal, replace=replace, rows=rows, ahead=ahead)
    return Put(index, sent)


def send_split(work: Putting, unit: Unit, portions: list[Portion], known: tuple[Index, ...], *, replace: bool) -> Put:
    """Send the volumes that are not there yet, or with `replace` all.

    The index is written after each volume and says how many are as they are to be (all only at the end), so that an
    interrupted run resumes behind the last one, on any computer. Raises as `send_unit` does.
    """
    refuse_unsendable(work.rules, unit)
    sending = _Sending(work, unit, portions, known)
    stale = [one for one in portions if replace or not sending.has(one)]
    work.carrier.progress.begin(Work.UPLOAD, unit.id, sum(one.part.size for one in stale))
    try:
        for number, portion in enumerate(stale, len(portions) - len(stale) + 1):
            sending.send(portion, replace=replace, done=min(number, len(portions) - 1))
        return Put(sending.finish(replace=replace), sending.bytes_sent, sending.is_own)
    finally:
        work.carrier.progress.finish(Work.UPLOAD, unit.id)
        if sending.written is not None:
            work.written(sending.written)


class _Sending:
    """The volumes of a unit as they are in the store by now. `is_own`: this computer sent all that is there."""

    def __init__(self, work: Putting, unit: Unit, portions: list[Portion], known: tuple[Index, ...]) -> None:
        self.work, self.unit, self.portions = work, unit, portions
        self.archives = known_archives(known)
        self.sidecars: tuple[Member, ...] = tuple(one for index in known for one in index.sidecars)
        self.is_own = all(map(work.is_made, known))
        self.outdated = [index.key for index in known if not isinstance(index, SplitIndex)]
        self.bytes_sent = 0
        self.written: Index | None = None

    def has(self, portion: Portion) -> bool:
        there = self.archives.get(portion.part.key)
        return there is not None and is_archived(there, portion.part)

    def send(self, portion: Portion, *, replace: bool, done: int) -> None:
        """Send a volume, and write that it is there."""
        work = self.work
        made, sent = send_archive(work.carrier, work.rules, portion.part, work.journal, replace)
        self.bytes_sent += sent
        self.archives[made.key] = made
        self._write(done)
        work.journal.end(made.key)

    def finish(self, *, replace: bool) -> Index:
        """Send the sidecars, and write the index with them."""
        index, work = self._index(len(self.portions)), self.work
        self.sidecars, sent = send_sidecars(work.carrier, work.rules, self.unit, work.journal, index, replace)
        self.bytes_sent += sent
        written = self._write(len(self.portions))
        forget(work.journal, written)
        return written

    def _index(self, done: int) -> SplitIndex:
        archives = [self.archives[key] for key in sorted(self.archives, key=lambda key: (len(key), key))]
        index = joined(self.unit.key, archives, done, len(self.portions))
        return changed(index, sidecars=self.sidecars)

    def _write(self, done: int) -> Index:
        work, index = self.work, self._index(done)
        if self.is_own:
            work.journal.note_making(index)
        write_index(work.carrier.store, index)
        self.written = index
        for key in self.outdated:  # an earlier version gave each volume an index of its own
            work.carrier.store.delete(index_key(key))
            work.outdated(key)
        self.outdated = []
        return index
