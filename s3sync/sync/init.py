"""`init`: make a repository and a project ready, and find out now rather than later whether the store can be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from msgspec import Struct, field

from s3sync.config import (
    REPO_FILE,
    Settings,
    find_repo_root,
    load_settings,
    mask_url,
    name_problem,
    replace_file,
    says_trust,
    user_file,
    write_repo_config,
    write_user_config,
)
from s3sync.core.folder_names import project_reason
from s3sync.core.names import STATE_DIR, nfc
from s3sync.errors import ProjectError, UsageError
from s3sync.gitignore import merge_gitignore
from s3sync.local.errors import local_errors
from s3sync.project import Project, find_project
from s3sync.staging import staging_folder
from s3sync.store.probe import AccessReport, check_access
from s3sync.sync.api import connect
from s3sync.trust import is_named_by_repository, place_of, remember

REPO_KEYS = ("store", "repo", "region", "endpoint_url", "profile", "staging")


class InitReport(Struct):
    """Each step as (what, whether anything was changed by it), and what the store allows."""

    project: Project
    settings: Settings
    steps: list[tuple[str, bool]] = field(default_factory=list)
    access: AccessReport | None = None
    joined: bool = False
    """Whether the project holds something in the store already."""

    @property
    def reads_only(self) -> bool:
        """Whether this is a member who may only read, in a project that there is something to read of."""
        return self.joined and self.access is not None and self.access.reads_only

    @property
    def exit_code(self) -> int:
        return 0 if self.reads_only or (self.access is not None and self.access.complete) else 1


def init(
    start: Path,
    name: str | None,
    values: Mapping[str, str | None],
    environ: Mapping[str, str],
    *,
    dry_run: bool = False,
) -> InitReport:
    """Set up. `values` are settings by name, `user` among them; None keeps what is there.

    Running it again changes only what is asked for. Raises `ConfigError`, `ProjectError`, `LocalError`.
    """
    root = find_repo_root(start)
    if root is None:
        raise ProjectError(
            f"{start} is not in a git repository",
            why="s3sync keeps its settings beside the repository's files",
            hint="run `git init` first",
        )
    flags = {key: value for key, value in values.items() if value is not None}
    settings = load_settings(start, flags=flags, environ=environ)
    connect(settings, create=False, trusted=True)  # refuses a store that cannot be used before anything is written
    project = _project(settings, root, start, name, dry_run)
    report = InitReport(project, settings)
    _write_settings(report, root, flags, environ, dry_run)
    _make_folders(report, dry_run)
    _merge_gitignore(report, root, dry_run)
    if not dry_run:
        report.settings = load_settings(start, flags={}, environ=environ)
        scratch = f"{project.prefix}{STATE_DIR}/"
        _trust(report)
        store = connect(report.settings, create=True, trusted=True)
        report.access = check_access(store, scratch)
        report.joined = report.access.reads_only and any(store.list(project.prefix))
    return report


def _project(settings: Settings, root: Path, start: Path, name: str | None, dry_run: bool) -> Project:
    """The project to make ready: the named folder in the repository, or the one that `start` is in, or the root."""
    if name is not None:
        name = name.rstrip("/" + os.sep)
        folder = root / name
        problem = name_problem(nfc(name)) or project_reason(nfc(name))
        if problem or os.sep in name:
            why = problem or "a project is a folder directly in the repository"
            raise UsageError(f"{name!r} is not a project's name", why=why, hint="write s3sync init PROJECT")
        if not folder.exists():
            if dry_run:
                return Project(root, folder, nfc(name), staging_folder(folder, settings.staging), settings.repo)
            with local_errors("cannot make", folder):
                folder.mkdir()
        return find_project(settings, root, name, create=True)
    if start == root:
        return Project(root, root, root.name, staging_folder(root, settings.staging), settings.repo)
    return find_project(settings, start, None, create=True)


def _trust(report: InitReport) -> None:
    """Setting up a repository is how to agree to the store that it names."""
    settings = report.settings
    if is_named_by_repository(settings) and not says_trust(settings.env):
        place = place_of(settings)
        report.steps.append(
            (f"trusted: files of this repository go to {place.destination}", remember(place, settings.env))
        )


def _write_settings(
    report: InitReport, root: Path, flags: Mapping[str, str], environ: Mapping[str, str], dry_run: bool
) -> None:
    repo_values = {key: flags[key] for key in REPO_KEYS if key in flags}
    file = root / REPO_FILE
    if "repo" not in repo_values and not file.exists():
        repo_values = {**repo_values, "repo": report.settings.repo}
    if repo_values:
        changed = dry_run or write_repo_config(file, repo_values)
        shown = ", ".join(f"{key}: {mask_url(value)}" for key, value in repo_values.items())
        report.steps.append((f"{REPO_FILE}: {shown}", changed))
    if "user" in flags:
        file = user_file(environ)
        changed = dry_run or write_user_config(file, {"user": flags["user"]})
        report.steps.append((f"{file}: user: {flags['user']}", changed))


def _make_folders(report: InitReport, dry_run: bool) -> None:
    staging = report.project.staging
    fresh = not staging.is_dir()
    if fresh and not dry_run:
        with local_errors("cannot make", staging):
            staging.mkdir(parents=True)
    report.steps.append((f"staging folder: {staging.relative_to(report.project.repo_root)}/", fresh))


def _merge_gitignore(report: InitReport, root: Path, dry_run: bool) -> None:
    changed = update_gitignore(root, report.settings.staging, dry_run=dry_run)
    report.steps.append((".gitignore: the staging folder's content stays out of git", changed))


def update_gitignore(root: Path, staging: str, *, dry_run: bool = False) -> bool:
    """Put our block into the repository's `.gitignore`; whether that changed it. Raises `LocalError`."""
    file = root / ".gitignore"
    with local_errors("cannot write", file):
        existing = file.read_bytes().decode("utf-8", "surrogateescape") if file.exists() else ""
        merged = merge_gitignore(existing, gitignore_template(staging))
        if merged != existing and not dry_run:
            replace_file(file, merged.encode("utf-8", "surrogateescape"))
    return merged != existing


def gitignore_template(staging: str) -> str:
    """The template that ships with the package, for the staging folder's name."""
    packaged = resources.files("s3sync") / "gitignore.template"
    if packaged.is_file():
        text = packaged.read_text("utf-8")
    else:
        text = (Path(__file__).parents[2] / ".gitignore.template").read_text("utf-8")
    return text.replace("s3-staging", staging)
