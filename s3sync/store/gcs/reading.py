"""Reading from a bucket of Google Cloud Storage: listings and heads by the JSON API, bodies through obstore."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from s3sync.errors import PreconditionFailed, StoreError, Unchanged
from s3sync.store.gcs.failures import from_either, from_google
from s3sync.store.gcs.requests import Requests
from s3sync.store.gcs.resources import LISTED, MD5_HEX, UPLOAD, generation_of, head_of, info_of, metadata_of
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.empty import EmptyReader
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.obstore.reader import CHUNK, ObstoreReader
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectHead, ObjectInfo, Reader

MULTIPART = ".s3sync/multipart/"
"""Below the store's root: what is not a file yet. No listing shows it."""
_LOOKS = 4
"""Times that an object is looked at which is replaced while it is read."""


class ReadableBucket:
    """The half of `GcsStore` that changes nothing."""

    def __init__(self, bucket: str, prefix: str, options: StoreOptions) -> None:
        self._io = Requests(bucket, prefix, options)
        self.url, self._root = self._io.url, self._io.root

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        yield from self.list_until(prefix, (), after=after)

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        """Cloud Storage lists in the order of UTF-8, and begins at a key that is given, which is left out here."""
        root = self._root
        start: dict[str, Any] = {"startOffset": root + after} if after else {}
        ends, fields = frozenset(until), f"nextPageToken,items({LISTED})"
        for page in self._io.pages("list", root + prefix, fields=fields, **start):
            for item in page.get("items", ()):
                info = self._io.read("list", root + prefix, lambda item=item: info_of(item, root))  # type: ignore[misc]
                if info.key.startswith(MULTIPART) or info.key == after:
                    continue
                yield info
                if info.key in ends:
                    return

    def folders(self, prefix: str) -> Iterator[str]:
        whole = self._root + prefix
        for page in self._io.pages("list", whole, delimiter="/", fields="nextPageToken,prefixes"):
            for name in page.get("prefixes", ()):
                if not (name.startswith(whole) and name.find("/", len(whole)) == len(name) - 1):
                    raise self._io.error(Failure("not_s3"), "list", whole)
                if name != f"{self._root}{MULTIPART}":
                    yield name[len(whole) : -1]

    def head(self, key: str) -> ObjectHead:
        name = self._io.key(key)
        found = self._io.resource(name)
        return self._io.read("read", name, lambda: head_of(found, self._root))

    def first_part_size(self, key: str) -> int | None:
        told = metadata_of(self._io.resource(self._io.key(key))).get(UPLOAD, "").partition(" ")[2]
        return int(told) if told.isdecimal() and len(told) < 15 else None

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
        if if_none_match is not None and self.head(key).info.etag == if_none_match:
            raise Unchanged(f"gs://{self._io.address.bucket}/{name} is still the version that is known")
        if stop is not None and stop <= start:
            return self._empty(key, if_match)
        for _ in range(_LOOKS):
            reader = self._open(key, name, start, stop, if_match)
            if reader is not None:
                return reader
        raise self._io.error(Failure("other", message="it is replaced faster than it can be read"), "read", name)

    def _open(self, key: str, name: str, start: int, stop: int | None, if_match: str | None) -> Reader | None:
        """None where the object was replaced while it was asked which version that was."""

        def fail(failure: Failure) -> StoreError:
            return self._io.error(failure, "read", name)

        try:
            if self._io.fast.cannot(name):
                call = self._io.attempts("read").run(lambda: self._io.api.media(name, start, stop), from_google)
                generation, told = call.headers.get("x-goog-generation", ""), ""
                opened: Callable[[ObjectInfo], Reader] = lambda info: MediaReader(info, call, fail, start, stop)  # noqa: E731
            else:
                get, of_any = self._io.fast.get, if_match is None  # its conditions are no ETags
                found = self._io.attempts("read").run(lambda: get(name, start, stop, None, of_any=of_any), from_either)
                generation, told = str(found.meta["version"] or ""), strip(found.meta["e_tag"])
                size, modified = size_of(found.meta["size"]), found.meta["last_modified"]
                opened = lambda info: ObstoreReader(info, found, fail)  # noqa: E731
                etag = if_match if if_match == generation else told
                if MD5_HEX.fullmatch(etag) or etag == generation != "":
                    self._require(name, etag, if_match)
                    return opened(ObjectInfo(key, size, etag, modified))
        except RequestFailed as error:
            return self._instead(error.failure, key, name, if_match)
        there = self._io.resource(name)
        info = self._io.read("read", name, lambda: info_of(there, self._root))
        self._require(name, info.etag, if_match)
        return opened(info) if generation_of(there) == generation else None

    def _instead(self, failure: Failure, key: str, name: str, if_match: str | None) -> Reader:
        """The answer to a range beyond the end; else raises. An answer that obstore does not understand is asked for
        again by the JSON API, which says what is wrong."""
        if failure.status == 416:
            return self._empty(key, if_match)
        if failure.status == 404:
            self._io.resource(name)
        raise self._io.error(failure, "read", name)

    def _require(self, name: str, etag: str, if_match: str | None) -> None:
        if if_match is not None and etag != if_match:
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{name} is not the expected version")

    def _empty(self, key: str, if_match: str | None) -> Reader:
        """A range beyond the end, or of no bytes: the server has no answer for it but an error."""
        info = self.head(key).info
        self._require(self._io.key(key), info.etag, if_match)
        return EmptyReader(info)


class MediaReader:
    """A `port.Reader` over an answer of the JSON API, for keys that obstore cannot name. It gives the bytes that were
    asked for, and raises where there are others."""

    def __init__(
        self,
        info: ObjectInfo,
        answer: Any,
        fail: Callable[[Failure], BaseException],
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        self.info = info
        self._answer, self._fail = answer, fail
        self._length = max(0, (info.size if stop is None else min(stop, info.size)) - start)

    def __enter__(self) -> MediaReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()

    def __iter__(self) -> Iterator[bytes]:
        left = self._length
        try:
            for chunk in self._answer.raw.stream(CHUNK, decode_content=False):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        except RequestFailed as error:
            raise self._fail(error.failure) from None
        except Exception as error:  # noqa: BLE001 - every error of urllib3 is translated
            raise self._fail(from_google(error)) from None
        if left < 0:
            raise self._fail(Failure("unending"))
        if left:
            raise self._fail(Failure("truncated", message=f"{left} bytes are missing"))
