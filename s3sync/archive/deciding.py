"""Decision about a unit: whether it is in the store already, is to be sent, or must not be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from s3sync.archive.chain import is_rest
from s3sync.archive.indexes import RowBook
from s3sync.archive.last_copies import refuse_loss, refuse_unnamed_loss
from s3sync.archive.remove_local import is_here
from s3sync.archive.run_report import Options, UnitState
from s3sync.archive.send import is_archived
from s3sync.archive.settling import Staged
from s3sync.archive.volumes import Portion, is_complete, known_archives, known_indexes, merged, portions_of
from s3sync.archive.walk import light_of
from s3sync.archive.work import Working
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Unit
from s3sync.core.names import nfc
from s3sync.core.times import moment
from s3sync.core.typed import typed
from s3sync.disk.tree import kept_folders
from s3sync.errors import Halt


def decided(work: Working, unit: Unit, options: Options, rows: RowBook | None) -> Staged:
    """The unit as it stands in the store; `PLANNED` if it is to be sent. Raises `Halt` where that would lose files."""
    known = known_indexes(work.carrier, work.rules, unit, rows)
    if not known and not options.force and _is_rest(work, unit):
        return Staged(UnitState.KNOWN, ())
    state = state_of(work.rules, unit, known, options)
    if state is not UnitState.PLANNED:
        return Staged(state, known)
    refuse_loss(known, unit)
    if options.force:
        refuse_unnamed_loss(work.carrier, work.rules, unit, known, work.journal.is_made)
        refuse_other_version(unit, known, work.journal.is_made)
    return Staged(state, known)


def refuse_other_version(unit: Unit, known: tuple[Index, ...], is_made: Callable[[Index], bool]) -> None:
    """Refuse to replace good bytes that nobody said to replace. Raises `Halt`.

    What another computer sent stays where its files are other ones than those here of their names: there they may have
    left the disk since. What this computer sent is replaced by edits; not by a file whose size and time are as they
    were and whose bytes are not, as a damaged disk leaves it.
    """
    if not known:
        return
    own = all(map(is_made, known))
    archive, here = merged(known), {source.path: source for source in (*unit.sources, *unit.sidecars)}
    with kept_folders():
        for member in (*archive.members, *archive.sidecars):
            found = here.get(member.path)
            if member.kind is not Kind.FILE or found is None:
                continue
            is_same = (found.size, found.mtime_ns) == (member.size, member.mtime_ns)
            if own and is_same and found.kind is Kind.FILE and not is_here(unit.root, member):
                raise _damaged(unit, member)
            if not own and (found.size != member.size or not is_here(unit.root, member)):
                raise _others(unit, member)


def _damaged(unit: Unit, member: Member) -> Halt:
    return Halt(
        f"did not replace the archive of {unit.id}",
        why=f"{member.path:.200} has the size and time with which it was sent, and its bytes are others: the disk may"
        " have damaged it, and the archive may have the last good copy",
        hint=f"compare: s3sync restore {typed(unit.id)} --to FOLDER; if the one here is right, set its time to now"
        " (`touch`), and --force sends it",
    )


def _others(unit: Unit, member: Member) -> Halt:
    return Halt(
        f"did not replace the archive of {unit.id}",
        why=f"this computer did not send it, and {member.path:.200} in it is another one than here: it may"
        " be the last copy",
        hint=f"look at it: s3sync restore {typed(unit.id)} --to FOLDER; to have both in the store, give the"
        " one here another name",
    )


def _is_rest(work: Working, unit: Unit) -> bool:
    """True for light files that stayed here when the rest was archived further on, in a chain of sets."""
    light = light_of(work.rules)
    return is_rest(work.catalogue, unit, (one.path for one in unit.sources if light(one.path)))


def state_of(rules: ArchiveSet, unit: Unit, known: tuple[Index, ...], options: Options) -> UnitState:
    """State of a unit of which so much is known. Raises `Halt` where its key holds the archive of another unit."""
    _refuse_other(rules, unit, known, options)
    if not known or options.force:
        return UnitState.PLANNED
    if is_complete(known):
        return UnitState.KNOWN if is_archived(merged(known), unit) else UnitState.CHANGED
    portions = {portion.part.key: portion for portion in portions_of(rules, unit)}
    fits = all(_is_of(archive, portions) for archive in known_archives(known).values())
    return UnitState.PLANNED if fits else UnitState.CHANGED


def _refuse_other(rules: ArchiveSet, unit: Unit, known: tuple[Index, ...], options: Options) -> None:
    """Two units may get one key on different days, when the files of the first left this disk long ago.

    One that was moved here has another name, and the same files: it is archived, and nothing is replaced.
    """
    other = next((one.unit for one in known if nfc(one.unit) != nfc(unit.id)), None)
    if other is not None and (options.force or not is_archived(merged(known), unit)):
        raise Halt(
            f"did not send {unit.id}",
            why=f"under its key {unit.key} is the archive of another unit, {other:.200}, which is never replaced",
            hint=f"add a field to `layout` of archives.{rules.name} that tells them apart, such as {{path}};"
            f" `s3sync archive show {typed(other)}` says what is there",
        )


def _is_of(index: Index, portions: dict[str, Portion]) -> bool:
    """True if an index is of a volume as it would be sent now, so that only others are missing."""
    portion = portions.get(index.key)
    return portion is not None and index.volumes == portion.total and is_archived(index, portion.part)


def chosen_of(units: Iterable[Unit], options: Options) -> Iterator[Unit]:
    """Units that a run is about."""
    for unit in units:
        if options.year is None or options.year == (unit.fields.get("year") or str(moment(unit.newest_ns).year)):
            yield unit
