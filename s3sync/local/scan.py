"""The local scan: every file in the staging folder with what its directory entry says, and what could not be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.names import STATE_DIR, nfc, refuse, refuse_folder, refuse_reason
from s3sync.core.outcome import Problem
from s3sync.disk.errors import reason_of
from s3sync.disk.tree import folder_below, parent_of
from s3sync.errors import ScanError
from s3sync.spill.table import SpilledDict


class LocalFile(Struct, frozen=True, gc=False):
    """A regular file: where it is on the disk (its name there may be NFD) and its fingerprint.

    Programs put mtime back after an edit, but nothing puts ctime back: it is the time of the last change of anything.
    On Windows, and on some disks elsewhere, it is the time of creation, and tells nothing (`local.fingerprint`).
    `depth`: how many of the last names of `where` stand below the staging folder. None of them may be a link when the
    file is opened; what stands above is trusted.
    `runs`: whether its mode let its owner run it; None: nobody looked. A `chmod` changes ctime.
    """

    where: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int
    depth: int = 1
    runs: bool | None = None

    @property
    def disk_path(self) -> Path:
        """Made when it is asked for: of most files a scan only ever compares what the directory entry says."""
        return Path(self.where)

    def is_still(self, now: os.stat_result) -> bool:
        """True if the file on the disk is the one that was scanned, as far as its directory entry tells."""
        return self.is_renamed(now) and (now.st_ctime_ns, now.st_ino or self.inode) == (self.ctime_ns, self.inode)

    def is_renamed(self, now: os.stat_result) -> bool:
        """True if this is still the file, apart from a new name or a link, either of which changes ctime."""
        return stat.S_ISREG(now.st_mode) and (now.st_size, now.st_mtime_ns) == (self.size, self.mtime_ns)


def look_at(path: str | os.PathLike[str], depth: int = 1) -> LocalFile:
    """A file as it is now. Raises `OSError`."""
    where = os.fspath(path)
    folder, name = parent_of(where, depth)
    return found_file(where, folder.lstat(name), depth)


def found_file(where: str, status: os.stat_result, depth: int, inode: int | None = None) -> LocalFile:
    """A file as its status describes it. `inode`: where that does not tell it."""
    runs = bool(status.st_mode & stat.S_IXUSR)
    inode = status.st_ino if inode is None else inode
    return LocalFile(where, status.st_size, status.st_mtime_ns, inode, status.st_ctime_ns, depth, runs)


class LocalScan(Struct):
    """`hidden` are paths and folders about whose content nothing is known: they are left out of every decision."""

    files: SpilledDict[LocalFile] = field(default_factory=lambda: SpilledDict(LocalFile))
    problems: list[Problem] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    complete: bool = True
    """False after any error: nothing may be deleted then."""

    def refuse(self, path: str, error: str, hint: str | None = None) -> None:
        self.problems.append(Problem(path, error, hint))
        self.hidden.append(path)


def scan_folder(staging: Path, ignored: Callable[[str], bool], expected: int = 0) -> LocalScan:
    """Scan a staging folder; symbolic links are reported and never followed.

    `ignored` is asked with the path, folders ending in `/`. `expected` is about how many files there are. A missing
    folder is an empty one. One that cannot be read raises `ScanError`, while a folder below it that cannot is a problem
    and makes the scan incomplete.
    """
    scan = LocalScan(SpilledDict(LocalFile, expected))
    try:
        folders = _scan(scan, str(staging), (), "", ignored)
    except FileNotFoundError:
        return scan
    except OSError as error:
        raise ScanError(f"cannot read the staging folder {staging}", why=reason_of(error)) from error
    while folders:  # a key of 1,024 bytes is 512 folders deep: neither the stack nor open folders may follow
        names, path = folders.pop()
        try:
            folders += _scan(scan, str(staging), names, f"{path}/", ignored)
        except FileNotFoundError:
            continue
        except OSError as error:
            _unreadable(scan, path, error)
    return scan


def _unreadable(scan: LocalScan, path: str, error: OSError) -> None:
    scan.refuse(path, f"cannot be read: {reason_of(error)}")
    scan.complete = False


def _scan(
    scan: LocalScan, staging: str, names: tuple[str, ...], prefix: str, ignored: Callable[[str], bool]
) -> list[tuple[tuple[str, ...], str]]:
    """Take in what stands in a folder; returns the folders below it, each with its names on the disk and its path."""
    folders: list[tuple[tuple[str, ...], str]] = []
    folder = folder_below(staging, names)
    with folder.scandir() as entries:
        for entry in entries:
            path = nfc(prefix + entry.name)
            if path == STATE_DIR:
                continue
            try:
                if _scan_entry(scan, entry, folder.path, path, ignored):
                    folders.append(((*names, entry.name), path))
            except FileNotFoundError:
                continue  # deleted while we looked: as if it had never been there
            except OSError as error:
                _unreadable(scan, path, error)
    return folders


def _scan_entry(
    scan: LocalScan, entry: os.DirEntry[str], folder: str, path: str, ignored: Callable[[str], bool]
) -> bool:
    """Note a file, or why it is none; whether the entry is a folder to go into."""
    is_folder = entry.is_dir(follow_symlinks=False)
    if ignored(path + "/" if is_folder else path):
        return False
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        scan.refuse(path, "is a symbolic link, and links are not followed", "put the file itself there")
        return False
    reason = refuse_folder(path) if is_folder else refuse_reason(path)
    if reason:
        found = refuse(path)
        is_obeyed = found is not None and found.obeyed
        hint = "move it out of the staging folder, or name it in .s3syncignore" if is_obeyed else "rename it"
        scan.refuse(path, f"cannot be uploaded: {reason}", hint)
        return False
    if is_folder:
        return True
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        scan.refuse(path, "is not a regular file", "only files and folders are synced")
    elif not path.isascii() and path in scan.files:
        scan.refuse(path, "stands there twice, in two Unicode spellings of one name", "rename one of them")
        scan.complete = False
    else:
        inode = status.st_ino or os.stat(entry.path).st_ino  # noqa: PTH116 (Windows: DirEntry has no inode)
        where = f"{folder}{os.sep}{entry.name}"
        depth = path.count("/") + 1
        scan.files[path] = found_file(where, status, depth, inode)
    return False
