"""Two people with an encrypted repository on Google Cloud, Azure and remotes of rclone, and whoever owns those."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Protocol
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from s3sync.core.sealed import SEALED_BLOCK
from tests.kit.azurite import Azurite
from tests.kit.google import FakeGcs
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.proxy import Proxy
from tests.kit.remotes import Remotes
from tests.scenarios.archive.conftest import put
from tests.scenarios.sealed.conftest import encrypt
from tests.scenarios.sealed.test_archives import with_set
from tests.scenarios.sealed.test_owner import problems, shared
from tests.scenarios.transfers.commands import parts_remembered, started, until

MIB = 1024 * 1024
GCS = pytest.param("gcs", marks=pytest.mark.gcs)
AZURE = pytest.param("azure", marks=pytest.mark.azurite)
FOLDER = pytest.param("loc", marks=pytest.mark.rclone)
WEBDAV = pytest.param("dav", marks=pytest.mark.rclone)
OF_DAVID = f".s3sync/manifest/{PROJECT}/metadata.david.json"


class Owned(Protocol):
    """What the store holds of the repository, as its owner has it: names are those below it."""

    def names(self) -> list[str]: ...
    def get(self, name: str) -> bytes: ...
    def put(self, name: str, body: bytes) -> None: ...


class Bucket:
    def __init__(self, server: FakeGcs, prefix: str) -> None:
        self.server, self.prefix = server, f"{prefix}/{REPO}/"

    def names(self) -> list[str]:
        return [name.removeprefix(self.prefix) for name in self.server.names(self.prefix)]

    def get(self, name: str) -> bytes:
        key = quote(self.prefix + name, safe="")
        url = f"{self.server.endpoint_url}/storage/v1/b/{self.server.bucket}/o/{key}?alt=media"
        with urlopen(url, timeout=10) as answer:
            body: bytes = answer.read()
        return body

    def put(self, name: str, body: bytes) -> None:
        key = quote(self.prefix + name, safe="")
        known = self.server.ask("GET", f"/storage/v1/b/{self.server.bucket}/o/{key}").get("metadata", {})
        self.server.put(self.prefix + name, body)
        self.server.ask("PATCH", f"/storage/v1/b/{self.server.bucket}/o/{key}", {"metadata": known})


class Container:
    def __init__(self, server: Azurite, prefix: str) -> None:
        self.client, self.prefix = server.container(), f"{prefix}/{REPO}/"

    def names(self) -> list[str]:
        return [name.removeprefix(self.prefix) for name in self.client.list_blob_names(name_starts_with=self.prefix)]

    def get(self, name: str) -> bytes:
        body: bytes = self.client.download_blob(self.prefix + name).readall()
        return body

    def put(self, name: str, body: bytes) -> None:
        known = self.client.get_blob_client(self.prefix + name).get_blob_properties().metadata
        self.client.upload_blob(self.prefix + name, body, overwrite=True, metadata=known)


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root / REPO

    def names(self) -> list[str]:
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()]

    def get(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def put(self, name: str, body: bytes) -> None:
        """With the time that it had: the version on such a remote is no more than time and size."""
        before = (self.root / name).stat()
        (self.root / name).write_bytes(body)
        os.utime(self.root / name, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Person, Person, Owned]:
    """The two, and what the owner has, on the kind of store that a test names."""
    kind, prefix = request.param, uuid.uuid4().hex
    owned: Owned
    if kind == "gcs":
        google: FakeGcs = request.getfixturevalue("gcs")
        people = pair(tmp_path, f"gs://{google.bucket}/{prefix}", {}, google.endpoint_url)
        owned = Bucket(google, prefix)
    elif kind == "azure":
        azurite: Azurite = request.getfixturevalue("azurite")
        people = pair(tmp_path, f"{azurite.url}/{prefix}", dict.fromkeys(("david", "jan"), azurite.environment()))
        owned = Container(azurite, prefix)
    else:
        remotes: Remotes = request.getfixturevalue("remotes")
        environment = {"RCLONE_CONFIG": str(remotes.config)}
        people = pair(tmp_path, remotes.url(kind, prefix), dict.fromkeys(("david", "jan"), environment))
        folder = remotes.folder(kind, prefix)
        assert folder is not None
        owned = Folder(folder)
    david, jan = encrypt(people)
    return david, jan, owned


@pytest.mark.parametrize("place", [GCS, AZURE, WEBDAV], indirect=True)
def test_they_exchange_change_rename_and_keep_both_of_a_conflict(place: tuple[Person, Person, Owned]) -> None:
    david, jan, owned = place
    film = bytearray(b"the film of david " * (17 * MIB // 18))
    david.write("film.mov", bytes(film))
    david.write("cut/a.txt", "the plaintext of david")
    david.ok("up")
    jan.ok("down")
    assert jan.files() == david.files()
    film[9 * MIB] ^= 1
    jan.write("film.mov", bytes(film))
    sent = jan.ok("up", "--json").json["bytes_sent"]
    keeps_parts = jan.ok("status", "--json").json["store"].startswith("az:")
    assert sent == (8 * MIB if keeps_parts else len(film))
    david.ok("down")
    assert david.read("film.mov") == film
    david.write("cut/a.txt", "two of david")
    jan.write("cut/a.txt", "two of jan, longer")
    david.ok("up")
    jan.expect(4, "up")
    jan.expect(4, "sync")
    david.ok("sync")
    (david.staging / "film.mov").rename(david.staging / "final.mov")
    david.ok("sync")
    jan.ok("sync")
    assert david.files() == jan.files() and len(david.files()) == 3
    assert david.read("cut/a.txt") == b"two of david" and jan.read("final.mov") == film
    assert jan.ok("verify", "--deep").code == 0
    names = owned.names()
    assert len(names) > 5
    readable = [name for name in names if not name.startswith(".s3sync/keys/") and owned.get(name)[:3] != b"s3c"]
    assert readable == []


@pytest.mark.parametrize("place", [GCS, AZURE, FOLDER], indirect=True)
def test_what_the_owner_changes_is_found(place: tuple[Person, Person, Owned]) -> None:
    david, jan, owned = place
    film = b"".join(bytes([number]) * MIB for number in range(2)) + b"the end"
    shared((david, jan), a="of a, 1", b="of b, 1")
    old = owned.get(f"{PROJECT}/a")
    david.write("a", "of a, 2")
    david.write("b", "of b, 2")
    david.write("film", film)
    david.ok("up")
    whole = {name: owned.get(f"{PROJECT}/{name}") for name in ("a", "b", "film")}
    flipped = bytearray(whole["a"])
    flipped[-1] ^= 1
    for name, body in (
        ("a", bytes(flipped)),
        ("a", old),
        ("a", whole["b"]),
        ("a", b"of another"),
        (
            "film",
            whole["film"][SEALED_BLOCK : 2 * SEALED_BLOCK]
            + whole["film"][:SEALED_BLOCK]
            + whole["film"][2 * SEALED_BLOCK :],
        ),
        ("film", whole["film"][: 2 * SEALED_BLOCK]),
    ):
        owned.put(f"{PROJECT}/{name}", body)
        assert f"{name}: " in problems(jan, "down", name), (name, body[:20])
        assert jan.read("a") == b"of a, 1" and not (jan.staging / "film").exists()
        owned.put(f"{PROJECT}/{name}", whole[name])
    if jan.run("status", "--json").json["store"].startswith("az:"):  # what is put back there is another version
        assert "is not the version that metadata.json names" in problems(jan, "down")
        assert jan.read("a") == b"of a, 1" and not (jan.staging / "film").exists()
        return
    jan.ok("down")
    assert jan.files() == david.files()


@pytest.mark.parametrize("place", [GCS, AZURE, FOLDER], indirect=True)
def test_a_manifest_that_is_changed_or_of_elsewhere_ends_the_command(place: tuple[Person, Person, Owned]) -> None:
    david, jan, owned = place
    shared((david, jan), a=json.dumps({"schema": 1, "statements": []}))
    david.ok("init", "b64-other", cwd=david.repo)
    (david.repo / "b64-other" / "s3-staging" / "x").write_text("x")
    david.ok("up", cwd=david.repo / "b64-other")
    own = OF_DAVID in owned.names()
    manifest = OF_DAVID if own else f"{PROJECT}/metadata.json"
    other = manifest.replace(PROJECT, "b64-other")
    whole = owned.get(manifest)
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    told = {"flipped": bytes(flipped), "other": owned.get(other), "file": owned.get(f"{PROJECT}/a"), "plain": b"{}"}
    for what, body in told.items():
        owned.put(manifest, body)
        found = jan.expect(1, "sync").err
        assert "metadata" in found and ("altered" in found or "not encrypted" in found), (what, found)
    assert jan.files() == david.files()
    owned.put(manifest, whole)
    jan.ok("sync")


@pytest.mark.parametrize("place", [GCS, AZURE], indirect=True)
def test_what_the_owner_puts_back_is_found_alone_and_as_a_whole(place: tuple[Person, Person, Owned]) -> None:
    """A file's older object, for who knows it, who is new, and who lost his memory; then the older manifest, too."""
    david, jan, owned = place
    old_film, new_film = os.urandom(9 * MIB), os.urandom(9 * MIB)
    shared((david, jan), a="the old one", film=old_film)
    names = [f"{PROJECT}/a", f"{PROJECT}/film", f"{PROJECT}/metadata.json"]
    old = {name: owned.get(name) for name in names}
    david.write("a", "the new one")
    david.write("film", new_film)
    david.ok("up")
    for name in names[:2]:
        owned.put(name, old[name])
    for who in ("knows it", "lost its memory", "is new"):
        if who != "knows it":
            shutil.rmtree(jan.staging / ".s3sync")
        if who == "is new":
            (jan.staging / "a").unlink()
        told = problems(jan, "sync")
        for name in ("a", "film"):
            assert f"{name}: is not the version that metadata.json names" in told, (who, told)
        assert (jan.staging / "a").exists() is (who != "is new") and jan.read("film") == old_film
    assert "a: is not the version" in problems(david, "sync") and david.read("film") == new_film
    owned.put(names[-1], old[names[-1]])
    for person in (jan, david):
        assert "metadata.json is an older one than this computer saw" in person.run("status").err
    assert (jan.read("film"), david.read("film")) == (old_film, new_film)


