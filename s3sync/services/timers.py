"""Tasks that the system starts at fixed times: timers of systemd, agents of launchd, or lines of a crontab.

Nothing but `crontab` is run from here: what to type to start a timer is said. The texts hold no secret, only paths,
names and what the user chose, and are the same whenever they are made for the same tasks.
"""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from shlex import quote

from msgspec import Struct, field

from s3sync.core.spelling import has_unseen
from s3sync.core.typed import quoted
from s3sync.disk.programs import program
from s3sync.errors import S3syncError
from s3sync.services import crontab
from s3sync.services.files import read_file, remove_file, write_file
from s3sync.services.text import agent_text, agents_folder, home, refuse_odd, systemd_command, systemd_folder
from s3sync.services.text import systemd_text as plain

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


class Scheduler(StrEnum):
    """Program of the system that starts tasks."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    CRON = "cron"


class When(Struct, frozen=True):
    """Times at which a task starts: each hour, each day, one day of each week or of each month. Sunday is 0."""

    minute: int
    hour: int | None = None
    weekday: int | None = None
    day: int | None = None

    def next(self, now: datetime) -> datetime:
        """The next of these times after `now`, in its time zone."""
        found = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        found += timedelta(minutes=(self.minute - found.minute) % 60)
        while not self._fits(found):
            found += timedelta(hours=1)
        return found

    def _fits(self, at: datetime) -> bool:
        weekday = (at.weekday() + 1) % 7
        wanted = ((self.hour, at.hour), (self.weekday, weekday), (self.day, at.day))
        return all(one is None or one == has for one, has in wanted)


class Task(Struct, frozen=True):
    """Command that is started at times: `name` is one for the system, `title` for people."""

    name: str
    title: str
    program: str
    words: tuple[str, ...]
    root: str
    when: When


class Placed(Struct, frozen=True):
    """Files, or lines of the crontab, of some tasks. `start` and `stop` are commands to type; empty where none are."""

    scheduler: Scheduler
    mark: str
    files: Mapping[Path, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    block: str = ""
    start: str = ""
    stop: str = ""


class PlacedReport(Struct):
    """State of the tasks' files. `changed`: files, or the crontab, that this call wrote or removed, or would have."""

    placed: Placed
    installed: bool = False
    started: bool | None = None
    """True if the system will start them; None where that is not known without asking it."""
    changed: tuple[str, ...] = ()
    removes: bool = False
    """True for a report of `uninstall`."""
    dry_run: bool = False


def scheduler_of(said: Scheduler | None, platform: str = sys.platform) -> Scheduler:
    """The scheduler of this system, or the one that was said. Raises `S3syncError` where there is none."""
    if said is not None:
        return said
    if platform == "darwin":
        return Scheduler.LAUNCHD
    if platform == "linux" and program("systemctl") is not None:
        return Scheduler.SYSTEMD
    if program("crontab") is not None:
        return Scheduler.CRON
    raise S3syncError(
        "this system starts nothing by itself",
        why="it has neither systemd nor launchd nor crontab",
        hint="have your own scheduler run what `s3sync archive auto install --with cron --dry-run` shows",
    )


def placed(tasks: Sequence[Task], scheduler: Scheduler, mark: str, block: str, environ: Mapping[str, str]) -> Placed:
    """The files or lines of these tasks. Raises `S3syncError` for a name that cannot stand in one."""
    for task in tasks:
        takes = "" if scheduler is Scheduler.CRON else "rename it, or have cron do it: --with cron"
        refuse_odd(task.root, (task.program, *task.words), utf8=takes)
    if scheduler is Scheduler.CRON:
        return Placed(scheduler, mark, lines=tuple(map(_cron_line, tasks)), block=block)
    if scheduler is Scheduler.LAUNCHD:
        folder = agents_folder(environ)
        files = {folder / f"{task.name}.plist": _agent(task, mark, environ) for task in tasks}
        starts = [f"launchctl bootstrap gui/$(id -u) {quoted(str(path))}" for path in files]
        stops = [f"launchctl bootout gui/$(id -u)/{task.name}" for task in tasks]
        return Placed(scheduler, mark, files, start=" && ".join(starts), stop="; ".join(stops))
    folder = systemd_folder(environ)
    units = {folder / f"{task.name}.service": _service(task, mark) for task in tasks}
    units |= {folder / f"{task.name}.timer": _timer(task, mark) for task in tasks}
    names = " ".join(f"{task.name}.timer" for task in tasks)
    start = f"systemctl --user daemon-reload && systemctl --user enable --now {names}"
    stop = f"systemctl --user stop {names}; systemctl --user daemon-reload"
    return Placed(scheduler, mark, units, start=start, stop=stop)


def look(found: Placed) -> PlacedReport:
    """Say what of it is there. Raises `LocalError` where a file of somebody else has its name."""
    if found.scheduler is Scheduler.CRON:
        there = crontab.lines_of(crontab.read(), found.block)
        return PlacedReport(found, there is not None, there is not None)
    files = [path for path in found.files if read_file(path, found.mark) is not None]
    started = None
    if found.scheduler is Scheduler.SYSTEMD:  # `enable` makes these links
        timers = [path for path in files if path.suffix == ".timer"]
        started = bool(timers) and all(_link(path) is not None for path in timers)
    return PlacedReport(found, bool(files), started)


