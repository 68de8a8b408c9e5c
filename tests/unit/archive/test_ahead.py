"""What is made while an archive travels: it is the same as what is made afterwards, and nobody waits for it."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import time
from array import array
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.archive import ahead as room
from s3sync.archive.ahead import Ahead, ahead_of
from s3sync.archive.catalogue import staged as staged_rows
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.staged import Staged
from s3sync.archive.passed import Passed
from s3sync.core.archive.index import index_pieces, index_text, parse_index
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Pack, Source, Unit
from s3sync.errors import DiskFull
from tests.kit.people import Person

COUNT = 2345
"""Members: two whole blocks, and a part of a third."""


def member(n: int) -> Member:
    if n % 100 == 0:
        return Member(f"day {n:06}", Kind.FOLDER, 0, 0o755, n)
    if n % 100 == 1:
        return Member(f"day {n - 1:06}/first", Kind.LINK, 0, 0o777, n, target="light_\udce9.fits")
    odd = "_\udce9" if n % 7 == 0 else ""
    path = f"day {n - n % 100:06}/Light_{n:06}{odd}.fits"
    return Member(path, Kind.FILE, 200, 0o644, n, hashlib.sha256(b"%d" % n).hexdigest(), n * 1024)


WHOLE = Index(
    1, "m42", "s", "m42.tar", Pack.TAR, tuple(map(member, range(COUNT))), COUNT * 1024, 9,
    datetime(2025, 6, 1, tzinfo=UTC), "ana",
)  # fmt: skip


def passed_of(members: tuple[Member, ...], count: int = 0) -> Passed:
    files = [one for one in members if one.kind is Kind.FILE]
    sources = [Source(one.path, one.kind, one.size, one.mode, one.mtime_ns, one.target) for one in members]
    digests = bytearray(b"".join(bytes.fromhex(one.sha256) for one in files))
    return Passed(sources, count, digests, array("Q", [one.offset for one in files]))


def pass_all(ahead: Ahead) -> Index:
    """The index of members that passed in pieces of another length than what is taken in at once."""
    passed = passed_of(WHOLE.members)
    ahead.begin()
    for reached in range(0, COUNT, 321):
        passed.reach(reached)
        ahead.take(passed)
    passed.reach(COUNT)
    ahead.finish(passed)
    return replace(WHOLE, members=passed)


def rows(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in ("member", "piece")]


@pytest.fixture
def wanted(tmp_path: Path) -> list[Any]:
    with Catalogue(tmp_path / "wanted.db") as catalogue:
        catalogue.record(WHOLE)
    return rows(tmp_path / "wanted.db")


def test_text_and_rows_are_those_that_would_be_made_afterwards(tmp_path: Path, wanted: list[Any]) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        ahead = Ahead(catalogue)
        index = pass_all(ahead)
        text = b"".join(index_pieces(index))
        assert text == b"".join(index_pieces(index)) == index_text(WHOLE)
        assert parse_index(text, "m42.tar", "here") == WHOLE
        ahead.close()
        assert b"".join(index_pieces(index)) == text, "what is closed is made again"
        assert rows(path) == [[], []], "nothing of it is in the file before it is recorded"
        catalogue.record(index)
        assert rows(path) == wanted
        catalogue.record(index)
        assert rows(path) == wanted, "once they are in their place the rows are made as ever"


def test_an_upload_that_begins_anew_forgets_what_passed_before(tmp_path: Path, wanted: list[Any]) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        ahead = Ahead(catalogue)
        ahead.begin()
        ahead.take(passed_of(WHOLE.members[5:], 1500))
        index = pass_all(ahead)
        assert b"".join(index_pieces(index)) == index_text(WHOLE)
        catalogue.record(index)
        assert rows(path) == wanted


def test_rows_of_other_members_are_not_taken(tmp_path: Path, wanted: list[Any]) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        index = pass_all(Ahead(catalogue))
        short = passed_of(WHOLE.members[:7], 7)
        later = Ahead(catalogue)
        later.begin()
        later.finish(short)
        catalogue.record(index)
        assert rows(path) == wanted


def test_nobody_else_waits_for_the_catalogue_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue, closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        ahead, passed = Ahead(catalogue), passed_of(WHOLE.members, 1000)
        other.execute("BEGIN IMMEDIATE")  # it is at its work, and we do not wait either
        ahead.begin()
        ahead.take(passed)
        other.execute("COMMIT")
        passed.reach(2000)
        ahead.take(passed)
        other.execute("INSERT INTO store VALUES ('theirs')")
        assert [row[0] for row in catalogue.execute("SELECT id FROM store")] == ["theirs"]


def may_write(path: Path) -> bool:
    """Whether another process may, at once."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


QUICK, THIN = 1e9, 1.0
"""Bytes a second."""


def placed(catalogue: Catalogue, rate: float | None) -> Index:
    """An archive that is on its way, and whose rows are placed meanwhile where the line is quick."""
    ahead = Ahead(catalogue)
    index = pass_all(ahead)
    ahead.place(index.key, rate)
    ahead.close()
    return index


