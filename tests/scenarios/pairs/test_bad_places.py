"""Two places that are none, are one, or cannot hold a name: one clear error each, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import stat

import pytest

from tests.kit.people import REPO
from tests.scenarios.pairs.desk import Desk

pytestmark = pytest.mark.seaweedfs


def test_places_that_cannot_be_a_pair(desk: Desk) -> None:
    a = desk.place("folder", "a")
    a.put("day/x", b"1")
    (desk.work / "file").write_bytes(b"1")
    (desk.work / "link").symlink_to(desk.work / "a")
    bucket = f"s3://{desk.servers['sea'].bucket}"
    rows: list[tuple[int, str, *tuple[str, ...]]] = [
        (2, "are one place", "./a", "./a"),
        (2, "are one place", "./a", "./link"),
        (2, "are one place", "./a", f"file://{desk.work}/a"),
        (2, "lies in ./a", "./a", "./a/day"),
        (2, "lies in", "./a/day", "./a"),
        (2, "lies in", f"{bucket}/x/y", f"{bucket}/x"),
        (2, "there is no folder ./nosuch", "./nosuch", "./b"),
        (2, "no project and no folder 'nosuch'", "nosuch", "./b"),
        (2, "credentials do not belong", "s3://me:secret@bucket/x", "./b"),
        (2, "there is no store of the kind", "ftp://host/x", "./b"),
        (2, "is a file", "./a", "./file"),
        (2, "lacks a second place", "./a"),
        (2, "lacks a second place", f"{bucket}/x"),
        (2, "takes two places", "./a", "./b", "./c"),
        (2, "neither a nor b is an address or a path", "a", "b"),
        (2, "write `s3sync sync ./a ./b`", "a", "b"),
        (2, "no folder nosuch is here", "nosuch", "b"),
        (2, "there is no folder nosuch", "nosuch"),
        (1, "no folder store", f"file://{desk.work}/nosuch", "./b"),
        (2, "there is nothing at", f"{bucket}/{desk.tag}/typo", "./b"),
    ]
    for code, text, *words in rows:
        result = desk.person.expect(code, "sync", *words, "--profile", "sea", cwd=desk.work)
        assert text in result.err, (text, result.err)
        assert "secret" not in result.err and result.err.count("error:") == 1
    assert not (desk.work / "b").exists()
    told = desk.person.expect(2, "copy", "./a", "./b", "--newer", "soon", "--json", cwd=desk.work).json
    assert told["error"]["message"].startswith("--newer cannot be 'soon'")


def test_a_place_to_compare_with_has_to_be_there(desk: Desk) -> None:
    """A misspelled place differs in everything: that it is not there is what its user has to be told."""
    a, b, store = desk.place("folder", "a"), desk.place("sea", "b"), desk.place("store", "s")
    a.put("x", b"1")
    b.put("x", b"1")
    desk.run("copy", a, store)
    for code, text, word in (
        (2, "there is no folder ./typo", "./typo"),
        (1, "no folder store", f"{store.word}-typo"),
        (2, "there is nothing at", f"{store.word}/typo"),
        (2, "there is nothing at", f"{b.word}-typo"),
        (2, "is a file", f"{b.word}/x"),
        (0, "no difference", b.word),
        (0, "no difference", store.word),
    ):
        told = desk.person.expect(code, "check", "./a", word, "--profile", "sea", cwd=desk.work)
        assert text in told.out + told.err, (word, told)
    (desk.work / "empty").mkdir()
    desk.person.ok("check", "./empty", f"{b.word}-none", "--profile", "sea", cwd=desk.work)


def test_b_is_the_folder_of_a_file(desk: Desk) -> None:
    """A file's own name as the second place would be a folder of that name, with the file in it."""
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    a.put("clip.mov", b"1")
    a.put("other.mov", b"1")
    for word in ("./new/clip.mov", f"{b.word}/clip.mov"):
        told = desk.person.expect(2, "copy", "./a/clip.mov", word, "--profile", "sea", cwd=desk.work)
        assert "is named as a file" in told.err and f"name the folder: {word.rpartition('/')[0]}" in told.err, told
    b.put("clip.mov", b"1")
    told = desk.person.expect(2, "copy", "./a/other.mov", f"{b.word}/clip.mov", "--profile", "sea", cwd=desk.work)
    assert "is a file" in told.err and set(b.files()) == {"clip.mov"} and not (desk.work / "new").exists()


def test_an_empty_source_deletes_nothing_unasked(desk: Desk) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    for number in range(3):
        b.put(f"{number}", b"kept")
    (desk.work / "a").mkdir()
    assert desk.run("sync", a, b).code == 0
    told = desk.run("sync", a, b, "--delete", code=5)
    assert "./a is empty" in told.err and len(b.files()) == 3
    desk.run("sync", a, b, "--delete", "--max-delete", "2", code=5)
    desk.run("sync", a, b, "--delete", "--max-delete", "3")
    assert b.files() == {} and len(b.trash()) == 3


