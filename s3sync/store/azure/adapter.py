"""`AzureStore`: the port on Azure Blob Storage, with a fast and a full lane."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any, TypeVar

from msgspec.structs import replace

from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed
from s3sync.store.azure.errors import HINTS, error_class
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.full import require_library
from s3sync.store.azure.uploading import Uploading
from s3sync.store.azure.words import require_tier
from s3sync.store.bodies import size_of
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.options import StoreOptions
from s3sync.store.port import Body, Buffer, Capabilities, Headers, Overwrite, Update, WriteMode, Written

SMALL = 1024 * 1024
"""Larger bodies go through the full lane, which sends them in pieces with an MD5 that the server verifies."""

T = TypeVar("T")


class AzureStore(Uploading):
    """A `port.Store` in a container, or below a prefix of one.

    `list`, `head`, `get` and small `put`s go through obstore, the rest through azure-storage-blob, and so does every
    name that obstore cannot say. ETags are opaque, also those of objects that were sent whole.
    """

    def __init__(self, account: str, container: str, prefix: str, options: StoreOptions) -> None:
        require_library()
        super().__init__(account, container, prefix, options)
        self.capabilities = Capabilities(conditional_writes=True, multipart=True, copy_part=True)
        address = self._io.address
        self.endpoint = None if address.is_azure else address.base
        self._is_safe_line = address.encrypted or address.is_loopback

    @property
    def round_trip_s(self) -> float | None:
        return self._fast.limiter.shortest_s

    @property
    def breaks(self) -> int:
        return self._fast.limiter.breaks

    def take_requests(self) -> tuple[int, int]:
        return self._fast.limiter.tally.take()

    def start_up(self) -> None:
        with contextlib.suppress(Exception):
            _ = self._full.container

    def put(
        self,
        key: str,
        body: Buffer | Body,
        *,
        mode: WriteMode,
        headers: Headers,
        md5: bytes,
        timed: bool = False,
    ) -> Written:
        require_tier(headers.storage_class)
        name, attempts = self._io.new_key(key), self._io.attempts("write")
        in_memory = body if isinstance(body, (bytes, bytearray, memoryview)) else None
        is_small = in_memory is not None and size_of(in_memory) <= SMALL and not self._fast.cannot(name)
        # obstore sends no MD5: then it is compared here, and TLS keeps the body whole on its way.
        is_small = is_small and self._is_safe_line and not timed
        try:
            if not is_small:
                return attempts.run(lambda: self._full.put(name, body, mode, headers, md5), from_azure)
            return self._put_small(name, in_memory, mode, headers, md5, attempts)
        except RequestFailed as error:
            return self._despite(error.failure, attempts, key, name, mode, md5)

    def _put_small(
        self, name: str, body: Any, mode: WriteMode, headers: Headers, md5: bytes, attempts: Retries
    ) -> Written:
        if hashlib.md5(body, usedforsecurity=False).digest() != md5:
            raise ChecksumMismatch(
                f"could not write {self._io.container_url}/{name}",
                why="its bytes are not the ones that were promised",
                hint=HINTS[ChecksumMismatch],
            )
        self._io.pace.send(size_of(body))
        return attempts.run(lambda: self._fast.put(name, body, mode, headers, patient=attempts.uncertain), from_obstore)

    def _despite(
        self, failure: Failure, attempts: Retries, key: str, name: str, mode: WriteMode, md5: bytes
    ) -> Written:
        """The answer, if a conditional write was carried out although its repetition was refused; else raises.

        An ETag says nothing of content here, so the MD5 that the server made of the whole tells.
        """
        if error_class(failure) is PreconditionFailed and attempts.uncertain and not isinstance(mode, Overwrite):
            with contextlib.suppress(NotFound):
                there = self._io.on_full("read", name, lambda: self._full.head(name))
                if bytes(there.content_settings.content_md5 or b"") == md5:
                    return Written(there.etag.strip('"'), there.last_modified)
        if isinstance(mode, Update) and error_class(failure) is NotFound:
            failure = replace(failure, status=412, code="ConditionNotMet")
        raise self._io.error(failure, "write", name)

    # -- beyond the port

    def require_name(self, key: str) -> None:
        self._io.new_key(key)

    def offers(self, kind: type[T]) -> T | None:
        """The aspect of the container; None for one that Azure lacks."""
        from s3sync.store.azure.offers import OFFERED

        make = OFFERED.get(kind)
        return make(self._io) if make else None
