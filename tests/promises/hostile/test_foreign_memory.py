"""A state.db that somebody handed over: with an archive of a folder, a disk, a clone. What it says is not believed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.archive.rows.connection import connect
from s3sync.config.databases import Database
from s3sync.core.keep_both import Intent
from s3sync.errors import S3syncError
from s3sync.state.intents import Intents
from s3sync.state.memory import StateDB
from s3sync.state.places import StorePlace
from s3sync.state.schema import SCHEMA, VERSION
from s3sync.store.folder import FolderStore
from tests.kit.journals import plant_journal
from tests.kit.people import Person, pair, tree

NAMES = [f"clip{number}.mp4" for number in range(5)]
OWN = "it counts as yours"
FOREIGN = "is not known to be yours"


class Kept:
    """A folder with two people and their store, and how they stood, by name, to be had again in the same place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        store = f"file://{root}/store"
        env = {"S3SYNC_STORE": store, "S3SYNC_TRUST": "0"}
        self.people = david, jan = pair(root, store, {"david": env, "jan": env})
        for name in NAMES:
            jan.write(name, f"content of {name}")
        jan.ok("up")
        david.ok("status")
        self._keep("sent")
        david.ok("down")
        take_over(david, jan)
        jan.ok("down")
        take_over(jan, david)
        david.ok("down")
        take_over(david, jan)
        jan.ok("down")
        self._keep("by turns")

    def _keep(self, name: str) -> None:
        shutil.copytree(self.root, self.root.with_name(name), symlinks=True)

    def put_back(self, name: str) -> tuple[Person, Person]:
        shutil.rmtree(self.root)
        shutil.copytree(self.root.with_name(name), self.root, symlinks=True)
        return self.people


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("memories") / "root")


@pytest.fixture
def root(kept: Kept) -> Path:
    return kept.root


@pytest.fixture
def people(kept: Kept) -> tuple[Person, Person]:
    """David and Jan, who say their store in person: nobody says yes to everything. Jan has sent five files, and
    David has looked."""
    return kept.put_back("sent")


@pytest.fixture
def by_turns(kept: Kept) -> tuple[Person, Person]:
    """David and Jan have one disk, with a memory of each, in which all five are agreed on; it was Jan's turn last."""
    return kept.put_back("by turns")


def hand_over(giver: Person, taker: Person) -> Path:
    """The folder as an archive of it brings it: the taker's by its owner and modes."""
    folder = taker.staging / ".s3sync"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(giver.staging / ".s3sync", folder)
    return folder


def there(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "store").rglob("*/b63-flivideo/*.mp4") if "trash" not in str(path))


def second(root: Path) -> dict[str, str]:
    """Settings that name another store."""
    FolderStore(root / "second", create=True)
    return {"S3SYNC_STORE": f"file://{root}/second"}


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    "marked", [True, False, None], ids=["by another user", "without a mark", "with a guessed mark"]
)
def test_a_base_of_somebody_else_deletes_nothing(
    root: Path, people: tuple[Person, Person], marked: bool | None
) -> None:
    """Without the rule `sync` takes the files that are not here for deleted by this user, and deletes them there."""
    david, jan = people
    folder = hand_over(jan, david)
    david.write(NAMES[0], f"content of {NAMES[0]}")
    if not marked:
        with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
            connection.execute("DELETE FROM fact" if marked is False else "UPDATE fact SET value = name")
    before = (folder / "state.db").read_bytes()
    status = david.ok("status")
    assert FOREIGN in status.err and "s3sync state adopt" in status.err, status
    assert (folder / "state.db").read_bytes() == before
    david.ok("sync", "--dry-run", "--max-delete", "100")
    assert not (folder / "state.other.db").exists()
    ran = david.ok("sync", "--max-delete", "100")
    assert FOREIGN in ran.err and "state.other.db" in ran.err, ran
    assert there(root) == NAMES and sorted(david.files()) == NAMES
    assert len(rows(folder / "state.other.db", "SELECT path FROM base")) == 5
    assert FOREIGN not in david.ok("status").err
    (david.staging / NAMES[0]).unlink()
    david.ok("sync")
    assert there(root) == NAMES[1:]


