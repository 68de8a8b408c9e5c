"""The half of a store that changes nothing, where obstore lists and reads, and a vendor's own library does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

from msgspec.structs import replace

from s3sync.errors import PreconditionFailed, StoreError, Unchanged
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.empty import EmptyReader
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.listing import FullListing, list_folders, list_objects
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.lane import ObstoreLane
from s3sync.store.lanes.obstore.reader import ObstoreReader
from s3sync.store.lanes.requests import LaneRequests
from s3sync.store.port import ObjectHead, ObjectInfo, Reader

Fail = Callable[[Failure], StoreError]


class FullReading(FullListing, Protocol):
    """Listings of a vendor's own library, and its answer to a GET of bytes under conditions: an ETag that the object
    must have, and one that it must not have."""

    def get(self, key: str, start: int, stop: int | None, if_match: str | None, if_none_match: str | None) -> Any: ...


class ReadableLanes(ABC):
    """Listings and bodies, through the fast lane as far as it goes.

    `place` is the address that errors name keys behind; keys that begin with `hidden` are no objects of the store.
    `any_order`: servers of this kind may list in an order of their own, so that in `list_until` what comes behind a key
    is theirs to say.
    """

    hidden = ""
    any_order = False

    def __init__(self, requests: LaneRequests, place: str, fast: ObstoreLane, full: FullReading) -> None:
        self.url, self._root = requests.url, requests.root
        self._requests, self._place, self._lanes = requests, place, (fast, full)

    @abstractmethod
    def head(self, key: str) -> ObjectHead: ...

    @abstractmethod
    def _full_reader(self, key: str, answer: Any, fail: Fail) -> Reader:
        """The reader over an answer of the full lane."""

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        return self._listed(prefix, after)

    def list_once(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._listed(prefix, believes_empty=True)

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        return self._listed(prefix, after, until=until)

    def _listed(
        self, prefix: str, after: str = "", *, believes_empty: bool = False, until: Collection[str] | None = None
    ) -> Iterator[ObjectInfo]:
        root = self._root
        behind, ends = root + after, {root + key for key in until or ()}
        least = "" if until is not None and self.any_order else behind
        try:
            found = list_objects(
                *self._lanes, root + prefix, behind if after else "", believes_empty=believes_empty, until=ends
            )
            for info in found:
                key = info.key[len(root) :]
                if info.key > least and not self._hides(key):
                    yield replace(info, key=key) if root else info
        except RequestFailed as error:
            raise self._requests.error(error.failure, "list", root + prefix) from None

    def folders(self, prefix: str) -> Iterator[str]:
        try:
            for name in list_folders(*self._lanes, self._root + prefix):
                if not self._hides(f"{prefix}{name}/"):
                    yield name
        except RequestFailed as error:
            raise self._requests.error(error.failure, "list", self._root + prefix) from None

    def _hides(self, key: str) -> bool:
        return bool(self.hidden) and key.startswith(self.hidden)

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        name, conditions = self._requests.key(key), (if_match, if_none_match)
        if stop is not None and stop <= start:
            return self._empty(key, *conditions)
        try:
            return self._open(key, (name, start, stop, *conditions))
        except RequestFailed as error:
            if error.failure.status == 416:
                return self._empty(key, *conditions)
            raise self._requests.error(error.failure, "read", name) from None

    def _open(self, key: str, asked: tuple[str, int, int | None, str | None, str | None]) -> Reader:
        (fast, full), name = self._lanes, asked[0]

        def fail(failure: Failure) -> StoreError:
            return self._requests.error(failure, "read", name)

        if not fast.cannot(name):
            try:
                found = self._requests.attempts("read").run(lambda: fast.get(*asked), from_obstore)
            except RequestFailed as error:
                if error.failure.cause != "odd_header":
                    raise
            else:
                meta = found.meta
                info = ObjectInfo(key, size_of(meta["size"]), strip(meta["e_tag"]), meta["last_modified"])
                return ObstoreReader(info, found, fail)
        answer = self._requests.attempts("read").run(lambda: full.get(*asked), full.failure_of)
        return self._full_reader(key, answer, fail)

    def _empty(self, key: str, if_match: str | None, if_none_match: str | None) -> Reader:
        """A range beyond the end, or of no bytes: the server has no answer for it but an error."""
        info = self.head(key).info
        if if_match is not None and info.etag != if_match:
            raise PreconditionFailed(f"{self._place}/{self._root}{key} is not the expected version")
        if if_none_match is not None and info.etag == if_none_match:
            raise Unchanged(f"{self._place}/{self._root}{key} is still the version that is known")
        return EmptyReader(info)
