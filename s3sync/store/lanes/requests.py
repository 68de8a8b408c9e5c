"""Requests of one store over two lanes: trying again, and what failed for good as one of our errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeVar

from s3sync.errors import StoreError
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.obstore.lane import ObstoreLane

_T = TypeVar("_T")


class FullLane(Protocol):
    """A vendor's own library, or its interface. Its exceptions are its own, which `failure_of` reads."""

    def renew(self, began: float) -> None: ...
    def failure_of(self, error: BaseException) -> Failure: ...


class LaneRequests(ABC):
    """Common parts of a store's operations. Keys here are whole keys, but for `key`'s argument.

    `root` is what all keys of the store begin with.
    """

    def __init__(self, url: str, prefix: str, fast: ObstoreLane, full: FullLane) -> None:
        self.url = f"{url}/{prefix}" if prefix else url
        self.root = f"{prefix}/" if prefix else ""
        self._lanes = fast, full

    @abstractmethod
    def key(self, key: str) -> str:
        """The whole key of an object. Raises `StoreError` for one that the store cannot hold."""

    @abstractmethod
    def error(self, failure: Failure, doing: str, key: str) -> StoreError:
        """Our error for a failure: "could not <doing> <key>"."""

    def attempts(self, doing: str) -> Retries:
        """The attempts of one operation. After a silence both lanes open new connections."""
        return self._lanes[0].attempts(doing, self._renew)

    def _renew(self, began: float) -> None:
        for lane in self._lanes:
            lane.renew(began)

    def on_full(self, doing: str, key: str, call: Callable[[], _T]) -> _T:
        """The result of a call of the full lane. Raises our errors: "could not <doing> <key>"."""
        try:
            return self.attempts(doing).run(call, self._lanes[1].failure_of)
        except RequestFailed as error:
            raise self.error(error.failure, doing, key) from None
