"""Word that sends archives: `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.archive import rows
from s3sync.cli.archive.group import OlderThan, SetName, Units, archive, opened, seconds_of, workers_of
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES
from s3sync.cli.notices import telling
from s3sync.cli.options import Yes

if TYPE_CHECKING:
    from s3sync.archive.run_report import Options, RunReport
    from s3sync.config import Settings
    from s3sync.core.archive.engines import Engine as Workers

Deletes: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--delete-local",
        help="Verify each archive in a second pass, read the local files again, and delete them for good. Light"
        " files stay.",
    ),
]
BATCH = 50
BatchSize: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--batch-size", metavar="N", min=1, max=10_000, help=f"`source: sql`: write N rows at once. Default: {BATCH}."
    ),
]
Share: TypeAlias = Annotated[
    str | None,
    typer.Option("--worker", metavar="K/N", help="`source: sql`: take the K-th of N shares of the rows, by hash."),
]
MaxCost: TypeAlias = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="AMOUNT", min=0, help="Do not ask, and read back up to this price."),
]


Engine: TypeAlias = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="Who packs and sends: dask, or dask=tcp://HOST:PORT."),
]
Create: TypeAlias = Annotated[
    bool, typer.Option("--create", help="Make the set's folder store also where its disk may not be connected.")
]


@archive.word(
    "run",
    "s3sync archive run --older-than 6months --dry-run\ns3sync archive run b40 --delete-local\n"
    "s3sync archive run --set media --limit 1000\ns3sync archive run --engine dask=tls://10.0.0.5:8786",
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
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Send at most N units, or rows.")
    ] = None,
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
    batch_size: BatchSize = None,
    worker: Share = None,
    max_cost: MaxCost = None,
    create: Create = False,
    engine: Engine = None,
    yes: Yes = False,
) -> int:
    """Send units that are not in their store yet: packed, hashed and streamed, without a temporary file.

    An interrupted run resumes where it was. Units that are named are sent whatever their age. What is read back before
    files are deleted is billed by some stores: the price is said first, where it is worth a question. A folder store is
    made at the first run: where its disk may not be connected, that is asked about, which --yes does not answer.

    Of a set with `source: sql` the files of rows are sent, and each row gets the address of its object.
    """
    from s3sync.archive.run_report import Options

    of_units = (units, older_than, year, not_archived, delete_local, deep, max_cost is not None, engine)
    if rows.takes(call, set, of_units, {"--batch-size": batch_size, "--worker": worker}):
        return rows.run(call, set, (limit, batch_size or BATCH, force, create), worker)
    options = Options(year, limit, not_archived, force, delete_local, deep, call.dry_run, create)
    workers = workers_of(engine, "run")
    return _run(call, units or [], set, seconds_of(older_than), options, max_cost, yes, workers)


def _run(
    call: Call,
    units: list[str],
    set: str | None,
    age: int | None,
    options: Options,
    max_cost: float | None,
    yes: bool,
    workers: Workers | None,
) -> int:
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_run import print_unit
    from s3sync.cli.show.archive_verify import ask
    from s3sync.cli.show.new_store import ask_new

    with watching(call) as lines:
        archives = opened(call, lines)
        told = print_unit(lines, call.quiet or call.json, call.verbose)
        confirm = (lambda price: True) if yes else lines.before(ask)
        report = archives.run(
            *units,
            set=set,
            older_than=age,
            options=options,
            max_cost=max_cost,
            confirm=confirm,
            told=told,
            confirm_new=lines.before(ask_new),
            engine=workers,
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
