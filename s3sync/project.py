"""Project that a folder belongs to: repository, project folder, staging folder, prefix in the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from s3sync.config import REPO_FILE, Settings, find_repo_root, name_problem
from s3sync.core.folder_names import project_reason
from s3sync.core.names import STATE_DIR, nfc, without_case
from s3sync.core.near import near
from s3sync.core.typed import typed
from s3sync.errors import ProjectError, StoreError
from s3sync.staging import is_folder, is_link, staging_folder


class RemoteNames(Protocol):
    """The names of the repository's projects in the store: plain ones, in NFC. A list of names is one, too."""

    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


class ProjectFolder(Struct, frozen=True):
    """A project: the repository's own folder, or a folder directly in it. Paths are absolute and without links.

    `name` is the folder's name in NFC, which the folder on the disk need not be; of the repository's own folder, the
    setting `project`. `staging` need not exist yet.
    """

    repo_root: Path
    root: Path
    name: str
    staging: Path
    repo: str

    @property
    def prefix(self) -> str:
        """Prefix of the keys of the project's objects."""
        return f"{self.repo}/{self.name}/"

    @property
    def state_dir(self) -> Path:
        """Folder in which this computer remembers things about the project."""
        return self.staging / STATE_DIR


def repo_root(start: Path) -> Path:
    """The nearest ancestor-or-self with `.s3sync.yaml`, else with `.git`. Raises `ProjectError`."""
    root = find_repo_root(start)
    if root is None:
        raise ProjectError(
            f"{start} is not in a git repository",
            why=f"there is no {REPO_FILE} and no .git on the way up",
            hint="go into your clone of the team's repository; a new one begins with `git init` and then `s3sync init`",
        )
    return root


def list_projects(settings: Settings, start: Path) -> list[ProjectFolder]:
    """All projects of the repository around `start` that have a staging folder here, by name. Raises `ProjectError`."""
    root = repo_root(start)
    return [_project(settings, root, folder) for _, folder in sorted(_local(settings, root).items())]


def project_names(settings: Settings, start: Path) -> list[str]:
    """The names of those projects, also of one that cannot be used as it is. Raises `ProjectError`."""
    return sorted(_local(settings, repo_root(start)))


def local_projects(settings: Settings, start: Path) -> Mapping[str, Callable[[], ProjectFolder]]:
    """Those projects by name, from one look at the folders: each raises its own `ProjectError` when it is asked for.

    Raises `ProjectError`.
    """
    root = repo_root(start)
    return {name: partial(_project, settings, root, folder) for name, folder in _local(settings, root).items()}


def find_project(
    settings: Settings, start: Path, name: str | None, *, create: bool = False, remote: RemoteNames = ()
) -> ProjectFolder:
    """The project around `start`, or the one that is named: its whole name, or a beginning that only it has.

    A folder without a staging folder counts only by its whole name (or with `start` in it and no name), and only with
    `create` or when the store has a project of that name: these need not have a folder here either. `remote` is asked
    only where this disk does not settle it. Raises `ProjectError`, and what `remote` raises; one of several possible
    projects is never picked.
    """
    root = repo_root(start)
    local = _local(settings, root)
    if name is None:
        return _project(settings, root, _around(settings, root, start, local, remote, create))
    return _project(settings, root, _named(settings, root, nfc(name.rstrip("/" + os.sep)), local, remote, create))


def lines_to_commit(settings: Settings, project: ProjectFolder) -> list[str]:
    """Lines that `.s3sync.yaml` lacks, so that the project's place in the store follows the name of the clone's folder.

    The embedded store is on this computer: there is no other clone to agree with.
    """
    if settings.store_is_default:
        return []
    lines = [f"repo: {project.repo}"] if settings.origins.get("repo") == "default" else []
    if project.root == project.repo_root and settings.project is None:
        lines.append(f"project: {project.name}")
    return lines


def _around(
    settings: Settings, root: Path, start: Path, local: dict[str, Path], remote: RemoteNames, create: bool
) -> Path:
    """The project's folder on the way from `start` up to the root."""
    parts = start.relative_to(root).parts
    child = root / parts[0] if parts else None
    if child and child in local.values():
        return child
    own_staging = root / settings.staging
    if root in local.values() and (start == own_staging or own_staging in start.parents):
        return root
    for depth in range(len(parts), 1, -1):
        folder = root.joinpath(*parts[:depth])
        if _is_there(folder / settings.staging):
            raise ProjectError(
                f"{folder} cannot be a project",
                why=f"a project is a folder directly in {root}: two projects of one name would share their files",
                hint=f"move it there, or make {folder.parent} a repository with `s3sync init`",
            )
    if child and is_folder(child) and project_reason(nfc(child.name)) is None:
        if create and root not in local.values():
            return child
        if nfc(child.name) in remote:
            return child
    if root in local.values():
        return root
    why = f"there is no {settings.staging} folder on the way up to {root}, and no --project was named"
    if child:
        why += f", and the store has no project {nfc(child.name)!r}"
    hint = _choices(local) or _choices(_asked(remote))
    hint = hint or f"create one with `s3sync init`, or make a folder PROJECT/{settings.staging}"
    raise ProjectError(f"{start} is not in a project", why=why, hint=hint)


