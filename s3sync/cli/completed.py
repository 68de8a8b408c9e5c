"""Names that the shell offers: of projects, files, settings and members.

The store is asked only for what this disk does not know, only if the user has agreed to it, and for half a second: a
Tab must not wait for a network.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings

PATIENCE_S = float(os.environ.get("_S3SYNC_PATIENCE", "0.5"))
OFFERED = 200
"""Most names that are offered; who sees that many types another letter."""
LOOKED_AT = 20_000
"""Entries of one folder."""


def project_names(incomplete: str) -> list[str]:
    """Projects of this repository on this disk; where none has that beginning, those in the store."""
    return _local_projects(incomplete) or _in_time(lambda: _remote_projects(incomplete))


def _elsewhere(incomplete: str) -> list[str]:
    """Repositories by their short names, and behind `NAME/` the projects of one."""
    name, slash, project = incomplete.partition("/")
    if not slash:
        return [f"{one}/" for one in repository_names(name)]
    from s3sync.config import load_settings
    from s3sync.project import project_names as names_of
    from s3sync.repositories.book import read_book

    with suppress(Exception):
        found = read_book(os.environ).named(name)
        if found is not None:
            settings = load_settings(found.root, flags={}, environ=os.environ)
            return _offered((f"{name}/{one}" for one in names_of(settings, found.root)), f"{name}/{project}")
    return []


def names(incomplete: str) -> list[str]:
    """Files of the project around, and projects where there is none or the name is one's beginning."""
    found = [*_files(incomplete), *_local_projects(incomplete)][:OFFERED]
    return found or _elsewhere(incomplete) or _in_time(lambda: _remote_projects(incomplete))


def repository_names(incomplete: str) -> list[str]:
    """Short names of repositories."""
    from s3sync.repositories.book import read_book

    with suppress(Exception):
        return _offered((one.name for one in read_book(os.environ).repositories), incomplete)
    return []


def members(incomplete: str) -> list[str]:
    """People who synced the project around."""
    return _offered(_in_time(_members), incomplete)


def _local_projects(incomplete: str) -> list[str]:
    from s3sync.connect import all_projects

    with suppress(Exception):
        names = all_projects(_settings(), current_folder())
        return _offered(names, incomplete)
    return []


def _remote_projects(incomplete: str) -> list[str]:
    from s3sync.connect import connect
    from s3sync.shared.projects import StoreProjects

    settings = _settings()
    names = StoreProjects(connect(settings, create=False), settings.repo)
    return _offered(names, incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    """Names with that beginning, but for those that would be an option on the line."""
    return [name for name in names if name.startswith(incomplete) and not name.startswith("-")][:OFFERED]


def _members() -> list[str]:
    from s3sync.api import Project
    from s3sync.shared.manifest import read_manifest

    session = Project.open().session
    manifest = read_manifest(session.store, session.project.prefix).manifest
    return sorted({*manifest.members, *(record.uploaded_by for record in manifest.files.values())} - {"unknown"})


def _in_time(ask: Callable[[], list[str]]) -> list[str]:
    """An answer that comes soon; none where it fails or takes longer, which is left to its thread."""
    answer: list[str] = []

    def work() -> None:
        with suppress(Exception):
            answer.extend(ask())

    thread = threading.Thread(target=work, name="s3sync-completion", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return answer if not thread.is_alive() else []


def setting_names(incomplete: str) -> list[str]:
    from s3sync.config import cloud
    from s3sync.config.spec import BY_NAME

    return [name for name in (*BY_NAME, *cloud.NAMES) if name.startswith(incomplete)]


def _files(incomplete: str) -> list[str]:
    with suppress(Exception):
        from s3sync.project import find_project

        staging = find_project(_settings(), current_folder(), None).staging
        folder, _, start = incomplete.rpartition("/")
        where = current_folder() / folder if current_folder().is_relative_to(staging) else staging / folder
        if where.resolve().is_relative_to(staging.resolve()):
            prefix = f"{folder}/" if folder else ""
            return _offered(sorted(prefix + name for name in islice(_entries(where, start), OFFERED)), incomplete)
    return []


def _entries(folder: Path, start: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        for entry in islice(found, LOOKED_AT):
            if entry.name.startswith(start) and entry.name.isprintable() and entry.name != ".s3sync":
                yield f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def _settings() -> Settings:
    from s3sync.config import load_settings

    return load_settings(current_folder(), flags={}, environ=os.environ)
