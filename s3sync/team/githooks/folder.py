"""Folder of a clone's hooks, as git itself finds it, and whether hooks of this clone alone may stand there.

Git is asked rather than read, because settings may stand in five files that include others. What it answers is not
believed further than a folder of the clone: its git folder, or what lies in its working tree.
"""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec import Struct

from s3sync.config.read import keep_root
from s3sync.core.names import nfc
from s3sync.core.spelling import VERSION_CONTROL, stands_for
from s3sync.disk.held import is_kept
from s3sync.disk.programs import program
from s3sync.errors import ConfigError, ProjectError

PATIENCE_S, FOR_ALL_FILES_S = 10, 30
"""Time for a question about settings, and for one about all files of a commit."""
_READ_BY_GIT = ("HEAD", "config", "index", "packed-refs", "commondir")
HUSKY = ".husky"
_LARGEST_ANSWER = 64 * 1024
RUNS_NOTHING = ("-c", "core.fsmonitor=false")
"""Git asks a program named in the clone's settings what changed, as soon as it reads the index."""
FETCHES_NOTHING = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
"""An object that is missing would be fetched, by a program or from an address that the clone's settings name."""


class HooksFolder(Struct, frozen=True):
    """Hooks' folder: `names` below `base`, which is the git folder or the top of the working tree.

    `shared_by`: why hooks of this clone do not belong there (a folder for all repositories); None where they do.
    `travels`: it lies in a staging folder, so that git runs what a teammate sends.
    """

    base: Path
    names: tuple[str, ...]
    shared_by: str | None = None
    travels: bool = False

    @property
    def path(self) -> Path:
        return self.base.joinpath(*self.names)

    @property
    def is_huskys(self) -> bool:
        """True if husky writes the scripts there, which call those that the team keeps in the folder above."""
        return HUSKY in self.names

    @property
    def teams(self) -> tuple[str, ...]:
        """Names of the folder with the team's own scripts, where husky calls them."""
        return self.names[: self.names.index(HUSKY) + 1]


def hooks_folder(root: Path, staging: str | None) -> HooksFolder:
    """`staging`: name of the staging folders, where it matters whether the hooks lie in one.

    Raises `ProjectError` where git knows no repository, `ConfigError` where its answer leads elsewhere.
    """
    top = _top(root)
    where = _real(_ask(root, "rev-parse", "--git-path", "hooks"), root)
    scope, path = _configured(root)
    if staging is not None and _is_of_staging(where, (top, root, Path(os.path.realpath(root))), staging):
        why = f"the folder that git takes its hooks from lies in a staging folder ({where}), and git runs what is there"
        return HooksFolder(where, (), why, travels=True)
    if scope in ("global", "system", "command"):
        return HooksFolder(where, (), f"core.hooksPath of git's {scope} settings is {path}, for all repositories")
    common = _real(_ask(root, "rev-parse", "--git-common-dir"), root)
    _refuse_strange(root, top, common)
    for base in (common, top):
        if where != base and where.is_relative_to(base):
            names = where.relative_to(base).parts
            if names[0] == "modules" if base == common else any(stands_for(one, VERSION_CONTROL) for one in names):
                return HooksFolder(where, (), f"core.hooksPath leads into another repository, to {where}")
            return HooksFolder(base, names)
    return HooksFolder(where, (), f"core.hooksPath leads out of this repository, to {where}")


def _is_of_staging(where: Path, tops: tuple[Path, ...], staging: str) -> bool:
    """True if a folder is a staging folder, or lies in one. Letters count as some disk takes them."""
    below = (where.relative_to(top).as_posix() for top in tops if where.is_relative_to(top))
    return any(is_of_staging(f"{nfc(path).casefold()}/hook", nfc(staging).casefold()) for path in below)


def is_of_staging(name: str, staging: str) -> bool:
    """True if a path below the repository's root lies in its staging folder, or in that of a project in it."""
    parts, wanted = PurePosixPath(name).parts, PurePosixPath(staging).parts
    return wanted in (parts[: len(wanted)], parts[1 : len(wanted) + 1]) and len(parts) > len(wanted)


def common_folder(root: Path) -> Path:
    """The git folder with the clone's own settings, which all of its worktrees share. Raises as `hooks_folder`."""
    top = _top(root)
    common = _real(_ask(root, "rev-parse", "--git-common-dir"), root)
    _refuse_strange(root, top, common)
    return common


