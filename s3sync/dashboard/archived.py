"""Archives as the dashboard shows them: amounts by place, and thaws with their ends, as the catalogue has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from s3sync.archives import Archives
from s3sync.archives.catalogued import Listed
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.records import EXPIRED, PRESENT, THAWED, Archived
from s3sync.core.archive.thaw_times import THAW_TIMES
from s3sync.core.times import format_time, parse_time
from s3sync.dashboard import commands
from s3sync.dashboard.values import Held, ShownProject, Thaw
from s3sync.errors import S3syncError

THAWING = "thawing"


def add_archives(archives: Archives, project: Callable[[str], ShownProject], *, ask: bool = True) -> list[str]:
    """Fill in what the catalogues know of each unit, and of the units on this disk. Returns what is amiss, in words.

    What a set of the repository knows is no longer the user's own. `ask`: have the stores say how the thaws that
    restores wait for stand, as `restore --status` does; else it is as the catalogue has it.
    """
    if not archives.sets():
        return []
    if ask and any(one.archive.thaw is not None for one in archives.archives()):
        with suppress(S3syncError):  # without the network it is what was known before
            archives.thaws()
    whereabouts, unseen = archives.everywhere()
    for one in whereabouts:
        found = project(one.id)
        if one.local is not None and found.tiers.local is None and one.local.files:
            found.tiers.local = Held(one.local.size, one.local.files)
        found.here = found.here or one.local is not None
    sets = archives.sets()
    for listed in archives.archives():
        if listed.archive.status in PRESENT:
            found, chosen = project(listed.archive.unit), sets.get(listed.archive.set)
            found.is_own = found.is_own and not (chosen is not None and chosen.confined)
            _add(found, listed)
    return unseen


def _add(found: ShownProject, listed: Listed) -> None:
    archive, tiers = listed.archive, found.tiers
    if scheme_of(listed.store).is_folder:
        tiers.ssd = _sum(tiers.ssd, archive)
    elif archive.storage_class in COLD:
        tiers.glacier = _sum(tiers.glacier, archive)
    else:
        tiers.s3 = _sum(tiers.s3, archive)
    thaw = thaw_of(archive)
    if thaw is not None:
        found.thaws.append(thaw)


def _sum(held: Held | None, archive: Archived) -> Held:
    at = archive.transitioned_at or archive.uploaded_at
    if held is None:
        return Held(archive.size, 1, at, archive.storage_class)
    return Held(held.size_bytes + archive.size, held.count + 1, _later((held.at, at)), archive.storage_class)


def _later(times: Iterable[str | None]) -> str | None:
    return max((one for one in times if one is not None), default=None)


def thaw_of(archive: Archived) -> Thaw | None:
    """A thaw of an archive that somebody asked for; None for none."""
    note = archive.thaw
    if note is None or note.state not in (THAWING, THAWED, EXPIRED):
        return None
    asked, takes = parse_time(note.requested_at), THAW_TIMES.get(archive.storage_class, {}).get(note.tier.capitalize())
    ready_by = note.ready_at
    if ready_by is None and asked is not None and takes is not None:
        with suppress(OverflowError):
            ready_by = format_time(asked + takes)
    return Thaw(
        key=archive.key,
        unit=archive.unit,
        state=note.state,
        storage_class=archive.storage_class,
        tier=note.tier.lower(),
        size_bytes=archive.size,
        requested_at=note.requested_at,
        ready_by=ready_by,
        until=note.until,
        commands=commands.of_thaw(archive.unit, note.state),
    )
