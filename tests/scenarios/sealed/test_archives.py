"""Archives of an encrypted repository: they work as ever, and who lacks the key neither reads nor changes them."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import time
import uuid
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.sealed import METADATA
from tests.kit.people import PROJECT, Person, pair
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS, Server
from tests.scenarios.archive.conftest import own_settings, put
from tests.scenarios.archive.test_restore import tree_of
from tests.scenarios.archive.test_servers import kill_behind
from tests.scenarios.sealed.conftest import encrypt
from tests.scenarios.sealed.test_together import readable
from tests.scenarios.transfers.commands import until

MIB = 1024 * 1024
People = tuple[Person, Person]
UNIT = f"{PROJECT}.tar"
WORDS = b"the plaintext of david"
unseal = runpy.run_path(str(Path(__file__).parents[3] / "scripts" / "unseal.py"))["unseal"]


def with_set(person: Person, store: str, more: str = "", name: str = "vault") -> None:
    """Give the person's repository an archive set, as a commit of the other one does."""
    path = person.repo / ".s3sync.yaml"
    head = "" if "archives:" in path.read_text() else "archives:\n"
    with path.open("a") as file:
        file.write(f"{head}  {name}:\n    store: {store}\n    layout: '{{id}}'\n{more}")


def run(person: Person, *words: str) -> Any:
    return person.ok("archive", "run", *words, "--json", cwd=person.repo).json


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """The folder of archives, as its owner sees it."""
    return tmp_path / "vault"


@pytest.fixture
def archiving(people: People, vault: Path) -> People:
    for person in people:
        with_set(person, f"file://{vault}", "    light: ['*.srt']\n    sidecars: ['*.md']\n")
    return people


def filled(david: Person) -> dict[str, Any]:
    put(david.staging, "a.txt", WORDS)
    put(david.staging, "film.srt", WORDS)
    put(david.staging, "notes.md", WORDS)
    put(david.staging, "film.mp4", WORDS * 100_000)
    return found(david)


def found(person: Person) -> dict[str, Any]:
    """What the person's project holds, but for what s3sync keeps there itself."""
    return {name: one for name, one in tree_of(person.project).items() if ".s3sync" not in name and one[0] == "file"}


def test_everything_works_and_nothing_can_be_read(archiving: People, vault: Path) -> None:
    david, jan = archiving
    before = filled(david)
    run(david, "--create")
    assert readable(vault, b"the plaintext", b"archive-set", b"members", b"a.txt") == []
    assert {path.name for path in vault.rglob("*.md")} == {"notes.md"}, "a sidecar lies beside it, encrypted"
    for words in (("list",), ("show", PROJECT), ("verify",), ("verify", "--deep"), ("verify", "--sample", "100%")):
        assert PROJECT in (told := david.ok("archive", *words, cwd=david.repo)).out or "verified 1" in told.out
    deleted = david.ok("archive", "run", "--delete-local", cwd=david.repo)
    assert "deleted here 3 files" in deleted.out and "kept 1 light" in deleted.out
    key_id = david.ok("keys", "list", "--json").json["key_id"]
    assert f"only the key {key_id} opens" in deleted.err and "s3sync keys export FILE" in deleted.err
    david.ok("restore", PROJECT, "--member", "s3-staging/a.txt", "--to", str(david.root / "out"), cwd=david.repo)
    assert (david.root / f"out/{PROJECT}/s3-staging/a.txt").read_bytes() == WORDS
    david.ok("restore", PROJECT, cwd=david.repo)
    assert found(david) == before
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("archive", "verify", "--deep", cwd=jan.repo)
    jan.ok("restore", PROJECT, cwd=jan.repo)
    assert found(jan) == before


