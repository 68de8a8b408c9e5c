"""`init`: make a repository and a project ready, and find out now rather than later whether the store can be used."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from importlib import resources
from itertools import islice
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.aside import Aside
from s3sync.config import (
    REPO_FILE,
    Settings,
    find_repo_root,
    load_settings,
    mask_url,
    replace_file,
    says_trust,
    user_file,
    write_repo_config,
    write_user_config,
)
from s3sync.config.locate import exists
from s3sync.config.secrets import hidden, looks_secret
from s3sync.connect import connect
from s3sync.core.names import MANIFEST, STATE_DIR, nfc
from s3sync.core.typed import typed
from s3sync.disk.errors import local_errors
from s3sync.disk.tree import folder_below
from s3sync.errors import Halt, NotTrusted, ProjectError, StoreError, UsageError
from s3sync.project import ProjectFolder, find_project, folder_reason, project_names
from s3sync.setup.disk import UNASKED, NewDisk
from s3sync.setup.gitignore import merge_gitignore
from s3sync.setup.way import require_text
from s3sync.shared.nested import MOST_ASKED, look_around, refuse_inner_projects
from s3sync.shared.projects import StoreProjects
from s3sync.staging import is_folder, is_link, staging_folder
from s3sync.store import Store
from s3sync.store.probe import AccessReport, check_access
from s3sync.sync import naming
from s3sync.trust import Place, claim_name, is_place, place_of, place_to_ask, refuse_taken_name, remember

_AWS_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
GITIGNORE = ".gitignore"
MOST_GITIGNORE = 4 * 1024 * 1024

REPO_KEYS = ("store", "repo", "project", "region", "endpoint_url", "staging")
"""Settings of the team, which go into the repository's file. The user's name and AWS profile are his own."""
OWN_KEYS = ("user", "profile")


class InitReport(Struct):
    """Each step as (what, whether anything was changed by it), and what the store allows.

    `project` is None for a repository that was joined, without choosing one of its projects.
    """

    project: ProjectFolder | None
    settings: Settings
    root: Path
    steps: list[tuple[str, bool]] = field(default_factory=list)
    access: AccessReport | None = None
    joined: bool = False
    """True if the project, or the repository, holds something in the store already."""
    waiting: bool = False
    """True if the project that was joined has files in the store."""
    projects: list[str] = field(default_factory=list)
    """The store's projects of the repository; empty where it did not say."""
    alike: list[str] = field(default_factory=list)
    """Other projects that a new one may have been meant to be: their names begin with its name."""
    overruled: list[str] = field(default_factory=list)
    """Own settings that were written and do not count here, because something else goes before them."""

    @property
    def reads_only(self) -> bool:
        """True if this is a member who may only read, in a project that there is something to read of."""
        return self.joined and self.access is not None and self.access.reads_only

    @property
    def exit_code(self) -> int:
        return 0 if self.reads_only or (self.access is not None and self.access.complete) else 1


def root_for_settings(start: Path) -> Path:
    """The root of the repository around `start`, which the settings are for. Raises `ProjectError`."""
    root = find_repo_root(start)
    if root is None:
        raise ProjectError(
            f"{start} is not in a git repository",
            why="s3sync keeps its settings beside the repository's files",
            hint="run `git init` first",
        )
    return require_text(root, start)


def init(
    start: Path,
    name: str | None,
    values: Mapping[str, str | None],
    environ: Mapping[str, str],
    *,
    confirm: Callable[[str, list[str]], bool] = lambda name, alike: True,
    agreed: Place | None = None,
    disk: NewDisk = UNASKED,
    dry_run: bool = False,
) -> InitReport:
    """Set up. `values` are settings by name; None keeps what is there. The user's name and AWS profile go into his own
    file. `confirm` is asked before a project is made whose name is the beginning of others' names. `agreed` is the
    place that the user was asked about: where the files name another one by now, that is an error.

    Running it again changes only what is asked for. In the root of a repository that has its settings already, and no
    `name`, it joins: no project is made there. Raises `ConfigError`, `ProjectError`, `LocalError`, `Halt`.
    """
    root = root_for_settings(start)
    flags = {key: value for key, value in values.items() if value is not None}
    _check_region(flags)
    _refuse_another(agreed, load_settings(start, flags=flags, environ=environ))
    flags = naming.with_repo(root, start, flags, environ)
    settings = load_settings(start, flags=flags, environ=environ)
    _refuse_another(agreed, settings, flags.get("repo"))
    own_name = values.get("repo") is not None  # the name is the user's own word
    if not own_name:
        refuse_taken_name(settings)
    connect(settings, create=False, trusted=True)  # refuses a store that cannot be used before anything is written
    steps = disk.steps(settings)
    project, alike = _project(settings, root, start, name, confirm, dry_run)
    report = InitReport(project, settings, root, steps, alike=alike)
    if not dry_run:
        naming.complete(flags, settings, project, connect(settings, create=True, trusted=True, sealed=False))
        if not own_name:
            refuse_taken_name(settings, flags.get("repo"))
    of_user = {key: flags[key] for key in OWN_KEYS if key in flags}
    _write_settings(report, root, flags, of_user, environ, dry_run)
    if project is not None:
        _make_folders(report, project, dry_run)
    _merge_gitignore(report, root, dry_run)
    if not dry_run:
        report.settings = load_settings(start, flags={}, environ=environ)
        report.overruled = [key for key in of_user if getattr(report.settings, key) != of_user[key]]
        _refuse_another(agreed, report.settings, flags.get("repo"))
        _trust(report)
        if project is not None:
            report.project = project = find_project(report.settings, root, _name_of(report.settings, project))
        _look(report, connect(report.settings, create=True, trusted=True))
    return report


