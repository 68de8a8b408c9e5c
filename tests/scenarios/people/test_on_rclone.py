"""Two people on remotes of rclone, which have no conditions and no metadata: each has a manifest of his own."""

from __future__ import annotations

import json
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.remotes import RCLONE, Remotes

pytestmark = pytest.mark.rclone
People = tuple[Person, Person]


@pytest.fixture
def people(request: pytest.FixtureRequest, remotes: Remotes, tmp_path: Path) -> People:
    """On a folder, or on the kind of remote that a test names."""
    environment = {"RCLONE_CONFIG": str(remotes.config)}
    url = remotes.url(getattr(request, "param", "loc"), uuid.uuid4().hex)
    return pair(tmp_path, url, dict.fromkeys(("david", "jan"), environment))


@pytest.mark.parametrize("people", ["dav"], indirect=True)
def test_they_exchange_change_and_delete(people: People, remotes: Remotes) -> None:
    david, jan = people
    david.write("cut/draft ü.mp4", b"draft" * 400_000)
    david.write("audio.wav", "audio")
    up = david.ok("up", "--json").json
    assert {file["name"] for file in up["uploaded"]} == {"cut/draft ü.mp4", "audio.wav"}
    assert any("does not enforce conditional writes" in warning for warning in up["warnings"])
    status = jan.ok("status", "--json").json
    assert {file["uploaded_by"] for file in status["files"]} == {"david"}
    assert any("not protected" in warning for warning in status["warnings"])
    jan.ok("down")
    assert jan.files() == david.files()
    jan.write("audio.wav", "another audio")
    assert jan.ok("up", "--json").json["warnings"] != []
    assert david.states() == {"audio.wav": "remote_modified", "cut/draft ü.mp4": "in_sync"}
    david.ok("sync")
    assert david.read("audio.wav") == b"another audio"
    (david.staging / "audio.wav").unlink()
    david.ok("sync")
    assert jan.states()["audio.wav"] == "remote_deleted"
    jan.ok("sync")
    assert jan.files() == david.files() and len(jan.files()) == 1
    assert david.ok("up", "--json").json["uploaded"] == []


@pytest.mark.parametrize("people", ["ssh"], indirect=True)
def test_what_both_changed_is_a_conflict_and_both_are_kept(people: People) -> None:
    david, jan = people
    david.write("a.txt", "first")
    david.ok("up")
    jan.ok("down")
    david.write("a.txt", "of david")
    jan.write("a.txt", "of jan, longer")
    david.ok("up")
    refused = jan.expect(4, "up", "--json").json
    assert [conflict["name"] for conflict in refused["conflicts"]] == ["a.txt"]
    jan.expect(4, "sync")
    david.ok("sync")
    assert david.files() == jan.files() and len(david.files()) == 2
    assert {david.read(name) for name in david.files()} == {b"of david", b"of jan, longer"}


def test_doctor_calls_nothing_enforced_that_is_not(people: People) -> None:
    david, _ = people
    found = {one["name"]: one for one in david.ok("doctor", "--json").json["checks"]}
    for kind in ("create", "replace", "delete", "copy"):
        one = found[f"conditional_{kind}"]
        assert one["level"] == "warn" and "not enforced" in one["found"] and "not protected" in one["hint"], one
    assert "your rclone remote" in found["store"]["found"] and "folder" not in found["credentials"]["found"]


def test_writes_at_the_same_moment_lose_nothing(people: People) -> None:
    david, jan = people
    for round_ in range(2):
        david.write(f"david-{round_}", f"of david {round_}")
        jan.write(f"jan-{round_}", f"of jan {round_}")
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda person: person.run("up"), people))
        assert [one.code for one in done] == [0, 0], done
    expected = {f"{name}-{round_}": name for name in ("david", "jan") for round_ in range(2)}
    for person in people:
        files = person.ok("status", "--json").json["files"]
        assert {file["name"]: file["uploaded_by"] for file in files} == expected
        assert all(file["md5"] for file in files)


