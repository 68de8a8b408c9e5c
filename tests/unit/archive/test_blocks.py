"""Units of a run: small ones are on their way together, and no more of them than memory has room for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import blocks
from s3sync.archive.blocks import BLOCK, Blocks, results_of
from s3sync.archive.run import run
from s3sync.archive.run_report import Options, UnitState
from s3sync.archive.work import Channel, Working, working
from s3sync.core.archive.values import Kind, Pack, Source, Unit, UnitKind
from s3sync.errors import Unreachable
from s3sync.store import Store
from s3sync.store.port import Written
from s3sync.store.wrapped import Wrapped
from s3sync.transfer.flow import CEILING
from s3sync.transfer.pool import Pool
from tests.contract.stores import in_folder
from tests.unit.archive.packing import rules_of, unit_of

PATIENCE_S = 60
MIB = 1024 * 1024


def unit(number: int, size: int, files: int = 1) -> Unit:
    sources = tuple(Source(f"{n}", Kind.FILE, size // files) for n in range(files))
    return Unit(f"u{number:03}", "s", "/nowhere", f"u{number:03}.tar", sources)


def taken(sizes: list[int], pack: Pack = Pack.TAR, **more: Any) -> list[list[int]]:
    source = Blocks((unit(number, size) for number, size in enumerate(sizes)), rules_of(pack, **more))
    return [[one.size for one in block] for block in iter(source.take, [])]


def test_small_units_go_together_and_large_ones_alone() -> None:
    assert taken([1, 2, 9 * MIB, 3, 4, 20 * MIB, 30 * MIB]) == [[1, 2], [9 * MIB], [3, 4], [20 * MIB], [30 * MIB]]
    assert [len(block) for block in taken([1] * (BLOCK + 5))] == [BLOCK, 5]


@pytest.mark.parametrize(("pack", "each"), [(Pack.TAR, 8 * MIB), (Pack.TAR_GZ, MIB), (Pack.TAR_ZST, MIB)])
def test_no_more_bytes_go_together_than_fit_into_memory(pack: Pack, each: int) -> None:
    found = taken([each] * 20, pack)
    most = blocks.TOGETHER if pack is Pack.TAR else blocks.FRAMES_TOGETHER
    assert len(found) < 20 and max(map(sum, found)) == most
    assert taken([each + 1] * 3, pack) == [[each + 1]] * 3


def test_units_of_many_files_and_those_that_are_split_go_alone() -> None:
    many = [unit(1, 0, 1), unit(2, 0, blocks.FEW + 1), unit(3, 0, 1)]
    source = Blocks(many, rules_of())
    assert [[one.id for one in block] for block in iter(source.take, [])] == [["u001"], ["u002"], ["u003"]]
    assert taken([10, 11, 12, 9], max_size=10) == [[10], [11], [12], [9]]


def test_no_unit_is_looked_at_that_is_not_wanted_yet() -> None:
    looked_at: list[int] = []

    def units() -> Iterator[Unit]:
        for number in count():
            looked_at.append(number)
            yield unit(number, 1)

    source = Blocks(units(), rules_of())
    assert [len(source.take(2)), len(source.take(0)), looked_at] == [2, 0, [0, 1]]


def test_units_of_a_block_are_on_their_way_at_the_same_time() -> None:
    """Each waits for all others: one after the other would never end."""
    meeting = threading.Barrier(8)

    def send(one: Unit) -> int:
        meeting.wait(PATIENCE_S)
        return one.size

    with Pool() as pool:
        found = results_of(pool, rules_of(), send, [unit(number, 1) for number in range(8)])
    assert [result.result() for result in found.values()] == [1] * 8


@pytest.mark.parametrize("kind", [UnitKind.FOLDER, UnitKind.GROUP])
def test_folders_without_container_go_one_by_one(kind: UnitKind) -> None:
    """Their files are what shares the pool: a worker must not wait for others."""
    threads = list[threading.Thread]()

    def send(one: Unit) -> None:
        threads.append(threading.current_thread())

    with Pool() as pool:
        results_of(pool, rules_of(Pack.NONE, unit=kind), send, [unit(number, 1) for number in range(3)])
    assert threads == [threading.current_thread()] * 3


def test_after_an_error_that_ends_the_run_no_unit_is_begun() -> None:
    began = []

    def send(one: Unit) -> None:
        began.append(one.id)
        raise Unreachable("the line is down")

    with Pool(workers=1) as pool:
        found = results_of(pool, rules_of(), send, [unit(number, 1) for number in range(5)])
    assert began == ["u000"] and all(isinstance(result.error, Unreachable) for result in found.values())


class Down(Wrapped):
    """A store that is gone when a certain unit comes."""

    def put(self, key: str, *args: Any, **more: Any) -> Written:
        if "u003" in key:
            raise Unreachable("the line is down")
        return super().put(key, *args, **more)


@contextmanager
def at_work(store: Store, folder: Path, workers: int = CEILING) -> Iterator[Working]:
    environ = {"XDG_DATA_HOME": str(folder / "data")}
    with working(Channel("file:///nowhere", None, "ana", environ, workers=workers, opened=store), rules_of()) as opened:
        yield opened


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Working]:
    with at_work(in_folder(tmp_path / "store").open(), tmp_path) as opened:
        yield opened


def units_in(folder: Path, number: int) -> list[Unit]:
    found = []
    for n in range(number):
        (folder / f"u{n:03}").mkdir(parents=True)
        (folder / f"u{n:03}" / "a").write_bytes(os.urandom(50))
        found.append(unit_of(folder / f"u{n:03}", f"u{n:03}"))
    return found


def test_one_unit_that_fails_leaves_the_others_sent_and_known(work: Working, tmp_path: Path) -> None:
    units = units_in(tmp_path / "raw", BLOCK + 10)
    (tmp_path / "raw/u007/a").write_bytes(b"it changed since")
    told: list[str] = []
    report = run(work, units, Options(), lambda one: told.append(one.unit))
    assert told == [one.id for one in units] == [one.unit for one in report.units]
    assert [one.unit for one in report.of(UnitState.FAILED)] == ["u007"] and report.exit_code == 3
    known = {one.unit for one in work.catalogue.archives()}
    assert known == {one.id for one in units} - {"u007"}
    assert [(one.unit, one.outcome) for one in work.catalogue.log() if one.outcome != "done"] == [("u007", "failed")]
    assert {one.unit for one in work.catalogue.log()} == set(told)
    again = run(work, units, Options(), lambda one: None)
    assert len(again.of(UnitState.KNOWN)) == len(units) - 1 and len(again.of(UnitState.FAILED)) == 1


def test_what_was_sent_before_the_line_broke_is_in_the_catalogue(tmp_path: Path) -> None:
    units = units_in(tmp_path / "raw", 6)
    with at_work(Down(in_folder(tmp_path / "store").open()), tmp_path, workers=1) as work:
        with pytest.raises(Unreachable) as raised:
            run(work, units, Options(), lambda one: None)
        sent = {one.unit for one in raised.value.report.of(UnitState.SENT)}
        assert sent == {one.unit for one in work.catalogue.archives()} == {"u000", "u001", "u002"}
