"""The names that `init` writes into the committed settings, so that none depends on what a clone's folder is called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from s3sync.config import REPO_FILE, Settings, load_settings
from s3sync.config.locate import exists
from s3sync.core.folder_names import project_reason
from s3sync.core.names import nfc
from s3sync.errors import ProjectError, StoreError
from s3sync.gitconfig import remote_name
from s3sync.project import ProjectFolder, list_projects
from s3sync.shared.projects import StoreProjects
from s3sync.store import Store


def with_repo(root: Path, start: Path, flags: dict[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The flags, and for a repository that has no settings yet its name: the remote's, else the folder's.

    Where projects were synced before, the folder's name stays: their files are stored under it.
    """
    if "repo" in flags or exists(root / REPO_FILE):
        return flags
    settings = load_settings(start, flags=flags, environ=environ)
    if settings.origins.get("repo") != "default":
        return {**flags, "repo": settings.repo}
    name = None if _is_used(settings, root) else remote_name(root)
    return {**flags, "repo": name or settings.repo}


def complete(flags: dict[str, str], settings: Settings, project: ProjectFolder | None, store: Store) -> None:
    """Add to the flags the names that the committed settings lack.

    In a repository that has settings others may have used it already, under the name of their clone's folder: the
    store is asked which name that was, and where it does not answer, nothing is written.
    """
    root = settings.root
    if root is None:
        return
    try:
        if settings.origins.get("repo") == "default":
            flags["repo"] = _first_used(store, _candidates(root, nfc(root.name), remote_name(root)), settings.repo)
        if project is not None and project.root == root and settings.project is None:
            repo = flags.get("repo", settings.repo)
            if not exists(root / REPO_FILE) and not _is_used(settings, root):
                flags["project"] = _candidates(root, repo, project.name)[0]
                return
            names, remote = _candidates(root, project.name, repo), StoreProjects(store, repo)
            flags["project"] = next((name for name in names if name in remote), names[0])
    except StoreError:
        return


def _candidates(root: Path, *names: str | None) -> list[str]:
    return [name for name in dict.fromkeys(names) if name and not project_reason(name)] or [nfc(root.name)]


def _first_used(store: Store, names: list[str], otherwise: str) -> str:
    """The first name under which the store has anything."""
    used = (name for name in names if next(iter(store.list(f"{name}/")), None) is not None)
    return next(used, otherwise)


def _is_used(settings: Settings, root: Path) -> bool:
    """True if any project here was synced before."""
    try:
        return any(project.state_dir.is_dir() for project in list_projects(settings, root))
    except ProjectError:
        return True
