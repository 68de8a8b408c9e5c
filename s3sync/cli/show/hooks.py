"""Git hooks: what was installed, and the lines that they say when git calls them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from s3sync.cli.output import SCHEMA, printable, said, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.core.names import short_text
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.typed import in_git, typed
from s3sync.errors import S3syncError
from s3sync.team.githooks.install import Hook, HooksReport, HookState
from s3sync.team.githooks.script import HOOKS, before

if TYPE_CHECKING:
    from s3sync.archives.naming import Lives
    from s3sync.team.githooks.staged import Staged
    from s3sync.team.githooks.unsent import Unsent
    from s3sync.team.githooks.waiting import Waits

MOST_NAMES = 5
LONGEST_MEMBER = 40


def hooks_json(action: str, report: HooksReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "hooks",
        "action": action,
        "dry_run": report.dry_run,
        "folder": str(report.folder),
        "hooks": [
            {
                "name": hook.name,
                "state": str(hook.state),
                "path": hook.path,
                "chained": hook.chained,
                "changed": hook.did,
                "in_settings": hook.in_settings,
            }
            for hook in report.hooks
        ],
        "elsewhere": report.elsewhere,
        "in_staging": None if report.in_staging is None else str(report.in_staging),
        "idle": report.idle,
        "snippets": report.snippets,
        "exit_code": report.exit_code,
    }


def print_hooks(action: str, report: HooksReport, *, quiet: bool) -> None:
    if report.in_staging is not None:
        where = printable(typed(str(report.in_staging)))
        warn(f"warning: git takes its hooks from a staging folder, and runs what a teammate puts there: {where}")
        warn("hint: `git config core.hooksPath FOLDER` names another, outside of it: move your own hooks there")
    if report.elsewhere and report.in_staging is not None:
        warn("Nothing is installed.")
        return
    if report.elsewhere:
        warn(f"warning: nothing is installed: {printable(report.elsewhere)}")
        warn("hint: s3sync leaves that folder alone; to call it from there, put into its scripts:")
        for name, line in report.snippets.items():
            say(f"{name + ':':<15}{line}")
        return
    if report.idle:
        warn("warning: the git here runs no hooks of its settings: `s3sync hooks install` puts them into the folder")
    for hook in report.hooks:
        if hook.state.is_left:
            warn(_problem(hook))
        elif not quiet:
            say(_line(action, hook, report.dry_run))
    if action == "status" and not quiet and all(hook.state is HookState.ABSENT for hook in report.hooks):
        say("To install them: `s3sync hooks install`")


def _line(action: str, hook: Hook, dry_run: bool) -> str:
    there = hook.state is HookState.INSTALLED
    sign = symbols().done if there else "-"
    what = HOOKS[hook.name] if there else "not installed" if hook.state is HookState.ABSENT else "not s3sync's"
    if hook.did:
        would = "would be " if dry_run else ""
        done = f"{would}{'installed' if action == 'install' else 'taken away'}"
        what = done if hook.state is HookState.ABSENT else f"{what}; {done}"
    if there and hook.in_settings:
        what += "; in git's settings"
    if there and hook.chained:
        what += "; your own hook runs first" if not dry_run or not hook.did else "; your own hook would run first"
    return f"  {sign} {hook.name:<13}  {what}"


def _problem(hook: Hook) -> str:
    path = printable(hook.path)
    if hook.state is HookState.CHANGED and hook.in_settings:
        section = f"hook.s3sync-{hook.name}"
        return f"warning: {section} in git's settings was s3sync's, and somebody changed it: it is left alone"
    if hook.state is HookState.CHANGED:
        return f"warning: {path} was s3sync's, and somebody changed it: move it away, and run this again"
    if hook.state is HookState.UNREADABLE:
        call = f"call `s3sync hooks run {hook.name}` in it"
        return f"warning: {path} is a link or a large program, and is left alone: {call}"
    return f"warning: {path} is not s3sync's, and {before(hook.name)} beside it is taken: move one of them away"


def waits_line(found: Sequence[Waits]) -> str:
    """Say in one line what waits."""
    files, size = sum(one.files for one in found), sum(one.size_bytes for one in found)
    deleted = sum(one.deleted for one in found)
    where = printable(found[0].project) if len(found) == 1 else counted(len(found), "project")
    parts = []
    if files:
        members = sorted({printable(short_text(name)[:LONGEST_MEMBER]) for one in found for name in one.by})
        by = f", from {', '.join(members[:3])}{' and others' if len(members) > 3 else ''}" if members else ""
        parts.append(f"{files_text(files)} to fetch ({size_text(size)}{by})")
    if deleted:
        parts.append(f"{deleted} deleted by others")
    verb = "down" if files else "sync"
    command = f"s3sync {verb} {typed(found[0].project)}" if len(found) == 1 else f"s3sync {verb} --all"
    return f"s3sync: {where}: {', '.join(parts)}: `{printable(command)}`"


def archived_line(lives: Lives) -> str:
    """Say in one line where the media of a project are that was checked out."""
    where = f"{lives.first.storage_class}, {size_text(lives.size)}"
    command = f"s3sync restore {typed(lives.unit)}"
    return printable(f"s3sync: {lives.project}: its files are archived ({where}): `{command}`")


def unsent_line(found: Sequence[Unsent]) -> str:
    """Say in one line what nobody else has."""
    files, size = sum(one.files for one in found), sum(one.size_bytes for one in found)
    where = printable(found[0].project) if len(found) == 1 else counted(len(found), "project")
    command = f"s3sync up {typed(found[0].project)}" if len(found) == 1 else "s3sync up --all"
    return f"s3sync: {where}: {files_text(files)} ({size_text(size)}) only on this computer: `{printable(command)}`"


def staged_lines(staged: Staged) -> Iterator[str]:
    """Lines about what a commit should not take up. A refusal says how to go on."""
    if staged.of_staging:
        yield f"error: the commit has {files_text(len(staged.of_staging))} of a staging folder, which s3sync carries"
        yield from _named(staged.of_staging)
        yield f"hint: `{_taken_out(staged.of_staging)}` takes them out, and leaves them on the disk"
    if staged.large:
        word = "error" if staged.refuses_large else "warning"
        yield f"{word}: the commit has {counted(len(staged.large), 'large file')}, which every clone will carry"
        yield from _named([f"{file.name} ({size_text(file.size_bytes)})" for file in staged.large])
        yield "hint: put them into a staging folder; a finished film belongs into a folder `final`"
    if staged.is_refused:
        yield "Nothing was committed. `git commit --no-verify` goes past this check."


def _taken_out(names: Sequence[str]) -> str:
    """A command for these files: from whichever folder of the clone it is typed, whatever the names are."""
    shown = " ".join(map(in_git, names[:MOST_NAMES]))
    return f"git rm --cached -- {printable(shown)}" + ("" if len(names) <= MOST_NAMES else " ...")


def unchecked_line(error: Exception) -> str:
    """Say that a commit was let through without a look, and why."""
    why = said(error, str(error)) if isinstance(error, S3syncError) else str(error)
    return f"warning: s3sync did not check this commit: {printable(why)}"


def _named(names: Sequence[str]) -> Iterator[str]:
    for name in names[:MOST_NAMES]:
        yield f"  {printable(name)}"
    if len(names) > MOST_NAMES:
        yield f"  and {len(names) - MOST_NAMES} more"
