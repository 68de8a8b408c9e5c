"""Words after which an archive is no longer as it was: `transition`, `remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.archive.group import ARCHIVES, Region, SetName, Units, archive, engine_of, opened, seconds_of
from s3sync.cli.archive.listing import known_class
from s3sync.cli.call import Call
from s3sync.cli.options import Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archives.leaving import LeavePlan, LeaveReport

CHANGES = ARCHIVES | {"dry_run", "user"}


@archive.word(
    "transition",
    "s3sync archive transition b40 --to DEEP_ARCHIVE\ns3sync archive transition --older-than 6months --to GLACIER\n"
    "s3sync archive transition '*' --to DEEP_ARCHIVE --engine s3-batch",
    0, 1, 2, 3, 5, 6, 8, 130,
    takes=CHANGES,
)  # fmt: skip
def transition(
    call: Call,
    units: Units = None,
    to: Annotated[str, typer.Option("--to", metavar="CLASS", help="The storage class to move to.")] = "",
    set: SetName = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Archives sent longer ago: 90d, 6months, 2y.")
    ] = None,
    region: Region = None,
    by_tag: Annotated[
        bool,
        typer.Option("--by-tag", help="Copy nothing: tag them, and have a lifecycle rule move them."),
    ] = False,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="Who tags them: s3-batch is S3 itself. As --by-tag.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="--engine s3-batch: wait until S3 is done.")] = False,
    yes: Yes = False,
) -> int:
    """Move archives to another storage class, after saying what that costs.

    They are copied in place. With --by-tag, and from one cold class to a colder one, they are tagged, and a rule moves
    them: it is shown before it is set beside the bucket's others. With --engine s3-batch S3 does the tagging by a job:
    while it is at it, that ends with exit code 8, and the same command goes on.
    """
    target = known_class(to) if to else None
    if target is None:
        raise UsageError("transition needs --to CLASS", hint="s3sync archive transition b40 --to DEEP_ARCHIVE")
    if not units and older_than is None:
        raise UsageError("transition needs a UNIT or --older-than", hint="'*' means every unit")
    age = seconds_of(older_than)
    if _is_by_batch(engine, wait=wait):
        return _tag_by_batch(call, tuple(units or ()), target, set, age, region, wait, yes)
    from s3sync.cli.progress import watching

    with watching(call) as lines:
        reports = opened(call, lines).transition(
            *(units or ()),
            to=target,
            confirm=(lambda plan: True) if yes else lines.before(_ask),
            set=set,
            older_than=age,
            region=region,
            by_tag=by_tag,
            dry_run=call.dry_run,
        )
    return _show(call, "transition", reports)


def _is_by_batch(engine: str | None, *, wait: bool) -> bool:
    """True if S3 Batch Operations are to tag. Raises `UsageError`."""
    from s3sync.core.archive.engines import S3_BATCH

    found = engine_of(engine, S3_BATCH)
    if found is not None and found.name != S3_BATCH:
        raise UsageError(f"no transition goes by {found.name}", hint="--engine s3-batch tags by jobs of S3")
    if wait and found is None:
        raise UsageError("--wait goes with --engine s3-batch", hint="everything else is waited for anyway")
    return found is not None


def _tag_by_batch(
    call: Call,
    units: tuple[str, ...],
    target: str,
    set: str | None,
    age: int | None,
    region: str | None,
    wait: bool,
    yes: bool,
) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_batch import print_following
    from s3sync.cli.show.archive_tags import ask_to_tag, print_tags, tags_json

    with watching(call) as lines:
        reports = opened(call, lines).tag_by_batch(
            *units,
            to=target,
            confirm=(lambda plan: True) if yes else lines.before(ask_to_tag),
            set=set,
            older_than=age,
            region=region,
            wait=wait,
            following=print_following(lines, call.quiet),
            dry_run=call.dry_run,
        )
    codes = [report.exit_code for report in reports]
    code = 3 if 3 in codes else max(codes, default=0)
    if call.json:
        print_json(tags_json(reports, code))
    else:
        print_tags(reports, quiet=call.quiet)
    return code


@archive.word("remove", "s3sync archive remove b40-film --dry-run", 0, 1, 2, 3, 5, 6, 130, takes=CHANGES)
def remove(
    call: Call,
    units: Annotated[list[str], typer.Argument(metavar="UNIT...", help="Units by their whole name, or a glob.")],
    set: SetName = None,
    region: Region = None,
    last_copies: Annotated[
        bool, typer.Option("--last-copies", help="Also remove archives of which no copy is on this disk.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Remove archives from the store for good, after saying what is still billed for them."""
    confirm = (lambda plan: True) if yes else _ask
    archives = opened(call)
    reports = archives.remove(
        *units, confirm=confirm, set=set, region=region, last_copies=last_copies, dry_run=call.dry_run
    )
    return _show(call, "remove", reports)


def _ask(plan: LeavePlan) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.archive_moves import leave_question

    *lines, question = leave_question(plan)
    for line in lines:
        warn(line)
    return answered_yes(question)


def _show(call: Call, action: str, reports: list[LeaveReport]) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_moves import leave_json, print_leave

    code = max((report.exit_code for report in reports), default=0)
    if call.json:
        print_json(leave_json(action, reports, code))
    else:
        print_leave(reports, quiet=call.quiet)
    return code
