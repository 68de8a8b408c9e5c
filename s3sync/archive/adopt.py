"""Archives that older tools left in a store, taken into the catalogue: nothing is moved or changed there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import Facts, facts_of, note_facts, sidecars_of
from s3sync.archive.foreign import Headers, foreign_index, read_headers, unpacked_by_name
from s3sync.archive.proposals import read_proposal
from s3sync.core.archive.records import Archived, Status, ThawNote
from s3sync.core.archive.values import ForeignIndex, Kind, Member, Pack
from s3sync.core.outcome import Problem
from s3sync.core.quantities import size_text
from s3sync.core.times import format_time
from s3sync.errors import ENDS_THE_RUN, ArchiveError, S3syncError, Unsupported
from s3sync.errors import Archived as Cold

MOST_STREAMED = 1024**3
"""Bytes of a compressed archive that is read through for its members, unless more is asked for."""


class Adoption(Struct, frozen=True):
    """One archive that was taken in. `why` says why its members are not known."""

    archive: Archived
    why: str | None = None
    left_out: tuple[str, ...] = ()
    """Members that no restore brings back: devices, sparse files."""


class AdoptReport(Struct):
    """Result of an adoption. `known`: archives that the catalogue had; `unfit`: keys that the layout does not make."""

    dry_run: bool
    adopted: list[Adoption] = field(default_factory=list)
    known: int = 0
    unfit: list[str] = field(default_factory=list)
    unfit_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Units that an older tool recorded and the store has no more, each with its key: there is no copy of them."""
    elsewhere: dict[str, int] = field(default_factory=dict)
    """Other places that an older tool recorded archives in, with how many."""
    proposals: set[str] = field(default_factory=set)
    """Keys of archives beside which somebody wrote what he found in them."""
    written: int = 0
    """Proposals that were written for others."""
    log: int = 0
    statistics: int = 0
    """Entries and days of an older tool's log and statistics that are new here."""

    @property
    def exit_code(self) -> int:
        return 3 if self.problems else 0


class Candidate(Struct, frozen=True):
    """An object, or the objects of a unit without container, that is in no index."""

    archive: Archived
    members: tuple[Member, ...] | None = None
    """None: they are read from the archive's headers."""
    sidecars: tuple[Member, ...] = ()
    facts: Facts | None = None
    thaw: ThawNote | None = None
    left_out: tuple[str, ...] = ()


Told = Callable[[Adoption], None]


def adopt(
    carrier: Carrier,
    catalogue: Catalogue,
    found: list[Candidate],
    report: AdoptReport,
    *,
    most_streamed: int,
    told: Told,
    read_again: bool = False,
) -> None:
    """Take in what was found. Of each archive that can be read the headers are.

    Where that takes a thaw or all of its bytes, the proposal of somebody else is taken, unless `read_again`.
    A dry run reads nothing. Of an archive that the catalogue has the same, only what a record says is noted.
    """
    new = [one for one in sorted(found, key=lambda one: one.archive.key) if not _is_known(catalogue, one, report)]
    if report.dry_run:
        report.adopted += [_planned(one) for one in new]
        for dry in report.adopted:
            told(dry)
        return
    usable = set() if read_again else report.proposals
    for one, result in carrier.pool.map(lambda one: _looked(carrier, one, most_streamed, usable, report), new):
        archive: Archived | None = None
        try:
            archive, headers, why = result.result()
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            headers, why = None, str(error)
            report.problems.append(Problem(one.archive.key, str(error), error.hint))
        adoption = keep(catalogue, one if archive is None else replace(one, archive=archive), headers, why)
        report.adopted.append(adoption)
        told(adoption)
    report.adopted.sort(key=lambda one: one.archive.key)
    catalogue.take_statistics(format_time(carrier.clock())[:10])


def keep(catalogue: Catalogue, one: Candidate, headers: Headers | None, why: str | None) -> Adoption:
    """Take an archive into the catalogue, with its members if they were read. What was known of it stays."""
    archive, sidecars, facts = one.archive, one.sidecars, one.facts
    before = catalogue.archive(archive.key)
    if before is not None and (before.size, before.etag) == (archive.size, archive.etag):
        archive = replace(archive, fields={**before.fields, **archive.fields})
        sidecars = sidecars or sidecars_of(catalogue, archive.key)
        facts = facts or facts_of(before)
    known = Status.PROPOSED if archive.status is Status.PROPOSED else Status.ADOPTED
    status = Status.NOT_INDEXED if headers is None else known
    index = foreign_index(archive, headers.members if headers is not None else (), sidecars)
    with catalogue.transaction():
        catalogue.record(index, status=status)
        _note(catalogue, replace(one, facts=facts))
    kept = catalogue.archive(archive.key)
    return Adoption(kept or archive, why, (*one.left_out, *(headers.problems if headers is not None else ())))


