"""Getting verified bytes under their name: temp file, fsync, the old file to the trash, rename. Never a torn file.

Nothing is written through a symbolic link or outside the staging folder. `trash` is the run's own folder in the trash;
what has no place in it, because of what it holds already, goes into a sibling of it, `<when>.2`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from s3sync.core.names import STATE_DIR, windows_reason
from s3sync.core.times import FILE_TIMES
from s3sync.disk.durable import sync_folder
from s3sync.errors import LocalError, TargetChanged
from s3sync.local.errors import local_errors
from s3sync.local.scan import LocalFile, look_at

StrPath: TypeAlias = "str | os.PathLike[str]"

WINDOWS = os.name == "nt"
_OURS = "s3sync keeps its memory there: move it away, and run the command again"


def state_folder(staging: Path, *names: str) -> Path:
    """`s3-staging/.s3sync/...`, made if need be; raises `LocalError` where it is not a plain folder."""
    folder = staging / STATE_DIR
    with local_errors("cannot make", folder):
        staging.mkdir(parents=True, exist_ok=True)
        _make_folders(staging, (STATE_DIR, *names))
    return folder.joinpath(*names)


def new_partial(staging: Path) -> Path:
    """A fresh name in `partial/` for a file on its way."""
    return state_folder(staging, "partial") / uuid.uuid4().hex


def refused_here(path: str) -> str | None:
    """Why this computer cannot have a file of a path that is carried elsewhere, None when it can.

    Windows would not refuse all of them: of some it makes another file, or the stream of one.
    """
    return windows_reason(path) if WINDOWS else None


def ignores_case(staging: Path) -> bool:
    """Whether the staging folder's disk takes two names that differ only in case for one."""
    return any(_found_in_another_case(path) for path in (staging / STATE_DIR, staging))


def _found_in_another_case(path: Path) -> bool:
    """Whether a folder is found under a spelling that no entry has.

    Inodes alone do not tell: some drivers (exFAT in user space) give each spelling an inode of its own.
    """
    other = path.with_name(path.name.swapcase())
    if other.name == path.name or not (os.path.isdir(path) and os.path.isdir(other)):  # noqa: PTH112 (no errors)
        return False
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        return all(entry.name != other.name for entry in entries)
    return False


def place(
    temp: Path, staging: Path, path: str, *, expected: LocalFile | None, mtime_ns: int | None, trash: Path
) -> LocalFile:
    """Give a finished, synced temp file its name.

    `expected` is what the plan saw there: None for nothing. If the disk holds anything else by now, `TargetChanged`
    is raised and the target is untouched. The file that is replaced goes into the folder `trash`. The new name is
    durable once `sync_folder` was called on the target's folder, which the save phase does for many files at once.
    """
    target = expected.where if expected else _join(staging, path)
    with local_errors("cannot write", target):
        _make_parents(staging, target)
        if mtime_ns is not None and mtime_ns in FILE_TIMES:
            os.utime(temp, ns=(mtime_ns, mtime_ns))
        if expected is None:
            _rename_new(temp, target)
        else:
            _expect(target, expected)
            _keep(target, _free_name(trash, path, staging))
            _expect(target, expected)
            os.replace(temp, target)  # noqa: PTH105
        return look_at(target)


def move_to_trash(file: LocalFile, staging: Path, path: str, trash: Path) -> None:
    """Take a file away from its name into the trash; raises `TargetChanged` if it is no longer the one planned."""
    with local_errors("cannot delete", file.where):
        _expect(file.where, file)
        target = _free_name(trash, path, staging)
        os.replace(file.where, target)  # noqa: PTH105
        sync_folder(target.parent)
        with contextlib.suppress(FileNotFoundError):  # the last of its files went at the same time, and it with them
            sync_folder(file.disk_path.parent)
    prune_empty_folders(file.disk_path.parent, staging)


def delete_for_good(file: LocalFile, staging: Path) -> None:
    """Delete a file whose bytes are known to be on the other side. Raises `TargetChanged` as above."""
    with local_errors("cannot delete", file.where):
        _expect(file.where, file)
        file.disk_path.unlink()
    prune_empty_folders(file.disk_path.parent, staging)


def rename_aside(file: LocalFile, staging: Path, path: str) -> LocalFile:
    """Rename a file within the staging folder to a name that is free. Raises `TargetChanged` if either moved."""
    target = staging / path
    with local_errors("cannot rename", file.where):
        _expect(file.where, file)
        _make_parents(staging, target)
        _rename_new(file.where, target)
        sync_folder(target.parent)
    return LocalFile(str(target), file.size, file.mtime_ns, file.inode)


