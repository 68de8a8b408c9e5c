"""Archives of other tools by the listing of a store: keys that fit a set's layout and are in no index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from s3sync.archive.adopt import AdoptReport, Candidate
from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.listed import listed
from s3sync.archive.catalogue.listing import STANDARD
from s3sync.archive.indexes import SUFFIX, read_rows
from s3sync.archive.walk import matcher
from s3sync.core.archive.adopt import Fit, KeyPattern, is_of_folders, proposed
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Kind, Member, Pack
from s3sync.core.archive.volumes import unit_key
from s3sync.core.times import format_time
from s3sync.store.port import ObjectInfo, Store

_SOME = 20
_ENDS_A_NAME = "._- /"


def listed_candidates(carrier: Carrier, rules: ArchiveSet, report: AdoptReport) -> list[Candidate]:
    """Archives that fit the layout and are not indexed in the store. Raises `StoreError`."""
    pattern = KeyPattern(rules)
    ours = keys_in_rows(carrier.store, rules)
    fitting: list[tuple[ObjectInfo, Fit]] = []
    beside: list[ObjectInfo] = []
    is_beside = matcher(rules.sidecars)
    for info, _ in listed(carrier.store, folders=True):
        carrier.pool.check()
        fit = pattern.fit(info.key)
        if fit is not None:
            fitting.append((info, fit))
        elif info.key.endswith(SUFFIX):
            ours.add(info.key.removesuffix(SUFFIX))
        elif (archive := proposed(info.key)) is not None:
            report.proposals.add(archive)
        elif rules.sidecars and is_beside(info.key):
            beside.append(info)
        else:
            _unfit(report, info.key)
    unknown = [(info, fit) for info, fit in fitting if not is_ours(info.key, fit.pack, ours)]
    report.known += len(fitting) - len(unknown)
    found = list(_folders(rules, pattern, unknown) if is_of_folders(rules) else _units(rules, unknown))
    return _with_sidecars(found, beside, report) if beside else found


def is_ours(key: str, pack: Pack, indexed: set[str]) -> bool:
    """True for an archive that has an index, or is a volume of one that has."""
    return key in indexed or (pack is not Pack.NONE and unit_key(key, pack) in indexed)


def keys_in_rows(store: Store, rules: ArchiveSet) -> set[str]:
    """Keys of the objects that the rows of a set without container have."""
    if rules.pack is not Pack.NONE:
        return set()
    rows = read_rows(store, rules.name)
    return {member.key for index in rows.values() for member in index.members if member.key is not None}


def archived_of(rules: ArchiveSet, info: ObjectInfo, fit: Fit) -> Archived:
    """An object as the catalogue has one that is not indexed."""
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


def sole_member(info: ObjectInfo) -> Member:
    """Member of an archive that is an object as it is."""
    modified = int(info.modified.timestamp()) * 10**9
    return Member(info.key.rpartition("/")[2], Kind.FILE, info.size, 0o644, modified, key=info.key, etag=info.etag)


def _units(rules: ArchiveSet, found: Iterable[tuple[ObjectInfo, Fit]]) -> Iterator[Candidate]:
    for info, fit in found:
        members = (sole_member(info),) if fit.pack is Pack.NONE else None
        yield Candidate(archived_of(rules, info, fit), members)


def _folders(rules: ArchiveSet, pattern: KeyPattern, found: Iterable[tuple[ObjectInfo, Fit]]) -> Iterator[Candidate]:
    """Units of several objects each."""
    units: dict[str, list[tuple[ObjectInfo, Fit]]] = {}
    for info, fit in found:
        units.setdefault(pattern.split(info.key)[0], []).append((info, fit))
    for key, objects in units.items():
        members = tuple(replace(sole_member(info), path=pattern.split(info.key)[2]) for info, _ in objects)
        newest, fit = max(objects, key=lambda one: one[0].modified)
        whole = replace(archived_of(rules, newest, fit), key=key, size=sum(one.size for one in members), etag=None)
        yield Candidate(whole, tuple(sorted(members, key=lambda one: one.path)))


def _with_sidecars(found: list[Candidate], beside: list[ObjectInfo], report: AdoptReport) -> list[Candidate]:
    """Candidates with the notes that begin with their unit's name: `M31_notes.md` is of `M31`."""
    by_name = {one.archive.unit.rpartition("/")[2]: number for number, one in enumerate(found)}
    notes: dict[int, list[Member]] = {}
    for info in beside:
        owner = _owner(info.key.rpartition("/")[2], by_name)
        if owner is None:
            _unfit(report, info.key)
        else:
            notes.setdefault(owner, []).append(sole_member(info))
    return [replace(one, sidecars=tuple(notes.get(number, ()))) for number, one in enumerate(found)]


def _owner(name: str, by_name: Mapping[str, int]) -> int | None:
    """The unit with the longest name that a file's name begins with."""
    ends = [at for at in range(1, len(name)) if name[at] in _ENDS_A_NAME]
    return next((by_name[name[:at]] for at in reversed(ends) if name[:at] in by_name), None)


def _unfit(report: AdoptReport, key: str) -> None:
    report.unfit_count += 1
    report.unfit += [key] if len(report.unfit) < _SOME else []
