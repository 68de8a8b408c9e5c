"""Word that does by itself, each night, what the ages of units say: `auto`, and its installation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.archive.group import Region, archive, opened, seconds_of
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES
from s3sync.errors import UsageError
from s3sync.services.timers import Scheduler

if TYPE_CHECKING:
    from datetime import datetime, time

    from s3sync.archives.auto_report import AutoOptions
    from s3sync.config import Settings
    from s3sync.services.timers import Placed, PlacedReport, Task


class Deed(StrEnum):
    """Deed of `archive auto`."""

    RUN = "run"
    INSTALL = "install"
    UNINSTALL = "uninstall"
    STATUS = "status"


OneSet: TypeAlias = Annotated[
    str | None, typer.Option("--set", metavar="NAME", help="Only this archive set, instead of all.")
]
Until: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="HH:MM", help="End at that time of the day, at most 12 hours later; what runs resumes next."
    ),
]
AutoBudget: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--budget", metavar="DOLLARS", min=0, help="Leave alone what takes the month above it; default: `costs.budget`."
    ),
]
SsdAfter: TypeAlias = Annotated[
    str | None,
    typer.Option("--ssd-after", metavar="AGE", help="Instead of the set's age, or 90d: to the SSD after that long."),
]
S3After: TypeAlias = Annotated[
    str | None,
    typer.Option("--s3-after", metavar="AGE", help="Instead of the set's age, or 180d: into the bucket."),
]
GlacierAfter: TypeAlias = Annotated[
    str | None, typer.Option("--glacier-after", metavar="AGE", help="Instead of 365d: into the cold class.")
]
Cold: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--cold",
        metavar="CLASS",
        help="Instead of GLACIER on AWS, Archive on Azure, ARCHIVE on Google Cloud, where a store has it.",
    ),
]
Agree: TypeAlias = Annotated[
    bool, typer.Option("--agree", help="Agree to the sets of the repository, as they are now: files leave by them.")
]
Sure: TypeAlias = Annotated[
    bool, typer.Option("--clock-is-right", help="Go on although the clock seems to have jumped.")
]


At: TypeAlias = Annotated[
    str | None, typer.Option("--at", metavar="HH:MM", help="install: begin each night at that time (default 03:00).")
]
Email: TypeAlias = Annotated[
    str | None, typer.Option("--email", metavar="ADDRESS", help="install: also mail the costs there each month.")
]
With: TypeAlias = Annotated[
    Scheduler | None,
    typer.Option("--with", help="install, uninstall, status: this scheduler, instead of the system's own."),
]


@archive.word(
    "auto",
    "s3sync archive auto --dry-run\ns3sync archive auto --until 06:00 --budget 10\n"
    "s3sync archive auto install --at 03:00 --until 06:00\ns3sync archive auto status",
    0, 1, 2, 3, 5, 6, 130,
    takes=MOVES - {"store"},
    verbose="Name all that is left alone.",
)  # fmt: skip
def auto(
    call: Call,
    deed: Annotated[
        Deed, typer.Argument(metavar="[run|install|uninstall|status]", help="What to do; without a word: run.")
    ] = Deed.RUN,
    set: OneSet = None,
    until: Until = None,
    budget: AutoBudget = None,
    ssd_after: SsdAfter = None,
    s3_after: S3After = None,
    glacier_after: GlacierAfter = None,
    cold: Cold = None,
    region: Region = None,
    sure: Sure = False,
    agree: Agree = False,
    at: At = None,
    email: Email = None,
    scheduler: With = None,
) -> int:
    """Move each unit one tier further that nobody worked on for long enough: SSD after 90 days, S3 after 180, Glacier
    after 365.

    For cron: asks nothing, one at a time, and each step is verified before the place before it is emptied. Left alone,
    with the reason, is what was worked on, is locked, shared, or has an open conflict. `install` has the system run it
    each night, and ask about thaws, verify by turns and mail the costs; `status` says how the last run ended.
    """
    given = {
        "set": set, "until": until, "budget": budget, "ssd-after": ssd_after, "s3-after": s3_after,
        "glacier-after": glacier_after, "cold": cold, "region": region,
    }  # fmt: skip
    said = {name: str(value) for name, value in given.items() if value is not None}
    installing = {"--at": at, "--email": email}
    _refuse_unfit(deed, said, installing, scheduler, sure, agree)
    options = _options(call, said, budget, sure, agree)
    if deed is Deed.RUN:
        return _run(call, options)
    if deed is Deed.INSTALL:
        return _install(call, said, at or "03:00", email, scheduler)
    return _uninstall(call, scheduler) if deed is Deed.UNINSTALL else _status(call, scheduler)


def _refuse_unfit(
    deed: Deed,
    said: Mapping[str, str],
    installing: Mapping[str, str | None],
    scheduler: Scheduler | None,
    sure: bool,
    agree: bool,
) -> None:
    """Raise `UsageError` for options that belong to another word."""
    hint = "see `s3sync archive auto --help`"
    wrong = [name for name, value in installing.items() if value is not None] if deed is not Deed.INSTALL else []
    if wrong:
        raise UsageError(f"{wrong[0]} belongs to `archive auto install`", hint=hint)
    if scheduler is not None and deed is Deed.RUN:
        raise UsageError("--with belongs to `archive auto install`, `uninstall` and `status`", hint=hint)
    if sure and deed is not Deed.RUN:
        raise UsageError("--clock-is-right belongs to one run, which somebody looks at", hint=hint)
    if agree and deed is not Deed.RUN:
        raise UsageError("--agree belongs to one run", why="`archive auto install` agrees, and says to what", hint=hint)
    if said and deed in (Deed.UNINSTALL, Deed.STATUS):
        raise UsageError(f"--{next(iter(said))} belongs to `archive auto` and `archive auto install`", hint=hint)


def _options(call: Call, said: Mapping[str, str], budget: float | None, sure: bool, agree: bool) -> AutoOptions:
    """Options of a run. Raises `UsageError`."""
    from s3sync.archives.auto_looks import AutoRules
    from s3sync.archives.auto_report import AutoOptions
    from s3sync.cli.archive.listing import known_class
    from s3sync.core.archive.automation import Tier
    from s3sync.core.archive.classes import CLASSES_OF

    target = known_class(said.get("cold"))
    if target is not None and not any(one.named(target) in one.order[1:] for one in CLASSES_OF.values()):
        colder = [name for one in CLASSES_OF.values() for name in one.order[1:]]
        raise UsageError(f"{target} is no cold class", hint=f"one of {', '.join(colder)}")
    after = {}
    for tier in Tier:
        seconds = seconds_of(said.get(f"{tier}-after"), f"--{tier}-after")
        if seconds is not None:
            after[tier] = seconds
    rules = AutoRules(said.get("set"), after, target, said.get("region"))
    return AutoOptions(rules, _until(said.get("until")), budget, sure, agree, call.dry_run)


def _until(text: str | None) -> datetime | None:
    """End of the window; now where it is over. Raises `UsageError` for what is no time of the day."""
    if text is None:
        return None
    from datetime import datetime

    from s3sync.core.archive.automation import window_end

    now = datetime.now().astimezone()
    return window_end(_hour(text, "--until"), now) or now


def _hour(text: str, option: str) -> time:
    from s3sync.core.archive.automation import parse_hour

    hour = parse_hour(text)
    if hour is None:
        raise UsageError(f"{text!r} is no time of the day for {option}", hint=f"write it as {option} 06:00")
    return hour


def _run(call: Call, options: AutoOptions) -> int:
    from s3sync.cli.notices import telling
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_auto import auto_json, of_auto, print_auto, print_step

    with watching(call) as lines:
        archives = opened(call, lines)
        report = archives.auto(options, told=print_step(lines, call.quiet or call.json))
    with telling(call, archives.settings, lambda: of_auto(report, archives.settings)):
        if call.json:
            print_json(auto_json(report))
        else:
            print_auto(report, quiet=call.quiet, verbose=call.verbose or call.dry_run)
    return report.exit_code


def _install(call: Call, said: Mapping[str, str], at: str, email: str | None, scheduler: Scheduler | None) -> int:
    from pathlib import Path

    from s3sync.archives.auto_jobs import KINDS, logs_folder, placed_for, tasks_of
    from s3sync.cli.commands.hooks import program_path
    from s3sync.cli.commands.watch import starting
    from s3sync.disk.own import make_own
    from s3sync.services.timers import install, scheduler_of, uninstall

    hour, archives, chosen = _hour(at, "--at"), opened(call), scheduler_of(scheduler)
    archives.places(said.get("set"))
    if email is not None:
        _require_mail(email, archives.settings)
    words = [f"--{name}={value}" for name, value in said.items()]
    words += [f"--{name}={value}" for name in ("transfers", "bwlimit") if (value := call.flags[name]) is not None]
    program = starting(program_path(archives.settings.root), ())
    log = str(Path(call.log_file).absolute()) if call.log_file is not None else None
    settings = archives.settings
    kinds = [kind for kind in KINDS if kind != "cost" or email is not None]

    def tasks(kinds: list[str]) -> list[Task]:
        return tasks_of(
            settings, os.environ, program, at=hour, words=words, email=email, log=log, flags=call.flags, kinds=kinds
        )

    agreed = archives.agree_to_sets(dry_run=call.dry_run)
    if log is None and not call.dry_run:
        make_own(logs_folder(os.environ))
    found = tasks(kinds)
    reports = [install(placed_for(found, chosen, settings, os.environ), dry_run=call.dry_run)]
    gone = tasks([kind for kind in KINDS if kind not in kinds]) if chosen is not Scheduler.CRON else []
    if gone:  # of an earlier installation, which had a mail
        reports.append(uninstall(placed_for(gone, chosen, settings, os.environ), dry_run=call.dry_run))
    return _show_installed(call, "install", reports, found, agreed)


def _require_mail(email: str, settings: Settings) -> None:
    """Raise `UsageError` for what is no address; warn where the costs would not be mailed."""
    from s3sync.cli.output import warn
    from s3sync.errors import ConfigError
    from s3sync.team.notices.mail import mail_server, require_address

    try:
        require_address(email)
        mail_server(settings.notify)
    except ConfigError as error:
        warn(f"warning: no mail will be sent: {error.why}")
        warn("hint: put one into `notify` in your own settings: docs/costs.md#mail shows how")
    except UsageError:
        raise UsageError(f"{email!r} is no address for --email", hint="write it as --email you@example.com") from None
    else:
        if settings.origins.get("notify", "").startswith("environment"):
            warn("warning: no mail will be sent: `notify` is set for this shell alone, by S3SYNC_NOTIFY")
            warn("hint: what the system runs each month reads your own settings: write it there")


def _every(call: Call, scheduler: Scheduler | None) -> list[Placed]:
    """Files and lines that an installation of these sets can have made. Of the tasks that are installed, where there
    are some: systemd starts and stops none of several units of which one is not there."""
    import sys
    from datetime import time

    from s3sync.archives.auto_jobs import placed_for, tasks_of
    from s3sync.cli.output import printable, warn
    from s3sync.disk.programs import program
    from s3sync.services import crontab

    settings = opened(call).settings
    tasks = tasks_of(settings, os.environ, ("s3sync", ()), at=time(3))
    own = Scheduler.LAUNCHD if sys.platform == "darwin" else Scheduler.SYSTEMD
    every = [own]
    if scheduler is None and program("crontab") is not None:
        if (why := crontab.unreadable()) is None:
            every.append(Scheduler.CRON)
        else:
            warn(f"warning: {printable(str(why))}: whether it has lines of s3sync is not known")

    def of(one: Scheduler) -> Placed:
        found = placed_for(tasks, one, settings, os.environ)
        names = {path.stem for path in found.files if os.path.lexists(path)}
        there = [task for task in tasks if task.name in names]
        return placed_for(there, one, settings, os.environ) if there else found

    return [of(one) for one in ([scheduler] if scheduler else every)]


def _uninstall(call: Call, scheduler: Scheduler | None) -> int:
    from s3sync.services.timers import uninstall

    reports = [uninstall(one, dry_run=call.dry_run) for one in _every(call, scheduler)]
    return _show_installed(call, "uninstall", reports, [])


def _status(call: Call, scheduler: Scheduler | None) -> int:
    from s3sync.archive.auto_state import look
    from s3sync.archives.auto_jobs import night_of
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_auto import print_status, status_json
    from s3sync.services.timers import look as look_at

    memory, running = look(os.environ, opened(call).settings.root)
    reports = [look_at(one) for one in _every(call, scheduler)]
    when = next((found for one in reports if one.installed and (found := night_of(one.placed)) is not None), None)
    if call.json:
        print_json(status_json(memory, running, reports, when))
    elif not call.quiet:
        print_status(memory, running, reports, when)
    return 0


def _show_installed(
    call: Call, deed: str, reports: list[PlacedReport], tasks: list[Task], agreed: Sequence[str] = ()
) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_auto import installed_json, print_installed

    if call.json:
        print_json(installed_json(deed, reports, tasks, agreed))
    elif not call.quiet:
        print_installed(deed, reports, tasks, agreed)
    return 0
