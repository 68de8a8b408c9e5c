"""`archive run`: units are sent, known again, verified, and leave the disk only after proof."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from s3sync.disk.locks import try_lock
from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings

SET = """
archives:
  sessions:
    store: {store}
    source: raw/*
    layout: "raw/{{id}}"
    pack: {pack}
    light: ["*.txt"]
    sidecars: ["*.md"]
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def prepare(person: Person, vault: Path, pack: str = "tar.zst") -> None:
    settings(person, SET.format(store=vault.as_uri(), pack=pack))
    put(person.repo, "raw/m42/light_1.fits", os.urandom(3_000_000))
    put(person.repo, "raw/m42/cal/dark.fits", bytes(1_000_000))
    put(person.repo, "raw/m42/log.txt", b"clear sky\n")
    put(person.repo, "raw/m42/notes.md", b"# M42\n")
    put(person.repo, "raw/m31/light_1.fits", b"short")


@pytest.mark.parametrize("pack", ["none", "tar", "tar.gz", "tar.zst"])
def test_units_are_sent_once_and_known_again(pack: str, david: Person, vault: Path) -> None:
    prepare(david, vault, pack)
    planned = david.ok("archive", "run", "--dry-run", cwd=david.repo)
    assert "would archive 2 units" in planned.out
    assert not vault.exists()
    result = david.ok("archive", "run", cwd=david.repo)
    assert "archived 2 units" in result.out
    suffix = "" if pack == "none" else f".{pack}"
    assert (vault / f"raw/m42{suffix}").exists()
    assert (vault / "raw/m42/notes.md").read_bytes() == b"# M42\n"
    again = david.ok("archive", "run", "--json", cwd=david.repo).json
    assert [(unit["unit"], unit["state"], unit["bytes_sent"]) for unit in again["units"]] == [
        ("m31", "archived", 0),
        ("m42", "archived", 0),
    ]
    assert "2 archives" in david.ok("archive", "list", cwd=david.repo).out


def test_heavy_files_leave_the_disk_after_proof_and_light_ones_stay(david: Person, vault: Path) -> None:
    prepare(david, vault)
    words = ("archive", "run", "m42", "--delete-local", "--deep")
    planned = david.ok(*words, "--dry-run", cwd=david.repo)
    assert "would be verified, and then delete here 3 files (4.0 MB), keep 1 light" in planned.out
    assert len(list((david.repo / "raw/m42").rglob("*.*"))) == 4
    result = david.ok(*words, "--json", cwd=david.repo).json
    unit = result["units"][0]
    assert (unit["state"], unit["verified"]) == ("sent", "read")
    assert unit["deleted_local"] == {"files": 3, "size_bytes": 4_000_006, "kept": 1}
    assert os.listdir(david.repo / "raw/m42") == ["log.txt"]
    assert (david.repo / "raw/m31/light_1.fits").exists()
    unpacked = subprocess.run(["zstd", "-dc", vault / "raw/m42.tar.zst"], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-tf", "-"], input=unpacked, capture_output=True, check=True).stdout.decode()
    assert names.split() == ["m42/cal/", "m42/cal/dark.fits", "m42/light_1.fits", "m42/log.txt", "m42/notes.md"]
    assert "archived already" in david.ok("archive", "run", "m42", "-v", cwd=david.repo).out


def test_an_archive_that_was_altered_keeps_the_files_here(david: Person, vault: Path) -> None:
    """Once by its size, once with only bytes changed, which needs --deep."""
    prepare(david, vault)
    david.ok("archive", "run", cwd=david.repo)
    path = vault / "raw/m42.tar.zst"
    body = bytearray(path.read_bytes())
    path.write_bytes(body[:-1])
    result = david.expect(3, "archive", "run", "m42", "--delete-local", cwd=david.repo)
    assert "not whole" in result.err or "another ETag" in result.err
    assert (david.repo / "raw/m42/light_1.fits").exists()


def test_a_file_that_changed_after_it_was_sent_stays_with_all_others(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", cwd=david.repo)
    path = david.repo / "raw/m42/light_1.fits"
    status = path.stat()
    path.write_bytes(b"y" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    result = david.expect(3, "archive", "run", "m42", "--delete-local", cwd=david.repo)
    assert "is not what was archived" in result.err
    assert "nothing of m42 was deleted" in result.err
    assert "the disk may have damaged it" in result.err, "its size and time are as they were"
    assert "s3sync restore m42 --to FOLDER" in result.err
    assert (david.repo / "raw/m42/cal/dark.fits").exists()


def test_another_version_is_replaced_only_when_asked(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", cwd=david.repo)
    put(david.repo, "raw/m42/light_2.fits", b"new")
    result = david.expect(3, "archive", "run", cwd=david.repo)
    assert "another version is archived; --force replaces what this computer sent" in result.err
    david.ok("archive", "run", "--not-archived", cwd=david.repo)
    david.ok("archive", "run", "m42", "--force", cwd=david.repo)
    index = json.loads((vault / "raw/m42.tar.zst.index.json").read_bytes())
    assert "light_2.fits" in [member["path"] for member in index["members"]]
    david.ok("archive", "run", cwd=david.repo)


def test_a_second_run_on_the_store_is_told_in_words_of_archives(david: Person, vault: Path) -> None:
    """There may be no project at all, and it was said that one is being worked on."""
    prepare(david, vault)
    david.ok("archive", "run", cwd=david.repo)
    lock = next((david.root / "home").rglob("*.work/lock"))
    with lock.open("r+b") as held:
        assert try_lock(held.fileno())
        refused = david.expect(6, "archive", "run", cwd=david.repo).err
    assert "another s3sync is working on the archives of this store" in refused and "project" not in refused


def test_limit_and_year_choose_units(david: Person, vault: Path) -> None:
    prepare(david, vault)
    put(david.repo, "raw/old/x.fits", b"x", when=1_600_000_000)
    one = david.ok("archive", "run", "--year", "2020", "--json", cwd=david.repo).json
    assert [unit["unit"] for unit in one["units"]] == ["old"]
    limited = david.ok("archive", "run", "--limit", "1", "--not-archived", "--json", cwd=david.repo).json
    assert [unit["unit"] for unit in limited["units"]] == ["m31"]


def test_a_disk_that_is_not_connected_is_not_taken_for_empty(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", "m31", cwd=david.repo)
    vault.rename(vault.with_name("unplugged"))
    result = david.expect(1, "archive", "run", cwd=david.repo)
    assert "connect the disk" in result.err
    assert not vault.exists()


def test_a_unit_above_max_size_becomes_numbered_archives(david: Person, vault: Path) -> None:
    settings(
        david,
        f"archives:\n  sessions:\n    store: {vault.as_uri()}\n    source: raw/*\n    layout: '{{id}}'\n"
        "    max_size: 1M\n    sidecars: ['*.md']\n    light: ['*.txt']\n",
    )
    for number in range(5):
        put(david.repo, f"raw/m42/{number}.fits", os.urandom(400_000))
    put(david.repo, "raw/m42/large.fits", os.urandom(1_500_000))
    put(david.repo, "raw/m42/log.txt", b"clear")
    put(david.repo, "raw/m42/notes.md", b"# M42")
    before = {path.name: path.read_bytes() for path in (david.repo / "raw/m42").iterdir()}
    david.ok("archive", "run", cwd=david.repo)
    names = sorted(path.name for path in vault.iterdir() if path.suffix == ".tar")
    assert names == ["m42.001.tar", "m42.002.tar", "m42.003.tar", "m42.004.tar", "m42.005.tar"]
    assert (vault / "m42/notes.md").read_bytes() == b"# M42"
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    assert os.listdir(david.repo / "raw/m42") == ["log.txt"]
    known = david.ok("archive", "run", "--json", cwd=david.repo).json["units"][0]
    assert (known["state"], known["bytes_sent"]) == ("archived", 0)
    david.ok("restore", "m42", "--to", str(david.root / "back"), cwd=david.repo)
    assert {path.name: path.read_bytes() for path in (david.root / "back/m42").iterdir()} == before
    put(david.repo, "raw/m42/0.fits", b"other")
    result = david.expect(3, "archive", "run", "--force", cwd=david.repo)
    assert "s3sync restore m42" in result.err


def test_many_single_files_share_a_few_writes_of_their_index(david: Person, vault: Path) -> None:
    """A run that was killed before it wrote the rows sends none of the files again."""
    settings(
        david,
        f"archives:\n  footage:\n    store: {vault.as_uri()}\n    source: clips\n    unit: file\n",
    )
    for number in range(150):
        put(david.repo, f"clips/2024/{number}.mp4", os.urandom(3000))
    put(david.repo, "clips/2024/large.mp4", os.urandom(9_000_000))
    done = david.ok("archive", "run", "--limit", "100", "--json", cwd=david.repo).json["units"]
    assert [unit["state"] for unit in done] == ["sent"] * 100
    david.ok("archive", "run", cwd=david.repo)
    rows = vault / ".s3sync/archive/footage.jsonl"
    assert len(rows.read_text().splitlines()) == 151
    lines = rows.read_text().splitlines(keepends=True)
    rows.write_text("".join(line for line in lines if "/7" not in line))
    again = david.ok("archive", "run", "--json", cwd=david.repo).json["units"]
    assert {(unit["state"], unit["bytes_sent"]) for unit in again} == {("archived", 0), ("sent", 0)}
    assert len(rows.read_text().splitlines()) == 151
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    assert not list((david.repo / "clips").rglob("*.mp4"))
    david.ok("restore", "*", cwd=david.repo)
    assert len(list((david.repo / "clips").rglob("*.mp4"))) == 151


def test_units_that_are_too_young_are_counted_and_the_way_to_send_them_is_said(david: Person, vault: Path) -> None:
    prepare(david, vault)
    path = david.repo / ".s3sync.yaml"
    path.write_text(path.read_text() + "    older_than: 3w\n")
    for name in ("m42/new.fits", "m31/new.fits", "m33/new.fits"):
        put(david.repo, f"raw/{name}", b"new", when=int(time.time()))
    assert "archive run" in david.ok("archive", "list", cwd=david.repo).out
    for words in (["--dry-run"], []):
        said = david.ok("archive", "run", *words, cwd=david.repo).out
        assert "3 units are not due yet" in said and "--older-than 0s" in said
    assert david.ok("archive", "run", "--json", cwd=david.repo).json["not_due"] == 3
    assert "archived 1 unit " in david.ok("archive", "run", "m33", cwd=david.repo).out
    rest = david.ok("archive", "run", "--older-than", "0s", "--delete-local", cwd=david.repo).out
    assert "archived 2 units" in rest and "not due" not in rest
    said = david.ok("archive", "log", cwd=david.repo).out
    assert "1 file, verified" in said or "2 files, verified" in said
    assert "1 files" not in said


def test_all_archives_are_verified_by_name_of_all(david: Person, vault: Path) -> None:
    prepare(david, vault)
    david.ok("archive", "run", cwd=david.repo)
    assert "verified 2 archives" in david.ok("archive", "verify", "--all", cwd=david.repo).out
    assert "every byte" in david.ok("archive", "verify", "--all", "--deep", cwd=david.repo).out
    assert "--all" in david.expect(2, "archive", "verify", "--all", "m42", cwd=david.repo).err


def test_a_unit_that_is_not_here_is_no_success(david: Person, vault: Path) -> None:
    """A misspelled word in a script that runs each night; nothing is sent of the others either."""
    prepare(david, vault)
    for words in (["--dry-run"], ["--delete-local"], []):
        refused = david.expect(2, "archive", "run", "m31", "m24", *words, cwd=david.repo)
        assert "no unit 'm24'" in refused.err and "archive list" in refused.err
    assert not (vault / "raw").exists()
    assert (david.repo / "raw/m31/light_1.fits").exists()


def test_a_folder_has_no_classes_and_is_not_asked_about_them(david: Person, vault: Path) -> None:
    prepare(david, vault, "tar")
    assert f"{vault.as_uri()}\n" in david.ok("archive", "analyze", cwd=david.repo).out
    david.ok("archive", "run", "m31", cwd=david.repo)
    for words, place in (
        ("list", r"B  -\n"),
        ("show m31", r"B  -\n"),
        ("find *.fits", r" B\)\n"),
        ("stats", r"sessions  -  "),
    ):
        shown = david.ok("archive", *words.split(), cwd=david.repo).out
        assert "STANDARD" not in shown and re.search(place, shown), shown
    (day,) = david.ok("archive", "stats", "--json", cwd=david.repo).json["days"]
    assert day["store"] == vault.as_uri()
    settings = david.repo / ".s3sync.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("source: raw/*", "source: raw/*\n    storage_class: DEEP_ARCHIVE"))
    assert "DEEP_ARCHIVE says nothing there" in david.ok("archive", "analyze", cwd=david.repo).out
    for more in (("--dry-run",), ()):
        ran = david.ok("archive", "run", "m42", *more, cwd=david.repo)
        assert "`storage_class: DEEP_ARCHIVE`: a folder has no such classes" in ran.err
    assert david.ok("archive", "run", "--json", cwd=david.repo).json["unused_settings"] == [
        "storage_class: DEEP_ARCHIVE"
    ]
    settings.write_text(text)
    for more in ((), ("--by-tag",), ("--dry-run",)):
        refused = david.expect(1, "archive", "transition", "m31", "--to", "GLACIER", *more, cwd=david.repo)
        assert "cannot do that" in refused.err and "[y/N]" not in refused.err


def test_a_rebuild_counts_nothing_in_a_store_that_it_could_not_ask(david: Person, vault: Path) -> None:
    prepare(david, vault, "tar")
    with (david.repo / ".s3sync.yaml").open("a") as text:
        text.write(f"  more: {{store: '{vault.as_uri()}2', source: raw/*}}\n")
    david.ok("archive", "run", "--set", "sessions", cwd=david.repo)
    david.ok("archive", "run", "--set", "more", cwd=david.repo)
    vault.rename(vault.with_name("away"))
    rebuilt = david.expect(3, "archive", "catalogue", "rebuild", cwd=david.repo)
    assert rebuilt.out == f"{vault.as_uri()}2: 2 archives, 2 read anew\n"
    assert "connect the disk" in rebuilt.err
