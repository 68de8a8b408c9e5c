"""What `organize` puts into another place, or takes back from it, goes from where it was for no word of other people.

Whoever writes into a folder store can put other bytes under a name, so that its record stands; whoever writes to Azure,
in the place of a block that waits.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from s3sync.organize import run as organizing
from s3sync.organize.api import Organizer
from s3sync.pairs import held
from s3sync.pairs.api import TwoPlaces
from s3sync.pairs.moving import Done, Mover
from tests.kit.people import Person

FILM, SONG = b"the only copy of a film" * 99, b"a song"
NAMED = {"of 2026/film.mov": FILM, "of 2026/song.mp3": SONG}
LAYOUT = "of 2026/{name}"


@pytest.fixture
def ana(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person("ana", tmp_path / "ana", {"S3SYNC_STORE": f"file://{tmp_path / 'team'}"})
    monkeypatch.setenv("HOME", person.env()["HOME"])
    return person


def filled(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "film.mov").write_bytes(FILM)
    (root / "song.mp3").write_bytes(SONG)
    return root


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*.m*") if ".s3sync" not in path.as_posix())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def swapped(file: Path, content: bytes) -> None:
    """Other bytes in a folder store, so that its record of them stands."""
    before = file.stat()
    assert len(content) == before.st_size
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("moves", [False, True])
def test_f32_no_run_is_taken_back_for_what_a_folder_store_only_says_to_hold(
    ana: Person, tmp_path: Path, moves: bool
) -> None:
    """`moves`: the source has lost the file, and somebody put another one there, with its record."""
    nas, here = tmp_path / "nas", tmp_path / "here"
    nas.mkdir()
    TwoPlaces(str(filled(tmp_path / "source")), f"file://{nas}", path=ana.repo, environ=ana.env()).copy()
    kept = {name: (nas / name).stat().st_mtime_ns for name in ("film.mov", "song.mp3")}
    records = {path: path.read_bytes() for path in (nas / ".s3sync-store").rglob("*") if path.is_file()}
    organizer = Organizer(path=ana.repo, environ=ana.env())
    organizer.organize(f"file://{nas}", str(here), LAYOUT, moves=moves)
    if moves:
        for path, record in records.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(record)
        (nas / "film.mov").write_bytes(FILM)
        os.utime(nas / "film.mov", ns=(kept["film.mov"], kept["film.mov"]))
    swapped(nas / "film.mov", bytes(len(FILM)))
    for dry_run in (True, False):
        report = organizer.undo(dry_run=dry_run)
        assert [problem.path for problem in report.kept] == ["of 2026/film.mov"], dry_run
    assert files(here) == {"of 2026/film.mov": FILM} and files(nas)["song.mp3"] == SONG
    swapped(nas / "film.mov", FILM)
    assert not organizer.undo().kept and files(here) == {}


@pytest.fixture
def open_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder store that takes what others put in the place of a part, as Azure does."""
    monkeypatch.setattr(held, "has_open_parts", lambda store, size: size == len(FILM))


@pytest.mark.usefixtures("open_parts")
def test_f32_what_was_sent_in_open_parts_is_read_before_organize_takes_the_file(
    ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, nas = filled(tmp_path / "source"), tmp_path / "nas"
    nas.mkdir()
    real = organizing._take_away

    def take_away(*of_run: Any) -> set[str]:
        swapped(nas / "of 2026/film.mov", bytes(len(FILM)))
        return real(*of_run)

    monkeypatch.setattr(organizing, "_take_away", take_away)
    report = Organizer(path=ana.repo, environ=ana.env()).organize(str(source), f"file://{nas}", LAYOUT, moves=True)
    (problem,) = report.failed
    assert problem.path == "film.mov" and "other bytes than were sent" in problem.error
    assert files(source) == {"film.mov": FILM} and files(nas)["of 2026/song.mp3"] == SONG


@pytest.mark.usefixtures("open_parts")
def test_f32_and_before_taking_it_back_does(ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nas, here = tmp_path / "nas", tmp_path / "here"
    nas.mkdir()
    TwoPlaces(str(filled(tmp_path / "source")), f"file://{nas}", path=ana.repo, environ=ana.env()).copy()
    organizer = Organizer(path=ana.repo, environ=ana.env())
    organizer.organize(f"file://{nas}", str(here), LAYOUT, moves=True)
    real = Mover.copy_as

    def copy_as(mover: Mover, path: str, name: str) -> Done:
        done = real(mover, path, name)
        if name == "film.mov":
            swapped(nas / name, bytes(len(FILM)))
        return done

    monkeypatch.setattr(Mover, "copy_as", copy_as)
    (problem,) = organizer.undo().kept
    assert problem.path == "of 2026/film.mov" and "other bytes than were sent" in problem.error
    assert files(here) == {"of 2026/film.mov": FILM}