def install(found: Placed, *, dry_run: bool = False) -> PlacedReport:
    """Write them. What is there and the same is left."""
    if dry_run and found.scheduler is Scheduler.CRON and program("crontab") is None:
        return PlacedReport(found, changed=("crontab",), dry_run=True)  # for somebody's own scheduler
    report = look(found)
    report.dry_run = dry_run
    if found.scheduler is Scheduler.CRON:
        before = crontab.read()
        after = crontab.with_lines(before, found.block, found.mark, found.lines)
        if after != before:
            report.changed = ("crontab",)
            if not dry_run:
                crontab.write(after)
    else:
        changed = {path: text for path, text in found.files.items() if read_file(path, found.mark) != text}
        report.changed = tuple(map(str, changed))
        for path, text in changed.items() if not dry_run else ():
            write_file(path, text)
    report.installed = report.installed or not dry_run
    return report


def uninstall(found: Placed, *, dry_run: bool = False) -> PlacedReport:
    """Remove what was written, and nothing else."""
    report = look(found)
    report.dry_run, report.removes = dry_run, True
    if found.scheduler is Scheduler.CRON:
        before = crontab.read()
        after = crontab.without_lines(before, found.block)
        report.changed = ("crontab",) if after != before else ()
        if report.changed and not dry_run:
            crontab.write(after)
    else:
        there = [path for path in found.files if read_file(path, found.mark) is not None]
        there += [link for path in there if (link := _link(path)) is not None]
        report.changed = tuple(map(str, there))
        for path in there if not dry_run else ():
            remove_file(path)
    report.installed = report.installed and dry_run
    return report


def _link(timer: Path) -> Path | None:
    """The link by which `systemctl enable` has a timer of ours started; None where it was not enabled."""
    link = timer.parent / "timers.target.wants" / timer.name
    return link if link.is_symlink() and link.resolve() == timer.resolve() else None


def _service(task: Task, mark: str) -> str:
    return (
        f"# {mark}\n[Unit]\nDescription={plain(task.title)}\n\n"
        "[Service]\nType=oneshot\n"
        f"WorkingDirectory={task.root.replace('%', '%%')}\n"
        f"ExecStart={systemd_command(task.program, task.words)}\n"
        "SuccessExitStatus=6 8\nNice=10\nIOSchedulingClass=idle\nNoNewPrivileges=yes\n"
    )


def _timer(task: Task, mark: str) -> str:
    when = task.when
    weekday = f"{WEEKDAYS[when.weekday]} " if when.weekday is not None else ""
    day = f"{when.day:02}" if when.day is not None else "*"
    hour = f"{when.hour:02}" if when.hour is not None else "*"
    return (
        f"# {mark}\n[Unit]\nDescription={plain(task.title)}, at its times\n\n"
        f"[Timer]\nOnCalendar={weekday}*-*-{day} {hour}:{when.minute:02}:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _agent(task: Task, mark: str, environ: Mapping[str, str]) -> str:
    when = task.when
    log = str(home(environ) / "Library" / "Logs" / f"{task.name}.log")
    times = {"Minute": when.minute, "Hour": when.hour, "Weekday": when.weekday, "Day": when.day}
    document = {
        "Label": task.name,
        "ProgramArguments": [task.program, *task.words],
        "WorkingDirectory": task.root,
        "StartCalendarInterval": {name: value for name, value in times.items() if value is not None},
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "ProcessType": "Background",
    }
    return agent_text(document, mark)


def _cron_line(task: Task) -> str:
    """A line of crontab(5)."""
    when = task.when
    times = (when.minute, when.hour, when.day, None, when.weekday)
    command = " ".join(map(_cron_word, (task.program, *task.words)))
    text = f"cd {_cron_word(task.root)} && {command}"
    return f"{' '.join('*' if one is None else str(one) for one in times)} {text}"


def _cron_word(text: str) -> str:
    """A word of the shell in which no `%` ends the command. The backslash before one stands outside of quotes: some
    crons take it away (Vixie's, cronie), others leave it to the shell (busybox, which is on many NAS).

    What a terminal does not show as it is, the bytes of a name that is no UTF-8 among them, is written by its numbers,
    as printf(1) takes them: the line can be shown, typed and pasted.
    """
    if not text.isprintable() or has_unseen(text) or "  " in text or text != text.strip():
        plain = (chr(byte) if chr(byte) in _PLAIN else f"\\{byte:03o}" for byte in os.fsencode(text))
        return f"\"$(printf '{''.join(plain)}')\""
    word = quote(text)
    return word.replace("%", "'\\%'" if word.startswith("'") else "\\%")


_PLAIN = frozenset("/._=:,@+" + string.ascii_letters + string.digits)
"""Characters that need no number. Of a minus at the beginning printf would make an option."""
