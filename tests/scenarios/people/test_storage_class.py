"""Two people whose files go to another storage class from now on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import Moto

LARGE = 200 * 1024


@pytest.fixture
def david(moto: Moto, tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david", moto.environment("david"))
    person.ok("init", PROJECT, "--store", f"s3://{moto.bucket}/{tmp_path.name}", "--repo", REPO, cwd=person.repo)
    return person


def classes(moto: Moto, prefix: str) -> dict[str, str]:
    """The class of each object below a prefix, by the end of its key."""
    pages = moto._client(moto.admin).get_paginator("list_objects_v2").paginate(Bucket=moto.bucket, Prefix=prefix)
    found = [one for page in pages for one in page.get("Contents", ())]
    return {one["Key"].removeprefix(f"{prefix}/{REPO}/{PROJECT}/"): one["StorageClass"] for one in found}


def test_new_files_take_the_class_where_it_costs_no_more(moto: Moto, david: Person, tmp_path: Path) -> None:
    david.write("old.mov", b"o" * LARGE)
    david.ok("up")
    david.ok("config", "set", "storage_class", "standard_ia")
    david.write("notes.txt", b"small")
    david.write("new.mov", b"n" * LARGE)
    david.write("film.mov", b"f" * (9 * 1024 * 1024))
    david.ok("up")
    found = classes(moto, tmp_path.name)
    of_files = {name: found[name] for name in ("old.mov", "new.mov", "film.mov", "notes.txt", "metadata.json")}
    usual = "STANDARD"
    assert of_files == {
        "old.mov": usual,
        "new.mov": "STANDARD_IA",
        "film.mov": "STANDARD_IA",
        "notes.txt": usual,
        "metadata.json": usual,
    }
    (david.staging / "old.mov").rename(david.staging / "renamed.mov")
    david.write("new.mov", b"N" * LARGE)
    david.ok("sync")
    found = classes(moto, tmp_path.name)
    assert (found["renamed.mov"], found["new.mov"]) == ("STANDARD_IA", "STANDARD_IA")
    assert {kind for key, kind in found.items() if "/.s3sync/" in key} == {usual}
    david.ok("undo", "--yes")
    assert classes(moto, tmp_path.name)["new.mov"] == "STANDARD_IA"


@pytest.mark.parametrize("word", ["GLACIER", "deep_archive"])
def test_what_has_to_be_thawed_is_no_class_of_a_project(david: Person, word: str) -> None:
    said = david.expect(2, "config", "set", "storage_class", word)
    assert "cannot be read before they are thawed" in said.err and "s3sync archive" in said.err
    said = david.expect(2, "config", "set", "storage_class", "cheap")
    assert "STANDARD_IA" in said.err


def test_a_folder_has_no_classes(tmp_path: Path) -> None:
    jan = Person("jan", tmp_path / "jan")
    jan.ok("init", PROJECT, "--store", f"file://{tmp_path / 'nas'}", "--repo", REPO, cwd=jan.repo)
    jan.write("cut.mov", b"x")
    settings = jan.repo / ".s3sync.yaml"
    before = settings.read_text()
    settings.write_text(before + "accelerate: true\n")
    assert "only S3 on AWS has it" in jan.expect(2, "up").err
    settings.write_text(before + "storage_class: ONEZONE_IA\n")
    said = jan.expect(2, "up")
    assert all(words in said.err for words in ("no storage class ONEZONE_IA", ".s3sync.yaml", "take storage_class out"))
