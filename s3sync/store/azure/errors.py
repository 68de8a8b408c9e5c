"""From a failed request to one of our errors, for Azure: the tables, and the one function that uses them."""

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

# https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and common-rest-api-error-codes
BY_CODE: dict[str, type[StoreError]] = {
    "BlobNotFound": NotFound,
    "ResourceNotFound": BucketMissing,
    "CannotVerifyCopySource": NotFound,
    "ContainerNotFound": BucketMissing,
    "ContainerBeingDeleted": BucketMissing,
    "ContainerDisabled": BucketMissing,
    "ConditionNotMet": PreconditionFailed,
    "TargetConditionNotMet": PreconditionFailed,
    "SourceConditionNotMet": PreconditionFailed,
    "BlobAlreadyExists": PreconditionFailed,
    "UnauthorizedBlobOverwrite": PreconditionFailed,
    "InvalidBlockList": NotFound,
    "BlobArchived": Archived,
    "BlobBeingRehydrated": Archived,
    "CopyAcrossAccountsNotSupported": Unsupported,
    "AuthenticationFailed": CredentialsError,
    "AuthorizationFailure": CredentialsError,
    "InvalidAuthenticationInfo": CredentialsError,
    "NoAuthenticationInformation": CredentialsError,
    "KeyBasedAuthenticationNotPermitted": CredentialsError,
    "AuthorizationPermissionMismatch": AccessDenied,
    "AuthorizationProtocolMismatch": AccessDenied,
    "AuthorizationResourceTypeMismatch": AccessDenied,
    "AuthorizationServiceMismatch": AccessDenied,
    "AuthorizationSourceIPMismatch": AccessDenied,
    "InsufficientAccountPermissions": AccessDenied,
    "PublicAccessNotPermitted": AccessDenied,
    "AccountIsDisabled": AccessDenied,
    "BlobImmutableDueToPolicy": AccessDenied,
    "BlobImmutableDueToLegalHold": AccessDenied,
    "LeaseIdMissing": AccessDenied,
    "SnapshotsPresent": AccessDenied,
    "Md5Mismatch": ChecksumMismatch,
    "Crc64Mismatch": ChecksumMismatch,
    "InvalidMd5": ChecksumMismatch,
    "ServerBusy": Throttled,
    "InternalError": Unreachable,
    "OperationTimedOut": Unreachable,
    "FeatureNotEnabled": Unsupported,
    "UnsupportedHeader": Unsupported,
    "APINotImplemented": Unsupported,
    "InvalidBlobTier": Unsupported,
    "BlobAccessTierNotSupportedForAccountType": Unsupported,
}

HINTS: dict[type[StoreError], str] = {
    BucketMissing: "check the container's name in the store URL, or make it: az storage container create",
    AccessDenied: "ask the account's owner for the role Storage Blob Data Contributor, or a signature with more rights",
    CredentialsError: "set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or run `az login` (docs/stores/azure.md)",
    ClockSkewed: "set this computer's clock: the store refuses a difference of more than 15 minutes",
    Unreachable: "check the network, the account's name, and endpoint_url if one is set; what was done so far is kept",
    Throttled: "try again later, or use fewer transfers at once",
    NotAStore: "check the account's name, and endpoint_url: it must be the blob service itself",
    Archived: "thaw it first",
    ChecksumMismatch: "try again; if it comes back, memory, disk or a proxy damages data",
}
_BY_CODE_HINTS = {
    "LeaseIdMissing": "somebody holds a lease on it: break it in the portal, or `az storage blob lease break`",
    "SnapshotsPresent": "it has snapshots, which s3sync leaves alone: delete them in the portal if nobody needs them",
    "BlobImmutableDueToPolicy": "the container keeps its files from being changed for a time (immutability policy)",
    "BlobImmutableDueToLegalHold": "the container is under legal hold: ask the account's owner",
    "InvalidBlobOrBlock": "another program has an unfinished upload of this file; it ends by itself within a week",
    "KeyBasedAuthenticationNotPermitted": "the account takes no keys: run `az login`, and unset AZURE_STORAGE_KEY",
    "BlobBeingRehydrated": "it is being thawed, which takes up to 15 hours: try again later",
}
_SECRETS = (
    r"(?:\bsig|\bse|\bskoid|\bsktid)=[^&\s\"'<>]*|SharedKey [^\s\"'<>]+|Bearer [^\s\"'<>]+|\?[^\s\"'<>]*=[^\s\"'<>]*"
)
"""Compiled when it is first used: no start waits for it."""
_OF_REQUESTS = re.compile(r"(?:\s|\\n)*(?:RequestId|Time|ErrorCode|Content):.*", re.DOTALL)


