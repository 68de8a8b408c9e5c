"""Keys that another unit has: refused before anything is sent, and never replaced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def rules(david: Person, vault: Path, text: str) -> None:
    settings(david, f"archives: {{sets: {{store: {vault.as_uri()}, {text}}}}}\n")


def objects(vault: Path) -> dict[str, bytes]:
    """What the store holds of units, and their indexes."""
    found = (path for path in vault.rglob("*") if path.is_file())
    return {
        path.relative_to(vault).as_posix(): path.read_bytes()
        for path in found
        if path.relative_to(vault).parts[0] != ".s3sync-store"
    }


def given(person: Person, vault: Path, text: str, names: list[str]) -> None:
    """Write the rules, and files of these names."""
    rules(person, vault, text)
    for name in names:
        put(person.repo, name, os.urandom(900))


SHAPES = {
    "file": ("source: cards, unit: file, layout: '{name}'", "cards/one/C1.MP4", "cards/two/C1.MP4"),
    "folder": ("source: 'raw/*/*', layout: '{id}', pack: tar", "raw/2023/m42/a.fits", "raw/2024/m42/a.fits"),
    "loose": ("source: 'raw/*/*', layout: '{id}', pack: none", "raw/2023/m42/a.fits", "raw/2024/m42/a.fits"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_archive_of_a_unit_that_left_this_disk_is_not_replaced_by_another_units(
    shape: str, david: Person, vault: Path
) -> None:
    text, first, second = SHAPES[shape]
    rules(david, vault, text)
    one = put(david.repo, first, os.urandom(3000))
    body = one.read_bytes()
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    put(david.repo, second, b"another one")
    before = objects(vault)
    for words in ((), ("--force",), ("--force", "--dry-run")):
        told = david.expect(3, "archive", "run", *words, cwd=david.repo)
        assert "the archive of another unit, " in told.err and "which is never replaced" in told.err
        assert "--force replaces" not in told.err
    assert objects(vault) == before
    shutil.rmtree(david.repo / second.partition("/")[0])
    put(david.repo, f"{second.partition('/')[0]}/keep", b"").unlink()
    david.ok("restore", "*", "--yes", cwd=david.repo)
    assert one.read_bytes() == body


def test_a_unit_that_was_moved_here_is_known_by_its_files(david: Person, vault: Path) -> None:
    rules(david, vault, "source: 'raw/*/*', layout: '{id}', pack: tar")
    put(david.repo, "raw/2023/m42/a.fits", b"light")
    david.ok("archive", "run", cwd=david.repo)
    (david.repo / "raw/2023").rename(david.repo / "raw/2022")
    assert "1 archived already" in david.ok("archive", "run", cwd=david.repo).out
    assert "another unit" in david.expect(3, "archive", "run", "--force", cwd=david.repo).err


TWINS = {
    "sidecars": (
        "source: cards, unit: file, layout: '{stem}.{ext}', select: ['*.MOV', '*.JPG'], sidecars: ['*.xmp']",
        ["cards/a/P1.JPG", "cards/a/P1.xmp", "cards/b/P1.MOV", "cards/b/P1.xmp"],
        "'P1.xmp': it is a sidecar of b/P1.MOV",
    ),
    "a sidecar and a unit": (
        "source: cards, unit: file, layout: '{name}', select: ['*.JPG', 'list.txt'], sidecars: ['*.txt']",
        ["cards/a/list.JPG", "cards/a/list.txt", "cards/b/list.txt"],
        "'list.txt': it is a sidecar of a/list.JPG",
    ),
    "a volume": (
        "source: 'raw/*', layout: 'x/{id}', pack: tar.gz, max_size: 1K",
        ["raw/m42/a.fits", "raw/m42/b.fits", "raw/m42.002/c.fits"],
        "'x/m42.002.tar.gz': it is a volume of m42",
    ),
}


@pytest.mark.parametrize("twin", TWINS)
def test_what_two_units_would_have_beside_their_keys_is_refused_before_anything_is_sent(
    twin: str, david: Person, vault: Path
) -> None:
    text, names, said = TWINS[twin]
    given(david, vault, text, names)
    for words in (("run",), ("run", "--dry-run"), ("analyze",)):
        told = david.expect(2, "archive", *words, cwd=david.repo)
        assert "would have one key" in told.err and said in told.err
    assert not objects(vault)


def test_a_unit_that_is_not_split_may_have_a_neighbour_named_like_a_volume(david: Person, vault: Path) -> None:
    text = "source: 'raw/*', layout: '{id}', pack: tar, max_size: 1M"
    given(david, vault, text, ["raw/m42/a.fits", "raw/m42.001/b.fits"])
    david.ok("archive", "run", cwd=david.repo)
    assert {"m42.tar", "m42.001.tar"} < objects(vault).keys()


def test_the_sidecar_of_a_unit_that_left_this_disk_is_not_replaced(david: Person, vault: Path) -> None:
    text, names, _ = TWINS["sidecars"]
    given(david, vault, text, names[:2])
    david.ok("archive", "run", "--delete-local", cwd=david.repo)
    before = objects(vault)["P1.xmp"]
    given(david, vault, text, names[2:])
    assert "P1.xmp is there already" in david.expect(3, "archive", "run", "--force", cwd=david.repo).err
    assert objects(vault)["P1.xmp"] == before
