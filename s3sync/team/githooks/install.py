"""Installing the hooks into a clone, taking them away again, and saying which are there. No hook of others is lost."""

from __future__ import annotations

import os
import stat
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.team.githooks import settings
from s3sync.team.githooks.folder import HooksFolder, common_folder, hooks_folder
from s3sync.team.githooks.script import (
    HOOKS,
    START,
    bears_mark,
    before,
    call,
    is_ours,
    script,
    with_block,
    without_block,
)

LARGEST = 256 * 1024
"""Bytes of a hook that is read."""
LEGACY = ".legacy"
"""End of the name under which the program pre-commit keeps a hook that was there before its own, and calls it."""
_RUNS, _FOLDER = 0o755, 0o755


class HookState(StrEnum):
    """State of a hook, before or after a run."""

    INSTALLED = "installed"
    """Ours stands there, and calls the one that was there before it, if any."""
    ABSENT = "absent"
    FOREIGN = "foreign"
    """A hook of somebody else, which does not call s3sync."""
    CHANGED = "changed"
    """Ours, which somebody changed since: it is left alone."""
    BLOCKED = "blocked"
    """The name that the hook before ours would get is taken."""
    UNREADABLE = "unreadable"
    """A script that the team keeps and ours cannot be written into: a link, or a large program."""

    @property
    def is_left(self) -> bool:
        """True for what is left alone, and said."""
        return self in (HookState.CHANGED, HookState.BLOCKED, HookState.UNREADABLE)


class Hook(Struct):
    """`chained`: another hook is called first. `path`: relative to the clone's git folder or its top. `in_settings`: it
    is in git's settings of the clone instead."""

    name: str
    state: HookState
    path: str
    chained: bool = False
    did: bool = False
    """True if this run changed it."""
    in_settings: bool = False


class HooksReport(Struct):
    """`elsewhere`: why nothing is installed here; then `snippets` has the line for each hook, to be put in by hand.

    `idle`: those in git's settings are not run, because the git here is too old. `in_staging`: the folder from which
    git takes its hooks, where that lies in a staging folder.
    """

    folder: Path
    hooks: list[Hook] = field(default_factory=list)
    elsewhere: str | None = None
    snippets: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    idle: bool = False
    in_staging: Path | None = None

    @property
    def exit_code(self) -> int:
        unable = any(hook.state.is_left for hook in self.hooks)
        return 1 if self.elsewhere or unable or self.idle or self.in_staging else 0


def install(root: Path, program: str, staging: str, *, in_settings: bool = False, dry_run: bool = False) -> HooksReport:
    """Have git call s3sync. A hook that is there is kept beside ours and called first. `staging`: name of the staging
    folders, into which no hook is written.

    With `in_settings` by git's settings of the clone: so, too, where the folder of hooks is not the clone's own, and
    where they were put there before, if the git here runs them. Raises `ConfigError` where it does not.
    """
    report, folder = _report(root, staging, dry_run)
    known = settings.known(root)
    if in_settings:
        settings.require_them(root)
    if in_settings or ((known or folder is None) and settings.has_them(root)):
        return _install_in_settings(root, program, report, folder, known)
    if folder is None:
        return report
    for name in (name for name, as_written in known.items() if as_written and not dry_run):
        settings.remove(root, name)  # of a git that ran them, and is not here any more
    names = folder.teams if folder.is_huskys else folder.names
    with local_errors("cannot install the hooks in", folder.path):
        room = _room(folder.base, names, create=not dry_run)
        for name in HOOKS:
            hook = _look(room, name, names, folder.is_huskys)
            if room is not None and not hook.state.is_left:
                _install(room, hook, program, folder.is_huskys, dry_run)
            report.hooks.append(hook)
    return report


def _install_in_settings(
    root: Path, program: str, report: HooksReport, folder: HooksFolder | None, known: dict[str, bool]
) -> HooksReport:
    report.elsewhere, report.snippets, report.folder = None, {}, common_folder(root)
    for name in HOOKS:
        hook = _in_settings(name, known.get(name, True))
        if not hook.state.is_left:
            hook.did = settings.is_other(root, name, program)
            if hook.did and not report.dry_run:
                settings.write(root, name, program)
        report.hooks.append(hook)
    if folder is not None:  # those in the folder would be called, too
        _take_out_of(folder, report.dry_run)
    return report


def _in_settings(name: str, as_written: bool) -> Hook:
    state = HookState.INSTALLED if as_written else HookState.CHANGED
    return Hook(name, state, f"config: {settings.section(name)}", in_settings=True)


def uninstall(root: Path, *, dry_run: bool = False) -> HooksReport:
    """Take our hooks away, wherever they are, and put those that were there before back under their names."""
    report, folder = _report(root, None, dry_run)
    report.elsewhere, report.snippets = None, {}
    known = settings.known(root)
    found = {} if folder is None else {hook.name: hook for hook in _take_out_of(folder, dry_run)}
    for name in HOOKS:
        hook = found.get(name)
        if name in known:
            hook = _in_settings(name, known[name])
            hook.did = known[name]
            if hook.did and not dry_run:
                settings.remove(root, name)
            hook.state = HookState.ABSENT if hook.did else hook.state
        if hook is not None:
            report.hooks.append(hook)
    return report


