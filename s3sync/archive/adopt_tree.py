"""Plain trees in a folder, such as an SSD that was filled by hand, as they lie: looked at, and not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from s3sync.archive.adopt import AdoptReport, Candidate
from s3sync.archive.catalogue.listing import STANDARD
from s3sync.archive.units import find_units
from s3sync.core.archive.adopt import KeyPattern, is_of_folders
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Kind, Member, Pack, Source, Unit
from s3sync.core.outcome import Problem
from s3sync.core.quantities import counted
from s3sync.core.times import format_time, moment
from s3sync.errors import BucketMissing
from s3sync.store.folder.layout import RESERVED

_SOME = 20
LINKS = "a restore makes them again, but `catalogue rebuild` and `check` list no folder store with links in it"


def tree_candidates(folder: Path, rules: ArchiveSet, ours: set[str], report: AdoptReport) -> list[Candidate]:
    """Units of a set without container that lie in a folder. `ours`: keys of objects that are known by its rows."""
    pattern, found = KeyPattern(rules), []
    for unit in _units(folder, rules, pattern):
        fit = pattern.fit_folder(unit.key)
        if fit is None:
            report.unfit_count += 1
            report.unfit += [unit.key] if len(report.unfit) < _SOME else []
        elif unit.refused is not None:
            report.problems.append(Problem(unit.key, unit.refused))
        else:
            members = tuple(_members(unit, rules))
            if any(member.key in ours for member in members):
                report.known += 1
                continue
            if links := [one.path for one in members if one.kind is Kind.LINK]:
                report.warnings.append(f"{fit.unit} has {counted(len(links), 'link')}, such as {links[0]}: {LINKS}")
            archive = Archived(
                key=unit.key,
                unit=fit.unit,
                set=rules.name,
                pack=Pack.NONE,
                status=Status.NOT_INDEXED,
                size=unit.size,
                original_size=unit.size,
                files=sum(one.kind is not Kind.FOLDER for one in members),
                uploaded_at=format_time(moment(unit.newest_ns)),
                created_by="",
                storage_class=STANDARD,
                fields=fit.fields,
            )
            found.append(Candidate(archive, members, left_out=unit.problems))
    return found


def require_tree(folder: Path) -> list[str]:
    """Names of what lies in a folder that is to become a store. Raises `BucketMissing` where nothing does."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        why = "the folder is empty"
    except OSError as error:
        names, why = [], "the folder is not there" if isinstance(error, FileNotFoundError) else "it cannot be read"
    if not names:
        raise BucketMissing(
            f"there is nothing to adopt at {folder}",
            why=why,
            hint="connect the disk, and check the path of the store: nothing was taken for empty",
        )
    return names


def _units(folder: Path, rules: ArchiveSet, pattern: KeyPattern) -> Iterator[Unit]:
    depth = pattern.depth if is_of_folders(rules) else 0
    plain = structs.replace(
        rules,
        source="/".join([str(folder), *["*"] * depth]),
        layout="{path}",
        select=(),
        ignore=(*rules.ignore, f"{RESERVED}/"),
        sidecars=(),
        confined=False,
        marker=None,
    )
    return find_units(plain, None, due_only=False)


def _members(unit: Unit, rules: ArchiveSet) -> Iterator[Member]:
    for one in unit.sources:
        yield Member(
            one.path, one.kind, one.size, one.mode, one.mtime_ns, target=one.target, key=_key(unit, rules, one)
        )


def _key(unit: Unit, rules: ArchiveSet, one: Source) -> str | None:
    if one.kind is not Kind.FILE:
        return None
    return f"{unit.key}/{one.path}" if is_of_folders(rules) else unit.key
