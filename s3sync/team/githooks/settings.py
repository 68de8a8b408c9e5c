"""Hooks in git's own settings of a clone (`hook.<name>.command`), which git has since 2.54.

Git runs them beside those in the folder of hooks, wherever that is, so none of others is touched. Each is a section of
our own in the clone's `config`, which no clone brings along. Older versions of git take no notice of it.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from shlex import quote

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError, ProjectError
from s3sync.team.githooks.folder import common_folder, run_git
from s3sync.team.githooks.script import FINDS, HOOKS, whole

SINCE = (2, 54)
_VERSION = re.compile(rb"git version (\d+)\.(\d+)")


def section(hook: str) -> str:
    """Name of our section for a hook. Git refuses one that is the hook's own."""
    return f"hook.s3sync-{hook}"


def has_them(root: Path) -> bool:
    """True if the git here runs hooks of its settings."""
    found = _VERSION.match(run_git(root, ("version",)).stdout)
    return found is not None and (int(found[1]), int(found[2])) >= SINCE


def require_them(root: Path) -> None:
    """Raises `ConfigError` where git is too old for it."""
    if not has_them(root):
        said = run_git(root, ("version",)).stdout.decode("utf-8", "replace").strip()[:100]
        version = ".".join(map(str, SINCE))
        raise ConfigError(
            "hooks cannot stand in git's settings here",
            why=f"that needs git {version}, and this is {said}",
            hint="`s3sync hooks install` without --settings puts them into the folder of hooks",
        )


def command(hook: str, program: str) -> str:
    """The command of a hook: git adds the hook's arguments to it. Where s3sync is gone, nothing is done."""
    return _beginning(hook, FINDS[0]) + quote(whole(program))


def _beginning(hook: str, find: str) -> str:
    """The command up to the program, which is the name of the shell that runs it."""
    if hook.startswith("post-"):
        run = f'"$s3sync" hooks run {hook} "$@" </dev/null || :'
    elif hook == "pre-push":  # the refs are read, so that git can write them
        run = f'cat >/dev/null; "$s3sync" hooks run {hook} </dev/null || :'
    else:
        run = f'exec "$s3sync" hooks run {hook}'
    return f"sh -c {quote(f's3sync=$0; {find % 0}; {run}')} "


def known(root: Path) -> dict[str, bool]:
    """Our hooks that are in the settings, and whether each is as we wrote it, for whatever program."""
    said, found = _said(root), dict[str, bool]()
    for hook in HOOKS:
        commands, events = said.get(f"{section(hook)}.command", []), said.get(f"{section(hook)}.event", [])
        if commands or events:
            ours = tuple(_beginning(hook, find) for find in FINDS)
            found[hook] = len(commands) == 1 and events == [hook] and commands[0].startswith(ours)
    return found


def is_other(root: Path, hook: str, program: str) -> bool:
    """True if a hook is not there, or of another program."""
    said = _said(root)
    found = said.get(f"{section(hook)}.command"), said.get(f"{section(hook)}.event")
    return found != ([command(hook, program)], [hook])


def write(root: Path, hook: str, program: str) -> None:
    """Put a hook into the settings. Raises `ProjectError`, `ConfigError`."""
    _require_plain(root)
    for key, value in (("command", command(hook, program)), ("event", hook)):
        _do(root, "--replace-all", f"{section(hook)}.{key}", value)


def remove(root: Path, hook: str) -> None:
    """Take a hook out of the settings."""
    _require_plain(root)
    _do(root, "--remove-section", section(hook))


def _said(root: Path) -> dict[str, list[str]]:
    """The values of our sections in the clone's own settings, by key. What these include is not looked at."""
    done = run_git(root, ("config", "--local", "-z", "--get-regexp", r"^hook\.s3sync-"))
    found: dict[str, list[str]] = {}
    for entry in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = entry.partition("\n")
        found.setdefault(key, []).append(value)
    return found


def _do(root: Path, *words: str) -> None:
    done = run_git(root, ("config", "--local", *words))
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip()[:500]
        raise ProjectError("git's settings of this clone cannot be changed", why=why)


def _require_plain(root: Path) -> None:
    """Raises `ConfigError` where the clone's settings are a link: git would write into the file that it leads to."""
    folder = common_folder(root)
    with GuardedFolder.open(folder) as room:
        if not stat.S_ISREG(room.lstat("config").st_mode):
            raise ConfigError(
                f"{folder / 'config'} is no plain file", why="it may lead into settings of another repository"
            )
