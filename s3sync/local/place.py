"""Getting verified bytes under their name: temp file, fsync, the old file to the trash, rename. Never a torn file.

Nothing is written through a symbolic link or outside the staging folder: every step is done below a folder that is held
open, and a folder that is swapped for a link meanwhile leads nowhere. `trash` is the run's own folder in the trash;
what has no place in it, because of what it holds already, goes into a sibling of it, `<when>.2`.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from s3sync.core.names import STATE_DIR
from s3sync.core.spelling import is_git_hook, obeyed_reason
from s3sync.core.times import FILE_TIMES
from s3sync.disk.errors import Refused, local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import find_below, folder_below
from s3sync.errors import LocalError, TargetChanged
from s3sync.local.clear_way import clear_way
from s3sync.local.digests import Digests
from s3sync.local.fingerprint import ctime_tells, holds
from s3sync.local.modes import copy_file, settle_mode
from s3sync.local.room import OURS, PRIVATE, state_room
from s3sync.local.scan import LocalFile, found_file

StrPath: TypeAlias = "str | os.PathLike[str]"

_PUBLIC = 0o777
"""Folders of the user's own files follow the umask."""


def new_partial(staging: Path) -> Path:
    """A fresh name in `partial/` for a file on its way."""
    with state_room(staging, "partial") as folder:
        return Path(folder.path, uuid.uuid4().hex)


def place(
    temp: StrPath,
    staging: Path,
    path: str,
    *,
    expected: LocalFile | None,
    mtime_ns: int | None,
    trash: Path,
    executable: bool = False,
    own_mode: bool = False,
    partial: GuardedFolder | None = None,
) -> LocalFile:
    """Give a finished, synced temp file its name.

    `expected` is what the plan saw there: None for nothing. If the disk holds anything else by now, `TargetChanged`
    is raised and the target is untouched. The file that is replaced goes into the folder `trash`, and the new one has
    its mode; a new file follows the umask. Either is `executable` for those who may read it, if that is asked for and
    no program obeys a file of that name. With `own_mode` it keeps the mode that the temp file has. `partial`: the temp
    file's folder, held open. The new name is durable once `sync_folder` was called on the target's folder, which the
    save phase does for many files at once.
    """
    root = os.fspath(staging)
    target = expected.where if expected else _join(root, path)
    executable = executable and obeyed_reason(path) is None
    with local_errors("cannot write", target):
        names = _below(root, target)
        folder, name = _parents(root, names[:-1]), names[-1]
        *above, ours = _below(root, temp)
        source = partial or folder_below(root, above)
        if mtime_ns is not None and mtime_ns in FILE_TIMES:
            source.utime(ours, mtime_ns)
        if expected is None:
            settle_mode(source, ours, None, into=folder, executable=executable)
            try:
                _rename_new(source, ours, folder, name)
            except TargetChanged:
                litter = path[: path.rfind("/") + 1]
                if not clear_way(folder, name, lambda found: _free_name(trash, litter + found, staging)):
                    raise
                _rename_new(source, ours, folder, name)
        else:
            replaced = _expect(folder, name, expected)
            hook = is_git_hook(name) and not own_mode
            settle_mode(source, ours, None if own_mode else replaced, into=folder, executable=executable, is_hook=hook)
            _replace(source, ours, folder, name, expected, _free_name(trash, path, staging))
        return found_file(target, folder.lstat(name), len(names))


def move_to_trash(file: LocalFile, staging: Path, path: str, trash: Path) -> None:
    """Take a file away from its name into the trash; raises `TargetChanged` if it is no longer the one planned."""
    with local_errors("cannot delete", file.where):
        folder, name = _folder_of(staging, file)
        _expect(folder, name, file)
        kept, kept_as = _free_name(trash, path, staging)
        folder.replace(name, kept_as, kept)
        kept.sync()
        folder.sync()
    prune_empty_folders(file.disk_path.parent, staging)


