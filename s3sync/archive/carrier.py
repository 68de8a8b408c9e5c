"""Whatever moves bytes of archives: a store, the pool, both directions of the line, and who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec import Struct, field

from s3sync.store.aspects import Timed, aspect
from s3sync.store.bodies import View
from s3sync.store.port import Buffer, Pace, Store, Unlimited
from s3sync.transfer.descriptors import most_connections
from s3sync.transfer.flow import CEILING, Flow
from s3sync.transfer.line import Line
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress, Silent


class Carrier(Struct, frozen=True):
    """One run on one store. `user` signs what is sent; `clock` tells times for people.

    `mark`: id that all objects get by which an upload is known, where somebody else may do the same task once more;
    None: each has its own.
    """

    store: Store
    pool: Pool
    user: str
    progress: Progress = field(default_factory=Silent)
    pace: Pace = field(default_factory=Unlimited)
    up: Line = field(default_factory=Line)
    down: Line = field(default_factory=Line)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    mark: str | None = None


@contextmanager
def open_carrier(
    store: Store,
    user: str,
    progress: Progress | None = None,
    pace: Pace | None = None,
    workers: int = CEILING,
) -> Iterator[Carrier]:
    """A carrier with a pool of its own, which ends with the block."""
    timed = aspect(store, Timed)
    most = most_connections(workers)
    with Pool(most, Flow(most, timed.round_trip_s if timed else None)) as pool:
        yield Carrier(store, pool, user, progress or Silent(), pace or Unlimited())


class MemoryBody(View):
    """Bytes in memory as a `store.port.Body`; `sent` is told how many of them are on their way."""

    def __init__(self, body: Buffer, sent: Callable[[int], None]) -> None:
        super().__init__(body)
        self.sent = sent
