"""Archives that older tools left in a store, taken into the catalogue: nothing is sent, moved or changed there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.listing import STANDARD
from s3sync.archive.catalogue.rebuild import listed
from s3sync.archive.foreign import Headers, foreign_index, read_headers
from s3sync.archive.indexes import SUFFIX, read_rows
from s3sync.core.archive.adopt import Fit, KeyPattern
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, ForeignIndex, Kind, Member, Pack, UnitKind
from s3sync.core.archive.volumes import unit_key
from s3sync.core.outcome import Problem
from s3sync.core.quantities import size_text
from s3sync.core.times import format_time
from s3sync.errors import ENDS_THE_RUN, ConfigError, S3syncError, Unsupported
from s3sync.errors import Archived as Cold
from s3sync.store.port import ObjectInfo

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

    @property
    def exit_code(self) -> int:
        return 3 if self.problems else 0


class Candidate(Struct, frozen=True):
    """An object, or the objects of a unit without container, that fits the layout and is in no index."""

    archive: Archived
    members: tuple[Member, ...] | None = None
    """None: they are read from the archive's headers."""


Told = Callable[[Adoption], None]
_SOME = 20


def adopt(
    carrier: Carrier, catalogue: Catalogue, rules: ArchiveSet, *, most_streamed: int, dry_run: bool, told: Told
) -> AdoptReport:
    """Take in the archives of a set that the store has no index of. Of each that can be read the headers are.

    A dry run reads only the listing. Raises `StoreError`.
    """
    report = AdoptReport(dry_run)
    found = _candidates(carrier, catalogue, rules, report)
    if dry_run:
        report.adopted += [Adoption(one.archive) for one in found]
        for dry in report.adopted:
            told(dry)
        return report
    for one, result in carrier.pool.map(lambda one: _read(carrier, one, most_streamed), found):
        try:
            headers, why = result.result()
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            headers, why = None, str(error)
            report.problems.append(Problem(one.archive.key, str(error), error.hint))
        adoption = keep(catalogue, one.archive, headers, why)
        report.adopted.append(adoption)
        told(adoption)
    report.adopted.sort(key=lambda one: one.archive.key)
    catalogue.take_statistics(format_time(carrier.clock())[:10])
    return report


def keep(catalogue: Catalogue, archive: Archived, headers: Headers | None, why: str | None) -> Adoption:
    """Take an archive into the catalogue, with its members if they were read."""
    status = Status.NOT_INDEXED if headers is None else Status.ADOPTED
    index = foreign_index(archive, headers.members if headers is not None else ())
    catalogue.record(index, status=status)
    kept = catalogue.archive(archive.key)
    return Adoption(kept or archive, why, headers.problems if headers is not None else ())


def read_now(carrier: Carrier, catalogue: Catalogue, archive: Archived) -> ForeignIndex:
    """Index of an archive that was cold when it was adopted, and can be read now. Raises `ArchiveError`."""
    headers = read_headers(carrier, archive.key, archive.size, archive.etag, archive.pack, archive.unit)
    keep(catalogue, archive, headers, None)
    return foreign_index(archive, headers.members)


def _read(carrier: Carrier, one: Candidate, most_streamed: int) -> tuple[Headers | None, str | None]:
    """Headers of an archive, or why they are not read."""
    archive = one.archive
    if one.members is not None:
        return Headers(one.members, ()), None
    if archive.pack is not Pack.TAR and archive.size > most_streamed:
        return None, f"it has to be read through, and is larger than {size_text(most_streamed)}"
    try:
        return read_headers(carrier, archive.key, archive.size, archive.etag, archive.pack, archive.unit), None
    except Cold:
        return None, f"it is cold ({archive.storage_class})"
    except Unsupported as error:
        return None, str(error)


def _candidates(carrier: Carrier, catalogue: Catalogue, rules: ArchiveSet, report: AdoptReport) -> list[Candidate]:
    """Archives that fit the layout, and are neither known nor indexed in the store."""
    pattern = KeyPattern(rules)
    ours = set[str]()
    if rules.pack is Pack.NONE:
        rows = read_rows(carrier.store, rules.name)
        ours = {member.key for index in rows.values() for member in index.members if member.key is not None}
    fitting: list[tuple[ObjectInfo, Fit]] = []
    for info, _ in listed(carrier.store):
        carrier.pool.check()
        fit = pattern.fit(info.key)
        if fit is not None:
            fitting.append((info, fit))
        elif info.key.endswith(SUFFIX):
            ours.add(info.key.removesuffix(SUFFIX))
        else:
            report.unfit_count += 1
            report.unfit += [info.key] if len(report.unfit) < _SOME else []
    known = _known(catalogue)
    report.known += sum(1 for info, fit in fitting if _is_ours(info.key, fit, ours))
    found = []
    fitting = [(info, fit) for info, fit in fitting if not _is_ours(info.key, fit, ours)]
    for one in _units(rules, fitting):
        if known.get(one.archive.key) == (one.archive.size, one.archive.etag):
            report.known += 1
        else:
            found.append(one)
    return sorted(found, key=lambda one: one.archive.key)


def _is_ours(key: str, fit: Fit, ours: set[str]) -> bool:
    """True for an archive that has an index, or is a volume of one that has."""
    return key in ours or (fit.pack is not Pack.NONE and unit_key(key, fit.pack) in ours)


def _known(catalogue: Catalogue) -> Mapping[str, tuple[int, str | None]]:
    """Archives whose members are known; those that were cold are looked at again."""
    return {one.key: (one.size, one.etag) for one in catalogue.archives(status=(Status.STORED, Status.ADOPTED))}


def _units(rules: ArchiveSet, found: Iterable[tuple[ObjectInfo, Fit]]) -> Iterable[Candidate]:
    for info, fit in found:
        single = None
        if fit.pack is Pack.NONE:
            modified = int(info.modified.timestamp()) * 10**9
            name = fit.unit.rpartition("/")[2]
            single = (Member(name, Kind.FILE, info.size, 0o644, modified, key=info.key, etag=info.etag),)
        yield Candidate(_archived(rules, info, fit), single)


def _archived(rules: ArchiveSet, info: ObjectInfo, fit: Fit) -> Archived:
    return Archived(
        key=info.key,
        unit=fit.unit,
        set=rules.name,
        pack=fit.pack,
        status=Status.NOT_INDEXED,
        size=info.size,
        original_size=0,
        files=0,
        uploaded_at=format_time(info.modified),
        created_by="",
        storage_class=info.storage_class or STANDARD,
        etag=info.etag,
        fields=fit.fields,
    )


def refuse_unfit(rules: ArchiveSet) -> None:
    """Raise `ConfigError` for a set whose units are several objects without a container."""
    if rules.pack is Pack.NONE and rules.unit is not UnitKind.FILE:
        raise ConfigError(
            f"cannot adopt for archives.{rules.name}",
            why="its units are several objects without a container",
            hint="name a set whose `unit` is file, or one with a container",
        )
