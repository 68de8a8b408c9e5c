"""`archive verify --deep --engine dask`: on a real cluster, with a worker that is killed and a scheduler that dies."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

import pytest

from s3sync.archive import cluster
from s3sync.core.archive.engines import Engine
from s3sync.errors import ArchiveError
from tests.kit.people import Person
from tests.scenarios.archive.clusters import a_scheduler, two_workers
from tests.scenarios.archive.conftest import put, settings

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

SET = """
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: tar
"""
UNITS = 8


@pytest.fixture
def archived(david: Person, tmp_path: Path) -> Person:
    settings(david, SET.format(store=(tmp_path / "vault").as_uri()))
    for number in range(UNITS):
        put(david.repo, f"raw/m{number}/light.fits", os.urandom(1000))
    david.ok("archive", "run", "--create", cwd=david.repo)
    david.fresh = True
    return david


@pytest.fixture
def scheduler() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with a_scheduler() as found:
        yield found


@pytest.fixture
def workers(scheduler: tuple[subprocess.Popen[bytes], str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    with two_workers(scheduler[1]) as found:
        yield found


def slowly(number: int) -> tuple[int, int]:
    """A task that takes a moment; its worker's process."""
    time.sleep(0.3)
    return number, os.getpid()


def test_a_worker_that_is_killed_costs_its_task_alone_and_a_scheduler_that_dies_is_told(
    archived: Person,
    scheduler: tuple[subprocess.Popen[bytes], str],
    workers: list[subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "GONE_S", 1.0)
    process, address = scheduler
    told = archived.ok("archive", "verify", "--deep", "--engine", f"dask={address}", "--json", cwd=archived.repo).json
    assert {one["unit"]: one["verified"] for one in told["archives"]} == {f"m{n}": "read" for n in range(UNITS)}
    (tmp_path / "vault/raw/m3.tar").write_bytes(b"rotten")
    bad = archived.expect(3, "archive", "verify", "--deep", "--engine", f"dask={address}", cwd=archived.repo)
    assert "m3" in bad.err and f"verified {UNITS - 1} archives" in bad.out
    found: list[Any] = []
    with cluster.spread_over(Engine("dask", address)) as over:
        for _, result in cluster.spread(over, slowly, range(12)):
            if not found:
                os.kill(workers[0].pid, signal.SIGKILL)
            found.append(result)
        assert sorted(number for number, _ in found) == list(range(12))
        with pytest.raises(ArchiveError, match="the cluster is gone"):
            for _ in cluster.spread(over, slowly, range(12)):
                process.kill()
    gone = archived.expect(1, "archive", "verify", "--deep", "--engine", f"dask={address}", cwd=archived.repo)
    assert "does not answer" in gone.err


MODULES = ("multiprocessing", "distributed", "dask", "signal", "socket", "msgspec", "tornado", "cloudpickle")


def test_workers_are_made_here_where_no_address_is_named_and_run_no_module_of_a_clone(archived: Person) -> None:
    mark = archived.root / "ran"
    for name in MODULES:
        (archived.repo / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r} + ' ')\n")
    told = archived.run("archive", "verify", "--deep", "--engine", "dask", "m1", "m2", "--json", cwd=archived.repo)
    assert not mark.exists(), mark.read_text()
    assert {one["verified"] for one in told.json["archives"]} == {"read"}


def failing_to_connect(number: int) -> int:
    for name in ("distributed.worker", "distributed.comm.tcp"):
        logging.getLogger(name).error("a screenful of number %d", number)
    return number


def test_no_settings_of_dask_begin_in_a_clone(archived: Person, tmp_path: Path) -> None:
    """They name programs that it runs, here and in workers. A path without its beginning it takes from there."""
    (archived.repo / "conf").mkdir()
    trace = f"['import pathlib; pathlib.Path(\"{tmp_path}/trace\").touch()']"
    preloads = "".join(f"  {who}:\n    preload: {trace}\n" for who in ("client", "scheduler", "nanny"))
    (archived.repo / "conf/dask.yaml").write_text(f"distributed:\n{preloads}")
    for name in ("DASK_CONFIG", "DASK_ROOT_CONFIG"):
        words = ("archive", "verify", "--deep", "--engine", "dask")
        told = archived.expect(2, *words, cwd=archived.repo, env={name: "conf"})
        assert "no whole path" in told.err and not (tmp_path / "trace").exists()


def test_workers_that_are_made_here_write_nothing_onto_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with cluster.spread_over(Engine("dask")) as over:
        assert {result for _, result in cluster.spread(over, failing_to_connect, range(2))} == {0, 1}
        failing_to_connect(2)
    assert "screenful" not in "".join(capfd.readouterr())


def test_another_user_of_this_computer_has_nothing_run_by_workers_that_are_made_here() -> None:
    """What a scheduler or a worker is sent, it runs; and whoever is on this computer reaches their ports."""
    with cluster.spread_over(Engine("dask")) as over:
        client = cast("Any", over.executor)._client
        workers = client.scheduler_info()["workers"]
        assert workers and all(one.startswith("tls://") for one in workers)
        folder = Path(next(iter(workers.values()))["local_directory"])
        assert stat.S_IMODE(folder.parents[1].stat().st_mode) == 0o700
        address = client.scheduler.address
        for other, security in (("tcp", None), ("tls", distributed.Security.temporary())):
            with pytest.raises(OSError):
                distributed.Client(
                    address.replace("tls", other), security=security, timeout="500ms", set_as_default=False
                )
        pages = int(client.scheduler_info()["services"].get("dashboard", 0))
        assert not pages or requests_of(pages) == 404
        done = [cast("Any", found)[0] for _, found in cluster.spread(over, slowly, range(2))]
        assert sorted(done) == [0, 1]


def requests_of(port: int) -> int:
    """Status of a page on which Dask shows what it does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/info/main/workers.html")
    return connection.getresponse().status


def test_threads_go_the_same_way() -> None:
    with ThreadPoolExecutor(2) as threads:
        results = dict(cluster.spread(cluster.Spread(threads), lambda n: 1 // n, [0, 1, 2]))
    assert results[1] == 1 and isinstance(results[0], ZeroDivisionError)


def test_what_is_no_work_for_a_cluster_is_refused(archived: Person) -> None:
    archived.fresh = False
    assert "goes with --deep" in archived.expect(2, "archive", "verify", "--engine", "dask", cwd=archived.repo).err
    assert (
        "no run goes by s3-batch" in archived.expect(2, "archive", "run", "--engine", "s3-batch", cwd=archived.repo).err
    )


def test_a_mistyped_engine_is_told_which_ones_the_verb_has(archived: Person) -> None:
    archived.fresh = False
    wrong = archived.expect(2, "archive", "run", "--engine", "dusk", cwd=archived.repo).err
    assert "'dusk' is no engine" in wrong and "did you mean --engine dask?" in wrong
    assert "dask=tcp://HOST:PORT" in wrong and "s3-batch" not in wrong
    every = archived.expect(2, "restore", "m1", "--engine", "cluster", cwd=archived.repo).err
    assert "there are: s3-batch (S3 itself), dask" in every and "did you mean" not in every
    address = archived.expect(2, "restore", "m1", "--engine", "dask=10.0.0.1:8786", cwd=archived.repo).err
    assert "did you mean --engine dask?" in address and "dask=tcp://HOST:PORT" in address
    only = archived.expect(2, "archive", "transition", "m1", "--to", "GLACIER", "--engine", "s3bach", cwd=archived.repo)
    assert "did you mean --engine s3-batch? there are: s3-batch (S3 itself)\n" in only.err
