"""Requests of one store: the two lanes, trying again, and errors that say why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from s3sync.errors import StoreError
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import OF_GATEWAYS, Failure
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.requests import LaneRequests
from s3sync.store.options import StoreOptions
from s3sync.store.port import Part
from s3sync.store.s3.address import find_address
from s3sync.store.s3.advice import HEAD_REFUSED
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.errors import Target, translate
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.fast import FastLane
from s3sync.store.s3.full import FullLane

MD5_HEX = re.compile(r"[0-9a-f]{32}")


class Requests(LaneRequests):
    """Requests to one bucket."""

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self.env, self.wire = options.env, options.wire
        self.credentials = Credentials(options.profile, options.env)
        self.address = find_address(bucket, options, self.credentials.profile)
        self.fast = FastLane(self.address, self.credentials, options.env, options.wire)
        self.pace = options.pace
        self.full = FullLane(self.address, self.credentials, options.env, options.wire, options.pace)
        super().__init__(f"s3://{bucket}", prefix, self.fast, self.full)

    def key(self, key: str) -> str:
        """The whole key of an object. Raises `StoreError` for one that S3 cannot hold."""
        if not key or "\0" in key or len((self.root + key).encode("utf-8", "replace")) > 1024:
            raise StoreError(
                f"S3 cannot hold {key[:80]!r}",
                why="a key has 1 to 1,024 bytes, and no NUL",
                hint="rename the file or a folder above it, to a shorter name",
            )
        return self.root + key

    def ask(self, doing: str, key: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call of botocore on the bucket. Raises our errors: "could not <doing> <key>"."""

        def call() -> dict[str, Any]:
            answer: dict[str, Any] = getattr(self.full.client, operation)(Bucket=self.address.bucket, **arguments)
            return answer

        return self.on_full(doing, key, call)

    def error(self, failure: Failure, doing: str, key: str) -> StoreError:
        """Our error for a failure: "could not <doing> <key>"."""
        unsaid = failure.cause == "answer" and not failure.code and failure.status not in OF_GATEWAYS
        if unsaid and 400 <= failure.status < 500:
            failure = self._ask_why(failure, key)
        if failure.status == 301 and not failure.region:
            failure = self._ask_region(failure)
        lost = self.credentials.failure
        if lost is not None and failure.cause in ("other", "credentials"):
            return lost
        target = Target(self.url, self.address.bucket, self.address.shown, self.credentials.secrets, self.fast.proxy)
        return translate(failure, target, doing, key)

    def _ask_region(self, failure: Failure) -> Failure:
        """The right region is told in a header, which obstore does not show."""
        try:
            self.full.head_bucket()
        except Exception as error:  # noqa: BLE001 - whatever it is, the first failure was one already
            told = from_botocore(error)
            return replace(failure, region=told.region) if told.region else failure
        return failure

    def _ask_why(self, failure: Failure, key: str) -> Failure:
        """The answer to a HEAD has no body that could tell a missing bucket from a missing key: ask again with GET.

        Each time: a bucket that was there a moment ago may be gone, and then no key in it was deleted by anybody.
        """
        odd = self.fast.cannot(key)
        try:
            if odd:
                self.full.get(key, 0, 1, None)["Body"].close()
            else:
                self.fast.get(key, 0, 1, None)
            if failure.status in (403, 405):
                return replace(
                    failure, code=HEAD_REFUSED, message=f"HEAD is refused (status {failure.status}), not GET"
                )
        except RequestFailed as error:
            return error.failure
        except Exception as error:  # noqa: BLE001 - whatever it is, the first failure was one already
            told = from_botocore(error) if odd else from_obstore(error)
            if told.code or told.cause == "not_s3":
                return told
        return failure


def multipart_etag(parts: Sequence[Part]) -> str | None:
    """The ETag that S3 gives to a whole made of these parts; None when a part's ETag is not an MD5."""
    if not all(MD5_HEX.fullmatch(part.etag) for part in parts):
        return None
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(parts)}"
