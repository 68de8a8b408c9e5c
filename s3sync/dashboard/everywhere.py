"""All repositories of a person on one dashboard: one that cannot be looked at says why, and hides no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from s3sync.all_repositories import Found, side_by_side
from s3sync.config import Settings
from s3sync.core.times import format_time
from s3sync.dashboard import commands
from s3sync.dashboard.gather import bound, look_at
from s3sync.dashboard.pictures import Pictures, bound_pictures
from s3sync.dashboard.priced import CostTeller
from s3sync.dashboard.values import Dashboard, Repository
from s3sync.errors import ProjectError
from s3sync.repositories.book import Remembered
from s3sync.sync.session import utc_now


def dashboard_everywhere(
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    pattern: str | None = None,
    pictures: Pictures | None = None,
    costs: CostTeller | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Dashboard:
    """The dashboard of every remembered repository, by their short names. What the user's own archive sets know is
    shown with the first.

    With a `pattern` those are left out of which no project fits. Raises `ProjectError` where none fits anywhere, and
    as `side_by_side`.
    """

    def look(one: Remembered, _: Settings) -> Repository | None:
        try:
            found = look_at(one.root, flags=flags, environ=environ, pattern=pattern, pictures=pictures, costs=costs)
        except ProjectError:
            if pattern is None:
                raise
            return None
        found.name = one.name
        return found

    every = side_by_side(look, flags=flags, environ=environ)
    found = [shown for one in every if (shown := _shown(one)) is not None]
    if pattern is not None and not any(one.projects for one in found):
        why = f"repositories that were looked at: {len(every)}"
        raise ProjectError(f"no project matches {pattern!r}", why=why, unknown=pattern)
    for other in found[1:]:
        other.projects = [project for project in other.projects if not project.is_own]
    projects = [project for one in found for project in one.projects]
    bound(projects)
    bound_pictures(projects)
    return Dashboard(format_time(clock()), found)


def _shown(one: Found[Repository | None]) -> Repository | None:
    if one.error is None:
        return one.found
    path, why = one.repository.path, str(one.error)
    enter = commands.enter(path) if Path(path).is_dir() else None
    return Repository(one.repository.name, root=path, enter=enter, problem=why)