def test_names_that_are_not_carried_on_are_said(desk: Desk) -> None:
    a, b = desk.place("sea", "a"), desk.place("folder", "b")
    a.put("fine.mov", b"1")
    a.put(".git/config", b"[core]")
    a.put("metadata.json", b"{}")
    told = desk.run("copy", a, b, "--json", code=3).json
    assert [item["name"] for item in told["failed"]] == [".git/config"]
    assert b.files() == {"fine.mov": b"1"}
    (desk.work / "b" / "way").write_bytes(b"a file")
    a.put("way/in.mov", b"1")
    told = desk.run("copy", a, b, "--json", code=3).json
    assert {item["name"] for item in told["failed"]} == {".git/config", "way/in.mov"}
    assert b.files() == {"fine.mov": b"1", "way": b"a file"}


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_what_cannot_be_read_is_never_taken_for_gone(desk: Desk) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    a, b = desk.place("folder", "a"), desk.place("folder", "b")
    a.put("x", b"1")
    a.put("closed/y", b"1")
    desk.run("sync", a, b)
    (desk.work / "a" / "closed").chmod(0)
    told = desk.run("sync", a, b, "--delete", code=3)
    assert "closed" in told.err and "closed/y" in b.files()


def test_words_of_a_project_stay_files_of_it(desk: Desk) -> None:
    person = desk.person
    person.ok("init", "b63", "--store", f"file://{desk.work}/team", "--repo", REPO, cwd=person.repo)
    staging = person.repo / "b63" / "s3-staging"
    for name in ("one.mov", "two.mov", "three.mov"):
        (staging / name).write_bytes(b"1")
    told = person.ok("sync", "./one.mov", "./two.mov", "--json", cwd=staging).json
    assert sorted(item["name"] for item in told["uploaded"]) == ["one.mov", "two.mov"]

    told = person.ok("sync", "b63", "./backup", "--json", cwd=person.repo).json
    assert sorted(item["name"] for item in told["copied"]) == ["one.mov", "three.mov", "two.mov"]
    assert sorted(path.name for path in (person.repo / "backup").iterdir()) == ["one.mov", "three.mov", "two.mov"]
    (person.repo / "backup" / "four.mov").write_bytes(b"4")
    person.ok("copy", "./backup", "b63", cwd=person.repo)
    assert person.ok("status", "b63", "--json", cwd=person.repo).json["counts"]["local_new"] == 2
    told = person.expect(2, "sync", "b63", "--delete", cwd=person.repo)
    assert "this option is one of two places" in told.err


AZURE_NOWHERE = (
    "DefaultEndpointsProtocol=http;AccountName=ourfilms;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:9/ourfilms"
)


def test_a_repository_has_no_say_in_where_an_address_leads(desk: Desk) -> None:
    """A committed endpoint is asked about before a place is opened through it, as before any command."""
    person, asks = desk.person, {"S3SYNC_TRUST": None}
    (person.repo / ".s3sync.yaml").write_text("repo: r\nendpoint_url: http://127.0.0.1:9\n")
    (person.repo / "x").mkdir()
    told = person.expect(5, "copy", "s3://bucket/x", "./x", cwd=person.repo, env=asks)
    assert "you have not agreed to it" in told.err
    # of another kind of store that server has no part in it: who types an address of Azure is not asked about S3's
    offline = {**asks, "AZURE_STORAGE_CONNECTION_STRING": AZURE_NOWHERE}
    told = person.run("copy", "az://ourfilms/shared/x", "./x", cwd=person.repo, env=offline)
    assert told.code == 1 and "agreed" not in told.err and "127.0.0.1:9" in told.err


@pytest.mark.parametrize("rule", ["*.mov", "rushes/", "/rushes/**"])
@pytest.mark.parametrize("way", [("--delete",), ("--bidirectional", "--delete")], ids=lambda way: way[0])
def test_no_rule_that_arrives_in_a_place_deletes_in_the_other(desk: Desk, rule: str, way: tuple[str, ...]) -> None:
    """A colleague puts a `.s3syncignore` beside the files: a mirror of them would delete its copies."""
    a, b = desk.place("folder", "a"), desk.place("store", "b")
    files = {"rushes/day 1/one.mov": b"one", "keep.txt": b"keep", "gone.txt": b"gone"}
    for name, body in files.items():
        a.put(name, body)
    desk.run("sync", a, b, "--bidirectional")
    a.put(".s3syncignore", f"{rule}\n".encode())
    a.drop("gone.txt")
    told = desk.run("sync", a, b, *way, "--json").json
    assert [one["name"] for one in told["deleted"]] == ["gone.txt"]
    assert b.files() == a.files() and b.files()["rushes/day 1/one.mov"] == b"one"
    told = desk.run("sync", a, b, "--bidirectional", "--json").json
    assert told["left"] == []


