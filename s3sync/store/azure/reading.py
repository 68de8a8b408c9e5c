"""The half of the store on Azure that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from msgspec.structs import replace

from s3sync.errors import PreconditionFailed, StoreError, Unchanged
from s3sync.store.azure import names
from s3sync.store.azure.blocks import RECORDS
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.full import info_of
from s3sync.store.azure.requests import Requests
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.empty import EmptyReader
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.listing import list_folders, list_objects
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.reader import ObstoreReader
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, ObjectInfo, Reader


class ReadableContainer:
    """The half of `AzureStore` that changes nothing. Records of unfinished uploads are no objects of the store."""

    def __init__(self, account: str, container: str, prefix: str, options: StoreOptions) -> None:
        self._io = Requests(account, container, prefix, options)
        self.url, self._root = self._io.url, self._io.root
        self._fast, self._full = self._io.fast, self._io.full

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        return self._listed(prefix, after)

    def list_once(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._listed(prefix, believes_empty=True)

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        return self._listed(prefix, after, until=frozenset(until))

    def _listed(
        self, prefix: str, after: str = "", *, believes_empty: bool = False, until: frozenset[str] = frozenset()
    ) -> Iterator[ObjectInfo]:
        root = self._root
        behind, lanes, ends = root + after, (self._fast, self._full), {root + key for key in until}
        try:
            found = list_objects(
                *lanes, root + prefix, behind if after else "", believes_empty=believes_empty, until=ends
            )
            for info in found:
                key = info.key[len(root) :]
                if info.key > behind and not key.startswith(RECORDS):
                    yield replace(info, key=key) if root else info
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", root + prefix) from None

    def folders(self, prefix: str) -> Iterator[str]:
        try:
            for name in list_folders(self._fast, self._full, self._root + prefix):
                if f"{prefix}{name}/" != RECORDS:
                    yield name
        except RequestFailed as error:
            raise self._io.error(error.failure, "list", self._root + prefix) from None

    def head(self, key: str) -> ObjectHead:
        name = self._io.key(key)
        if not self._fast.cannot(name):
            try:
                info, metadata, content_type = self._io.attempts("read").run(
                    lambda: self._fast.head(name), from_obstore
                )
                return ObjectHead(replace(info, key=key), metadata, content_type, False)
            except RequestFailed as error:
                if error.failure.cause != "odd_header":
                    raise self._io.error(error.failure, "read", name) from None
        return head_of(key, self._io.on_full("read", name, lambda: self._full.head(name)))

    def first_part_size(self, key: str) -> int | None:
        """The size of the first block of a blob that was made of blocks."""
        name = self._io.key(key)
        committed, _ = self._io.on_full("read", name, lambda: self._full.blocks(name))
        if not committed:
            self.head(key)  # raises when there is none
        return size_of(committed[0].size) if committed else None

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        name = self._io.key(key)
        if stop is not None and stop <= start:
            return self._empty(key, if_match, if_none_match)
        try:
            return self._open(key, name, start, stop, if_match, if_none_match)
        except RequestFailed as error:
            if error.failure.status == 416:
                return self._empty(key, if_match, if_none_match)
            raise self._io.error(error.failure, "read", name) from None

    def _open(
        self, key: str, name: str, start: int, stop: int | None, if_match: str | None, if_none_match: str | None
    ) -> Reader:
        def fail(failure: Failure) -> StoreError:
            return self._io.error(failure, "read", name)

        asked = (name, start, stop, if_match, if_none_match)
        if not self._fast.cannot(name):
            try:
                found = self._io.attempts("read").run(lambda: self._fast.get(*asked), from_obstore)
                meta = found.meta
                info = ObjectInfo(key, size_of(meta["size"]), strip(meta["e_tag"]), meta["last_modified"])
                return ObstoreReader(info, found, fail)
            except RequestFailed as error:
                if error.failure.cause != "odd_header":
                    raise
        answer = self._io.attempts("read").run(lambda: self._full.get(*asked), from_azure)
        return FullReader(key, answer, fail)

    def _empty(self, key: str, if_match: str | None, if_none_match: str | None) -> Reader:
        """A range beyond the end, or of no bytes: Azure has no answer for it but an error."""
        head = self.head(key)
        if if_match is not None and head.info.etag != if_match:
            raise PreconditionFailed(f"{self._io.container_url}/{self._root}{key} is not the expected version")
        if if_none_match is not None and head.info.etag == if_none_match:
            raise Unchanged(f"{self._io.container_url}/{self._root}{key} is still the version that is known")
        return EmptyReader(head.info)


def head_of(key: str, item: Any) -> ObjectHead:
    """Read the library's properties of a blob. Its ETag is never an MD5."""
    return ObjectHead(info_of(key, item), names.decode(item.metadata or {}), item.content_settings.content_type, False)


class FullReader:
    """A `port.Reader` over the library's answer."""

    def __init__(self, key: str, answer: Any, fail: Callable[[Failure], BaseException]) -> None:
        self.info = info_of(key, answer.properties)
        self._answer, self._fail = answer, fail

    def __enter__(self) -> FullReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.chunks()
        except Exception as error:  # noqa: BLE001 - every error of the library is translated
            raise self._fail(from_azure(error)) from None
