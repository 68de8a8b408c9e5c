"""Links that work without credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from s3sync.errors import StoreError
from s3sync.store.aspects import Form, Link
from s3sync.store.lanes.links import attachment, seconds_of
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests

_R = TypeVar("_R")


class S3Presigns:
    """`aspects.Presigns` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def presign_get(
        self, key: str, *, lasts: timedelta, download_as: str | None = None, content_type: str | None = None
    ) -> Link:
        arguments = {"ResponseContentType": content_type} if content_type else {}
        if download_as is not None:
            arguments["ResponseContentDisposition"] = attachment(download_as)
        return self._link("get_object", key, lasts, arguments)

    def presign_put(self, key: str, *, lasts: timedelta) -> Link:
        return self._link("put_object", key, lasts, {})

    def presign_post(self, key: str, *, lasts: timedelta, most_bytes: int) -> Form:
        name, seconds = self._io.key(key), seconds_of(lasts)
        if "${filename}" in name:
            raise StoreError(f"could not make a form for {key!r}", why="S3 would put the file's name into it")
        limit = [["content-length-range", 0, most_bytes]]
        bucket = self._io.address.bucket
        made = self._make(name, lambda client: client.generate_presigned_post(bucket, name, None, limit, seconds))
        return Form(made["url"], made["fields"], key, self._expiry(seconds))

    def signed_form(
        self, key: str, fields: dict[str, str], conditions: list[Any], lasts: timedelta
    ) -> tuple[dict[str, Any], datetime]:
        """A form as botocore makes it, and its end. `key` is the whole key in the bucket."""
        seconds, bucket = seconds_of(lasts), self._io.address.bucket
        made = self._make(key, lambda client: client.generate_presigned_post(bucket, key, fields, conditions, seconds))
        return made, self._expiry(seconds)

    def _link(self, operation: str, key: str, lasts: timedelta, arguments: dict[str, Any]) -> Link:
        name, seconds = self._io.key(key), seconds_of(lasts)
        given = {"Bucket": self._io.address.bucket, "Key": name, **arguments}
        url = self._make(name, lambda client: client.generate_presigned_url(operation, given, seconds))
        return Link(url, self._expiry(seconds))

    def _make(self, name: str, call: Callable[[Any], _R]) -> _R:
        try:
            return call(self._io.full.client)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - what botocore raises without a request is of credentials
            raise self._io.error(from_botocore(error), "make a link to", name) from None

    def _expiry(self, seconds: int) -> datetime:
        """The end of the signature or of the session that signs, whichever comes first."""
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        session = self._io.credentials.expiry()
        return min(end, session) if session else end
