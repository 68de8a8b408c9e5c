"""Rows of a table whose files are archived: on SQLite and on a real PostgreSQL, by the real command line."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from s3sync.archives import Archives
from s3sync.archives.leaving import LeavePlan
from s3sync.errors import Halt
from tests.kit.databases import Postgres
from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.archive.tables import FILES, JPEG, PNG, Table, media_set

WORKING_UPDATE = (
    "UPDATE post_media SET archive_url = :archive_url, updated_at = :archived_at"
    " WHERE media_id = :id AND COALESCE(archive_url, '') = COALESCE(:old, '')"
)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


@pytest.fixture(params=["sqlite", "postgres"])
def table(request: pytest.FixtureRequest, david: Person, store: str) -> Table:
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    found = Table(david, server)
    david.environ = {**david.environ, "DATABASE_URL": found.url}
    media_set(david, store)
    return found


@pytest.fixture
def sqlite(david: Person, store: str) -> Table:
    found = Table(david, None)
    david.environ = {**david.environ, "DATABASE_URL": found.url}
    media_set(david, store)
    return found


def objects(store: str) -> list[str]:
    root = Path(store.removeprefix("file://"))
    return sorted(str(path.relative_to(root)) for path in root.glob("cache/**/*") if path.is_file())


def test_rows_get_the_address_of_their_object(david: Person, table: Table, store: str) -> None:
    """Duplicates share one object in the month of the oldest; a wrong extension is corrected; bad rows hold up none."""
    one, two = JPEG + b"one", JPEG + b"two"
    twice = table.add(1, one, created="2024-03-05T10:00:00+00:00")
    table.add(2, one, created="2023-01-31T23:30:00+00:00")
    wrong = table.add(3, two, ext="bin", mime="nonsense/;;\x01 x")
    pictured = table.add(4, PNG + b"p", ext="png", mime="image/png", path=None)
    lied = table.add(5, JPEG + b"lie", md5="0" * 32)
    gone = table.add(6, JPEG + b"gone", write=False)
    table.add(7, b"x", path="/etc/passwd", md5=None, write=False)
    table.add(8, b"x", path="../../../david/home/.ssh/id", md5=None, write=False)
    table.add(9, b"x", path=None, md5="no md5", write=False)

    done = david.expect(3, "archive", "run", "--set", "media")

    first, second = f"cache/2023/01/{twice}.jpg", f"cache/2024/03/{wrong}.jpg"
    third = f"cache/2024/03/{pictured}.png"
    assert objects(store) == sorted([first, second, third])
    assert table.addresses() == {
        1: f"{store}/{first}", 2: f"{store}/{first}", 3: f"{store}/{second}", 4: f"{store}/{third}",
        5: None, 6: None, 7: None, 8: None, 9: None,
    }  # fmt: skip
    assert "archived 4 rows as 3 objects" in done.out
    assert "Left: 5 rows without an address; 0 of 9 had one before" in done.out
    assert f"corrected: images/{wrong}.bin is a .jpg by its content" in done.err
    assert f"its MD5 is {lied}, and the row says {'0' * 32}" in done.err
    assert f"row 6: its file is not there: looked for images/{gone}.jpg" in done.err
    assert "row 7: its file is not there" in done.err
    assert "row 8" in done.err
    assert "row 9: its MD5 is 'no md5'" in done.err
    assert all(stamp is not None for (stamp,) in table.run("SELECT updated_at FROM post_media WHERE media_id < 5"))

    again = david.expect(3, "archive", "run", "--set", "media", "--json").json
    assert (again["archived"], again["archived_before"], again["left"], again["failed"]) == (0, 4, 5, 5)


def test_what_is_archived_can_be_found_and_brought_back(david: Person, table: Table) -> None:
    md5 = table.add(1, JPEG + b"one")
    david.ok("archive", "run", "--set", "media")
    assert f"images/{md5}.jpg" in david.ok("archive", "find", "--md5", md5).out
    path = david.repo / FILES / "images" / f"{md5}.jpg"
    path.unlink()
    david.ok("restore", f"images/{md5}.jpg")
    assert path.read_bytes() == JPEG + b"one"


def test_a_late_duplicate_joins_the_object_that_is_there(david: Person, table: Table, store: str) -> None:
    """Also one that is older than all that were archived: an object moves for nobody."""
    md5 = table.add(1, JPEG + b"one", created="2024-03-05T10:00:00+00:00")
    david.ok("archive", "run", "--set", "media")
    table.add(2, JPEG + b"one", created="2020-01-01T00:00:00+00:00")
    report = david.ok("archive", "run", "--set", "media", "--json").json
    assert (report["archived"], report["objects_known"], report["bytes_sent"]) == (1, 1, 0)
    assert objects(store) == [f"cache/2024/03/{md5}.jpg"]
    assert len(set(table.addresses().values())) == 1


def test_five_thousand_duplicates_are_one_object(david: Person, table: Table, store: str) -> None:
    md5 = table.add(1, JPEG + b"one")
    table.run(
        "INSERT INTO post_media (media_id, media_type, local_file_path, md5_sum, file_size, mime_type, created_at)"
        " WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " SELECT i, media_type, local_file_path, md5_sum, file_size, mime_type, created_at FROM n, post_media"
    )
    report = david.ok("archive", "run", "--set", "media", "--batch-size", "500", "--json").json
    assert (report["archived"], report["objects"], report["left"]) == (5000, 1, 0)
    assert objects(store) == [f"cache/2024/03/{md5}.jpg"]
    assert set(table.addresses().values()) == {f"{store}/cache/2024/03/{md5}.jpg"}


def test_a_dry_run_and_a_limit(david: Person, table: Table, store: str) -> None:
    for number in range(1, 6):
        table.add(number, JPEG + bytes([number]))
    planned = david.ok("archive", "run", "--set", "media", "--dry-run", "--json").json
    assert (planned["archived"], planned["left"], planned["dry_run"]) == (5, 0, True)
    assert not objects(store)
    assert set(table.addresses().values()) == {None}
    some = david.ok("archive", "run", "--set", "media", "--limit", "2")
    assert "archived 2 rows as 2 objects" in some.out
    assert "Left: 3 rows without an address" in some.out
    assert sum(address is not None for address in table.addresses().values()) == 2


def test_rows_that_fail_in_front_keep_no_other_from_its_turn_under_a_limit(david: Person, table: Table) -> None:
    for number in range(1, 4):
        table.add(number, b"gone", md5=f"{number:032x}", write=False)  # the first by their MD5s
    for number in range(4, 8):
        table.add(number, JPEG + bytes([number]))
    planned = david.expect(3, "archive", "run", "--set", "media", "--limit", "2", "--dry-run", "--json").json
    assert (planned["archived"], planned["failed"]) == (2, 3)
    for archived in (2, 4):
        told = david.expect(3, "archive", "run", "--set", "media", "--limit", "2", "--json").json
        assert (told["archived"], told["failed"]) == (2, 3)
        assert sum(address is not None for address in table.addresses().values()) == archived
    assert david.expect(3, "archive", "run", "--set", "media", "--limit", "2", "--json").json["failed"] == 3


def test_an_update_that_would_touch_all_rows_is_taken_back(david: Person, table: Table, store: str) -> None:
    for number in range(1, 4):
        table.add(number, JPEG + bytes([number]))
    media_set(david, store, update="UPDATE post_media SET archive_url = :archive_url WHERE :id = :id")
    found = david.expect(5, "archive", "run", "--set", "media")
    assert "the update of archives.media touches 3 rows at once" in found.err
    assert set(table.addresses().values()) == {None}
    media_set(david, store, update="UPDATE post_media SET archive_url = :archive_url WHERE media_id = :id")
    found = david.expect(5, "archive", "run", "--set", "media")
    assert "has no guard" in found.err
    assert set(table.addresses().values()) == {None}
    media_set(david, store, update=WORKING_UPDATE)
    assert david.ok("archive", "run", "--set", "media", "--json").json["archived"] == 3


def test_force_replaces_the_address_that_was_read(david: Person, table: Table, store: str) -> None:
    md5 = table.add(1, JPEG + b"one")
    table.run("UPDATE post_media SET archive_url = 'https://old.example/x.jpg'")
    assert david.ok("archive", "run", "--set", "media", "--json").json["archived"] == 0
    guarded = "UPDATE post_media SET archive_url = :archive_url WHERE media_id = :id AND archive_url IS NULL"
    media_set(david, store, update=guarded)
    assert "takes no :old" in david.expect(2, "archive", "run", "--set", "media", "--force").err
    media_set(david, store)
    assert david.ok("archive", "run", "--set", "media", "--force", "--json").json["archived"] == 1
    assert table.addresses() == {1: f"{store}/cache/2024/03/{md5}.jpg"}


def test_a_select_that_would_write_is_refused(david: Person, postgres: Postgres, store: str) -> None:
    table = Table(david, postgres)
    table.add(1, JPEG)
    writes = "WITH x AS (DELETE FROM post_media RETURNING media_id) SELECT media_id AS id FROM x"
    media_set(david, store, select=f"{writes} WHERE media_id > :last ORDER BY media_id LIMIT :limit")
    found = david.expect(1, "archive", "run", "--set", "media", env={"DATABASE_URL": table.url})
    assert "the `select` would change something" in found.err
    assert len(table.addresses()) == 1


def test_nor_does_sqlite_write_in_a_select(david: Person, sqlite: Table, store: str) -> None:
    sqlite.add(1, JPEG)
    media_set(
        david, store, select="WITH x AS (SELECT :last, :limit ORDER BY 1) DELETE FROM post_media RETURNING media_id"
    )
    assert "readonly database" in david.expect(1, "archive", "run", "--set", "media").err
    assert len(sqlite.addresses()) == 1


def test_verify_says_what_is_archived_and_what_is_not_as_it_should_be(david: Person, table: Table, store: str) -> None:
    one, two = table.add(1, JPEG + b"one"), table.add(2, JPEG + b"two")
    table.add(3, JPEG + b"one")
    table.add(4, b"moving", ext="mp4", mime="video/mp4", kind="video", folder="videos", created="2024-05-01T00:00:00Z")
    david.ok("archive", "run", "--set", "media", "--limit", "4")
    table.add(5, b"new", kind="video", folder="videos", ext="mp4", mime="video/mp4")
    plain = david.ok("archive", "verify", "--set", "media").out
    assert "image  3 of 3 archived (100.0%)" in plain
    assert "video  1 of 2 archived (50.0%)" in plain
    assert "Summary: 4 of 5 rows archived (80.0%), 1 share the object of another" in plain
    both = david.ok("archive", "verify", "--set", "media", "--check-store", "--check-local", "--json").json
    assert (both["in_store"], both["here"], both["archived_share"]) == (4, 5, 0.8)
    assert david.ok("archive", "verify", "--set", "media", "--limit", "2", "--json").json["looked_at"] == 2

    root = Path(store.removeprefix("file://"))
    (root / f"cache/2024/03/{one}.jpg").unlink()
    (david.repo / FILES / "images" / f"{two}.jpg").write_bytes(JPEG + b"TWO")
    found = david.expect(3, "archive", "verify", "--set", "media", "--check-store", "--check-local")
    assert f"row 1: the store has no cache/2024/03/{one}.jpg" in found.err
    assert f"row 2: images/{two}.jpg has the MD5" in found.err


def test_nothing_is_removed_while_a_row_points_at_it(david: Person, sqlite: Table, store: str) -> None:
    md5 = sqlite.add(1, JPEG + b"one")
    david.ok("archive", "run", "--set", "media")
    found = david.expect(5, "archive", "remove", f"images/{md5}.jpg", "--yes", "--last-copies")
    assert "the row 1 in sqlite" in found.err
    assert objects(store) == [f"cache/2024/03/{md5}.jpg"]
    sqlite.run("UPDATE post_media SET created_at = 'nonsense', md5_sum = 'x'")
    david.expect(5, "archive", "remove", f"images/{md5}.jpg", "--yes", "--last-copies")
    sqlite.run("UPDATE post_media SET archive_url = NULL")
    david.ok("archive", "remove", f"images/{md5}.jpg", "--yes", "--last-copies")
    assert objects(store) == []


def test_nor_is_what_a_row_points_at_since_it_was_asked(
    david: Person, sqlite: Table, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a colleague who sends the same file: it is there already, and his row gets its address."""
    md5 = sqlite.add(1, JPEG + b"one")
    david.ok("archive", "run", "--set", "media")
    sqlite.run("DELETE FROM post_media")
    monkeypatch.setenv("HOME", david.env()["HOME"])

    def confirm(plan: LeavePlan) -> bool:
        sqlite.add(2, JPEG + b"one")
        david.ok("archive", "run", "--set", "media")
        return True

    archives = Archives.open(path=david.repo, environ=david.env())
    with pytest.raises(Halt, match=f"did not remove cache/2024/03/{md5}.jpg"):
        archives.remove(f"images/{md5}.jpg", confirm=confirm, last_copies=True)
    assert objects(store) == [f"cache/2024/03/{md5}.jpg"]


