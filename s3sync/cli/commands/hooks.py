"""s3sync hooks"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, Group
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.team.githooks.install import HooksReport

hooks = Group(SET_UP, "Have git say what waits, warn of what nobody else has, and keep large files out of commits.")


@hooks.word("status", "s3sync hooks status", 0, 1, 2, 130, takes=ASKS)
def status(call: Call) -> int:
    """Say which hooks this clone has. Changes nothing."""
    from s3sync.team.githooks.install import hooks_status

    return _show(call, "status", hooks_status(_root(), _settings().staging))


@hooks.word("install", "s3sync hooks install", 0, 1, 2, 130, takes=ASKS | {"dry_run"})
def install(
    call: Call,
    settings: Annotated[
        bool,
        typer.Option("--settings", help="Put them into git's settings of this clone (git 2.54), and touch no hook."),
    ] = False,
) -> int:
    """Install the hooks into this clone. A hook that is there stays, and is called first."""
    from s3sync.team.githooks.install import install as install_hooks

    report = install_hooks(
        _root(), program_path(_root()), _settings().staging, in_settings=settings, dry_run=call.dry_run
    )
    return _show(call, "install", report)


@hooks.word("uninstall", "s3sync hooks uninstall", 0, 1, 2, 130, takes=ASKS | {"dry_run"})
def uninstall(call: Call) -> int:
    """Take the hooks out of this clone, and put those that were there before back."""
    from s3sync.team.githooks.install import uninstall as uninstall_hooks

    return _show(call, "uninstall", uninstall_hooks(_root(), dry_run=call.dry_run))


@hooks.word("run", "s3sync hooks run post-merge", 0, 2, 5, 130, takes=frozenset({"debug"}))
def run(
    call: Call,
    hook: Annotated[str, typer.Argument(metavar="HOOK", help="The hook's name, as git has it.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENT]...", help="What git gave the hook.", show_default=False)
    ] = None,
) -> int:
    """Do what a hook does: this is what git calls. Only `pre-commit` refuses anything; the others never fail."""
    from s3sync.cli.show.hooks import unchecked_line
    from s3sync.errors import S3syncError, UsageError
    from s3sync.team.githooks.script import HOOKS, REFUSES

    if hook not in HOOKS:
        raise UsageError(f"there is no hook {hook!r}", hint=f"the hooks are {', '.join(HOOKS)}")
    try:
        if hook == REFUSES:
            return _before_commit()
        _send_queued()
        if hook == "pre-push":
            _before_push()
        else:
            if hook == "post-checkout":
                _after_checkout()
            if hook == "post-merge" or _is_another_branch(arguments or []):
                _after_merge()
    except (S3syncError, OSError) as error:
        if call.debug:
            raise
        if hook == REFUSES:  # whoever relies on it has to know that it did not look
            _tell(unchecked_line(error))
    return 0


def _is_another_branch(arguments: list[str]) -> bool:
    """True for `git checkout BRANCH` that leads to another commit; false where only files are checked out."""
    return len(arguments) != 3 or (arguments[2] == "1" and arguments[0] != arguments[1])


def _before_commit() -> int:
    from s3sync.cli.show.hooks import staged_lines
    from s3sync.project import repo_root
    from s3sync.team.githooks.staged import look_at_staged

    staged = look_at_staged(_settings(), repo_root(current_folder()))
    _tell(*staged_lines(staged))
    return 5 if staged.is_refused else 0


def _send_queued() -> None:
    """Have what waits for the line sent, beside git: it may take long, and its line may still be away."""
    from s3sync.cli.queueing import projects_with_queues, send_beside

    if next(projects_with_queues(_settings()), None) is not None:
        send_beside(program_path(), _root())


def _before_push() -> None:
    from s3sync.cli.show.hooks import unsent_line
    from s3sync.connect import connect
    from s3sync.project import list_projects
    from s3sync.team.githooks.unsent import what_is_unsent

    settings = _settings()
    projects = list_projects(settings, current_folder())
    found = what_is_unsent(settings, connect(settings, create=False), projects) if projects else []
    if found:
        _tell(unsent_line(found))


def _after_merge() -> None:
    from s3sync.cli.background import say_soon

    say_soon(_what_waits, _tell)


def _after_checkout() -> None:
    """Say of each folder that was checked out, and whose media are archived, where these are. Asks no store."""
    from s3sync.team.githooks.checked_out import bare_folders

    settings = _settings()
    names = bare_folders(settings) if settings.archives else []
    if names:
        from s3sync.archives import Archives
        from s3sync.cli.show.hooks import archived_line

        archives = Archives.open(flags={}, environ=os.environ)
        _tell(*(archived_line(lives) for name in names if (lives := archives.lives(name)) is not None))


def _what_waits() -> str:
    from s3sync.cli.output import printable
    from s3sync.cli.show.hooks import waits_line
    from s3sync.connect import connect
    from s3sync.errors import NotTrusted
    from s3sync.team.githooks.waiting import in_a_hurry, synced_projects, what_waits

    try:
        settings = in_a_hurry(_settings())
        projects = synced_projects(settings, current_folder())
        found = what_waits(settings, connect(settings, create=False), projects) if projects else []
    except NotTrusted as error:
        return f"s3sync: {printable(error.message)}: look at it with `s3sync trust`"
    except Exception:  # noqa: BLE001 - the network is gone, or a setting is wrong: git's user asked for none of it
        return ""
    return waits_line(found) if found else ""


def _tell(*lines: str) -> None:
    from s3sync.cli.output import warn

    for line in lines:
        warn(line)


def _settings() -> Settings:
    from s3sync.config import load_settings

    return load_settings(current_folder(), flags={}, environ=os.environ)


def _root() -> Path:
    from s3sync.project import repo_root

    return repo_root(current_folder())


def program_path(clone: Path | None = None) -> str:
    """Absolute path of this very program, for a shell. Warns where it lies in `clone`, for which it is installed."""
    here, beside = Path(sys.argv[0]), Path(sys.executable).with_name("s3sync")
    is_script = here.name.partition(".")[0] == "s3sync" and here.is_file()
    found = here.absolute() if is_script else beside if beside.is_file() else None
    if clone is not None:
        _warn_of_commits(found or Path(sys.executable), clone)
    return "s3sync" if found is None else str(found)


def _warn_of_commits(program: Path, clone: Path) -> None:
    """Say that a commit can replace a program. An environment in the clone is ignored by git, which writes over what it
    ignores without a word: a pull would bring another program, and have it run by the hooks."""
    from s3sync.cli.output import printable, warn

    top = next((folder for folder in (clone, *clone.parents) if os.path.lexists(folder / ".git")), clone)
    ends = (os.path.realpath(program), os.path.join(os.path.realpath(program.parent), program.name))  # noqa: PTH118
    if any(Path(end).is_relative_to(os.path.realpath(top)) for end in ends):
        warn(f"warning: this s3sync lies in the repository: {printable(str(program))}")
        warn("whoever commits can have a pull put another program there, which then runs without being asked for")
        warn("hint: install it outside of the repository, as with pipx, and run this again")


def _show(call: Call, action: str, report: HooksReport) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.hooks import hooks_json, print_hooks

    if call.json:
        print_json(hooks_json(action, report))
    else:
        print_hooks(action, report, quiet=call.quiet)
    return report.exit_code
