"""Hints for refusals that their status does not explain: a full store, a closed account, a kept object, a proxy.

Codes are those of AWS, Wasabi, MinIO, Ceph, OSS and others; words are for stores that say it in the message alone.
"""

from __future__ import annotations

from s3sync.store.lanes.failures import Failure

HEAD_REFUSED = "HeadRefused"
"""A code of ours: the store answers to GET, and refuses HEAD for the same key."""

_FULL = "make room in the store, or have its quota raised; nothing here was changed"
_ACCOUNT = "settle it with the provider of the store: the account is closed or not paid for"
_KEPT = "the bucket keeps objects for a time (Object Lock, retention); ask its owner, or wait until that is over"
_NOT_ACCELERATED = (
    "take `accelerate` out of the settings, or have the bucket's owner switch it on: aws s3api "
    "put-bucket-accelerate-configuration --bucket NAME --accelerate-configuration Status=Enabled"
)
_HOST = "set `addressing: virtual`: this store wants the bucket's name in the host"
_TOO_LARGE = "what stands between here and the store limits the size of a request; raise its limit to 64 MiB or more"

_BY_CODE = {
    "QuotaExceeded": _FULL,
    "QuotaExceededException": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "InsufficientStorage": _FULL,
    "StorageQuotaExceeded": _FULL,
    "AccountDisabled": _ACCOUNT,
    "AccountProblem": _ACCOUNT,
    "AllAccessDisabled": _ACCOUNT,
    "UserDisable": _ACCOUNT,
    "UserSuspended": _ACCOUNT,
    "ObjectLocked": _KEPT,
    "FileImmutable": _KEPT,
    "SecondLevelDomainForbidden": _HOST,
    HEAD_REFUSED: "what stands between here and the store lets GET through, and not HEAD: allow both",
}
_PROXY = "give the proxy its user name and password: http://USER:PASSWORD@HOST:PORT, special characters as %40"
_BY_STATUS = {407: _PROXY, 413: _TOO_LARGE, 507: _FULL}
_WRITES = (
    "ask the bucket's owner to allow s3:PutObject; if its policy demands encryption or an ACL, set `sse`, `kms_key_id` "
    "or `acl` (docs/configuration.md)"
)
_BY_WORDS = (
    ("to perform: s3:putobject ", _WRITES),
    ("quota exceeded", _FULL),
    ("cap exceeded", _FULL),
    ("storage full", _FULL),
    ("transfer acceleration is", _NOT_ACCELERATED),
    ("object lock", _KEPT),
    ("worm protected", _KEPT),
    ("retention", _KEPT),
)

_BY_REASON = (
    (
        "TLS certificate",
        "if the server, or a proxy before it, is your own, name its authority: s3sync config set ca_bundle FILE",
    ),
    ("not speak TLS", "if the server has none, begin endpoint_url with http://"),
)
"""By the reason that was read from an exception."""


def advice(failure: Failure) -> str | None:
    """None where nothing more is known than what the kind of error says."""
    if failure.cause != "answer":
        return next((hint for words, hint in _BY_REASON if words in failure.message), None)
    told = failure.message.lower()
    by_words = next((hint for words, hint in _BY_WORDS if words in told), None) if failure.status >= 400 else None
    return _BY_CODE.get(failure.code) or _BY_STATUS.get(failure.status) or by_words
