"""Work on many archives spread over an executor: threads of this process, or workers of a Dask cluster. It is one path.

A task is plain data and does the same however often it is done, so a worker that is killed costs its task alone: Dask
gives it to another. What is done is noted by whoever asked, as each result arrives. Tasks carry no secrets: a worker
signs with the credentials that it has.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from msgspec import Struct

from s3sync.core.archive.engines import DASK, Engine
from s3sync.disk.temporary import private_base
from s3sync.disk.whole_paths import OF_DASK, require_whole
from s3sync.errors import ArchiveError, ConfigError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 64
"""Tasks that are given out before their results are seen to."""
RETRIES = 2
"""Number of times that Dask gives a task to another worker, where it failed in a way that is not ours."""
GONE_S = 5.0
"""Time without a scheduler after which it is given up."""
THREADS = 4
"""Archives that threads read side by side. What they fetch together is bounded by the pool that they share."""
_CALM = (
    "import logging, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "logging.getLogger('distributed').setLevel(logging.CRITICAL)"
)
"""Program by which workers that are made here let Ctrl-C, which reaches them, too, be seen to by who made them, and
say nothing of connections that end with the work: what goes wrong with a task is in its result."""
GOES_ON = "what was done is noted: run the command again, with --engine or without it"
_SAFE_PATH = "PYTHONSAFEPATH"
_END = object()
_LARGE = {"distributed.admin.large-graph-warning-threshold": "1GB"}
"""Setting by which Dask does not remark that a task is large: one has all names of its unit."""
_NO_PAGES: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
"""Setting by which a cluster made here shows nothing of itself: its server of pages has no token."""


class Spread(Struct, frozen=True):
    """Executor, whether it can still be reached, and how the rest is done if it cannot."""

    executor: Executor
    is_there: Callable[[], bool] = lambda: True
    rest: str = GOES_ON


@contextmanager
def spread_over(engine: Engine | None, at_once: int = THREADS) -> Iterator[Spread]:
    """Threads of this process, or workers of Dask: of a cluster that is made here and ends with the block, or another.

    Of threads there are `at_once`, at most a few. What they have not begun when the block ends they do not begin.
    Raises `ConfigError` where Dask is not installed, or its settings are another file in each folder, and
    `ArchiveError` for a scheduler that does not answer.
    """
    if engine is None or engine.name != DASK:
        threads = ThreadPoolExecutor(min(THREADS, at_once), "s3sync-spread")
        try:
            yield Spread(threads)
        finally:
            threads.shutdown(cancel_futures=True)
        return
    require_whole(OF_DASK, os.environ)
    try:
        import dask
        import distributed
    except ImportError:
        raise _not_installed("dask") from None
    Client = cast("Any", distributed.Client)  # noqa: N806
    quiet = {"distributed.logging.distributed": "critical", "distributed.comm.timeouts.connect": "5s", **_LARGE}
    with dask.config.set({**quiet, **(_NO_PAGES if engine.address is None else {})}), ExitStack() as held:
        cluster = _own_cluster(distributed, held) if engine.address is None else None
        try:
            client = Client(cluster if cluster is not None else engine.address, timeout="5s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ArchiveError(
                f"the scheduler at {engine.address} does not answer", why=str(error)[:200], hint="is it running?"
            ) from None
        try:
            yield Spread(client.get_executor(pure=False, retries=RETRIES), lambda: client.status == "running")
        finally:
            client.close(timeout=2)
            if cluster is not None:
                cluster.close(timeout=5)


def _own_cluster(distributed: Any, held: ExitStack) -> Any:
    """Workers on this computer. What reaches a scheduler or a worker runs programs, and others can reach the ports of
    this computer: so they talk by TLS to each other alone, with a key that is made for this. Their folder is private.
    """
    try:
        security = distributed.Security.temporary()
    except ImportError:
        raise _not_installed("cryptography") from None
    folder = held.enter_context(TemporaryDirectory(prefix="s3sync-", dir=private_base(), ignore_cleanup_errors=True))
    held.enter_context(_no_modules_from_here())
    return distributed.LocalCluster(
        dashboard_address=None,
        threads_per_worker=1,
        security=security,
        local_directory=folder,
        preload=_CALM,
        silence_logs=logging.CRITICAL,
    )


@contextmanager
def _no_modules_from_here() -> Iterator[None]:
    """Have processes that are begun in the block take no module from the current folder, which may be anybody's clone.

    Each is `python -c`, for which Python looks there first (https://docs.python.org/3/using/cmdline.html#cmdoption-P).
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE_PATH]
        if before is not None:
            os.environ[_SAFE_PATH] = before


def _not_installed(name: str) -> ConfigError:
    hint = "pip install 's3sync-collab[cluster]'"
    return ConfigError(f"{name} is not installed", why="--engine dask needs it", hint=hint)


def spread(
    over: Spread,
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    ahead: int = AHEAD,
    weight: Callable[[T], int] = lambda task: 0,
    most: int = 1,
) -> Iterator[tuple[T, R | BaseException]]:
    """Each task with its result, or what went wrong with it, as they are done; `ahead` are given out before.

    While those that are under way weigh `most`, no more are given out. Tasks are asked for one by one, and results seen
    to in between. Raises `ArchiveError` when the executor cannot be reached any more. What was given before is done.
    """
    source, pending = iter(tasks), dict[Future[R], T]()
    weighs, last_there, is_more = 0, time.monotonic(), True
    while is_more or pending:
        if is_more and len(pending) < ahead and weighs < most:
            found = next(source, _END)
            is_more = found is not _END
            if is_more:
                task = cast("T", found)
                pending[_submitted(over, function, task)] = task
                weighs += weight(task)
        if not pending:
            continue
        takes = is_more and len(pending) < ahead and weighs < most
        done, _ = wait(pending, timeout=0 if takes else 1.0, return_when=FIRST_COMPLETED)
        if over.is_there():
            last_there = time.monotonic()
        elif time.monotonic() - last_there > GONE_S or any(one.cancelled() for one in done):
            raise gone(over)
        for future in done:
            task = pending.pop(future)
            weighs -= weight(task)
            yield task, _result(future, over)


def _submitted(over: Spread, function: Callable[[T], R], task: T) -> Future[R]:
    try:
        return over.executor.submit(function, task)
    except Exception:
        if over.is_there():
            raise
        raise gone(over) from None


def _result(future: Future[Any], over: Spread) -> Any:
    try:
        return future.result()
    except CancelledError:
        raise gone(over) from None
    except Exception as error:  # noqa: BLE001 - whatever a worker met is told for its task
        if not over.is_there():
            raise gone(over) from None
        return error


def gone(over: Spread) -> ArchiveError:
    """Error for a scheduler that ended in the middle."""
    return ArchiveError("the cluster is gone", why="its scheduler does not answer any more", hint=over.rest)
