"""A watch that the system starts: the text of a systemd user unit or a launchd agent, and its place.

Nothing is started from here, no program is run: what to type is said. The text holds no secret, only paths and names,
and is the same whenever it is made for the same project.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from s3sync.core.typed import quoted
from s3sync.errors import S3syncError
from s3sync.services.files import read_file, remove_file, write_file
from s3sync.services.text import (
    agent_text,
    agents_folder,
    home,
    refuse_odd,
    systemd_command,
    systemd_folder,
    systemd_text,
)

MARK = "made by `s3sync watch install`"
RESTART_S = 30
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


class Job(Struct, frozen=True):
    """Watch to be started: the program and its words, in this repository."""

    program: str
    words: tuple[str, ...]
    root: str
    repo: str
    project: str

    @property
    def name(self) -> str:
        """A name for the system: readable, and of this clone and project alone."""
        own = sha256(f"{self.root}\0{self.project}".encode()).hexdigest()[:8]
        return f"s3sync-watch-{_NOT_IN_NAMES.sub('-', self.project)[:60]}-{own}"


class Service(Struct, frozen=True):
    """`start` and `stop` are the commands to type, `shows` the one that shows how it is."""

    kind: str
    path: Path
    text: str
    start: str
    stop: str
    shows: str


class ServiceReport(Struct):
    service: Service
    installed: bool = False
    changed: bool = False
    """True if this call wrote or removed the file, or would have."""
    running: str | None = None
    """Holder of the watch's lock: who watches the project at this moment, as far as that is known."""
    dry_run: bool = False


def service_of(job: Job, environ: Mapping[str, str], platform: str = sys.platform) -> Service:
    """Raises `S3syncError` where the system has no such thing, or a path cannot stand in such a file."""
    refuse_odd(job.root, (job.program, *job.words))
    if platform == "linux":
        unit = f"{job.name}.service"
        return Service(
            "systemd",
            systemd_folder(environ) / unit,
            _unit(job),
            f"systemctl --user daemon-reload && systemctl --user enable --now {unit}",
            f"systemctl --user disable --now {unit}",
            f"systemctl --user status {unit}",
        )
    if platform == "darwin":
        path = agents_folder(environ) / f"{job.name}.plist"
        return Service(
            "launchd",
            path,
            _agent(job, home(environ)),
            f"launchctl bootstrap gui/$(id -u) {quoted(str(path))}",
            f"launchctl bootout gui/$(id -u)/{job.name}",
            f"launchctl print gui/$(id -u)/{job.name}",
        )
    raise S3syncError(
        "cannot install a watch on this system",
        why="it has neither systemd nor launchd",
        hint=f"have your system run this when you log in: {' '.join(map(quoted, (job.program, *job.words)))}",
    )


def _unit(job: Job) -> str:
    return (
        f"# {MARK}; `s3sync watch uninstall` removes it\n"
        "[Unit]\n"
        f"Description=s3sync watch of {systemd_text(f'{job.repo}/{job.project}')}\n\n"
        "[Service]\n"
        f"WorkingDirectory={job.root.replace('%', '%%')}\n"
        f"ExecStart={systemd_command(job.program, job.words)}\n"
        "Restart=on-failure\n"
        f"RestartSec={RESTART_S}\n"
        "RestartPreventExitStatus=2 5 6\n"
        "SuccessExitStatus=130\n"
        "NoNewPrivileges=yes\n\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def _agent(job: Job, home: Path) -> str:
    log = str(home / "Library" / "Logs" / f"{job.name}.log")
    document = {
        "Label": job.name,
        "ProgramArguments": [job.program, *job.words],
        "WorkingDirectory": job.root,
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_S,
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "ProcessType": "Background",
    }
    return agent_text(document, MARK)


def look(service: Service, *, running: str | None = None) -> ServiceReport:
    """Say whether the file is there. Raises `LocalError` where a file of somebody else has its name."""
    return ServiceReport(service, read_file(service.path, MARK) is not None, running=running)


def install(service: Service, *, dry_run: bool = False) -> ServiceReport:
    """Write the file. One that is there and the same is left."""
    changed = read_file(service.path, MARK) != service.text
    report = ServiceReport(service, installed=True, changed=changed, dry_run=dry_run)
    if report.changed and not dry_run:
        write_file(service.path, service.text)
    return report


def uninstall(service: Service, *, dry_run: bool = False) -> ServiceReport:
    """Remove the file, if it is there."""
    report = look(service)
    report.dry_run, report.changed = dry_run, report.installed
    if report.installed and not dry_run:
        remove_file(service.path)
    report.installed = report.installed and dry_run
    return report


def command_words(project: str, options: Sequence[str]) -> tuple[str, ...]:
    """Words of the watch that the system starts."""
    return ("watch", "run", *options, "--", project)