def _refuse_another(agreed: Place | None, settings: Settings, repo: str | None = None) -> None:
    """Raise `NotTrusted` where the settings no longer name the place that was agreed to. `repo` is the name that `init`
    itself gives or takes over."""
    if agreed is None:
        return
    if repo is not None:
        agreed = replace(agreed, name=place_of(settings).name if settings.repo == repo else agreed.name)
    if not is_place(settings, agreed):
        place = place_of(settings)
        raise NotTrusted(
            f"this repository now sends files to {place.destination}",
            why="its settings were changed since you were asked",
            hint="look at them, and run the command again",
            place=place,
        )


def _look(report: InitReport, store: Store) -> None:
    """Find out what the store allows, and what it has of the repository."""
    repo = report.settings.repo
    prefix = report.project.prefix if report.project else f"{repo}/"
    report.access = check_access(store, f"{prefix}{STATE_DIR}/")
    if report.access.list is None:
        with Aside(2, "s3sync-around") as threads:
            look_around(store, repo, threads)()
        if report.project is not None:
            keys = (f"{prefix}{name}/{MANIFEST}" for name in islice(store.folders(prefix), MOST_ASKED))
            refuse_inner_projects(store, keys)
        remote = StoreProjects(store, repo)
        with contextlib.suppress(StoreError):
            if report.project is None:
                report.projects = list(remote)
            report.joined = report.project.name in remote if report.project else bool(report.projects)
            report.waiting = report.project is not None and report.joined and remote.has_files(report.project.name)


def _name_of(settings: Settings, project: ProjectFolder) -> str:
    """The name that the project has now: the root's may just have been written."""
    return (settings.project or project.name) if project.root == project.repo_root else project.name


def _check_region(flags: Mapping[str, str]) -> None:
    """AWS's own regions have one form; another store may call its regions anything."""
    region = flags.get("region")
    if region and not flags.get("endpoint_url") and not _AWS_REGION.fullmatch(region):
        raise UsageError(
            f"{hidden(region)!r} is not a region of AWS",
            why="their names look like eu-west-1",
            hint="correct it, or name the server of another store with --endpoint URL",
        )


def _project(
    settings: Settings,
    root: Path,
    start: Path,
    name: str | None,
    confirm: Callable[[str, list[str]], bool],
    dry_run: bool,
) -> tuple[ProjectFolder | None, list[str]]:
    """The project to make ready: the named folder in the repository, or the one that `start` is in, or the root; and
    those that a new name may have been meant to be.

    None in the root of a repository that has its settings, where nothing says that the root is a project.
    """
    name = name.rstrip("/" + os.sep) if name is not None else None
    if name == "." and start.parent == root:
        name = start.name
    if name is not None and name != ".":
        return _named(settings, root, name, confirm, dry_run)
    if start == root:
        declared = settings.project is not None or exists(root / settings.staging)
        if name is None and exists(root / REPO_FILE) and not declared:
            return None, []
        name = settings.project or nfc(root.name)
        return ProjectFolder(root, root, name, staging_folder(root, settings.staging), settings.repo), []
    return find_project(settings, start, None, create=True), []