def test_what_it_wants_told_is_not_published(root: Path, people: tuple[Person, Person]) -> None:
    david, jan = people
    folder = hand_over(jan, david)
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        (place,) = connection.execute("SELECT id FROM place").fetchone()
        false = {"name": "film.mov", "by": "jan", "at": "2026-01-01T00:00:00Z"}
        connection.execute("INSERT INTO intent VALUES (?, 'delete', 'film.mov', ?)", (place, json.dumps(false)))
    david.write("new.mp4", "new")
    david.ok("up")
    text = next((root / "store").rglob("metadata.json")).read_text()
    assert "new.mp4" in text and "film.mov" not in text
    assert david.run("undo", "--yes").code != 0 or there(root) == NAMES


def test_it_is_adopted_after_a_question(people: tuple[Person, Person]) -> None:
    david, jan = people
    folder = hand_over(jan, david)
    asked = david.expect(5, "state", "adopt")
    assert "5 files" in asked.err and FOREIGN not in asked.err, asked
    assert "would adopt state.db" in david.ok("state", "adopt", "--dry-run").out
    assert FOREIGN in david.ok("status").err
    assert OWN in david.ok("state", "adopt", "--yes").out
    assert FOREIGN not in david.ok("status").err and set(david.states().values()) == {"local_deleted"}
    assert "nothing to adopt" in david.expect(2, "state", "adopt", "--yes").err
    hand_over(david, jan)
    assert FOREIGN not in jan.ok("status").err, "the other's mark is still in it"
    hand_over(jan, david)
    assert FOREIGN not in david.ok("status").err
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        connection.execute("DELETE FROM fact")
    david.ok("down")
    assert (folder / "state.other.db").exists() and set(david.states().values()) == {"in_sync"}
    assert david.ok("state", "adopt", "--yes", "--json").json["adopted"] == "state.other.db"


def test_two_computers_that_share_a_disk_have_their_memories_by_turns(people: tuple[Person, Person]) -> None:
    """Each one's lies aside while the other's is used, and comes back without a word."""
    david, jan = people
    hand_over(jan, david)
    david.ok("down")
    folder = hand_over(david, jan)
    told = jan.ok("down")
    assert FOREIGN not in told.err
    assert rows(folder / "state.db", "SELECT count(*) FROM base") == [(5,)]
    hand_over(jan, david)
    (david.staging / NAMES[1]).unlink()
    told = david.ok("sync")
    assert FOREIGN not in told.err and NAMES[1] not in david.files(), "both memories say that it was here"
    assert not [file for file in folder.iterdir() if "between" in file.name]


def take_over(giver: Person, taker: Person) -> None:
    """The whole disk goes to the other computer."""
    shutil.rmtree(taker.staging, ignore_errors=True)
    shutil.copytree(giver.staging, taker.staging)


@pytest.mark.parametrize(
    ("how", "verb"),
    [
        ("freed", ["sync", "--max-delete", "100"]),
        ("freed by a glob", ["cleanup", "--yes"]),
        ("let go by another place", ["sync", "--max-delete", "100"]),
    ],
)
def test_what_the_other_computer_freed_is_nobodys_wish_to_delete_it(
    root: Path, by_turns: tuple[Person, Person], how: str, verb: list[str]
) -> None:
    """The memory that comes back is older than the other's turn, and says that all five lay here."""
    david, jan = by_turns
    if how == "let go by another place":
        other = second(root)
        jan.ok("up", env=other)
        jan.ok("cleanup", "--local", "--yes", env=other)
    else:
        jan.ok("cleanup", "--local", "--yes", *(["clip[0-3].mp4"] if how == "freed by a glob" else []))
    gone = sorted(set(NAMES) - set(jan.files()))
    assert len(gone) >= 4
    take_over(jan, david)
    before = tree(david.staging / ".s3sync")
    assert {david.states()[name] for name in gone} == {"remote_new"}
    planned = david.ok("sync", "--dry-run", "--max-delete", "100", "--json").json
    assert not planned["deleted"] and before == tree(david.staging / ".s3sync")
    done = david.run(*verb)
    assert set(gone) <= set(there(root)), done
    if verb[0] == "sync":
        assert sorted(david.files()) == NAMES == there(root) and FOREIGN not in done.err
        (david.staging / NAMES[0]).unlink()
        david.ok("sync")
        assert there(root) == NAMES[1:], "what goes in its own turn is a deletion again"


def test_what_a_killed_run_of_the_other_moved_away_is_nobodys_wish_to_delete_it(
    root: Path, by_turns: tuple[Person, Person]
) -> None:
    """In a conflict a file lies for a moment under another name: only the memory of the run that was killed knows."""
    david, jan = by_turns
    aside = "clip2 (conflict of jan).mp4"
    with StateDB(jan.staging / ".s3sync", StorePlace("file:///elsewhere")) as state:
        Intents(state).keep_both(Intent(NAMES[2], aside, "jan", "2026-01-01T00:00:00Z"))
    take_over(jan, david)
    (david.staging / NAMES[2]).rename(david.staging / aside)
    david.ok("sync", "--max-delete", "100")
    assert set(NAMES) <= set(there(root))


