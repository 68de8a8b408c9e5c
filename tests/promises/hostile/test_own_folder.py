"""What somebody plants in `s3-staging/.s3sync/`, in `.gitignore` and elsewhere: nothing outside is touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.people import Person

CANARY_TIME = 1_500_000_000_000_000_000
COMMANDS = (
    ["status"],
    ["up"],
    ["down"],
    ["sync"],
    ["transfers"],
    ["verify"],
    ["doctor", "--fix"],
    ["cleanup", "--yes"],
)
MIB = 2**20
Plant = Callable[[Path, Path], None]


@pytest.fixture
def david(synced: Person) -> Person:
    return synced


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Path]:
    """Private things beside the project; after the test each is what it was."""
    folder = tmp_path / "private"
    (folder / "documents" / "1" / "in").mkdir(parents=True)
    for name in ("key", "documents/one", "documents/two", "documents/1/in/three"):
        (folder / name).write_text(f"precious {name}")
        (folder / name).chmod(0o640)
        os.utime(folder / name, ns=(CANARY_TIME, CANARY_TIME))
    with sqlite3.connect(folder / "other.db") as foreign:
        foreign.execute("CREATE TABLE mine (x)")
    before = _look(folder)
    yield folder
    assert _look(folder) == before


def _look(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(sorted(os.listdir(path)))
        time_ns = status.st_mtime_ns if path.is_file() else 0
        found[str(path)] = (stat.S_IMODE(status.st_mode), time_ns, status.st_nlink if path.is_dir() else 0, held)
    return found


def ours(david: Person) -> Path:
    return david.staging / ".s3sync"


def instead(path: Path, make: Callable[[], object]) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    make()


def link(name: str, target: str) -> Plant:
    return lambda room, private: instead(room / name, lambda: (room / name).symlink_to(private / target))


def relative_link(name: str, target: str) -> Plant:
    return lambda room, private: instead(
        room / name, lambda: (room / name).symlink_to(os.path.relpath(private / target, (room / name).parent))
    )


def hard_link(name: str, target: str) -> Plant:
    return lambda room, private: instead(room / name, lambda: os.link(private / target, room / name))


def fifo(name: str) -> Plant:
    return lambda room, private: instead(room / name, lambda: os.mkfifo(room / name))


def folder(name: str) -> Plant:
    return lambda room, private: instead(room / name, lambda: (room / name).mkdir())


PLANTED = {
    "lock.json is a link": link("lock.json", "key"),
    "lock.json is a relative link": relative_link("lock.json", "key"),
    "lock.json is a link to nothing": link("lock.json", "fresh"),
    "lock is a link": link("lock", "key"),
    "lock is a hard link": hard_link("lock", "key"),
    "lock is a FIFO": fifo("lock"),
    "lock.json is a FIFO": fifo("lock.json"),
    "partial is a link": link("partial", "documents"),
    "partial is a FIFO": fifo("partial"),
    "a partial is a link": link(f"partial/{'0' * 32}", "key"),
    "a partial is a hard link": hard_link(f"partial/{'1' * 32}", "key"),
    "a partial is a folder": folder(f"partial/{'2' * 32}"),
    "trash is a link": link("trash", "documents"),
    "a day of the trash is a link": link("trash/1", "documents"),
    "state.db is a link to another program's": link("state.db", "other.db"),
    "state.db is a link to nothing": link("state.db", "fresh.db"),
    "state.db is a hard link": hard_link("state.db", "other.db"),
    "state.db is a FIFO": fifo("state.db"),
    "state.db is a folder": folder("state.db"),
    "state.db-wal is a link": link("state.db-wal", "key"),
    "state.db-shm is a link": link("state.db-shm", "key"),
    "state.db-journal is a link": link("state.db-journal", "key"),
    "state.db-wal is a FIFO": fifo("state.db-wal"),
    "scratch of a doctor is a link": link("doctor-1", "documents"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_f49_what_is_planted_in_our_folder_leads_nowhere(david: Person, canaries: Path, what: str) -> None:
    PLANTED[what](ours(david), canaries)
    (canaries / "key").chmod(0o640)
    david.write("b.txt", "b")
    for command in COMMANDS:
        result = david.run(*command)
        assert result.code in (0, 1, 3, 4, 5), result
        assert "did not expect" not in result.err, result
    assert not (canaries / "fresh").exists() and not (canaries / "fresh.db").exists()


@pytest.mark.parametrize("kind", ["link to another project's", "link", "FIFO"])
def test_f49_our_folder_itself_is_a_real_one(david: Person, canaries: Path, tmp_path: Path, kind: str) -> None:
    shutil.move(ours(david), canaries.parent / "moved")
    before = _look(canaries.parent / "moved")
    if kind == "FIFO":
        os.mkfifo(ours(david))
    else:
        ours(david).symlink_to(canaries / "documents" if kind == "link" else canaries.parent / "moved")
    for command in (["up"], ["down"], ["doctor", "--fix"], ["status"], ["cleanup", "--local", "--yes"]):
        result = david.run(*command)
        assert result.code in (1, 3), result
        assert ".s3sync" in result.err + result.out
    assert _look(canaries.parent / "moved") == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", [".", "lock", "state.db", "partial"])
def test_f49_what_another_user_owns_is_refused(david: Person, name: str) -> None:
    (ours(david) / "partial").mkdir(exist_ok=True)
    os.chown(ours(david) / name, 4321, 4321)
    result = david.expect(1, "down")
    assert "belongs to another user" in result.err and "hint:" in result.err


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("what", ["lock", "partial/x"])
def test_f49_what_git_tracks_is_refused(david: Person, version: str, what: str) -> None:
    (ours(david) / what).parent.mkdir(exist_ok=True)
    (ours(david) / what).write_text("")
    david.write(".s3sync-before", "")  # in a packed index, the path after it is told by its difference
    git = ["git", "-C", str(david.repo), "-c", f"index.version={version}"]
    if not (david.repo / ".git" / "HEAD").exists():
        subprocess.run([*git, "init", "-q"], check=True)
    for name in (".s3sync-before", f".s3sync/{what}"):
        subprocess.run([*git, "add", "-f", str(david.staging / name)], check=True)
    for command in ("up", "status", "sync"):
        result = david.expect(1, command)
        assert f"git tracks {david.staging.relative_to(david.repo)}/.s3sync/{what}" in result.err
        assert "git rm -r --cached" in result.err
    subprocess.run([*git, "rm", "-rq", "--cached", str(ours(david))], check=True)
    david.ok("status")


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("what", [".s3sync", "."], ids=["our folder", "the staging folder"])
def test_f49_a_submodule_brings_no_memory(david: Person, version: str, what: str) -> None:
    """It is one entry of the index, whatever lies in it."""
    folder = (david.staging / what).resolve()
    git = ["git", "-C", str(david.repo), "-c", f"index.version={version}"]
    if not (david.repo / ".git" / "HEAD").exists():
        subprocess.run([*git, "init", "-q"], check=True)
    inner = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run([*inner, "init", "-q"], check=True)
    subprocess.run([*inner, "add", "-f", "."], check=True)
    subprocess.run([*inner, "commit", "-qm", "x"], check=True)
    head = subprocess.run([*inner, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    path = folder.relative_to(david.repo).as_posix()
    subprocess.run([*git, "update-index", "--add", "--cacheinfo", f"160000,{head},{path}"], check=True)
    for command in ("up", "status", "sync"):
        assert "git tracks" in david.expect(1, command).err


def test_f49_an_index_that_is_too_large_to_look_through_is_no_leave(david: Person) -> None:
    git = david.repo / ".git"
    git.mkdir(exist_ok=True)
    with (git / "index").open("wb") as stream:
        stream.truncate(200 * 2**20)
    assert "is not looked through" in david.expect(1, "status").err


SQL = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON fact BEGIN DELETE FROM base; END",
    "an endless view": "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c",
    "a view of a table's name": "DROP TABLE base; CREATE VIEW base AS SELECT 1 place, 'a' path, 1 size, '' md5, '' e",
    "an index": "CREATE INDEX i ON digest (abs(size))",
    "a table more": "CREATE TABLE more (x)",
    "a generated column": "DROP TABLE fact; CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL"
    " GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL)",
    "a column more": "ALTER TABLE fact ADD COLUMN more TEXT",
    "a full-text table": "CREATE VIRTUAL TABLE f USING fts5(x)",
    "a full-text table that a comment hides": "CREATE VIRTUAL TABLE f USING fts5(x); PRAGMA writable_schema = ON;"
    " UPDATE sqlite_master SET sql = 'CREATE /*''*/ VIRTUAL /*''*/ TABLE f USING fts5(x)' WHERE name = 'f'",
    "a check that a comment hides": "DROP TABLE fact; CREATE TABLE fact (name TEXT PRIMARY KEY /*'*/ CHECK (hex("
    "zeroblob(100000000)) <> 'x') /*'*/, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "a row that is no digest": "INSERT INTO digest VALUES ('x', 'text', 1, 1, NULL, 'md5', NULL)",
    "a row of blobs": "INSERT INTO base SELECT id, x'ff', x'00', NULL, NULL FROM place",
    "a path in the base": "INSERT INTO base SELECT id, '../../private/key', 1, NULL, NULL FROM place",
    "a token that is a path": "INSERT INTO transfer SELECT id, 'z', 'down', 'k', '{private}/key', 'e', 5, 5,"
    " '[null,null]', '' FROM place",
    "a token with ..": "INSERT INTO transfer SELECT id, 'z', 'down', 'k', '../../../private/key', 'e', 5, 5,"
    " '[null,null]', '' FROM place",
    "deep JSON": f"INSERT INTO intent SELECT id, 'conflict', 'x', '{'[' * 30_000}' FROM place",
    "an intent of other files": "INSERT INTO intent SELECT id, 'conflict', 'x',"
    ' \'{{"name":"../../../../private/documents/one","kept_as":"../../../../private/documents/one",'
    '"by":"","at":""}}\' FROM place',
}


@pytest.mark.parametrize("what", SQL)
def test_f50_what_no_s3sync_wrote_in_state_db_is_not_obeyed(david: Person, canaries: Path, what: str) -> None:
    with sqlite3.connect(ours(david) / "state.db") as connection:
        statement = SQL[what]
        connection.executescript(statement.replace("{{", "{").replace("}}", "}").replace("{private}", str(canaries)))
    connection.close()
    before = david.read("a.txt")
    for command in (["status"], ["sync"], ["doctor"]):
        result = david.run(*command)
        assert result.code in (0, 1, 3, 4, 5) and "did not expect" not in result.err, result
    david.run("doctor", "--fix")
    david.ok("sync")
    assert david.read("a.txt") == before


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o600, 0o755, 0o640, 0o444])
@pytest.mark.parametrize("size", [3, 17 * MIB])
def test_f54_a14_a_replaced_file_keeps_its_mode(david: Person, tmp_path: Path, mode: int, size: int) -> None:
    jan = Person("jan", tmp_path / "desk" / "jan")
    jan.staging.mkdir(parents=True)
    jan.environ = david.environ
    david.write("run.sh", b"1" * size)
    david.ok("up")
    jan.ok("down")
    (jan.staging / "run.sh").chmod(mode)
    fresh = stat.S_IMODE((jan.staging / "a.txt").stat().st_mode)
    david.write("run.sh", b"2" * size)
    david.write("new.txt", "new")
    david.ok("up")
    jan.ok("down")
    assert jan.read("run.sh") == b"2" * size
    assert stat.S_IMODE((jan.staging / "run.sh").stat().st_mode) == mode
    assert stat.S_IMODE((jan.staging / "new.txt").stat().st_mode) == fresh
    for path in (ours(jan), ours(jan) / "partial"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ("lock", "state.db"):
        assert stat.S_IMODE((ours(jan) / name).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give files to any group")
@pytest.mark.parametrize("size", [3, 17 * MIB])
def test_a14_a_folder_that_a_group_shares_stays_shared(david: Person, tmp_path: Path, size: int) -> None:
    jan = Person("jan", tmp_path / "desk" / "jan")
    jan.staging.mkdir(parents=True)
    jan.environ = david.environ
    for name in ("old.mov", "own.mov", "cut/old.mov"):
        david.write(name, b"1" * size)
    david.ok("up")
    jan.ok("down")
    os.chown(jan.staging, -1, 1234)
    jan.staging.chmod(0o2775)
    os.chown(jan.staging / "own.mov", -1, 4321)
    for name in ("own.mov", "new.mov", "new/deep/a.mov", "cut/new.mov"):
        david.write(name, b"2" * size)
    david.ok("up")
    jan.ok("down")
    wanted = {"old.mov": 0, "own.mov": 4321, "new.mov": 1234, "new/deep/a.mov": 1234, "cut/new.mov": 0}
    assert {name: (jan.staging / name).stat().st_gid for name in wanted} == wanted
    assert jan.read("own.mov") == b"2" * size


@pytest.mark.parametrize("name", [".gitignore", ".s3sync.yaml"])
@pytest.mark.parametrize("kind", ["link", "relative link", "FIFO"])
def test_f55_init_reads_and_writes_through_no_link(david: Person, canaries: Path, name: str, kind: str) -> None:
    file = david.repo / name
    file.unlink(missing_ok=True)
    if kind == "FIFO":
        os.mkfifo(file)
    else:
        file.symlink_to(canaries / "key" if kind == "link" else os.path.relpath(canaries / "key", david.repo))
    for command in (["init", "--repo", "v-appydave"], ["doctor", "--fix"]):
        result = david.run(*command)
        assert result.code in (1, 2, 3, 5), result
    assert not file.is_file() or "precious" not in file.read_text() or file.is_symlink()


def test_r28_a_memory_that_cannot_be_written_is_noticed_before_anything_is_sent(david: Person, tmp_path: Path) -> None:
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", ours(david) / "state.db"]).returncode:
        pytest.skip("needs a file that even root cannot write")
    david.write("b.txt", "b")
    try:
        result = david.expect(1, "up")
    finally:
        subprocess.run(["chattr", "-i", ours(david) / "state.db"], check=True)
    assert "state.db" in result.err and "operation is not permitted" in result.err
    assert not list((tmp_path / "store").rglob("b.txt"))
