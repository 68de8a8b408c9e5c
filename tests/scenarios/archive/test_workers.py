"""`archive run` and `restore` with `--engine dask`: by real workers, of which some are killed in the middle."""

from __future__ import annotations

import dataclasses
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.archive import cluster
from s3sync.archive.cluster import Spread
from s3sync.archive.restoring import RestoreOptions
from s3sync.archive.run_report import Options, UnitState
from s3sync.archive.workers.failure import Failure, error_of
from s3sync.archive.workers.packing import Packed, PackTask, pack_one, pack_task
from s3sync.archives import Archives, bringing
from s3sync.archives.spreading import where_of
from s3sync.core.archive.engines import Engine
from s3sync.errors import ArchiveError, CredentialsError
from s3sync.store import StoreOptions, open_store
from tests.kit.browser import until
from tests.kit.people import Person
from tests.scenarios.archive.clusters import a_scheduler, two_workers
from tests.scenarios.archive.conftest import at_home, put, settings

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

SET = """
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: tar
  here:
    store: {store}
    source: raw/*
    layout: "here/{{id}}"
    pack: tar
  plain:
    store: {store}
    source: raw/*
    layout: "plain/{{id}}"
    pack: none
"""
UNITS, MIB = 4, 1024 * 1024
DASK = Engine("dask")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def person(david: Person, vault: Path) -> Person:
    settings(david, SET.format(store=vault.as_uri()))
    return david


def filled(person: Person, size: int) -> None:
    for number in range(UNITS):
        put(person.repo, f"raw/m{number}/light.fits", os.urandom(size))
        put(person.repo, f"raw/m{number}/notes.txt", b"clear sky")


@contextmanager
def dask(person: Person) -> Iterator[tuple[subprocess.Popen[bytes], list[subprocess.Popen[bytes]], str]]:
    """A scheduler and two workers, which have the person's home."""
    with a_scheduler() as (process, address), two_workers(address, at_home(person)) as workers:
        person.fresh = True
        yield process, workers, f"dask={address}"
        person.fresh = False


