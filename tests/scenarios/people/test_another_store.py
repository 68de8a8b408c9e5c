"""F31: each place in a store has its own base. Nothing is called deleted where it never was, and nothing is deleted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store import StoreOptions, open_store
from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import SeaweedFS


@pytest.fixture
def david(tmp_path: Path) -> Person:
    """Ten files, all in the store."""
    person, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for number in range(10):
        person.write(f"take{number}.mov", f"take {number}")
    person.ok("up")
    return person


def make_store(path: Path) -> str:
    """An empty folder store."""
    open_store(f"file://{path}", StoreOptions(create=True))
    return f"file://{path}"


def names(person: Person) -> set[str]:
    return {path.name for path in person.staging.glob("*.mov")}


@pytest.mark.parametrize("by", ["flag", "environment", "settings"])
def test_f31_a_run_against_another_store_leaves_this_base_alone(david: Person, tmp_path: Path, by: str) -> None:
    """A1: what was only ever sent elsewhere is new here."""
    other = make_store(tmp_path / "other")
    david.write("only-there.mov", "only sent to the other")
    settings = david.repo / ".s3sync.yaml"
    before = settings.read_text()
    if by == "flag":
        david.ok("up", "--store", other)
    elif by == "environment":
        david.ok("up", env={"S3SYNC_STORE": other})
    else:
        settings.write_text(before.replace(f"file://{tmp_path / 'store'}", other))
        assert settings.read_text() != before
        david.ok("up")
        settings.write_text(before)
    assert david.states()["only-there.mov"] == "local_new"
    found = david.ok("sync", "--json").json
    assert [item["name"] for item in found["uploaded"]] == ["only-there.mov"] and found["deleted"] == []
    assert "only-there.mov" in names(david)


def test_f31_another_folder_and_back(david: Person, tmp_path: Path) -> None:
    wrong = make_store(tmp_path / "store-typo")
    (david.staging / "take0.mov").unlink()
    found = david.ok("sync", "--json", "--store", wrong).json
    assert len(found["uploaded"]) == 9 and found["deleted"] == []
    assert david.states()["take0.mov"] == "local_deleted"
    found = david.ok("sync", "--json").json
    assert [(item["name"], item["side"]) for item in found["deleted"]] == [("take0.mov", "remote")]


@pytest.mark.seaweedfs
def test_f31_another_prefix_and_another_endpoint_of_one_bucket(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Also an upload that is unfinished in one place is neither continued nor aborted in another."""
    prefix = f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}"
    environ = seaweedfs.environment("david")
    david, _ = pair(tmp_path, prefix, {"david": environ, "jan": seaweedfs.environment("jan")})
    for number in range(4):
        david.write(f"take{number}.mov", f"take {number}")
    david.ok("up")
    david.write("only-there.mov", "only sent to the other")
    with Project.open(path=david.project, environ=david.env()).session.memory() as state:
        UnfinishedTransfers(state).begin(
            Unfinished("big.mov", Direction.UP, "k", "an id", "1 2 3", 20, 16, "2026-01-01")
        )
    david.ok("up", "--store", f"{prefix}x")
    elsewhere = {"AWS_ENDPOINT_URL": environ["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")}
    assert elsewhere["AWS_ENDPOINT_URL"] != environ["AWS_ENDPOINT_URL"]
    counts = david.ok("status", "--json", env=elsewhere).json["counts"]
    assert counts == {"in_sync": 4, "local_new": 1}
    assert david.ok("transfers", "--json", env=elsewhere).json["transfers"] == []
    assert david.ok("sync", "--json").json["deleted"] == []
    assert len(david.ok("transfers", "--json").json["transfers"]) == 1


def test_f31_moving_to_another_store_sends_everything(david: Person, tmp_path: Path) -> None:
    """A2: from one store to the next, as the program advises it."""
    other = {"S3SYNC_STORE": make_store(tmp_path / "nas")}
    assert set(david.ok("status", "--json", env=other).json["counts"]) == {"local_new"}
    assert len(david.ok("up", "--json", env=other).json["uploaded"]) == 10
    assert david.ok("status", "--json", env=other).json["in_sync"]
    assert david.ok("sync", "--json", env=other).json["deleted"] == []
    assert len(names(david)) == 10


def test_f31_a_store_that_was_filled_otherwise_is_compared_by_content(david: Person, tmp_path: Path) -> None:
    """A copy of the store that lacks some files and holds another version of one."""
    copy = tmp_path / "copy@nas"
    shutil.copytree(tmp_path / "store", copy)
    prefix = copy / "v-appydave" / PROJECT
    (prefix / "take0.mov").unlink()
    (prefix / "take1.mov").write_text("edited there")
    other = {"S3SYNC_STORE": f"file://{copy}"}
    counts = david.ok("status", "--json", env=other).json["counts"]
    assert counts == {"in_sync": 8, "local_new": 1, "conflict": 1}
    assert david.expect(4, "sync", "--json", env=other).json["deleted"] == []
    assert david.ok("status", "--json").json["counts"].get("in_sync", 0) >= 9