def error_class(failure: Failure) -> type[StoreError]:
    """The class of our error for a failure, by its cause, Azure's code, or the HTTP status."""
    if failure.cause == "answer" and failure.status == 304:  # the code says no more than that a condition was not met
        return Unchanged
    if failure.cause == "answer" and failure.status in REDIRECTS:
        return NotAStore
    if failure.code == "AuthenticationFailed" and "date header" in failure.message.lower():
        return ClockSkewed
    if failure.status == 400 and "md5" in failure.message.lower():  # emulators have no code for it
        return ChecksumMismatch
    return class_of(failure, BY_CODE)


class Target(Struct, frozen=True):
    """Target of a request, for messages. `root` is the address of the container: `az://account/container`."""

    url: str
    root: str
    account: str
    container: str
    endpoint: str
    secrets: tuple[str, ...] = ()
    proxy: Proxy | None = None

    def scrub(self, text: str) -> str:
        """The text in one line, without keys, signatures, tokens and query strings."""
        text = _OF_REQUESTS.sub("", text)
        for secret in self.secrets:
            if len(secret) >= 8:
                text = text.replace(secret, "***")
        return " ".join(re.sub(_SECRETS, "***", text).split())


def translate(failure: Failure, target: Target, doing: str, key: str | None = None) -> StoreError:
    """Our error for a failure. `doing` completes "could not ...", e.g. "read"; `key` is the blob's whole name."""
    kind = error_class(failure)
    named = f"{target.root}/{key}" if key else target.url
    why = target.scrub(failure.message) or (f"HTTP status {failure.status}" if failure.status else None)
    hint = HINT if failure.cause == "dripping" else _BY_CODE_HINTS.get(failure.code) or HINTS.get(kind)
    if kind is BucketMissing:
        named, why = target.url, f"there is no container {target.container} in the account {target.account}"
        if failure.code == "ResourceNotFound":
            why = f"there is no account {target.account} at {target.endpoint}"
            hint = "check the account's name in the store's address"
    elif kind is NotFound:
        return NotFound(f"{named} is not there", why=why if failure.code == "InvalidBlockList" else None)
    elif kind is PreconditionFailed:
        return PreconditionFailed(f"{named} is not the version that was expected")
    elif kind is Unchanged:
        return Unchanged(f"{named} is still the version that is known")
    elif kind is Unreachable:
        fails = "fails" if failure.status >= 500 else "does not answer"
        why = f"{target.endpoint} {fails}" + (f" ({why})" if why else "")
        if _is_unknown_host(failure):
            why = f"there is no account {target.account}: the name {target.endpoint} does not resolve"
        if target.proxy:
            why += f", asked through the proxy {target.proxy.shown}"
    elif failure.cause == "truncated":
        why = "its answer ended too early" + (f" ({why})" if why else "")
    elif kind is Archived:
        why = "it is archived, and an archived file cannot be read"
    elif kind is NotAStore:
        why = f"{target.endpoint} answers, but not as Azure's blob service does" + UNLIKE.get(failure.cause, "")
    return kind(f"could not {doing} {named}", why=why, hint=hint)


def _is_unknown_host(failure: Failure) -> bool:
    told = failure.message.lower()
    return failure.cause == "connect" and any(
        text in told for text in ("dns error", "name or service", "getaddrinfo", "failed to resolve", "no address")
    )
