"""s3sync restore"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import FINISH, MOVES, command
from s3sync.cli.notices import telling
from s3sync.cli.options import Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archive.restoring import RestoreOptions
    from s3sync.core.archive.engines import Engine as Workers


class Speed(StrEnum):
    """Tier of a thaw, as it is typed."""

    BULK = "bulk"
    STANDARD = "standard"
    EXPEDITED = "expedited"


Units: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[UNIT]...", help="Units by name, a beginning of it, or a glob.", show_default=False),
]
To: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="DIR",
        help="Restore below this folder; local: where it came from; ssd: on the disk of the set.",
    ),
]
Members: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--member", metavar="PATH", help="Only these: a file, a folder or a glob."),
]
Engine: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Who does it: s3-batch (S3 itself) the thaws; dask, or dask=tcp://HOST:PORT the fetching.",
    ),
]
Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on with restores that wait for a thaw, as they were asked for.")
]


@command(
    FINISH,
    "s3sync restore b40-old-project\ns3sync restore m42 --member 'light_*.fits' --to /tmp/m42 --wait",
    0, 1, 2, 3, 5, 8, 130,
    takes=MOVES - {"store", "wait"},
    verbose="Also name what programs obey by being there.",
)  # fmt: skip
def restore(
    call: Call,
    units: Units = None,
    set: Annotated[str | None, typer.Option("--set", metavar="NAME", help="Only of this archive set.")] = None,
    to: To = None,
    member: Members = None,
    light: Annotated[bool, typer.Option("--light", help="Only the light files, by the set's patterns.")] = False,
    tier: Annotated[Speed, typer.Option("--tier", help="Speed of a thaw, and with it the price.")] = Speed.BULK,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=365, help="Days that what was thawed stays readable.")
    ] = 7,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until everything is thawed, and restore it then.")] = False,
    resume: Resume = False,
    status: Annotated[bool, typer.Option("--status", help="Only say how the thaws stand.")] = False,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="AMOUNT", min=0, help="Do not ask up to this price.")
    ] = None,
    engine: Engine = None,
    obeyed: Annotated[
        bool,
        typer.Option("--obeyed", help="Also names that programs or terminals obey (.git), sent by another computer."),
    ] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Have a notice sent when it is thawed: by `archive poll`, or a watch.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Bring archived units back: verified, with modes and times, and never over something else.

    What lies in cold storage is thawed first, once you agreed to the price. Without --wait that ends with exit code 8:
    run the same command again later, or `s3sync restore --resume`, which needs no UNIT. What is on the disk already is
    not fetched again.
    """
    from s3sync.archive.restoring import RestoreOptions
    from s3sync.cli.archive.group import engine_of
    from s3sync.core.archive.engines import S3_BATCH
    from s3sync.store.aspects import Tier

    chosen = engine_of(engine)
    if status:
        if chosen is not None:
            raise UsageError("--status only asks how thaws stand", hint="leave --engine out")
        return _say_status(call, units or [], set)
    _refuse_unfit(units, resume=resume, chooses=bool(to is not None or member or light))
    by_batch = chosen is not None and chosen.name == S3_BATCH
    how = (Tier(tier.value.title()), days, wait, yes, max_cost, call.dry_run, obeyed, notify, by_batch)
    options = RestoreOptions(to, tuple(member or ()), light, *how)
    return _restore(call, units or [], set, options, None if by_batch else chosen, resume=resume)


def _refuse_unfit(units: list[str] | None, *, resume: bool, chooses: bool) -> None:
    """Raise `UsageError` for words that do not go together."""
    if resume and chooses:
        raise UsageError(
            "--resume goes on with what was asked for",
            hint="leave --to, --member and --light out, or leave --resume out",
        )
    if not units and not resume:
        raise UsageError("no UNIT was named", hint="`s3sync archive list` lists them; '*' means all")


def _say_status(call: Call, units: list[str], set: str | None) -> int:
    from s3sync.archives import Archives
    from s3sync.cli.output import print_json
    from s3sync.cli.show.restore import print_thaws, thaws_json

    lines = Archives.open(flags=call.flags, environ=os.environ).thaws(*units, set=set)
    if call.json:
        print_json(thaws_json(lines))
    elif not call.quiet:
        print_thaws(lines)
    return 0


def _restore(
    call: Call, units: list[str], set: str | None, options: RestoreOptions, engine: Workers | None, *, resume: bool
) -> int:
    from s3sync.archives import Archives
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_batch import print_following
    from s3sync.cli.show.notices import of_restore
    from s3sync.cli.show.restore import ask, print_rest, print_restored, print_waiting, restore_json, warn_of_silence

    with watching(call) as watch:
        archives = Archives.open(flags=call.flags, environ=os.environ, progress=watch)
        if options.notify:
            warn_of_silence(archives.settings)
        told = print_restored(watch, quiet=call.quiet or call.json, verbose=call.verbose, dry_run=call.dry_run)
        report = archives.restore(
            *units,
            set=set,
            options=options,
            resume=resume,
            confirm=watch.before(ask),
            told=told,
            waiting=print_waiting(watch, options.tier, quiet=call.quiet),
            following=print_following(watch, call.quiet),
            engine=engine,
        )
    with telling(call, archives.settings, lambda: of_restore(report, archives.settings, resume=resume)):
        if call.json:
            print_json(restore_json(report, dry_run=call.dry_run))
        else:
            print_rest(report, quiet=call.quiet, resume=resume, by_batch=options.by_batch)
    return report.exit_code