def read_now(carrier: Carrier, catalogue: Catalogue, archive: Archived) -> ForeignIndex:
    """Index of an archive that was adopted without being read, and can be read now. Raises `ArchiveError`."""
    archive = replace(archive, status=Status.NOT_INDEXED, created_by="")
    headers = _headers(carrier, archive)
    keep(catalogue, Candidate(archive), headers, None)
    return foreign_index(archive, headers.members, sidecars_of(catalogue, archive.key))


def _headers(carrier: Carrier, archive: Archived) -> Headers:
    """What unpacking the archive would give."""
    found = read_headers(carrier, archive.key, archive.size, archive.etag, archive.pack, archive.unit)
    return replace(found, members=unpacked_by_name(found.members))


def _planned(one: Candidate) -> Adoption:
    """Adoption in a dry run, which reads no archive."""
    if one.members is None:
        return Adoption(one.archive, "a dry run reads none", one.left_out)
    files = sum(member.kind is not Kind.FOLDER for member in one.members)
    return Adoption(replace(one.archive, status=Status.ADOPTED, files=files), left_out=one.left_out)


def _note(catalogue: Catalogue, one: Candidate) -> None:
    if one.facts is not None:
        note_facts(catalogue, one.archive.key, one.facts)
    if one.thaw is not None:
        catalogue.note_thaw(one.archive.key, one.thaw)


def _is_known(catalogue: Catalogue, one: Candidate, report: AdoptReport) -> bool:
    """True if the catalogue has the very archive with its members; those that were cold are looked at again."""
    before = catalogue.archive(one.archive.key)
    if before is None or before.status not in (Status.STORED, Status.ADOPTED):
        return False
    if (before.size, before.etag) != (one.archive.size, one.archive.etag):
        return False
    if one.members is not None and _traits(catalogue.members(one.archive.key)) != _traits(one.members):
        return False
    report.known += 1
    if not report.dry_run and before.status is Status.ADOPTED and (one.facts is not None or one.sidecars):
        whole = foreign_index(
            replace(before, fields={**before.fields, **one.archive.fields}),
            catalogue.members(before.key),
            one.sidecars or sidecars_of(catalogue, before.key),
        )
        with catalogue.transaction():
            catalogue.record(whole, status=before.status)
            _note(catalogue, replace(one, facts=one.facts or facts_of(before)))
    return True


def _traits(members: Iterable[Member]) -> list[tuple[object, ...]]:
    return sorted((one.path, str(one.kind), one.size, one.mtime_ns, one.key or "") for one in members)


def _looked(
    carrier: Carrier, one: Candidate, most_streamed: int, proposals: set[str], report: AdoptReport
) -> tuple[Archived, Headers | None, str | None]:
    """An archive with its headers, or why they are not known; where it is not read, by the proposal for it."""
    archive = one.archive
    is_whole = archive.pack is Pack.TAR or one.members is not None  # a plain tar is not read as a whole
    headers, why = _read(carrier, one, most_streamed) if is_whole or archive.key not in proposals else (None, None)
    if headers is None and archive.key in proposals:
        try:
            proposed, members = read_proposal(carrier.store, archive)
            return proposed, Headers(members, ()), None
        except ArchiveError as error:
            report.warnings.append(str(error))
            headers, why = _read(carrier, one, most_streamed)
    return archive, headers, why


def _read(carrier: Carrier, one: Candidate, most_streamed: int) -> tuple[Headers | None, str | None]:
    """Headers of an archive, or why they are not read."""
    archive = one.archive
    if one.members is not None:
        return Headers(one.members, ()), None
    if archive.pack is not Pack.TAR and archive.size > most_streamed:
        return None, f"it has to be read through, and is larger than {size_text(most_streamed)}"
    try:
        return _headers(carrier, archive), None
    except Cold:
        return None, f"it is cold ({archive.storage_class})"
    except Unsupported as error:
        return None, str(error)
