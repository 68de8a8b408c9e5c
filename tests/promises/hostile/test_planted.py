"""What was planted where the first list of attacks did not look: second tries of each of its kinds."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.config.files import REPO_KIND, parse_settings
from s3sync.errors import ConfigError
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers
from tests.kit.people import PROJECT, REPO, Person
from tests.scenarios.names import real_disks

OLD = 1_400_000_000_000_000_000


@pytest.fixture
def david(synced: Person) -> Person:
    return synced


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A file that is neither changed nor read."""
    file = tmp_path / "private" / "key"
    file.parent.mkdir()
    file.write_text("precious-line-one\n!precious[line\n")
    os.utime(file, ns=(OLD, OLD + 10**9))  # so that any reading changes the time, also where that is saved on
    yield file
    assert file.stat().st_atime_ns == OLD, "it was read"
    assert file.read_text() == "precious-line-one\n!precious[line\n"


@pytest.mark.parametrize("command", [["status"], ["up"], ["cleanup", "--yes"], ["verify", "--deep"]])
@pytest.mark.parametrize("where", ["the repository", "the staging folder"])
def test_f55_rules_of_what_to_ignore_are_read_through_no_link(
    david: Person, secret: Path, command: list[str], where: str
) -> None:
    folder = david.repo if where == "the repository" else david.staging
    (folder / ".s3syncignore").symlink_to(os.path.relpath(secret, folder))
    result = david.run(*command)
    assert result.code in (1, 3, 5) and "precious" not in result.out + result.err, result
    assert ".s3syncignore" in result.err + result.out and "hint:" in result.err + result.out


@pytest.mark.parametrize("kind", ["FIFO", "folder", "large"])
def test_f55_rules_of_what_to_ignore_are_a_plain_file(david: Person, kind: str) -> None:
    file = david.repo / ".s3syncignore"
    if kind == "FIFO":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.write_text("x\n" * 40_000)
    david.expect({"folder": 0, "FIFO": 1, "large": 2}[kind], "status")


@pytest.mark.parametrize(
    "address",
    [
        "https://s3.amazonaws.com\\.evil.example",
        "http://127.0.0.1\\.evil.example",
        "https://\u04553.amazonaws.com",
        "http://127.0.0.1\u3002evil.example",
        "http://localhost\u2024evil.example",
        "https://s3.example.com%2eevil.example",
        "https://s3.example.com/\u202e/x",
        "https://s3.example.com/\\..\\x",
    ],
)
def test_f47_a_server_is_named_so_that_everybody_reads_the_same_host(address: str) -> None:
    text = f"endpoint_url: {json.dumps(address)}\n"
    with pytest.raises(ConfigError) as refused:
        parse_settings(text, Path("/repo/.s3sync.yaml"), REPO_KIND)
    assert refused.value.hint is not None and "https://s3.example.com" in refused.value.hint


@pytest.mark.parametrize("target", ["the file in the trash", "nothing", "another file"])
def test_f52_nothing_is_restored_onto_a_link(david: Person, target: str) -> None:
    david.write("a.txt", "b")
    david.write("clip.mp4", "other")
    jan = Person("jan", david.root.parent / "jan", david.environ)
    jan.staging.mkdir(parents=True)
    jan.ok("down")
    jan.write("a.txt", "c")
    jan.expect(0, "sync")
    david.write("a.txt", "a")
    david.ok("down")
    (kept,) = (david.staging / ".s3sync" / "trash").rglob("a.txt")
    (david.staging / "a.txt").unlink()
    to = {"the file in the trash": kept, "nothing": kept.parent / "no", "another file": david.staging / "clip.mp4"}
    (david.staging / "a.txt").symlink_to(to[target])
    result = david.run("trash", "restore", "a.txt")
    assert result.code != 0, result
    assert kept.is_file() and (david.staging / "a.txt").is_symlink()
    assert (david.staging / "clip.mp4").read_text() == "other"


@pytest.mark.parametrize("command", [["transfers", "--abort-all", "--yes"], ["up"], ["sync"]])
@pytest.mark.parametrize("whose", ["another project", "another repository", "another file"])
def test_f50_a_row_of_state_db_ends_no_upload_of_others(
    david: Person, tmp_path: Path, command: list[str], whose: str
) -> None:
    store = FolderStore(tmp_path / "store")
    prefix = {
        "another project": f"{REPO}/b64/",
        "another repository": f"films/{PROJECT}/",
        "another file": f"{REPO}/{PROJECT}/",
    }[whose]
    key = f"{prefix}theirs.mp4"
    upload = store.start_upload(key, Headers({}))
    david.write("big.mp4", os.urandom(17 * 2**20))
    digests = json.dumps(["0" * 32, "0" * 32])
    with sqlite3.connect(david.staging / ".s3sync" / "state.db") as connection:
        connection.execute(
            "INSERT INTO transfer SELECT id, 'big.mp4', 'up', ?, ?, 'x', 5, 5, ?, '2026-01-01T00:00:00Z' FROM place",
            (key, upload, digests),
        )
    connection.close()
    result = david.run(*command)
    assert result.code in (0, 1), result
    if whose == "another file" and command[0] == "transfers":
        return  # that command ends every upload below the project's prefix
    assert [one.upload_id for one in store.list_uploads(prefix)] == [upload]


