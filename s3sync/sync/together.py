"""Threads, bounds and the line, as the runs of several projects share them that are under way side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from s3sync.store.port import Store
from s3sync.sync.session import flow_to, line_to
from s3sync.transfer.crew import Crew
from s3sync.transfer.descriptors import most_connections
from s3sync.transfer.line import Line
from s3sync.transfer.progress import Progress, Work


class Together(Struct, frozen=True):
    """One crew and one line for all."""

    crew: Crew
    up: Line
    down: Line
    hashers: int
    """Files that each of them reads at once."""


@contextmanager
def together(store: Store, workers: int, hashers: int) -> Iterator[Together]:
    """All that they share, as long as the block runs. Where that ends early, they end as soon as they can."""
    workers = most_connections(workers)
    crew = Crew(workers, flow_to(store, workers))
    try:
        yield Together(crew, line_to(store), line_to(store), hashers)
    except BaseException:
        crew.stop()
        raise
    finally:
        crew.end(wait=not crew.stopped.is_set())


class Beside:
    """Progress of one of several projects: names are told with the project's, and by one thread after the other."""

    def __init__(self, inner: Progress, project: str, lock: threading.Lock) -> None:
        self._inner, self._project, self._lock = inner, project, lock

    def expect(self, work: Work, files: int, size: int) -> None:
        self._inner.expect(work, files, size)

    def begin(self, work: Work, path: str, size: int) -> None:
        self._inner.begin(work, self._named(path), size)

    def advance(self, work: Work, path: str, n: int) -> None:
        self._inner.advance(work, self._named(path), n)

    def reuse(self, work: Work, path: str, n: int) -> None:
        self._inner.reuse(work, self._named(path), n)

    def finish(self, work: Work, path: str) -> None:
        self._inner.finish(work, self._named(path))

    def moved(self, work: Work, path: str, size: int) -> None:
        with self._lock:
            self._inner.moved(work, self._named(path), size)

    def _named(self, path: str) -> str:
        return f"{self._project}/{path}"
