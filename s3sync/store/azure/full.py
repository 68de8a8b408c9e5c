"""The full lane: azure-storage-blob, for blocks, copies, deletions, larger puts and names that obstore cannot say.

All imports wait for the first call. The library's own retries and redirects are off; `attempts` decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

from s3sync.core.times import http_date
from s3sync.errors import StoreError, Unsupported
from s3sync.store.azure import names
from s3sync.store.azure.address import Address
from s3sync.store.azure.answers import info_of, sound, turned, understood
from s3sync.store.azure.credentials import Credentials
from s3sync.store.azure.downloads import download
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.fast import CONNECT_S
from s3sync.store.azure.signing import sign
from s3sync.store.azure.transport import bounded_transport
from s3sync.store.bodies import Sending
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import strip, type_of, version_of
from s3sync.store.options import Wire
from s3sync.store.port import Body, Buffer, Create, Headers, ObjectInfo, Pace, Update, WriteMode, Written

SILENT_S = 60
_INSTALL = "pip install 's3sync-collab[azure]'"


def require_library() -> None:
    """Raise `StoreError` where the extra `azure` is not installed: else only some requests would fail, as of locks."""
    try:
        found = find_spec("azure.storage.blob")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise StoreError(
            "stores on Azure need a library that is not installed",
            why="there is no azure.storage.blob",
            hint=_INSTALL,
        )


class FullLane:
    """One client of a container, made on first use. Its methods raise azure-core's exceptions; see `failures`."""

    def __init__(self, address: Address, credentials: Credentials, wire: Wire, pace: Pace) -> None:
        self._address, self._credentials, self._wire, self._pace = address, credentials, wire, pace
        self._lock = threading.Lock()
        self._client: Any = None
        self._renewed = 0.0

    @property
    def container(self) -> Any:
        """The container's client, shared by all threads. Raises `Unsupported` where its library is missing."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Any:
        try:
            from azure.storage.blob import ContainerClient
        except ImportError:
            raise Unsupported("this needs azure-storage-blob, which is not installed", hint=_INSTALL) from None
        wire, more = self._wire, dict[str, Any]()
        connect_s, read_s = wire.connect_timeout or CONNECT_S, wire.read_timeout or SILENT_S
        if wire.proxy:
            more["proxies"] = {"http": wire.proxy, "https": wire.proxy}
        verify = {"connection_verify": wire.ca_bundle} if wire.ca_bundle else {}
        return ContainerClient(
            self._address.base,
            self._address.container,
            credential=self._credentials.for_sdk(),
            retry_total=0,
            permit_redirects=False,
            transport=bounded_transport(connection_timeout=connect_s, read_timeout=read_s, **verify),
            max_single_get_size=1 << 20,
            max_chunk_get_size=4 << 20,
            **more,
        )

    def renew(self, began: float) -> None:
        """Open new connections from now on: a request that began then met with silence."""
        with self._lock:
            if began > self._renewed:
                self._renewed = time.monotonic()
                self._client = None

    def failure_of(self, error: BaseException) -> Failure:
        return from_azure(error)

    def blob(self, name: str) -> Any:
        return self.container.get_blob_client(name)

    # -- reading

    def list_objects(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        for item in self.items(prefix, after=after):
            yield info_of(item.name, item)

    def items(
        self, prefix: str, include: Sequence[str] = (), *, after: str = "", most: int | None = None
    ) -> Iterator[Any]:
        """The library's own entries below a prefix, behind a name. `most`: as of `turned`."""
        more = {"start_from": after} if after else {}
        pages = self.container.list_blobs(name_starts_with=prefix or None, include=list(include) or None, **more)
        for item in turned(pages.by_page(), most):
            if item.name > after and item.name.startswith(prefix):
                yield sound(item)

    def folders(self, prefix: str) -> Iterator[str]:
        """The names between the prefix and the next `/`, page by page."""
        for item in self.walk(prefix):
            if not hasattr(item, "etag"):
                yield item.name[len(prefix) : -1]

    def walk(self, prefix: str) -> Iterator[Any]:
        """Blobs directly below a prefix, and the prefixes (without an ETag) of the folders there. Raises
        `RequestFailed` for what is not below it."""
        for item in turned(self.container.walk_blobs(name_starts_with=prefix or None, delimiter="/").by_page()):
            name, is_blob = item.name, hasattr(item, "etag")
            if not (name.startswith(prefix) and (is_blob or name.find("/", len(prefix)) == len(name) - 1)):
                raise RequestFailed(Failure("not_s3"))
            yield sound(item) if is_blob else item

    def head(self, name: str) -> Any:
        with understood():
            return sound(self.blob(name).get_blob_properties())

    def get(self, name: str, start: int, stop: int | None, if_match: str | None, if_none_match: str | None) -> Any:
        length = None if stop is None else stop - start
        ranged = {"offset": start, "length": length} if start or stop is not None else {}
        conditions = matches(if_match) if if_match is not None else differs(if_none_match)
        return download(self, name, **ranged, **conditions)

    # -- writing

    def put(self, name: str, body: Buffer | Body, mode: WriteMode, headers: Headers, md5: bytes) -> Written:
        """Put Blob (https://learn.microsoft.com/rest/api/storageservices/put-blob), whose MD5 the server verifies.

        The library's own `upload_blob` would read the body into memory, or send it in blocks of its own.
        """
        from azure.storage.blob._generated.models import BlobHTTPHeaders, ModifiedAccessConditions

        if_match = f'"{mode.etag}"' if isinstance(mode, Update) else None
        return _written(
            self.blob(name)._client.block_blob.upload(
                body=_Stream(body, self._pace.send),
                content_length=len(_Stream(body, lambda n: None)),
                transactional_content_md5=md5,
                blob_http_headers=BlobHTTPHeaders(blob_content_type=type_of(headers.content_type)),
                modified_access_conditions=ModifiedAccessConditions(
                    if_match=if_match, if_none_match="*" if isinstance(mode, Create) else None
                ),
                headers={f"x-ms-meta-{key}": value for key, value in names.encode(headers.metadata).items()},
                tier=headers.storage_class,
                blob_tags_string=tags_text(headers),
                cls=lambda _, __, found: dict(found),
            )
        )

    def delete(self, name: str, if_match: str | None) -> None:
        self.blob(name).delete_blob(**(matches(if_match) if if_match is not None else {}))

    def put_block(self, name: str, block_id: str, body: Buffer | Body, md5: bytes) -> None:
        """Put Block (https://learn.microsoft.com/rest/api/storageservices/put-block)."""
        stream = _Stream(body, self._pace.send)
        self.blob(name).stage_block(block_id, stream, length=len(stream), transactional_content_md5=md5)

    def blocks(self, name: str) -> tuple[list[Any], list[Any]]:
        """Committed and uncommitted blocks; none of a blob that is not there."""
        try:
            with understood():
                committed, uncommitted = self.blob(name).get_block_list("all")
            for one in (*committed, *uncommitted):
                if not isinstance(one.id, str) or not isinstance(one.size, int) or one.size < 0:
                    raise RequestFailed(Failure("not_s3"))
        except RequestFailed:
            raise
        except Exception as error:
            if from_azure(error).code in ("BlobNotFound", "ResourceNotFound"):
                return [], []
            raise
        return committed, uncommitted

    def commit(
        self, name: str, blocks: Sequence[tuple[str, bool]], mode: WriteMode, headers: Headers, md5: bytes | None
    ) -> Written:
        """Put Block List (https://learn.microsoft.com/rest/api/storageservices/put-block-list). Each block is its id,
        and whether it is a committed one of the blob that is replaced."""
        from azure.storage.blob import BlobBlock, BlockState, ContentSettings

        listed = [BlobBlock(block, BlockState.COMMITTED if kept else BlockState.UNCOMMITTED) for block, kept in blocks]
        return _written(
            self.blob(name).commit_block_list(
                listed,
                content_settings=ContentSettings(
                    content_type=type_of(headers.content_type), content_md5=bytearray(md5) if md5 else None
                ),
                metadata=names.encode(headers.metadata),
                **self._dressed(headers),
                **conditions_of(mode),
            )
        )

    def _dressed(self, headers: Headers) -> dict[str, Any]:
        found: dict[str, Any] = {"tags": dict(headers.tags)} if headers.tags else {}
        if headers.storage_class:
            from azure.storage.blob import StandardBlobTier

            found["standard_blob_tier"] = StandardBlobTier(headers.storage_class)
        return found

    def copy(self, source: str, target: str, source_etag: str, mode: WriteMode, headers: Headers) -> dict[str, Any]:
        """Copy Blob in one account (https://learn.microsoft.com/rest/api/storageservices/copy-blob)."""
        return dict(
            self.blob(target).start_copy_from_url(
                self.url_of(source),
                metadata=names.encode(headers.metadata) or None,
                source_etag=f'"{source_etag}"',
                source_match_condition=_condition("IfNotModified"),
                **self._dressed(headers),
                **conditions_of(mode),
            )
        )

    def copy_from_url(
        self, source: str, target: str, source_etag: str, mode: WriteMode, headers: Headers
    ) -> dict[str, Any]:
        """Put Blob From URL, which takes the token of a login for its source
        (https://learn.microsoft.com/rest/api/storageservices/put-blob-from-url)."""
        from azure.storage.blob import ContentSettings

        return dict(
            self.blob(target).upload_blob_from_url(
                self.url_of(source),
                overwrite=True,
                include_source_blob_properties=False,
                content_settings=ContentSettings(content_type=type_of(headers.content_type)),
                metadata=names.encode(headers.metadata),
                source_authorization=f"Bearer {self._credentials.token().value}",
                source_etag=f'"{source_etag}"',
                source_match_condition=_condition("IfNotModified"),
                **self._dressed(headers),
                **conditions_of(mode),
            )
        )

    def block_from_url(self, name: str, block_id: str, source: str, source_etag: str, start: int, stop: int) -> None:
        """Put Block From URL (https://learn.microsoft.com/rest/api/storageservices/put-block-from-url)."""
        from azure.storage.blob._generated.models import SourceModifiedAccessConditions

        token = {}
        if self._credentials.signer().login is not None:
            token = {"source_authorization": f"Bearer {self._credentials.token().value}"}
        self.blob(name).stage_block_from_url(
            block_id,
            self.url_of(source, readable=True),
            source_offset=start,
            source_length=stop - start,
            source_modified_access_conditions=SourceModifiedAccessConditions(source_if_match=f'"{source_etag}"'),
            **token,
        )

    def url_of(self, name: str, *, readable: bool = False) -> str:
        """The URL of a blob for the server's own use; `readable`: also where the account's key signs the request."""
        url: str = self.blob(name).url
        signer = self._credentials.signer()
        if not readable or not signer.key:
            return url
        expires = datetime.now(UTC) + timedelta(hours=1)
        return f"{url}?{sign(self._address, signer.key, name, expires)}"

    def plain_url(self, name: str) -> str:
        """The URL of a blob, without a signature."""
        return str(self.blob(name).url).partition("?")[0]


