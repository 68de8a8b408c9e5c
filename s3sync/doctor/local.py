"""This computer: versions, the staging folder, git, the disk and what its file system can do."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from importlib import metadata
from itertools import takewhile
from pathlib import Path

from s3sync._version import __version__
from s3sync.core.quantities import size_text
from s3sync.core.typed import in_git, typed
from s3sync.disk.checks import is_link, is_ours
from s3sync.disk.errors import local_errors, reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import is_folder, remove_tree
from s3sync.doctor.report import Check, Level, fail, ok, skipped, warn
from s3sync.errors import LocalError
from s3sync.gitconfig import hooks_path
from s3sync.local.holds import ignores_case
from s3sync.local.room import state_room, tracked_reason
from s3sync.local.tracked import tracked_by_git
from s3sync.project import ProjectFolder
from s3sync.setup.init import MOST_GITIGNORE, read_gitignore, update_gitignore
from s3sync.state.repair import sqlite_version
from s3sync.sync.session import Session

NO_STATE_FOLDER = "needs state folder"
"""Reason why nothing in a folder that is refused is looked at: one cause is told once."""
NAMES = ("staging", "state_folder", "gitignore", "disk", "file_system")
DISTRIBUTION = "s3sync-collab"
REINSTALL = "reinstall s3sync, which brings them: docs/upgrade-and-remove.md says how"
WHOLE_PATHS = (
    "Python would run a clone's modules, in every program of it and before s3sync begins: have whole paths in "
    "PYTHONPATH, and no empty one"
)
_SHOWN = ("obstore", "boto3", "botocore", "awscrt")
LITTLE_ROOM = 1024**3
_OWN_BITS = stat.S_IRWXU
_FICLONE = 0x40049409
SCRATCH = "doctor-"
ABANDONED_S = 600
"""No doctor works that long on its scratch folder."""


def versions() -> Check:
    """s3sync, Python, SQLite and the libraries of the store, against what s3sync asks for."""
    found = [f"s3sync {__version__}", f"Python {platform.python_version()}", f"SQLite {sqlite_version()}"]
    lowest = _requirements()
    old: list[str] = []
    for name in dict.fromkeys((*_SHOWN, *lowest)):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            old.append(f"{name} is not installed")
            continue
        if name in _SHOWN:
            found.append(f"{name} {version}")
        if _numbers(version) < _numbers(lowest.get(name, "0")):
            old.append(f"{name} {version} is older than {lowest[name]}")
    if old:
        return warn("versions", f"{', '.join(found)}; {', '.join(old)}", REINSTALL)
    if takes_modules_from_here():
        return warn("versions", f"{', '.join(found)}; PYTHONPATH names the folder that you stand in", WHOLE_PATHS)
    return ok("versions", ", ".join(found))


def takes_modules_from_here() -> bool:
    """True if Python takes modules from the current folder, as an empty entry has it do. That may be a clone."""
    entries = os.environ.get("PYTHONPATH", "")
    return bool(entries) and not all(Path(entry).is_absolute() for entry in entries.split(os.pathsep))


def _requirements() -> dict[str, str]:
    """The lowest version of each library, as the installed package names it; nothing where it is not installed."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    plain = [line for line in lines if "extra ==" not in line]
    pairs = [re.match(r"([\w.-]+)[^;]*?>=\s*([\d.]+)", line) for line in plain]
    return {pair[1]: pair[2] for pair in pairs if pair}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3])


def checks(project: ProjectFolder) -> list[Check]:
    state = _state_folder(project)
    return [
        _staging(project),
        state,
        _gitignore(project),
        _disk(project),
        _file_system(project) if state.level is not Level.FAIL else skipped("file_system", NO_STATE_FOLDER),
    ]


