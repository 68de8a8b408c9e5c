"""Words that move and verify archives: `run`, `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.archive.group import OlderThan, SetName, Units, archive, opened, seconds_of
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, OPENS
from s3sync.cli.notices import telling
from s3sync.cli.options import Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archive.run_report import RunReport
    from s3sync.archives.verifying import ByTurns
    from s3sync.config import Settings

Deletes: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--delete-local",
        help="Verify each archive in a second pass, read the local files again, and delete them for good. Light"
        " files stay.",
    ),
]
MaxCost: TypeAlias = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="AMOUNT", min=0, help="Do not ask, and read back up to this price."),
]


Create: TypeAlias = Annotated[
    bool, typer.Option("--create", help="Make the set's folder store also where its disk may not be connected.")
]


@archive.word(
    "run",
    "s3sync archive run --older-than 6months --dry-run\ns3sync archive run b40 --delete-local",
    0, 1, 2, 3, 5, 6, 130,
    takes=MOVES - {"store"},
    verbose="Also name the units that are archived already.",
)  # fmt: skip
def run(
    call: Call,
    units: Units = None,
    set: SetName = None,
    older_than: OlderThan = None,
    year: Annotated[str | None, typer.Option("--year", metavar="YYYY", help="Only units of this year.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Send at most N units.")] = None,
    not_archived: Annotated[
        bool, typer.Option("--not-archived", help="Leave out units of which any version is in the store.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send again what is in the store; what is there is replaced.")
    ] = False,
    delete_local: Deletes = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="With --delete-local: read every byte of the archive back first.")
    ] = False,
    max_cost: MaxCost = None,
    create: Create = False,
    yes: Yes = False,
) -> int:
    """Send units that are not in their store yet: packed, hashed and streamed, without a temporary file.

    An interrupted run resumes where it was. Units that are named are sent whatever their age. What is read back before
    files are deleted is billed by some stores: the price is said first, where it is worth a question. A folder store is
    made at the first run: where its disk may not be connected, that is asked about, which --yes does not answer.
    """
    from s3sync.archive.run_report import Options
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_run import ask_new, print_unit
    from s3sync.cli.show.archive_verify import ask

    options = Options(year, limit, not_archived, force, delete_local, deep, call.dry_run, create)
    with watching(call) as lines:
        archives = opened(call, lines)
        told = print_unit(lines, call.quiet or call.json, call.verbose)
        confirm = (lambda price: True) if yes else lines.before(ask)
        age = seconds_of(older_than)
        report = archives.run(
            *(units or ()),
            set=set,
            older_than=age,
            options=options,
            max_cost=max_cost,
            confirm=confirm,
            told=told,
            confirm_new=lines.before(ask_new),
        )
    _show_run(call, archives.settings, report)
    return report.exit_code


def _show_run(call: Call, settings: Settings, report: RunReport) -> None:
    from s3sync.archive.run_report import UnitState
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_run import print_summary, run_json
    from s3sync.cli.show.notices import of_units

    sent = [(unit.unit, unit.stored) for unit in report.of(UnitState.SENT)]
    with telling(call, settings, lambda: of_units("archive", "archived", settings, sent)):
        if call.json:
            print_json(run_json(report))
        else:
            print_summary(report, quiet=call.quiet)


@archive.word(
    "verify",
    "s3sync archive verify --all\ns3sync archive verify b40 --deep\ns3sync archive verify --sample 2%",
    0, 1, 2, 3, 5, 130,
    takes=(OPENS | {"transfers", "bwlimit"}) - {"store"},
    verbose="Name every archive.",
)  # fmt: skip
def verify(
    call: Call,
    units: Units = None,
    set: SetName = None,
    every: Annotated[bool, typer.Option("--all", help="All archives, as without any UNIT.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte, and compare each member with its SHA-256.")
    ] = False,
    sample: Annotated[
        str | None,
        typer.Option("--sample", metavar="SHARE", help="By turns: so much of each set (2%), the longest ago first."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="By turns: what was not looked at for so long (90d)."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="AMOUNT", min=0, help="--deep: do not ask up to this price."),
    ] = None,
    yes: Yes = False,
) -> int:
    """Compare the archives in the store with what is known of them. Changes nothing there.

    All are compared with one listing: size, ETag, and that each has its index. Units that are named, and those whose
    turn it is, are compared with their indexes and with the store's own checksum. --deep says first what reading
    costs, where it is worth a question.
    """
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_verify import ask, of_verify, print_verified, print_verify_summary, verify_json

    if max_cost is not None and not deep:
        raise UsageError("--max-cost goes with --deep", hint="without it nothing is read back")
    if every and units:
        raise UsageError("--all goes without UNIT", hint="s3sync archive verify --all")
    by_turns = _by_turns(sample, older_than, named=bool(units or every))
    with watching(call) as lines:
        told = print_verified(lines, call.quiet or call.json, call.verbose)
        confirm = (lambda price: True) if yes else lines.before(ask)
        archives = opened(call, lines)
        report = archives.verify(
            *(units or ()), set=set, deep=deep, by_turns=by_turns, max_cost=max_cost, confirm=confirm, told=told
        )
    with telling(call, archives.settings, lambda: of_verify(report, archives.settings)):
        if call.json:
            print_json(verify_json(report))
        else:
            print_verify_summary(report, quiet=call.quiet)
    return report.exit_code


def _by_turns(sample: str | None, older_than: str | None, *, named: bool) -> ByTurns | None:
    """The choice of archives whose turn it is; None where neither option was given. Raises `UsageError`."""
    from s3sync.archives.verifying import ByTurns
    from s3sync.core.archive.turns import USAGE, parse_share

    if sample is None and older_than is None:
        return None
    if named:
        raise UsageError(
            "--sample and --older-than go without UNIT and --all",
            why="they choose the archives themselves",
            hint="s3sync archive verify --sample 2% --set NAME",
        )
    share = parse_share(sample) if sample is not None else None
    if sample is not None and share is None:
        raise UsageError(f"{sample!r:.80} is no share for --sample", hint=USAGE)
    return ByTurns(share, seconds_of(older_than))
