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
    Unchanged,
    Unreachable,
    Unsupported,
)
from s3sync.store.lanes.errors import REDIRECTS, UNLIKE
from s3sync.store.lanes.errors import error_class as class_of
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.least_rate import HINT
from s3sync.store.lanes.proxies import Proxy
from s3sync.store.s3.advice import advice

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

_RIGHTS = frozenset({
    "ListBucket", "GetObject", "PutObject", "DeleteObject", "PutObjectTagging", "GetObjectTagging", "RestoreObject",
    "GetLifecycleConfiguration", "PutLifecycleConfiguration", "AbortMultipartUpload", "ListMultipartUploadParts",
    "ListBucketMultipartUploads", "ListBucketVersions", "GetObjectVersion", "DeleteObjectVersion",
})  # fmt: skip
"""Rights that some command needs. A server may name any: another one is not recommended."""

_OF_THE_BUCKET = {
    "lifecycle rules": "LifecycleConfiguration",
    "CORS rules": "BucketCORS",
    "versioning": "BucketVersioning",
    "public access": "BucketPublicAccessBlock",
    "the encryption": "EncryptionConfiguration",
}
"""Ends of the names of rights, by what is asked about a bucket: the rights of members do not help there."""

_SECRETS = (
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|X-Amz-[A-Za-z-]+=[^&\s\"'<>]*"
    r"|(?:Signature|Credential)=[^,&\s\"'<>]*|\?[^\s\"'<>]*=[^\s\"'<>]*"
)
"""Compiled when it is first used: no start waits for it."""


def error_class(failure: Failure) -> type[StoreError]:
    """The class of our error for a failure, by its cause, S3's code, or the HTTP status."""
    if failure.cause == "answer" and failure.status in REDIRECTS and failure.code not in WRONG_REGION:
        return NotAStore
    return class_of(failure, BY_CODE)


SHORTEST_SECRET = 8
"""Keys of test servers are shorter (`test`), and hiding them would garble whole messages."""


class Target(Struct, frozen=True):
    """Target of a request, for messages."""

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
        return re.sub(_SECRETS, "***", text)


def translate(failure: Failure, target: Target, doing: str, key: str | None = None) -> StoreError:
    """Our error for a failure. `doing` completes "could not ...", e.g. "read"; `key` is the full key in the bucket."""
    kind = error_class(failure)
    named = f"s3://{target.bucket}/{key}" if key else target.url
    why = target.scrub(failure.message) or (f"HTTP status {failure.status}" if failure.status else None)
    hint = HINT if failure.cause == "dripping" else advice(failure) or HINTS.get(kind)
    if failure.code in WRONG_REGION or failure.status == 301:
        kind, why = StoreError, f"bucket {target.bucket} is in another region"
        hint = (
            f"set region: {target.scrub(failure.region)}" if failure.region else "set `region` to the bucket's region"
        )
    elif kind is BucketMissing:
        named, why = target.url, f"there is no bucket {target.bucket} at {target.endpoint}"
    elif kind is NotFound:
        return NotFound(f"{named} is not there", why=why if failure.code == "NoSuchUpload" else None)
    elif kind is PreconditionFailed:
        return PreconditionFailed(f"{named} is not the version that was expected")
    elif kind is Unchanged:
        return Unchanged(f"{named} is still the version that is known")
    elif kind is Unreachable:
        fails = "fails" if failure.status >= 500 else "does not answer"
        why = f"{target.endpoint} {fails}" + (f" ({why})" if why else "")
        if target.proxy:
            why += f", asked through the proxy {target.proxy.shown}"
            hint = (
                advice(failure)
                or f"check the proxy, which {target.proxy.variable} names; NO_PROXY lists the hosts to reach without it"
            )
    elif failure.cause == "truncated":
        why = "its answer ended too early" + (f" ({why})" if why else "")
    elif kind is AccessDenied and hint == HINTS[kind] and (right := _right_in(failure.message) or _right_for(doing)):
        hint = f"ask the bucket's owner to allow s3:{right}: docs/iam-policy.md has the rights of each command"
    elif kind is Archived:
        why = "it is in cold storage, and an archived object cannot be read"
    elif kind is NotAStore:
        why = f"{target.endpoint} answers, but not as S3 does"
        why += UNLIKE.get("redirected" if failure.status in REDIRECTS else failure.cause, "")
    return kind(f"could not {doing} {named}", why=why, hint=hint)


def _right_for(doing: str) -> str | None:
    """The right that a request about the bucket itself needs, where it is one."""
    found = next((right for about, right in _OF_THE_BUCKET.items() if about in doing), None)
    return None if found is None else f"{'Get' if doing.startswith('read ') else 'Put'}{found}"


def _right_in(message: str) -> str | None:
    """The right that a refusal says is missing, if it is one that we need."""
    found = re.search(r"\bs3:([A-Z][A-Za-z]{2,40})\b", message)
    return found[1] if found is not None and found[1] in _RIGHTS else None