def test_what_the_other_computer_archived_is_nobodys_wish_to_delete_it(
    root: Path, by_turns: tuple[Person, Person]
) -> None:
    david, jan = by_turns
    archive = f"""archives:
  done:
    source: {jan.repo}
    unit: folder
    store: file://{root}/cold
"""
    settings = jan.root / "home/.config/s3sync/config.yaml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(archive)
    jan.ok("archive", "run", "--set", "done", "--create", "--delete-local", "--yes", cwd=jan.repo)
    assert not jan.files()
    take_over(jan, david)
    david.run("sync", "--max-delete", "100")
    assert there(root) == NAMES


def test_an_edit_after_the_others_turn_is_still_an_edit(root: Path, by_turns: tuple[Person, Person]) -> None:
    """What both memories say is believed: nothing is asked about, and what nobody edited stays as it is."""
    david, jan = by_turns
    jan.write("new.mp4", "by jan")
    jan.ok("up")
    take_over(jan, david)
    david.write(NAMES[0], "edited in his own turn")
    assert david.states()[NAMES[0]] == "local_modified"
    assert [item["name"] for item in david.ok("up", "--json").json["uploaded"]] == [NAMES[0]]


def test_what_the_other_replaced_is_asked_about_and_not_replaced_again(
    root: Path, by_turns: tuple[Person, Person]
) -> None:
    david, jan = by_turns
    jan.write(NAMES[0], "second version")
    jan.ok("up")
    take_over(jan, david)
    david.write(NAMES[0], "third version, by David")
    assert david.states()[NAMES[0]] == "conflict"


def test_a_damaged_memory_of_the_other_says_nothing(root: Path, by_turns: tuple[Person, Person]) -> None:
    """One of another computer that cannot be read outdates all of this one's: no file counts as deleted."""
    david, jan = by_turns
    jan.ok("cleanup", "--local", "--yes", NAMES[0])
    take_over(jan, david)
    with closing(sqlite3.connect(david.staging / ".s3sync/state.db")) as connection, connection:
        connection.execute("UPDATE base SET size = 'much'")
    david.run("sync", "--max-delete", "100")
    assert there(root) == NAMES


@pytest.mark.parametrize(
    "damage", ["UPDATE base SET size = 'much'", "DROP TABLE digest", "UPDATE place SET used_at = x'00'", None]
)
def test_a_damaged_memory_that_lies_aside_is_in_nobodys_way(
    root: Path, by_turns: tuple[Person, Person], damage: str | None
) -> None:
    """It has his mark, and cannot be used: he goes on as without, and is told so."""
    david, jan = by_turns
    jan.ok("cleanup", "--local", "--yes", NAMES[0])
    take_over(jan, david)
    file = david.staging / ".s3sync/state.other.db"
    if damage is None:
        body = bytearray(file.read_bytes())
        body[4096:] = bytes(len(body) - 4096)
        file.write_bytes(body)
    else:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(damage)
    david.ok("status")
    david.ok("sync", "--dry-run")
    david.ok("sync", "--max-delete", "100")
    assert there(root) == NAMES and sorted(david.files()) == NAMES
    assert set(david.states().values()) == {"in_sync"}


def test_one_that_was_set_aside_is_adopted_without_what_is_gone_since(
    root: Path, people: tuple[Person, Person]
) -> None:
    david, jan = people
    hand_over(jan, david)
    for name in NAMES:
        david.write(name, f"content of {name}")
    david.ok("up")
    david.ok("cleanup", "--local", "--yes", NAMES[0])
    assert david.ok("state", "adopt", "--yes", "--json").json["adopted"] == "state.other.db"
    assert david.states()[NAMES[0]] == "remote_new"
    david.ok("sync", "--max-delete", "100")
    assert there(root) == NAMES


