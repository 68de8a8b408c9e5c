"""From a failed request to one of our errors: the table of Google Cloud Storage, and the function that uses it."""

from __future__ import annotations

import re

from msgspec import Struct

from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    ChecksumMismatch,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    StoreError,
    Throttled,
    Unchanged,
    Unreachable,
    Unsupported,
)
from s3sync.store.lanes.errors import REDIRECTS, UNLIKE, error_class
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.least_rate import HINT
from s3sync.store.lanes.proxies import Proxy

WRONG_HASH = "wrongHash"
"""A word of ours: the server says only "invalid", and in its message that a hash does not match."""

# https://cloud.google.com/storage/docs/json_api/v1/status-codes, and the codes of the XML API, which obstore reads.
BY_CODE: dict[str, type[StoreError]] = {
    "conditionNotMet": PreconditionFailed,
    "Precondition Failed": PreconditionFailed,
    "PreconditionFailed": PreconditionFailed,
    "NoSuchBucket": BucketMissing,
    "NoSuchKey": NotFound,
    "authError": CredentialsError,
    "required": CredentialsError,
    "AccessDenied": AccessDenied,
    "accountDisabled": AccessDenied,
    "UserProjectAccountProblem": AccessDenied,
    "UserProjectMissing": AccessDenied,
    "retentionPolicyNotMet": AccessDenied,
    "objectUnderActiveHold": AccessDenied,
    "insufficientPermissions": AccessDenied,
    "rateLimitExceeded": Throttled,
    "userRateLimitExceeded": Throttled,
    "quotaExceeded": Throttled,
    "SlowDown": Throttled,
    "backendError": Unreachable,
    "internalError": Unreachable,
    "notImplemented": Unsupported,
    WRONG_HASH: ChecksumMismatch,
}

HINTS: dict[type[StoreError], str] = {
    BucketMissing: "check the bucket's name in the store's address, or make it: gcloud storage buckets create gs://BUCKET",
    AccessDenied: "ask the bucket's owner for the role roles/storage.objectUser (docs/stores/gcs.md)",
    CredentialsError: "run `gcloud auth application-default login`, or name a service account's key: "
    "s3sync config set credentials_path FILE",
    Unreachable: "check the network, and endpoint_url if one is set; what was done so far is kept",
    Throttled: "try again later, or use fewer transfers at once",
    NotAStore: "check endpoint_url: it must be the Cloud Storage API itself; without it, Google's is asked",
    ChecksumMismatch: "try again; if it comes back, memory, disk or a proxy damages data",
}
_BY_WORDS = (
    ("requester pays", "the bucket is one where the requester pays, which s3sync cannot do on Google Cloud"),
    ("user project", "the bucket is one where the requester pays, which s3sync cannot do on Google Cloud"),
    ("retention", "the bucket keeps objects for a time (retention policy); ask its owner, or wait until that is over"),
    ("hold", "the object is under a hold: ask the bucket's owner to release it"),
    ("billing", "settle it with Google: the bucket's project is closed or not paid for"),
)
_SECRETS = r"\bya29\.[\w.-]+|(?i:bearer) +\S+|X-Goog-[A-Za-z-]+=[^&\s\"'<>]*|\?[^\s\"'<>]*=[^\s\"'<>]*"


class Target(Struct, frozen=True):
    """Target of a request, for messages."""

    url: str
    bucket: str
    endpoint: str
    proxy: Proxy | None = None


def named_hash(failure: Failure) -> Failure:
    """A refusal of bytes that do not match the hash that was sent with them, by its name."""
    told = failure.message.lower()
    if failure.status == 400 and ("md5" in told or "crc32c" in told or "hash" in told):
        return Failure("answer", 400, WRONG_HASH, failure.message, failure.retried)
    return failure


def kind_of(failure: Failure) -> type[StoreError]:
    """The class of our error for a failure, by its cause, Google's word, or the HTTP status."""
    if failure.cause == "answer" and failure.status in REDIRECTS:
        return NotAStore
    return error_class(named_hash(failure), BY_CODE)


def translate(failure: Failure, target: Target, doing: str, key: str | None = None) -> StoreError:
    """Our error for a failure. `doing` completes "could not ...", e.g. "read"; `key` is the full key in the bucket."""
    kind = kind_of(failure)
    named = f"gs://{target.bucket}/{key}" if key else target.url
    why = re.sub(_SECRETS, "***", failure.message) or (f"HTTP status {failure.status}" if failure.status else None)
    hint = HINT if failure.cause == "dripping" else HINTS.get(kind)
    told = failure.message.lower()
    if kind is AccessDenied:
        hint = next((advice for words, advice in _BY_WORDS if words in told), hint)
    if kind is BucketMissing:
        named, why = target.url, f"there is no bucket {target.bucket} at {target.endpoint}"
    elif kind is NotFound:
        return NotFound(f"{named} is not there")
    elif kind is PreconditionFailed:
        return PreconditionFailed(f"{named} is not the version that was expected")
    elif kind is Unchanged:
        return Unchanged(f"{named} is still the version that is known")
    elif kind is Unreachable:
        fails = "fails" if failure.status >= 500 else "does not answer"
        why = f"{target.endpoint} {fails}" + (f" ({why})" if why else "")
        if target.proxy:
            why += f", asked through the proxy {target.proxy.shown}"
            hint = f"check the proxy, which {target.proxy.variable} names; NO_PROXY lists the hosts to reach without it"
    elif failure.cause == "truncated":
        why = "its answer ended too early" + (f" ({why})" if why else "")
    elif kind is NotAStore:
        why = f"{target.endpoint} answers, but not as Cloud Storage does" + UNLIKE.get(failure.cause, "")
    return kind(f"could not {doing} {named}", why=why, hint=hint)
