"""One memory for each place in a store, and the way there from version 1 of state.db."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.manifest.record import DeletedRecord
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import LocalError
from s3sync.local.digests import PartDigests
from s3sync.state import memory as db
from s3sync.state import schema
from s3sync.state.intents import Intents
from s3sync.state.memory import FILE, CachedDigest, StateDB
from s3sync.state.places import StorePlace, place_of
from s3sync.state.unfinished import UnfinishedTransfers, partial_names

HERE, THERE = StorePlace("s3://team/v-app/b63/"), StorePlace("s3://team/v-app/b63/", "http://127.0.0.1:9000")
V1 = Path(__file__).parent / "v1"
V1_NAME = "s3://team/heavy/v-app/b63/ at http://127.0.0.1:8333"
OF_V1 = place_of("s3://team/heavy", "http://127.0.0.1:8333/", "v-app/b63/", v1_name=V1_NAME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / ".s3sync"
    path.mkdir()
    return path


def upload(path: str, token: str) -> Unfinished:
    return Unfinished(path, Direction.UP, f"v-app/b63/{path}", token, "1 2 3", 20, 16, "2025-11-03T10:00:00Z", "a" * 32)


def test_f31_two_places_know_nothing_of_each_other(folder: Path) -> None:
    parts = PartDigests(16, ("1" * 32,))
    with StateDB(folder, HERE) as one:
        one.save(base={"a": Entry(1, "a" * 32, "here")}, digests={"a": CachedDigest(1, 2, 3, None, "a" * 32, 4)})
        UnfinishedTransfers(one).begin(upload("big", "id here"))
        UnfinishedTransfers(one).part_done("big", Direction.UP, 1, "d" * 32)
        UnfinishedTransfers(one).remember_parts("a", "here", parts)
        Intents(one).delete([DeletedRecord("gone", "jan", "2025-11-03T10:00:00Z")])
    with StateDB(folder, THERE) as two:
        ledger = UnfinishedTransfers(two)
        assert two.load_base() == {} and two.load_digests().keys() == {"a"}
        assert (ledger.all(), ledger.parts_done("big", Direction.UP), ledger.parts_of("a", "here")) == ([], {}, None)
        assert Intents(two).deletions() == []
        two.save(base={"a": Entry(2, "b" * 32, "there")})
        ledger.begin(upload("big", "id there"))
        ledger.end("big", Direction.UP)
        Intents(two).forget([DeletedRecord("gone", "jan", "")])
        two.save(base={"a": None})
    with StateDB(folder, HERE) as one:
        ledger = UnfinishedTransfers(one)
        assert one.load_base() == {"a": Entry(1, "a" * 32, "here")}
        assert [found.token for found in ledger.all()] == ["id here"]
        assert ledger.parts_done("big", Direction.UP) == {1: "d" * 32} and ledger.parts_of("a", "here") == parts
        assert [found.name for found in Intents(one).deletions()] == ["gone"]


Step: TypeAlias = "tuple[StorePlace, str, int | None]"
ACTION = st.tuples(st.sampled_from([HERE, THERE]), st.sampled_from("abc"), st.none() | st.integers(0, 5))


@settings(deadline=None, max_examples=40)
@given(st.lists(ACTION, max_size=15))
def test_f31_interleaved_places_are_as_separate_databases(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    expected: dict[StorePlace, dict[str, Entry]] = {HERE: {}, THERE: {}}
    for place, path, size in steps:
        with StateDB(folder, place) as state:
            state.save(base={path: None if size is None else Entry(size, None, "e")})
            if size is None:
                expected[place].pop(path, None)
            else:
                expected[place][path] = Entry(size, None, "e")
            assert state.load_base() == expected[place]
    for place, base in expected.items():
        with StateDB(folder, place, read_only=True) as state:
            assert state.load_base() == base


def test_looking_at_a_place_does_not_enter_it(folder: Path) -> None:
    with StateDB(folder, HERE) as state:
        state.load_base()
        UnfinishedTransfers(state).all()
        assert state.places() == []
        state.enter_place("2026-01-01T00:00:00Z")
    with StateDB(folder, THERE) as state:
        assert [(known.place, known.used_at, known.here) for known in state.places()] == [
            (HERE, "2026-01-01T00:00:00Z", False)
        ]
        assert not state.is_first_time  # nothing was ever agreed on there either


def test_a_place_is_forgotten_with_all_that_is_known_of_it(folder: Path) -> None:
    for place in (HERE, THERE):
        with StateDB(folder, place) as state:
            state.save(base={"a": Entry(1)})
            UnfinishedTransfers(state).begin(upload("big", place.shown))
            UnfinishedTransfers(state).part_done("big", Direction.UP, 1, "d" * 32)
    with StateDB(folder, HERE) as state:
        other = next(known for known in state.places() if not known.here)
        assert (other.place, other.files, other.unfinished) == (THERE, 1, 1)
        assert not state.is_first_time
        state.forget_place(other.id)
        assert [known.place for known in state.places()] == [HERE]
        assert state.load_base() == {"a": Entry(1)} and len(UnfinishedTransfers(state).all()) == 1
    with StateDB(folder, THERE) as state:
        assert state.load_base() == {} and UnfinishedTransfers(state).all() == [] and state.is_first_time
        assert state.execute("SELECT count(*) FROM transferred") == [(1,)]


def test_what_a_run_takes_from_this_disk_is_forgotten_elsewhere(folder: Path) -> None:
    for place in (HERE, THERE):
        with StateDB(folder, place) as state:
            state.save(base={"a": Entry(1), "b": Entry(2)})
    with StateDB(folder, HERE) as state:
        assert list(state.paths_elsewhere()) == []
        state.save(base={"b": None})
        assert list(state.paths_elsewhere()) == ["b"]
        state.forget_elsewhere(["a"])
        assert state.load_base().keys() == {"a"}
    with StateDB(folder, THERE) as state:
        assert state.load_base().keys() == {"b"}


@pytest.mark.parametrize("in_any_case", [False, True])
def test_a_disk_that_ignores_case_forgets_every_spelling(folder: Path, in_any_case: bool) -> None:
    with StateDB(folder, THERE) as state:
        state.save(base={"A/É.mov": Entry(1), "a/b": Entry(2)})
    with StateDB(folder, HERE) as state:
        state.save(base={"a/é.MOV": Entry(1)})
        state.forget_elsewhere(["a/é.MOV"], in_any_case=in_any_case)
        assert state.load_base().keys() == {"a/é.MOV"}
    with StateDB(folder, THERE) as state:
        assert state.load_base().keys() == ({"a/b"} if in_any_case else {"A/É.mov", "a/b"})


def test_an_id_makes_another_place_of_the_same_path(folder: Path) -> None:
    """The first id that a store gets leaves its place what it is; another id is another disk."""
    at = "file:///mnt/disk/r/p/"
    with StateDB(folder, StorePlace(at)) as state:
        state.save(base={"a": Entry(1)})
    with StateDB(folder, StorePlace(at, store_id="one")) as state:
        assert state.load_base() == {"a": Entry(1)}
    with StateDB(folder, StorePlace(at, store_id="two")) as state:
        assert state.load_base() == {} and state.is_first_time
    with StateDB(folder, StorePlace(at)) as state:
        assert state.load_base() == {}
    with StateDB(folder, StorePlace(at, store_id="one")) as state:
        assert state.load_base() == {"a": Entry(1)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("s3://b", None), ("S3://b/", None)),
        (("s3://b", "https://s3.eu-west-1.amazonaws.com"), ("s3://b", None)),
        (("s3://b", "https://s3.dualstack.us-east-1.amazonaws.com/"), ("s3://b", "https://s3.amazonaws.com")),
        (("s3://b", "http://MinIO.local:80/"), ("s3://b", "http://minio.local")),
        (("s3://b", "https://minio.local:443"), ("s3://b", "https://minio.local.")),
        (("s3://b", "http://[::1]:9000"), ("s3://b", "http://[::1]:9000/")),
        (("file:///srv/a%20b", None), ("file:///srv/./a b/", None)),
    ],
)
def test_one_place_in_two_spellings(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    assert place_of(*one, "r/p/") == place_of(*other, "r/p/")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("s3://b", None), ("s3://b", "http://127.0.0.1:9000")),
        (("s3://b", "http://h:9000"), ("s3://b", "http://h:9001")),
        (("s3://b", "http://h"), ("s3://b", "https://h")),
        (("s3://b", "https://s3.evil.com/amazonaws.com"), ("s3://b", None)),
        (("s3://b", "https://s3.amazonaws.com.evil.org"), ("s3://b", None)),
        (("s3://b/x", None), ("s3://b", None)),
        (("file:///srv/anna@nas", None), ("file:///srv/bert@nas", None)),
        (("file:///srv/A", None), ("file:///srv/a", None)),
    ],
)
def test_two_places(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    assert place_of(*one, "r/p/") != place_of(*other, "r/p/")
    assert place_of(*one, "r/p/") != place_of(*one, "r/q/")


def test_the_links_of_a_folder_store_are_resolved(tmp_path: Path) -> None:
    real, link = tmp_path / "real store", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    assert place_of(link.as_uri(), None, "r/p/") == place_of(real.as_uri(), None, "r/p/")
    assert place_of(f"s3://b/{'x'}", None, "r/p/") == place_of("s3://b", None, "x/r/p/")


# -- from version 1


@pytest.fixture
def v1(folder: Path) -> Path:
    for name in (FILE, f"{FILE}-wal"):
        shutil.copyfile(V1 / name, folder / name)
    return folder


def v1_base_of(folder: Path, value: str | None) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute("DELETE FROM fact WHERE name = 'the base was agreed on with'")
        if value is not None:
            connection.execute("INSERT INTO fact VALUES ('the base was agreed on with', ?)", (value,))


@pytest.mark.parametrize("read_only", [True, False])
def test_version_1_goes_to_the_place_that_it_named(v1: Path, read_only: bool) -> None:
    with StateDB(v1, OF_V1, read_only=read_only) as state:
        assert state.load_base() == {
            "a.mp4": Entry(1, "a" * 32, "etag-2"),
            "été/🎬.wav": Entry(0, None, None),
            "huge.mov": Entry(5 * 1024**4, None, "e"),
            "late.mp4": Entry(7, "d" * 32, "late"),
        }
        assert state.load_digests() == {
            "a.mp4": CachedDigest(1, 1_700_000_000_123_456_789, 2**63 - 1, "c" * 32, "a" * 32, None),
            "été/🎬.wav": CachedDigest(0, -1, 0, None, "b" * 32, None),
        }
        ledger = UnfinishedTransfers(state)
        assert [(found.path, found.way, found.token, found.done_parts) for found in ledger.all()] == [
            ("down.mov", Direction.DOWN, "0123456789abcdef0123456789abcdef", 0),
            ("up.mov", Direction.UP, "an-upload-id", 1),
        ]
        assert ledger.parts_done("up.mov", Direction.UP) == {1: "1" * 32}
        assert ledger.parts_of("huge.mov", "e") == PartDigests(16 * 2**20, ("3" * 32, "4" * 32))
        assert partial_names(state) == {"0123456789abcdef0123456789abcdef"}
        assert [found.name for found in Intents(state).deletions()] == ["old.mp4"]
        assert [found.kept_as for found in Intents(state).conflicts()] == ["a.conflict-jan-20251103-143000.mp4"]
        assert state.fact("update condition: http://127.0.0.1:8333 s3://team/heavy") == "honoured"
        assert state.is_unproven
        assert [(known.place, known.files) for known in state.places()] == [
            (StorePlace("s3://team/heavy/v-app/b63/", "http://127.0.0.1:8333"), 4)
        ]


def test_version_1_read_for_another_place_is_nobodys_there(v1: Path) -> None:
    with StateDB(v1, HERE) as state:
        assert state.load_base() == {} and UnfinishedTransfers(state).all() == [] and Intents(state).deletions() == []
        assert state.is_first_time
        assert [(known.place.shown, known.files) for known in state.places()] == [(V1_NAME, 4)]
    with StateDB(v1, OF_V1) as state:
        assert len(state.load_base()) == 4


@pytest.mark.parametrize("name", [None, "file:////****@nas/store/v-app/b63/"], ids=["none", "masked"])
def test_a_base_of_version_1_that_could_be_anybodys_is_left_behind(v1: Path, name: str | None) -> None:
    v1_base_of(v1, name)
    with StateDB(v1, place_of("file:///anna@nas/store", None, "v-app/b63/", v1_name=name)) as state:
        assert state.load_base() == {} and len(state.load_digests()) == 2
        assert not state.is_first_time and state.places() == []


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_version_1_knew_a_folder_store_by_its_link(v1: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    name = f"file://{tmp_path}/link/v-app/b63/"
    v1_base_of(v1, name)
    with StateDB(v1, place_of(f"file://{tmp_path}/link", None, "v-app/b63/", v1_name=name)) as state:
        assert len(state.load_base()) == 4
    with StateDB(v1, place_of(f"file://{tmp_path}/real", None, "v-app/b63/", v1_name="whatever")) as state:
        assert len(state.load_base()) == 4


def test_f44_version_1_that_cannot_be_migrated_stays_version_1(v1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def then_fail(connection: sqlite3.Connection) -> None:
        step = schema.MIGRATIONS[0]
        assert callable(step)
        step(connection)
        connection.execute("INSERT INTO nowhere VALUES (1)")

    monkeypatch.setattr(db, "MIGRATIONS", (then_fail,))
    with pytest.raises(LocalError):
        StateDB(v1, OF_V1)
    with closing(sqlite3.connect(v1 / FILE)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM base").fetchone() == (4,)
    monkeypatch.undo()
    with StateDB(v1, OF_V1) as state:
        assert len(state.load_base()) == 4
