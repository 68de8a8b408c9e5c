"""Replication of a bucket to another region, as steps of `setup bucket`: the replica's bucket, the role, the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct

from s3sync.archive.sets import load_sets
from s3sync.config import Settings
from s3sync.config.schemes import bucket_url
from s3sync.connect import connect
from s3sync.core.archive.lifecycle import MOVE_TAG
from s3sync.core.policy import Policy, arn_of, same_policy
from s3sync.core.replication import (
    TRUST,
    Merged,
    is_ours,
    merge,
    policy_name,
    replica_name,
    role_name,
    role_policy,
    rule_text,
    same_rules,
    wanted_rules,
)
from s3sync.errors import AccessDenied, LostRace, StoreError, UsageError
from s3sync.setup.steps import Step, bucket_of_store
from s3sync.store.aspects import Administers, require_aspect
from s3sync.store.port import Store
from s3sync.store.replicating import Replication, Roles, require_replicates


class Wanted(Struct, frozen=True):
    """Replica that is wanted: its region, and its bucket where it is not to be named after the source."""

    region: str
    bucket: str | None = None


class Replica:
    """Steps for one replica. Look at all of them in order before any is carried out."""

    def __init__(self, store: Store, settings: Settings, wanted: Wanted) -> None:
        self._store, self._settings = store, settings
        self._source, self._roles = require_replicates(store), require_aspect(store, Roles)
        self.bucket, self._root = bucket_of_store(store)
        self.name = wanted.bucket or replica_name(self.bucket)
        if self.name == self.bucket:
            raise UsageError("a bucket is no replica of itself", hint="name another one with --replica-bucket")
        home = settings.region or "us-east-1"
        if wanted.region == home:
            raise UsageError(
                f"the replica would be in {home}, where the bucket is",
                why="what takes one region away would take both",
                hint="name another region",
            )
        url = bucket_url(self.name, self._root.rstrip("/"))
        self._there = connect(replace(settings, store=url, region=wanted.region), create=False)
        self._target = require_aspect(self._there, Administers)
        self._region = wanted.region
        self._seen, self._role = Replication(), role_name(self.bucket)
        self._merged: Merged | None = None
        self._arn: str | None = None

    @property
    def policies(self) -> dict[str, Policy]:
        """Rights of the role, and who may take it: all that replication needs."""
        policy = role_policy(self.bucket, self._root, self.name, self._settings.region or "")
        return {"role": policy, "trust": TRUST}

    # -- looks

    def bucket_step(self) -> Step:
        exists = self._target.bucket_exists()
        changes = [] if exists else [f"create {self.name} in {self._region}"]
        if not exists or not self._target.default_encryption():
            changes.append("encrypt new objects there with S3's own keys (AES256)")
        if not exists or not self._target.blocks_public_access():
            changes.append("block all public access there")
        if not exists or self._target.versioning_status() != "Enabled":
            changes.append("enable versioning there")
        costs = ("everything from now on is billed there, too, and the transfer to that region once",)
        now = f"{self.name} exists" if exists else "does not exist"
        return Step("replica", now, tuple(changes), costs if changes else ())

    def role_step(self, *, exists: bool) -> Step:
        """`exists`: the source's bucket does. All rules of a bucket share one role: that of others stays."""
        self._seen = self._source.replication() if exists else Replication()
        theirs = [rule for rule in self._seen.rules if not is_ours(rule, self._root)]
        rights = tuple(f"let it {text}" for text in _rights_text(self.policies["role"]))
        if theirs and self._seen.role and not self._seen.role.endswith(f":role/{self._role}"):
            self._arn, self._role = self._seen.role, ""
            need = (f"that role is not changed here; see that it may do this: {'; '.join(rights)}",)
            return Step("role", f"{self._arn}, which serves the rules of others", costs=need)
        self._arn = self._roles.role_arn(self._role)
        if self._arn is None:
            return Step("role", "does not exist", (f"make {self._role}, which S3 alone may take", *rights))
        if not same_policy(self._roles.role_policy(self._role, policy_name(self._root)), self.policies["role"]):
            return Step("role", f"{self._role} has other rights", rights)
        return Step("role", f"{self._role} is there, with its rights")

    def rules_step(self) -> Step:
        sets = load_sets(self._settings).values() if self._settings.archives else ()
        here = self._settings.store.rstrip("/")
        classes = {
            one.tags[MOVE_TAG]
            for one in sets
            if one.store.rstrip("/") == here and one.replica_region is not None and MOVE_TAG in one.tags
        }
        target = arn_of(self.name, self._settings.region or "")
        found = self._merged = merge(self._seen.rules, wanted_rules(self._root, target, classes), self._root)
        now = f"{len(self._seen.rules)} rule{'' if len(self._seen.rules) == 1 else 's'}"
        if found.problem is not None:
            return Step("replication", now, unknown=found.problem)
        changes = [f"add: {rule_text(rule)}" for rule in found.added]
        changes += [f"change to: {rule_text(rule)}" for rule in found.changed]
        changes += [f"remove: {rule_text(rule)}" for rule in found.removed]
        if not changes and self._arn is not None and self._seen.role != self._arn:
            changes.append(f"have {self._role} replicate")
        stay = ", all of which stay" if changes and not found.removed else ""
        return Step("replication", f"{now}{stay}", tuple(changes), self._notes(changes))

    def _notes(self, changes: list[str]) -> tuple[str, ...]:
        if not changes:
            return ()
        notes = [
            "what is there already is not replicated, nor what is cold: `s3sync archive verify --replica` lists it"
        ]
        notes.append("no deletion is replicated: what is deleted here stays there")
        if str(self._settings.sse or "").startswith("aws:kms"):
            notes.append("objects under a KMS key are not replicated by these rules")
        return tuple(notes)

    # -- deeds

    def make_bucket(self) -> None:
        target = self._target
        if not target.bucket_exists():
            target.create_bucket()
        if not target.default_encryption():
            target.encrypt_by_default("AES256")
        if not target.blocks_public_access():
            target.block_public_access()
        if target.versioning_status() != "Enabled":
            target.set_versioning(enabled=True)

    def make_role(self) -> None:
        if self._arn is None:
            self._arn = self._roles.create_role(self._role, TRUST)
        self._roles.put_role_policy(self._role, policy_name(self._root), self.policies["role"])

    def write_rules(self) -> None:
        """Write the rules as they were shown, and read them back. Raises `LostRace`, `StoreError`."""
        assert self._merged is not None
        arn = self._arn or self._roles.role_arn(self._role)
        if arn is None:
            raise AccessDenied(
                "there is no role that may replicate",
                why=f"{self._role} was not made",
                hint="have somebody make it who may: `--json` has its two policies",
            )
        now = self._source.replication()
        if now.role != self._seen.role or not same_rules(now.rules, self._seen.rules):
            raise LostRace(
                f"did not set the replication of {self._store.url}",
                why="somebody changed it meanwhile",
                hint="run the command again, and look at the difference again",
            )
        self._source.put_replication(arn, self._merged.rules)
        if not same_rules(self._source.replication().rules, self._merged.rules):
            raise StoreError(
                f"the replication of {self._store.url} is not what was set",
                why="the store changed or dropped some of its rules, or somebody wrote at the same time",
                hint="look at it again: `s3sync setup bucket --replicate-to REGION --check-only`",
            )


def _rights_text(policy: Policy) -> Iterator[str]:
    for statement in policy["Statement"]:
        found: Mapping[str, Any] = statement
        yield f"{', '.join(found['Action'])} on {found['Resource']}"