def test_workers_share_the_rows(david: Person, sqlite: Table, store: str) -> None:
    for number in range(1, 21):
        sqlite.add(number, JPEG + bytes([number]))
    first = david.ok("archive", "run", "--set", "media", "--worker", "1/2", "--json").json
    second = david.ok("archive", "run", "--set", "media", "--worker", "2/2", "--json").json
    assert first["archived"] + second["archived"] == 20
    assert 0 < first["archived"] < 20
    assert first["left"] == second["left"] == 0
    assert None not in sqlite.addresses().values()
    assert "write 1/3" in david.expect(2, "archive", "run", "--set", "media", "--worker", "3/2").err


def test_rows_of_one_unit_are_packed_into_one_archive(david: Person, table: Table, store: str) -> None:
    table.run("ALTER TABLE post_media ADD COLUMN session text")
    bodies = {number: JPEG + bytes([number]) for number in range(1, 6)}
    for number, body in bodies.items():
        table.add(number, body, created=f"2024-0{number}-01T00:00:00Z")
    table.run("UPDATE post_media SET session = 'm42' WHERE media_id <= 3")
    table.run("UPDATE post_media SET session = 'm31' WHERE media_id = 4")
    text = (
        (david.repo / ".s3sync.yaml")
        .read_text()
        .replace("created_at, archive_url", "created_at, archive_url, session AS unit")
    )
    text = text.replace("cache/{captured:%Y/%m}/{md5}.{ext}", "raw/{year}/{id}") + "    unit: group\n    pack: tar\n"
    (david.repo / ".s3sync.yaml").write_text(text)

    done = david.expect(3, "archive", "run", "--set", "media")

    assert "row 5: it names no unit" in done.err
    urls = table.addresses()
    assert urls[1] == urls[2] == urls[3] == f"{store}/raw/2024/m42.tar"
    assert urls[4] == f"{store}/raw/2024/m31.tar"
    assert urls[5] is None
    shutil.rmtree(david.repo / FILES / "images")
    david.ok("restore", "m42")
    restored = sorted((david.repo / FILES / "images").iterdir())
    assert {path.read_bytes() for path in restored} == {bodies[1], bodies[2], bodies[3]}