def delete_for_good(file: LocalFile, staging: Path, digests: Digests) -> None:
    """Delete a file whose bytes, with these digests, are known to be on the other side.

    Where its directory entry does not tell for sure that these are its bytes, it is read. Raises `TargetChanged`.
    """
    with local_errors("cannot delete", file.where):
        folder, name = _folder_of(staging, file)
        now = folder.find(name)
        if now is None or not stat.S_ISREG(now.st_mode):
            raise _changed(file.where)
        if not (file.is_still(now) and ctime_tells(staging, now.st_dev)):
            file = found_file(file.where, now, file.depth)
            if not holds(file, digests):
                raise _changed(file.where)
        _expect(folder, name, file)
        folder.unlink(name)
    prune_empty_folders(file.disk_path.parent, staging)


def expect(file: LocalFile, staging: Path) -> None:
    """Raise `TargetChanged` if a file is no longer the one that was scanned."""
    with local_errors("cannot read", file.where):
        _expect(*_folder_of(staging, file), file)


def rename_aside(file: LocalFile, staging: Path, path: str) -> LocalFile:
    """Rename a file within the staging folder to a name that is free. Raises `TargetChanged` if either moved."""
    target = _join(staging, path)
    with local_errors("cannot rename", file.where):
        folder, name = _folder_of(staging, file)
        _expect(folder, name, file)
        names = _below(staging, target)
        aside = _parents(staging, names[:-1])
        _rename_new(folder, name, aside, names[-1])
        aside.sync()
        status = aside.lstat(names[-1])
    return replace(found_file(target, status, len(names)), size=file.size, mtime_ns=file.mtime_ns, inode=file.inode)


def standing(staging: Path, path: str) -> os.stat_result | None:
    """The regular file under a path, reached through plain folders only; None where there is none."""
    found = find_below(os.fspath(staging), path)
    return found.status if found is not None and stat.S_ISREG(found.status.st_mode) else None


def as_scanned(staging: Path, path: str, status: os.stat_result) -> LocalFile:
    return found_file(_join(staging, path), status, path.count("/") + 1)


def drop_second_name(staging: Path, path: str, other: str) -> None:
    """Take a name away from a file that has another one; looks once more whether it has, and leaves it otherwise."""
    with local_errors("cannot delete", _join(staging, path)):
        one, two = find_below(os.fspath(staging), path), standing(staging, other)
        if one and two and os.path.samestat(one.status, two) and two.st_ino and two.st_nlink > 1:
            one.folder.unlink(one.name)
            one.folder.sync()


def prune_empty_folders(folder: Path, staging: Path) -> None:
    """Remove folders that became empty, up to the staging folder itself, which stays."""
    while folder != staging and staging in folder.parents:
        try:
            folder_below(os.fspath(staging), _below(staging, folder)[:-1]).rmdir(folder.name)
        except OSError:
            return
        folder = folder.parent


def _join(folder: StrPath, path: str) -> str:
    """Where a path is on this disk: text, as a `Path` for every small file costs more than the system call."""
    return os.path.join(folder, path.replace("/", os.sep))  # noqa: PTH118


def _below(folder: StrPath, target: StrPath) -> list[str]:
    """The names that lead from a folder to a file in it. The last line: names are checked long before."""
    root, where = os.fspath(folder), os.fspath(target)
    inside = root if root.endswith(os.sep) else root + os.sep
    names = where[len(inside) :].split(os.sep)  # noqa: PTH206
    if not where.startswith(inside) or ".." in names:
        raise LocalError(f"cannot write {target}", why=f"that is outside of {folder}")
    return names


def _folder_of(staging: Path, file: LocalFile) -> tuple[GuardedFolder, str]:
    """The folder that a file stands in, and its name there."""
    names = _below(staging, file.where)
    try:
        return folder_below(os.fspath(staging), names[:-1]), names[-1]
    except (FileNotFoundError, Refused):
        raise _changed(file.where) from None


def _parents(staging: StrPath, names: Sequence[str]) -> GuardedFolder:
    """A folder below the staging folder, made if it is missing; no level of it may be a link or a file."""
    try:
        mode = PRIVATE if names and names[0] == STATE_DIR else _PUBLIC
        return folder_below(os.fspath(staging), names, create=mode)
    except Refused as error:
        raise _in_the_way(staging, error) from None


