"""s3sync setup"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, Group
from s3sync.cli.options import Yes
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.setup.bucket import BucketReport, Wishes
    from s3sync.setup.budget import BudgetReport
    from s3sync.setup.members import MemberReport
    from s3sync.setup.replica import Wanted
    from s3sync.store.port import Store

SOME_DENIED, TO_DO = 3, 7
OF_STORE = ASKS | {"store", "profile"}

TrashDays: TypeAlias = Annotated[
    int,
    typer.Option("--trash-days", metavar="N", min=0, help="Empty the remote trash of what is N days old; 0: never."),
]
Versioning: TypeAlias = Annotated[
    bool, typer.Option("--enable-versioning", help="Have the bucket keep what is replaced and deleted.")
]
Region: TypeAlias = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="The bucket's region; a new one is made there.")
]
ReadOnly: TypeAlias = Annotated[bool, typer.Option("--read-only", help="A member who only fetches.")]
WithVersions: TypeAlias = Annotated[
    bool, typer.Option("--versions", help="Also list and fetch old versions, in a bucket with versioning.")
]

setup = Group(SET_UP, "Set up the bucket, and the members' users and rights, from whoever looks after them.")


@setup.word("check", "s3sync setup check\ns3sync setup check --member jan", 0, 1, 2, 3, 5, 7, 130, takes=OF_STORE)
def check(
    call: Call,
    member: Annotated[
        str | None, typer.Option("--member", metavar="NAME", help="Also compare this member's user and rights.")
    ] = None,
    region: Region = None,
    enable_versioning: Versioning = False,
    trash_days: TrashDays = 90,
    read_only: ReadOnly = False,
    versions: WithVersions = False,
) -> int:
    """Compare bucket and member with what `setup bucket` and `setup member` would make; change nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.setup import check_json, print_bucket, print_member
    from s3sync.setup.bucket import set_up_bucket
    from s3sync.setup.members import look_at_member

    store, settings = _open(call, "check", region)
    wishes = _wishes(enable_versioning, trash_days, pages=True)
    found = set_up_bucket(store, settings, wishes, confirm=lambda report: False, dry_run=True)
    of_member = None
    if member is not None:
        of_member = look_at_member(store, settings, member, reads_only=read_only, versions=versions)
        of_member.dry_run = True
    is_done = not found.to_do and (of_member is None or not of_member.to_do)
    code = TO_DO if not is_done else SOME_DENIED if found.is_denied else 0
    if call.json:
        print_json(check_json(found, of_member, code))
    elif not call.quiet:
        print_bucket(found)
        if of_member is not None:
            print_member(of_member)
    return code


@setup.word(
    "bucket",
    "s3sync setup bucket --check-only\ns3sync setup bucket --region eu-central-1 --enable-versioning\n"
    "s3sync setup bucket --store s3://lab-archive --replicate-to eu-west-1",
    0, 1, 2, 3, 5, 6, 7, 130,
    takes=OF_STORE | {"dry_run"},
)  # fmt: skip
def bucket(
    call: Call,
    region: Region = None,
    enable_versioning: Versioning = False,
    trash_days: TrashDays = 90,
    replicate_to: Annotated[
        str | None,
        typer.Option("--replicate-to", metavar="REGION", help="Have S3 replicate to a bucket in that region."),
    ] = None,
    replica_bucket: Annotated[
        str | None,
        typer.Option("--replica-bucket", metavar="NAME", help="The replica's bucket; else BUCKET-replica."),
    ] = None,
    no_pages: Annotated[bool, typer.Option("--no-pages", help="No CORS rule for pages.")] = False,
    check_only: Annotated[bool, typer.Option("--check-only", help="Only say what differs: exit 7.")] = False,
    yes: Yes = False,
) -> int:
    """Create the bucket if need be, and configure it. Each change is shown first; what others have set stays."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.setup import bucket_json, print_bucket
    from s3sync.setup.bucket import set_up_bucket

    store, settings = _open(call, "bucket", region)
    wishes = _wishes(enable_versioning, trash_days, pages=not no_pages)
    wishes.replica = _replica(replicate_to, replica_bucket)
    only = check_only or call.dry_run
    confirm = (lambda report: True) if yes else _ask_bucket
    report = set_up_bucket(store, settings, wishes, confirm=confirm, dry_run=only)
    is_to_do = check_only and bool(report.to_do)
    code = SOME_DENIED if report.failed else TO_DO if is_to_do else SOME_DENIED if report.is_denied else 0
    if call.json:
        print_json(bucket_json(report, code))
    else:
        print_bucket(report, quiet=call.quiet)
    return code


@setup.word(
    "policy",
    "s3sync setup policy --user jan > policy.json\ns3sync setup policy --batch",
    0,
    1,
    2,
    5,
    130,
    takes=OF_STORE,
)
def policy(
    call: Call,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Also say how to attach it to this IAM user.")
    ] = None,
    read_only: ReadOnly = False,
    versions: WithVersions = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="The rights for S3 Batch Operations instead: role, and who passes it.")
    ] = False,
) -> int:
    """Print the IAM policy with the least rights that a member needs, as JSON. Asks and changes nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.setup import policy_json, print_policy
    from s3sync.setup.members import name_of_policy, policy_for

    store, settings = _open(call, "member")
    if batch:
        return _batch_policies(call, store, settings, user, fits=not (read_only or versions))
    name = name_of_policy(store, settings, user)
    found = policy_for(store, settings, reads_only=read_only, versions=versions)
    if call.json:
        print_json(policy_json(settings, name, found))
    else:
        print_policy(found, name, user, quiet=call.quiet)
    return 0


