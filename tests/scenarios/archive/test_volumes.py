"""A unit above `max_size`: numbered archives with one index, and one unit to every command."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from s3sync.archive.run_report import UnitState
from s3sync.archives import Archives
from s3sync.core.archive.index import index_text, parse_index
from s3sync.core.archive.volumes import archives_of, joined
from tests.kit.people import Person
from tests.scenarios.archive.conftest import at_home, put, settings
from tests.scenarios.archive.test_bad_units import Mischief
from tests.scenarios.archive.test_restore import tree_of

SET = """
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: {pack}
    max_size: 1M
    light: ["*.txt"]
    sidecars: ["*.md"]
"""
INDEX = "raw/m42.tar.index.json"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def david(tmp_path: Path, vault: Path) -> Person:
    return somebody("david", tmp_path, vault)


def somebody(name: str, root: Path, vault: Path, pack: str = "tar") -> Person:
    """A person with a unit of three volumes, one of them a file of its own."""
    person = Person(name, root / name)
    settings(person, SET.format(store=vault.as_uri(), pack=pack))
    put(person.repo, "raw/m42/cal/dark.fits", b"dark" * 100_000)
    put(person.repo, "raw/m42/large.fits", b"light" * 300_000)
    put(person.repo, "raw/m42/log.txt", b"clear sky\n")
    put(person.repo, "raw/m42/notes.md", b"# M42\n")
    return person


def cut_off(vault: Path, behind: int) -> None:
    """Leave what a run leaves that was killed behind so many volumes."""
    path = vault / INDEX
    index = parse_index(path.read_bytes(), None, "here")
    archives = archives_of(index)
    path.write_bytes(index_text(joined(index.key, archives[:behind], behind, index.volumes)))
    for one in archives[behind:]:
        (vault / one.key).unlink()


def as_earlier(vault: Path) -> None:
    """Give each volume an index of its own, as an earlier version wrote them."""
    path = vault / INDEX
    index = parse_index(path.read_bytes(), None, "here")
    for number, one in enumerate(archives_of(index)):
        text = json.loads(index_text(one))
        if number == 0:
            text["sidecars"] = json.loads(path.read_bytes())["sidecars"]
        (vault / f"{one.key}.index.json").write_text(json.dumps(text))
    path.unlink()


@pytest.mark.parametrize("pack", ["tar", "tar.gz"])
def test_a_split_unit_is_one_to_every_command(pack: str, vault: Path, tmp_path: Path) -> None:
    david = somebody("david", tmp_path, vault, pack)
    before = tree_of(david.repo / "raw/m42")
    david.ok("archive", "run", cwd=david.repo)
    assert sorted(path.name for path in (vault / "raw").iterdir()) == [
        "m42", f"m42.001.{pack}", f"m42.002.{pack}", f"m42.003.{pack}", f"m42.{pack}.index.json",
    ]  # fmt: skip
    with tarfile.open(vault / f"raw/m42.002.{pack}") as opened:
        assert opened.getnames() == ["m42/large.fits"]
    listed = david.ok("archive", "list", cwd=david.repo).out
    assert "1 archive," in listed and "3 volumes" in listed and "4 files" in listed
    (shown,) = david.ok("archive", "show", "m42", "--json", cwd=david.repo).json["archives"]
    assert [one["key"] for one in shown["members"] if one["path"] == "large.fits"] == [f"raw/m42.002.{pack}"]
    (found,) = david.ok("archive", "find", "dark.fits", "--json", cwd=david.repo).json["files"]
    assert (found["unit"], found["key"]) == ("m42", f"raw/m42.001.{pack}")
    for words in ([], ["m42"], ["m42", "--deep"]):
        assert "verified 1 archive" in david.ok("archive", "verify", *words, cwd=david.repo).out
    assert david.ok("archive", "list", "--not-archived", "--json", cwd=david.repo).json["not_archived"] == []
    done = david.ok("archive", "run", "--delete-local", "--json", cwd=david.repo).json["units"][0]
    assert (done["state"], done["bytes_sent"]) == ("archived", 0)
    assert os.listdir(david.repo / "raw/m42") == ["log.txt"]
    (back,) = david.ok("restore", "m42", "--json", cwd=david.repo).json["units"]
    assert back["files"] == 3
    after = tree_of(david.repo / "raw/m42")
    assert {name: one for name, one in after.items() if one[0] != "folder"} == {
        name: one for name, one in before.items() if one[0] != "folder"
    }
    david.ok("archive", "remove", "m42", "--yes", cwd=david.repo)
    assert not [path for path in (vault / "raw").rglob("*") if path.is_file()]


def test_one_member_is_read_from_its_volume_alone(david: Person, vault: Path) -> None:
    david.ok("archive", "run", cwd=david.repo)
    for number in (1, 2):
        (vault / f"raw/m42.00{number}.tar").unlink()
    david.ok("restore", "m42", "--member", "log.txt", "--to", "back", cwd=david.repo)
    assert (david.repo / "back/m42/log.txt").read_bytes() == b"clear sky\n"


@pytest.mark.parametrize("behind", [1, 2])
def test_a_run_that_was_killed_between_volumes_sends_only_the_rest(behind: int, david: Person, vault: Path) -> None:
    david.ok("archive", "run", cwd=david.repo)
    whole = tree_of(vault / "raw")
    cut_off(vault, behind)
    david.ok("archive", "catalogue", "rebuild", cwd=david.repo)
    assert f"{behind} of 3 volumes" in david.ok("archive", "list", cwd=david.repo).out
    missing = david.ok("archive", "list", "--not-archived", "--json", cwd=david.repo).json["not_archived"]
    assert [one["unit"] for one in missing] == ["m42"]
    for words in ([], ["m42"]):
        refused = david.expect(3, "archive", "verify", *words, cwd=david.repo)
        assert "not complete" in refused.err and f"{behind} of 3 volumes" in refused.err
    partly = david.expect(3, "restore", "m42", "--to", "back", cwd=david.repo)
    assert f"only {behind} of its 3 volumes" in partly.err
    assert (david.repo / "back/m42/cal/dark.fits").exists()
    done = david.ok("archive", "run", "--delete-local", "--json", cwd=david.repo).json["units"][0]
    assert done["state"] == "sent"
    assert done["bytes_sent"] < sum((vault / f"raw/m42.00{number}.tar").stat().st_size for number in (2, 3)) + 10
    after = tree_of(vault / "raw")
    assert {name: one[0] for name, one in after.items() if name.endswith(".tar")} == {
        name: one[0] for name, one in whole.items() if name.endswith(".tar")
    }
    assert os.listdir(david.repo / "raw/m42") == ["log.txt"]


def test_a_unit_that_fails_between_volumes_says_how_many_are_there(david: Person, vault: Path) -> None:
    """A file of the second volume vanishes after the first was begun, and is back for the next run."""
    large = david.repo / "raw/m42/large.fits"
    body = large.read_bytes()
    mischief = Mischief("m42", large.unlink)
    report = Archives.open(path=david.repo, environ=at_home(david), progress=mischief).run()
    assert [one.state for one in report.units] == [UnitState.FAILED]
    index = parse_index((vault / INDEX).read_bytes(), None, "here")
    assert (index.volume, index.volumes, len(archives_of(index))) == (1, 3, 1)
    assert "1 of 3 volumes" in david.ok("archive", "list", cwd=david.repo).out
    put(david.repo, "raw/m42/large.fits", body)
    first = (vault / "raw/m42.001.tar").stat()
    assert david.ok("archive", "run", "--json", cwd=david.repo).json["units"][0]["state"] == "sent"
    assert (vault / "raw/m42.001.tar").stat().st_ino == first.st_ino, "what was there is not sent again"
    assert parse_index((vault / INDEX).read_bytes(), None, "here").volume == 3
    david.ok("archive", "verify", "--deep", cwd=david.repo)


def test_another_computer_resumes_and_proves_nothing_that_it_did_not_send(vault: Path, tmp_path: Path) -> None:
    """The first volume is garbage under a good index: files leave the disk only after all was read back."""
    jan, david = somebody("jan", tmp_path, vault), somebody("david", tmp_path, vault)
    jan.ok("archive", "run", cwd=jan.repo)
    cut_off(vault, 2)
    volume = vault / "raw/m42.001.tar"
    body, status = bytearray(volume.read_bytes()), volume.stat()
    at = body.index(b"dark" * 10)
    body[at : at + 4] = b"DARK"
    volume.write_bytes(body)
    os.utime(volume, ns=(status.st_atime_ns, status.st_mtime_ns))
    refused = david.expect(3, "archive", "run", "--delete-local", cwd=david.repo)
    assert "m42" in refused.err
    assert (david.repo / "raw/m42/cal/dark.fits").exists()


@pytest.mark.parametrize("complete", [True, False])
def test_volumes_of_an_earlier_version_are_read_and_taken_over(complete: bool, david: Person, vault: Path) -> None:
    david.ok("archive", "run", cwd=david.repo)
    as_earlier(vault)
    if not complete:
        (vault / "raw/m42.002.tar").unlink()
        (vault / "raw/m42.002.tar.index.json").unlink()
    david.ok("archive", "catalogue", "rebuild", "--anew", cwd=david.repo)
    assert "m42 1/3" in david.ok("archive", "list", cwd=david.repo).out
    david.ok("archive", "verify", cwd=david.repo)
    if complete:
        david.ok("restore", "m42", "--to", "back", cwd=david.repo)
        assert tree_of(david.repo / "back/m42") == tree_of(david.repo / "raw/m42")
    done = david.ok("archive", "run", "--json", cwd=david.repo).json["units"][0]
    assert done["state"] == ("archived" if complete else "sent")
    if complete:
        david.ok("archive", "run", "--force", cwd=david.repo)
    assert [path.name for path in (vault / "raw").glob("*.index.json")] == ["m42.tar.index.json"]
    david.ok("archive", "catalogue", "check", cwd=david.repo)
    assert "1 archive," in david.ok("archive", "list", cwd=david.repo).out
    david.ok("archive", "run", "--delete-local", cwd=david.repo)


def test_a_lost_catalogue_is_the_same_again_and_adopt_takes_no_volume(david: Person, vault: Path) -> None:
    david.ok("archive", "run", cwd=david.repo)
    before = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    for path in (david.root / "home").rglob("archive/*.db*"):
        path.unlink()
    adopted = david.ok("archive", "adopt", "--dry-run", "--json", cwd=david.repo)
    assert "m42.00" not in adopted.out
    david.ok("archive", "catalogue", "rebuild", cwd=david.repo)
    after = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    assert [{**one, "verified_at": None, "verified_how": None} for one in after] == [
        {**one, "verified_at": None, "verified_how": None} for one in before
    ]
    (vault / "raw/m42.002.tar").unlink()
    gone = david.expect(3, "archive", "catalogue", "check", cwd=david.repo)
    assert "m42" in gone.out + gone.err


def test_force_replaces_every_volume_and_a_kill_in_between_is_no_complete_archive(david: Person, vault: Path) -> None:
    david.ok("archive", "run", cwd=david.repo)
    shutil.copytree(vault, vault.with_name("old"))
    for name in ("cal/dark.fits", "large.fits"):
        path = david.repo / "raw/m42" / name
        put(david.repo, f"raw/m42/{name}", path.read_bytes().upper(), when=1_705_400_000)
    assert "another version" in david.expect(3, "archive", "run", cwd=david.repo).err
    david.ok("archive", "run", "--force", cwd=david.repo)
    david.ok("archive", "verify", "--deep", cwd=david.repo)
    new = parse_index((vault / INDEX).read_bytes(), None, "here")
    old = parse_index((vault.with_name("old") / INDEX).read_bytes(), None, "here")
    mixed = joined(new.key, [archives_of(new)[0], *archives_of(old)[1:]], 1, 3)
    for one in archives_of(old)[1:]:
        shutil.copy2(vault.with_name("old") / one.key, vault / one.key)
    (vault / INDEX).write_bytes(index_text(mixed))
    assert "another version" in david.expect(3, "archive", "run", "--delete-local", cwd=david.repo).err
    assert (david.repo / "raw/m42/large.fits").exists()
    mixed_up = david.expect(3, "archive", "run", "--force", "--delete-local", cwd=david.repo).err
    assert "this computer did not send it" in mixed_up, "nobody knows of what other volumes are the last copy"
    (vault / INDEX).unlink()  # by hand, after a look at them
    david.ok("archive", "run", "--force", "--delete-local", "--deep", cwd=david.repo)
    assert os.listdir(david.repo / "raw/m42") == ["log.txt"]
