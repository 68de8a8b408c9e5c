"""Word that verifies archives: `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.archive import rows
from s3sync.cli.archive.group import EngineName, SetName, Units, archive, engine_of, opened, seconds_of
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS
from s3sync.cli.notices import telling
from s3sync.cli.options import Yes
from s3sync.core.archive.engines import S3_BATCH
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archives.verifying import ByTurns
    from s3sync.core.archive.engines import Engine


CheckStore: TypeAlias = Annotated[
    bool, typer.Option("--check-store", help="`source: sql`: look whether the store has the object of each row.")
]
Deep: TypeAlias = Annotated[
    bool, typer.Option("--deep", help="Read every byte, and compare each member with its SHA-256.")
]
Sample: TypeAlias = Annotated[
    str | None,
    typer.Option("--sample", metavar="SHARE", help="By turns: so much of each set (2%), the longest ago first."),
]
LookedAtBefore: TypeAlias = Annotated[
    str | None,
    typer.Option("--older-than", metavar="AGE", help="By turns: what was not looked at for so long (90d)."),
]
Replica: TypeAlias = Annotated[
    bool, typer.Option("--replica", help="Compare the replicas in other regions with their stores.")
]
ReadingCost: TypeAlias = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="AMOUNT", min=0, help="--deep: do not ask up to this price."),
]
CheckLocal: TypeAlias = Annotated[
    bool, typer.Option("--check-local", help="`source: sql`: read the file of each row, and compare its MD5.")
]
MostRows: TypeAlias = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="`source: sql`: look at no more than N rows.")
]


@archive.word(
    "verify",
    "s3sync archive verify --all\ns3sync archive verify b40 --deep\ns3sync archive verify --sample 2%\n"
    "s3sync archive verify --set media --check-store",
    0, 1, 2, 3, 5, 8, 130,
    takes=(OPENS | {"transfers", "bwlimit"}) - {"store"},
    verbose="Name every archive.",
)  # fmt: skip
def verify(
    call: Call,
    units: Units = None,
    set: SetName = None,
    every: Annotated[bool, typer.Option("--all", help="All archives, as without any UNIT.")] = False,
    deep: Deep = False,
    sample: Sample = None,
    older_than: LookedAtBefore = None,
    engine: EngineName = None,
    wait: Annotated[bool, typer.Option("--wait", help="--engine s3-batch: wait until S3 is done.")] = False,
    replica: Replica = False,
    max_cost: ReadingCost = None,
    check_store: CheckStore = False,
    check_local: CheckLocal = False,
    limit: MostRows = None,
    yes: Yes = False,
) -> int:
    """Compare the archives in the store with what is known of them. Changes nothing there.

    All are compared with one listing: size, ETag, and that each has its index. Units that are named, and those whose
    turn it is, are compared with their indexes and with the store's own checksum. --deep says first what reading
    costs, where it is worth a question. Of a set with `source: sql` the rows are compared with each other.
    """
    of_units = {"UNIT": units, "--all": every, "--deep": deep, "--sample": sample or older_than, "--engine": engine}
    of_rows = {"--check-store": check_store, "--check-local": check_local, "--limit": limit}
    if not replica and rows.is_verified(call, set, of_units, of_rows):
        return rows.verify(call, set, store=check_store, local=check_local, limit=limit)
    by_turns = _by_turns(sample, older_than, named=bool(units or every))
    chosen = engine_of(engine)
    by_batch = chosen is not None and chosen.name == S3_BATCH
    alone = {"UNIT": units, "--all": every, "--deep": deep, "--sample": by_turns, "--max-cost": max_cost is not None}
    _refuse_unfit(alone, by_batch=by_batch, wait=wait, replica=replica)
    if by_batch:
        return _verify_by_batch(call, tuple(units or ()), set, wait, yes)
    if replica:
        return _verify_replica(call, set)
    if chosen is not None and not deep:
        raise UsageError("--engine dask goes with --deep", hint="what is not read is no work for a cluster")
    return _verify(call, tuple(units or ()), set, deep, by_turns, chosen, max_cost, yes)


def _refuse_unfit(given: Mapping[str, object], *, by_batch: bool, wait: bool, replica: bool) -> None:
    """Raise `UsageError` for options that do not go together."""
    said = {name for name, value in given.items() if value}
    if "--max-cost" in said and "--deep" not in said:
        raise UsageError("--max-cost goes with --deep", hint="without it nothing is read back")
    if {"UNIT", "--all"} <= said:
        raise UsageError("--all goes without UNIT", hint="s3sync archive verify --all")
    if wait and not by_batch:
        raise UsageError("--wait goes with --engine s3-batch", hint="everything else is waited for anyway")
    if by_batch and (replica or said & {"--deep", "--sample"}):
        raise UsageError("--engine s3-batch reads every byte by itself", hint="name units, or nothing for all")
    if replica and said:
        raise UsageError("--replica stands by itself", hint="s3sync archive verify --replica [--set NAME]")


def _verify(
    call: Call,
    units: tuple[str, ...],
    set: str | None,
    deep: bool,
    by_turns: ByTurns | None,
    engine: Engine | None,
    max_cost: float | None,
    yes: bool,
) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_verify import ask, of_verify, print_verified, print_verify_summary, verify_json

    with watching(call) as lines:
        told = print_verified(lines, call.quiet or call.json, call.verbose)
        confirm = (lambda price: True) if yes else lines.before(ask)
        archives = opened(call, lines)
        report = archives.verify(
            *units, set=set, deep=deep, by_turns=by_turns, engine=engine, max_cost=max_cost, confirm=confirm, told=told
        )
    with telling(call, archives.settings, lambda: of_verify(report, archives.settings)):
        if call.json:
            print_json(verify_json(report))
        else:
            print_verify_summary(report, quiet=call.quiet)
    return report.exit_code


def _verify_by_batch(call: Call, units: tuple[str, ...], set: str | None, wait: bool, yes: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_batch import ask, batch_json, of_batch, print_batch, print_following
    from s3sync.cli.show.archive_verify import print_verified

    with watching(call) as lines:
        archives = opened(call, lines)
        report = archives.verify_by_batch(
            *units,
            set=set,
            wait=wait,
            confirm=(lambda new: True) if yes else lines.before(ask),
            following=print_following(lines, call.quiet),
            told=print_verified(lines, call.quiet or call.json, call.verbose),
        )
    with telling(call, archives.settings, lambda: of_batch(report, archives.settings)):
        if call.json:
            print_json(batch_json("verify", report))
        else:
            print_batch(report, quiet=call.quiet)
    return report.exit_code


def _verify_replica(call: Call, set: str | None) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_replica import print_replicas, replicas_json

    with watching(call) as lines:
        reports = opened(call, lines).verify_replica(set=set)
    code = 0 if all(one.is_good for one in reports) else 3
    if call.json:
        print_json(replicas_json(reports, code))
    else:
        print_replicas(reports, quiet=call.quiet)
    return code


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
