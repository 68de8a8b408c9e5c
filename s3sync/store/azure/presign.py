"""Links that work without credentials: shared access signatures of an account's key, made without a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from s3sync.errors import Unsupported
from s3sync.store.aspects import Form, Link
from s3sync.store.azure.requests import Requests
from s3sync.store.azure.signing import sign
from s3sync.store.lanes.links import attachment, seconds_of


class AzurePresigns:
    """`aspects.Presigns` of a container, for whoever has the account's key: no signature makes another one."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def presign_get(
        self, key: str, *, lasts: timedelta, download_as: str | None = None, content_type: str | None = None
    ) -> Link:
        more: dict[str, Any] = {"content_type": content_type} if content_type else {}
        if download_as is not None:
            more["content_disposition"] = attachment(download_as)
        name, seconds = self._io.key(key), seconds_of(lasts)
        signer = self._io.credentials.signer()
        if not signer.key:
            raise Unsupported(
                f"could not make a link to {self._io.container_url}/{name}",
                why=f"only an account's key can sign links, and you have {signer.words}",
                hint="set AZURE_STORAGE_KEY, or ask who has the key",
            )
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        query = sign(self._io.address, signer.key, name, expires, **more)
        return Link(f"{self._io.full.plain_url(name)}?{query}", expires)

    def presign_put(self, key: str, *, lasts: timedelta) -> Link:
        raise self._takes_none(key, "Azure takes a file by link only with a header of its own (x-ms-blob-type)")

    def presign_post(self, key: str, *, lasts: timedelta, most_bytes: int) -> Form:
        raise self._takes_none(key, "Azure takes no files from forms")

    def _takes_none(self, key: str, why: str) -> Unsupported:
        return Unsupported(
            f"could not make a link to put {key!r}", why=why, hint="receive files in a bucket on S3, or by the portal"
        )