class _Stream(Sending):
    """A body as the library `requests` takes it: what cannot be iterated is a form to it."""

    def __iter__(self) -> Iterator[Buffer]:
        while piece := self.read(64 * 1024):
            yield piece


def _condition(name: str) -> Any:
    from azure.core import MatchConditions

    return MatchConditions[name]


def matches(etag: str) -> dict[str, Any]:
    """Arguments of the library: only over this version."""
    return {"etag": f'"{etag}"', "match_condition": _condition("IfNotModified")}


def differs(etag: str | None) -> dict[str, Any]:
    """Arguments of the library: only another version than this one."""
    return {} if etag is None else {"etag": f'"{etag}"', "match_condition": _condition("IfModified")}


def conditions_of(mode: WriteMode) -> dict[str, Any]:
    if isinstance(mode, Create):
        return {"match_condition": _condition("IfMissing")}
    return matches(mode.etag) if isinstance(mode, Update) else {}


def tags_text(headers: Headers) -> str | None:
    """Tags as the header has them."""
    from urllib.parse import urlencode

    return urlencode(headers.tags) if headers.tags else None


def _written(answer: dict[str, Any]) -> Written:
    told = {name.lower().replace("-", "_").removeprefix("x_ms_"): value for name, value in answer.items()}
    if not told.get("etag"):
        raise RequestFailed(Failure("not_s3"))
    at = told.get("date")
    if isinstance(at, str):
        at = http_date(at)
    at = at.replace(tzinfo=at.tzinfo or UTC) if isinstance(at, datetime) else None
    return Written(strip(told["etag"]), at, version_of(told.get("version_id")))
