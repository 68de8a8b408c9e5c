"""What a killed run left of a conflict, on a real disk: each case of the table in `core/keep_both.py`, and worse."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.core.entries import Entry
from s3sync.core.keep_both import Fingerprint, Intent
from s3sync.state.intents import Intents
from s3sync.state.opening import open_memory
from s3sync.state.places import StorePlace
from s3sync.sync.recover import recover

OWN, COPY = "cut/é.mp4", "cut/é.conflict-jan-20251103-143000.mp4"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    repo = tmp_path / "v-appydave"
    (repo / ".git").mkdir(parents=True)
    (repo / "b63/s3-staging/cut").mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "S3SYNC_USER": "jan", "S3SYNC_STORE": (tmp_path / "store").as_uri()}
    (tmp_path / "store").mkdir()
    return Project.open(path=repo / "b63", environ=environ)


def noted(file: Path, staging: Path, *, arrived: bool = False) -> Intent:
    status = file.lstat()
    mine = Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino)
    return Intent(OWN, COPY, "jan", "2025-11-03T14:30:00Z", file.relative_to(staging).as_posix(), mine, arrived)


def after(project: Project, *intents: Intent) -> tuple[dict[str, bytes], list[str], bool]:
    """The files after a repair, what is still noted, and whether the base still has the name."""
    session, staging = project.session, project.staging
    (staging / ".s3sync").mkdir(exist_ok=True)
    with session.memory() as state:
        state.save(base={OWN: Entry(1, None, "e")})
        for intent in intents:
            Intents(state).keep_both(intent)
        recover(session, state)
        left, in_base = [intent.kept_as for intent in Intents(state).moves()], OWN in state.load_base()
    files = {path: path.read_bytes() for path in staging.rglob("*") if path.is_file() and ".s3sync" not in path.parts}
    return {path.relative_to(staging).as_posix(): data for path, data in files.items()}, left, in_base


@pytest.mark.parametrize("spelled", [unicodedata.normalize("NFC", OWN), unicodedata.normalize("NFD", OWN)], ids=ascii)
@pytest.mark.parametrize("move", [os.link, os.rename], ids=["two names", "moved"])
def test_f01_a_file_on_its_way_gets_its_name_back_as_it_was_spelled(
    project: Project, move: Callable[[Path, Path], None], spelled: str
) -> None:
    """The disk may spell a name as a Mac does: then what stands under the other spelling says nothing."""
    own, kept = project.staging / spelled, project.staging / COPY
    own.write_bytes(b"mine")
    intent = noted(own, project.staging)
    move(own, kept)
    assert after(project, intent) == ({spelled: b"mine"}, [], True)


def test_f01_both_stand(project: Project) -> None:
    own, kept = project.staging / OWN, project.staging / COPY
    kept.write_bytes(b"mine")
    own.write_bytes(b"theirs")
    assert after(project, noted(kept, project.staging)) == ({OWN: b"theirs", COPY: b"mine"}, [COPY], True)


def test_f01_equal_bytes_in_two_files_stay_two_files(project: Project) -> None:
    own, kept = project.staging / OWN, project.staging / COPY
    for file in (own, kept):
        file.write_bytes(b"mine")
        os.utime(file, (1, 1))
    assert after(project, noted(own, project.staging)) == ({OWN: b"mine", COPY: b"mine"}, [COPY], True)


def test_f18_a_copy_that_was_edited_stays_and_its_absence_elsewhere_is_no_deletion(project: Project) -> None:
    own, kept = project.staging / OWN, project.staging / COPY
    own.write_bytes(b"mine")
    intent = noted(own, project.staging)
    own.rename(kept)
    kept.write_bytes(b"mine, edited")
    assert after(project, intent) == ({COPY: b"mine, edited"}, [], False)


def test_f31_whichever_store_is_in_use_the_file_gets_its_name_back(project: Project) -> None:
    """The run that was killed worked with another place: in this one its file would look deleted."""
    own, kept = project.staging / OWN, project.staging / COPY
    own.write_bytes(b"mine")
    intent = noted(own, project.staging)
    own.rename(kept)
    (project.staging / ".s3sync").mkdir()
    elsewhere = StorePlace(f"s3://another/{project.session.project.prefix}")
    with open_memory(project.session.project.state_dir, elsewhere, project.session.settings.env) as state:
        Intents(state).keep_both(intent)
    assert after(project) == ({OWN: b"mine"}, [], True)


def test_what_arrived_and_was_deleted_by_the_user_is_a_deletion(project: Project) -> None:
    kept = project.staging / COPY
    kept.write_bytes(b"mine")
    intent = noted(kept, project.staging, arrived=True)
    assert after(project, intent) == ({COPY: b"mine"}, [COPY], True)


@pytest.mark.parametrize("kept_as", ["../outside.mp4", "/tmp/x", ".s3sync/state.db", "away/outside.mp4"])
def test_a_note_that_leads_elsewhere_takes_nothing_away(project: Project, tmp_path: Path, kept_as: str) -> None:
    """Whoever can write into state.db, or swap a folder for a link, gets no file deleted or moved by it."""
    own, outside = project.staging / OWN, tmp_path / "outside.mp4"
    own.write_bytes(b"mine")
    os.link(own, outside)
    (project.staging / "away").symlink_to(tmp_path, target_is_directory=True)
    intent = Intent(OWN, kept_as, "jan", "", "", Fingerprint(4, own.lstat().st_mtime_ns, own.lstat().st_ino))
    files, _, _ = after(project, intent)
    assert files == {OWN: b"mine"} and outside.read_bytes() == b"mine"
    own.unlink()
    assert after(project, intent)[0] == {} and outside.read_bytes() == b"mine"