def test_no_file_in_a_place_takes_back_what_is_ignored(desk: Desk) -> None:
    """Whoever writes to a folder may have more left out there. What is in its `.s3sync` is no rule at all."""
    person = desk.person
    (person.repo / ".s3sync.yaml").write_text('repo: r\nignore: ["*.key"]\n')
    a, b = person.repo.parent / "a", person.repo.parent / "b"
    (a / ".s3sync" / "none").mkdir(parents=True)
    b.mkdir()
    for name in ("deploy.key", "cut.mov", "raw.mov"):
        (a / name).write_text("x")
    for place in (a, a / ".s3sync", a / ".s3sync" / "none"):
        (place / ".s3syncignore").write_text("!*.key\nraw.mov\n")
    person.ok("copy", str(a), str(b), cwd=person.repo)
    assert {path.name for path in b.glob("*.*") if path.is_file()} == {"cut.mov", ".s3syncignore"}
    shutil.rmtree(a / ".s3sync")
    (a / ".s3sync").write_text("no folder")
    person.ok("copy", str(a), str(b), cwd=person.repo)


def test_what_a_clone_leaves_out_of_places_elsewhere_is_said(desk: Desk) -> None:
    """Whoever commits to the clone that somebody stands in would have `check` say that two folders are alike."""
    person = desk.person
    a, b, inside = person.repo.parent / "a", person.repo.parent / "b", person.repo / "cuts"
    for folder in (a, b, inside):
        folder.mkdir()
        (folder / f"{folder.name}.mov").write_text("x")
    said = "neither place lies in the repository"
    rules = person.repo / ".s3sync.yaml"
    rules.write_text('repo: r\nignore: ["*.mov"]\n')
    for verb in (("check",), ("copy", "--dry-run"), ("organize", "--layout", "{name}", "--dry-run")):
        told = person.ok(*verb, str(a), str(b), cwd=person.repo)
        assert said in told.err and ".s3sync.yaml" in told.err, verb
    assert said not in person.ok("check", str(a), str(inside), cwd=person.repo).err
    assert said not in person.expect(1, "check", str(a), str(b), cwd=a).err
    rules.write_text('repo: r\nignore: [".DS_Store"]\n')
    assert said not in person.expect(1, "check", str(a), str(b), cwd=person.repo).err


def test_one_file_can_be_named(desk: Desk) -> None:
    """A file of a folder, and an object: the file alone is copied, and nothing else is looked at."""
    a, cloud, b = desk.place("folder", "a"), desk.place("sea", "c"), desk.place("folder", "b")
    for name in ("day/clip.mov", "day/other.mov"):
        a.put(name, name.encode())
    person, more = desk.person, ("--profile", "sea", "--json")
    told = person.ok("copy", "./a/day/clip.mov", cloud.word, *more, cwd=desk.work).json
    assert [item["name"] for item in told["copied"]] == ["clip.mov"] and set(cloud.files()) == {"clip.mov"}
    cloud.put("other.mov", b"1")
    told = person.ok("sync", f"{cloud.word}/clip.mov", b.word, "--delete", *more, cwd=desk.work).json
    assert [item["name"] for item in told["copied"]] == ["clip.mov"]
    assert b.files() == {"clip.mov": b"day/clip.mov"}


def test_what_programs_obey_is_named_when_it_arrives_from_a_store(desk: Desk) -> None:
    a, b = desk.place("store", "a"), desk.place("folder", "b")
    seed = desk.place("folder", "seed")
    for number in range(6):
        seed.put(f"{number}/.envrc", b"run this")
    told = desk.run("copy", seed, a)
    assert "before you work in that folder" not in told.err
    told = desk.run("copy", a, b)
    assert told.err.count("before you work in that folder") == 5 and "1 more files that programs obey" in told.err


@pytest.mark.parametrize("verb", ["copy", "move", "sync"])
def test_f54_what_lies_on_a_share_gives_no_modes_of_its_own(verb: str, desk: Desk) -> None:
    """Whoever writes to a share sets modes there: his `.envrc` could be run here, and others could write to files."""
    a, b = desk.place("folder", "a"), desk.place("folder", "b")
    modes = {
        ".envrc": (0o777, 0o644), "hooks/pre-commit": (0o755, 0o644), ".vscode/run": (0o777, 0o644),
        "tool.sh": (0o777, 0o755), "plain.txt": (0o666, 0o644), "private.txt": (0o600, 0o600), "own.sh": (0o700, 0o700),
        "read.txt": (0o444, 0o444),
    }  # fmt: skip
    for name, (mode, _) in modes.items():
        a.put(name, b"run this")
        (desk.work / "a" / name).chmod(mode)
    before = os.umask(0o022)
    try:
        told = desk.run(verb, a, b)
    finally:
        os.umask(before)
    assert set(b.files()) == set(modes)
    assert {name: stat.S_IMODE((desk.work / "b" / name).stat().st_mode) for name in modes} == {
        name: here for name, (_, here) in modes.items()
    }
    for name in (".envrc", "hooks/pre-commit", ".vscode/run"):
        assert f"look at {name} before you work in that folder" in told.err