def _batch_policies(call: Call, store: Store, settings: Settings, user: str | None, *, fits: bool) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.setup import batch_policies_json, print_batch_policies
    from s3sync.errors import UsageError
    from s3sync.setup.members import batch_policies

    if not fits:
        raise UsageError("--batch goes without --read-only and --versions", hint="s3sync setup policy --batch")
    found = batch_policies(store, settings, user)
    if call.json:
        print_json(batch_policies_json(settings, found))
    else:
        print_batch_policies(found, user, quiet=call.quiet)
    return 0


@setup.word(
    "member",
    "s3sync setup member jan\ns3sync setup member jan --new-key",
    0, 1, 2, 5, 130,
    takes=OF_STORE | {"dry_run"},
)  # fmt: skip
def member(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The member, as the IAM user is called.")],
    read_only: ReadOnly = False,
    versions: WithVersions = False,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make another key, also where there is one.")] = False,
    yes: Yes = False,
) -> int:
    """Make an IAM user with the least rights and a key, as far as they are lacking, and print what to send to him."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.setup import member_json, print_member
    from s3sync.setup.members import add_member

    store, settings = _open(call, "member")
    confirm = (lambda report: True) if yes else _ask_member
    report = add_member(
        store,
        settings,
        name,
        confirm=confirm,
        reads_only=read_only,
        versions=versions,
        new_key=new_key,
        dry_run=call.dry_run,
    )
    if call.json:
        print_json(member_json(report))
    else:
        print_member(report, quiet=call.quiet)
    return 0


@setup.word(
    "budget",
    "s3sync setup budget --amount 20 --email team@example.com --dry-run\ns3sync setup budget --email team@example.com",
    0, 1, 2, 5, 130,
    takes=OF_STORE | {"dry_run"},
)  # fmt: skip
def budget(
    call: Call,
    amount: Annotated[
        float | None,
        typer.Option("--amount", metavar="DOLLARS", help="Of a month; else that of `costs.budget`, else 10."),
    ] = None,
    email: Annotated[
        list[str] | None, typer.Option("--email", metavar="ADDRESS", help="Who is mailed; may be said several times.")
    ] = None,
    alarms: Annotated[
        bool, typer.Option("--alarms", help="Mail at the dollars of `costs.alarms`, and not at 50, 80 and 100 %.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Have AWS itself mail when S3 comes near to an amount in a month. Shows first what is made or changed."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.budget import budget_json, print_budget
    from s3sync.setup.budget import set_up_budget, wanted_budget

    store, settings = _open(call, "budget")
    wanted = wanted_budget(settings, amount, email or [], in_dollars=alarms)
    confirm = (lambda report: True) if yes else _ask_budget
    report = set_up_budget(store, settings, wanted, confirm=confirm, dry_run=call.dry_run)
    if call.json:
        print_json(budget_json(report))
    else:
        print_budget(report, quiet=call.quiet)
    return 0


def _open(call: Call, deed: str, region: str | None = None) -> tuple[Store, Settings]:
    """The store, and the settings that name it. Raises `Unsupported` for one that another tool sets up."""
    import os

    from s3sync.config import load_settings
    from s3sync.connect import connect
    from s3sync.setup.elsewhere import Deed, refuse_elsewhere

    flags = {**call.flags, "region": region} if region is not None else call.flags
    settings = load_settings(current_folder(), flags=flags, environ=os.environ)
    refuse_elsewhere(settings.store, Deed(deed))
    return connect(settings, create=False), settings


def _wishes(versioning: bool, trash_days: int, *, pages: bool) -> Wishes:
    from s3sync.setup.bucket import Wishes

    return Wishes(versioning, trash_days or None, pages)


def _replica(region: str | None, bucket: str | None) -> Wanted | None:
    """The replica that was asked for. Raises `UsageError`."""
    from s3sync.config.addresses import region as checked
    from s3sync.config.archives import replica_bucket
    from s3sync.config.values import BadValue
    from s3sync.errors import UsageError
    from s3sync.setup.replica import Wanted

    if region is None:
        if bucket is not None:
            raise UsageError("--replica-bucket goes with --replicate-to", hint="name the region, too")
        return None
    try:
        return Wanted(checked(region), None if bucket is None else replica_bucket(bucket))
    except BadValue as error:
        raise UsageError(error.why, hint=error.hint) from None


def _ask_bucket(report: BucketReport) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.setup import step_lines

    for line in step_lines(report):
        warn(line)
    return answered_yes(f"Change {report.store}?")


def _ask_member(report: MemberReport) -> bool:
    from s3sync.cli.output import answered_yes, printable, warn

    warn(f"{printable(report.user)}, for {printable(report.repo)} in {printable(report.store)}:")
    for one in report.to_do:
        warn(f"  {one}")
    return answered_yes("Do that?")


def _ask_budget(report: BudgetReport) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.budget import budget_lines

    for line in budget_lines(report):
        warn(line)
    return answered_yes("Do that?")