def _staging(project: ProjectFolder) -> Check:
    folder = project.staging
    if not folder.is_dir():
        return warn("staging", f"{folder} is not there yet", "`s3sync init` or `s3sync down` makes it")
    try:
        os.listdir(folder)
    except OSError as error:
        return fail("staging", f"{folder} cannot be read: {reason_of(error)}", f"chmod u+rwx {typed(folder)}")
    if not os.access(folder, os.W_OK):
        return fail("staging", f"{folder} cannot be written: nothing can be downloaded", f"chmod u+rwx {typed(folder)}")
    if _has_hooks(project):
        hint = "`git config core.hooksPath FOLDER` names another, outside of it (`s3sync hooks`)"
        return warn("staging", f"git takes its hooks from {folder}, and runs what a teammate puts there", hint)
    return ok("staging", str(folder))


def _has_hooks(project: ProjectFolder) -> bool:
    """True if git takes its hooks from the staging folder, or from a folder in it."""
    root, top = project.repo_root, Path(project.staging.anchor)
    git = next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), root)
    with contextlib.suppress(OSError, ValueError):
        where = Path(os.path.realpath(hooks_path(git, os.environ)))
        staging = project.staging.stat()
        above = takewhile(lambda folder: folder != top, (where, *where.parents))
        return any(os.path.samestat(folder.stat(), staging) for folder in above if folder.is_dir())
    return False


# -- our own folder in it


def _state_folder(project: ProjectFolder) -> Check:
    folder = project.state_dir
    if not os.path.lexists(folder):
        return ok("state_folder", "none yet: it is made when it is first needed")
    if folder.is_symlink() or not folder.is_dir():
        what = "a link" if folder.is_symlink() else "a file"
        return fail("state_folder", f"{folder} is {what} and no folder", "move it away, and run the command again")
    tracked = tracked_reason(project.staging)
    if tracked is not None:
        return fail("state_folder", *tracked)
    foreign, shut = _not_usable(folder)
    if foreign:
        hint = f"give it back to yourself: sudo chown -R $(id -un) {typed(folder)}"
        return fail("state_folder", f"{foreign[0]} belongs to somebody else", hint)
    if shut:
        return fail("state_folder", f"{shut[0]} may not be read and written by you", "s3sync doctor --fix")
    return ok("state_folder", str(folder))


def _not_usable(folder: Path) -> tuple[list[Path], list[Path]]:
    """Of our folder, its folders and the files that we write over: those of another owner, and those shut to us."""
    foreign: list[Path] = []
    shut: list[Path] = []
    for path in (folder, folder / "partial", folder / "trash", *sorted(_files(folder))):
        try:
            status = path.lstat()
        except OSError:
            continue
        needed = _OWN_BITS if stat.S_ISDIR(status.st_mode) else stat.S_IRUSR | stat.S_IWUSR
        if is_link(status):
            continue
        if not is_ours(status):
            foreign.append(path)
        elif status.st_mode & needed != needed:
            shut.append(path)
    return foreign, shut


def _files(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.startswith(("state.db", "lock"))]
    except OSError:
        return []


def _open_up(folder: Path) -> list[str]:
    """Give the owner back the rights to our folder, as often as that shows more that is shut."""
    done: list[str] = []
    for _ in range(3):
        for path in _not_usable(folder)[1]:
            with (
                local_errors("cannot change the rights of", path),
                GuardedFolder.open(path.parent, shared=path == folder) as above,
            ):
                mode = above.lstat(path.name).st_mode
                added = _OWN_BITS if stat.S_ISDIR(mode) else stat.S_IRUSR | stat.S_IWUSR
                above.chmod(path.name, stat.S_IMODE(mode) | added)
            done.append(f"{path}: you may read and write it again")
    return done


# -- git


def _gitignore(project: ProjectFolder) -> Check:
    root = project.repo_root
    if not (root / ".git").exists():
        return skipped("gitignore", f"{root} is not in git")
    folder = project.staging.relative_to(root).as_posix()
    try:
        ignored = _ignored_by_git(root, f"{folder}/draft.mp4")
    except (OSError, ValueError) as error:
        return fail("gitignore", f"{root / '.gitignore'} cannot be read: {error}", "make it readable")
    if not ignored:
        return warn("gitignore", f"git would take up {folder}/ and its large files", "s3sync doctor --fix")
    if (tracked := tracked_by_git(project.staging, "")) is not None:
        return warn(
            "gitignore",
            f"git leaves {folder}/ alone, but has {tracked} already: somebody added it before, or with --force",
            f"git rm -r --cached {in_git(folder)}   (your files stay), and commit",
        )
    return ok("gitignore", f"git leaves {folder}/ alone")


