"""Replication of a bucket to another region: its rules beside those of others, and the rights of its role.

Replication takes neither what was there before a rule, nor what is cold already. So an archive set with a replica sends
to STANDARD, with a tag; the rule of that tag names the class at the destination, and a lifecycle rule moves it at home.
S3 moves nothing whose replication is pending or failed. No deletion is replicated: the replica keeps what goes here.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from s3sync.core.archive.lifecycle import MOVE_TAG
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.policy import Policy, arn_of, literal

Rule: TypeAlias = Mapping[str, Any]
OURS = "s3sync-replica"
"""Beginning of the IDs of these rules."""
MOST_RULES = 1000
USUAL = "STANDARD"


def replica_name(bucket: str) -> str:
    """Name of the replica's bucket, where the settings name none. All customers share one list: it may be taken."""
    return f"{bucket[:55]}-replica"


def role_name(bucket: str) -> str:
    """Name of the role that replicates a bucket, of what IAM allows in a name."""
    return f"{OURS}-{re.sub('[^A-Za-z0-9_.-]', '-', bucket)}"[:64]


def as_replicated(chosen: ArchiveSet) -> ArchiveSet:
    """The set as it sends: to STANDARD with the tag of its class, where it has a replica and a class of its own."""
    if chosen.replica_region is None or chosen.storage_class == USUAL:
        return chosen
    return replace(chosen, storage_class=USUAL, tags={**chosen.tags, MOVE_TAG: chosen.storage_class})


def policy_name(root: str) -> str:
    """Name of the role's inline policy for one store: several in a bucket share its role."""
    return re.sub("[^A-Za-z0-9_.-]", "-", f"{OURS}-{root}".rstrip("-/"))[:128]


def wanted_rules(root: str, destination: str, classes: Iterable[str]) -> list[Rule]:
    """Rules for a store that begins at `root` in its bucket (empty, or ending in `/`), to the ARN of another bucket.

    One for everything, and before it one for each class that archives move to. Of rules that overlap, the one with the
    higher priority counts.
    """
    rules: list[Rule] = [_rule(OURS, root, {"Prefix": root}, {"Bucket": destination})]
    for name in sorted(set(classes)):
        tag = {"Key": MOVE_TAG, "Value": name}
        chosen = {"And": {"Prefix": root, "Tags": [tag]}} if root else {"Tag": tag}
        rules.append(_rule(f"{OURS}-{name.lower()}", root, chosen, {"Bucket": destination, "StorageClass": name}))
    return rules


def _rule(name: str, root: str, chosen: Mapping[str, Any], destination: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ID": f"{name}@{root}"[:255] if root else name,
        "Status": "Enabled",
        "Filter": chosen,
        "Destination": destination,
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }


class Merged(Struct, frozen=True):
    """Rules of a bucket as they are to be. `others` are those of other people, which stay as they are, with their role.

    `problem`: why they cannot stand together.
    """

    added: tuple[Rule, ...]
    changed: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    others: tuple[Rule, ...]
    rules: tuple[Rule, ...]
    problem: str | None = None

    @property
    def is_same(self) -> bool:
        return not (self.added or self.changed or self.removed)


def merge(present: Sequence[Rule], wanted: Sequence[Rule], root: str) -> Merged:
    """Put the wanted rules beside those of others. Ours for the same root that are wanted no longer go.

    Ours get priorities above those of others, each its own, as S3 demands: the ones that name a class the highest.
    """
    goal = {str(rule["ID"]): rule for rule in wanted}
    mine = {str(rule.get("ID")): rule for rule in present if is_ours(rule, root) or rule.get("ID") in goal}
    others = tuple(rule for rule in present if str(rule.get("ID")) not in mine)
    added = tuple(rule for name, rule in goal.items() if name not in mine)
    changed = tuple(rule for name, rule in goal.items() if name in mine and _plain(mine[name]) != _plain(rule))
    removed = tuple(rule for name, rule in mine.items() if name not in goal)
    first = max((int(rule.get("Priority") or 0) for rule in others), default=0) + 1
    ranked = tuple({**rule, "Priority": first + number} for number, rule in enumerate(goal.values()))
    problem = None
    if any("Filter" not in rule for rule in others):
        problem = "it has rules of the older form, without a Filter, and S3 takes no others beside them"
    elif len(others) + len(ranked) > MOST_RULES:
        problem = f"it would have more than {MOST_RULES} rules"
    return Merged(added, changed, removed, others, (*others, *reversed(ranked)), problem)


def is_ours(rule: Rule, root: str) -> bool:
    name, _, of = str(rule.get("ID", "")).partition("@")
    return name.startswith(OURS) and of == root


def same_rules(one: Sequence[Rule], other: Sequence[Rule]) -> bool:
    """True for the same rules in any order, whatever their priorities are."""
    return sorted(map(repr, map(_plain, one))) == sorted(map(repr, map(_plain, other)))


def _plain(rule: Rule) -> dict[str, Any]:
    """A rule in one form, however a store writes it back."""
    found: dict[str, Any] = _sorted({name: value for name, value in rule.items() if name != "Priority"})
    return found


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, (list, tuple)) else value


def rule_text(rule: Rule) -> str:
    """A rule in words: `s3sync-move=GLACIER below lab/ to lab-replica, in GLACIER there`."""
    chosen = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
    inner = chosen.get("And", chosen)
    tags = [*inner.get("Tags", ()), *([inner["Tag"]] if "Tag" in inner else [])]
    prefix, to = str(inner.get("Prefix") or ""), rule.get("Destination", {})
    what = " and ".join(f"{tag.get('Key')}={tag.get('Value')}" for tag in tags)
    where = f"below {prefix}" if prefix else "in the whole bucket" if not tags else ""
    there = f", in {to['StorageClass']} there" if to.get("StorageClass") else ""
    off = "" if rule.get("Status") == "Enabled" else " (off)"
    target = str(to.get("Bucket", "?")).rpartition(":")[2]
    return f"{' '.join(part for part in (what, where) if part)} to {target}{there}{off}"


TRUST: Policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
"""Policy that lets S3 take a role."""


def role_policy(bucket: str, root: str, destination: str, region: str = "") -> Policy:
    """Rights of the role: to read what lies below `root`, with its tags, and to write replicas. None to delete."""
    source, target = arn_of(bucket, region), arn_of(destination, region)
    below = f"/{literal(root)}*"

    def allow(sid: str, resource: str, *actions: str) -> dict[str, Any]:
        return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}

    reads = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("ReadTheRules", source, "s3:GetReplicationConfiguration", "s3:ListBucket"),
            allow("ReadWhatIsReplicated", f"{source}{below}", *reads),
            allow("WriteReplicas", f"{target}{below}", "s3:ReplicateObject", "s3:ReplicateTags"),
        ],
    }
