"""A watch that the system starts: the text of a systemd user unit or a launchd agent, and its place.

Nothing is started from here, no program is run: what to type is said. The text holds no secret, only paths and names,
and is the same whenever it is made for the same project.
"""

from __future__ import annotations

import os
import plistlib
import re
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from shlex import quote

from msgspec import Struct

from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError, S3syncError

MARK = "made by `s3sync watch install`"
LARGEST = 64 * 1024
RESTART_S = 30
_NOT_IN_PROGRAMS = frozenset("\"'\\$")
"""Characters that systemd takes in no path of a program, or reads otherwise than in the words after it."""
_ANY_PROGRAM = "/usr/bin/env"
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
    for text in (job.program, job.root, *job.words):
        if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
            raise S3syncError("cannot write the unit", why=f"{text!r} has a control character in it", hint="rename it")
    if job.root.endswith("\\"):
        raise S3syncError("cannot write the unit", why=f"{job.root!r} ends in a backslash", hint="rename it")
    home = Path(environ.get("HOME") or Path.home())
    if platform == "linux":
        base = Path(environ.get("XDG_CONFIG_HOME", ""))
        base = base if base.is_absolute() else home / ".config"  # as systemd: a relative one would be in the clone
        unit = f"{job.name}.service"
        return Service(
            "systemd",
            base / "systemd" / "user" / unit,
            _unit(job),
            f"systemctl --user daemon-reload && systemctl --user enable --now {unit}",
            f"systemctl --user disable --now {unit}",
            f"systemctl --user status {unit}",
        )
    if platform == "darwin":
        path = home / "Library" / "LaunchAgents" / f"{job.name}.plist"
        return Service(
            "launchd",
            path,
            _agent(job, home),
            f"launchctl bootstrap gui/$(id -u) {quote(str(path))}",
            f"launchctl bootout gui/$(id -u)/{job.name}",
            f"launchctl print gui/$(id -u)/{job.name}",
        )
    raise S3syncError(
        "cannot install a watch on this system",
        why="it has neither systemd nor launchd",
        hint=f"have your system run this when you log in: {job.program} {' '.join(job.words)}",
    )


def _unit(job: Job) -> str:
    first = (_ANY_PROGRAM,) if _NOT_IN_PROGRAMS & set(job.program) else ()
    command = " ".join(map(_systemd_word, (*first, job.program, *job.words)))
    described = _plain(f"{job.repo}/{job.project}").replace("%", "%%")
    return (
        f"# {MARK}; `s3sync watch uninstall` removes it\n"
        "[Unit]\n"
        f"Description=s3sync watch of {described}\n\n"
        "[Service]\n"
        f"WorkingDirectory={job.root.replace('%', '%%')}\n"
        f"ExecStart={command}\n"
        "Restart=on-failure\n"
        f"RestartSec={RESTART_S}\n"
        "RestartPreventExitStatus=2 5 6\n"
        "SuccessExitStatus=130\n"
        "NoNewPrivileges=yes\n\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def _systemd_word(word: str) -> str:
    """A word of ExecStart as systemd.service(5) quotes it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


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
    text = plistlib.dumps(document, sort_keys=True).decode()
    head, end, rest = text.partition("\n")
    return f"{head}{end}<!-- {MARK} -->\n{rest}"


def look(service: Service, *, running: str | None = None) -> ServiceReport:
    """Say whether the file is there. Raises `LocalError` where a file of somebody else has its name."""
    return ServiceReport(service, _read(service.path) is not None, running=running)


def install(service: Service, *, dry_run: bool = False) -> ServiceReport:
    """Write the file. One that is there and the same is left."""
    report = ServiceReport(service, installed=True, changed=_read(service.path) != service.text, dry_run=dry_run)
    if report.changed and not dry_run:
        with local_errors("cannot write", service.path):
            service.path.parent.mkdir(parents=True, exist_ok=True)
            with _folder_of(service.path) as folder:
                folder.write(service.path.name, service.text.encode(), mode=0o644)
    return report


def uninstall(service: Service, *, dry_run: bool = False) -> ServiceReport:
    """Remove the file, if it is there."""
    report = look(service)
    report.dry_run, report.changed = dry_run, report.installed
    if report.installed and not dry_run:
        with local_errors("cannot remove", service.path), _folder_of(service.path) as folder:
            folder.unlink(service.path.name, missing_ok=True)
    report.installed = report.installed and dry_run
    return report


def _folder_of(path: Path) -> GuardedFolder:
    """The user's own folder, which may be a link of his to where he keeps his settings."""
    return GuardedFolder.open(os.path.realpath(path.parent))


def _read(path: Path) -> str | None:
    with local_errors("cannot read", path):
        try:
            with _folder_of(path) as folder:
                text = folder.read(path.name, LARGEST).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
    if MARK not in text:
        raise LocalError(
            f"{path} is not written by s3sync", why="it lacks the line that says so", hint="move it away, or keep it"
        )
    return text


def command_words(project: str, options: Sequence[str]) -> tuple[str, ...]:
    """Words of the watch that the system starts."""
    return ("watch", "run", *options, "--", project)