def _ignored_by_git(root: Path, path: str) -> bool:
    """True if a repository's rules keep a path out of git. Raises `OSError`, and `ValueError` for too many rules."""
    from s3sync.local.patterns import compile_readable

    body = b""
    with contextlib.suppress(OSError), GuardedFolder.open(root / ".git" / "info", shared=True) as info:
        body = info.read("exclude", MOST_GITIGNORE) + b"\n"
    lines = (body + read_gitignore(root)).decode("utf-8", "surrogateescape").splitlines()
    return compile_readable(lines).match_file(path)


# -- the disk


def _disk(project: ProjectFolder) -> Check:
    try:
        free = free_space(project)
    except OSError as error:
        return fail("disk", f"its room cannot be told: {reason_of(error)}")
    if free < LITTLE_ROOM:
        return warn("disk", f"{size_text(free)} free", "make room, or empty the trash in .s3sync/trash/")
    return ok("disk", f"{free / 1e9:.1f} GB free")


def free_space(project: ProjectFolder) -> int:
    """Bytes that the disk of the staging folder still takes. Raises `OSError`."""
    folder = project.staging
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _file_system(project: ProjectFolder) -> Check:
    """What it can do, by trying on two files of a byte in our own folder."""
    if not project.staging.is_dir():
        return skipped("file_system", "needs staging")
    try:
        with state_room(project.staging) as room, local_errors("cannot write", room.path):
            return _try_out(room, project.staging)
    except LocalError as error:
        return fail("file_system", str(error), error.hint or "s3sync doctor --fix")


def _try_out(room: GuardedFolder, staging: Path) -> Check:
    name = f"{SCRATCH}{uuid.uuid4().hex}"
    with room.folder(name, create=0o700) as scratch:
        try:
            abilities = list(_abilities(scratch, staging))
        except OSError as error:
            return fail("file_system", f"a small file cannot be written there: {reason_of(error)}", "make room")
        finally:
            with contextlib.suppress(OSError):
                remove_tree(room, name)
    return ok("file_system", ", ".join(abilities))


def _abilities(folder: GuardedFolder, staging: Path) -> Iterator[str]:
    folder.write("one", b"1")
    try:
        folder.link("one", "two")
        yield "hard links (a new name never replaces a file)"
    except (OSError, NotImplementedError):
        yield "no hard links (a new name is looked at, then taken)"
    folder.unlink("two", missing_ok=True)
    yield "case is ignored" if ignores_case(staging) else "case counts"
    yield "copies share blocks (reflink)" if _reflinks(folder, "one", "two") else "copies take room (no reflink)"


def _reflinks(folder: GuardedFolder, source: str, target: str) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    with open(folder.open_read(source), "rb") as old, open(folder.create(target), "wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            return False
    return True


def mend(session: Session) -> list[str]:
    """Fix rights and `.gitignore`; returns what was done. Raises `LocalError`."""
    project, done = session.project, list[str]()
    if project.state_dir.is_dir() and not project.state_dir.is_symlink():
        done += _open_up(project.state_dir)
    if _gitignore(project).level is Level.WARN:  # one that cannot be read is left alone, and the check says why
        update_gitignore(project.repo_root, session.settings.staging)
        done.append(f"{project.repo_root / '.gitignore'}: the staging folder's content stays out of git")
    return done


def leftovers(room: GuardedFolder) -> list[str]:
    """Names of the scratch folders of doctors that were killed here."""
    return [
        name
        for name, status in room.entries()
        if name.startswith(SCRATCH) and is_folder(status) and time.time() - status.st_mtime > ABANDONED_S
    ]
