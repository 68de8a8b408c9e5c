"""Tasks that `archive auto install` has the system start: each night, hour, week and month, with their words."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from pathlib import Path

from s3sync.archive.auto_state import FOLDER, name_of
from s3sync.config import Settings
from s3sync.config.locate import user_data_folder
from s3sync.services import crontab
from s3sync.services.files import read_file
from s3sync.services.timers import NOT_IN_NAMES, Placed, Scheduler, Task, When, placed

MARK = "made by `s3sync archive auto install`"
KINDS = {
    "auto": "moves what nobody works on any more",
    "poll": "asks whether thaws are done",
    "verify": "verifies archives by turns",
    "cost": "mails what the archives cost",
}
SHARE = "2%"
"""Archives of a set that one night of verification looks at: all of them within two months."""
_CALENDAR = re.compile(r"^OnCalendar=\*-\*-\* (\d\d):(\d\d):00$", re.MULTILINE)


def tasks_of(
    settings: Settings,
    environ: Mapping[str, str],
    program: tuple[str, Sequence[str]],
    *,
    at: time,
    words: Sequence[str] = (),
    email: str | None = None,
    log: str | None = None,
    flags: Mapping[str, str | None] | None = None,
    kinds: Iterable[str] = KINDS,
) -> list[Task]:
    """The tasks of a repository, or of the user's own sets outside of any.

    `program`: the program, and the words before those of a command. `words`: options of each night's `archive auto`.
    Without `log` each has a file of its own in the user's data folder. The mail needs an address.
    """
    root = settings.root or Path.home()
    of = f"{NOT_IN_NAMES.sub('-', settings.repo or 'own')[:40]}-{name_of(settings.root)[:8]}"
    shared = _who(settings, flags or {})
    later = (at.hour + 2) % 24
    found = {
        "auto": (("archive", "auto", *words), When(at.minute, at.hour)),
        "poll": (("archive", "poll"), When((at.minute + 17) % 60)),
        "verify": (("archive", "verify", "--sample", SHARE), When(at.minute, later)),
        "cost": (("cost", "--month", "last", "--email", email or ""), When(at.minute, 8, day=1)),
    }
    tasks = []
    for kind in kinds:
        command, when = found[kind]
        name = f"s3sync-{kind}-{of}"
        file = log or str(logs_folder(environ) / f"{name}.log")
        every = (*program[1], *command, *shared, "--log-file", file)
        title = f"s3sync {KINDS[kind]} ({settings.repo or 'own sets'})"
        tasks.append(Task(name, title, program[0], every, str(root), when))
    return tasks


def logs_folder(environ: Mapping[str, str]) -> Path:
    """Folder of the log files that nobody named another place for."""
    return user_data_folder(environ) / FOLDER


def placed_for(tasks: Sequence[Task], scheduler: Scheduler, settings: Settings, environ: Mapping[str, str]) -> Placed:
    """Files or lines of the tasks. Raises `S3syncError`."""
    return placed(tasks, scheduler, MARK, f"s3sync-auto-{name_of(settings.root)[:8]}", environ)


def night_of(found: Placed) -> When | None:
    """Time at which `archive auto` starts, as what is installed says; None where it does not say it."""
    if found.scheduler is Scheduler.CRON:
        lines = crontab.lines_of(crontab.read(), found.block) or []
        parts = next((one for one in lines if b" archive auto " in one), b"").split()
        is_time = len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit()
        return When(int(parts[0]), int(parts[1])) if is_time else None
    for path in found.files:
        text = read_file(path, MARK) if path.name.startswith("s3sync-auto-") else None
        if text is None:
            continue
        calendar = _CALENDAR.search(text)
        if calendar is not None:
            return When(int(calendar[2]), int(calendar[1]))
        if path.suffix == ".plist":
            at = plistlib.loads(text.encode())["StartCalendarInterval"]
            return When(at["Minute"], at["Hour"])
    return None


def _who(settings: Settings, flags: Mapping[str, str | None]) -> list[str]:
    """Options that say who runs the tasks, where no file does: they start without the variables of this shell."""
    given = {name: flags.get(name) for name in ("user", "profile")}
    if given["user"] is None and "S3SYNC_USER" in settings.origins.get("user", ""):
        given["user"] = settings.user
    return [f"--{name}={value}" for name, value in given.items() if value is not None]
