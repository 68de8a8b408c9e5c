"""`setup policy` and `setup member`: the rights of one member, and a user with a key, where the account lets us."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from s3sync.config import Settings, mask_url
from s3sync.core.policy import (
    BATCH_TRUST,
    Policy,
    batch_policy,
    batch_role,
    batch_user_policy,
    member_policy,
    policy_name,
    same_policy,
    user_reason,
)
from s3sync.errors import Unsupported, UsageError, declined
from s3sync.setup.steps import bucket_of_store
from s3sync.store.aspects import Accounts, aspect, require_aspect
from s3sync.store.port import Store


class MemberReport(Struct):
    """One member's user, policy and key. `to_do` says what differs; `secret` is there once, of a key made just now."""

    user: str
    store: str
    repo: str
    policy_name: str
    policy: Policy
    dry_run: bool = False
    to_do: tuple[str, ...] = ()
    done: bool = False
    keys: int = 0
    """Keys that the user had before."""
    key_id: str | None = None
    secret: str | None = None
    region: str | None = None
    endpoint_url: str | None = None

    def __repr__(self) -> str:
        return f"MemberReport(user={self.user!r}, key_id={self.key_id!r})"


def policy_for(store: Store, settings: Settings, *, reads_only: bool = False, versions: bool = False) -> Policy:
    """The least-rights policy of a member. Raises `Unsupported` for a store that has no policies."""
    if aspect(store, Accounts) is None:
        raise Unsupported(
            f"{mask_url(settings.store)} has no policies",
            why="only S3 has such users; elsewhere the account, the service or the disk says who may write",
            hint="use a store that can, such as a bucket on S3",
        )
    bucket, prefix = bucket_of_store(store)
    return member_policy(
        bucket,
        prefix,
        settings.repo,
        reads_only=reads_only,
        acknowledges=settings.receipts.readers_acknowledge,
        versions=versions,
        region=settings.region or "",
    )


class BatchPolicies(Struct, frozen=True):
    """Rights for S3 Batch Operations: those of the role, who may take it, and those of whoever begins jobs."""

    role: str
    role_policy: Policy
    trust: Policy
    user_policy: Policy


def batch_policies(store: Store, settings: Settings, user: str | None = None) -> BatchPolicies:
    """The least rights for batch jobs on a store. Raises `Unsupported` for one that has no policies, `UsageError`."""
    name_of_policy(store, settings, user)
    policy_for(store, settings)
    bucket, prefix = bucket_of_store(store)
    region = settings.region or ""
    return BatchPolicies(
        batch_role(bucket), batch_policy(bucket, prefix, region), BATCH_TRUST, batch_user_policy(bucket, region)
    )


def name_of_policy(store: Store, settings: Settings, user: str | None = None) -> str:
    """Name of the policy for this repository. Raises `UsageError` for a user that IAM cannot have."""
    if user is not None and (reason := user_reason(user)):
        raise UsageError(f"{user!r:.80} cannot be a member", why=reason, hint="use a name such as jan")
    return policy_name(bucket_of_store(store)[1], settings.repo)


def add_member(
    store: Store,
    settings: Settings,
    user: str,
    *,
    confirm: Callable[[MemberReport], bool],
    reads_only: bool = False,
    versions: bool = False,
    new_key: bool = False,
    dry_run: bool = False,
) -> MemberReport:
    """Make the user, the policy and a key, as far as they are lacking. Raises `Halt`, `AccessDenied`, `StoreError`."""
    report = look_at_member(store, settings, user, reads_only=reads_only, versions=versions)
    accounts = require_aspect(store, Accounts)
    if new_key and "make an access key" not in report.to_do:
        report.to_do = (*report.to_do, "make an access key")
    report.dry_run = dry_run
    if dry_run or not report.to_do:
        return report
    if not confirm(report):
        raise declined("nothing was made")
    if "make the user" in report.to_do:
        accounts.create_user(user)
    if "set the policy" in report.to_do:
        accounts.put_user_policy(user, report.policy_name, dict(report.policy))
    if "make an access key" in report.to_do:
        report.key_id, report.secret = accounts.create_key(user)
    report.done = True
    return report


def look_at_member(
    store: Store, settings: Settings, user: str, *, reads_only: bool = False, versions: bool = False
) -> MemberReport:
    """Compare a user of the account with a member of the repository. Raises `UsageError` for no name of a user."""
    name = name_of_policy(store, settings, user)
    policy = policy_for(store, settings, reads_only=reads_only, versions=versions)
    accounts = require_aspect(store, Accounts)
    report = MemberReport(user, mask_url(settings.store), settings.repo, name, policy)
    report.region, report.endpoint_url = settings.region, settings.endpoint_url
    exists = accounts.has_user(user)
    keys = accounts.keys_of(user) if exists else []
    report.keys = sum(key.is_active for key in keys)
    to_do = [] if exists else ["make the user"]
    if not exists or not same_policy(accounts.user_policy(user, name), policy):
        to_do.append("set the policy")
    if not report.keys:
        to_do.append("make an access key")
    report.to_do = tuple(to_do)
    return report