def test_a_manifest_that_cannot_be_read_is_named_and_nothing_is_written(remotes: Remotes, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    environments = {person: {"RCLONE_CONFIG": str(remotes.config)} for person in ("david", "jan")}
    david, jan = pair(tmp_path, remotes.url("loc", name), environments)
    david.write("a.txt", "first")
    david.ok("up")
    place = remotes.folder("loc", name)
    assert place is not None
    file = place / REPO / ".s3sync" / "manifest" / PROJECT / "metadata.david.json"
    whole = file.read_bytes()
    for broken in (b"{", b"[]", whole.replace(b'"size_bytes"', b'"size"'), b'{"statements":[{"kind":"path"}]}'):
        file.write_bytes(broken)
        jan.write("b.txt", "second")
        told = jan.expect(1, "up", "--json").json["error"]
        assert "metadata" in told["message"] and told["hint"]
    file.write_bytes(json.dumps({**json.loads(whole), "schema": 2}).encode())
    assert "upgrade" in jan.expect(1, "status").err
    file.write_bytes(whole)
    jan.ok("up")
    assert {path.name for path in (place / REPO / PROJECT).iterdir() if path.is_file()} == {"a.txt", "b.txt"}


def test_a_remote_that_is_not_there_and_one_that_is_none(remotes: Remotes, tmp_path: Path) -> None:
    environments = {person: {"RCLONE_CONFIG": str(remotes.config)} for person in ("david", "jan")}
    david, _ = pair(tmp_path, remotes.url("loc", uuid.uuid4().hex), environments)
    unknown = david.expect(1, "status", "--store", "rclone:nobody:films")
    assert "didn't find section" in unknown.err and "rclone listremotes" in unknown.err
    relative = david.expect(2, "status", "--store", "rclone:loc:films")
    assert "write rclone:REMOTE:/path" in relative.err
    inline = david.expect(2, "status", "--store", "rclone::sftp,host=example.org:films")
    assert "needs a remote of your rclone configuration" in inline.err
    inside = david.expect(2, "status", "--store", f"rclone:loc:{david.repo}/store")
    assert "the store cannot be" in inside.err
    missing = david.expect(1, "status", "--store", remotes.url("loc", "nobody made this"))
    assert "no such folder" in missing.err and "rclone mkdir" in missing.err
    source = david.expect(1, "sync", remotes.url("loc", "nobody made this"), str(tmp_path / "to"), "--delete").err
    assert "no such folder" in source and "rclone mkdir" not in source and "look at the spelling" in source


def test_a_repository_that_names_a_remote_is_asked_about_with_its_type(remotes: Remotes, tmp_path: Path) -> None:
    environment = {"RCLONE_CONFIG": str(remotes.config)}
    david = Person("david", tmp_path / "david", environment)
    (david.repo / ".s3sync.yaml").write_text("store: rclone:dav:films\n")
    david.staging.mkdir(parents=True)
    nobody_agreed: dict[str, str | None] = {"S3SYNC_TRUST": None}
    asked = david.expect(5, "status", env=nobody_agreed)
    assert "rclone:dav:films at webdav, by your rclone remote dav" in asked.err
    david.ok("trust", "--yes", env=nobody_agreed)
    other = tmp_path / "other.conf"
    other.write_text("[dav]\ntype = sftp\nhost = 127.0.0.1\nport = 9\n")
    again = david.expect(5, "status", env={**nobody_agreed, "RCLONE_CONFIG": str(other)})
    assert "sftp, by your rclone remote dav" in again.err


def test_f53_a_server_whose_host_key_nobody_checks_is_told(remotes: Remotes, tmp_path: Path) -> None:
    """rclone says so in its log, which nobody sees here; with a key of its own another server got the password."""
    (tmp_path / "own.conf").write_text(remotes.config.read_text().replace("host = 127.0.0.1", "host = 0.0.0.0"))
    name = uuid.uuid4().hex
    subprocess.run([RCLONE, "--config", str(remotes.config), "mkdir", f"ssh:{name}"], check=True, capture_output=True)
    david = Person("david", tmp_path / "david", {"RCLONE_CONFIG": str(tmp_path / "own.conf")})
    env: dict[str, str | None] = {"S3SYNC_TRUST": None}
    told = david.ok("init", PROJECT, "--store", f"rclone:ssh:{name}", "--yes", env=env)
    assert "checks no host key of the remote ssh" in told.err
    (david.repo / ".s3sync.yaml").unlink()
    env["S3SYNC_STORE"] = f"rclone:ssh:{name}"
    david.ok("trust", "--forget", env=env)
    david.write("a.txt", "first")
    assert "checks no host key of the remote ssh" in david.ok("up", env=env).err
    david.ok("trust", "--yes", env=env)
    assert "host key" not in david.ok("status", env=env).err
    checks = david.ok("doctor", "--json", env=env).json["checks"]
    store = next(one for one in checks if one["name"] == "store")
    assert store["level"] == "warn" and "rclone config update ssh known_hosts_file" in store["hint"]
    (tmp_path / "known").touch()
    with (tmp_path / "own.conf").open("a") as own:
        own.write(f"known_hosts_file = {tmp_path / 'known'}\n")
    refused = david.run("status", env=env)
    assert refused.code and "ask whoever runs the server whether it has a new key" in refused.err


def test_nobody_has_the_last_word_by_a_time_to_come(remotes: Remotes, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    url, environment = remotes.url("loc", name), {"RCLONE_CONFIG": str(remotes.config)}
    david, jan = pair(tmp_path, url, dict.fromkeys(("david", "jan"), environment))
    david.write("a.mp4", "of david")
    david.ok("up")
    place = remotes.folder("loc", name)
    assert place is not None
    told = next(place.rglob("metadata.david.json"))
    forged = json.loads(told.read_text()) | {"user": "mallory"}
    for one in forged["statements"]:
        one |= {"revision": 1 << 53, "at": "9999-12-31T23:59:59Z", "by": "mallory"}
        if one["kind"] == "path":
            one["value"]["files"]["uploaded_by"] = "mallory"
    told.with_name("metadata.mallory.json").write_text(json.dumps(forged))
    status = jan.ok("status", "--json")
    assert {file["uploaded_by"] for file in status.json["files"]} == {"david"}
    assert "metadata.mallory.json speaks of 9999-12-31T23:59:59Z, which is to come" in status.err
    assert "which is to come" in jan.ok("down").err


SHARED = {
    "the staging folder is its own place": ("{name}/work", "work/b2", "project: s3-staging\n", "s3-staging"),
    "the store is the repository": ("{name}/films", "films", "", "b1/s3-staging"),
    "the store is in the staging folder": ("{name}/films/b1/s3-staging", "films", "", "b1/s3-staging"),
}


@pytest.mark.parametrize("case", SHARED)
def test_a_share_that_is_a_folder_here_is_no_store_around_the_repository_or_in_it(
    case: str, remotes: Remotes, tmp_path: Path
) -> None:
    """Else a file here is its own copy there, and `cleanup --local` deletes both."""
    address, where, more, staging = SHARED[case]
    name = f"share-{uuid.uuid4().hex}"
    mounted = remotes.folder("dav", name)
    assert mounted is not None
    david = Person("david", tmp_path / "david", {"RCLONE_CONFIG": str(remotes.config), "S3SYNC_TRUST": "1"})
    repo = mounted / where
    (repo / staging).mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=repo, check=True)
    store = remotes.url("dav", address.format(name=name))
    (repo / ".s3sync.yaml").write_text(f"store: {store}\nrepo: {repo.name}\n{more}")
    (repo / staging / "draft.mp4").write_bytes(b"the only copy")
    (mounted / "elsewhere").mkdir()
    subprocess.run([RCLONE, "--config", remotes.config, "mkdir", f"dav:{name}"], check=True)  # the server knows of it
    before = {path: path.read_bytes() for path in (repo / staging).rglob("*") if path.is_file()}
    for words in (("up",), ("sync",), ("cleanup", "--local", "-y")):
        refused = david.expect(2, *words, cwd=(repo / staging).parent)
        assert f"the store cannot be {store}" in refused.err and "of this computer" in refused.err
    assert {path: path.read_bytes() for path in (repo / staging).glob("*.mp4")} == before
    (repo / ".s3sync.yaml").write_text(f"store: {remotes.url('dav', name)}/elsewhere\nrepo: {repo.name}\n{more}")
    david.ok("up", cwd=(repo / staging).parent)