def standing(staging: Path, path: str) -> os.stat_result | None:
    """The regular file under a path, reached through plain folders only; None where there is none."""
    below = os.fspath(staging)
    *folders, name = path.split("/")
    try:
        for folder in folders:
            below = f"{below}{os.sep}{folder}"
            if not stat.S_ISDIR(os.lstat(below).st_mode):
                return None
        status = os.lstat(f"{below}{os.sep}{name}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def as_scanned(staging: Path, path: str, status: os.stat_result) -> LocalFile:
    return LocalFile(_join(staging, path), status.st_size, status.st_mtime_ns, status.st_ino)


def drop_second_name(staging: Path, path: str, other: str) -> None:
    """Take a name away from a file that has another one; looks once more whether it has, and leaves it otherwise."""
    target = Path(_join(staging, path))
    with local_errors("cannot delete", target):
        one, two = standing(staging, path), standing(staging, other)
        if one and two and os.path.samestat(one, two) and one.st_ino and one.st_nlink > 1:
            target.unlink()
            sync_folder(target.parent)


def prune_empty_folders(folder: Path, staging: Path) -> None:
    """Remove folders that became empty, up to the staging folder itself, which stays."""
    while folder != staging and staging in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _make_parents(staging: StrPath, target: StrPath) -> None:
    """Make the folders above a file, one level at a time, refusing any level that is a link or a file."""
    _make_folders(staging, _below(staging, target)[:-1])


def _join(folder: StrPath, path: str) -> str:
    """Where a path is on this disk: text, as a `Path` for every small file costs more than the system call."""
    return os.path.join(folder, path.replace("/", os.sep))  # noqa: PTH118


def _below(folder: StrPath, target: StrPath) -> list[str]:
    """The names that lead from a folder to a file in it. The last line: names are checked long before."""
    inside = os.path.join(folder, "")  # noqa: PTH118
    names = os.fspath(target)[len(inside) :].split(os.sep)  # noqa: PTH206
    if not os.fspath(target).startswith(inside) or ".." in names:
        raise LocalError(f"cannot write {target}", why=f"that is outside of {folder}")
    return names


def _make_folders(staging: StrPath, names: Iterable[str]) -> None:
    below = os.fspath(staging)
    for name in names:
        below = f"{below}{os.sep}{name}"
        try:
            mode = os.lstat(below).st_mode
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(below)  # noqa: PTH102
            mode = os.lstat(below).st_mode
        if not stat.S_ISDIR(mode):
            raise _in_the_way(staging, below, is_link=stat.S_ISLNK(mode))


def _in_the_way(staging: StrPath, found: str, *, is_link: bool) -> LocalError:
    ours = _below(staging, found)[0] == STATE_DIR
    if is_link:
        return LocalError(
            f"cannot write into {found}",
            why="it is a symbolic link, and links are not followed",
            hint=_OURS if ours else "put the folder itself there",
        )
    return LocalError(
        f"cannot make the folder {found}",
        why="a file of that name stands there",
        hint=_OURS if ours else "rename the file, or ask for the folder to be renamed",
    )


def _expect(target: StrPath, expected: LocalFile) -> None:
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        status = None
    if status is None or not expected.is_still(status):
        raise _changed(target)


def _changed(target: StrPath) -> TargetChanged:
    return TargetChanged(
        f"{target} changed meanwhile",
        why="another program wrote it after it was looked at",
        hint="nothing was overwritten; run the command again",
    )


def _rename_new(source: StrPath, target: StrPath) -> None:
    """Rename onto a name that must be free. A hard link refuses an existing name atomically; a rename does not."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise _changed(target) from None
    except (OSError, NotImplementedError):  # a file system without hard links: the check just before must do
        if os.path.lexists(target):
            raise _changed(target) from None
        os.rename(source, target)  # noqa: PTH104
    else:
        os.unlink(source)  # noqa: PTH108


def _keep(target: StrPath, kept: Path) -> None:
    """Put the same file into the trash under a second name, so that replacing the first loses nothing."""
    try:
        os.link(target, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(target, kept, follow_symlinks=False)
    sync_folder(kept.parent)


def _free_name(trash: Path, path: str, staging: Path) -> Path:
    """A name for a path in the trash, in a folder that is there; see the module for which one."""
    _below(trash, _join(trash, path))
    siblings = (trash.with_name(f"{trash.name}.{number}") for number in itertools.count(2))
    folder = next(folder for folder in itertools.chain([trash], siblings) if _has_room(folder, path))
    _make_parents(staging, folder / path)
    return folder / path


def _has_room(folder: Path, path: str) -> bool:
    """Whether nothing stands in a folder under a path, and no file where the path has a folder."""
    nearest = folder / path
    if os.path.lexists(nearest):
        return False
    while not os.path.lexists(nearest) and nearest != folder:
        nearest = nearest.parent
    return nearest.is_dir() or not os.path.lexists(nearest)
