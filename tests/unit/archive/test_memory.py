"""Memory of a pack: a few parts, and for each member little more than its name and its SHA-256."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.indexes import add_rows, read_digests, read_index, rows_key, write_index
from s3sync.archive.journal import Journal
from s3sync.archive.passed import Passed
from s3sync.archive.rows.survey import Survey
from s3sync.core.archive.index import index_pieces, index_text
from s3sync.core.archive.rows import Row, Worker
from s3sync.core.archive.values import Index, Kind, Member, Pack, Source
from s3sync.store.bodies import Remade, pieces
from tests.contract.stores import in_folder
from tests.kit.peak import peak_mib
from tests.kit.people import Person

MIB = 1024 * 1024
OF_S3 = 45
"""MiB that a client of S3 takes, and the folder store does not."""
MEMBER = 264
"""Bytes of a member with its SHA-256."""


def index_of(count: int) -> Index:
    members = tuple(
        Member(f"day/{n:06}.fits", Kind.FILE, 200, 0o644, n, hashlib.sha256(b"%d" % n).hexdigest(), n * 1024)
        for n in range(count)
    )
    return Index(1, "m42", "s", "m42.tar", Pack.TAR, members, count * 1024, 9, datetime(2025, 6, 1, tzinfo=UTC), "ana")


def passed_of(index: Index) -> Any:
    """The same members as a stream has them that passed their files."""
    files = [member for member in index.members if member.kind is Kind.FILE]
    sources = [Source(one.path, one.kind, one.size, one.mode, one.mtime_ns, one.target) for one in index.members]
    digests = bytearray(b"".join(bytes.fromhex(member.sha256) for member in files))
    return Passed(sources, len(sources), digests, array("Q", [member.offset for member in files]))


def test_the_text_of_an_index_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    store, index = in_folder(tmp_path / "store").open(), index_of(20_000)
    with Journal(tmp_path / "journal.db") as journal:
        tracemalloc.start()
        try:
            journal.note_made([index])
            write_index(store, index)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < len(index_text(index)) / 2
        found = read_index(store, "m42.tar")
        assert found == index and journal.is_made(found)


def single(number: int) -> Index:
    key = f"cache/2024/03/{number:032x}.jpg"
    member = Member(f"{number:032x}.jpg", Kind.FILE, 200, 0o644, number, "0" * 64, key=key)
    when = datetime(2025, 6, 1, tzinfo=UTC)
    return Index(1, f"images/{member.path}", "s", key, Pack.NONE, (member,), 9, 9, when, "ana", md5=f"{number:032x}")


def test_the_rows_of_a_set_are_in_memory_once(tmp_path: Path) -> None:
    """Also while one is replaced, which leaves out a line, and while their digests are read."""
    store = in_folder(tmp_path / "store").open()
    add_rows(store, "s", map(single, range(4000)))
    size = (tmp_path / "store" / rows_key("s")).stat().st_size

    def peak_of(act: Callable[[], object]) -> float:
        tracemalloc.start()
        try:
            act()
            return tracemalloc.get_traced_memory()[1] / size
        finally:
            tracemalloc.stop()

    assert peak_of(lambda: add_rows(store, "s", [single(9000)])) < 1.6
    assert peak_of(lambda: add_rows(store, "s", [replace(single(5), created_by="jan")])) < 2.6
    found: dict[str, str | None] = {}
    assert peak_of(lambda: found.update(read_digests(store, "s"))) < 2.2
    assert found == {one.key: one.md5 for one in map(single, [*range(4000), 9000])}


def test_rows_of_a_table_go_to_the_disk_beyond_a_page() -> None:
    tracemalloc.start()
    try:
        found = Survey()
        for n in range(15_000):
            md5 = hashlib.md5(b"%d" % n).hexdigest()
            found.take(Row(n, md5, f"images/{md5}.jpg", "jpg", "image", f"2024-03-05T10:00:{n % 60:02}Z"), md5)
        assert found.pending(Worker(), force=False) == 15_000
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_members_that_were_packed_are_made_only_when_they_are_asked_for(tmp_path: Path) -> None:
    """The catalogue and the index take them piece by piece: all of them would be as much again as the sources."""
    store, whole = in_folder(tmp_path / "store").open(), index_of(20_000)
    passed = passed_of(whole)
    with Journal(tmp_path / "journal.db") as journal, Catalogue(tmp_path / "catalogue.db") as catalogue:
        tracemalloc.start()
        try:
            index = replace(whole, members=passed)
            journal.note_made([index])
            write_index(store, index)
            catalogue.record(index)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 20_000 * MEMBER / 2
        assert read_index(store, "m42.tar") == whole and journal.is_made(whole)
        assert tuple(catalogue.members("m42.tar")) == whole.members


def test_members_that_were_packed_are_like_a_tuple_of_them() -> None:
    whole = index_of(1100)
    mixed = [Member("day", Kind.FOLDER, 0, 0o755, 5), *whole.members, Member("z", Kind.LINK, 0, 0o777, 6, target="day")]
    passed = passed_of(replace(whole, members=tuple(mixed)))
    assert passed == tuple(mixed) and tuple(mixed) == passed and list(passed) == mixed and len(passed) == 1102
    assert (passed[0], passed[1], passed[-1]) == (mixed[0], mixed[1], mixed[-1])
    assert passed[1:4] == tuple(mixed[1:4]) and passed[1100:] == tuple(mixed[1100:]) and passed[5:5] == ()
    assert passed != tuple(mixed[:-1]) and passed != [*mixed[:-1], mixed[0]]
    for some in (mixed[:9], mixed):
        index = replace(whole, members=passed_of(replace(whole, members=tuple(some))))
        assert index_text(index) == b"".join(index_pieces(index)) == index_text(replace(whole, members=tuple(some)))


@pytest.mark.parametrize("size", [1, 7, 100_000, None])
def test_a_body_that_is_made_anew_is_read_like_any_other(size: int | None) -> None:
    index = index_of(2100)
    text = index_text(index)
    body = Remade(lambda: index_pieces(index))
    assert (len(body), body.md5) == (len(text), hashlib.md5(text).digest())
    assert b"".join(pieces(body)) == b"".join(pieces(body)) == text
    for place in (5, len(text) - 50, 1000):
        assert body.seek(place) == body.tell() == place
        wanted = None if size is None else place + size
        assert body.read(size) == text[place:wanted]
    assert body.seek(-3, 2) == len(text) - 3
    assert (body.read(), body.read(), body.read(5)) == (text[-3:], b"", b"")


@pytest.mark.slow
def test_a_pack_takes_less_than_150_mb_on_s3_too(tmp_path: Path) -> None:
    """Many members, and one that is larger than that: the whole command, as it is started by a person."""
    david = Person("david", tmp_path / "david", {})
    folder = david.repo / "raw" / "m42"
    for n in range(5000):
        if not n % 1000:
            (folder / f"{n // 1000}").mkdir(parents=True)
        (folder / f"{n // 1000}" / f"light_{n:06}.fits").write_bytes(b"x" * 200)
    (folder / "z.ser").touch()
    os.truncate(folder / "z.ser", 160 * MIB)
    vault = (tmp_path / "vault").as_uri()
    rules = f"{{store: '{vault}', source: 'raw/*', layout: '{{id}}'}}"
    (david.repo / ".s3sync.yaml").write_text(f"archives: {{s: {rules}}}")
    peak, _ = peak_mib(david, 0, "archive", "run", cwd=david.repo)
    assert peak < 150e6 / MIB - OF_S3
    assert (tmp_path / "vault" / "m42.tar").stat().st_size > 160 * MIB + 5000 * 1024
