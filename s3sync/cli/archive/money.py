"""Words about money, and the rules that decide it: `cost`, `lifecycle`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.archive.group import ARCHIVES, Region, SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.cli.options import Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archive.rules import RulesView
    from s3sync.core.archive.lifecycle import Rule

MOST_BYTES = 1 << 20
"""Bytes of a file of rules: S3 takes 1,000 of them."""


class RulesAction(StrEnum):
    """Deed on the rules."""

    SHOW = "show"
    DIFF = "diff"
    APPLY = "apply"
    REMOVE = "remove"


@archive.word(
    "cost",
    "s3sync archive cost\ns3sync archive cost --region us-west-2 -v",
    0, 1, 2, 5, 130,
    takes=ARCHIVES,
    verbose="Name every unit with its price, and every month.",
)  # fmt: skip
def cost(
    call: Call,
    set: SetName = None,
    year: Annotated[
        str | None, typer.Option("--year", metavar="YYYY", help="Only archives about this year, else sent in it.")
    ] = None,
    region: Region = None,
) -> int:
    """Say what the archives cost: a month, the next twelve with the rules that hold, and other ways to keep them."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_costs import costs_json, print_costs

    found = opened(call).cost(set=set, year=year, region=region)
    if call.json:
        print_json(costs_json(found))
    else:
        print_costs(found, verbose=call.verbose, quiet=call.quiet)
    return 0


@archive.word(
    "lifecycle",
    "s3sync archive lifecycle diff\ns3sync archive lifecycle apply",
    0, 1, 2, 5, 6, 130,
    takes=ARCHIVES | {"dry_run", "user"},
    verbose="Show the rules as S3 writes them, too.",
)  # fmt: skip
def lifecycle(
    call: Call,
    action: Annotated[
        RulesAction, typer.Argument(metavar="[show|diff|apply|remove]", help="What to do with the rules.")
    ] = RulesAction.SHOW,
    set: SetName = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="diff, apply: also the rules of a JSON file; mistakes are told."),
    ] = None,
    yes: Yes = False,
) -> int:
    """Show the lifecycle rules of the bucket, and set or remove those that move archives. Rules of others stay."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_rules import print_rules, rules_json

    if file is not None and action not in (RulesAction.DIFF, RulesAction.APPLY):
        raise UsageError("--file belongs to `lifecycle diff` and `lifecycle apply`")
    more = _rules_of(file) if file is not None else []
    removes = action is RulesAction.REMOVE
    if action in (RulesAction.SHOW, RulesAction.DIFF):
        views = opened(call).lifecycle(set=set, more=more)
    else:
        confirm = (lambda view: True) if yes else _ask
        views = opened(call).apply_lifecycle(confirm, set=set, more=more, remove=removes, dry_run=call.dry_run)
    if call.json:
        print_json(rules_json(action, views, dry_run=call.dry_run))
    else:
        print_rules(action, views, verbose=call.verbose, quiet=call.quiet, dry_run=call.dry_run)
    return 0


def _ask(view: RulesView) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.archive_rules import difference_lines

    for line in difference_lines(view):
        warn(line)
    return answered_yes(f"Set these rules of {view.store}?")


def _rules_of(name: str) -> list[Rule]:
    from s3sync.cli.named_files import read_named
    from s3sync.core.archive.rule_files import parse_rules

    hint = "name a JSON file of rules, as `aws s3api put-bucket-lifecycle-configuration` takes it"
    body = read_named(name, MOST_BYTES, hint=hint)
    return parse_rules(body, name)