def _in_the_way(staging: StrPath, error: Refused) -> LocalError:
    found: str = error.filename
    ours = found != os.fspath(staging) and _below(staging, found)[0] == STATE_DIR
    if error.errno == errno.ELOOP:
        hint = OURS if ours else "put the folder itself there"
        return LocalError(f"cannot write into {found}", why=error.why, hint=hint)
    return LocalError(
        f"cannot make the folder {found}",
        why="a file of that name stands there",
        hint=OURS if ours else "rename the file, or ask for the folder to be renamed",
    )


def _expect(folder: GuardedFolder, name: str, expected: LocalFile) -> os.stat_result:
    """What stands there; raises `TargetChanged` when it is not the file that was planned with."""
    status = folder.find(name)
    if status is None or not expected.is_still(status):
        raise _changed(expected.where)
    return status


def _changed(target: StrPath) -> TargetChanged:
    return TargetChanged(
        f"{target} changed meanwhile",
        why="another program wrote it after it was looked at",
        hint="nothing was overwritten; run the command again",
    )


def _rename_new(source: GuardedFolder, old: str, target: GuardedFolder, new: str) -> None:
    """Rename onto a name that must be free. A hard link refuses an existing name atomically; a rename does not."""
    where = f"{target.path}{os.sep}{new}"
    try:
        source.link(old, new, target)
    except FileExistsError:
        raise _changed(where) from None
    except (OSError, NotImplementedError):  # a file system without hard links: the check just before must do
        if target.find(new) is not None:
            raise _changed(where) from None
        source.rename(old, new, target)
    else:
        source.unlink(old)


def _keep(folder: GuardedFolder, name: str, file: LocalFile, kept: GuardedFolder, kept_as: str) -> LocalFile:
    """Put the same file into the trash under a second name, so that replacing the first loses nothing.

    Returns it as it is to be found now: a second name changes its ctime. Whatever is written to it from here on is
    written to what is in the trash.
    """
    try:
        folder.link(name, kept_as, kept)
    except (OSError, NotImplementedError):
        copy_file(folder, name, kept, kept_as)
    else:
        status = kept.lstat(kept_as)
        if file.is_renamed(status):
            file = found_file(file.where, status, file.depth)
    kept.sync()
    return file


def _replace(
    source: GuardedFolder,
    ours: str,
    folder: GuardedFolder,
    name: str,
    expected: LocalFile,
    room: tuple[GuardedFolder, str],
) -> None:
    """Put a file in the place of another one, which is kept in the trash.

    What nobody may replace, and still stands under its name, is not kept: in a folder that another user owns each
    attempt would leave a copy. After any other error a server may have replaced it all the same.
    """
    file = _keep(folder, name, expected, *room)
    _expect(folder, name, file)
    try:
        source.replace(ours, name, folder)
    except PermissionError:
        with suppress(OSError):
            found, (trash, kept_as) = folder.find(name), room
            if found is not None and file.is_still(found):
                trash.unlink(kept_as)
        raise


def _free_name(trash: Path, path: str, staging: Path) -> tuple[GuardedFolder, str]:
    """A free name for a path in the trash, and its folder, which is made; see the module for which one."""
    _below(trash, _join(trash, path))
    siblings = (trash.with_name(f"{trash.name}.{number}") for number in itertools.count(2))
    room = next(folder for folder in itertools.chain([trash], siblings) if _has_room(folder, path))
    names = _below(staging, _join(room, path))
    return _parents(staging, names[:-1]), names[-1]


def _has_room(folder: Path, path: str) -> bool:
    """True if nothing stands in a folder under a path, and no file where the path has a folder."""
    nearest = os.fspath(folder)
    for name in ("", *path.split("/")):
        nearest = f"{nearest}{os.sep}{name}" if name else nearest
        try:
            if not stat.S_ISDIR(os.lstat(nearest).st_mode):
                return False
        except FileNotFoundError:
            return True
    return False