def test_the_store_that_a_browser_asks(david: Person, sqlite: Table, store: str) -> None:
    md5 = sqlite.add(1, JPEG + b"one")
    media_set(david, store, '    url_template: "https://cdn.example/{name}"\n')
    david.ok("archive", "run", "--set", "media")
    assert sqlite.addresses() == {1: f"https://cdn.example/cache/2024/03/{md5}.jpg"}
    assert david.ok("archive", "verify", "--set", "media", "--check-store", "--json").json["in_store"] == 1


def test_a_file_that_is_a_link_is_not_followed(david: Person, sqlite: Table, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(JPEG + b"secret")
    md5 = hashlib.md5(secret.read_bytes()).hexdigest()
    folder = david.repo / FILES / "images"
    folder.mkdir(parents=True)
    (folder / f"{md5}.jpg").symlink_to(secret)
    (folder / "out").symlink_to(tmp_path)
    sqlite.add(1, secret.read_bytes(), write=False)
    sqlite.add(2, secret.read_bytes(), write=False, path=f"{FILES}/images/out/secret", md5=None)
    david.expect(3, "archive", "run", "--set", "media")
    assert set(sqlite.addresses().values()) == {None}


def test_words_that_do_not_go_with_a_table(david: Person, sqlite: Table) -> None:
    assert "--delete-local does not go with this set" in david.expect(2, "archive", "run", "--delete-local").err
    assert "UNIT does not go with this set" in david.expect(2, "archive", "run", "b40").err
    for words in (("analyze",), ("list", "--not-archived")):
        assert "takes its objects from a table" in david.expect(2, "archive", *words).err
    (david.repo / FILES).mkdir(parents=True)
    assert david.ok("archive", "run", "--json").json["rows"] == 0
    own_settings(david, f"archives:\n  raw: {{store: {(david.root / 'v').as_uri()}, source: {david.root}/raw/*}}\n")
    put(david.root, "raw/m1/a.fits")
    assert "media takes its objects from a table, and is not among these" in david.ok("archive", "analyze").err
    told = david.ok("archive", "analyze", "--json").json
    assert told["tables"] == ["media"] and [one["name"] for one in told["sets"]] == ["raw"]


def test_a_set_of_ones_own_with_a_whole_path(david: Person, store: str, tmp_path: Path) -> None:
    """Outside of a repository, with paths as the application wrote them."""
    david.ok("archive", "init", "--preset", "media-db", "--own", "--source", FILES, "--store", store, cwd=david.repo)
    table = Table(david, None)
    table.add(1, JPEG + b"one", md5=None)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    url = f"sqlite:///{david.repo}/media.db"
    david.ok("archive", "run", cwd=elsewhere, env={"DATABASE_URL": url, "S3SYNC_TRUST": None})
    assert None not in table.addresses().values()


def test_files_in_parts_are_compared_with_their_md5_as_well(david: Person, sqlite: Table, store: str) -> None:
    body = JPEG + bytes(17 * 1024 * 1024)
    right = sqlite.add(1, body)
    sqlite.add(2, body[:-1] + b"x", md5="1" * 32)
    found = david.expect(3, "archive", "run", "--set", "media")
    assert f"and the row says {'1' * 32}" in found.err
    assert objects(store) == [f"cache/2024/03/{right}.jpg"]
    assert sqlite.addresses()[2] is None
    assert not list(Path(store.removeprefix("file://")).glob(".s3sync-store/uploads/*/*"))
    checked = david.expect(3, "archive", "verify", "--set", "media", "--check-store", "--check-local", "--json").json
    assert checked["in_store"] == 1


def test_a_row_that_the_database_refuses_holds_up_no_other(david: Person, table: Table, store: str) -> None:
    for number in range(1, 5):
        table.add(number, JPEG + bytes([number]))
    refused = hashlib.md5(JPEG + bytes([3])).hexdigest()
    if table.url.startswith("sqlite"):
        table.run(
            "CREATE TRIGGER no BEFORE UPDATE ON post_media WHEN NEW.archive_url LIKE '%" + refused + "%'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    else:
        table.run(f"ALTER TABLE post_media ADD CHECK (archive_url NOT LIKE '%{refused}%')")
    found = david.expect(3, "archive", "run", "--set", "media")
    assert "row 3:" in found.err
    assert "Left: 1 row without an address" in found.out
    assert [number for number, url in table.addresses().items() if url is None] == [3]


def test_a_select_that_gives_the_same_page_again_ends(david: Person, sqlite: Table, store: str) -> None:
    sqlite.add(1, JPEG)
    sqlite.run(
        "INSERT INTO post_media (media_id, created_at, md5_sum) WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL"
        " SELECT i + 1 FROM n WHERE i < 1500) SELECT i, created_at, md5_sum FROM n, post_media"
    )
    again = "SELECT media_id AS id, md5_sum AS md5, created_at FROM post_media WHERE {} ORDER BY media_id LIMIT {}"
    media_set(david, store, select=again.format(":last = :last", ":limit"))
    assert "the same rows again" in david.expect(2, "archive", "run", "--set", "media").err
    media_set(david, store, select=again.format("media_id > :last", ":limit * 2"))
    assert "more rows than :limit" in david.expect(2, "archive", "run", "--set", "media").err
    media_set(david, store, select=again.format("media_id > :last", ":limit").replace("media_id AS id", "media_id"))
    assert "SELECT media_id AS id" in david.expect(2, "archive", "run", "--set", "media").err