def _named(
    settings: Settings, root: Path, name: str, confirm: Callable[[str, list[str]], bool], dry_run: bool
) -> tuple[ProjectFolder, list[str]]:
    folder = root / name
    problem = folder_reason(settings, nfc(name))
    if looks_secret(name):
        problem = "it looks like a key or a token, which does not belong there"
    if problem or os.sep in name:
        why = problem or "a project is a folder directly in the repository"
        raise UsageError(f"{name!r} is not a project's name", why=why, hint="write s3sync init PROJECT")
    if is_folder(folder) or (os.path.lexists(folder) and not is_link(folder)):
        return find_project(settings, root, name, create=True), []
    begins, same = nfc(name).casefold(), nfc(name)
    alike = [other for other in _others(settings, root) if other.casefold().startswith(begins) and other != same]
    if dry_run:
        return ProjectFolder(root, folder, nfc(name), staging_folder(folder, settings.staging), settings.repo), alike
    if alike and not confirm(nfc(name), alike):
        raise Halt(
            "nothing was set up",
            why=f"{', '.join(alike[:5])} begins with {name!r}, capitals aside: was that meant?",
            hint=f"`s3sync init {typed(alike[0])}` joins it;"
            f" `s3sync init {typed(name)} --yes` makes another project all the same",
        )
    with local_errors("cannot make", folder):
        folder_below(os.fspath(root), [name], create=0o777)
    return find_project(settings, root, name, create=True), alike


def _others(settings: Settings, root: Path) -> list[str]:
    """Projects here and, in a repository that was set up before, in its store."""
    names = set(project_names(settings, root))
    if exists(root / REPO_FILE):
        with contextlib.suppress(StoreError, Halt):  # without its key nothing of an encrypted one is known
            names.update(StoreProjects(connect(settings, create=False, trusted=True), settings.repo))
    return sorted(names)


def _trust(report: InitReport) -> None:
    """Setting up a repository is how to agree to the store that it names."""
    settings = report.settings
    claim_name(settings)
    place = None if settings.store_is_default else place_to_ask(settings)
    if place is not None and not says_trust(settings.env):
        report.steps.append(
            (f"trusted: files of this repository go to {place.destination}", remember(place, settings.env))
        )


def _write_settings(
    report: InitReport,
    root: Path,
    flags: Mapping[str, str],
    own: Mapping[str, str],
    environ: Mapping[str, str],
    dry_run: bool,
) -> None:
    repo_values = {key: flags[key] for key in REPO_KEYS if key in flags}
    file = root / REPO_FILE
    if repo_values:
        changed = dry_run or write_repo_config(file, repo_values)
        shown = ", ".join(f"{key}: {mask_url(value)}" for key, value in repo_values.items())
        report.steps.append((f"{REPO_FILE}: {shown}", changed))
    if own:
        file = user_file(environ)
        changed = dry_run or write_user_config(file, own)
        shown = ", ".join(f"{key}: {value}" for key, value in own.items())
        report.steps.append((f"{file}: {shown}", changed))


def _make_folders(report: InitReport, project: ProjectFolder, dry_run: bool) -> None:
    staging = project.staging
    fresh = not staging.is_dir()
    if fresh and not dry_run:
        with local_errors("cannot make", staging):
            folder_below(os.fspath(project.repo_root), staging.relative_to(project.repo_root).parts, create=0o777)
    report.steps.append((f"staging folder: {staging.relative_to(project.repo_root)}/", fresh))


def _merge_gitignore(report: InitReport, root: Path, dry_run: bool) -> None:
    changed = update_gitignore(root, report.settings.staging, dry_run=dry_run)
    report.steps.append((".gitignore: the staging folder's content stays out of git", changed))


def update_gitignore(root: Path, staging: str, *, dry_run: bool = False) -> bool:
    """Put our block into the repository's `.gitignore`; whether that changed it. Raises `LocalError`."""
    file = root / GITIGNORE
    with local_errors("cannot use", file, hint="put a plain file in its place"):
        existing = read_gitignore(root).decode("utf-8", "surrogateescape")
        merged = merge_gitignore(existing, gitignore_template(staging))
        if merged != existing and not dry_run:
            replace_file(file, merged.encode("utf-8", "surrogateescape"))
    return merged != existing


def read_gitignore(root: Path) -> bytes:
    """Read a repository's `.gitignore`. Raises `OSError`, also for a link: what it leads to is not git's."""
    folder = folder_below(os.fspath(root))
    return folder.read(GITIGNORE, MOST_GITIGNORE) if folder.find(GITIGNORE) is not None else b""


def gitignore_template(staging: str) -> str:
    """The template that ships with the package, for the staging folder's name."""
    packaged = resources.files("s3sync") / "gitignore.template"
    if packaged.is_file():
        text = packaged.read_text("utf-8")
    else:
        text = (Path(__file__).parents[2] / ".gitignore.template").read_text("utf-8")
    return text.replace("s3-staging", staging)