@pytest.mark.parametrize(
    "kind", ["another project", "another store", "another project, beside its place", "another store, beside its place"]
)
def test_one_of_another_place_proves_nothing(root: Path, people: tuple[Person, Person], kind: str) -> None:
    """A marked state.db of this user's that somebody got, with a base that he wrote for the place that he means."""
    david, _ = people
    david.ok("down")
    folder = david.staging / ".s3sync"
    ((url, endpoint, store_id),) = rows(folder / "state.db", "SELECT url, endpoint, store_id FROM place")
    base = rows(folder / "state.db", "SELECT path, size, md5, etag FROM base")
    other = david.repo / "c01-other" / "s3-staging"
    other.mkdir(parents=True)
    (other / "own.mp4").write_text("own")
    if kind.startswith("another store"):
        shutil.rmtree(folder)
        david.ok("up", env=second(root))
    else:
        david.ok("up", cwd=other.parent)
        shutil.copy(other / ".s3sync/state.db", folder / "state.db")
    for name in NAMES:
        (david.staging / name).unlink()
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        if "beside" in kind:
            connection.execute("INSERT INTO place (url, endpoint, store_id) VALUES ('', '', '')")
        (mine,) = connection.execute("SELECT max(id) FROM place").fetchone()
        connection.execute(
            "UPDATE place SET (url, endpoint, store_id) = (?, ?, ?) WHERE id = ?", (url, endpoint, store_id, mine)
        )
        connection.executemany("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?)", [(mine, *row) for row in base])
    ran = david.run("sync", "--max-delete", "100")
    assert FOREIGN in ran.err, ran
    assert there(root) == NAMES


def test_another_store_of_the_project_is_no_question(root: Path, people: tuple[Person, Person]) -> None:
    david, _ = people
    david.ok("down")
    env = second(root)
    assert FOREIGN not in david.ok("up", env=env).err
    assert FOREIGN not in david.ok("status").err
    (david.staging / NAMES[0]).unlink()
    assert david.states()[NAMES[0]] == "local_deleted"
    assert "nothing to adopt" in david.expect(2, "state", "adopt", "--yes").err


def test_a_mark_of_the_first_kind_is_taken_over_without_a_question(root: Path, people: tuple[Person, Person]) -> None:
    """One that was marked as a whole is this user's, and has marks of its places from now on, and that one no more."""
    david, _ = people
    david.ok("down")
    file = david.staging / ".s3sync/state.db"
    secret = (david.root / "home/.local/share/s3sync/seen/secret").read_bytes()
    old = hashlib.blake2b(key=secret, digest_size=32, person=b"state.db").hexdigest()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM fact WHERE name LIKE 'known to %'")
        connection.execute("INSERT INTO fact VALUES (?, ?)", ("known to " + old[:32], old[32:]))
    (david.staging / NAMES[0]).unlink()
    assert FOREIGN not in david.ok("sync").err and there(root) == NAMES[1:]
    marks = rows(file, "SELECT name FROM fact WHERE name LIKE 'known to %'")
    assert len(marks) == 1 and old[:32] not in str(marks)
    assert FOREIGN not in david.ok("status").err


def test_a_damaged_one_of_somebody_else_is_rebuilt_without_it(root: Path, people: tuple[Person, Person]) -> None:
    """`doctor --fix` takes over what can still be read: only of this user's own."""
    david, jan = people
    folder = hand_over(jan, david)
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.execute("DROP TABLE digest")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    david.run("doctor", "--fix")
    assert (folder / "state.db").exists() and rows(folder / "state.db", "SELECT count(*) FROM base") == [(0,)]
    assert FOREIGN not in david.ok("sync", "--max-delete", "100").err
    assert there(root) == NAMES


def test_doctor_says_whose_it_is(people: tuple[Person, Person]) -> None:
    david, jan = people
    hand_over(jan, david)
    found = david.run("doctor", "--json").json
    (check,) = [check for check in found["checks"] if check["name"] == "state_database"]
    assert check["level"] == "warn" and FOREIGN.removeprefix("is ") in json.dumps(check), check


