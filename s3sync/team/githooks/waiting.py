"""Look for what waits on the remote, after a merge or a checkout: one request for each project.

The request is conditional: metadata.json as it was when nothing waited is answered with 304, and read no further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.config import Settings
from s3sync.core.entries import Entry, same
from s3sync.core.manifest.record import Manifest
from s3sync.errors import S3syncError, Unchanged
from s3sync.local.ignore import load_ignore
from s3sync.project import ProjectFolder, list_projects
from s3sync.shared.manifest import StoredManifest, read_manifest
from s3sync.state.memory import FILE, StateDB
from s3sync.store.port import Store
from s3sync.sync.session import Session

MOST_PROJECTS = 50
"""Projects that are asked about: a hook is no overview."""
AT_ONCE = 16
CONNECT_S, READ_S = 3, 5


class Waits(Struct):
    """Files of one project that wait on the remote for this computer. `by` counts those of each member."""

    project: str
    files: int = 0
    size_bytes: int = 0
    deleted: int = 0
    by: Counter[str] = field(default_factory=Counter)


def synced_projects(settings: Settings, start: Path) -> list[ProjectFolder]:
    """The projects that this computer has a memory of, up to `MOST_PROJECTS`. Makes none, and asks no store."""
    known = [project for project in list_projects(settings, start) if (project.state_dir / FILE).is_file()]
    return known[:MOST_PROJECTS]


def what_waits(settings: Settings, store: Store, projects: Sequence[ProjectFolder]) -> list[Waits]:
    """Look at each project, and give back those of which something waits. One that cannot be asked is left out."""
    with Aside(AT_ONCE, "s3sync-hook") as threads:
        found = list(threads.map(lambda project: _ask(Session(settings, project, store)), projects))
    return [waits for waits in found if waits is not None and (waits.files or waits.deleted)]


def in_a_hurry(settings: Settings) -> Settings:
    """Settings with which a store that does not answer is given up soon."""
    return replace(settings, connect_timeout=CONNECT_S, read_timeout=READ_S, retries=0)


def _ask(session: Session) -> Waits | None:
    try:
        with session.memory(locked=False) as state:
            settled = f"settled metadata.json {state.place_id}"
            try:
                stored = read_manifest(session.store, session.project.prefix, unless=state.fact(settled))
            except Unchanged:
                return None
            waits = _compare(session, state, stored)
            if not waits.files and not waits.deleted and stored.etag is not None:
                state.remember(settled, stored.etag)
            return waits
    except S3syncError:
        return None


def _compare(session: Session, state: StateDB, stored: StoredManifest) -> Waits:
    project = session.project
    ignored = load_ignore(session.settings.ignore, project.repo_root, project.staging)
    return compare(project.name, stored.manifest, state.load_base(), ignored)


def compare(project: str, manifest: Manifest, base: Mapping[str, Entry], ignored: Callable[[str], bool]) -> Waits:
    """Compare metadata.json with what was agreed on last. What this computer left out, it is not told of."""
    waits = Waits(project)
    for name, record in manifest.files.items():
        if not ignored(name) and not same(Entry(record.size_bytes, record.md5, record.etag), base.get(name)):
            waits.files += 1
            waits.size_bytes += record.size_bytes
            waits.by[record.uploaded_by] += 1
    gone = (name for name in base if name not in manifest.files and name in manifest.deleted and not ignored(name))
    waits.deleted = sum(not manifest.is_cleaned(name) for name in gone)
    return waits