@pytest.mark.parametrize("column", ["url", "endpoint", "store_id", "used_at"])
@pytest.mark.parametrize("cell", [b"\xb2\xe4\x18", "x" * 100_000], ids=["bytes", "too long"])
def test_f50_a_place_that_is_none_is_damage_and_no_surprise(david: Person, column: str, cell: object) -> None:
    with sqlite3.connect(david.staging / ".s3sync" / "state.db") as connection:
        row = {"url": "file:///x/", "endpoint": "", "store_id": "", "used_at": "2026-01-01T00:00:00Z"} | {column: cell}
        connection.execute("INSERT INTO place (url, endpoint, store_id, used_at) VALUES (?, ?, ?, ?)", (*row.values(),))
    connection.close()
    result = david.run("state")
    assert result.code == 1 and "a row of its table place makes no sense" in result.err, result
    for command in (["status"], ["up"], ["sync"], ["doctor"], ["doctor", "--fix"], ["state", "forget", "x"]):
        result = david.run(*command)
        assert "did not expect" not in result.err + result.out, result
    david.ok("status")


@pytest.mark.parametrize("how", ["a link", "a file that names a link"])
def test_f49_what_git_tracks_is_refused_wherever_git_keeps_its_index(david: Person, tmp_path: Path, how: str) -> None:
    real, git = tmp_path / "git-folders" / "one", david.repo / ".git"
    git.rmdir()
    subprocess.run(["git", "init", "-q", str(david.repo)], check=True)
    subprocess.run(["git", "-C", str(david.repo), "add", "-f", str(david.staging / ".s3sync" / "lock")], check=True)
    real.parent.mkdir()
    git.rename(real)
    if how == "a link":
        git.symlink_to(real)
    else:
        (tmp_path / "alias").symlink_to(real)
        git.write_text(f"gitdir: {tmp_path / 'alias'}\n")
    assert "git tracks" in david.expect(1, "status").err


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("options", ["umask=0", "umask=0,uid=4711,gid=4711"])
def test_f46_settings_on_a_disk_without_owners_and_modes_count(
    david: Person, tmp_path: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where chmod and chown change nothing, no hint to use them helps."""
    monkeypatch.setitem(real_disks._MOUNT, "exfat", ["mount.exfat-fuse", "-o", options])
    with real_disks.mounted("exfat", tmp_path) as disk:
        repo = disk / "clone"
        (repo / PROJECT / "s3-staging").mkdir(parents=True)
        for name, text in ((".s3sync.yaml", "transfers: 3\n"), (".video-tools.env", "S3_SYNC_USER=jan\n")):
            (repo / name).write_text(text)
            assert (repo / name).stat().st_mode & 0o022
        env = {"S3SYNC_TRUST": None}
        shown = david.ok("config", "--json", cwd=repo / PROJECT, env=env).json
        assert ".s3sync.yaml" in json.dumps(shown)
        david.ok("status", cwd=repo / PROJECT, env=env)
        assert sorted(os.listdir(repo)) == sorted([".s3sync.yaml", ".video-tools.env", PROJECT])


@pytest.mark.parametrize("command", [["status"], ["doctor"], ["projects"], ["init", "--yes", "--dry-run"], ["config"]])
@pytest.mark.parametrize("kind", ["link", "FIFO", "zero"])
def test_f55_what_stands_for_the_git_folder_is_neither_waited_for_nor_followed(
    david: Person, secret: Path, command: list[str], kind: str
) -> None:
    git = david.repo / ".git"
    git.rmdir()
    if kind == "FIFO":
        os.mkfifo(git)
    else:
        git.symlink_to(secret if kind == "link" else "/dev/zero")
    david.patience_s, david.fresh = 20, True
    result = david.run(*command)
    assert result.code in (0, 1, 2, 3, 5) and "precious" not in result.out + result.err, result


@pytest.mark.parametrize("count", [1000, 1001])
def test_f56_a_list_in_the_settings_is_bounded(count: int) -> None:
    text = f"ignore: [{', '.join(f'a{number}' for number in range(count))}]\n"
    if count == 1000:
        assert parse_settings(text, Path("/repo/.s3sync.yaml"), REPO_KIND)
        return
    with pytest.raises(ConfigError) as refused:
        parse_settings(text, Path("/repo/.s3sync.yaml"), REPO_KIND)
    assert "1001 entries" in str(refused.value.why)


@pytest.mark.skipif(os.name != "posix", reason="the lock is taken as POSIX has it")
@pytest.mark.parametrize("pid", ["Infinity", "-1e999", "NaN", '"9"', "9" * 3000, "[1]"])
def test_f49_whoever_holds_the_lock_may_say_anything_of_itself(david: Person, pid: str) -> None:
    from filelock import lock_descriptor

    david.ok("up")
    folder = david.staging / ".s3sync"
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        assert lock_descriptor(descriptor, blocking=False)
        (folder / "lock.json").write_text(f'{{"pid": {pid}, "host": "h", "since": "x"}}')
        for words in (("up",), ("doctor",)):
            result = david.run(*words)
            assert "did not expect" not in result.err and len(result.err) < 600, result
            assert result.code == 6 or words == ("doctor",)
    finally:
        os.close(descriptor)