def underway(person: Person) -> int:
    """Number of uploads of which parts have arrived, by the journal on the disk."""
    for path in (person.root / "home").rglob("uploads.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as journal:
            return int(journal.execute("SELECT count(DISTINCT key) FROM part").fetchone()[0])
    return 0


def arriving(folder: Path) -> int:
    """Number of files that are being written, and have a MiB by now."""
    return sum(path.stat().st_size > MIB for path in folder.glob("*/.s3sync-*"))


def killing(worker: subprocess.Popen[bytes], ready: Callable[[], bool], command: Callable[[], Any]) -> Any:
    """Run a command, and kill a worker as soon as it is in the middle of something."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(command)

        def is_in_the_middle() -> bool:
            return running.done() or ready()

        until(is_in_the_middle)
        assert not running.done(), running.result()
        os.kill(worker.pid, signal.SIGKILL)
        return running.result()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_worker_that_is_killed_while_it_packs_or_restores_costs_its_task_alone(person: Person, vault: Path) -> None:
    filled(person, 17 * MIB)
    before, raw = contents(person.repo / "raw"), person.repo / "raw"
    slowly = ("--bwlimit", "12M")
    with dask(person) as (_, workers, engine):
        run = ("archive", "run", "--set", "sessions", "--create", "--engine", engine, *slowly, "--json")
        told = killing(workers[0], lambda: underway(person) == 2, lambda: person.ok(*run, cwd=person.repo)).json
        assert {one["unit"]: one["state"] for one in told["units"]} == {f"m{n}": "sent" for n in range(UNITS)}
        with two_workers(engine.removeprefix("dask="), at_home(person)):
            shutil.rmtree(raw)
            raw.mkdir()
            back = ("restore", "*", "--set", "sessions", "--engine", engine, *slowly)
            killing(workers[1], lambda: arriving(raw) >= 2, lambda: person.ok(*back, cwd=person.repo))
    assert contents(raw) == before  # also nothing that a killed one left
    person.ok("archive", "run", "--set", "here", cwd=person.repo)
    assert [(vault / f"raw/m{n}.tar").read_bytes() == (vault / f"here/m{n}.tar").read_bytes() for n in range(UNITS)]
    person.ok("archive", "verify", "--deep", "--set", "sessions", cwd=person.repo)
    assert not underway(person)
    assert "archived 0 units" in person.ok("archive", "run", "--set", "sessions", cwd=person.repo).out


def test_one_unit_that_fails_stops_no_other_and_the_next_run_goes_on(person: Person, vault: Path) -> None:
    """Also files without a container, of which the rows are written here, and what is deleted here after its proof."""
    filled(person, 2000)
    before = contents(person.repo / "raw")
    person.ok("archive", "run", "--set", "here", "--create", cwd=person.repo)
    put(vault, "raw/m2.tar", b"whose is this?")
    with dask(person) as (_, _, engine):
        run = ("archive", "run", "--set", "sessions", "--engine", engine)
        bad = person.expect(3, *run, cwd=person.repo)
        assert "is there already, and is not what would be sent" in bad.err and "archived 3 units" in bad.out
        (vault / "raw/m2.tar").unlink()
        assert "archived 1 unit" in person.ok(*run, cwd=person.repo).out
        plain = ("archive", "run", "--set", "plain", "--engine", engine, "--json")
        few = person.ok(*plain, "--limit", "3", cwd=person.repo).json
        assert len(few["units"]) == 3
        rest = person.ok(*plain, "--delete-local", cwd=person.repo).json
        assert sum(one["deleted_local"]["files"] for one in rest["units"]) == 2 * UNITS
        assert not contents(person.repo / "raw")
        person.ok(
            "restore", "m1", "m3", "--set", "plain", "--engine", engine, "--member", "light.fits", cwd=person.repo
        )
        assert sorted(contents(person.repo / "raw")) == ["m1/light.fits", "m3/light.fits"]
    person.ok("restore", "*", "--set", "plain", cwd=person.repo)
    assert contents(person.repo / "raw") == before


def archives(person: Person, **more: Any) -> Archives:
    return Archives.open(path=person.repo, environ={**at_home(person), "S3SYNC_TRUST": "1"}, **more)


def test_a_scheduler_that_dies_is_told_and_the_next_run_goes_on(
    person: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "GONE_S", 1.0)
    filled(person, 17 * MIB)
    put(person.repo, "raw/m0/light.fits", b"soon there")  # long before the others, of which none is then
    with dask(person) as (scheduler, _, engine):
        sets = archives(person, flags={"bwlimit": "1M"})
        address = Engine("dask", engine.removeprefix("dask="))
        with pytest.raises(ArchiveError, match="the cluster is gone") as gone:
            options = Options(create=True)
            sets.run(set="sessions", options=options, engine=address, told=lambda unit: scheduler.kill())
        assert "run the command again" in str(gone.value.hint)
    person.ok("archive", "run", "--set", "sessions", cwd=person.repo)
    person.ok("archive", "verify", "--deep", "--set", "sessions", cwd=person.repo)


def test_ctrl_c_reaches_workers_that_are_made_here_and_is_said_once(person: Person, vault: Path) -> None:
    """A terminal sends it to all processes of a command."""
    filled(person, 17 * MIB)
    words = ("archive", "run", "--set", "sessions", "--create", "--engine", "dask", "--bwlimit", "4M")
    with subprocess.Popen(
        [*person.program, *words],
        cwd=person.repo,
        env=person.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        until(lambda: underway(person) > 0 or running.poll() is not None)
        os.killpg(running.pid, signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130 and "nothing is lost" in told and "Traceback" not in told, told
    assert "archived 4 units" in person.ok("archive", "run", "--set", "sessions", cwd=person.repo).out


class Elsewhere(Executor):
    """A worker that sees something else: `before` a task is done, and as it was `after` it."""

    def __init__(self, before: Callable[[], object], after: Callable[[], object]) -> None:
        self._before, self._after = before, after

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        self._before()
        done.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
        self._after()
        return done


def by(executor: Executor, monkeypatch: pytest.MonkeyPatch, person: Person) -> Archives:
    """The sets of somebody whose cluster is this executor."""

    @contextmanager
    def over(engine: Engine | None, at_once: int = 4) -> Iterator[Spread]:
        yield Spread(executor)

    monkeypatch.setattr(cluster, "spread_over", over)
    monkeypatch.setattr(bringing, "spread_over", over)
    for name, value in at_home(person).items():
        monkeypatch.setenv(name, value)
    return archives(person)


def test_a_worker_that_does_not_see_the_disk_is_refused_and_makes_nothing(
    person: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(person, 2000)
    raw, away = person.repo / "raw", person.repo / "away"

    def swap() -> None:
        raw.rename(away)
        shutil.copytree(away, raw, copy_function=shutil.copyfile)  # the same names with other times: another disk

    def back() -> None:
        assert contents(raw) == contents(away)
        shutil.rmtree(raw)
        away.rename(raw)

    sets = by(Elsewhere(swap, back), monkeypatch, person)
    with pytest.raises(ArchiveError, match=r"a worker does not see .*light\.fits") as refused:
        sets.run(set="sessions", options=Options(create=True), engine=DASK)
    assert "another file" in str(refused.value) and "same path on every worker" in str(refused.value.hint)
    assert not list(vault.glob("raw/*"))
    sets = by(Elsewhere(lambda: raw.rename(away), lambda: away.rename(raw)), monkeypatch, person)
    with pytest.raises(ArchiveError, match="a worker does not see"):
        sets.run(set="sessions", engine=DASK)
    person.ok("archive", "run", "--set", "sessions", cwd=person.repo)
    shutil.rmtree(raw)
    raw.mkdir()
    with pytest.raises(ArchiveError, match="a worker does not see"):
        sets.restore("*", set="sessions", options=RestoreOptions(to="local"), engine=DASK)
    assert not contents(raw) and not contents(away)


def test_a_file_that_changes_meanwhile_fails_its_unit_alone(
    person: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(person, 2000)
    changed: list[bool] = []

    def change() -> None:
        if not changed:
            changed.append(True)
            put(person.repo, "raw/m0/light.fits", b"rewritten", when=1_800_000_000)

    report = by(Elsewhere(change, lambda: None), monkeypatch, person).run(
        set="sessions", options=Options(create=True), engine=DASK
    )
    assert sorted((one.unit, one.state) for one in report.units if one.state is not UnitState.SENT) == [
        ("m0", UnitState.FAILED)
    ]
    assert len(report.of(UnitState.SENT)) == UNITS - 1


def task_of(person: Person, number: int) -> PackTask:
    sets = archives(person)
    chosen = sets.chosen("sessions")
    unit = next(iter(sets.units(chosen, f"m{number}")))
    store = open_store(chosen.store, StoreOptions())
    secret = dataclasses.replace(sets.settings_of(chosen), proxy="http://jan:hunter2@proxy", bwlimit="100M")
    return pack_task(where_of(secret, "david", store), chosen, unit, (), lambda index: False, replace_=False)


@pytest.mark.parametrize("size", [17 * MIB, 2000])
def test_a_task_that_is_done_once_more_elsewhere_finds_what_a_killed_worker_made(
    person: Person, vault: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int
) -> None:
    filled(person, size)
    person.ok("archive", "run", "--set", "here", "--create", cwd=person.repo)
    task = task_of(person, 1)
    assert b"hunter2" not in pickle.dumps(task)
    made: list[Packed] = []
    for computer in ("one", "two"):  # each has a memory of its own
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / computer))
        found = pack_one(pickle.loads(pickle.dumps(task)))
        assert isinstance(found, Packed) and found.failure is None
        made.append(found)
        (vault / "raw/m1.tar.index.json").unlink()  # as if it had been killed before it wrote that
    assert made[0].put is not None and made[1].put is not None
    assert made[0].put.index.members == made[1].put.index.members and made[0].put.index.etag == made[1].put.index.etag
    assert not list(open_store(vault.as_uri(), StoreOptions()).list_uploads("raw/"))
    other = pack_one(replace(task, mark="0" * 32))  # what somebody else put there is not taken for it
    assert isinstance(other, Packed)
    assert (other.failure is not None and other.failure.kind == "Halt") == (size > MIB)


@pytest.mark.parametrize(
    "failure, kind",
    [
        (Failure("CredentialsError", "no keys", hint="log in"), CredentialsError),
        (Failure("SystemExit", "no error of ours"), ArchiveError),
        (Failure("Any", "no error at all"), ArchiveError),
    ],
)
def test_an_error_comes_back_as_one_of_ours(failure: Failure, kind: type[Exception]) -> None:
    error = error_of(failure)
    assert type(error) is kind and error.message == failure.message and error.hint == failure.hint


def test_threads_are_workers_like_any_other(person: Person, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(person, 2000)
    person.ok("archive", "run", "--set", "here", "--create", cwd=person.repo)
    with ThreadPoolExecutor(2) as threads:
        report = by(threads, monkeypatch, person).run(set="sessions", engine=DASK)
    assert len(report.of(UnitState.SENT)) == UNITS
    assert (vault / "raw/m0.tar").read_bytes() == (vault / "here/m0.tar").read_bytes()