def test_rows_are_placed_while_the_index_travels_and_count_when_the_archive_is_recorded(
    tmp_path: Path, wanted: list[Any]
) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        index = placed(catalogue, QUICK)
        assert not may_write(path)
        assert rows(path) == [[], []]
        catalogue.record(index)
        assert may_write(path)
        assert rows(path) == wanted


def test_on_a_thin_line_and_for_an_archive_that_is_known_nobody_waits(tmp_path: Path, wanted: list[Any]) -> None:
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        for rate, is_known in ((None, False), (THIN, False), (QUICK, True)):
            if not is_known:
                catalogue.forget(WHOLE.key)
            index = placed(catalogue, rate)
            assert may_write(path)
            catalogue.record(index)
            assert rows(path) == wanted


def test_rows_of_an_archive_that_fails_are_not_left_to_the_next_transaction(tmp_path: Path) -> None:
    path, sources = tmp_path / "catalogue.db", tuple(Source(str(n), Kind.FILE) for n in range(room.LEAST))
    with Catalogue(path) as catalogue:
        unit = Unit("u", "s", "/u", "u.tar", sources)
        with pytest.raises(DiskFull), ahead_of(catalogue, ArchiveSet("s", "s3://b", "raw/*"), unit) as ahead:
            assert ahead is not None
            ahead.begin()
            ahead.finish(passed_of(WHOLE.members, COUNT))
            ahead.place("u.tar", QUICK)
            raise DiskFull("the disk is full")
        assert may_write(path)
        with catalogue.transaction():
            catalogue.execute("INSERT INTO store VALUES ('ours')")
    assert rows(path) == [[], []]


def test_where_the_index_takes_longer_others_wait_no_more(
    tmp_path: Path, wanted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_rows, "LONGEST_S", 0.01)
    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        index = placed(catalogue, QUICK)
        until = time.monotonic() + 30
        while not may_write(path):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert rows(path) == [[], []]
        catalogue.record(index)
        assert rows(path) == wanted


def test_a_process_that_is_killed_meanwhile_leaves_no_rows(tmp_path: Path, wanted: list[Any]) -> None:
    path = tmp_path / "catalogue.db"
    script = (
        "import os, sys; from pathlib import Path; from tests.unit.archive.test_ahead import *\n"
        "placed(Catalogue(Path(sys.argv[1])), QUICK)\n"
        "assert not may_write(Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -9
    assert rows(path) == [[], []]
    with Catalogue(path) as catalogue:
        catalogue.record(WHOLE)
    assert rows(path) == wanted


@pytest.mark.parametrize("when", ["begins", "goes on"])
def test_without_room_for_it_everything_is_made_afterwards(
    when: str, tmp_path: Path, wanted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> Any:
        raise DiskFull("the disk is full")

    path = tmp_path / "catalogue.db"
    with Catalogue(path) as catalogue:
        if when == "begins":
            monkeypatch.setattr(room, "unnamed_file", full)
        else:
            monkeypatch.setattr(Staged, "add", full)
        index = pass_all(Ahead(catalogue))
        assert index.members.text is None  # type: ignore[attr-defined]
        assert b"".join(index_pieces(index)) == index_text(WHOLE)
        catalogue.record(index)
        assert rows(path) == wanted


def test_few_members_are_not_worth_it(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "catalogue.db") as catalogue:
        few, many = (tuple(Source(str(n), Kind.FILE) for n in range(count)) for count in (room.LEAST - 1, room.LEAST))
        for pack, sources, expected in ((Pack.TAR, few, False), (Pack.TAR, many, True), (Pack.NONE, many, False)):
            rules = ArchiveSet("s", "s3://b", "raw/*", pack=pack)
            with ahead_of(catalogue, rules, Unit("u", "s", "/u", "u.tar", sources)) as ahead:
                assert (ahead is not None) is expected


def test_a_run_leaves_the_catalogue_that_is_made_anew_of_the_index(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {})
    for n in range(room.LEAST):
        folder = david.repo / "raw" / "m42" / f"{n // 1000}"
        if not n % 1000:
            folder.mkdir(parents=True)
        (folder / f"Light_{n:06}.fits").write_bytes(b"%05d" % n * 500)  # more than one part of all
    rules = f"{{store: '{(tmp_path / 'vault').as_uri()}', source: 'raw/*', layout: '{{id}}'}}"
    (david.repo / ".s3sync.yaml").write_text(f"archives: {{s: {rules}}}")
    david.ok("archive", "run", cwd=david.repo)
    (path,) = (david.root).rglob("archive/*.db")
    found = rows(path)
    assert len(found[0]) == room.LEAST + 4
    david.ok("archive", "catalogue", "rebuild", "--anew", cwd=david.repo)
    assert rows(path) == found
    david.ok("archive", "verify", "--deep", cwd=david.repo)