def _configured(root: Path) -> tuple[str, str]:
    """Scope and value of core.hooksPath; both empty where it is not set."""
    answer = run_git(root, ("config", "--show-scope", "--get", "core.hooksPath"))
    scope, _, path = answer.stdout.decode("utf-8", "replace").rstrip("\n").partition("\t")
    return scope, path


def _top(root: Path) -> Path:
    """The top of the working tree. Raises `ConfigError` where git's environment names one that does not hold `root`: a
    hook, or `git rebase --exec`, hands these variables to whatever it starts, which may be in another repository."""
    keep_root(root)
    top, here = _real(_ask(root, "rev-parse", "--show-toplevel")), _real(os.fspath(root))
    if is_kept(os.fspath(root)):  # git went by its path: another folder may have had it for that moment
        is_around = top in (root, *root.parents)
    else:
        is_around = any(top.samefile(folder) for folder in (here, *here.parents))
    if is_around:
        return top
    raise ConfigError(
        f"git takes {top} for this repository, and not {root}",
        why="GIT_DIR or GIT_WORK_TREE in the environment, or core.worktree in its settings, names another folder"
        + (", or one was put in its place since the command began" if is_kept(os.fspath(root)) else ""),
        hint="run it without these variables: env -u GIT_DIR -u GIT_WORK_TREE s3sync hooks ..."
        + ("; if none is set, see who may write in the folder above it" if is_kept(os.fspath(root)) else ""),
    )


def _refuse_strange(root: Path, top: Path, common: Path) -> None:
    """Raise for a `.git` file that points to a git folder which does not know this working tree: a clone's own may be
    written by whoever made its archive, and would lead us into another repository."""
    if common == top / ".git":
        return
    own = _real(_ask(root, "rev-parse", "--git-dir"), root)
    if own.parent.parent == common and own.parent.name == "worktrees":
        back = _text(own / "gitdir")
        if back and _real(back, own) == top / ".git":
            return
    above = _ask(root, "rev-parse", "--show-superproject-working-tree")
    if above and own.is_relative_to(_real(above) / ".git" / "modules"):
        return
    raise ConfigError(
        f"{top / '.git'} points to {common}, which does not know this folder",
        why="hooks there would be those of another repository",
        hint="run `git worktree repair` if it is yours",
    )


def _text(path: Path) -> str:
    from s3sync.gitconfig import read_bytes

    return (read_bytes(path, _LARGEST_ANSWER) or b"").decode("utf-8", "surrogateescape").strip()


def _real(path: str, start: Path | None = None) -> Path:
    return Path(os.path.realpath((start or Path("/")) / path))


def _ask(root: Path, *words: str) -> str:
    done = run_git(root, words)
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")[:500]
        raise ProjectError("git cannot say where its hooks are", why=why, hint="run it in your clone of the repository")
    return os.fsdecode(done.stdout).removesuffix("\n")


def run_git(
    root: Path, words: tuple[str, ...], text: bytes = b"", patience_s: float = PATIENCE_S
) -> subprocess.CompletedProcess[bytes]:
    """Ask git, which runs nothing and fetches nothing for it: settings in a clone's `.git` may be anybody's.

    Raises `ProjectError` where it is missing or does not answer.
    """
    git = program("git")
    if git is None:
        raise ProjectError("git was not found", why="hooks are called by git", hint="install git, or add it to PATH")
    _refuse_endless(root)
    try:
        return subprocess.run(
            [git, *RUNS_NOTHING, "-C", str(root), *words],
            input=text,
            capture_output=True,
            timeout=patience_s,
            check=False,
            env={**os.environ, **FETCHES_NOTHING},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProjectError("git does not answer", why=str(error)[:500]) from error


def _refuse_endless(root: Path) -> None:
    """Raise `ProjectError` for what git would wait for, or read outside of its folder: it reads whatever is there."""
    from s3sync.gitconfig import git_folder

    top = next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), root)
    if (top / ".git").is_symlink() and not (top / ".git").is_dir():
        raise ProjectError(f"git cannot use {top / '.git'}", why="it is a link, and to no folder", hint="remove it")
    folder = git_folder(top)
    inside = os.path.realpath(folder)
    for name in _READ_BY_GIT:
        path = folder / name
        with suppress(OSError, ValueError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise ProjectError(
                    f"git cannot read {path}", why="it is no plain file, and git would wait for it", hint="remove it"
                )
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside):
                raise ProjectError(
                    f"git may not read {path}", why="it is a link out of git's folder", hint="put a plain file there"
                )
