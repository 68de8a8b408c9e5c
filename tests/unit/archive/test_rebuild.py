"""The catalogue from the store: a lost one is made equal, two people see the same, and what went wrong is told."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import asdict

from s3sync.archive import indexes
from s3sync.archive.carrier import open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.catalogue.listing import Listing
from s3sync.archive.catalogue.rebuild import Rebuilt, compare, rebuild
from s3sync.archive.indexes import add_rows, read_rows, rows_key
from s3sync.archive.journal import Journal
from s3sync.archive.send import send_unit
from s3sync.core.archive.index import index_text, memory_of, parse_index
from s3sync.core.archive.values import Index, Pack, index_key
from s3sync.errors import ArchiveError
from s3sync.store import Store
from s3sync.store.port import Body, Buffer, Written
from s3sync.store.wrapped import Wrapped
from tests.contract.stores import in_folder, put, read
from tests.unit.archive.packing import rules_of, unit_of

NOW = "2025-06-01T00:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return in_folder(tmp_path / "store").open()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "mine.db") as opened:
        yield opened


def send(store: Store, tmp_path: Path, name: str, pack: Pack = Pack.TAR) -> Index:
    root = tmp_path / name
    (root / "day").mkdir(parents=True)
    (root / "day" / f"{name}.mp4").write_bytes(name.encode() * 1000)
    (root / "notes.txt").write_text(name)
    with open_carrier(store, "ana") as carrier, Journal(tmp_path / "journal.db") as journal:
        return send_unit(carrier, rules_of(pack), unit_of(root, name, pack), journal)[0]


def everything(catalogue: Catalogue) -> list[object]:
    return [(asdict(one), list(catalogue.members(one.key))) for one in catalogue.archives()]


def test_a_lost_catalogue_is_rebuilt_and_equal(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    for name, pack in (("b40", Pack.TAR), ("b41", Pack.TAR_GZ), ("loose", Pack.NONE)):
        catalogue.record(send(store, tmp_path, name, pack))
    with Catalogue(tmp_path / "other.db") as other:
        report = rebuild(other, store, NOW)
        assert (report.archives, report.read, report.problems, report.gone) == (3, 3, (), ())
        assert everything(other) == everything(catalogue)
        again = rebuild(other, store, NOW)
        assert (again.archives, again.read) == (3, 0), "what is known is not read again"
        other.execute("DELETE FROM piece")
        other.execute("INSERT INTO piece SELECT id, 0, zeroblob(1024) FROM archive")
        assert other.find("40.m") == []
        rebuild(other, store, NOW)
        assert len(other.find("40.m")) == 1, "what an earlier version wrote to find names by is made anew"


def test_two_people_see_the_same_after_one_of_them_sent_more(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    send(store, tmp_path, "b40")
    send(store, tmp_path, "loose", Pack.NONE)
    rebuild(catalogue, store, NOW)
    send(store, tmp_path, "b41")
    send(store, tmp_path, "loose2", Pack.NONE)
    report = rebuild(catalogue, store, NOW)
    assert report.archives == 4
    assert {one.unit for one in catalogue.archives()} == {"b40", "b41", "loose", "loose2"}


@pytest.mark.parametrize("pack", [Pack.TAR, Pack.NONE])
def test_what_is_gone_is_marked_and_not_forgotten(
    store: Store, catalogue: Catalogue, tmp_path: Path, pack: Pack
) -> None:
    index = send(store, tmp_path, "b40", pack)
    send(store, tmp_path, "b41", pack)
    rebuild(catalogue, store, NOW)
    store.delete(next((one.key for one in index.members if one.key), index.key))
    report = rebuild(catalogue, store, NOW)
    assert report.gone == (index.key,)
    assert [one.unit for one in catalogue.archives()] == ["b41"]
    gone = catalogue.archive(index.key)
    assert gone is not None and str(gone.status) == "gone"


def test_a_unit_that_the_rows_no_longer_have_is_forgotten(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    index = send(store, tmp_path, "loose", Pack.NONE)
    send(store, tmp_path, "other", Pack.NONE)
    rebuild(catalogue, store, NOW)
    add_rows(store, index.set, [], frozenset([index.key]))
    rebuild(catalogue, store, NOW)
    assert [one.unit for one in catalogue.archives()] == ["other"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"format": 99}', b"\xff\xfe", b'{"format": 1}'],
    ids=["empty", "cut", "newer", "no text", "lacking"],
)
def test_an_index_that_cannot_be_used_is_a_problem_and_the_others_are_read(
    store: Store, catalogue: Catalogue, tmp_path: Path, body: bytes
) -> None:
    index = send(store, tmp_path, "b40")
    send(store, tmp_path, "b41")
    put(store, index_key(index.key), body)
    report = rebuild(catalogue, store, NOW)
    assert [one.path for one in report.problems] == [index_key(index.key)]
    assert [one.unit for one in catalogue.archives()] == ["b41"]


def test_another_archives_index_is_a_problem(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    index, other = send(store, tmp_path, "b40"), send(store, tmp_path, "b41")
    put(store, index_key(index.key), read(store, index_key(other.key)))
    report = rebuild(catalogue, store, NOW)
    assert [one.path for one in report.problems] == [index_key(index.key)]


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "altered"])
def test_an_archive_that_is_not_what_its_index_says_is_told(
    store: Store, catalogue: Catalogue, tmp_path: Path, cut: bool
) -> None:
    index = send(store, tmp_path, "b40")
    body = read(store, index.key)
    put(store, index.key, body[:-512] if cut else body[:-1] + b"x")
    report: Rebuilt = rebuild(catalogue, store, NOW)
    assert [one.path for one in report.problems] == [index.key]


def test_broken_rows_of_one_set_leave_the_archives_of_others(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    send(store, tmp_path, "b40")
    put(store, rows_key("media"), b'{"format": 1}\n')
    report = rebuild(catalogue, store, NOW)
    assert [one.path for one in report.problems] == [rows_key("media")]
    assert report.archives == 1


def test_a_rebuild_beside_another_one_calls_nothing_gone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    send(store, tmp_path, "b40")
    rebuild(catalogue, store, NOW)
    with Listing(catalogue) as listing, Catalogue(catalogue.path) as other:
        listing.add((info, None) for info in store.list(""))
        assert rebuild(other, store, NOW).gone == ()
        assert listing.gone() == []


def test_what_is_sent_while_the_store_is_listed_is_not_gone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    send(store, tmp_path, "b40")
    rebuild(catalogue, store, NOW)
    with Listing(catalogue) as listing:
        listing.add((info, None) for info in store.list(""))
        catalogue.record(send(store, tmp_path, "b41"))
        assert listing.gone() == []


class Late(Wrapped):
    """A store in which somebody else writes a moment before the first write of this one."""

    def __init__(self, inner: Store, first: Callable[[], object]) -> None:
        super().__init__(inner)
        self._first: Callable[[], object] | None = first

    def put(self, key: str, body: Buffer | Body, **more: Any) -> Written:
        first, self._first = self._first, None
        if first is not None:
            first()
        return self.inner.put(key, body, **more)


@pytest.mark.parametrize("earlier", [0, 1])
def test_rows_that_two_people_write_at_once_are_all_there(store: Store, tmp_path: Path, earlier: int) -> None:
    """The file of rows is made by one of them, or is there already."""
    mine, theirs, before = (send(store, tmp_path, name, Pack.NONE) for name in ("b40", "b41", "b42"))
    store.delete(rows_key(mine.set))
    add_rows(store, mine.set, [before][:earlier])
    late = Late(store, lambda: add_rows(store, mine.set, [theirs]))
    add_rows(late, mine.set, [mine])
    assert read_rows(store, mine.set) == {one.key: one for one in (*[before][:earlier], theirs, mine)}


def test_rows_of_which_all_units_are_gone_are_known(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    """As on an SSD from which all moved on: a check has nothing to say, before and after a rebuild."""
    made = send(store, tmp_path, "loose", Pack.NONE)
    rebuild(catalogue, store, NOW)
    add_rows(store, made.set, [], frozenset([made.key]))
    assert compare(catalogue, store).unread == (rows_key(made.set),)
    rebuild(catalogue, store, NOW)
    assert catalogue.archives() == [] and compare(catalogue, store).is_same
    with Catalogue(tmp_path / "other.db") as other:
        assert compare(other, store).is_same


def test_one_index_that_no_memory_holds_hides_no_other(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones are read one by one; what would take more memory than a command has is told, and not made."""
    whole = send(store, tmp_path, "b40")
    false = json.decode(index_text(send(store, tmp_path, "b41"))) | {
        "frames": [(number, 1, 1) for number in range(90_000)]
    }
    put(store, index_key("old/b41.tar"), json.encode(false))
    put(store, rows_key("loose"), b"\n".join([json.encode(false)] * 2))
    monkeypatch.setattr(indexes, "MOST_MEMORY", 10_000_000)
    report = rebuild(catalogue, store, NOW)
    assert [one.key for one in catalogue.archives()] == [whole.key] and report.read == 1
    assert sorted(one.path for one in report.problems) == [rows_key("loose"), index_key("old/b41.tar")]
    assert all("more memory" in one.error for one in report.problems)
    monkeypatch.undo()
    assert "more memory" not in str(rebuild(catalogue, store, NOW).problems)


