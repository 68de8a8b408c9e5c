"""Setup of the bucket: encryption, public access, lifecycle, versions, locks, speed. Its owner's affair: advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3sync.core.quantities import counted
from s3sync.doctor.report import Check, fail, failed_by, ok, skipped, warn
from s3sync.errors import S3syncError
from s3sync.store import Bucket
from s3sync.store.port import Silence

NAMES = ("encryption", "public_access", "lifecycle", "versioning", "object_lock", "acceleration")
_ABORT = "add a lifecycle rule with AbortIncompleteMultipartUpload: docs/iam-policy.md has one"
_BLOCK = "turn on the bucket's public access block: docs/iam-policy.md has the command"
_COLD = ("GLACIER", "DEEP_ARCHIVE")


def checks(bucket: Bucket | None, prefix: str, *, accelerated: bool = False) -> list[Check]:
    """Checks of the bucket, for the project below `prefix`. `accelerated`: the settings ask for acceleration."""
    if bucket is None:
        return [skipped(name, "this store has no such setting") for name in NAMES]
    made: tuple[Callable[[], Check], ...] = (
        lambda: _encryption(bucket),
        lambda: _public_access(bucket),
        lambda: _lifecycle(bucket, prefix),
        lambda: _versioning(bucket, prefix),
        lambda: _object_lock(bucket),
        lambda: _acceleration(bucket, accelerated),
    )
    return [_try(name, check) for name, check in zip(NAMES, made, strict=True)]


def _try(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except S3syncError as error:
        return failed_by(name, error)


def _unknown(name: str, silence: Silence) -> Check:
    if silence.allowed:
        return skipped(name, f"this store does not say ({silence.why})")
    return skipped(name, f"you have no right to ask ({silence.why}); members need none")


def _encryption(bucket: Bucket) -> Check:
    found = bucket.encryption()
    if isinstance(found, Silence):
        return _unknown("encryption", found)
    if found is None:
        return warn(
            "encryption", "the bucket has no default encryption", "switch on SSE-S3: aws s3api put-bucket-encryption"
        )
    return ok("encryption", found)


def _public_access(bucket: Bucket) -> Check:
    """What is open to everybody fails. A block that is not closed is a warning: nothing need be open behind it."""
    name = "public_access"
    blocked, policy, acl = bucket.public_access_blocked(), bucket.policy_is_public(), bucket.acl_is_public()
    if blocked is True:
        return ok(name, "blocked")
    open_by = [what for what, answer in (("bucket policy", policy), ("ACL", acl)) if answer is True]
    if open_by:
        return fail(name, f"everybody can get at the bucket, by its {' and '.join(open_by)}", _BLOCK)
    answers = {"block": blocked, "policy": policy, "ACL": acl}
    unknown = {what: answer for what, answer in answers.items() if isinstance(answer, Silence)}
    if len(unknown) == len(answers):
        return _unknown(name, next(iter(unknown.values())))
    if blocked is False:
        return warn(name, "the public access block is not on (nothing is open now, as far as can be told)", _BLOCK)
    known = " and ".join(what for what in answers if what not in unknown)
    return ok(name, f"not open by its {known}; whether it is blocked, this store does not say")


def _lifecycle(bucket: Bucket, prefix: str) -> Check:
    rules = bucket.lifecycle(prefix)
    if isinstance(rules, Silence):
        return _unknown("lifecycle", rules)
    days = [rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation") for rule in rules if _aborts(rule)]
    dangers = [danger for rule in rules if (danger := _danger(rule))]
    if dangers:
        return warn("lifecycle", f"a rule {dangers[0]}", "limit the rule to other prefixes, or take it out")
    if not days:
        return warn("lifecycle", "no rule ends interrupted uploads, and their parts are paid for", _ABORT)
    return ok("lifecycle", f"interrupted uploads end after {min(days)} days")


def _aborts(rule: Mapping[str, Any]) -> bool:
    return "AbortIncompleteMultipartUpload" in rule


def _danger(rule: Mapping[str, Any]) -> str | None:
    """What a rule that holds for the whole project does to its files."""
    if {"Days", "Date"} & set(rule.get("Expiration", {})):
        return "deletes the project's files when they are old"
    if any(step.get("StorageClass") in _COLD for step in rule.get("Transitions", ())):
        return "moves the project's files to cold storage, where they cannot be downloaded"
    return None


def _versioning(bucket: Bucket, prefix: str) -> Check:
    found = bucket.versioning()
    if isinstance(found, Silence):
        return _unknown("versioning", found)
    if found == "Enabled":
        rules = bucket.lifecycle(prefix)
        if isinstance(rules, Silence) or any("NoncurrentVersionExpiration" in rule for rule in rules):
            return ok("versioning", "on: old versions can be restored, and are paid for until a rule expires them")
        return ok(
            "versioning",
            "on: old versions can be restored, and are paid for; a lifecycle rule with NoncurrentVersionExpiration "
            "would end that, and `s3sync cleanup --versions` does for one project",
        )
    return ok("versioning", "off: what `up` replaces is gone for good")


def _object_lock(bucket: Bucket) -> Check:
    name, found = "object_lock", bucket.object_lock()
    if isinstance(found, Silence):
        return _unknown(name, found)
    if isinstance(found, bool):
        return ok(name, "on, and keeps only what somebody locks" if found else "off")
    return ok(
        name,
        f"on ({found.mode}): each version, also of metadata.json, is kept and paid for during "
        f"{counted(found.days, 'day')}, whoever deletes it; `s3sync cleanup --versions` frees its room only then",
    )


def _acceleration(bucket: Bucket, asked_for: bool) -> Check:
    name, found = "acceleration", bucket.acceleration()
    if isinstance(found, Silence):
        return _unknown(name, found)
    if asked_for and not found:
        hint = "take `accelerate` out of the settings, or switch it on in the bucket"
        return warn(name, "the settings ask for it, and the bucket does not have it", hint)
    if asked_for:
        return ok(name, "in use: AWS bills it per GB, besides the traffic")
    if found:
        return ok(name, "the bucket has it: `s3sync config set accelerate true` uses it, billed per GB; for far lines")
    return ok(name, "off")
