"""Settings of a bucket: for `doctor` alone, so it asks in whole bucket calls and only through botocore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.port import Retention, Silence
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.full import date_of
from s3sync.store.s3.requests import Requests

# The answers that mean "nobody has set it", which S3 gives as errors.
UNSET = frozenset(
    {
        "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchCORSConfiguration",
        "ObjectLockConfigurationNotFoundError",
    }
)
LOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""Settings of the public access block."""
_EVERYBODY = ("groups/global/AllUsers", "groups/global/AuthenticatedUsers")


class S3Bucket:
    """A `port.Bucket`."""

    def __init__(self, io: Requests) -> None:
        self._io, self._root = io, io.root
        self.store_time: datetime | None = None

    def first_contact(self, prefix: str) -> None:
        try:
            self._call("list_objects_v2", Prefix=self._root + prefix, MaxKeys=1)
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", self._root + prefix) from None

    def encryption(self) -> str | Silence | None:
        answer = self._setting("get_bucket_encryption")
        if not isinstance(answer, dict):
            return answer
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        chosen = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        key = chosen.get("KMSMasterKeyID")
        return f"{chosen['SSEAlgorithm']}, key {key}" if key else chosen.get("SSEAlgorithm")

    def public_access_blocked(self) -> bool | Silence:
        answer = self._setting("get_public_access_block")
        if not isinstance(answer, dict):
            return False if answer is None else answer
        block = answer.get("PublicAccessBlockConfiguration", {})
        return all(block.get(name) for name in LOCKS)

    def policy_is_public(self) -> bool | Silence:
        answer = self._setting("get_bucket_policy_status")
        if not isinstance(answer, dict):
            return False if answer is None else answer
        return bool(answer.get("PolicyStatus", {}).get("IsPublic"))

    def acl_is_public(self) -> bool | Silence:
        answer = self._setting("get_bucket_acl")
        if not isinstance(answer, dict):
            return False if answer is None else answer
        grantees = [grant.get("Grantee", {}).get("URI", "") for grant in answer.get("Grants", ())]
        return any(uri.endswith(_EVERYBODY) for uri in grantees)

    def lifecycle(self, prefix: str) -> list[Mapping[str, Any]] | Silence:
        """The enabled rules that hold for every key below the prefix."""
        answer = self._setting("get_bucket_lifecycle_configuration")
        if not isinstance(answer, dict):
            return [] if answer is None else answer
        rules = [rule for rule in answer.get("Rules", ()) if rule.get("Status") == "Enabled"]
        return [rule for rule in rules if (self._root + prefix).startswith(_prefix_of(rule))]

    def versioning(self) -> str | Silence | None:
        answer = self._setting("get_bucket_versioning")
        return answer.get("Status") if isinstance(answer, dict) else answer

    def object_lock(self) -> Retention | bool | Silence:
        answer = self._setting("get_object_lock_configuration")
        if not isinstance(answer, dict):
            return False if answer is None else answer
        found = answer.get("ObjectLockConfiguration", {})
        rule = found.get("Rule", {}).get("DefaultRetention", {})
        days = rule.get("Days") or 365 * rule.get("Years", 0)
        return Retention(str(rule.get("Mode")), days) if days else found.get("ObjectLockEnabled") == "Enabled"

    def acceleration(self) -> bool | Silence:
        answer = self._setting("get_bucket_accelerate_configuration")
        return answer.get("Status") == "Enabled" if isinstance(answer, dict) else answer or False

    def _setting(self, operation: str) -> dict[str, Any] | Silence | None:
        """The answer, None where nobody set anything, or why the store does not say. Raises `StoreError`."""
        try:
            return self._call(operation)
        except RequestFailed as error:
            failure = error.failure
        if failure.code in UNSET:
            return None
        if failure.cause == "answer" and failure.status in (401, 403):
            return Silence(_RIGHTS[operation], allowed=False)
        if (failure.cause == "answer" and 400 <= failure.status < 500) or failure.status == 501:
            return Silence(failure.code or f"HTTP status {failure.status}", allowed=True)
        if failure.cause == "not_s3":
            return Silence("its answer is not S3's", allowed=True)
        raise self._io.error(failure, "ask about", "")

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call; what the answer says of the time is kept, also when it is a refusal. Raises `RequestFailed`."""
        client, bucket = self._io.full.client, self._io.address.bucket

        def call() -> dict[str, Any]:
            try:
                answer: dict[str, Any] = getattr(client, operation)(Bucket=bucket, **arguments)
            except Exception as error:
                self._note_time(getattr(error, "response", None))
                raise
            self._note_time(answer)
            return answer

        return self._io.attempts("answer").run(call, from_botocore)

    def _note_time(self, answer: object) -> None:
        self.store_time = date_of(answer) or self.store_time


_RIGHTS = {
    "get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "get_bucket_policy_status": "s3:GetBucketPolicyStatus",
    "get_bucket_acl": "s3:GetBucketAcl",
    "get_bucket_lifecycle_configuration": "s3:GetLifecycleConfiguration",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "get_bucket_accelerate_configuration": "s3:GetAccelerateConfiguration",
}


def _prefix_of(rule: Mapping[str, Any]) -> str:
    """What keys must begin with for a lifecycle rule; of one that also asks for tags or sizes, nothing begins so."""
    chosen = rule.get("Filter", {})
    if set(chosen) - {"Prefix"}:
        return "\0"
    return str(chosen.get("Prefix") or rule.get("Prefix") or "")
