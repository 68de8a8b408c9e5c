"""Replication of a bucket, as S3 sets it.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.replicating import Replication
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.rewriting import refuse_unread

UNSET = "ReplicationConfigurationNotFoundError"


class S3Replication:
    """`replicating.Replicates` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def replication(self) -> Replication:
        found = self._read().get("ReplicationConfiguration") or {}
        return Replication(str(found.get("Role") or ""), tuple(found.get("Rules") or ()))

    def _read(self) -> dict[str, Any]:
        doing, bucket = "read the replication of", self._io.address.bucket
        try:
            answer: dict[str, Any] = self._io.attempts(doing).run(
                lambda: self._io.full.client.get_bucket_replication(Bucket=bucket), from_botocore
            )
        except RequestFailed as error:
            if error.failure.code == UNSET:
                return {}
            raise self._io.error(error.failure, doing, "") from None
        return answer

    def put_replication(self, role: str, rules: Sequence[Mapping[str, Any]]) -> None:
        if not rules:
            self._io.ask("remove the replication of", "", "delete_bucket_replication")
            return
        refuse_unread(self._read(), "set the replication of", self._io.address.bucket)
        settings = {"Role": role, "Rules": list(rules)}
        self._io.ask("set the replication of", "", "put_bucket_replication", ReplicationConfiguration=settings)

    def replication_of(self, key: str) -> str | None:
        name = self._io.key(key)
        told = self._io.ask("ask about", name, "head_object", Key=name).get("ReplicationStatus")
        return "COMPLETED" if told == "COMPLETE" else str(told) if told else None
