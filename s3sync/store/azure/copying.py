"""Copies inside an account, made by the server, and deletions."""

from __future__ import annotations

import time
from typing import Any

from msgspec.structs import replace

from s3sync.errors import NotFound, PreconditionFailed, StoreError
from s3sync.store.azure import names
from s3sync.store.azure.errors import error_class
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.full import matches
from s3sync.store.azure.reading import ReadableContainer
from s3sync.store.azure.words import require_tier
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import strip, type_of
from s3sync.store.port import Headers, Overwrite, WriteMode

MOST_WAIT_S = 3600.0


class WholeBlobs(ReadableContainer):
    """Copy Blob and Delete Blob. A copy has its source's type of content: another is set afterwards."""

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        require_tier(headers.storage_class if headers else None)
        origin, name = self._io.key(source), self._io.new_key(target)
        there = self._io.on_full("read", origin, lambda: self._full.head(origin))
        if strip(there.etag) != source_etag:
            raise PreconditionFailed(f"{self._io.container_url}/{origin} is not the version that was expected")
        asked = headers if headers is not None else self._headers_of(origin, there)
        attempts = self._io.attempts("copy")
        try:
            etag = attempts.run(lambda: self._copied(origin, name, source_etag, mode, asked), from_azure)
        except RequestFailed as error:
            if attempts.uncertain and not isinstance(mode, Overwrite):
                found = self._despite_copy(name, there, asked)
                if found:
                    return found
            raise self._io.error(error.failure, "copy to", name) from None
        return self._dressed(name, etag, there, asked)

    def _headers_of(self, name: str, there: Any) -> Headers:
        tags = self._io.on_full("read", name, lambda: self._full.blob(name).get_blob_tags()) if there.tag_count else {}
        return Headers(names.decode(there.metadata or {}), there.content_settings.content_type, tags=tags)

    def _copied(self, origin: str, name: str, etag: str, mode: WriteMode, headers: Headers) -> str:
        if self._io.credentials.signer().login is not None:
            return strip(self._full.copy_from_url(origin, name, etag, mode, headers)["etag"])
        answer = self._full.copy(origin, name, etag, mode, headers)
        if str(answer.get("copy_status")) == "success":
            return strip(answer["etag"])
        return self._waited(name, str(answer.get("copy_id")))

    def _waited(self, name: str, copy_id: str) -> str:
        """The ETag of a copy that the server makes in its own time, which in one account is seconds."""
        until, pause = time.monotonic() + MOST_WAIT_S, 0.1
        while time.monotonic() < until:
            there = self._full.head(name)
            if there.copy.id != copy_id:
                raise RequestFailed(Failure("answer", 412, "ConditionNotMet"))
            if there.copy.status == "success":
                return strip(there.etag)
            if there.copy.status != "pending":
                raise StoreError(f"could not copy to {self._io.container_url}/{name}", why="the server gave it up")
            time.sleep(pause)
            pause = min(5.0, pause * 2)
        raise StoreError(f"could not copy to {self._io.container_url}/{name}", why="the server does not finish it")

    def _despite_copy(self, name: str, source: Any, headers: Headers) -> str | None:
        """The ETag of the target, if an attempt whose answer was lost has made it."""
        try:
            there = self._full.head(name)
        except Exception:  # noqa: BLE001 - then the first failure is told
            return None
        md5 = source.content_settings.content_md5
        same = md5 and there.content_settings.content_md5 == md5 and there.size == source.size
        return strip(there.etag) if same and names.decode(there.metadata or {}) == dict(headers.metadata) else None

    def _dressed(self, name: str, etag: str, source: Any, headers: Headers) -> str:
        """Set what a copy could not be given: another type of content, and no metadata at all. Its ETag changes."""
        settings = source.content_settings
        if self._io.credentials.signer().login is None:
            if not headers.metadata and source.metadata:
                answer = self._io.on_full(
                    "name", name, lambda: self._full.blob(name).set_blob_metadata({}, **matches(etag))
                )
                etag = strip(answer["etag"])
            kind = type_of(headers.content_type)
            if kind and kind != settings.content_type:
                settings.content_type = kind
                changed = matches(etag)
                answer = self._io.on_full(
                    "name", name, lambda: self._full.blob(name).set_http_headers(settings, **changed)
                )
                etag = strip(answer["etag"])
        return etag

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        name, attempts = self._io.key(key), self._io.attempts("delete")
        try:
            attempts.run(lambda: self._full.delete(name, if_match), from_azure)
        except RequestFailed as error:
            if error_class(error.failure) not in (NotFound, PreconditionFailed):
                raise self._io.error(error.failure, "delete", name) from None
            if if_match is None:
                return
            if attempts.uncertain:
                try:
                    self.head(key)
                except NotFound:
                    return
            failure = replace(error.failure, status=412, code="ConditionNotMet")
            raise self._io.error(failure, "delete", name) from None