def _take_out_of(folder: HooksFolder, dry_run: bool) -> list[Hook]:
    """Take ours out of the folder, and say how each is then."""
    names, found = folder.teams if folder.is_huskys else folder.names, []
    with local_errors("cannot take the hooks out of", folder.path):
        room = _room(folder.base, names, create=False)
        for name in HOOKS:
            hook = _look(room, name, names, folder.is_huskys)
            if room is not None and hook.state is HookState.INSTALLED:
                _uninstall(room, hook, folder.is_huskys, dry_run)
            found.append(hook)
    return found


def hooks_status(root: Path, staging: str) -> HooksReport:
    """Say which hooks are there. Changes nothing."""
    report, folder = _report(root, staging, dry_run=False)
    known = settings.known(root)
    if known:
        report.elsewhere, report.snippets = None, {}
        report.idle = not settings.has_them(root)
    if folder is None:
        report.hooks = [_in_settings(name, as_written) for name, as_written in known.items()]
        return report
    names = folder.teams if folder.is_huskys else folder.names
    with local_errors("cannot look at the hooks in", folder.path):
        room = _room(folder.base, names, create=False)
        for name in HOOKS:
            of_folder = _look(room, name, names, folder.is_huskys)
            report.hooks.append(_in_settings(name, known[name]) if name in known else of_folder)
    return report


def _report(root: Path, staging: str | None, dry_run: bool) -> tuple[HooksReport, HooksFolder | None]:
    folder = hooks_folder(root, staging)
    report = HooksReport(folder.path, dry_run=dry_run)
    if folder.shared_by is None:
        return report, folder
    report.elsewhere = folder.shared_by
    if folder.travels:
        report.in_staging = folder.path
        return report, None
    report.snippets = {name: call(name) for name in HOOKS}
    return report, None


def _room(base: Path, names: tuple[str, ...], *, create: bool) -> GuardedFolder | None:
    """The hooks' folder, through no link, and of this user; None where there is none and none is made."""
    room = GuardedFolder.open(base, straight=True)
    for name in names:
        try:
            room = room.folder(name, create=_FOLDER if create else None)
        except FileNotFoundError:
            return None
    return room


def _look(room: GuardedFolder | None, name: str, names: tuple[str, ...], in_block: bool) -> Hook:
    hook = Hook(name, HookState.ABSENT, "/".join((*names, name)))
    text = _read(room, name)
    if text is None:
        return hook
    assert room is not None
    if in_block and not _is_text(room, name):
        hook.state = HookState.UNREADABLE
        return hook
    if in_block:
        hook.chained = bool(without_block(text).strip())
        hook.state = HookState.INSTALLED if START in text else HookState.FOREIGN
        return hook
    there, kept = room.find(name), room.find(before(name))
    half_installed = there is not None and kept is not None and os.path.samestat(there, kept)
    hook.chained = kept is not None and not half_installed
    if is_ours(text):
        hook.state = HookState.INSTALLED
    elif bears_mark(text):
        hook.state = HookState.CHANGED
    elif is_ours(_read(room, name + LEGACY) or ""):
        hook.state, hook.chained = HookState.INSTALLED, True
    else:
        hook.state = HookState.BLOCKED if hook.chained else HookState.FOREIGN
        hook.chained = False
    return hook


def _is_text(room: GuardedFolder, name: str) -> bool:
    found = room.lstat(name)
    return stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST


def _read(room: GuardedFolder | None, name: str) -> str | None:
    """Text of a hook; None where there is none, and empty for one that is none of ours: a link, or a large program."""
    found = None if room is None else room.find(name)
    if room is None or found is None:
        return None
    if not _is_text(room, name):
        return ""
    return room.read(name, LARGEST).decode("utf-8", "surrogateescape")


def _install(room: GuardedFolder, hook: Hook, program: str, in_block: bool, dry_run: bool) -> None:
    there = _read(room, hook.name)
    called_by_another = hook.state is HookState.INSTALLED and not in_block and not is_ours(there or "")
    wanted = with_block(there or "#!/bin/sh\n", hook.name) if in_block else script(hook.name, program)
    if there == wanted or called_by_another:
        return
    hook.did = True
    is_new = hook.state is HookState.FOREIGN
    hook.state, hook.chained = HookState.INSTALLED, hook.chained or is_new
    if dry_run:
        return
    if is_new and not in_block and room.find(before(hook.name)) is None:
        # A second name first: killed in between, the hook of others still stands, and the next install goes on.
        room.link(hook.name, before(hook.name))
    room.write(hook.name, wanted.encode("utf-8", "surrogateescape"), mode=_RUNS)


def _uninstall(room: GuardedFolder, hook: Hook, in_block: bool, dry_run: bool) -> None:
    name = hook.name if in_block or is_ours(_read(room, hook.name) or "") else hook.name + LEGACY
    hook.did = True
    if not dry_run:
        _take_away(room, name, hook.name, in_block)
    hook.state = HookState.FOREIGN if hook.chained else HookState.ABSENT
    hook.chained = False


def _take_away(room: GuardedFolder, name: str, hook: str, in_block: bool) -> None:
    rest = without_block(_read(room, name) or "") if in_block else ""
    if rest.strip() not in ("", "#!/bin/sh"):
        room.write(name, rest.encode("utf-8", "surrogateescape"), mode=_RUNS)
    elif not in_block and room.find(before(hook)) is not None:
        room.replace(before(hook), name)
    else:
        room.unlink(name)