@pytest.mark.parametrize("pack", ["tar.gz", "tar.zst"])
def test_the_second_decoder_reads_an_archive_and_its_index(people: People, vault: Path, pack: str) -> None:
    david, _ = people
    with_set(david, f"file://{vault}", f"    pack: {pack}\n    max_size: 2M\n")
    filled(david)
    put(david.staging, "noise", os.urandom(MIB))
    run(david, "--create")
    exported = david.root / "key"
    david.ok("keys", "export", str(exported))
    _, secret, repo = exported.read_text().strip().split(" ", 2)

    def opened(key: str) -> bytes:
        body: bytes = unseal(b64decode(secret), repo, key, (vault / key).read_bytes(), archive=True)
        return body

    index = json.loads(opened(f"{PROJECT}.{pack}.index.json"))
    assert index["key_id"] == david.ok("keys", "list", "--json").json["key_id"]
    names = set()
    for part in index["parts"]:
        body = opened(part["key"])
        assert len(body) == part["size"]
        if pack == "tar.gz":
            with tarfile.open(fileobj=BytesIO(body)) as archive:
                names |= {one.name for one in archive if one.isfile()}
    assert pack != "tar.gz" or {f"{PROJECT}/s3-staging/film.mp4", f"{PROJECT}/s3-staging/noise"} <= names
    words = [sys.executable, "scripts/unseal.py", str(exported), "--archive", index["parts"][0]["key"]]
    told = subprocess.run(
        [*words, str(vault / index["parts"][0]["key"])],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    assert told.stdout == opened(index["parts"][0]["key"])


def test_without_the_key_there_is_one_error_and_nothing_happens(archiving: People, vault: Path) -> None:
    david, jan = archiving
    filled(david)
    run(david, "--create")
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    held = {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}
    kept = list((jan.root / "home/.local/share/s3sync/keys").glob("*.json"))
    (jan.root / "away").mkdir()
    for path in kept:
        path.rename(jan.root / "away" / path.name)
    jan.write("b.txt", "of jan")
    for words in (
        ("archive", "run"), ("archive", "run", "--delete-local"), ("archive", "verify"), ("restore", PROJECT),
        ("archive", "catalogue", "rebuild"), ("archive", "remove", PROJECT, "--yes"),
    ):  # fmt: skip
        refused = jan.expect(5, *words, cwd=jan.repo)
        assert "its key is not on this computer" in refused.err and "s3sync keys import" in refused.err
        assert refused.err.count("error:") == 1
    other = david.root / "other.json"
    found_key = json.loads((jan.root / "away" / kept[0].name).read_text())
    other.write_text(json.dumps({**found_key, "key": "A" * 43 + "="}))
    shutil.copy(other, kept[0])
    wrong = jan.run("restore", PROJECT, cwd=jan.repo)
    assert wrong.code in (1, 3) and "key" in wrong.out + wrong.err and "Traceback" not in wrong.err
    jan.run("archive", "run", "--delete-local", "--yes", cwd=jan.repo)
    assert jan.read("b.txt") == b"of jan"
    assert held == {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}


def test_settings_that_no_longer_say_so_send_nothing(archiving: People, vault: Path) -> None:
    david, _ = archiving
    filled(david)
    run(david, "--create")
    path = david.repo / ".s3sync.yaml"
    put(david.repo, "b99-new/s3-staging/new.txt", WORDS)
    for text in ("encrypt: no", ""):
        path.write_text(path.read_text().replace("encrypt: yes", text))
        refused = david.expect(5, "archive", "run", cwd=david.repo)
        assert "is encrypted, and the settings do not say so" in refused.err
        path.write_text(path.read_text().replace(text, "encrypt: yes") if text else path.read_text())
    assert readable(vault, b"the plaintext") == [] and not list(vault.glob("b99*"))


class Vault:
    """Objects of a store of archives on S3, as the owner of the bucket has them."""

    def __init__(self, server: Server) -> None:
        self.server, self.client, self.prefix = server, server.client(), uuid.uuid4().hex
        self.url = f"s3://{server.bucket}/{self.prefix}"

    def get(self, key: str) -> tuple[bytes, dict[str, str]]:
        answer = self.client.get_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}")
        return answer["Body"].read(), answer["Metadata"]

    def put(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        self.client.put_object(Bucket=self.server.bucket, Key=f"{self.prefix}/{key}", Body=body, Metadata=metadata)

    def held(self) -> set[str]:
        listed = self.client.list_objects_v2(Bucket=self.server.bucket, Prefix=f"{self.prefix}/").get("Contents", [])
        return {one["Key"].removeprefix(f"{self.prefix}/") for one in listed}


@pytest.fixture
def on_bucket(on_s3: People, seaweedfs: SeaweedFS) -> tuple[People, Vault]:
    there = Vault(seaweedfs)
    for person in on_s3:
        with_set(person, there.url)
    return on_s3, there


def flipped(vault: Vault) -> None:
    body, metadata = vault.get(UNIT)
    vault.put(UNIT, body[:-20] + bytes([body[-20] ^ 1]) + body[-19:], metadata)


def cut(vault: Vault) -> None:
    body, metadata = vault.get(UNIT)
    vault.put(UNIT, body[: len(body) - 16 - 65536], metadata)


def swapped(vault: Vault) -> None:
    vault.put(UNIT, *vault.get("b99-other.tar"))


def in_plain(vault: Vault) -> None:
    vault.put(UNIT, WORDS * 1000, {})


def index_of_other(vault: Vault) -> None:
    vault.put(f"{UNIT}.index.json", *vault.get("b99-other.tar.index.json"))


def index_in_plain(vault: Vault) -> None:
    vault.put(f"{UNIT}.index.json", b'{"format": 1}', {})


def older_archive(vault: Vault) -> None:
    vault.put(UNIT, *vault.get("older/archive"))


def older_of_both(vault: Vault) -> None:
    vault.put(UNIT, *vault.get("older/archive"))
    vault.put(f"{UNIT}.index.json", *vault.get("older/index"))


@pytest.mark.seaweedfs
def test_what_the_owner_of_the_bucket_changes_is_found(on_bucket: tuple[People, Vault]) -> None:
    (david, _), vault = on_bucket
    put(david.repo, "b99-other/s3-staging/a.txt", b"other words")
    put(david.staging, "a.txt", b"older words")
    put(david.staging, "noise", os.urandom(200_000))
    run(david)
    vault.put("older/archive", *vault.get(UNIT))
    vault.put("older/index", *vault.get(f"{UNIT}.index.json"))
    put(david.staging, "a.txt", b"newer words", 1_705_320_100)
    begun = time.time()
    until(lambda: time.time() >= begun + 1, "another second")  # an index tells its time in seconds
    assert run(david, PROJECT, "--force")["units"][0]["state"] == "sent"
    good = {key: vault.get(key) for key in (UNIT, f"{UNIT}.index.json")}
    before = tree_of(david.project)
    changes: list[Callable[[Vault], None]] = [
        flipped, cut, swapped, in_plain, older_archive, index_of_other, index_in_plain, older_of_both,
    ]  # fmt: skip
    for number, change in enumerate(changes):
        for key, one in good.items():
            vault.put(key, *one)
        change(vault)
        told = david.run("archive", "verify", PROJECT, "--deep", "--yes", cwd=david.repo)
        assert told.code == 3 and "Traceback" not in told.err, (change.__name__, told)
        out = david.root / f"out{number}"
        restored = david.run("restore", PROJECT, "--to", str(out), cwd=david.repo)
        assert restored.code in (1, 3) and "Traceback" not in restored.err, (change.__name__, restored)
        texts = [path.read_bytes() for path in out.rglob("a.txt")]
        assert texts in ([], [b"newer words"]), change.__name__
        david.run("archive", "run", PROJECT, "--delete-local", "--yes", cwd=david.repo)
        assert tree_of(david.project) == before, f"{change.__name__}: files left this disk"


@pytest.mark.seaweedfs
@pytest.mark.timeout(200)
def test_a_large_one_that_was_killed_resumes_and_one_member_comes_by_its_range(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    vault = Vault(seaweedfs)
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL": proxy.endpoint_url}
        url = f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}"
        david, jan = encrypt(pair(tmp_path, url, {"david": environ, "jan": environ}))
        for person in (david, jan):
            with_set(person, vault.url)
        put(david.staging, "film.mp4", os.urandom(36 * MIB))
        put(david.staging, "zz.txt", WORDS)
        kill_behind(proxy, david, f"*{UNIT}", 3)
        sent = run(david)["units"][0]
        assert sent["state"] == "sent" and 0 < sent["bytes_sent"] <= 22 * MIB
        key_id = david.ok("keys", "list", "--json").json["key_id"]
        assert [vault.get(key)[1] for key in (UNIT, f"{UNIT}.index.json")] == [{METADATA: key_id}] * 2
        jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
        proxy.reset_counts()
        jan.ok("restore", PROJECT, "--member", "s3-staging/zz.txt", "--to", str(jan.root / "out"), cwd=jan.repo)
        assert proxy.received < 400_000
        assert (jan.root / f"out/{PROJECT}/s3-staging/zz.txt").read_bytes() == WORDS
        before = found(david)
        proxy.reset_counts()
        assert "deleted here 2 files" in david.ok("archive", "run", "--delete-local", cwd=david.repo).out
        assert proxy.received < MIB, "what this computer sent is known by its ETag, and opened at both ends"
        david.ok("restore", PROJECT, cwd=david.repo)
        assert found(david) == before


@pytest.mark.seaweedfs
@pytest.mark.parametrize("size", [200_000, 12 * MIB])
def test_an_archive_without_its_index_is_known_again(size: int, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Sealed objects say nothing of themselves: what they are follows from what was sent."""
    vault = Vault(seaweedfs)
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL": proxy.endpoint_url}
        url = f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}"
        david, _ = encrypt(pair(tmp_path, url, {"david": environ, "jan": environ}))
        with_set(david, vault.url)
        put(david.staging, "film.mp4", os.urandom(size))
        rule = proxy.on("PutObject", key="*.index.json").reply(403, "AccessDenied")
        david.expect(3, "archive", "run", cwd=david.repo)
        assert rule.hits and vault.held() == {UNIT}, "the archive is there, and its index is not"
        proxy.remove(rule)
        assert run(david)["units"][0]["state"] == "sent"
        assert vault.held() == {UNIT, f"{UNIT}.index.json"}
        david.ok("archive", "verify", "--deep", cwd=david.repo)


def test_what_cannot_be_encrypted_is_refused(people: People, vault: Path) -> None:
    david, _ = people
    with_set(david, f"file://{vault}", "    pack: tar.gz\n")
    with_set(david, f"file://{vault}2", "    pack: none\n", "ssd")
    own_settings(david, f"archives: {{further: {{store: 'file://{vault}3', source: '{vault}', layout: '{{id}}'}}}}\n")
    put(david.staging, "a.txt", WORDS)
    run(david, "--set", "vault", "--create")
    refused = david.expect(1, "archive", "run", "--set", "ssd", cwd=david.repo)
    assert "would hold ciphertext" in refused.err and "docs/encryption.md" in refused.err
    refused = david.expect(1, "archive", "run", "--set", "further", "--create", cwd=david.repo)
    assert "does not go on from archives.vault" in refused.err
    refused = david.expect(1, "archive", "adopt", "--set", "vault", cwd=david.repo)
    assert "is not encrypted with the repository's key" in refused.err
    refused = david.expect(
        1, "archive", "run", "--set", "vault", PROJECT, "--force", "--engine", "dask=tcp://127.0.0.1:1", cwd=david.repo
    )
    assert "the key of the repository stays on this computer" in refused.err
    assert "1 archive" in david.ok("archive", "list", cwd=david.repo).out, "the others work as ever"
    before = (david.repo / ".s3sync.yaml").read_text()
    for words in (("media-db", "s3://bucket/x"), ("footage", f"file://{vault}4")):
        for more in ((), ("--dry-run",)):
            refused = david.expect(
                1, "archive", "init", "--preset", words[0], "--store", words[1], *more, cwd=david.repo
            )
            assert "does not work in an encrypted repository" in refused.err
    assert (david.repo / ".s3sync.yaml").read_text() == before
    assert not Path(f"{vault}2").exists() and not list(Path(f"{vault}3").glob("*.tar"))


def test_a_set_of_ones_own_file_sends_nothing_of_an_encrypted_repository(people: People, tmp_path: Path) -> None:
    david, _ = people
    put(david.staging, "a.txt", WORDS)
    david.ok("up")
    put(david.root / "other", "b.txt", b"of nobody")
    own_settings(
        david,
        "".join(
            f"{line}\n"
            for line in (
                "archives:",
                f"  own: {{store: 'file://{tmp_path}/own', source: '{david.root}', layout: '{{id}}', ignore: [home]}}",
                f"  inside: {{store: 'file://{tmp_path}/own', source: '{david.repo}/*', layout: 'in/{{id}}'}}",
            )
        ),
    )
    for where in (david.repo, david.root):
        for name in ("own", "inside"):
            told = david.expect(3, "archive", "run", "--set", name, "--create", cwd=where)
            assert "is an encrypted repository, and this set sends files as anybody can read them" in told.err
    assert readable(tmp_path / "own", WORDS) == []
    assert [path.name for path in (tmp_path / "own").glob("*.tar")] == ["other.tar"], "what is none of it is sent"


@pytest.mark.parametrize("pack", ["tar", "none"])
def test_cold_storage_and_back(pack: str, moto: Server, tmp_path: Path) -> None:
    vault = Vault(moto)
    environ = moto.environment("david")
    david, _ = encrypt(pair(tmp_path, f"s3://{moto.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ}))
    with_set(david, vault.url, f"    pack: {pack}\n    tags: {{archive: fast}}\n")
    put(david.staging, "a.txt", WORDS)
    put(david.staging, "film.mp4", WORDS * 300_000)
    before = found(david)
    run(david)
    david.ok("archive", "transition", PROJECT, "--to", "DEEP_ARCHIVE", "--yes", cwd=david.repo)
    cold = [key for key in vault.held() if not key.endswith((".json", ".jsonl"))]
    assert cold and all(WORDS not in vault.get(key)[0] for key in vault.held() - set(cold))
    david.ok("archive", "verify", cwd=david.repo)
    refused = david.expect(1, "archive", "verify", "--engine", "s3-batch", cwd=david.repo)
    assert "with which batch operations do not work" in refused.err
    shutil.copytree(david.project, tmp_path / "kept")
    deleted = david.ok("archive", "run", "--delete-local", cwd=david.repo)
    assert "deleted here 2 files" in deleted.out, "what this computer sent is known without a thaw"
    assert "Restore" in david.expect(5, "restore", PROJECT, cwd=david.repo).err
    david.ok("restore", PROJECT, "--yes", "--wait", cwd=david.repo)
    assert found(david) == before
    david.ok("archive", "remove", PROJECT, "--yes", cwd=david.repo)
    assert all(key.startswith(".s3sync/") for key in vault.held())
