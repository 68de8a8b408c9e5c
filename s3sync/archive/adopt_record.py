"""Archives that an older tool's database records, each compared with what the store has now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from s3sync.archive.adopt import AdoptReport, Candidate
from s3sync.archive.adopt_listed import archived_of, is_ours, sole_member
from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import Facts, add_log, add_statistics, note_facts
from s3sync.archive.catalogue.listed import listed, places_among
from s3sync.archive.foreign import foreign_index
from s3sync.archive.indexes import SUFFIX
from s3sync.archive.old_database import OldRecord
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.adopt import Fit, KeyPattern, pack_of
from s3sync.core.archive.old_records import OldArchive, OldNote
from s3sync.core.archive.records import Status, ThawNote
from s3sync.core.archive.values import ArchiveSet, Member, Pack
from s3sync.core.outcome import Problem
from s3sync.core.times import format_time, parse_time
from s3sync.store.aspects import Thaw, Thaws, ThawState, aspect
from s3sync.store.port import ObjectInfo

_HINT = "look at it; `s3sync archive adopt` without --from takes in what lies there"


def root_of(url: str) -> tuple[str | None, str]:
    """Bucket of a store and its prefix, empty or ending in `/`; no bucket for a folder."""
    if not scheme_of(url).has_server:
        return None, ""
    bucket, _, prefix = url.partition("://")[2].partition("/")
    prefix = prefix.strip("/")
    return bucket, f"{prefix}/" if prefix else ""


class Recorded:
    """Comparison of a record with a listing of the store."""

    def __init__(self, carrier: Carrier, rules: ArchiveSet, record: OldRecord, report: AdoptReport) -> None:
        self._carrier, self._rules, self._record, self._report = carrier, rules, record, report
        self._bucket, self._root = root_of(carrier.store.url)
        self._pattern = KeyPattern(rules)
        self.gone: list[Candidate] = []
        report.problems += [Problem(where, why) for where, why in record.refused]
        report.warnings += record.missing
        for old in record.archives:
            report.warnings += [f"{old.session_id}: {wrong}" for wrong in old.wrong[:1]]

    def candidates(self) -> list[Candidate]:
        """Archives that the store has as they were recorded. What is gone, differs or lies elsewhere is told."""
        archives = self._wanted()
        notes = {key: note for note in self._record.notes if (key := self._below(note)) is not None}
        there, ours = self._listing(archives.keys() | notes.keys())
        beside: dict[str, list[Member]] = {}
        for key, note in notes.items():
            if self._is_same(note.session_id, key, note, there.get(key)):
                beside.setdefault(note.session_id, []).append(sole_member(there[key][0]))
        found = []
        for key, old in archives.items():
            if is_ours(key, pack_of(key), ours):
                self._report.known += 1
            elif key in there and self._pattern.fit(key) is None:
                why = f"{key} does not fit the layout of archives.{self._rules.name}"
                hint = "a record alone makes no archive of any object: adopt it with a set whose `layout` it fits"
                self._report.problems.append(Problem(old.session_id, why, hint))
            elif self._is_same(old.session_id, key, old, there.get(key)):
                found.append(self._candidate(old, *there[key], tuple(beside.get(old.session_id, ()))))
            elif key not in there:
                self.gone.append(self._lost(old, key))
        self._report.gone.sort()
        return found

    def note_rest(self, catalogue: Catalogue) -> None:
        """Take in the log, the statistics, and that recorded archives are gone."""
        units = {old.session_id: self._fit(old, key)[1].unit for key, old in self._wanted(told=False).items()}
        log = [replace(one, unit=units.get(one.unit, one.unit)) for one in self._record.log]
        self._report.log = add_log(catalogue, log)
        self._report.statistics = add_statistics(catalogue, self._record.statistics)
        for one in self.gone:
            before = catalogue.archive(one.archive.key)
            if before is not None and before.status is Status.STORED:
                continue
            if before is None:
                catalogue.record(foreign_index(one.archive, ()), status=Status.GONE)
            catalogue.note_status(one.archive.key, Status.GONE)
            if one.facts is not None:
                note_facts(catalogue, one.archive.key, one.facts)

    def _wanted(self, *, told: bool = True) -> dict[str, OldArchive]:
        """Recorded archives by their key below the store; of several with one key the first."""
        found: dict[str, OldArchive] = {}
        for old in self._record.archives:
            key = self._below(old)
            if key is None and told:
                place = f"s3://{old.bucket or self._bucket}/{old.key.rpartition('/')[0]}"
                self._report.elsewhere[place] = self._report.elsewhere.get(place, 0) + 1
            elif key in found and told:
                other = found[key].session_id
                self._report.problems.append(Problem(old.session_id, f"its key is that of {other}, too: {key}"))
            elif key is not None:
                found.setdefault(key, old)
        return found

    def _below(self, one: OldArchive | OldNote) -> str | None:
        """Key below the set's store; None for another place."""
        if self._bucket is not None and one.bucket not in (None, self._bucket):
            return None
        return one.key.removeprefix(self._root) if one.key.startswith(self._root) else None

    def _listing(self, wanted: set[str]) -> tuple[dict[str, tuple[ObjectInfo, Thaw | None]], set[str]]:
        """Wanted objects that are there, and the keys of archives that have an index of ours."""
        there: dict[str, tuple[ObjectInfo, Thaw | None]] = {}
        ours: set[str] = set()

        def look(places: Sequence[str]) -> None:
            for info, thaw in listed(self._carrier.store, places):
                self._carrier.pool.check()
                if info.key in wanted:
                    there[info.key] = (info, thaw)
                elif info.key.endswith(SUFFIX):
                    ours.add(info.key.removesuffix(SUFFIX))

        places = places_among(sorted(wanted))
        look(places)
        if places and len(there) < len(wanted):  # before anything is called gone
            look(())
        return there, ours

    def _is_same(
        self, name: str, key: str, said: OldArchive | OldNote, there: tuple[ObjectInfo, Thaw | None] | None
    ) -> bool:
        """True if the store has what was recorded. Else it is told: nothing of it is called a copy."""
        if there is None:
            self._report.gone.append((name, key))
            return False
        info, why = there[0], None
        if said.size is not None and said.size != info.size:
            why = f"it has {info.size} bytes, and {said.size} were recorded"
        elif said.etag is not None and said.etag != info.etag:
            why = "its ETag is not the one that was recorded"
        if why is not None:
            self._report.problems.append(Problem(key, f"{name} is not what was recorded: {why}", _HINT))
        return why is None

    def _fit(self, old: OldArchive, key: str) -> tuple[str, Fit]:
        fit = self._pattern.fit(key)
        if fit is None:
            last = old.session_id.rpartition("/")[2]
            fit = Fit(old.session_id, pack_of(key), {"id": last, "name": last})
        said = {
            "date": (old.day or "").replace("-", ""),
            "year": (old.day or "")[:4],
            "camera": old.camera,
            "telescope": old.telescope,
            "archive_policy": old.archive_policy,
            "backup_policy": old.backup_policy,
            "session_id": old.session_id if old.session_id != fit.unit else "",
        }
        fields = {**{name: value for name, value in said.items() if value}, **fit.fields}
        return key, Fit(fit.unit, fit.pack, fields)

    def _candidate(
        self, old: OldArchive, info: ObjectInfo, thaw: Thaw | None, sidecars: tuple[Member, ...]
    ) -> Candidate:
        fit = self._fit(old, info.key)[1]
        now = format_time(self._carrier.clock())
        has_moved = old.moved_at is not None and old.moved_at <= now and info.storage_class == old.expected_class
        facts = Facts(
            notes=old.notes,
            expected_class=old.expected_class,
            version_id=old.version_id,
            transitioned_at=old.moved_at if has_moved else None,
            verified_at=now if old.etag is not None else None,
            verified_how="listed" if old.etag is not None else None,
            files=old.files,
            original_size=old.original_size,
        )
        members = (sole_member(info),) if fit.pack is Pack.NONE else None
        return Candidate(archived_of(self._rules, info, fit), members, sidecars, facts, self._thaw(old, info, thaw))

    def _thaw(self, old: OldArchive, info: ObjectInfo, listed: Thaw | None) -> ThawNote | None:
        """A restore that was recorded, with its state as the store has it."""
        thaws = aspect(self._carrier.store, Thaws)
        if thaws is None or old.restore_requested_at is None:
            return None
        found = listed or thaws.thaw_of(info.key)
        if found.state is ThawState.WARM:
            return None
        until = format_time(found.until) if found.until else None
        days = _days(old.restore_requested_at, old.restore_expires_at)
        return ThawNote(old.restore_tier or "", days, old.restore_requested_at, str(found.state), until)

    def _lost(self, old: OldArchive, key: str) -> Candidate:
        fit = self._fit(old, key)[1]
        when = parse_time(old.uploaded_at or "") or datetime.fromtimestamp(0, UTC)
        info = ObjectInfo(key, old.size or 0, old.etag or "", when)
        archive = replace(archived_of(self._rules, info, fit), storage_class=old.storage_class or "", etag=old.etag)
        return Candidate(archive, facts=Facts(notes=old.notes, files=old.files, original_size=old.original_size))


def _days(start: str, end: str | None) -> int:
    first, last = parse_time(start), parse_time(end) if end else None
    return max((last - first).days, 0) if first and last else 0