def test_a_large_index_is_read(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    made = send(store, tmp_path, "b40")
    put(store, index_key(made.key), index_text(made) + b" " * indexes.SMALL)
    assert rebuild(catalogue, store, NOW).read == 1
    assert list(catalogue.members(made.key)) == list(made.members)


@pytest.mark.parametrize(
    "more",
    [
        {"members": [{"path": f"p{n}", "kind": "folder", "size": 9999, "mode": 9999, "mtime_ns": 10**18,
                      "sha256": f"a{n}", "target": f"b{n}", "key": f"old/b40.tar/{n}",
                      "etag": f"d{n}"} for n in range(9000)]},
        {"members": [{"path": "", "kind": "folder", "size": 0, "mode": 0, "mtime_ns": 0}] * 20_000},
        {"fields": {f"{n:x}": "" for n in range(40_000)}},
        {"tags": {f"{n:x}": f"{n}" for n in range(40_000)}},
        {"frames": [(1000 + n, 1000, 1000) for n in range(40_000)]},
    ],
    ids=["texts", "members", "fields", "tags", "frames"],
)  # fmt: skip
def test_the_memory_of_an_index_is_known_before_it_is_made(more: dict[str, Any], store: Store, tmp_path: Path) -> None:
    text = json.encode(json.decode(index_text(send(store, tmp_path, "b40"))) | more)
    told = memory_of(text)
    tracemalloc.start()
    try:
        with suppress(ArchiveError):
            parse_index(text, None, "here")
        assert tracemalloc.get_traced_memory()[1] + len(text) < told * 1.25
    finally:
        tracemalloc.stop()
    assert told < 18 * len(text)
