"""The owner of the bucket, and whoever may commit to the repository, against an encrypted one: each is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.sealed import SEALED_BLOCK
from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import SeaweedFS

MIB = 1024 * 1024
People = tuple[Person, Person]


def shared(people: People, **files: bytes | str) -> None:
    david, jan = people
    for name, content in files.items():
        david.write(name, content)
    david.ok("sync")
    jan.ok("sync")


def git(where: Path, *words: str) -> None:
    said = ("-c", "user.name=d", "-c", "user.email=d@example.com", *words)
    subprocess.run(["git", *said], cwd=where, check=True, capture_output=True)


def problems(person: Person, *words: str) -> str:
    """The errors of a command that left something out."""
    found = person.run(*words)
    assert found.code in (1, 3), found
    assert "Traceback" not in found.err
    return found.out + found.err


class Objects:
    """The objects of the project, as the owner of the bucket has them."""

    def __init__(self, person: Person, server: SeaweedFS) -> None:
        self._client, self._bucket = server.client(), server.bucket
        place = person.ok("status", "--json").json["store"].removeprefix(f"s3://{server.bucket}/")
        self._prefix = f"{place}/{REPO}/{PROJECT}/"

    def get(self, name: str) -> dict[str, Any]:
        found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        return {"Body": found["Body"].read(), "Metadata": found["Metadata"]}

    def put(self, name: str, found: dict[str, Any]) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, **found)


def test_a_changed_byte_is_found_and_nothing_is_replaced(people: People, bucket: Path) -> None:
    david, jan = people
    shared(people, a="one")
    david.write("a", "two")
    david.ok("up")
    stored = bucket / PROJECT / "a"
    body = bytearray(stored.read_bytes())
    body[-1] ^= 1
    stored.write_bytes(body)
    assert "a: was not put there with this repository's key" in problems(jan, "down")
    assert jan.read("a") == b"one"


def test_another_files_object_is_not_taken_for_this_one(on_s3: People, seaweedfs: SeaweedFS) -> None:
    _, jan = on_s3
    shared(on_s3, a="of a", b="of b")
    objects = Objects(jan, seaweedfs)
    objects.put("a", objects.get("b"))
    assert "a: is not the version that metadata.json names" in problems(jan, "down")
    assert jan.read("a") == b"of a"
    assert "a: is not the version" in problems(jan, "verify", "--deep")


@pytest.mark.parametrize("who", ["knows it", "is new", "lost its memory"])
def test_an_older_object_that_is_put_back_is_found(on_s3: People, seaweedfs: SeaweedFS, who: str) -> None:
    david, jan = on_s3
    shared(on_s3, a="the old one")
    objects = Objects(jan, seaweedfs)
    old = objects.get("a")
    david.write("a", "the new one")
    david.ok("up")
    if who == "is new":
        (jan.staging / "a").unlink()
    if who != "knows it":
        shutil.rmtree(jan.staging / ".s3sync")
    objects.put("a", old)
    for _ in range(2):
        assert "a: is not the version that metadata.json names" in problems(jan, "sync")
        assert "a: is not the version" in problems(jan, "status")
    assert (jan.staging / "a").exists() is (who != "is new")
    assert "a: is not the version" in problems(david, "sync")
    assert david.read("a") == b"the new one"


def test_an_older_manifest_is_told_by_who_saw_the_newer(people: People, bucket: Path) -> None:
    david, jan = people
    shared(people, a="one")
    old = {path: path.read_bytes() for path in (bucket / PROJECT).iterdir()}
    david.write("a", "two")
    david.ok("up")
    jan.ok("down")
    for path, body in old.items():
        path.write_bytes(body)
    assert "metadata.json is an older one than this computer saw" in jan.run("status").err
    assert "metadata.json is an older one than this computer saw" in jan.run("status").err
    assert jan.read("a") == b"two"


def test_another_repository_is_no_older_state_of_this_one(people: People, bucket: Path) -> None:
    """Who begins anew under another name, as the guide says, is told nothing of an owner who puts something back."""
    david, _ = people
    for number in range(3):
        david.write("a", f"version {number}")
        david.ok("up")
    david.ok("config", "set", "--repo", "repo", "anew")
    david.ok("trust", "--yes")
    david.ok("keys", "create")
    for words in ("up", "status"):
        assert "older one" not in david.ok(words).err


def test_who_wrote_the_newest_is_told_of_an_older_state_as_a_whole(people: People, bucket: Path) -> None:
    """He has read nothing since he wrote it, and all that is there fits together."""
    david, _ = people
    david.write("a", "one")
    david.ok("up")
    shutil.copytree(bucket.parent, bucket.parent.parent / "aside")
    david.write("a", "two")
    david.ok("up")
    shutil.copytree(bucket.parent.parent / "aside", bucket.parent, dirs_exist_ok=True)
    assert "older one than this computer saw: revision 1 after 2" in david.run("status").err


def test_blocks_that_change_places_are_found(people: People, bucket: Path) -> None:
    """Each is authentic, the size is right, and a store may say what ETag it likes."""
    david, jan = people
    body = b"".join(bytes([number]) * MIB for number in range(3)) + b"the end"
    david.write("film", body)
    david.ok("up")
    stored = bucket / PROJECT / "film"
    before = stored.stat()
    sealed = stored.read_bytes()
    first, second, rest = sealed[:SEALED_BLOCK], sealed[SEALED_BLOCK : 2 * SEALED_BLOCK], sealed[2 * SEALED_BLOCK :]
    stored.write_bytes(second + first + rest)
    os.utime(stored, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "film" in problems(jan, "down")
    assert not (jan.staging / "film").exists()


def test_a_file_that_is_not_encrypted_is_told_and_left_alone(people: People, bucket: Path) -> None:
    david, jan = people
    shared(people, a="one")
    (bucket / PROJECT / "foreign.txt").write_text("of another program")
    told = problems(jan, "sync")
    assert "foreign.txt: was not put there with this repository's key" in told
    assert (bucket / PROJECT / "foreign.txt").read_text() == "of another program"
    assert not (jan.staging / "foreign.txt").exists()
    david.write("b", "two")
    david.run("up")
    jan.run("down")
    assert jan.read("b") == b"two"


@pytest.mark.parametrize("other", ["another project", "another record", "a file", "plain"])
def test_a_manifest_of_elsewhere_is_refused(people: People, bucket: Path, other: str) -> None:
    david, jan = people
    shared(people, a=json.dumps({"schema": 1, "files": []}))
    manifest = bucket / PROJECT / "metadata.json"
    if other == "another project":
        david.ok("init", "b64-other", cwd=david.repo)
        (david.repo / "b64-other" / "s3-staging" / "x").write_text("x")
        david.ok("up", cwd=david.repo / "b64-other")
        shutil.copy(bucket / "b64-other" / "metadata.json", manifest)
    elif other == "plain":
        manifest.write_text(json.dumps({"schema": 1, "files": []}))
    else:
        shutil.copy(bucket / PROJECT / "a", manifest)
    for verb in ("status", "sync"):
        found = jan.expect(1, verb)
        assert "metadata.json" in found.err and ("altered" in found.err or "not encrypted" in found.err)
    assert jan.files() == david.files()


def test_an_upload_that_nobody_recorded_is_known_by_who_sent_it(people: People, bucket: Path) -> None:
    """As after a kill between the object and metadata.json: for others it does not count, the sender mends it."""
    david, jan = people
    shared(people, a="one")
    manifest = bucket / PROJECT / "metadata.json"
    before = manifest.read_bytes()
    states = (david.staging / ".s3sync" / "state.db").read_bytes()
    david.write("a", "two")
    david.write("new", b"n" * (9 * MIB))
    david.ok("up")
    manifest.write_bytes(before)
    for name in ("state.db-wal", "state.db-shm"):
        (david.staging / ".s3sync" / name).unlink(missing_ok=True)
    (david.staging / ".s3sync" / "state.db").write_bytes(states)
    told = problems(jan, "down")
    assert "a: is not the version" in told and "new: is not the version" in told
    assert jan.read("a") == b"one"
    david.ok("up")
    jan.ok("down")
    assert jan.files() == david.files()


def test_an_old_file_brings_no_old_version_back(people: People, bucket: Path) -> None:
    """The owner puts back the object that a computer has as a file, which has lost its memory, or has an older one."""
    david, jan = people
    shared(people, a="zero")
    older, aside = (jan.staging / ".s3sync" / "state.db").read_bytes(), bucket.parent.parent / "aside"
    david.write("a", "the old one")
    david.ok("up")
    jan.ok("down")
    shutil.copytree(bucket.parent, aside)
    david.write("a", "the new one")
    david.ok("up")
    manifest = (bucket / PROJECT / "metadata.json").read_bytes()
    shutil.copytree(aside, bucket.parent, dirs_exist_ok=True)
    (bucket / PROJECT / "metadata.json").write_bytes(manifest)
    for memory in (None, older):
        shutil.rmtree(jan.staging / ".s3sync")
        if memory is not None:
            (jan.staging / ".s3sync").mkdir()
            (jan.staging / ".s3sync" / "state.db").write_bytes(memory)
        for words in ("down", "up", "status", "sync"):
            assert "a: is not the version that metadata.json names" in problems(jan, words)
        assert jan.read("a") == b"the old one"
    assert (bucket / PROJECT / "metadata.json").read_bytes() == manifest
    assert "a: is not the version" in problems(david, "sync")
    assert david.read("a") == b"the new one"


def test_nobody_switches_encryption_off(people: People, bucket: Path) -> None:
    shared(people, a="one")
    shutil.rmtree(bucket / ".s3sync" / "keys")  # nothing in the bucket says that it is encrypted
    (bucket / PROJECT / "metadata.json").unlink()
    for person in people:
        text = (person.repo / ".s3sync.yaml").read_text()
        for changed in (text.replace("encrypt: yes", "encrypt: no"), text.replace("encrypt: yes\n", "")):
            assert changed != text
            (person.repo / ".s3sync.yaml").write_text(changed)
            person.write("b", "readable by everybody")
            refused = person.expect(5, "up")
            assert "is encrypted, and the settings do not say so" in refused.err
    assert not (bucket / PROJECT / "b").exists()


@pytest.mark.parametrize("own", [False, True])
def test_nobody_switches_it_off_by_another_name(people: People, bucket: Path, own: bool) -> None:
    """A commit names another repository in the store, also where the user says in person which store that is."""
    _, jan = people
    shared(people, a="one")
    settings = jan.repo / ".s3sync.yaml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith(("encrypt", "repo"))]
    settings.write_text("\n".join([*(line for line in lines if not own or "store:" not in line), "repo: other", ""]))
    jan.write("b", "readable by everybody")
    env = {"S3SYNC_STORE": f"file://{bucket.parent}"} if own else {"S3SYNC_TRUST": "1"}
    refused = jan.expect(5, "up", env=env)
    assert "files of this clone were encrypted" in refused.err
    assert not (bucket.parent / "other").exists()


@pytest.mark.parametrize("how", ["moved", "copied", "worktree"])
def test_nobody_switches_it_off_where_the_clone_lies_elsewhere(people: People, bucket: Path, how: str) -> None:
    """Also for a project that is new there. What was made at another moment is another clone."""
    david, _ = people
    git(david.repo, "init")
    david.write("a", "one")
    david.ok("up")
    elsewhere = david.root / "elsewhere" / "clone"
    if how == "worktree":
        git(david.repo, "commit", "--allow-empty", "-m", "x")
        git(david.repo, "worktree", "add", str(elsewhere))
        shutil.copy(david.repo / ".s3sync.yaml", elsewhere)
    else:
        shutil.copytree(david.repo, elsewhere)
        (shutil.rmtree if how == "moved" else Path.exists)(david.repo)
    settings = elsewhere / ".s3sync.yaml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith(("encrypt", "repo"))]
    settings.write_text("\n".join([*lines, "repo: other", ""]))
    new = elsewhere / "b65-new" / "s3-staging"
    new.mkdir(parents=True)
    (new / "b").write_text("readable by everybody")
    refused = david.expect(5, "up", cwd=new)
    assert "files of this clone were encrypted" in refused.err
    assert not (bucket.parent / "other").exists()
    shutil.move(elsewhere / ".git", elsewhere / "aside")
    git(elsewhere, "init")
    david.ok("up", cwd=new)


def test_two_places_are_copied_as_they_are_and_nothing_readable_from_a_clone(people: People, bucket: Path) -> None:
    """Ciphertext stays ciphertext; from an encrypted repository no plaintext goes to a store."""
    david, _ = people
    shared(people, a="secret words")
    store, other = f"file://{bucket.parent}", f"file://{bucket.parent.parent}/backup"
    assert david.expect(3, "copy", store, other, "--json").json["copied"]  # but for records
    backup = bucket.parent.parent / "backup"
    assert (backup / bucket.name / PROJECT / "a").read_bytes() == (bucket / PROJECT / "a").read_bytes()
    for verb, words in (("copy", (PROJECT, other)), ("sync", ("./", other)), ("move", ("./", store))):
        assert "as anybody can read them" in david.expect(1, verb, *words, cwd=david.repo).err
    held = [path.read_bytes() for root in (backup, bucket.parent) for path in root.rglob("*") if path.is_file()]
    assert held and not any(b"secret words" in body for body in held)


@pytest.mark.parametrize("where", ["people", "on_s3"])
def test_nobody_puts_readable_files_into_an_encrypted_repository(where: str, request: pytest.FixtureRequest) -> None:
    """From outside of any clone, and without a key here; what a dry run says is what the real one does."""
    david, jan = request.getfixturevalue(where)
    david.write("a", "secret words")
    david.ok("up")
    plain = jan.root / "plain"
    plain.mkdir()
    (plain / "x").write_text("secret words")
    (jan.root / "home" / ".local").rename(jan.root / "home" / "away")
    repo = f"{david.ok('status', '--json').json['store']}/{REPO}"
    for verb, target in (
        ("copy", repo), ("copy", f"{repo}/{PROJECT}/cut/deep"), ("sync", f"{repo}/{PROJECT}"), ("move", repo),
    ):  # fmt: skip
        for more in ((), ("--dry-run",)):
            refused = jan.expect(1, verb, str(plain), target, *more, cwd=jan.root)
            assert "is an encrypted repository" in refused.err
    assert (plain / "x").exists()
    jan.ok("copy", f"{repo}/{PROJECT}", str(jan.root / "out"), cwd=jan.root)
    assert [path.name for path in (jan.root / "out").rglob("*") if path.is_file()] == ["a"], "nothing came there"
    jan.ok("copy", str(plain), f"{repo}-beside", cwd=jan.root)


def test_encryption_of_a_repository_that_has_files_says_what_stays_readable(plain: People, bucket: Path) -> None:
    david, _ = plain
    david.write("a", "secret words")
    david.ok("up")
    told = david.ok("config", "set", "--repo", "encrypt", "yes").err
    assert "already are not encrypted" in told and "s3sync config set --repo repo NAME" in told
    assert "encryption begins with an empty repository" in david.expect(5, "keys", "create").err
    assert "encryption begins with an empty repository" in david.expect(5, "keys", "create", "--dry-run").err
    david.expect(5, "up")
    david.ok("config", "set", "--repo", "repo", "sealed")
    david.ok("keys", "create")
    david.ok("up")
    assert (bucket / PROJECT / "a").read_bytes() == b"secret words", "nothing that is there is touched"
    assert b"secret" not in (bucket.parent / "sealed" / PROJECT / "a").read_bytes()
    assert david.ok("config", "set", "--repo", "encrypt", "yes").err == ""


@pytest.mark.parametrize("project", [PROJECT, "b65-new"])
def test_who_knows_of_no_encryption_sends_nothing(people: People, bucket: Path, project: str) -> None:
    """A clone without the setting and without the key, in a project that is there, and in a new one."""
    _, jan = people
    shared(people, a="one")
    shutil.rmtree(jan.root / "home")
    (jan.root / "home").mkdir()
    settings = jan.repo / ".s3sync.yaml"
    settings.write_text(settings.read_text().replace("encrypt: yes\n", ""))
    folder = jan.repo / project / "s3-staging"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / ".s3sync", ignore_errors=True)
    (folder / "b").write_text("readable by everybody")
    refused = jan.expect(5, "up", cwd=folder.parent)
    assert "this repository is encrypted" in refused.err
    assert not (bucket / project / "b").exists()