def test_f31_a_renamed_project_is_a_new_place(david: Person, tmp_path: Path) -> None:
    """A10. The old place stays as it is."""
    renamed = david.repo / "renamed"
    david.project.rename(renamed)
    found = david.ok("up", "--json", cwd=renamed).json
    assert len(found["uploaded"]) == 10 and found["deleted"] == found["conflicts"] == []
    assert david.ok("sync", "--json", cwd=renamed).json["deleted"] == []
    assert len(list((renamed / "s3-staging").glob("*.mov"))) == 10
    assert len(list((tmp_path / "store" / "v-appydave" / PROJECT).glob("*.mov"))) == 10


def test_f31_what_one_store_has_deleted_here_is_not_deleted_in_the_other(david: Person, tmp_path: Path) -> None:
    """A deletion that came from a colleague in one store, and space that was freed, are no wishes for the other."""
    other = {"S3SYNC_STORE": make_store(tmp_path / "other")}
    david.ok("up", env=other)
    jan = Person("jan", tmp_path / "jans", {})
    jan.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--user", "jan", cwd=jan.repo)
    jan.ok("down")
    (jan.staging / "take0.mov").unlink()
    jan.ok("sync")
    assert [item["name"] for item in david.ok("sync", "--json").json["deleted"]] == ["take0.mov"]
    david.ok("cleanup", "--local", "--yes", "take1.mov")
    assert names(david) == {f"take{number}.mov" for number in range(2, 10)}
    found = david.ok("sync", "--json", env=other).json
    assert found["deleted"] == [] and {item["name"] for item in found["downloaded"]} == {"take0.mov", "take1.mov"}


def test_f31_f34_what_is_ignored_is_forgotten_by_every_place(david: Person, tmp_path: Path) -> None:
    """The rule came before the other store did, which therefore never knew the file."""
    other = {"S3SYNC_STORE": make_store(tmp_path / "other")}
    rules = david.repo / ".s3syncignore"
    rules.write_text("take0.mov\n")
    david.ok("sync", env=other)
    (david.staging / "take0.mov").unlink()
    rules.unlink()
    found = david.ok("sync", "--json").json
    assert found["deleted"] == [] and [item["name"] for item in found["downloaded"]] == ["take0.mov"]


def test_f31_a_store_that_is_suddenly_empty_still_halts(david: Person, tmp_path: Path) -> None:
    """The same store: only its files are gone."""
    shutil.rmtree(tmp_path / "store/v-appydave")
    david.expect(5, "sync")
    assert len(names(david)) == 10


def test_f31_a_store_that_was_made_anew_is_a_new_place(david: Person, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "store")
    make_store(tmp_path / "store")
    found = david.ok("sync", "--json").json
    assert found["deleted"] == [] and len(found["uploaded"]) == 10 and len(names(david)) == 10


# -- from version 1 of state.db


def as_version_1(person: Person) -> None:
    """Bring state.db to what version 1 would have written."""
    path = person.staging / ".s3sync" / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        url = db.execute("SELECT url FROM place").fetchone()[0]
        base = db.execute("SELECT path, size, md5, etag FROM base").fetchall()
        digests = db.execute("SELECT path, size, mtime_ns, inode, xxh3, md5 FROM digest").fetchall()
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            db.execute(f"DROP TABLE {name}")
        db.executescript(V1)
        db.executemany("INSERT INTO base VALUES (?, ?, ?, ?)", base)
        db.executemany("INSERT INTO digest VALUES (?, ?, ?, ?, ?, ?)", digests)
        db.execute("INSERT INTO fact VALUES ('the base was agreed on with', ?)", (url,))


