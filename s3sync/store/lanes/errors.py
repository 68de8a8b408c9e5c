"""Kind of error that a failed request is, and how long it is worth trying again: what all vendors agree about.

A vendor's own codes are its own table, which it gives to `error_class`.
"""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.errors import (
    AccessDenied,
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
from s3sync.store.lanes.failures import Cause, Failure

BY_STATUS: dict[int, type[StoreError]] = {
    304: Unchanged,
    401: CredentialsError,
    403: AccessDenied,
    404: NotFound,
    407: Unreachable,
    408: Unreachable,
    409: PreconditionFailed,
    412: PreconditionFailed,
    429: Throttled,
    500: Unreachable,
    501: Unsupported,
    502: Unreachable,
    503: Throttled,
    504: Unreachable,
}
BY_CAUSE: dict[Cause, type[StoreError]] = {
    "connect": Unreachable,
    "broken": Unreachable,
    "truncated": ChecksumMismatch,
    "not_s3": NotAStore,
    "redirected": NotAStore,
    "endless": NotAStore,
    "unending": NotAStore,
    "dripping": StoreError,
    "no_range": Unsupported,
    "credentials": CredentialsError,
    "odd_key": StoreError,
    "odd_header": StoreError,
    "other": StoreError,
}
UNLIKE: dict[Cause, str] = {
    "endless": ": its listing never ends",
    "unending": ": its answer does not end",
    "redirected": ": it sends the request on to another server, which s3sync does not follow",
}
"""End of the reason "answers, but not as such a store does", where the answer tells more."""
GATEWAYS = range(520, 528)
"""Statuses of a gateway (Cloudflare's, before R2 and others) when the store behind it does not answer."""
REDIRECTS = (302, 303, 305, 307, 308)

# How long (seconds) it is worth trying again, by what went wrong. What is not listed is final at once.
PATIENCE_BY_CAUSE: dict[Cause, float] = {"connect": 12, "broken": 60, "truncated": 12}
PATIENCE_BY_STATUS: dict[int, float] = {408: 60, 429: 90, 500: 60, 502: 60, 503: 90, 504: 60}
PATIENCE_BY_CODE: dict[str, float] = {
    "RequestTimeout": 60,
    "SlowDown": 90,
    "Throttling": 90,
    "InternalError": 60,
    "BadDigest": 1,
    "XAmzContentChecksumMismatch": 1,
    "IncompleteBody": 1,
}


def patience(failure: Failure) -> float:
    """For how many seconds after its first failure a request that failed like this may be tried again."""
    if failure.cause != "answer":
        return PATIENCE_BY_CAUSE.get(failure.cause, 0)
    by_status = PATIENCE_BY_STATUS.get(failure.status, 60 if failure.status in GATEWAYS else 0)
    return PATIENCE_BY_CODE.get(failure.code, by_status)


def error_class(failure: Failure, by_code: Mapping[str, type[StoreError]]) -> type[StoreError]:
    """The first table that knows it decides: cause, the vendor's code, HTTP status."""
    if failure.cause != "answer":
        return BY_CAUSE[failure.cause]
    by_status = BY_STATUS.get(failure.status, Unreachable if failure.status in GATEWAYS else StoreError)
    return by_code.get(failure.code, by_status)
