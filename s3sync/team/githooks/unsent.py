"""Look for files that nobody else has, before a push. Asks nothing of the network, and reads no file."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from s3sync.config import Settings
from s3sync.core.entries import Entry, same
from s3sync.disk.tree import kept_folders
from s3sync.errors import S3syncError
from s3sync.local.ignore import load_ignore
from s3sync.local.scan import LocalFile, scan_folder
from s3sync.project import ProjectFolder
from s3sync.state.memory import CachedDigest
from s3sync.store.port import Store
from s3sync.sync.session import Session
from s3sync.sync.view import is_of


class Unsent(Struct):
    """Files of a project that are new or changed here since the last run."""

    project: str
    files: int = 0
    size_bytes: int = 0


def what_is_unsent(settings: Settings, store: Store, projects: Sequence[ProjectFolder]) -> list[Unsent]:
    """Files of each project that nobody else has. One that cannot be looked at is left out."""
    found = (_look(Session(settings, project, store)) for project in projects)
    return [unsent for unsent in found if unsent is not None and unsent.files]


@kept_folders()
def _look(session: Session) -> Unsent | None:
    project, unsent = session.project, Unsent(session.project.name)
    try:
        with session.memory(read_only=True) as state:
            base, digests = state.load_base(), state.load_digests()
            ignored = load_ignore(session.settings.ignore, project.repo_root, project.staging)
            for path, file in scan_folder(project.staging, ignored).files.items():
                if not _is_agreed(file, digests.get(path), base.get(path)):
                    unsent.files += 1
                    unsent.size_bytes += file.size
    except S3syncError:
        return None
    return unsent


def _is_agreed(file: LocalFile, known: CachedDigest | None, base: Entry | None) -> bool:
    """True if the file is what was agreed on, as far as its directory entry and its remembered digest tell.

    One without a digest was written too shortly before it was sent to be remembered: then its size has to do.
    """
    if base is None or file.size != base.size:
        return False
    return known is None or (is_of(known, file) and same(Entry(file.size, known.md5), base))