def test_where_no_secret_can_be_kept_nothing_is_believed_and_nothing_lost(
    root: Path, people: tuple[Person, Person]
) -> None:
    david, _ = people
    blocked = root / "no-folder"
    blocked.write_text("")
    env = {"XDG_DATA_HOME": str(blocked)}
    david.ok("down", env=env)
    assert FOREIGN in david.ok("down", env=env).err
    (david.staging / NAMES[0]).unlink()
    david.ok("sync", env=env)
    assert there(root) == NAMES
    david.ok("status", env={**env, "S3SYNC_TRUST": "1"})


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs")
@pytest.mark.parametrize("kind", ["a link", "a FIFO", "a folder", "far too large"])
def test_what_is_odd_beside_it_is_not_obeyed(root: Path, people: tuple[Person, Person], kind: str) -> None:
    david, jan = people
    folder, canary = hand_over(jan, david), root / "canary"
    canary.write_text("mine")
    for name in ("state.other.db", "state.between.db"):
        odd = folder / name
        if kind == "a link":
            odd.symlink_to(canary)
        elif kind == "a FIFO":
            os.mkfifo(odd)
        elif kind == "a folder":
            odd.mkdir()
        else:
            with odd.open("wb") as large:
                large.truncate(15 << 30)
    result = david.run("sync", "--max-delete", "100")
    assert (result.code, "state.db" in result.err) == (1 if kind == "a folder" else 0, True), result
    assert there(root) == NAMES and canary.read_text() == "mine"


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ("PRIMARY KEY (place, path)\n)", "PRIMARY KEY (place, path), UNIQUE (size) ON CONFLICT REPLACE\n)"),
        ("name TEXT NOT NULL, value TEXT NOT NULL,", "name TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind),"),
        ("PRIMARY KEY (place, path)\n)", "PRIMARY KEY (place, path) ON CONFLICT IGNORE\n)"),
    ],
    ids=["a size once", "one intent", "nothing twice"],
)
def test_an_empty_one_with_rules_of_its_own_is_not_believed(
    people: tuple[Person, Person], ours: str, other: str
) -> None:
    """It has nothing in it to be believed yet, and would lose what is written into it later on."""
    david, _ = people
    folder = david.staging / ".s3sync"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    assert ours in SCHEMA
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        connection.executescript(SCHEMA.replace(ours, other, 1) + f"PRAGMA user_version = {VERSION};")
    (folder / "state.db").chmod(0o600)
    assert FOREIGN in david.ok("down").err
    assert len(rows(folder / "state.db", "SELECT path FROM base")) == 5
    assert other.replace("\n)", "") not in str(rows(folder / "state.db", "SELECT sql FROM sqlite_master"))


def test_an_empty_one_that_is_written_otherwise_is(people: tuple[Person, Person]) -> None:
    david, _ = people
    folder = david.staging / ".s3sync"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        connection.executescript(" ".join(SCHEMA.split()) + f"PRAGMA user_version = {VERSION};")
    (folder / "state.db").chmod(0o600)
    assert FOREIGN not in david.ok("down").err


def test_sqlite_deletes_what_a_journal_names(tmp_path: Path) -> None:
    """What the two tests below plant works: without our look, opening the database is enough."""
    canary, database = tmp_path / "canary", tmp_path / "some.db"
    canary.write_text("canary")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.commit()
    plant_journal(database, str(canary))
    assert rows(database, "SELECT count(*) FROM t") == [(0,)]
    assert not canary.exists()


@pytest.mark.parametrize("of", ["my own", "somebody else's"])
def test_a_journal_beside_it_deletes_no_other_file(root: Path, people: tuple[Person, Person], of: str) -> None:
    david, jan = people
    david.ok("down")
    folder = david.staging / ".s3sync" if of == "my own" else hand_over(jan, david)
    canary = root / "canary"
    canary.write_text("canary")
    journal = plant_journal(folder / "state.db", str(canary))
    for words in (["status"], ["up"], ["down"], ["sync"], ["undo"], ["status", "--json"]):
        done = david.run(*words)
        assert canary.read_text() == "canary", words
        if "--json" not in words and done.code:
            assert "names another file" in done.err, words
    david.run("state", "adopt", "--yes")
    assert canary.read_text() == "canary"
    assert david.expect(1, "up").err.count("names another file") == 1
    journal.unlink()
    david.ok("status")


def test_a_journal_beside_a_table_of_media_deletes_no_other_file(tmp_path: Path) -> None:
    canary, file = tmp_path / "canary", tmp_path / "media.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE media (id INTEGER PRIMARY KEY, archive_url TEXT)")
        connection.execute("INSERT INTO media VALUES (1, NULL)")
        connection.commit()
    canary.write_text("canary")
    media = connect(Database(f"sqlite:///{file}", "a test", False, path=file))
    plant_journal(file, str(canary))
    with pytest.raises(S3syncError, match="cannot open"):
        media.update(
            "UPDATE media SET archive_url = :archive_url WHERE id = :id", [{"id": 1, "archive_url": "u"}], proves=False
        )
    with pytest.raises(S3syncError, match="cannot open"):
        media.page("SELECT id FROM media", {}, 10)
    assert canary.read_text() == "canary"
