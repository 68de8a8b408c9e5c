"""What is changed in the program so that a simulation is small and exact; its rules stay as they are.

Sizes from which a file is large shrink from mebibytes to a kilobyte, threads do their work in the order in which it is
given to them, and the clock is the world's. Undone by nothing: a simulation has its own process.
"""

from __future__ import annotations

import importlib
import mmap
import pkgutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

import s3sync
from s3sync.core import history, limits
from s3sync.pairs import opening
from s3sync.pairs.values import Bucket
from s3sync.transfer.pool import Pool

SMALL = {
    "PART_SIZE": 1024,
    "MIN_PART": 128,
    "SMALLEST_RANGE": 64,
    "COPY_FROM": 512,
    "IN_MEMORY": 256,
    "WHOLE_LIMIT": 2000,
    "COPY_PART": 1024,
    "LEAST_AHEAD": 4,
    "TOGETHER": 4,  # so many are done before the first result is seen to, as by threads
}
PACKAGES = (
    "core",
    "core.manifest",
    "spill",
    "local",
    "store.folder",
    "state",
    "shared",
    "transfer",
    "transfer.send",
    "transfer.fetch",
    "sync",
    "sync.steps",
    "team",
    "team.watching",
    "pairs",
    "organize",
)


class Knobs:
    """What one run of a simulation sets."""

    late = False
    """Whether the scans' threads get their turn only when somebody waits for them."""
    now_ns: Callable[[], int] = staticmethod(time.time_ns)
    cloud: Any = None
    """The `clouds.Cloud` in which the stores lie; None for folders."""
    ignores_case: Callable[[Any], bool] = staticmethod(lambda staging: False)
    beside: tuple[Any, str] = (None, "")
    """The store that commands on two places open, and the prefix of the project's place in it."""


def set_up() -> None:
    """Raises `LookupError` when the program no longer has what is to be changed: the simulator is to follow then."""
    modules = [s3sync] + [_load(f"s3sync.{package}") for package in PACKAGES]
    for package in list(modules[1:]):
        for found in pkgutil.iter_modules(package.__path__):
            modules.append(_load(f"{package.__name__}.{found.name}"))
    history.RECENT, history.MOVE_AT = 3, 4
    limits.now = replace(limits.now, entries_in_memory=6, entries_at_once=2, manifest_in_memory=256)
    for name, value in SMALL.items():
        owners = [module for module in modules if hasattr(module, name)]
        if not owners:
            raise LookupError(f"s3sync has no {name} any more")
        for module in owners:
            setattr(module, name, value)
    for place in ("sync.scan", "shared.scan"):
        _replace(f"s3sync.{place}", "Aside", LateExecutor)
    for place in ("shared.history", "shared.locks", "team.pinning", "team.versions"):
        _replace(f"s3sync.{place}", "Aside", Executor)
    _replace(Pool, "_enlist", _work_at_once)
    clock = SimpleNamespace(time_ns=lambda: Knobs.now_ns(), monotonic=time.monotonic, sleep=lambda seconds: None)
    for place in ("sync.scan", "sync.record", "shared.manifest", "team.pinning"):
        _replace(f"s3sync.{place}", "time", clock)
    for place in ("sync.session", "pairs.work"):
        _replace(f"s3sync.{place}", "uuid", SimpleNamespace(uuid4=_next_name))
    _replace("s3sync.pairs.digests", "time", clock)
    today = SimpleNamespace(now=lambda zone: datetime.fromtimestamp(Knobs.now_ns() // 1_000_000_000, zone))
    for place in ("pairs", "organize"):
        _replace(f"s3sync.{place}.api", "datetime", today)
        _replace(f"s3sync.{place}.api", "open_places", _open_places)
    _replace("s3sync.pairs.opening", "connect", lambda settings, **named: Knobs.beside[0])
    _replace("s3sync.sync.scan", "ignores_case", lambda staging: Knobs.ignores_case(staging))


def _open_places(asked: Any, **named: Any) -> Any:
    """As the program opens them, but that each place in a store is the project's, in the store of the simulation."""
    opened = opening.open_places(asked, **named)
    places = {
        end: replace(place, prefix=Knobs.beside[1]) if isinstance(place, Bucket) else place
        for end, place in opened.places.items()
    }
    return replace(opened, places=places)


_runs = mmap.mmap(-1, 8)
"""Number of runs so far, of this process and of those that were forked from it to be killed."""


def _next_name() -> Any:
    """Instead of a random name of a run, of which a trash shows three digits beside the microsecond.

    Simulated seconds have no parts: by chance two runs of one second would have the same name.
    """
    number = int.from_bytes(_runs[:8], "little") + 1
    _runs[:8] = number.to_bytes(8, "little")
    return SimpleNamespace(hex=f"{number % 4096:03x}".ljust(32, "0"))


def _load(name: str) -> Any:
    return importlib.import_module(name)


def _replace(place: str | type, name: str, value: object) -> None:
    owner = sys.modules[place] if isinstance(place, str) else place
    if not hasattr(owner, name):
        raise LookupError(f"{owner} has no {name} any more")
    setattr(owner, name, value)


def _work_at_once(pool: Pool, *some: tuple[object, Callable[[], object], int]) -> None:
    """Instead of handing it to a thread."""
    for _, run, _ in some:
        pool.check()
        run()


class Executor:
    """A pool without threads: work is done when it is given."""

    def __init__(self, most: int = 1, name: str = "") -> None:
        self._given: list[LateFuture] = []
        self._closed = False

    def submit(self, function: Callable[..., Any], *values: Any, **named: Any) -> Future[Any]:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = LateFuture(lambda: function(*values, **named))
        self._given.append(future)
        if not self._is_late():
            future.work()
        return future

    def _is_late(self) -> bool:
        return False

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        futures = [self.submit(function, item) for item in items]
        return (future.result() for future in futures)

    def close(self, *, wait: bool = True) -> None:
        self._closed = True
        for future in self._given:
            if wait:
                future.work()

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class LateExecutor(Executor):
    """One that may begin only when its result is asked for: threads run in any order."""

    def _is_late(self) -> bool:
        return Knobs.late


class LateFuture(Future[Any]):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def work(self) -> None:
        if not self.done() and self.set_running_or_notify_cancel():
            try:
                self.set_result(self._work())
            except BaseException as error:  # noqa: BLE001 (as a pool does)
                self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        self.work()
        return super().result(timeout)
