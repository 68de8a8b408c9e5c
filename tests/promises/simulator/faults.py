"""The store as one run sees it: calls are counted, others act in between, and some calls fail or lose their answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from s3sync.errors import ChecksumMismatch, PreconditionFailed, Throttled, Unreachable
from s3sync.store.port import Buffer, ObjectInfo, Reader, Store
from tests.promises.simulator.actions import Fault

KINDS = (
    "refused",
    "refused",
    "lost",
    "lost",
    "lost",
    "ghost",
    "busy",
    "broken",
    "cut",
    "flipped",
    "flipped",
    "offline",
)
"""What can happen to a call.

refused: it fails before it acts. lost: it acts, and its answer never comes. ghost: it acts, and a retry that nobody
sees is told that the condition does not hold. busy: the store asks to slow down for longer than the budget. broken,
cut, flipped: the body or listing breaks off, ends early, or comes with a wrong byte. offline: this call and every
later one of the run are refused.
"""

READS = {"list", "get"}
CONDITIONAL = {"put", "copy", "delete", "complete_upload"}
WRITES = {*CONDITIONAL, "start_upload", "put_part", "copy_part"}
CALLS = {*READS, *WRITES, "head", "read_timed", "first_part_size", "list_parts", "abort_upload", "list_uploads"}
APPLIES = {"lost": WRITES, "ghost": CONDITIONAL, "broken": READS, "cut": READS, "flipped": READS}
"""Kinds that are for some calls only: such a fault waits for the next of them."""


class FaultyStore:
    """A `port.Store` in front of another. `before(n, method)` is called before the call with the number n, from 1.

    A listing is sorted, because the order of a folder differs from run to run.
    """

    def __init__(
        self, store: Store, faults: Iterable[Fault], before: Callable[[int, str], None], counted: Counter[str]
    ) -> None:
        self._store, self._before, self._counted = store, before, counted
        self._faults = sorted(faults, key=lambda fault: fault.call)
        self._calls = 0
        self._offline = False

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._store, name)
        if name not in CALLS:
            return inner

        def call(*values: Any, **named: Any) -> Any:
            return self._call(name, inner, values, named)

        return call

    def read_timed(self, key: str, most_bytes: int) -> Any:
        """A method that can be seen on the class: that is how an aspect of a store is found."""
        return self._call("read_timed", self._store.read_timed, (key, most_bytes), {})  # type: ignore[attr-defined]

    def reconnect(self) -> None:
        """The network is back, as when a watch tries again."""
        self._offline = False

    def _call(self, name: str, inner: Callable[..., Any], values: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self._calls += 1
        self._before(self._calls, name)
        kind = "refused" if self._offline else self._due(name)
        if kind is None:
            return self._whole(name, inner(*values, **named))
        self._offline = self._offline or kind == "offline"
        if kind in ("lost", "ghost"):
            return self._lose(kind, name, lambda: inner(*values, **named))
        if kind in ("broken", "cut", "flipped"):
            return self._spoil(kind, name, inner(*values, **named), str(values[0]))
        self._counted["failed answers"] += 1
        if kind == "busy":
            raise Throttled("the store is busy")
        raise Unreachable("the store cannot be reached")

    def _due(self, name: str) -> str | None:
        for fault in self._faults:
            if fault.call <= self._calls and name in APPLIES.get(fault.kind, CALLS):
                self._faults.remove(fault)
                return fault.kind
        return None

    def _lose(self, kind: str, name: str, act: Callable[[], Any]) -> Any:
        act()
        self._counted["lost answers"] += 1
        if kind == "ghost":
            raise PreconditionFailed(f"{name}: the object is not the version that was expected")
        raise Unreachable("the connection broke off")

    def _spoil(self, kind: str, name: str, answer: Any, key: str) -> Any:
        self._counted["failed answers"] += 1
        if name == "list":
            return _half_a_list(sorted(answer, key=lambda info: str(info.key)))
        is_record = key.endswith("/metadata.json") or "/.s3sync/events/" in key
        if kind == "flipped" and is_record:  # TCP and TLS see to that; objects have digests
            kind = "broken"
        return _SpoiltReader(answer, kind)

    def _whole(self, name: str, answer: Any) -> Any:
        return iter(sorted(answer, key=lambda info: str(info.key))) if name in ("list", "list_uploads") else answer


def _half_a_list(infos: list[ObjectInfo]) -> Iterator[ObjectInfo]:
    yield from infos[: len(infos) // 2]
    raise Unreachable("the listing broke off")


class _SpoiltReader:
    """A body that breaks off half-way, that ends early, or that has one wrong byte."""

    def __init__(self, reader: Reader, kind: str) -> None:
        self._reader, self._kind = reader, kind
        self.info = reader.info

    def __enter__(self) -> _SpoiltReader:
        self._reader.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._reader.__exit__(*error)

    def __iter__(self) -> Iterator[Buffer]:
        data = b"".join(bytes(chunk) for chunk in self._reader)
        if self._kind == "flipped":
            if data:
                middle = len(data) // 2
                yield data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            return
        yield data[: len(data) // 2]
        if self._kind == "broken":
            raise Unreachable("the connection broke off")
        raise ChecksumMismatch("the body ended early")
