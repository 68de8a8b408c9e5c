"""The reports of `setup bucket`, `policy`, `member` and `check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from s3sync.cli.output import GREEN, SCHEMA, YELLOW, colour, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.config import Settings, mask_url
from s3sync.core.policy import Policy
from s3sync.core.typed import typed
from s3sync.setup.bucket import BucketReport
from s3sync.setup.members import BatchPolicies, MemberReport
from s3sync.setup.steps import Step

NAMES = {
    "bucket": "bucket",
    "encryption": "encryption",
    "public_access": "public access",
    "versioning": "versioning",
    "lifecycle": "lifecycle",
    "cors": "CORS",
    "replica": "replica",
    "role": "role",
    "replication": "replication",
}


def step_lines(report: BucketReport) -> Iterator[str]:
    """Every setting as it is, and below it what changes, with what that takes away."""
    yield f"{printable(report.store)}, for {printable(report.repo)}:"
    for step in report.steps:
        sign = symbols().conflict if step.unknown else symbols().newer_here if step.changes else symbols().done
        yield f"  {sign} {NAMES[step.name]}: {printable(step.now)}{_why(step)}"
        yield from (f"      {printable(change)}" for change in step.changes)
        yield from (f"      note: {printable(cost)}" for cost in step.costs)


def _why(step: Step) -> str:
    return f" ({printable(step.unknown)})" if step.unknown else ""


def print_bucket(report: BucketReport, *, quiet: bool = False) -> None:
    if not quiet:
        if report.dry_run or not report.done:
            for line in step_lines(report):
                say(line)
        for name in report.done:
            say(f"  {colour(symbols().done, GREEN)} {NAMES[name]} - set")
        for line in _summary(report):
            say(line)
    for name, why in report.failed.items():
        warn(f"{symbols().failed} {NAMES[name]}: {printable(why)}")
    if report.failed:
        warn("hint: this store, or your rights, do not allow it; docs/setup-bucket.md names the right of each step")


def _summary(report: BucketReport) -> Iterator[str]:
    if report.dry_run and report.to_do:
        count = sum(len(step.changes) for step in report.to_do)
        yield colour(f"Summary: {count} to change: `s3sync setup bucket` does, and asks first", YELLOW)
    elif report.dry_run or not (report.done or report.failed):
        unknown = " as far as could be told" if any(step.unknown for step in report.steps) else ""
        yield f"Summary: nothing to change{unknown}"
    else:
        yield f"Summary: {len(report.done)} of {len(report.to_do)} set"


def bucket_json(report: BucketReport, code: int) -> Json:
    return {"schema": SCHEMA, "command": "setup bucket", **_bucket_body(report), "exit_code": code}


def _bucket_body(report: BucketReport) -> Json:
    return {
        "store": report.store,
        "repo": report.repo,
        "dry_run": report.dry_run,
        "steps": [
            {
                "name": step.name,
                "now": step.now,
                "changes": list(step.changes),
                "notes": list(step.costs),
                "unknown": step.unknown,
            }
            for step in report.steps
        ],
        "policies": {name: dict(policy) for name, policy in report.policies.items()},
        "done": report.done,
        "failed": [{"name": name, "error": why} for name, why in report.failed.items()],
    }


def print_policy(policy: Policy, name: str, user: str | None, *, quiet: bool) -> None:
    """The policy alone on stdout, for a file; how to use it on stderr."""
    for line in json.dumps(policy, indent=2).splitlines():
        say(line)
    if not quiet and user is not None:
        warn("hint: save it as policy.json, and attach it to the user:")
        attach = f"--user-name {typed(user)} --policy-name {name} --policy-document file://policy.json"
        warn(f"  aws iam put-user-policy {attach}")


def policy_json(settings: Settings, name: str, policy: Policy) -> Json:
    return {
        "schema": SCHEMA,
        "command": "setup policy",
        "store": mask_url(settings.store),
        "repo": settings.repo,
        "policy_name": name,
        "policy": dict(policy),
        "exit_code": 0,
    }


def print_batch_policies(found: BatchPolicies, user: str | None, *, quiet: bool) -> None:
    """The policies on stdout as one document; how to use them on stderr."""
    for line in json.dumps(_batch_policies(found), indent=2).splitlines():
        say(line)
    if not quiet:
        who = f"--user-name {typed(user)}" if user is not None else "--user-name NAME"
        warn("hint: save each as a file, then make the role, give it its rights, and let the user pass it:")
        warn(f"  aws iam create-role --role-name {found.role} --assume-role-policy-document file://trust.json")
        role = f"--role-name {found.role} --policy-name {found.role} --policy-document file://role_policy.json"
        warn(f"  aws iam put-role-policy {role}")
        warn(f"  aws iam put-user-policy {who} --policy-name {found.role} --policy-document file://user_policy.json")


def _batch_policies(found: BatchPolicies) -> Json:
    policies = {"trust": found.trust, "role_policy": found.role_policy, "user_policy": found.user_policy}
    return {"role": found.role, **{name: dict(policy) for name, policy in policies.items()}}


def batch_policies_json(settings: Settings, found: BatchPolicies) -> Json:
    store = mask_url(settings.store)
    return {"schema": SCHEMA, "command": "setup policy", "store": store, **_batch_policies(found), "exit_code": 0}


def print_member(report: MemberReport, *, quiet: bool = False) -> None:
    if not quiet:
        say(f"{printable(report.user)}: {', '.join(_told(report))}")
    if report.secret is None:
        if report.keys and report.done and not quiet:
            say(f"No key was made: there is one. `s3sync setup member {typed(report.user)} --new-key` makes another.")
        return
    warn("hint: send this to nobody but the member, by a way that nobody else reads; it is shown this once")
    for line in _letter(report):
        sys.stdout.write(f"{line}\n")  # past the log file: a secret is in it


def _told(report: MemberReport) -> list[str]:
    if not report.to_do:
        return ["user, policy and key are there: nothing to do"]
    return [one if report.dry_run else f"did {one}" for one in report.to_do]


def _letter(report: MemberReport) -> Iterator[str]:
    yield f"Hello {printable(report.user)}, these are your keys for {printable(report.store)}:"
    yield ""
    yield "  aws configure --profile s3sync"
    yield f"    AWS Access Key ID:     {report.key_id}"
    yield f"    AWS Secret Access Key: {report.secret}"
    yield f"    Default region name:   {printable(report.region or 'us-east-1')}"
    yield ""
    yield "Then, in your clone of the repository:"
    server = f" --endpoint {typed(printable(report.endpoint_url))}" if report.endpoint_url else ""
    yield f"  s3sync init --user {typed(report.user)} --profile s3sync{server}"
    yield "  s3sync down"


def member_json(report: MemberReport) -> Json:
    return {"schema": SCHEMA, "command": "setup member", **_member_body(report), "exit_code": 0}


def _member_body(report: MemberReport) -> Json:
    return {
        "user": report.user,
        "store": report.store,
        "repo": report.repo,
        "policy_name": report.policy_name,
        "dry_run": report.dry_run,
        "to_do": list(report.to_do),
        "done": report.done,
        "access_key_id": report.key_id,
        "secret_access_key": report.secret,
    }


def check_json(found: BucketReport, member: MemberReport | None, code: int) -> Json:
    return {
        "schema": SCHEMA,
        "command": "setup check",
        **_bucket_body(found),
        "member": None if member is None else _member_body(member),
        "exit_code": code,
    }
