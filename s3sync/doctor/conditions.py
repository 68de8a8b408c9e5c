"""Conditional writes: accepted is not enforced, so each kind is tried with a condition that does not hold."""

from __future__ import annotations

from s3sync.doctor.report import Check, ok, skipped, warn
from s3sync.errors import S3syncError
from s3sync.store import Store
from s3sync.store.probe import Condition, Honours, check_condition

_PREFIX = "conditional_"
NAMES = tuple(f"{_PREFIX}{condition.value}" for condition in Condition)

_REQUESTS = {
    Condition.CREATE: "PUT with If-None-Match: *",
    Condition.REPLACE: "PUT with If-Match",
    Condition.DELETE: "DELETE with If-Match",
    Condition.COMPLETE: "CompleteMultipartUpload with If-None-Match: * and If-Match",
    Condition.COPY: "CopyObject with the source's If-Match",
}
_LOOKS_FIRST = (
    "s3sync looks at the object before each such request instead; two people who write at the same moment "
    "are not protected from each other: turn on the bucket's versioning, or use another store"
)

_NO_CONDITIONS = (
    "s3sync looks at the file before each write instead; two people who write at the same moment are not protected "
    "from each other: agree on who writes, or use a bucket (docs/stores/rclone.md)"
)


def checks(store: Store, own: str, missing: str | None) -> list[Check]:
    """A check for each kind, tried below the scratch prefix `own`; `missing` is the right without which none can be."""
    if missing:
        return [skipped(name, f"needs {missing}") for name in NAMES]
    return [_check(store, condition, f"{own}{condition.value}") for condition in Condition]


def _check(store: Store, condition: Condition, key: str) -> Check:
    name, request = f"{_PREFIX}{condition.value}", _REQUESTS[condition]
    if condition is Condition.COMPLETE and not store.capabilities.multipart:
        return skipped(name, "this store has no uploads in parts")
    if not store.capabilities.conditional_writes:
        return warn(name, "not enforced: the store's provider takes no conditions", _NO_CONDITIONS)
    try:
        answer = check_condition(store, condition, key)
    except S3syncError as error:
        return warn(name, f"could not be tried: {error}", error.hint)
    if answer is Honours.ENFORCED:
        return ok(name, f"enforced: {request}")
    told = "accepted and ignored" if answer is Honours.IGNORED else "refused, so that it cannot be used"
    return warn(name, f"{told}: {request}", _LOOKS_FIRST)
