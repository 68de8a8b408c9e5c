"""`restore`: units come back as they were, never over something else, and no name of an index leads elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings
from tests.scenarios.archive.test_run import prepare


def tree_of(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: content, mode and time of files, targets and times of links."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            found[str(path.relative_to(root))] = ("link", os.fspath(path.readlink()), status.st_mtime_ns)
        elif path.is_dir():
            found[str(path.relative_to(root))] = ("folder", status.st_mode, status.st_mtime_ns)
        else:
            found[str(path.relative_to(root))] = (path.read_bytes(), status.st_mode, status.st_mtime_ns)
    return found


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.mark.parametrize("pack", ["none", "tar", "tar.gz", "tar.zst"])
def test_a_unit_comes_back_as_it_was(pack: str, david: Person, vault: Path) -> None:
    prepare(david, vault, pack)
    root = david.repo / "raw/m42"
    put(david.repo, "raw/m42/run me.sh", b"#!/bin/sh\n").chmod(0o750)
    (root / "cal/to").symlink_to("../log.txt")
    os.utime(root / "cal/to", ns=(1, 1_500_000_000_987_654_321), follow_symlinks=False)
    (root / "empty").mkdir()
    os.utime(root / "empty", ns=(1, 1_600_000_000_123_456_789))
    before = tree_of(root)
    david.ok("archive", "run", "m42", cwd=david.repo)
    david.ok("restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert tree_of(david.root / "back/m42") == before
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    root.rmdir()
    david.ok("restore", "m42", cwd=david.repo)
    assert tree_of(root) == before
    again = david.ok("restore", "m42", "--json", cwd=david.repo).json["units"][0]
    assert (again["files"], again["there_already"], again["failed"]) == (0, 6, [])


@pytest.mark.parametrize("pack", ["none", "tar.gz"])
def test_a_dry_run_counts_what_would_be_written_and_says_what_stays(pack: str, david: Person, vault: Path) -> None:
    prepare(david, vault, pack)
    root = david.repo / "raw/m42"
    (root / "to").symlink_to("log.txt")
    (root / "over").symlink_to("log.txt")
    david.ok("archive", "run", "m42", cwd=david.repo)

    def foreseen(*words: str) -> dict[str, object]:
        before = tree_of(david.root)
        found = david.run("restore", "m42", "--dry-run", "--json", *words, cwd=david.repo)
        now = {name: value for name, value in tree_of(david.root).items() if not name.startswith("home")}
        assert now == {name: value for name, value in before.items() if not name.startswith("home")}
        one: dict[str, object] = found.json["units"][0]
        return one

    files = foreseen("--to", str(david.root / "far/off"))["files"]
    assert isinstance(files, int)
    one = foreseen()
    assert (one["files"], one["size_bytes"], one["there_already"]) == (0, 0, files)
    size = (root / "log.txt").stat().st_size
    put(david.repo, "raw/m42/log.txt", b"x" * size)
    (root / "to").unlink()
    (root / "over").unlink()
    put(david.repo, "raw/m42/over", b"")
    one = foreseen()
    assert (one["files"], one["size_bytes"], one["there_already"]) == (2, size, files - 3)
    assert [found["name"] for found in one["beside"]] == ["log.txt"]  # type: ignore[attr-defined]
    assert [found["name"] for found in one["failed"]] == ["over"]  # type: ignore[attr-defined]
    told = david.expect(3, "restore", "m42", "--dry-run", cwd=david.repo)
    assert "log.txt has other content here, which stays; it would be restored as log.restored-" in told.err
    real = david.expect(3, "restore", "m42", "--json", cwd=david.repo).json["units"][0]
    assert [real[name] for name in ("files", "size_bytes", "there_already")] == [
        one[name] for name in ("files", "size_bytes", "there_already")
    ]


def test_members_and_light_files_come_alone(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m42", "--delete-local", cwd=david.repo)
    (david.repo / "raw/m42/log.txt").unlink()
    david.ok("restore", "m42", "--light", cwd=david.repo)
    assert sorted(os.listdir(david.repo / "raw/m42")) == ["log.txt"]
    david.ok("restore", "m42", "--member", "cal", "--member", "*.md", cwd=david.repo)
    assert sorted(os.listdir(david.repo / "raw/m42")) == ["cal", "log.txt", "notes.md"]
    result = david.expect(2, "restore", "m42", "--member", "nothing", cwd=david.repo)
    assert "no such member" in result.err
    both = david.expect(2, "restore", "m42", "--light", "--member", "light_1.fits", cwd=david.repo).err
    assert "m42 has no such light file" in both and "leave out --light" in both


def test_an_archive_that_is_gone_is_called_gone_for_each_of_its_files(david: Person, vault: Path) -> None:
    """Of the second file it was said that the archive ends before its index says."""
    prepare(david, vault, "tar")
    david.ok("archive", "run", "m42", cwd=david.repo)
    (vault / "raw/m42.tar").unlink()
    said = david.expect(3, "restore", "m42", "--to", "back", cwd=david.repo).err
    assert said.count("it is gone, and only its index is left") >= 3 and "it ends before" not in said


def test_light_files_of_several_units_come_from_those_that_have_any(david: Person, vault: Path) -> None:
    prepare(david, vault)
    for unit in ("m51", "m81"):
        put(david.repo, f"raw/{unit}/light.fits", b"x")
    david.ok("archive", "run", cwd=david.repo)
    shutil.rmtree(david.repo / "raw")
    (david.repo / "raw").mkdir()
    found = david.ok("restore", "m*", "--light", "--json", cwd=david.repo).json
    assert [(one["unit"], one["files"]) for one in found["units"]] == [("m42", 1)] and found["failed"] == []
    assert os.listdir(david.repo / "raw") == ["m42"]
    for units in (["m51"], ["m51", "m81"]):
        refused = david.expect(2, "restore", *units, "--light", cwd=david.repo)
        assert "m51 has no light files" in refused.err and "`light` of archives.sessions names *.txt" in refused.err


def test_other_content_stays_and_both_are_kept(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m42", cwd=david.repo)
    (david.repo / "raw/m42/log.txt").write_text("my own words")
    (david.repo / "raw/m42/notes.md").unlink()
    (david.repo / "raw/m42/notes.md").mkdir()
    result = david.ok("restore", "m42", cwd=david.repo)
    assert "log.txt has other content here, which stays" in result.err
    assert (david.repo / "raw/m42/log.txt").read_text() == "my own words"
    names = os.listdir(david.repo / "raw/m42")
    (restored,) = [name for name in names if name.startswith("log.restored-")]
    assert (david.repo / "raw/m42" / restored).read_bytes() == b"clear sky\n"
    assert any(name.startswith("notes.restored-") for name in names)


def test_a_repeat_makes_no_second_copy_beside_other_content(david: Person, vault: Path) -> None:
    """Neither in the top folder nor below; but a name that became free since is given the file."""
    prepare(david, vault)
    david.ok("archive", "run", "m42", cwd=david.repo)
    for name in ("light_1.fits", "cal/dark.fits"):
        (david.repo / "raw/m42" / name).write_bytes(b"else")
    first = david.ok("restore", "m42", cwd=david.repo)
    after = tree_of(david.repo / "raw/m42")
    for _ in range(2):
        again = david.ok("restore", "m42", cwd=david.repo)
        assert again.err == first.err and tree_of(david.repo / "raw/m42") == after
    (david.repo / "raw/m42/cal/dark.fits").unlink()
    david.ok("restore", "m42", cwd=david.repo)
    assert (david.repo / "raw/m42/cal/dark.fits").read_bytes() == bytes(1_000_000)


@pytest.mark.parametrize("damage", ["altered", "cut", "other index", "newer", "no index"])
def test_an_archive_that_is_not_what_was_sent_is_told(damage: str, david: Person, vault: Path) -> None:
    prepare(david, vault, "tar.zst" if damage != "altered" else "tar")
    david.ok("archive", "run", cwd=david.repo)
    archive = vault / ("raw/m42.tar" if damage == "altered" else "raw/m42.tar.zst")
    index = Path(f"{archive}.index.json")
    body = archive.read_bytes()
    if damage == "altered":
        place = body.index(b"clear sky")
        archive.write_bytes(body[:place] + b"CLEAR" + body[place + 5 :])
    elif damage == "cut":
        archive.write_bytes(body[:1000])
    elif damage == "other index":
        index.write_bytes((vault / "raw/m31.tar.zst.index.json").read_bytes())
    elif damage == "newer":
        index.write_bytes(index.read_bytes().replace(b'"format":1', b'"format":99'))
    else:
        index.unlink()
    result = david.run("restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert result.code in (1, 3)
    said = {
        "altered": "log.txt in",  # the others are what was sent, and come back
        "cut": "not the one that its index is of",
        "other index": "the index of another archive",
        "newer": "a newer s3sync wrote it",
        "no index": "has no index",
    }[damage]
    assert said in result.err
    assert not list((david.root / "back").rglob("*.txt"))


@pytest.mark.parametrize("pack", ["none", "tar"])
def test_a_member_that_is_not_its_bytes_gets_no_name(pack: str, david: Person, vault: Path) -> None:
    """Although size and ETag of the object are the index's: only the SHA-256 tells. The others come back."""
    prepare(david, vault, pack)
    david.ok("archive", "run", "m42", cwd=david.repo)
    path = vault / (".s3sync/archive/sessions.jsonl" if pack == "none" else "raw/m42.tar.index.json")
    wanted = hashlib.sha256(b"clear sky\n").hexdigest()
    body = path.read_text()
    assert wanted in body
    path.write_text(body.replace(wanted, hashlib.sha256(b"cloudy sky").hexdigest()))
    result = david.expect(3, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "log.txt" in result.err and "SHA-256" in result.err
    assert sorted(os.listdir(david.root / "back/m42")) == ["cal", "light_1.fits", "notes.md"]


HOSTILE = ["../../escaped", "/tmp/escaped", "cal/../../escaped", "a//b", "./x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_an_index_leads_out_of_the_folder(name: str, david: Person, vault: Path) -> None:
    prepare(david, vault, "tar")
    david.ok("archive", "run", "m42", cwd=david.repo)
    path = vault / "raw/m42.tar.index.json"
    index = json.loads(path.read_bytes())
    member = next(one for one in index["members"] if one["path"] == "log.txt")
    member["path"] = name
    path.write_text(json.dumps(index))
    result = david.expect(3, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "out of the folder" in result.err or "absolute" in result.err or "is empty" in result.err
    assert not list(david.root.rglob("*escaped*"))
    assert not Path("/tmp/escaped").exists()
    assert (david.root / "back/m42/light_1.fits").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "cal/../../.."])
def test_no_link_leads_out_of_the_folder(target: str, david: Person, vault: Path) -> None:
    """And what is written never goes through one: a later member below it makes no file elsewhere."""
    prepare(david, vault, "tar")
    (david.repo / "raw/m42/link").symlink_to("log.txt")
    david.ok("archive", "run", "m42", cwd=david.repo)
    path = vault / "raw/m42.tar.index.json"
    index = json.loads(path.read_bytes())
    next(one for one in index["members"] if one["path"] == "link")["target"] = target
    path.write_text(json.dumps(index))
    result = david.expect(3, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "link" in result.err
    assert not os.path.lexists(david.root / "back/m42/link")


def test_nothing_is_written_through_a_link_that_stands_there(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m42", cwd=david.repo)
    elsewhere = david.root / "elsewhere"
    elsewhere.mkdir()
    (david.root / "back/m42").mkdir(parents=True)
    (david.root / "back/m42/cal").symlink_to(elsewhere)
    result = david.expect(3, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "symbolic link" in result.err
    assert not list(elsewhere.iterdir())
    assert (david.root / "back/m42/log.txt").exists()


def test_a_frame_that_claims_to_be_huge_is_refused(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m42", cwd=david.repo)
    path = vault / "raw/m42.tar.zst.index.json"
    index = json.loads(path.read_bytes())
    for frame in index["frames"]:
        frame[2] = 1 << 40
    path.write_text(json.dumps(index))
    result = david.expect(3, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "larger than any that s3sync writes" in result.err


def test_a_full_disk_is_said_before_the_first_byte(david: Person, vault: Path) -> None:
    prepare(david, vault, "tar")
    david.ok("archive", "run", "m42", cwd=david.repo)
    path = vault / "raw/m42.tar.index.json"
    index = json.loads(path.read_bytes())
    for member in index["members"]:
        if member["path"] == "light_1.fits":
            member["size"] = 1 << 59
    index["size"] = 1 << 60
    path.write_text(json.dumps(index))
    result = david.expect(1, "restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert "the disk has room for" in result.err


def test_a_set_of_single_files_goes_back_to_its_tree(david: Person, vault: Path) -> None:
    settings(
        david,
        f"archives:\n  footage:\n    store: {vault.as_uri()}\n    source: clips\n    unit: file\n"
        "    sidecars: ['*.xmp']\n",
    )
    put(david.repo, "clips/2024/20240115/GX01.MP4", os.urandom(100_000))
    put(david.repo, "clips/2024/20240115/GX01.xmp", b"<xmp/>")
    before = tree_of(david.repo / "clips")
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    assert not list((david.repo / "clips").rglob("*.MP4"))
    assert (vault / "2024/20240115/GX01.MP4").exists()
    david.ok("restore", "GX01.MP4", cwd=david.repo)
    after = tree_of(david.repo / "clips")
    assert {name: one for name, one in after.items() if one[0] != "folder"} == {
        name: one for name, one in before.items() if one[0] != "folder"
    }


CONTROLS = ["a\r", "cut/\x1b]0;x\x07.mov", "a\x9b2J"]


@pytest.mark.parametrize(
    "name", [".git/config", "cut/.GIT/hooks/pre-commit", ".hg/hgrc", "HEAD", ".s3sync.yaml", *CONTROLS]
)
def test_what_programs_obey_comes_back_where_it_was_sent_and_elsewhere_only_when_asked(
    name: str, david: Person, vault: Path, tmp_path: Path
) -> None:
    prepare(david, vault)
    put(david.repo, f"raw/m42/{name}", b"run me")
    david.ok("archive", "run", "m42", cwd=david.repo)
    david.ok("restore", "m42", "--to", "back", cwd=david.repo)
    assert (david.repo / "back/m42" / name).read_bytes() == b"run me"
    ana = Person("ana", tmp_path / "ana", {})
    ana.repo.mkdir(parents=True, exist_ok=True)
    settings(ana, (david.repo / ".s3sync.yaml").read_text())
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    refused = ana.expect(3, "restore", "m42", "--to", "back", cwd=ana.repo)
    assert "--obeyed" in refused.err and (name in CONTROLS or name.split("/")[-1] in refused.err)
    assert ("control character" in refused.err) is (name in CONTROLS)
    assert not set("".join(CONTROLS)).difference("".join(map(chr, range(32, 127)))) & set(refused.err)
    assert not (ana.repo / "back/m42" / name).exists()
    assert (ana.repo / "back/m42/log.txt").exists()
    ana.ok("restore", "m42", "--to", "back", "--obeyed", cwd=ana.repo)
    assert (ana.repo / "back/m42" / name).read_bytes() == b"run me"


@pytest.mark.parametrize("name", [".s3sync/state.db", "cut/.S3Sync./partial/x", "S3SYNC~1/config", ".s3sync/"])
def test_no_memory_of_s3sync_is_ever_restored(name: str, david: Person, vault: Path, tmp_path: Path) -> None:
    """Its rows say of what is not here that it was deleted; an index can name one, though no archive of ours has it."""
    prepare(david, vault, "tar")
    put(david.repo, "raw/m42/decoy.db", b"rows")
    david.ok("archive", "run", "m42", cwd=david.repo)
    index = vault / "raw/m42.tar.index.json"
    text = json.loads(index.read_bytes())
    (member,) = [one for one in text["members"] if one["path"] == "decoy.db"]
    member["path"] = name.rstrip("/") + ("/x" if name.endswith("/") else "")
    index.write_text(json.dumps(text))
    ana = Person("ana", tmp_path / "ana", {})
    settings(ana, (david.repo / ".s3sync.yaml").read_text())
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    for who, words in ((ana, ["--obeyed"]), (david, []), (david, ["--obeyed"])):
        where = tmp_path / f"back-{who.name}-{len(words)}"
        refused = who.expect(3, "restore", "m42", "--to", str(where), *words, cwd=who.repo)
        assert "never restored" in refused.err and (where / "m42/log.txt").exists(), refused
        assert not [path for path in where.rglob("*") if "s3sync" in path.name.lower()]


@pytest.mark.parametrize("damage", ["no index", "foreign", "no such member"])
def test_a_unit_that_cannot_come_back_stops_no_other(damage: str, david: Person, vault: Path) -> None:
    prepare(david, vault, "tar")
    david.ok("archive", "run", cwd=david.repo)
    index = vault / "raw/m31.tar.index.json"
    if damage == "no index":
        index.unlink()
    elif damage == "foreign":
        index.write_bytes((vault / "raw/m42.tar.index.json").read_bytes())
    member = ["--member", "cal/dark.fits"] if damage == "no such member" else []
    back = david.root / "back"
    result = david.expect(3, "restore", "m31", "m42", "--to", str(back), "--json", *member, cwd=david.repo)
    assert [one["unit"] for one in result.json["units"]] == ["m42"]
    assert [one["name"] for one in result.json["failed"]] == ["m31"] and result.json["failed"][0]["error"]
    assert (back / "m42/cal/dark.fits").read_bytes() == bytes(1_000_000)
    said = david.expect(3, "restore", "m31", "m42", "--to", str(back), *member, cwd=david.repo)
    assert "m31" in said.err and "hint:" in said.err


def test_f47_restores_through_no_link_that_leads_out_of_the_repository(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m42", cwd=david.repo)
    (david.root / "private").mkdir()
    (david.repo / "back").symlink_to(david.root / "private")
    for to in ("back", "back/below", str(david.repo / "back")):
        said = david.expect(2, "restore", "m42", "--to", to, "--yes", cwd=david.repo).err
        assert "leads out of the repository" in said and not list((david.root / "private").iterdir())
