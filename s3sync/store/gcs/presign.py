"""Links that work without credentials: V4 signed URLs and policies, made without a request.

Source: https://cloud.google.com/storage/docs/access-control/signed-urls
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from s3sync.errors import StoreError, Unsupported
from s3sync.store.aspects import Form, Link
from s3sync.store.gcs.requests import Requests
from s3sync.store.lanes.links import attachment, seconds_of


class GcsPresigns:
    """`aspects.Presigns` of a bucket, for credentials that hold a key: a service account's, and no person's login."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def presign_get(
        self, key: str, *, lasts: timedelta, download_as: str | None = None, content_type: str | None = None
    ) -> Link:
        more = {"response_type": content_type} if content_type else {}
        if download_as is not None:
            more["response_disposition"] = attachment(download_as)
        return self._link(key, "GET", lasts, more)

    def presign_put(self, key: str, *, lasts: timedelta) -> Link:
        return self._link(key, "PUT", lasts, {})

    def presign_post(self, key: str, *, lasts: timedelta, most_bytes: int) -> Form:
        name, seconds = self._io.key(key), seconds_of(lasts)
        if "${filename}" in name:
            raise StoreError(f"could not make a form for {key!r}", why="the server would put the file's name into it")
        limit = [["content-length-range", 0, most_bytes]]
        client, bucket = self._client(), self._io.address.bucket
        made = self._make(
            lambda: client.generate_signed_post_policy_v4(
                bucket, name, timedelta(seconds=seconds), conditions=limit, credentials=self._signer()
            )
        )
        return Form(
            str(made["url"]), {str(name): str(value) for name, value in made["fields"].items()}, key, _end(seconds)
        )

    def _link(self, key: str, method: str, lasts: timedelta, more: dict[str, str]) -> Link:
        name, seconds, signer = self._io.key(key), seconds_of(lasts), self._signer()
        blob = self._client().bucket(self._io.address.bucket).blob(name)
        url = self._make(
            lambda: blob.generate_signed_url(
                version="v4", expiration=timedelta(seconds=seconds), method=method, credentials=signer, **more
            )
        )
        return Link(str(url), _end(seconds))

    def _client(self) -> Any:
        from google.cloud.storage import Client

        return Client(
            project="none", credentials=self._signer(), client_options={"api_endpoint": self._io.address.base}
        )

    def _signer(self) -> Any:
        """Credentials that can sign. Raises `Unsupported` for others."""
        from google.auth.credentials import Signing

        found = None if self._io.credentials.anonymous else self._io.credentials.found()
        if not isinstance(found, Signing):
            raise Unsupported(
                f"{self._io.url} makes no links with these credentials",
                why="a link is signed with a key, and a person's login has none",
                hint="sign in with a service account's key: s3sync config set credentials_path FILE",
            )
        return found

    def _make(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (ValueError, AttributeError, TypeError) as error:
            raise StoreError(f"could not make a link to {self._io.url}", why=type(error).__name__) from None


def _end(seconds: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
