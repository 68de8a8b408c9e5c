"""Words about the catalogue itself: `catalogue rebuild`, `export`, `check`, `prune`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.archive.group import ARCHIVES, SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.cli.options import Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.core.archive.records import Archived


class Upkeep(StrEnum):
    """Deed on the catalogue."""

    REBUILD = "rebuild"
    EXPORT = "export"
    CHECK = "check"
    PRUNE = "prune"


@archive.word(
    "catalogue",
    "s3sync archive catalogue rebuild\ns3sync archive catalogue export --csv > archives.csv",
    0, 1, 2, 3, 5, 130,
    takes=ARCHIVES | {"dry_run", "user"},
)  # fmt: skip
def catalogue(
    call: Call,
    action: Annotated[
        Upkeep, typer.Argument(metavar="rebuild|export|check|prune", help="What to do with it.", show_default=False)
    ],
    set: SetName = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="rebuild: put the old file aside, and read every index again.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="export: as CSV instead of JSON.")] = False,
    members: Annotated[bool, typer.Option("--members", help="export: with the members of each archive.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="check: without asking the store.")] = False,
    yes: Yes = False,
) -> int:
    """Bring this computer's catalogue up to date from the store, export it, check it, or forget what is gone."""
    _refuse_unfit(action, anew=anew, csv=csv, members=members, offline=offline)
    if action is Upkeep.REBUILD:
        return _rebuild(call, set, anew)
    if action is Upkeep.EXPORT:
        return _export(call, set, csv, members)
    return _check(call, set, offline) if action is Upkeep.CHECK else _prune(call, set, yes)


def _refuse_unfit(action: Upkeep, **given: bool) -> None:
    fit = {"anew": Upkeep.REBUILD, "csv": Upkeep.EXPORT, "members": Upkeep.EXPORT, "offline": Upkeep.CHECK}
    for name, there in given.items():
        if there and fit[name] is not action:
            raise UsageError(
                f"--{name} belongs to `catalogue {fit[name]}`", hint="see `s3sync archive catalogue --help`"
            )


def _rebuild(call: Call, set: str | None, anew: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_catalogue import print_rebuilt, rebuilt_json

    if call.dry_run:
        raise UsageError("rebuild has no dry run", hint="`s3sync archive catalogue check` says what it would take in")
    found = opened(call).rebuild_catalogue(set=set, anew=anew)
    code = 3 if any(one.rebuilt.problems for one in found) else 0
    if call.json:
        print_json(rebuilt_json(found, code))
    else:
        print_rebuilt(found, quiet=call.quiet)
    return code


def _export(call: Call, set: str | None, csv: bool, members: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_catalogue import export_json, print_csv

    if csv and call.json:
        raise UsageError("--csv and --json exclude each other")
    found = opened(call).export_catalogue(set=set, members=members)
    print_csv(found) if csv else print_json(export_json(found))
    return 0


def _check(call: Call, set: str | None, offline: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_catalogue import checked_json, print_checked

    found = opened(call).check_catalogue(set=set, offline=offline)
    code = 0 if all(one.is_good for one in found) else 3
    if call.json:
        print_json(checked_json(found, code))
    else:
        print_checked(found, quiet=call.quiet)
    return code


def _prune(call: Call, set: str | None, yes: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_catalogue import print_pruned, pruned_json

    def ask(gone: list[Archived]) -> bool:
        from s3sync.cli.output import answered_yes, warn
        from s3sync.cli.show.archive_catalogue import prune_question

        *lines, question = prune_question(gone)
        for line in lines:
            warn(line)
        return answered_yes(question)

    pruned = opened(call).prune_catalogue((lambda gone: True) if yes else ask, set=set, dry_run=call.dry_run)
    if call.json:
        print_json(pruned_json(pruned, call.dry_run))
    elif not call.quiet:
        print_pruned(pruned, dry_run=call.dry_run)
    return 0