V1 = """
CREATE TABLE base (path TEXT PRIMARY KEY, size INTEGER NOT NULL, md5 TEXT, etag TEXT) WITHOUT ROWID;
CREATE TABLE digest (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    xxh3 TEXT, md5 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    path TEXT PRIMARY KEY, etag TEXT NOT NULL, part_size INTEGER NOT NULL, xxh3 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfer (
    path TEXT NOT NULL, way TEXT NOT NULL, key TEXT NOT NULL, token TEXT NOT NULL, fingerprint TEXT NOT NULL,
    size INTEGER NOT NULL, part_size INTEGER NOT NULL, digests TEXT NOT NULL, started_at TEXT NOT NULL,
    PRIMARY KEY (path, way)
) WITHOUT ROWID;
CREATE TABLE transferred (
    path TEXT NOT NULL, way TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (path, way, number)
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_f31_after_an_upgrade_all_is_in_sync_and_changes_are_known(david: Person, tmp_path: Path) -> None:
    as_version_1(david)
    assert david.ok("status", "--json").json["counts"] == {"in_sync": 10}
    as_version_1(david)
    (david.staging / "take0.mov").unlink()
    david.write("take1.mov", "edited")
    assert david.ok("sync", "--json").json["conflicts"] == []
    assert not (tmp_path / "store" / "v-appydave" / PROJECT / "take0.mov").exists()


def test_f31_after_an_upgrade_what_was_only_sent_elsewhere_is_new(david: Person, tmp_path: Path) -> None:
    """Version 1 kept one base for all stores: `up --store OTHER` left in it what this store never had."""
    david.write("only-there.mov", "sent by version 1 to another store")
    david.ok("up")
    as_version_1(david)
    prefix = tmp_path / "store" / "v-appydave" / PROJECT
    (prefix / "only-there.mov").unlink()
    assert david.states()["only-there.mov"] == "local_new"
    assert david.ok("sync", "--json").json["deleted"] == []
    assert (prefix / "only-there.mov").exists()
    (prefix / "take5.mov").unlink()  # from now on the base is one of this version's own
    assert [item["name"] for item in david.ok("sync", "--json").json["deleted"]] == ["take5.mov"]


def test_f31_after_an_upgrade_a_deletion_that_is_recorded_is_one(david: Person, tmp_path: Path) -> None:
    jan = Person("jan", tmp_path / "jans", {})
    jan.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--user", "jan", cwd=jan.repo)
    jan.ok("down")
    (jan.staging / "take0.mov").unlink()
    jan.ok("sync")
    as_version_1(david)
    assert [item["name"] for item in david.ok("sync", "--json").json["deleted"]] == ["take0.mov"]


def swap(one: Path, other: Path) -> None:
    """Exchange two disks that are mounted at one place in turn."""
    aside = one.with_name("unplugged")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def test_f31_another_disk_at_the_same_path_is_another_place(david: Person, tmp_path: Path) -> None:
    """Two SSDs take turns at one mount point; each holds what the other never had."""
    store, other = tmp_path / "store", tmp_path / "other"
    david.ok("up", "--store", make_store(other))
    for name in ("take1.mov", "take2.mov"):
        (other / "v-appydave" / PROJECT / name).unlink()
    david.ok("state", "--forget", str(other), "--yes")
    before = david.files()
    swap(store, other)
    assert not {state for state in david.states().values() if "deleted" in state}
    found = david.ok("sync", "--json").json
    assert found["deleted"] == [] and david.files() == before
    assert {item["name"] for item in found["uploaded"]} == {"take1.mov", "take2.mov"}
    david.write("only-there.mov", "only sent to the second disk")
    david.ok("up")
    swap(store, other)
    assert david.states()["only-there.mov"] == "local_new"
    (david.staging / "take3.mov").unlink()
    gone = david.ok("sync", "--json").json["deleted"]
    assert [(item["name"], item["side"]) for item in gone] == [("take3.mov", "remote")], "the old base is found again"
    places = david.ok("state", "--json").json["places"]
    assert [place["current"] for place in places] == [True, False]
    ids = [place["store_id"] for place in places]
    assert len(set(ids)) == 2 and all(identity in david.ok("state").out for identity in ids)
    assert ids[0] in david.expect(2, "state", "--forget", PROJECT, "--yes").err
    david.ok("state", "--forget", ids[1], "--yes")
    assert [place["store_id"] for place in david.ok("state", "--json").json["places"]] == ids[:1]


def test_f31_a_store_that_gets_its_id_later_stays_the_same_place(tmp_path: Path) -> None:
    """Older versions wrote no id. The next write gives one, and the base goes on."""
    person, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    marker = tmp_path / "store/.s3sync-store/store.json"
    for name in ("a.mov", "b.mov", "c.mov"):
        person.write(name, name)
    person.ok("up")
    kept = json.loads(marker.read_bytes())
    with closing(sqlite3.connect(person.staging / ".s3sync/state.db")) as db, db:
        db.execute("UPDATE place SET store_id = ''")
    marker.write_text(json.dumps({name: value for name, value in kept.items() if name != "id"}))
    assert set(person.states().values()) == {"in_sync"}
    person.write("d.mov", "d")
    person.ok("up")
    assert json.loads(marker.read_bytes())["id"]
    (person.staging / "a.mov").unlink()
    assert person.states()["a.mov"] == "local_deleted"
    assert [item["name"] for item in person.ok("sync", "--json").json["deleted"]] == ["a.mov"]
    assert len(person.ok("state", "--json").json["places"]) == 1


def test_f31_a_disk_that_is_not_there_takes_no_memory_along(david: Person, tmp_path: Path) -> None:
    (tmp_path / "store").rename(tmp_path / "unplugged")
    for verb in ("status", "sync", "up", "down"):
        assert "there is no folder store" in david.expect(1, verb).err
    assert len(david.ok("state", "--json").json["places"]) == 1
    (tmp_path / "unplugged").rename(tmp_path / "store")
    assert set(david.states().values()) == {"in_sync"}
    (david.staging / "take3.mov").unlink()
    assert david.states()["take3.mov"] == "local_deleted"
