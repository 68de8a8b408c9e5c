"""Words about archive sets: `init`, `import`, `analyze`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from s3sync.cli.archive.group import OlderThan, SetName, Units, archive, opened, seconds_of
from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, OPENS
from s3sync.disk.current import current_folder


@archive.word(
    "analyze",
    "s3sync archive analyze\ns3sync archive analyze --set sessions --rate 10M",
    0, 1, 2, 3, 130,
    takes=OPENS - {"store", "user"},
    verbose="Name every unit with its size and its key.",
)  # fmt: skip
def analyze(
    call: Call,
    units: Units = None,
    set: SetName = None,
    older_than: OlderThan = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="SPEED", help="Bytes a second of your line, for the time: 10M.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="NAME", help="Take the prices of this AWS region.")
    ] = None,
) -> int:
    """Say what the sets would archive: units, files and sizes by year, time to send, price. Nothing is sent."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_sets import analysis_json, print_analysis
    from s3sync.config.values import BadValue, amount, bytes_of
    from s3sync.errors import UsageError

    try:
        speed = bytes_of(amount(rate)) if rate is not None else None
    except BadValue:
        speed = 0
    if speed == 0:
        raise UsageError(f"{rate!r} is no speed for --rate", hint="write bytes a second, as 500K, 10M or 1G")
    report = opened(call).analyze(*(units or ()), set=set, older_than=seconds_of(older_than), rate=speed, region=region)
    if call.json:
        print_json(analysis_json(report))
    else:
        print_analysis(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code


@archive.word(
    "init",
    "s3sync archive init --preset sessions --store s3://our-archive/backups\n"
    "s3sync archive init --preset footage --store s3://mine/footage --source /Volumes/CARD --own",
    0, 1, 2, 130,
    takes=ASKS | {"store", "dry_run"},
    verbose="Accepted; everything is shown anyway.",
)  # fmt: skip
def init(
    call: Call,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", metavar="KIND", help="projects, sessions, processing, final, media, media-db or footage."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The set's name; default: that of the preset.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="DIR", help="The folder to look in, or a glob of folders.")
    ] = None,
    older_than: OlderThan = None,
    own: Annotated[
        bool, typer.Option("--own", help="Write it into your own settings, for a folder outside the repository.")
    ] = False,
) -> int:
    """Write an archive set into the settings, from a preset. It is yours to change there. Nothing is sent."""

    from s3sync.archive.init import init_set
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_sets import init_json, print_init

    seconds_of(older_than)
    report = init_set(
        current_folder(),
        os.environ,
        preset,
        store=call.store,
        name=name,
        source=source,
        own=own,
        more={"older_than": older_than} if older_than is not None else {},
        dry_run=call.dry_run,
    )
    if call.json:
        print_json(init_json(report))
    elif not call.quiet:
        print_init(report)
    return 0


@archive.word(
    "import",
    "s3sync archive import s3_config.json --dry-run\ns3sync archive import .video-tools.env",
    0, 1, 2, 130,
    takes=ASKS | {"dry_run"},
    verbose="Accepted; everything is shown anyway.",
)  # fmt: skip
def import_settings(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An s3_config.json or a .video-tools.env.")],
    own: Annotated[bool, typer.Option("--own", help="Write the sets into your own settings.")] = False,
) -> int:
    """Take over the settings of an earlier tool as archive sets, and say what became of each of them."""

    from s3sync.archive.importing import import_file
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_sets import import_json, print_import

    report = import_file(current_folder(), os.environ, file, own=own, dry_run=call.dry_run)
    if call.json:
        print_json(import_json(report))
    elif not call.quiet:
        print_import(report)
    return 0
