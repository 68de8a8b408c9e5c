"""The dashboard for people outside: a new value that is made of what they may see, and of nothing else.

Each field is taken over by name: one that is added to the dashboard later is not published until it stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from s3sync.core.archive.classes import known
from s3sync.dashboard.values import (
    Conflict,
    Costs,
    Dashboard,
    File,
    Held,
    Lock,
    Member,
    Repository,
    ShownProject,
    SpentMonth,
    Thaw,
    Tiers,
    Version,
)

PICTURES, COSTS = "pictures", "costs"
ON_REQUEST = (PICTURES, COSTS)
"""Parts that are published only where they were asked for."""
_ONLY_HERE = "local_new"
UNTOLD = "this could not be looked at when the page was made"


def public_view(
    board: Dashboard, *, title: str | None, by: str, until: str | None, shows: Collection[str] = ()
) -> Dashboard:
    """The dashboard without paths, keys, commands, addresses, computers, and texts that a person wrote for the team.

    Also without what is of this computer alone: its copies, its transfers, units of the user's own archive sets.
    """
    return Dashboard(
        made_at=board.made_at,
        repositories=[_repository(one, shows) for one in board.repositories],
        is_public=True,
        title=title,
        by=by,
        until=until,
    )


def _repository(one: Repository, shows: Collection[str]) -> Repository:
    projects = [_project(project, shows) for project in one.projects if _is_told(project)]
    return Repository(
        name=one.name,
        projects=projects,
        costs=_costs(one.costs) if COSTS in shows else None,
        problem=None if one.problem is None else UNTOLD,
    )


def _is_told(project: ShownProject) -> bool:
    """True for one that the team has: one that is on this disk alone was shown to nobody yet, not even by its name."""
    tiers = project.tiers
    return not project.is_own and (project.in_store or any((tiers.ssd, tiers.s3, tiers.glacier)))


def _costs(costs: Costs | None) -> Costs | None:
    """The sums. What each project costs is not told, for one's client is not another's."""
    if costs is None:
        return None
    months = [SpentMonth(one.month, one.storage, one.requests, one.egress, one.is_whole) for one in costs.months]
    return Costs(costs.currency, months, costs.expected, is_billed=costs.is_billed)


def _project(one: ShownProject, shows: Collection[str]) -> ShownProject:
    files = [_file(file, shows) for file in one.files if file.state != _ONLY_HERE]
    return ShownProject(
        name=one.name,
        in_store=one.in_store,
        tiers=Tiers(ssd=_held(one.tiers.ssd), s3=_held(one.tiers.s3), glacier=_held(one.tiers.glacier)),
        last_sync_at=one.last_sync_at,
        last_sync_by=one.last_sync_by,
        problem=None if one.problem is None else UNTOLD,
        files=files,
        files_left=one.files_left,
        conflicts=[_conflict(conflict) for conflict in one.conflicts],
        locks=[_lock(lock) for lock in one.locks],
        members=[_member(member) for member in one.members],
        thaws=list(_thaws(one.thaws)),
    )


def _held(held: Held | None) -> Held | None:
    if held is None:
        return None
    return Held(
        held.size_bytes, held.count, held.at, held.where if held.where is not None and known(held.where) else None
    )


def _last(name: str) -> str:
    """Last name of a path: the folders above it say how somebody works."""
    return name.rpartition("/")[2]


def _file(file: File, shows: Collection[str]) -> File:
    return File(
        name=_last(file.name),
        size_bytes=file.size_bytes,
        state="in_sync",
        by=file.by,
        at=file.at,
        has=file.has,
        lacks=file.lacks,
        picture=file.picture if PICTURES in shows else None,
    )


def _conflict(conflict: Conflict) -> Conflict:
    versions = tuple(Version(_last(one.name), "", one.size_bytes, one.by, one.at, None) for one in conflict.versions)
    return Conflict(_last(conflict.name), conflict.kind, None, versions)


def _lock(lock: Lock) -> Lock:
    return Lock(_last(lock.name), lock.by, is_mine=False, until=lock.until)


def _member(member: Member) -> Member:
    return Member(member.name, member.at, member.has, member.lacks)


def _thaws(thaws: Iterable[Thaw]) -> Iterable[Thaw]:
    for one in thaws:
        yield Thaw(
            key="",
            unit=one.unit,
            state=one.state,
            storage_class=one.storage_class,
            tier=one.tier,
            size_bytes=one.size_bytes,
            requested_at=one.requested_at,
            ready_by=one.ready_by,
            until=one.until,
        )
