"""Work on many archives spread over an executor: threads of this process, or workers of a Dask cluster. It is one path.

A task is plain data and does the same however often it is done, so a worker that is killed costs its task alone: Dask
gives it to another. What is done is noted by whoever asked, as each result arrives. Tasks carry no secrets: a worker
signs with the credentials that it has.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from itertools import islice
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.carrier import open_carrier
from s3sync.archive.indexes import index_of
from s3sync.archive.verify import verify_archive
from s3sync.archive.verify_all import Verified
from s3sync.core.archive.engines import DASK, Engine
from s3sync.core.archive.records import Archived
from s3sync.core.typed import typed
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError, ConfigError, S3syncError
from s3sync.store import StoreOptions, Wire, open_store

if TYPE_CHECKING:
    from s3sync.config import Settings

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
_NO_PAGES: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
"""Setting by which a cluster made here shows nothing of itself: its server of pages has no token."""


class VerifyTask(Struct, frozen=True):
    """One archive that is to be read. The store is opened where the task is done."""

    store: str
    region: str | None
    endpoint: str | None
    profile: str | None
    wire: Wire
    user: str
    archived: Archived


class Spread(Struct, frozen=True):
    """Executor, and whether it can still be reached."""

    executor: Executor
    is_there: Callable[[], bool] = lambda: True


def task_of(settings: Settings, user: str, archived: Archived) -> VerifyTask:
    """The task of reading an archive. Of the settings it has what names the store, and no key."""
    plain = replace(archived, tags=dict(archived.tags), fields=dict(archived.fields))
    profile = settings.profile if settings.credentials == "profile" else None
    wire = Wire(addressing=None if settings.addressing == "auto" else settings.addressing)
    return VerifyTask(settings.store, settings.region, settings.endpoint_url, profile, wire, user, plain)


def verify_one(task: VerifyTask) -> Verified:
    """Read an archive, and compare each member with its SHA-256. What is wrong with it is in the result."""
    one = task.archived
    options = StoreOptions(task.region, task.endpoint, task.profile, env=os.environ, wire=task.wire)
    try:
        store = open_store(task.store, options)
        index = index_of(store, one)
        if index is None:
            raise ArchiveError(f"{store.url}/{one.key} has no index any more")
        with open_carrier(store, task.user) as carrier:
            proof = verify_archive(carrier, index, deep=True, copies=True)
        return Verified(one.unit, one.key, one.size, proof)
    except Cold as error:
        hint = f"`s3sync restore {typed(one.unit)}` thaws it; without --deep it is verified as it is"
        return Verified(one.unit, one.key, one.size, None, str(error), hint, cold=True)
    except S3syncError as error:
        return Verified(one.unit, one.key, one.size, None, str(error), error.hint)


@contextmanager
def spread_over(engine: Engine | None, at_once: int = THREADS) -> Iterator[Spread]:
    """Threads of this process, or workers of Dask: of a cluster that is made here and ends with the block, or another.

    Of threads there are `at_once`, at most a few. What they have not begun when the block ends they do not begin.
    Raises `ConfigError` where Dask is not installed, and `ArchiveError` for a scheduler that does not answer.
    """
    if engine is None or engine.name != DASK:
        threads = ThreadPoolExecutor(min(THREADS, at_once), "s3sync-spread")
        try:
            yield Spread(threads)
        finally:
            threads.shutdown(cancel_futures=True)
        return
    try:
        import dask
        import distributed
    except ImportError:
        raise _not_installed("dask") from None
    Client = cast("Any", distributed.Client)  # noqa: N806
    quiet = {"distributed.logging.distributed": "critical", "distributed.comm.timeouts.connect": "5s"}
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
    folder = held.enter_context(TemporaryDirectory(prefix="s3sync-", ignore_cleanup_errors=True))
    return distributed.LocalCluster(
        dashboard_address=None, threads_per_worker=1, security=security, local_directory=folder
    )


def _not_installed(name: str) -> ConfigError:
    hint = "pip install 's3sync-collab[cluster]'"
    return ConfigError(f"{name} is not installed", why="--engine dask needs it", hint=hint)


def spread(over: Spread, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R | BaseException]]:
    """Each task with its result, or what went wrong with it, as they are done; few are given out ahead.

    Raises `ArchiveError` when the executor cannot be reached any more. What was given before is done.
    """
    source, pending = iter(tasks), dict[Future[R], T]()
    last_there = time.monotonic()
    while True:
        for one in islice(source, AHEAD - len(pending)):
            pending[over.executor.submit(function, one)] = one
        if not pending:
            return
        done, _ = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
        if over.is_there():
            last_there = time.monotonic()
        elif time.monotonic() - last_there > GONE_S or any(one.cancelled() for one in done):
            raise gone()
        for future in done:
            yield pending.pop(future), _result(future, over)


def _result(future: Future[Any], over: Spread) -> Any:
    try:
        return future.result()
    except CancelledError:
        raise gone() from None
    except Exception as error:  # noqa: BLE001 - whatever a worker met is told for its task
        if not over.is_there():
            raise gone() from None
        return error


def gone() -> ArchiveError:
    """Error for a scheduler that ended in the middle."""
    return ArchiveError(
        "the cluster is gone",
        why="its scheduler does not answer any more",
        hint="what was verified is noted: `--older-than 1d` reads the rest, also without --engine",
    )


def failed(task: VerifyTask, error: Any) -> Verified:
    """Result of a task whose workers were killed again and again, or met what is no error of ours."""
    one, kind = task.archived, type(error).__name__
    why = "its workers were killed each time" if kind == "KilledWorker" else f"its worker failed: {kind}: {error}"
    return Verified(one.unit, one.key, one.size, None, why[:500], "look at the workers' memory and their log")
