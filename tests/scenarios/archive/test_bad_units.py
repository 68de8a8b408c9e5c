"""Units and indexes that are not as they should be: one clear error each, nothing lost, and the others are done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.archive.content import MOST_MEMORY, Content
from s3sync.archive.run_report import Options, UnitState
from s3sync.archive.upload import parts_at_once
from s3sync.archives import Archives
from s3sync.core.archive.values import Kind, Pack, Source
from s3sync.core.etag import MIB
from s3sync.transfer.progress import Silent, Work
from tests.kit.people import Person
from tests.scenarios.archive.conftest import at_home, put, settings
from tests.scenarios.archive.test_restore import tree_of
from tests.scenarios.cli.conftest import mount_small_disk

__all__ = ["mount_small_disk"]
PACKS = ["none", "tar", "tar.gz", "tar.zst"]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def desk(david: Person, vault: Path, pack: str, layout: str = "raw/{id}") -> Path:
    """Two units; the folder of the first."""
    text = f"store: {vault.as_uri()}, source: 'raw/*', layout: '{layout}', pack: {pack}"
    settings(david, f"archives:\n  sessions: {{{text}}}\n")
    put(david.repo, "raw/m31/a.fits", os.urandom(200_000))
    put(david.repo, "raw/m31/b.fits", os.urandom(1000))
    put(david.repo, "raw/m42/a.fits", b"light")
    return david.repo / "raw/m31"


def kept(vault: Path) -> list[str]:
    """Objects of the store that are archives, or of a unit."""
    return sorted(path.name for path in (vault / "raw").rglob("*") if path.is_file())


def test_a_unit_that_is_empty_is_told_and_the_others_are_sent(david: Person, vault: Path) -> None:
    shutil.rmtree(unit := desk(david, vault, "tar"))
    (unit / "cal").mkdir(parents=True)
    (unit / "cal/latest").symlink_to("elsewhere")
    planned = david.expect(3, "archive", "run", "--dry-run", cwd=david.repo)
    assert "m31: it cannot be archived: there is no file in it" in planned.err
    told = david.expect(3, "archive", "run", "--delete-local", cwd=david.repo)
    assert "cannot archive m31: there is no file in it" in told.err and "Traceback" not in told.err
    assert unit.exists() and kept(vault) == ["m42.tar", "m42.tar.index.json"]


@pytest.mark.parametrize("pack", PACKS)
def test_f52_a_hole_of_any_size_keeps_no_other_unit_from_being_sent(david: Person, vault: Path, pack: str) -> None:
    """Who may write into a unit makes one at no cost, and its parts would take the memory of the command."""
    unit = desk(david, vault, pack)
    with (unit / "a.fits").open("wb") as hole:
        hole.truncate(1 << 43)
    told = david.expect(3, "archive", "run", cwd=david.repo)
    assert "are too much for one object" in told.err and "max_size" in told.err and "Traceback" not in told.err
    assert "1 unit" in told.out and any("m42" in str(path) for path in (vault / "raw").rglob("*"))
    sent = [path.name for path in (vault / "raw").rglob("*") if path.is_file() and "m31" in str(path)]
    assert sent == (["b.fits"] if pack == "none" else [])


@pytest.mark.parametrize("pack", [Pack.NONE, Pack.TAR])
def test_parts_of_terabytes_are_fewer_at_once(pack: Pack) -> None:
    for size in (10 * MIB, 1 << 37, 1 << 40, 5 << 40):
        file = Source("film.mov", Kind.FILE, size, 0o644, 0)
        content = Content("film", "film", "/", None if pack is Pack.NONE else "film", (file,), pack)
        content.require_sendable()
        assert 1 <= parts_at_once(content.part_size) <= 5
        assert parts_at_once(content.part_size) * content.part_size <= MOST_MEMORY
    assert parts_at_once(16 * MIB) == 5


class Mischief(Silent):
    """Somebody who does something to a unit at the moment when its way up begins."""

    def __init__(self, unit: str, deed: Callable[[], object]) -> None:
        self._unit, self._deed = unit, deed

    def begin(self, work: Work, path: str, size: int) -> None:
        if work is Work.UPLOAD and path.startswith(self._unit):
            self._unit = "\0"
            self._deed()


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("deed", ["a file vanishes", "the unit vanishes", "a file grows", "a file is replaced"])
def test_a_unit_that_vanishes_or_changes_on_its_way_fails_alone(
    deed: str, pack: str, david: Person, vault: Path
) -> None:
    unit = desk(david, vault, pack)
    deeds: dict[str, Callable[[], object]] = {
        "a file vanishes": lambda: (unit / "b.fits").unlink(),
        "the unit vanishes": lambda: unit.rename(david.root / "elsewhere"),
        "a file grows": lambda: put(unit, "b.fits", os.urandom(2000)),
        "a file is replaced": lambda: put(unit, "b.fits", os.urandom(1000), when=1_705_320_001),
    }
    archives = Archives.open(path=david.repo, environ=at_home(david), progress=Mischief("m31", deeds[deed]))
    report = archives.run(options=Options(delete_local=True))
    assert report.exit_code == 3
    assert {one.unit: one.state for one in report.units} == {"m31": UnitState.FAILED, "m42": UnitState.SENT}
    failed = next(one for one in report.units if one.unit == "m31")
    assert failed.error and ("b.fits" in failed.error or "m31" in failed.error)
    assert not (david.repo / "raw/m42").exists(), "the other unit is archived and gone"
    rest = david.root / "elsewhere" if deed == "the unit vanishes" else unit
    assert (rest / "a.fits").stat().st_size == 200_000
    assert "m31.tar" not in " ".join(kept(vault)), "what is not whole has no key"
    listed = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    assert [one["unit"] for one in listed] == ["m42"]


def test_links_in_a_circle_come_back_as_links_and_hard_links_as_copies(david: Person, vault: Path) -> None:
    unit = desk(david, vault, "tar")
    os.link(unit / "a.fits", unit / "again.fits")
    (unit / "one").symlink_to("two")
    (unit / "two").symlink_to("one")
    (unit / "self").symlink_to(".")
    before = tree_of(unit)
    david.ok("archive", "run", "--delete-local", "--deep", cwd=david.repo)
    assert not unit.exists()
    david.ok("restore", "m31", cwd=david.repo)
    after = tree_of(unit)
    assert {name: one for name, one in after.items() if one[0] == "link"} == {
        name: one for name, one in before.items() if one[0] == "link"
    }
    assert tree_of(unit)["again.fits"] == before["again.fits"]
    assert (unit / "a.fits").stat().st_ino != (unit / "again.fits").stat().st_ino
    assert (unit / "one").readlink() == Path("two") and (unit / "self").readlink() == Path()


def test_two_units_with_one_key_send_nothing_at_all(david: Person, vault: Path) -> None:
    desk(david, vault, "tar", layout="raw/{year}")
    refused = david.run("archive", "run", "--delete-local", cwd=david.repo)
    assert refused.code in (1, 2) and "m31 and" in refused.err and "hint: " in refused.err
    assert not kept(vault) and (david.repo / "raw/m42/a.fits").exists()


WRONG: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-700] + os.urandom(700)),
    "gone": lambda path: path.unlink(),
    "another's": lambda path: shutil.copy(path.with_name(path.name.replace("m31", "m42")), path),
}


@pytest.mark.parametrize("what", ["archive", "index"])
@pytest.mark.parametrize("wrong", WRONG)
def test_an_archive_or_index_that_is_not_its_own_keeps_the_files_and_makes_none(
    wrong: str, what: str, david: Person, vault: Path
) -> None:
    unit = desk(david, vault, "tar")
    david.ok("archive", "run", cwd=david.repo)
    before, contents = tree_of(unit), {path.name: path.read_bytes() for path in unit.iterdir()}
    WRONG[wrong](vault / ("raw/m31.tar" if what == "archive" else "raw/m31.tar.index.json"))
    told = david.run("archive", "run", "m31", "--delete-local", cwd=david.repo)
    if (what, wrong) == ("index", "gone"):  # it is there without an index: what has the key is sent again or refused
        assert told.code in (0, 3), told
    else:
        assert told.code == 3 and "hint: " in told.err and "Traceback" not in told.err, told
        assert tree_of(unit) == before
    back = david.run("restore", "m31", "--to", str(david.root / "back"), cwd=david.repo)
    assert "Traceback" not in back.err
    for path in (david.root / "back").rglob("*.fits"):
        assert path.read_bytes() == contents[path.name], "what comes back is whole, or has no name"


@pytest.mark.parametrize("line", ["{", '{"format": 1}', "\x1b[2J", '{"format": 99}'])
def test_a_bad_row_is_told_by_its_line_and_hides_no_other(line: str, david: Person, vault: Path) -> None:
    """Who only reads goes on with the others; who would write changes nothing, and nothing is forgotten."""
    unit = desk(david, vault, "none")
    david.ok("archive", "run", cwd=david.repo)
    path = vault / ".s3sync/archive/sessions.jsonl"
    rows = path.read_text().splitlines()
    (bad,) = [number for number, row in enumerate(rows, 1) if json.loads(row)["unit"] == "m42"]
    held = "\n".join(line if number == bad else row for number, row in enumerate(rows, 1)) + "\n"
    path.write_text(held)
    contents = {one.name: one.read_bytes() for one in unit.iterdir()}
    for _ in range(2):  # the second time as well: it is still there
        told = david.expect(3, "archive", "catalogue", "rebuild", cwd=david.repo).err
        assert f"line {bad} of " in told and "sessions.jsonl" in told and "\x1b" not in told
        listed = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
        assert {one["unit"] for one in listed} == {"m31", "m42"}, "nothing is forgotten"
    david.ok("restore", "m31", "--to", str(david.root / "back"), cwd=david.repo)
    assert {one.name: one.read_bytes() for one in (david.root / "back/m31").iterdir()} == contents
    david.ok("archive", "verify", "m31", "--deep", cwd=david.repo)
    for words in (
        ("restore", "m42"),
        ("archive", "verify", "m42"),
        ("archive", "run", "--force"),
        ("archive", "remove", "m42", "--yes", "--last-copies"),
        ("archive", "remove", "m31", "--yes", "--last-copies"),
    ):
        refused = david.run(*words, cwd=david.repo)
        assert refused.code in (1, 3) and f"line {bad} of " in refused.err, (words, refused)
    assert path.read_text() == held and kept(vault) == ["a.fits", "a.fits", "b.fits"]
    david.expect(3, "archive", "catalogue", "rebuild", "--anew", cwd=david.repo)
    david.ok("restore", "m31", "--to", str(david.root / "again"), cwd=david.repo)


@pytest.mark.parametrize("pack", ["none", "tar"])
def test_an_index_of_a_newer_version_is_left_alone_and_upgrading_is_said(pack: str, david: Person, vault: Path) -> None:
    unit = desk(david, vault, pack)
    david.ok("archive", "run", cwd=david.repo)
    path = vault / (".s3sync/archive/sessions.jsonl" if pack == "none" else "raw/m31.tar.index.json")
    lines = [json.loads(line) | {"format": 99} for line in path.read_text().splitlines()]
    path.write_text("\n".join(map(json.dumps, lines)))
    before, held = tree_of(unit), path.read_bytes()
    for words in (
        ("archive", "run", "m31", "--delete-local"),
        ("archive", "run", "m31", "--force"),
        ("archive", "catalogue", "rebuild", "--anew"),
    ):
        refused = david.run(*words, cwd=david.repo)
        assert refused.code in (1, 3) and "a newer s3sync wrote it" in refused.err, (words, refused)
        assert "upgrade s3sync" in refused.err
        assert (tree_of(unit), path.read_bytes()) == (before, held)


def test_a_disk_that_fills_up_in_a_restore_keeps_what_came_and_the_rest_comes_later(
    david: Person, vault: Path, mount_small_disk: Callable[[Path], None]
) -> None:
    """200 files of a few bytes: they fit by their sizes, and each takes a page of the disk."""
    unit = desk(david, vault, "tar")
    for number in range(200):
        put(unit, f"{number:03}.txt", str(number).encode())
    (unit / "a.fits").unlink()
    david.ok("archive", "run", cwd=david.repo)
    small = david.root / "small"
    small.mkdir()
    mount_small_disk(small)
    full = david.expect(1, "restore", "m31", "--to", str(small), cwd=david.repo)
    assert "No space left" in full.err or "full" in full.err
    assert "hint: " in full.err and "Traceback" not in full.err
    there = {path.name: path.read_bytes() for path in (small / "m31").iterdir()}
    assert 10 < len(there) < 200 and all((unit / name).read_bytes() == body for name, body in there.items()), (
        "each is whole"
    )
    subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
    david.ok("restore", "m31", "--to", str(small), cwd=david.repo)
    assert tree_of(small / "m31") == tree_of(unit)
    david.ok("archive", "verify", "--deep", cwd=david.repo)
