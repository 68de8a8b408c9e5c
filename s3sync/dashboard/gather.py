"""A repository as the dashboard shows it: asked of its store, its catalogues and this disk, in one pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec.structs import replace

from s3sync.archives import Archives
from s3sync.config import Settings, load_settings, mask_url
from s3sync.connect import connect
from s3sync.core.names import nfc
from s3sync.core.times import format_time
from s3sync.dashboard import commands
from s3sync.dashboard.archived import add_archives
from s3sync.dashboard.pictures import Pictures
from s3sync.dashboard.priced import CostTeller
from s3sync.dashboard.projects import folder_of, held_there, look_here, look_there
from s3sync.dashboard.values import Dashboard, Repository, ShownProject
from s3sync.disk.current import named_folder
from s3sync.errors import NotTrusted, ProjectError, S3syncError, StoreError
from s3sync.project import ProjectFolder, local_projects, repo_root
from s3sync.shared.listed import ListedStore
from s3sync.sync.session import Session, utc_now

AT_ONCE = 8
"""Projects that are looked at at once: each asks the store for its metadata.json."""
MOST_FILES = 20_000
"""Files of all projects that are named."""
MOST_TOLD = 4_000_000
"""Characters of members' names that stand at files: others chose how long each is, and all stand at each file."""


def dashboard_of(
    path: str | os.PathLike[str] = ".",
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    pattern: str | None = None,
    pictures: Pictures | None = None,
    costs: CostTeller | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Dashboard:
    """The dashboard of the repository around `path`. Raises as `look_at` does."""
    found = look_at(path, flags=flags, environ=environ, pattern=pattern, pictures=pictures, costs=costs)
    return Dashboard(format_time(clock()), [found])


def look_at(
    path: str | os.PathLike[str] = ".",
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    pattern: str | None = None,
    pictures: Pictures | None = None,
    costs: CostTeller | None = None,
) -> Repository:
    """Look at a repository: all its projects and units, or those that match a glob or begin with `pattern`.

    `pictures` and `costs` take their time, and are left out without them. A store that cannot be asked, and a project
    that is broken, are told in its `problem`, and hide nothing else. Raises `ProjectError` where there is no repository
    or none matches, `ConfigError`, `NotTrusted`.
    """
    start, environ, flags = named_folder(path), os.environ if environ is None else environ, dict(flags or {})
    settings, root = load_settings(start, flags=flags, environ=environ), repo_root(start)
    found = Repository(settings.repo, mask_url(settings.store), str(root), commands.enter(str(root)), settings.user)
    every: dict[str, ShownProject] = {}
    here = local_projects(settings, start)
    for name in here:
        every[name] = ShownProject(name, here=True)
    staging: dict[str, Path] = {}
    try:
        listed = ListedStore(connect(settings), settings.repo)
        for name in {*listed.projects, *listed.failed}:
            every.setdefault(name, ShownProject(name)).in_store = True
        staging = _look_at_each(settings, listed, [every[name] for name in _wanted(every, pattern)], here)
    except NotTrusted:
        raise
    except S3syncError as error:
        found.problem = str(error)
    archives = Archives.open(path=start, flags=flags, environ=environ)
    try:
        found.notes += add_archives(archives, lambda name: every.setdefault(name, ShownProject(name, is_own=True)))
    except S3syncError as error:
        found.notes.append(f"the archives cannot be told: {error}")
    found.projects = [every[name] for name in _wanted(every, pattern)]
    if pattern is not None and not found.projects and found.problem is None:
        raise ProjectError(f"no project matches {pattern!r}", why=f"{len(every)} are known", unknown=pattern)
    _add_commands(found.projects)
    bound(found.projects)
    if pictures is not None:
        pictures.add(found.projects, staging)
    if costs is not None and found.problem is None:
        costs.add(found, root, flags, environ)
    return found


def _add_commands(projects: Iterable[ShownProject]) -> None:
    for one in projects:
        archived = bool(one.tiers.ssd or one.tiers.glacier or one.thaws)
        one.commands = commands.of_project(
            one.name, here=one.here, in_store=one.in_store, counts=one.counts, archived=archived
        )


def _wanted(names: Iterable[str], pattern: str | None) -> list[str]:
    return [name for name in sorted(names) if pattern is None or _fits(name, nfc(pattern))]


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if any(char in pattern for char in "*?[") else name.startswith(pattern)


def _look_at_each(
    settings: Settings,
    store: ListedStore,
    projects: list[ShownProject],
    here: Mapping[str, Callable[[], ProjectFolder]],
) -> dict[str, Path]:
    """Look at projects side by side; return the staging folders of those that are here.

    Raises an error of the store that each of them met.
    """
    staging: dict[str, Path] = {}
    errors: list[StoreError] = []

    def look(found: ShownProject) -> None:
        prefix = f"{settings.repo}/{found.name}/"
        held_there(store.projects.get(found.name, ()), prefix, found.tiers)
        try:
            if found.name in store.failed:
                raise store.failed[found.name]
            if found.name in here:
                folder = here[found.name]()
                found.folder, staging[found.name] = folder_of(folder), folder.staging
                look_here(found, Session(settings, folder, store))
            else:
                look_there(found, store, prefix, settings.user)
        except S3syncError as error:
            found.problem = str(error)
            if isinstance(error, StoreError):
                errors.append(error)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3sync-dashboard") as threads:
        list(threads.map(look, projects))
    if errors and len(errors) == len(projects):
        raise errors[0]
    return staging


def bound(projects: Iterable[ShownProject]) -> None:
    """Name no more files than a page can hold, and members at them; other files are counted, other members unknown."""
    left, told = MOST_FILES, 0
    for project in projects:
        named = project.files[:left]
        project.files_left += len(project.files) - len(named)
        project.files = named
        left -= len(named)
        for at, file in enumerate(named):
            told += sum(map(len, (*file.has, *file.lacks)))
            if told > MOST_TOLD:
                named[at] = replace(file, has=(), lacks=())
