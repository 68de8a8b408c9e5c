"""s3sync watch"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, OPENS, TEAM, Group
from s3sync.cli.options import OneName
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.sync.session import Session
    from s3sync.team.watching.service import Service, ServiceReport

Notify: TypeAlias = Annotated[bool, typer.Option("--notify", help="Also send notices of what was done and received.")]
Down: TypeAlias = Annotated[bool, typer.Option("--down", help="Also download what others upload.")]
RUNS = OPENS | {"transfers", "bwlimit"}
SERVICE = ASKS | {"user", "profile"}

watch = Group(TEAM, "Upload what is finished as soon as it is, and say or fetch what others do, until you end it.")


@watch.word("run", "s3sync watch\ns3sync watch b63 --down", 0, 1, 2, 5, 6, 130, takes=RUNS)
def run(call: Call, project: OneName = None, down: Down = False, notify: Notify = False) -> int:
    """Watch a project until Ctrl-C. Nothing is deleted and no question is answered: that waits for you."""
    from s3sync.cli.interrupt import ended_by_the_system
    from s3sync.cli.notices import Digest
    from s3sync.cli.show.notices import of_told
    from s3sync.cli.show.watch import tell_json, tell_text
    from s3sync.cli.thaws import ThawLooks
    from s3sync.team.watching.told import Told
    from s3sync.team.watching.watcher import Watcher

    first = _open(call, project, current_folder())
    opened = [first]
    digest = Digest(first.settings) if notify else None

    def tell(told: Told) -> None:
        if digest is not None:
            digest.add(of_told(told, first.settings.user or ""))
        if call.json:
            tell_json(told)
        else:
            tell_text(told, quiet=call.quiet)

    def session() -> Session:
        return opened.pop() if opened else _open(call, first.project.name, first.project.repo_root)

    thaws = ThawLooks(first.settings, first.project.repo_root, call, tell, digest)
    with ended_by_the_system():
        try:
            Watcher(session, tell, down=down, beside=thaws.look).run()
        except KeyboardInterrupt:
            return 0
        finally:
            if digest is not None:
                digest.close()
    return 0


@watch.word("install", "s3sync watch install --down", 0, 1, 2, 130, takes=SERVICE | {"dry_run"})
def install(call: Call, project: OneName = None, down: Down = False, notify: Notify = False) -> int:
    """Write what makes the system watch whenever you are logged in: a systemd user unit, or a launchd agent."""
    from s3sync.team.watching.service import install as write

    options = [*(["--down"] if down else []), *(["--notify"] if notify else [])]
    service, _ = _service(call, project, options, installs=True)
    return _show(call, "install", write(service, dry_run=call.dry_run))


@watch.word("uninstall", "s3sync watch uninstall", 0, 1, 2, 130, takes=SERVICE | {"dry_run"})
def uninstall(call: Call, project: OneName = None) -> int:
    """Remove what `install` wrote."""
    from s3sync.team.watching.service import uninstall as remove

    return _show(call, "uninstall", remove(_service(call, project, [])[0], dry_run=call.dry_run))


@watch.word("status", "s3sync watch status", 0, 1, 2, 130, takes=SERVICE)
def status(call: Call, project: OneName = None) -> int:
    """Say whether the project is watched at this moment, and what is installed. Asks no store."""
    from s3sync.local.room import known_room
    from s3sync.state.lock import WATCH, who_holds
    from s3sync.team.watching.service import look

    service, staging = _service(call, project, [])
    room = known_room(staging)
    running = None
    if room is not None:
        with room:
            running = who_holds(room, WATCH)
    return _show(call, "status", look(service, running=running))


def _open(call: Call, project: str | None, start: Path) -> Session:
    from s3sync.api import Project

    return Project.open(project, path=start, flags=call.flags).session


def _service(call: Call, project: str | None, options: list[str], *, installs: bool = False) -> tuple[Service, Path]:
    from s3sync.cli.commands.hooks import program_path
    from s3sync.config import load_settings
    from s3sync.project import find_project
    from s3sync.team.watching.service import Job, command_words, service_of

    settings = load_settings(current_folder(), flags=call.flags, environ=os.environ)
    found = find_project(settings, current_folder(), project)
    for name in ("user", "profile"):
        if (value := call.flags[name]) is not None:
            options += [f"--{name}", value]
    program, words = starting(program_path(found.repo_root if installs else None), command_words(found.name, options))
    job = Job(program, words, str(found.root), found.repo, found.name)
    return service_of(job, os.environ), found.staging


def starting(program: str, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Program and words that start s3sync from any folder: without a script of its own it is Python with `-P`, which
    takes no module from the folder that it starts in. A repository may have an `s3sync.py`."""
    return (program, words) if Path(program).is_absolute() else (sys.executable, ("-P", "-m", "s3sync", *words))


def _show(call: Call, action: str, report: ServiceReport) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.watch import print_service, service_json

    if call.json:
        print_json(service_json(action, report))
    else:
        print_service(action, report, quiet=call.quiet)
    return 0