@pytest.mark.parametrize("place", [FOLDER], indirect=True)
def test_one_older_manifest_is_told_by_who_saw_the_newer_though_the_others_go_on(
    place: tuple[Person, Person, Owned],
) -> None:
    """All manifests together look newer than before, as Jan's is."""
    david, jan, owned = place
    shared((david, jan), a="of a, 1")
    old = {name: owned.get(name) for name in (OF_DAVID, f"{PROJECT}/a")}
    david.write("a", "of a, 2")
    david.ok("up")
    jan.write("b", "of jan")
    jan.ok("sync")
    jan.write("b", "of jan, too")
    jan.ok("up")
    for name, body in old.items():
        owned.put(name, body)
    for _ in range(2):
        assert "metadata.david.json is an older one than this computer saw" in jan.run("status").err
    assert jan.read("a") == b"of a, 2"
    (owned.root / OF_DAVID).unlink()  # type: ignore[attr-defined]
    assert "metadata.david.json is an older one than this computer saw: revision 0" in jan.run("status").err


@pytest.mark.parametrize("place", [GCS, FOLDER], indirect=True)
def test_without_the_key_and_without_the_setting_nothing_is_sent(
    place: tuple[Person, Person, Owned], tmp_path: Path
) -> None:
    david, jan, owned = place
    shared((david, jan), a="one")
    for path in (jan.root / "home" / ".local/share/s3sync/keys").glob("*.json"):
        path.unlink()
    jan.write("b", "of jan")
    before = sorted(owned.names())
    assert "its key is not on this computer" in jan.expect(5, "up").err
    mia = Person("mia", tmp_path / "mia", david.environ)
    settings = (david.repo / ".s3sync.yaml").read_text().replace("encrypt: true", "").replace("encrypt: yes", "")
    mia.project.mkdir()
    mia.staging.mkdir()
    (mia.repo / ".s3sync.yaml").write_text(settings)
    mia.write("c", "of mia")
    assert "this repository is encrypted, and the settings do not say so" in mia.expect(5, "up").err
    assert sorted(owned.names()) == before
    jan.ok("keys", "import", "--id", david.ok("keys", "list", "--json").json["key_id"])
    jan.ok("up")


