"""The half of the store on Azure that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from s3sync.store.azure import names
from s3sync.store.azure.answers import info_of
from s3sync.store.azure.blocks import RECORDS
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.requests import Requests
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.readable import Fail, ReadableLanes
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, Reader


class ReadableContainer(ReadableLanes):
    """The half of `AzureStore` that changes nothing. Records of unfinished uploads are no objects of the store."""

    hidden = RECORDS

    def __init__(self, account: str, container: str, prefix: str, options: StoreOptions) -> None:
        self._io = Requests(account, container, prefix, options)
        self._fast, self._full = self._io.fast, self._io.full
        super().__init__(self._io, self._io.container_url, self._fast, self._full)

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

    def _full_reader(self, key: str, answer: Any, fail: Fail) -> Reader:
        return FullReader(key, answer, fail)


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
        except RequestFailed as error:
            raise self._fail(error.failure) from None
        except Exception as error:  # noqa: BLE001 - every error of the library is translated
            raise self._fail(from_azure(error)) from None