def _named(
    settings: Settings, root: Path, name: str, local: dict[str, Path], remote: RemoteNames, create: bool
) -> Path:
    """The folder of the project that the user named."""
    problem = name_problem(name)
    if problem:
        raise ProjectError(f"{name!r} is not a project's name", why=problem, hint=_choices(local), unknown=name)
    if name in local:
        return local[name]
    linked = _linked(root, name, local)
    if linked:
        return linked
    folder = _child(root, name)
    if create and is_folder(folder):
        return folder
    known: Collection[str] = local
    if is_folder(folder) or not any(other.startswith(name) for other in local):
        known = {*local, *remote}
    if name in known:
        return folder
    matches = sorted(other for other in known if other.startswith(name))
    if len(matches) > 1:
        why, hint = ", ".join(matches), "type more of the name"
        raise ProjectError(f"{name!r} could be several projects", why=why, hint=hint, unknown=name)
    if not matches:
        raise _unknown(settings, name, known, folder)
    return local.get(matches[0]) or _child(root, matches[0])


def _project(settings: Settings, root: Path, folder: Path) -> ProjectFolder:
    """Raises `ProjectError` when the name or the staging folder will not do."""
    name = _name(settings, root, folder)
    problem = name_problem(name) if folder == root else folder_reason(settings, name)
    if problem:
        hint = f"set `project:` in {REPO_FILE}" if folder == root else "rename the folder"
        raise ProjectError(f"{folder} cannot be a project", why=f"of its name: {problem}", hint=hint)
    return ProjectFolder(root, folder, name, staging_folder(folder, settings.staging), settings.repo)


def folder_reason(settings: Settings, name: str) -> str | None:
    """Reason why a folder of the repository cannot be a project of that name; None when it can."""
    if without_case(name) == without_case(settings.staging.split("/", 1)[0]):
        return "staging folders are called that, so the repository's root would become a project"
    return name_problem(name) or project_reason(name)


def _name(settings: Settings, root: Path, folder: Path) -> str:
    return settings.project or nfc(root.name) if folder == root else nfc(folder.name)


def _local(settings: Settings, root: Path) -> dict[str, Path]:
    """The folders that hold a staging folder, by their names; and the root, where the settings call it a project.

    A link to another of them is no project of its own. Raises `ProjectError` when two of them would have the same
    prefix in the store.
    """
    found: dict[str, Path] = {}
    own_staging = settings.staging.split("/", 1)[0]
    for folder in (root, *_folders(root)):
        if folder.parent == root and (nfc(folder.name) == own_staging or folder.name == ".git"):
            continue
        declared = folder == root and settings.project is not None
        if not declared and not _is_there(folder / settings.staging):
            continue
        if is_link(folder) and folder.resolve().parent == root:
            continue
        name = _name(settings, root, folder)
        if name in found:
            raise ProjectError(
                f"two projects have the name {name!r}",
                why=f"{found[name]} and {folder} would share their files in the store",
                hint="rename one of the folders, or remove its staging folder",
            )
        found[name] = folder
    return found


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(root / entry.name for entry in entries if is_folder(entry))
    except OSError as error:
        raise ProjectError(f"cannot list {root}", why=error.strerror or str(error)) from error


def _linked(root: Path, name: str, local: dict[str, Path]) -> Path | None:
    """The project that a link of this name leads to."""
    target = Path(os.path.realpath(root / name))  # never raises, as `resolve` does for a link to itself
    return target if target in local.values() and target.parent == root else None


def _child(root: Path, name: str) -> Path:
    """What is, or will be, the folder of that name, as the disk spells it.

    Raises `ProjectError` where the disk has it with other capitals: the two would be two projects in the store.
    """
    spelled = [path for path in root.iterdir() if nfc(path.name).casefold() == name.casefold()]
    exact = next((path for path in spelled if nfc(path.name) == name), None)
    if exact is None and spelled and _is_there(root / name):
        why = "its folder is spelled with other capitals"
        hint = f"did you mean {nfc(spelled[0].name)}?"
        raise ProjectError(f"there is no project {name!r} here", why=why, hint=hint, unknown=name)
    return exact or root / name


def _unknown(settings: Settings, name: str, names: Iterable[str], folder: Path) -> ProjectError:
    if is_folder(folder):
        return ProjectError(
            f"{name!r} is not a project yet",
            why=f"it has no {settings.staging} folder",
            hint=f"create {folder / settings.staging}",
            unknown=name,
        )
    by_key = {other.casefold(): other for other in sorted(names)}
    meant = [other for key, other in by_key.items() if name.casefold() in key]
    meant += [by_key[key] for key in near(name.casefold(), by_key, 3) if by_key[key] not in meant]
    hint = f"did you mean {', '.join(meant[:5])}?" if meant else _choices(by_key.values())
    why = f"neither {folder.parent} nor the store has one of that name"
    hint = hint or f"create it: `s3sync init {typed(name)}`"
    return ProjectError(f"there is no project {name!r}", why=why, hint=hint, unknown=name)


def _choices(names: Iterable[str]) -> str | None:
    listed = sorted(names)
    if not listed:
        return None
    return f"name one of the projects: {', '.join(listed[:10])}{', ...' if len(listed) > 10 else ''}"


def _asked(remote: RemoteNames) -> list[str]:
    """The names in the store for a hint, which no failure of the store's may replace."""
    try:
        return list(remote)
    except StoreError:
        return []


def _is_there(path: Path) -> bool:
    """True if something has that name, be it a link to nothing; what may not be looked at counts as absent."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
