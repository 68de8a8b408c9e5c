"""Refuse a folder store that shares folders with the repository whose files it is to hold.

Such a store would take its own records for files of the project, and a project's deletions would reach files of git.
Paths are compared by what they lead to: links, `..`, another case and bind mounts do not hide an overlap.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from s3sync.core.names import STATE_DIR
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_HINT = "use a folder outside of it, or a bucket: `s3sync init --store file:///path` or `--store s3://bucket`"
_SIZE_LIMIT = 4096


def require_apart(store: Path, repository: Path, repo: str) -> None:
    """Raises `ConfigError` when the store's folder and the repository overlap, or its place holds a git repository, and
    when the store lies in any project's staging folder.

    `repo` is the repository's name in the store. The store's folder need not exist.
    """
    for folder, what in _own_folders(repository):
        found = _relation(store, folder, what)
        if found:
            raise ConfigError(f"the store cannot be {store}", why=found, hint=_HINT)
    staging = _staging_around(store)
    if staging is not None:
        why = f"it lies in the staging folder {staging}, which would be synced to the store of its project"
        raise ConfigError(f"the store cannot be {store}", why=why, hint=_HINT)
    place = store / repo
    if os.path.lexists(place / ".git"):
        why = f"{place}, where this repository's files would go, is itself a git repository"
        raise ConfigError(f"the store cannot be {store}", why=why, hint=_HINT)


def _relation(store: Path, folder: Path, what: str) -> str | None:
    """How a store overlaps a folder, in words; None when it does not."""
    real, own = Path(os.path.realpath(store)), Path(os.path.realpath(folder))
    there = next((path for path in (real, *real.parents) if os.path.exists(path)), real)  # noqa: PTH110 (no errors)
    if _same(real, own):
        return f"it is {what} {folder}"
    if _is_in(there, own):
        return f"it lies in {what} {folder}"
    if real == there and _is_in(own, real):
        return f"it contains {what} {folder}"
    return _mounted_relation(there, own, f"{what} {folder}", only_inside=real != there)


def _staging_around(store: Path) -> Path | None:
    """The staging folder of any project that a store's folder is or lies in. The folder need not exist."""
    real = Path(os.path.realpath(store))
    return next((path for path in (real, *real.parents) if os.path.lexists(path / STATE_DIR / "state.db")), None)


def _is_in(path: Path, folder: Path) -> bool:
    return any(_same(above, folder) for above in (path, *path.parents))


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or os.path.samestat(one.stat(), other.stat()) or _one_but_for_case(one, other)
    except OSError:
        return False


def _one_but_for_case(one: Path, other: Path) -> bool:
    """True if two names that differ only in case are one folder, where a driver gives each an inode of its own."""
    if str(one).casefold() != str(other).casefold():
        return False
    pairs = zip((one, *one.parents), (other, *other.parents), strict=True)
    return all(mine.name == theirs.name or _found_but_not_listed(mine, theirs) for mine, theirs in pairs)


def _found_but_not_listed(one: Path, other: Path) -> bool:
    names = os.listdir(one.parent)
    return one.exists() and other.exists() and not (one.name in names and other.name in names)


class _Place(NamedTuple):
    """A folder as its file system knows it: the device, the path on it, and a path by which it is reached."""

    device: str
    inside: Path
    path: Path


def _mounted_relation(store: Path, own: Path, what: str, *, only_inside: bool) -> str | None:
    """An overlap through a disk, or part of one, that is mounted at several places (Linux)."""
    mounts = _mounts()
    stores, owns = _places(store, mounts), _places(own, mounts)
    if only_inside:  # of a folder that is still to be made, its nearest parent: what else is in that does not matter
        stores = stores[:1]
    for mine in owns:
        for other in stores:
            if _reaches(mine, other):
                return f"it lies in {what}, by way of a mount"
            if not only_inside and _reaches(other, mine):
                return f"it contains {what}, by way of a mount"
    return None


def _reaches(outer: _Place, inner: _Place) -> bool:
    """True if `inner` can be reached from `outer`. The names are only a clue: some network disks all say `/`."""
    if outer.device != inner.device or not inner.inside.is_relative_to(outer.inside):
        return False
    return _same(outer.path / inner.inside.relative_to(outer.inside), inner.path)


def _places(folder: Path, mounts: dict[Path, tuple[str, Path]]) -> list[_Place]:
    """Where a folder is on its disk, and where the disks are that are mounted in it."""
    point = next((path for path in (folder, *folder.parents) if path in mounts), None)
    if point is None:
        return []
    device, root = mounts[point]
    below = [_Place(*mounts[path], path) for path in mounts if path != folder and path.is_relative_to(folder)]
    return [_Place(device, root / folder.relative_to(point), folder), *below]


def _mounts() -> dict[Path, tuple[str, Path]]:
    """Each mount point with its device and which folder of it is mounted; nothing where the system does not tell."""
    try:
        lines = _MOUNTS.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return {}
    fields = (line.split(" ") for line in lines)
    return {Path(_plain(each[4])): (each[2], Path(_plain(each[3]))) for each in fields if len(each) > 4}


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)


def _own_folders(repository: Path) -> Iterator[tuple[Path, str]]:
    """The repository, and for a worktree also the folder of git's own and the main worktree."""
    yield repository, "the repository"
    try:
        with GuardedFolder.open(os.path.realpath(repository), shared=True) as folder:
            text = os.fsdecode(folder.read(".git", _SIZE_LIMIT))
        if not text.startswith("gitdir:"):
            return
        git = repository / text.removeprefix("gitdir:").strip()
    except OSError:
        return
    if git.parent.name == "worktrees":
        git = git.parent.parent
    if os.path.exists(git):  # noqa: PTH110
        yield git, "git's own folder"
        if git.name == ".git":
            yield git.parent, "the main worktree"
