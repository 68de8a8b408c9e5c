"""`projects`: every project of the repository, here and in the store, from one listing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct, field

from s3sync.config import Settings, mask_url
from s3sync.core.manifest.record import CleanedRecord
from s3sync.core.names import nfc, path_of_key
from s3sync.errors import LocalError, ProjectError, S3syncError
from s3sync.gitindex import files_in_git
from s3sync.project import ProjectFolder, local_projects, repo_root
from s3sync.setup.init import update_gitignore
from s3sync.shared.listed import ListedStore
from s3sync.shared.manifest import read_manifest
from s3sync.store.port import Store
from s3sync.sync.session import Session
from s3sync.sync.status import status

AT_ONCE = 8
"""Projects that are looked at at once: each asks the store for its metadata.json."""


class ProjectOverview(Struct):
    """One project. `files` and `size_bytes` are the store's, or what is here where the store has nothing.

    `counts` are the states of its files, by `status`'s names; empty where it has no staging folder here.
    """

    name: str
    here: bool
    in_store: bool
    files: int = 0
    size_bytes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    last_sync_at: str | None = None
    last_sync_by: str | None = None
    cleaned: CleanedRecord | None = None
    """The last cleanup of the remote, if any."""
    folder: str | None = None
    """Path of its staging folder here, relative to the repository, with `/`."""
    in_git: int | None = None
    """Files of its staging folder that git has taken up; None where no git repository tells."""
    error: S3syncError | None = None

    @property
    def is_left(self) -> bool:
        """True if nothing is left of it but records in the store: it was cleaned up or renamed, and is not here."""
        return not self.here and not self.files and self.error is None


class ProjectsReport(Struct):
    """`git_ignores`: whether `.gitignore` keeps the staging folders out of git, as `init` writes it."""

    repo: str
    store: str
    git_ignores: bool
    projects: list[ProjectOverview] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return 3 if any(project.error for project in self.projects) else 0


def overview(settings: Settings, start: Path, store: Store, pattern: str | None = None) -> ProjectsReport:
    """All projects, or those whose names match a glob or begin with `pattern`. One that is broken hides no other.

    Raises `StoreError`, and `ProjectError` when none matches.
    """
    root = repo_root(start)
    local = local_projects(settings, start)
    listed = ListedStore(store, settings.repo)
    names = sorted({*local, *listed.projects, *listed.failed})
    wanted = [name for name in names if pattern is None or _matches(name, nfc(pattern))]
    if pattern is not None and not wanted:
        why = f"the projects are: {', '.join(names[:10]) or 'none'}"
        raise ProjectError(f"no project matches {pattern!r}", why=why, unknown=pattern)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3sync-projects") as threads:
        found = threads.map(lambda name: _look(settings, root, listed, name, local.get(name)), wanted)
        projects = list(found)
    _ask_git(root, projects)
    return ProjectsReport(
        settings.repo,
        mask_url(settings.store),
        _git_ignores(root, settings.staging),
        projects,
    )


def _git_ignores(root: Path, staging: str) -> bool:
    """True if `.gitignore` is as `init` writes it. One that cannot be used is not; `doctor` says why."""
    try:
        return not update_gitignore(root, staging, dry_run=True)
    except LocalError:
        return False


def _ask_git(root: Path, projects: Sequence[ProjectOverview]) -> None:
    """One look at git's index for all projects that are here."""
    here = [(project, project.folder) for project in projects if project.folder is not None]
    counts = files_in_git(root, [folder for _, folder in here])
    for (project, _), count in zip(here, counts or (), strict=False):
        project.in_git = count


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if any(char in pattern for char in "*?[") else name.startswith(pattern)


def _look(
    settings: Settings, root: Path, store: ListedStore, name: str, here: Callable[[], ProjectFolder] | None
) -> ProjectOverview:
    """`here` gives the project's folder, None for one that is not here."""
    prefix = f"{settings.repo}/{name}/"
    objects = store.projects.get(name)
    found = ProjectOverview(name, here is not None, objects is not None)
    for info in objects or ():
        if path_of_key(prefix, info.key) is not None and not info.key.endswith("/"):
            found.files, found.size_bytes = found.files + 1, found.size_bytes + info.size
    try:
        if name in store.failed:
            raise store.failed[name]
        if here is not None:
            project = here()
            found.folder = project.staging.relative_to(root).as_posix()
            _compare(found, Session(settings, project, store))
        else:
            manifest = read_manifest(store, prefix).manifest
            found.last_sync_at, found.last_sync_by = manifest.last_sync, manifest.last_sync_by
            found.cleaned = manifest.cleaned
    except S3syncError as error:
        found.error = error
    return found


def _compare(found: ProjectOverview, session: Session) -> None:
    report = status(session)
    found.counts, found.last_sync_at, found.last_sync_by = report.counts, report.last_sync_at, report.last_sync_by
    found.cleaned = report.cleaned
    if not found.in_store:
        found.files, found.size_bytes = len(report.files), sum(file.size_bytes for file in report.files)
    report.files.flush()
