"""What others write into the store leads nobody to give up the last copy of anything."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from pathlib import Path

import pytest

from s3sync.store.port import Headers, Overwrite
from tests.contract.stores import in_folder
from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_run import SET

PACKS = ["none", "tar", "tar.gz", "tar.zst"]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def person(tmp_path: Path, name: str, vault: Path, pack: str) -> Person:
    """Somebody at a computer of his own, who has the same files as everybody."""
    found = Person(name, tmp_path / name, {})
    found.repo.mkdir(parents=True, exist_ok=True)
    settings(found, SET.format(store=vault.as_uri(), pack=pack))
    put(found.repo, "raw/m42/light_1.fits", bytes(range(256)) * 4000)
    put(found.repo, "raw/m42/notes.md", b"# M42\n")
    return found


def overwrite(vault: Path, key: str, body: bytes) -> str:
    """Put an object into the store as its owner would, and return its ETag."""
    digest = hashlib.md5(body).digest()
    return in_folder(vault).open().put(key, body, mode=Overwrite(), headers=Headers(), md5=digest).etag


def forge(vault: Path, pack: str, *, sidecar: bool = False) -> None:
    """Put garbage into the place of an archive, and write an index that fits it by size and ETag."""
    name = ".s3sync/archive/sessions.jsonl" if pack == "none" else f"raw/m42.{pack}.index.json"
    index = json.loads((vault / name).read_bytes())
    member = next(one for one in index["members"] if one["path"] == "light_1.fits")
    holder = index["sidecars"][0] if sidecar else member if pack == "none" else index
    key = holder["key"] if sidecar or pack == "none" else index["key"]
    holder["etag"] = overwrite(vault, key, os.urandom(holder["size"]))
    index |= {"crc64nvme": None, "md5": None}
    overwrite(vault, name, json.dumps(index).encode() + b"\n")


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("rebuilt", [False, True])
def test_an_index_of_somebody_else_deletes_no_file(pack: str, rebuilt: bool, vault: Path, tmp_path: Path) -> None:
    """Garbage with the right size, under an index with every right SHA-256, is found out by reading it."""
    mallory, ana = (person(tmp_path, name, vault, pack) for name in ("mallory", "ana"))
    mallory.ok("archive", "run", cwd=mallory.repo)
    forge(vault, pack)
    if rebuilt:
        ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    result = ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "m42" in result.err
    assert (ana.repo / "raw/m42/light_1.fits").exists() and (ana.repo / "raw/m42/notes.md").exists()


@pytest.mark.parametrize("pack", PACKS)
def test_whoever_sent_it_is_told_by_his_own_record_when_it_was_forged(pack: str, vault: Path, tmp_path: Path) -> None:
    ana = person(tmp_path, "ana", vault, pack)
    ana.ok("archive", "run", cwd=ana.repo)
    forge(vault, pack)
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").exists()


@pytest.mark.parametrize("pack", PACKS)
def test_what_a_folder_says_of_a_file_is_no_proof_even_to_whoever_sent_it(
    pack: str, vault: Path, tmp_path: Path
) -> None:
    """Whoever may write into the folder puts the size, the time and the old note back."""
    ana = person(tmp_path, "ana", vault, pack)
    ana.ok("archive", "run", cwd=ana.repo)
    archive = vault / ("raw/m42/light_1.fits" if pack == "none" else f"raw/m42.{pack}")
    status = archive.stat()
    with archive.open("r+b") as file:
        file.write(os.urandom(status.st_size))
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").exists()


def test_a_sidecar_is_read_back_too(vault: Path, tmp_path: Path) -> None:
    mallory, ana = (person(tmp_path, name, vault, "tar") for name in ("mallory", "ana"))
    mallory.ok("archive", "run", cwd=mallory.repo)
    forge(vault, "tar", sidecar=True)
    assert "notes.md" in ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo).err
    assert (ana.repo / "raw/m42/notes.md").exists()


@pytest.mark.parametrize("pack", PACKS)
def test_what_a_colleague_sent_is_read_back_and_then_deleted_here(pack: str, vault: Path, tmp_path: Path) -> None:
    ben, ana = (person(tmp_path, name, vault, pack) for name in ("ben", "ana"))
    ben.ok("archive", "run", cwd=ben.repo)
    unit = ana.ok("archive", "run", "--delete-local", "--json", cwd=ana.repo).json["units"][0]
    assert (unit["state"], unit["verified"]) == ("archived", "read")
    assert not (ana.repo / "raw/m42").exists()
    own = ben.ok("archive", "run", "--delete-local", "--json", cwd=ben.repo).json["units"][0]
    assert (own["state"], own["verified"]) == ("archived", "read"), "a folder's notes are no proof to him either"


def test_a_member_of_another_kind_is_no_proof(vault: Path, tmp_path: Path) -> None:
    """A second member of the same path, a link that carries the SHA-256 of the file, does not stand for it."""
    mallory, ana = (person(tmp_path, name, vault, "tar") for name in ("mallory", "ana"))
    mallory.ok("archive", "run", cwd=mallory.repo)
    path = vault / "raw/m42.tar.index.json"
    index = json.loads(path.read_bytes())
    member = next(one for one in index["members"] if one["path"] == "light_1.fits")
    held = (vault / "raw/m42.tar").read_bytes()[: member["size"]]
    index["members"].append({**member, "kind": "link", "target": "notes.md"})
    member["sha256"], member["offset"] = hashlib.sha256(held).hexdigest(), 0
    overwrite(vault, "raw/m42.tar.index.json", json.dumps(index).encode())
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").exists()


@pytest.mark.parametrize("pack", ["none", "tar.zst"])
def test_force_replaces_no_archive_of_files_that_left_the_disk(pack: str, vault: Path, tmp_path: Path) -> None:
    """Light files stay behind a deletion, and make a unit that looks as if it were whole."""
    ana = person(tmp_path, "ana", vault, pack)
    put(ana.repo, "raw/m42/log.txt", b"clear")
    ana.ok("archive", "run", "--delete-local", cwd=ana.repo)
    assert os.listdir(ana.repo / "raw/m42") == ["log.txt"]
    put(ana.repo, "raw/m42/log.txt", b"clear sky, edited later")
    for words in (["--dry-run"], []):
        refused = ana.expect(3, "archive", "run", "m42", "--force", *words, cwd=ana.repo)
        assert "light_1.fits" in refused.err and "s3sync restore m42" in refused.err
    ana.ok("restore", "m42", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").read_bytes() == bytes(range(256)) * 4000
    ana.ok("archive", "run", "m42", "--force", cwd=ana.repo)


@pytest.mark.parametrize("pack", ["none", "tar.zst"])
def test_force_replaces_no_other_version_that_another_computer_sent(pack: str, vault: Path, tmp_path: Path) -> None:
    """Each has an edit of his own, and the first one's left his disk: a hint led to its end."""
    ana, ben = (person(tmp_path, name, vault, pack) for name in ("ana", "ben"))
    put(ana.repo, "raw/m42/light_1.fits", b"stacked by ana")
    put(ben.repo, "raw/m42/light_1.fits", b"stacked by ben")
    os.utime(ben.repo / "raw/m42/light_1.fits", (1_705_999_999, 1_705_999_999))
    ana.ok("archive", "run", "--delete-local", cwd=ana.repo)
    told = ben.expect(3, "archive", "run", cwd=ben.repo).err
    assert "--force replaces what this computer sent" in told
    for words in (["--dry-run"], []):
        refused = ben.expect(3, "archive", "run", "m42", "--force", *words, cwd=ben.repo).err
        assert "light_1.fits in it is another one than here" in refused and "restore m42 --to FOLDER" in refused
    ana.ok("restore", "m42", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").read_bytes() == b"stacked by ana"
    put(ana.repo, "raw/m42/light_1.fits", b"edited once more by ana", when=1_706_000_000)
    ana.ok("archive", "run", "m42", "--force", "--dry-run", cwd=ana.repo)
    ana.ok("archive", "run", "m42", "--force", cwd=ana.repo)
    put(ben.repo, "raw/m42/light_1.fits", b"edited once more by ana", when=1_706_777_777)
    ben.ok("archive", "run", "m42", "--force", cwd=ben.repo)


@pytest.mark.parametrize("pack", ["none", "tar.zst"])
def test_force_sends_nothing_that_rotted_on_the_disk(pack: str, vault: Path, tmp_path: Path) -> None:
    """A bit flips, and nothing that the folder says of the file is different: the archive has the last good copy."""
    ana = person(tmp_path, "ana", vault, pack)
    ana.ok("archive", "run", cwd=ana.repo)
    notes = ana.repo / "raw/m42/notes.md"
    was, status = notes.read_bytes(), notes.stat()
    notes.write_bytes(was.replace(b"M42", b"M52"))
    os.utime(notes, ns=(status.st_atime_ns, status.st_mtime_ns))
    put(ana.repo, "raw/m42/light_1.fits", b"edited on purpose", when=1_706_000_000)
    for words in (["--dry-run"], [], ["--delete-local"]):
        told = ana.expect(3, "archive", "run", "m42", "--force", *words, cwd=ana.repo).err
        assert "notes.md has the size and time with which it was sent, and its bytes are others" in told
        assert "restore m42 --to FOLDER" in told and "`touch`" in told
    ana.ok("restore", "m42", "--to", str(tmp_path / "beside"), cwd=ana.repo)
    assert was in [path.read_bytes() for path in (tmp_path / "beside").rglob("notes.md")]
    notes.touch()
    ana.ok("archive", "run", "m42", "--force", cwd=ana.repo)
    ana.ok("restore", "m42", "--to", str(tmp_path / "after"), cwd=ana.repo)
    assert b"# M52\n" in [path.read_bytes() for path in (tmp_path / "after").rglob("notes.md")]


@pytest.mark.parametrize("kind", ["members", "sidecars"])
def test_an_index_has_no_object_of_others_removed(kind: str, vault: Path, tmp_path: Path) -> None:
    """It names another unit's archive as its own sidecar, or as the object of one of its files."""
    ana = person(tmp_path, "ana", vault, "none" if kind == "members" else "tar")
    put(ana.repo, "raw/m31/light_1.fits", b"only here")
    ana.ok("archive", "run", cwd=ana.repo)
    name = ".s3sync/archive/sessions.jsonl" if kind == "members" else "raw/m42.tar.index.json"
    other = "raw/m31/light_1.fits" if kind == "members" else "raw/m31.tar"
    indexes = [json.loads(line) for line in (vault / name).read_bytes().splitlines()]
    for index in indexes:
        if index["unit"] == "m42":
            index[kind][0] |= {"key": other, "etag": in_folder(vault).open().head(other).info.etag}
    overwrite(vault, name, b"\n".join(json.dumps(index).encode() for index in indexes))
    ana.run("archive", "remove", "m42", "--yes", "--last-copies", cwd=ana.repo)
    assert (vault / other).exists()


@pytest.mark.parametrize("pack", ["none", "tar"])
def test_a_unit_of_any_name_is_removed_whole(pack: str, vault: Path, tmp_path: Path) -> None:
    ana = person(tmp_path, "ana", vault, pack)
    put(ana.repo, "raw/ Höhle 洞窟 %41 /a b.fits", b"a")
    put(ana.repo, "raw/ Höhle 洞窟 %41 /notes.md", b"n")
    ana.ok("archive", "run", cwd=ana.repo)
    ana.ok("archive", "remove", "*", "--yes", cwd=ana.repo)
    assert not [path for path in vault.rglob("*") if path.is_file() and path.name.endswith((".fits", ".md", ".tar"))]


@pytest.mark.moto
def test_a_cold_archive_of_somebody_else_leaves_the_files_here(moto: Server, tmp_path: Path) -> None:
    """It cannot be read back, and nothing else proves what is in it."""
    prefix, people = uuid.uuid4().hex, []
    for name in ("ben", "ana"):
        one = Person(name, tmp_path / name, moto.environment("david"))
        one.repo.mkdir(parents=True, exist_ok=True)
        rules = "storage_class: DEEP_ARCHIVE, source: 'raw/*', layout: '{id}'"
        settings(one, f"archives:\n  sessions: {{store: 's3://{moto.bucket}/{prefix}', {rules}}}\n")
        put(one.repo, "raw/m42/light_1.fits", b"light")
        people.append(one)
    ben, ana = people
    ben.ok("archive", "run", cwd=ben.repo)
    kept = ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "cold storage" in kept.err and "no record" in kept.err and "thaw it" in kept.err
    assert (ana.repo / "raw/m42/light_1.fits").exists()
    ben.ok("archive", "run", "--delete-local", cwd=ben.repo)
    assert not (ben.repo / "raw/m42").exists()


@pytest.mark.parametrize("pack", PACKS)
def test_a_note_that_somebody_else_left_in_the_store_is_not_written_over(
    pack: str, vault: Path, tmp_path: Path
) -> None:
    """An earlier tool kept its notes under the key that a sidecar has now."""
    ana = person(tmp_path, "ana", vault, pack)
    overwrite(vault, "raw/m42/notes.md", b"the only copy")
    refused = ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "raw/m42/notes.md is there already" in refused.err
    assert (vault / "raw/m42/notes.md").read_bytes() == b"the only copy"
    assert (ana.repo / "raw/m42/light_1.fits").exists()
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert (vault / "raw/m42/notes.md").read_bytes() == b"the only copy"
    (vault / "raw/m42/notes.md").rename(vault.parent / "notes of the earlier tool.md")
    ana.ok("archive", "run", cwd=ana.repo)
    assert (vault / "raw/m42/notes.md").read_bytes() == b"# M42\n"


def test_an_archive_that_holds_more_than_its_index_names_is_not_taken_for_copied(vault: Path, tmp_path: Path) -> None:
    """Jan learns of it by an index that lacks a file, of which the archive has the last copy."""
    ana = person(tmp_path, "ana", vault, "tar")
    ana.ok("archive", "run", cwd=ana.repo)
    name = "raw/m42.tar.index.json"
    index = json.loads((vault / name).read_bytes())
    lost = next(one["path"] for one in index["members"] if one["kind"] == "file")
    index["members"] = [one for one in index["members"] if one["path"] != lost]
    overwrite(vault, name, json.dumps(index).encode())
    (ana.repo / "raw/m42" / lost).unlink()
    ana.ok("archive", "catalogue", "rebuild", "--anew", cwd=ana.repo)
    refused = ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert "--last-copies" in refused.err
    assert (vault / "raw/m42.tar").exists()