@pytest.mark.parametrize("place", [GCS, AZURE, FOLDER], indirect=True)
def test_an_upload_that_was_killed_goes_on_or_begins_again(place: tuple[Person, Person, Owned]) -> None:
    david, jan, owned = place
    in_parts = jan.ok("status", "--json").json["store"].startswith(("gs:", "az:"))
    david.write("film.mov", os.urandom(33 * MIB))
    with started(david, "up", "--bwlimit", "8M") as command:
        if in_parts:
            until(lambda: parts_remembered(david) >= 1, "a part of an upload")
        else:
            until(lambda: any("tmp" in name for name in _all(owned)), "a temporary name")
        command.kill()
    assert f"{PROJECT}/film.mov" not in owned.names()
    sent = david.ok("up", "--json").json["bytes_sent"]
    assert sent <= 25 * MIB if in_parts else sent == 33 * MIB
    jan.ok("down")
    assert jan.files() == david.files()


def _all(owned: Owned) -> list[str]:
    root: Path = owned.root.parent  # type: ignore[attr-defined]
    return [path.as_posix().removeprefix(root.as_posix()) for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("place", [FOLDER], indirect=True)
def test_a_record_that_was_outdone_brings_no_older_version_back(
    place: tuple[Person, Person, Owned], tmp_path: Path
) -> None:
    """Jan's own manifest still names his version, and its owner puts that back, time and all."""
    david, jan, owned = place
    shared((jan, david), a="of jan")
    stored: Path = owned.root / PROJECT / "a"  # type: ignore[attr-defined]
    shutil.copy2(stored, tmp_path / "old")
    david.write("a", "of david")
    david.ok("up")
    assert david.read("a") != b"of jan"
    shutil.copy2(tmp_path / "old", stored)
    (david.staging / "a").unlink()
    shutil.rmtree(david.staging / ".s3sync")
    for _ in range(2):
        assert "a: is not the version that metadata.json names" in problems(david, "down")
    assert not (david.staging / "a").exists()


@pytest.mark.parametrize("place", [FOLDER], indirect=True)
def test_archives_on_a_remote_of_rclone_are_refused(place: tuple[Person, Person, Owned], tmp_path: Path) -> None:
    david, _, owned = place
    with_set(david, f"rclone:loc:{tmp_path / 'vault'}")
    david.write("a", "one")
    told = david.run("archive", "run", "--set", "vault", cwd=david.repo)
    assert told.code == 1 and "cannot have encrypted archives" in told.err, told
    assert not (tmp_path / "vault").exists() and owned.names()


@pytest.mark.azurite
@pytest.mark.parametrize("size", [200_000, 12 * MIB])
def test_an_archive_without_its_index_is_known_again_where_etags_say_nothing(
    size: int, azurite: Azurite, tmp_path: Path
) -> None:
    """A small one by its bytes, which are read back; of a large one the store says whose blocks it has."""
    with Proxy(azurite.endpoint_url) as proxy:
        environ = azurite.environment()
        behind = {name: said.replace(azurite.endpoint_url, proxy.endpoint_url) for name, said in environ.items()}
        prefix = uuid.uuid4().hex
        david, _ = encrypt(pair(tmp_path, f"{azurite.url}/{prefix}", dict.fromkeys(("david", "jan"), behind)))
        with_set(david, f"{azurite.url}/{prefix}-vault")
        put(david.staging, "film.mp4", body := os.urandom(size))
        rule = proxy.on("PutObject", key="*.index.json").reply(403, "AuthorizationPermissionMismatch")
        david.expect(3, "archive", "run", cwd=david.repo)
        assert rule.hits
        proxy.remove(rule)
        before = [(one.name, one.etag) for one in azurite.container().list_blobs(f"{prefix}-vault/{PROJECT}")]
        assert [name.rpartition("/")[2] for name, _ in before] == [f"{PROJECT}.tar"]
        if size < MIB:
            put(david.staging, "film.mp4", body[:-1] + bytes([body[-1] ^ 1]))
            assert "is not what would be sent" in david.expect(3, "archive", "run", cwd=david.repo).err
            put(david.staging, "film.mp4", body)
        proxy.reset_counts()
        again = david.ok("archive", "run", "--json", cwd=david.repo).json
        assert again["units"][0]["state"] == "sent"
        after = [(one.name, one.etag) for one in azurite.container().list_blobs(f"{prefix}-vault/{PROJECT}")]
        assert set(before) < set(after) and len(after) == 2, "the same one, and its index"
        assert proxy.sent < 2 * MIB
        david.ok("archive", "verify", "--deep", "--yes", cwd=david.repo)


@pytest.mark.parametrize("place", [FOLDER, WEBDAV], indirect=True)
def test_nobody_puts_readable_files_into_an_encrypted_repository_on_a_remote_of_rclone(
    place: tuple[Person, Person, Owned],
) -> None:
    """From outside of any clone, and without a key here."""
    david, jan, owned = place
    (jan.root / "home" / ".local").rename(jan.root / "home" / "away")
    (plain := jan.root / "plain").mkdir()
    (plain / "x").write_text("the plaintext of jan")
    repo, before = f"{david.ok('status', '--json').json['store']}/{REPO}", owned.names()
    for verb, target in (("copy", repo), ("move", f"{repo}/{PROJECT}/deep/er")):
        assert "is an encrypted repository" in jan.expect(1, verb, str(plain), target, cwd=jan.root).err
    assert owned.names() == before
    jan.ok("copy", str(plain), f"{repo}-beside", cwd=jan.root)
