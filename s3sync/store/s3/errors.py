"""From a failed request to one of our errors: the tables, and the one function that uses them."""

from __future__ import annotations

import re

from msgspec import Struct

from s3sync.errors import (
    AccessDenied,
    Archived,
    BucketMissing,
    ChecksumMismatch,
    ClockSkewed,
    CredentialsError,
    NotAStore,
    NotFound,
    PreconditionFailed,
    StoreError,
    Throttled,
    Unreachable,
    Unsupported,
)
from s3sync.store.s3.advice import advice
from s3sync.store.s3.failures import Cause, Failure
from s3sync.store.s3.proxies import Proxy

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what compatible stores add.
BY_CODE: dict[str, type[StoreError]] = {
    "NoSuchKey": NotFound,
    "NoSuchUpload": NotFound,
    "NoSuchVersion": NotFound,
    "NoSuchBucket": BucketMissing,
    "PreconditionFailed": PreconditionFailed,
    "ConditionalRequestConflict": PreconditionFailed,
    "AccessDenied": AccessDenied,
    "AllAccessDisabled": AccessDenied,
    "AccountProblem": AccessDenied,
    "MethodNotAllowed": Unsupported,
    "InvalidAccessKeyId": CredentialsError,
    "SignatureDoesNotMatch": CredentialsError,
    "ExpiredToken": CredentialsError,
    "TokenRefreshRequired": CredentialsError,
    "InvalidToken": CredentialsError,
    "InvalidClientTokenId": CredentialsError,
    "UnrecognizedClientException": CredentialsError,
    "InvalidSecurity": CredentialsError,
    "NotSignedUp": CredentialsError,
    "CredentialsNotSupported": CredentialsError,
    "RequestTimeTooSkewed": ClockSkewed,
    "RequestExpired": ClockSkewed,
    "SlowDown": Throttled,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "RequestLimitExceeded": Throttled,
    "TooManyRequests": Throttled,
    "ServiceUnavailable": Throttled,
    "Busy": Throttled,
    "InternalError": Unreachable,
    "RequestTimeout": Unreachable,
    "InvalidObjectState": Archived,
    "ObjectNotInActiveTierError": Archived,
    "BadDigest": ChecksumMismatch,
    "InvalidDigest": ChecksumMismatch,
    "XAmzContentSHA256Mismatch": ChecksumMismatch,
    "XAmzContentChecksumMismatch": ChecksumMismatch,
    "IncompleteBody": ChecksumMismatch,
    "NotImplemented": Unsupported,
}
BY_STATUS: dict[int, type[StoreError]] = {
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
    "no_range": Unsupported,
    "credentials": CredentialsError,
    "odd_key": StoreError,
    "odd_header": StoreError,
    "other": StoreError,
}
GATEWAYS = range(520, 528)
"""What a gateway (Cloudflare's, before R2 and others) says when the store behind it does not answer."""
REDIRECTS = (302, 303, 305, 307, 308)
WRONG_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})

HINTS: dict[type[StoreError], str] = {
    BucketMissing: "check the bucket's name in the store URL, or create the bucket",
    AccessDenied: "ask the bucket's owner to allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject",
    CredentialsError: "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the AWS profile (`aws sso login`)",
    ClockSkewed: "set this computer's clock: the store refuses a difference of more than 15 minutes",
    Unreachable: "check the network, and endpoint_url if one is set; what was done so far is kept",
    Throttled: "try again later, or use fewer transfers at once",
    NotAStore: "check endpoint_url: it must be the S3 API itself, not its web page",
    Archived: "thaw it first",
    ChecksumMismatch: "try again; if it comes back, memory, disk or a proxy damages data",
}

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

_NOT_AS_S3: dict[Cause, str] = {
    "endless": ": its listing goes round and never ends",
    "unending": ": its answer does not end",
    "redirected": ": it sends the request on to another server, which s3sync does not follow",
}

_SECRETS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|X-Amz-[A-Za-z-]+=[^&\s\"'<>]*|(?:Signature|Credential)=[^,&\s\"'<>]*|\?[^\s\"'<>]*=[^\s\"'<>]*"
)


def patience(failure: Failure) -> float:
    """For how many seconds after its first failure a request that failed like this may be tried again."""
    if failure.cause != "answer":
        return PATIENCE_BY_CAUSE.get(failure.cause, 0)
    by_status = PATIENCE_BY_STATUS.get(failure.status, 60 if failure.status in GATEWAYS else 0)
    return PATIENCE_BY_CODE.get(failure.code, by_status)


def error_class(failure: Failure) -> type[StoreError]:
    """The first table that knows it decides: cause, S3 code, HTTP status."""
    if failure.cause != "answer":
        return BY_CAUSE[failure.cause]
    if failure.status in REDIRECTS and failure.code not in WRONG_REGION:
        return BY_CAUSE["redirected"]
    by_status = BY_STATUS.get(failure.status, Unreachable if failure.status in GATEWAYS else StoreError)
    return BY_CODE.get(failure.code, by_status)


SHORTEST_SECRET = 8
"""Keys of test servers are shorter (`test`), and hiding them would garble whole messages."""


class Place(Struct, frozen=True):
    """Where a request went, for messages."""

    url: str
    bucket: str
    endpoint: str
    secrets: tuple[str, ...] = ()
    proxy: Proxy | None = None

    def scrub(self, text: str) -> str:
        """The text without access keys, secrets, signatures and query strings."""
        for secret in self.secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return _SECRETS.sub("***", text)


def translate(failure: Failure, place: Place, doing: str, key: str | None = None) -> StoreError:
    """Our error for a failure. `doing` completes "could not ...", e.g. "read"; `key` is the full key in the bucket."""
    kind = error_class(failure)
    target = f"s3://{place.bucket}/{key}" if key else place.url
    why = place.scrub(failure.message) or (f"HTTP status {failure.status}" if failure.status else None)
    hint = advice(failure) or HINTS.get(kind)
    if failure.code in WRONG_REGION or failure.status == 301:
        kind, why = StoreError, f"bucket {place.bucket} is in another region"
        hint = f"set region: {place.scrub(failure.region)}" if failure.region else "set `region` to the bucket's region"
    elif kind is BucketMissing:
        target, why = place.url, f"there is no bucket {place.bucket} at {place.endpoint}"
    elif kind is NotFound:
        return NotFound(f"{target} is not there", why=why if failure.code == "NoSuchUpload" else None)
    elif kind is PreconditionFailed:
        return PreconditionFailed(f"{target} is not the version that was expected")
    elif kind is Unreachable:
        fails = "fails" if failure.status >= 500 else "does not answer"
        why = f"{place.endpoint} {fails}" + (f" ({why})" if why else "")
        if place.proxy:
            why += f", asked through the proxy {place.proxy.shown}"
            hint = (
                advice(failure)
                or f"check the proxy, which {place.proxy.variable} names; NO_PROXY lists the hosts to reach without it"
            )
    elif failure.cause == "truncated":
        why = "its answer ended too early" + (f" ({why})" if why else "")
    elif kind is Archived:
        why = "it is in cold storage, and an archived object cannot be read"
    elif kind is NotAStore:
        why = f"{place.endpoint} answers, but not as S3 does"
        why += _NOT_AS_S3.get("redirected" if failure.status in REDIRECTS else failure.cause, "")
    return kind(f"could not {doing} {target}", why=why, hint=hint)
