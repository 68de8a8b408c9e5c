"""Create a bucket, and set it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s3sync.errors import BucketMissing, StoreError
from s3sync.store.aspects import Rule
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.s3.bucket import LOCKS, UNSET
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.rewriting import refuse_unread

SMALLEST = "TransitionDefaultMinimumObjectSize"
"""Setting of a bucket beside its rules: which small objects they move."""
NO_LOCATION = "us-east-1"
"""The region that is asked for by naming none."""


class S3Administration:
    """`aspects.Administers` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def bucket_exists(self) -> bool:
        try:
            self._io.ask("look for", "", "list_objects_v2", MaxKeys=1)
        except BucketMissing:
            return False
        return True

    def create_bucket(self) -> None:
        region = self._io.address.region
        where = {} if region == NO_LOCATION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self._io.attempts("create").run(lambda: self._call("create_bucket", **where), from_botocore)
        except RequestFailed as error:
            failure = error.failure
            if failure.code == "BucketAlreadyOwnedByYou":
                return
            if failure.code != "BucketAlreadyExists":
                raise self._io.error(failure, "create", "") from None
            raise StoreError(
                f"could not create bucket {self._io.address.bucket}",
                why="somebody else has a bucket of this name",
                hint="choose another name: all customers of a store share one list of names",
            ) from None

    def lifecycle_rules(self) -> list[Rule]:
        return list(self._read("get_bucket_lifecycle_configuration", "read the lifecycle rules of").get("Rules", ()))

    def put_lifecycle_rules(self, rules: Sequence[Rule]) -> None:
        if rules:
            settings: dict[str, Any] = {"LifecycleConfiguration": {"Rules": list(rules)}}
            before = self._read("get_bucket_lifecycle_configuration", "read the lifecycle rules of")
            refuse_unread(before, "set the lifecycle rules of", self._io.address.bucket)
            if smallest := before.get(SMALLEST):
                settings[SMALLEST] = smallest  # S3 sets it back to its default where it is not said
            self._io.ask("set the lifecycle rules of", "", "put_bucket_lifecycle_configuration", **settings)
        else:
            self._io.ask("remove the lifecycle rules of", "", "delete_bucket_lifecycle")

    def cors_rules(self) -> list[Rule]:
        return list(self._read("get_bucket_cors", "read the CORS rules of").get("CORSRules", ()))

    def put_cors_rules(self, rules: Sequence[Rule]) -> None:
        if rules:
            before = self._read("get_bucket_cors", "read the CORS rules of")
            refuse_unread(before, "set the CORS rules of", self._io.address.bucket)
            self._io.ask("set the CORS rules of", "", "put_bucket_cors", CORSConfiguration={"CORSRules": list(rules)})
        else:
            self._io.ask("remove the CORS rules of", "", "delete_bucket_cors")

    def versioning_status(self) -> str | None:
        status = self._read("get_bucket_versioning", "read the versioning of").get("Status")
        return status if isinstance(status, str) else None

    def set_versioning(self, *, enabled: bool) -> None:
        status = {"Status": "Enabled" if enabled else "Suspended"}
        self._io.ask("set the versioning of", "", "put_bucket_versioning", VersioningConfiguration=status)

    def blocks_public_access(self) -> bool:
        answer = self._read("get_public_access_block", "read the public access block of")
        block = answer.get("PublicAccessBlockConfiguration", {})
        return all(block.get(name) for name in LOCKS)

    def block_public_access(self) -> None:
        block = dict.fromkeys(LOCKS, True)
        self._io.ask("block public access to", "", "put_public_access_block", PublicAccessBlockConfiguration=block)

    def default_encryption(self) -> str | None:
        answer = self._read("get_bucket_encryption", "read the encryption of")
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        chosen = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        found = chosen.get("SSEAlgorithm")
        return found if isinstance(found, str) else None

    def encrypt_by_default(self, algorithm: str, kms_key_id: str | None = None) -> None:
        chosen = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": kms_key_id} if kms_key_id else {})
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": chosen}]}
        self._io.ask("set the encryption of", "", "put_bucket_encryption", ServerSideEncryptionConfiguration=rules)

    def _read(self, operation: str, doing: str) -> dict[str, Any]:
        """A setting; nothing of one that nobody has set."""
        try:
            return self._io.attempts(doing).run(lambda: self._call(operation), from_botocore)
        except RequestFailed as error:
            if error.failure.code in UNSET:
                return {}
            raise self._io.error(error.failure, doing, "") from None

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._io.full.client, operation)(Bucket=self._io.address.bucket, **arguments)
        return answer
