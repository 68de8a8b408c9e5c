"""What the doctor says of this computer, and what `--fix` puts right there."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.disk.guarded import GuardedFolder
from s3sync.state.lock import project_lock
from s3sync.state.unfinished import UnfinishedTransfers
from tests.kit.people import PROJECT
from tests.scenarios.cli.conftest import mount_small_disk
from tests.scenarios.doctor.conftest import NewPatient, by_name, examine, levels, not_ok

__all__ = ["mount_small_disk"]


def test_gitignore(new_patient: NewPatient) -> None:
    david = new_patient()
    (david.repo / ".gitignore").write_text("*.log\n")
    assert levels(examine(david))["gitignore"] == "warn"
    report = examine(david, fix=True)
    assert levels(report)["gitignore"] == "ok" and "stays out of git" in report.fixed[0]
    assert (david.repo / ".gitignore").read_text().startswith("*.log\n")
    assert examine(david, fix=True).fixed == []


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_a_state_folder_that_is_shut(new_patient: NewPatient) -> None:
    david = new_patient()
    david.ok("up")
    folder = david.staging / ".s3sync"
    (folder / "state.db").chmod(0o400)
    folder.chmod(0o500)
    check = by_name(examine(david))["state_folder"]
    assert check.level == "fail" and check.hint == "s3sync doctor --fix"
    report = examine(david, fix=True)
    assert levels(report)["state_folder"] == "ok" and len(report.fixed) == 2
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "fail" not in levels(report).values()


@pytest.mark.parametrize("body", [b"\xff\n", b"a\\\n"])
def test_rules_for_which_every_run_is_refused_are_a_failure(new_patient: NewPatient, body: bytes) -> None:
    david = new_patient()
    david.ok("up")
    (david.repo / ".s3syncignore").write_bytes(body)
    told = david.expect(2, "status").err
    report = examine(david)
    (check,) = [check for check in report.checks if check.level == "fail"]
    assert check.found.split(": ")[0] in told and ".s3syncignore" in check.found


def test_a_state_folder_that_git_tracks_is_told_once(new_patient: NewPatient) -> None:
    """What is in it is not looked at: it may be a stranger's."""
    david = new_patient()
    david.ok("up")
    for words in (["init", "-q"], ["add", "-f", f"{PROJECT}/s3-staging/.s3sync/lock"]):
        subprocess.run(["git", *words], cwd=david.repo, check=True)
    found = by_name(examine(david))
    assert [name for name, check in found.items() if check.level == "fail"] == ["state_folder"]
    for name in ("file_system", "state_database", "partial_files", "lock"):
        assert (found[name].level, found[name].found) == ("skipped", "needs state folder")


def test_stale_partial_files_go_and_those_of_a_transfer_stay(new_patient: NewPatient) -> None:
    david = new_patient()
    david.ok("up")
    folder = david.staging / ".s3sync"
    goes_on = "0123456789abcdef0123456789abcdef"
    for name in (goes_on, "stale"):
        (folder / "partial" / name).write_bytes(b"half a film")
    abandoned, at_work = folder / "doctor-1", folder / "doctor-2"
    abandoned.mkdir()
    at_work.mkdir()
    os.utime(abandoned, (time.time() - 3600,) * 2)
    with Project.open(path=david.project, environ=david.env()).session.memory() as state:
        UnfinishedTransfers(state).begin(
            Unfinished("film.mp4", Direction.DOWN, "k", goes_on, "etag", 99, 16, "2026-01-01")
        )
    check = by_name(examine(david))["partial_files"]
    assert (check.level, check.found) == ("warn", "2 left by a run that was killed, 11 B")
    report = examine(david, fix=True)
    assert levels(report)["partial_files"] == "ok" and len(report.fixed) == 1
    assert [path.name for path in (folder / "partial").iterdir()] == [goes_on]
    assert not abandoned.exists() and at_work.exists()
    assert "1 unfinished transfers" in by_name(report)["state_database"].found


def test_who_holds_the_lock(new_patient: NewPatient) -> None:
    david = new_patient()
    david.ok("up")
    folder = david.staging / ".s3sync"
    (folder / "lock.json").write_text("{}")  # left by a run that was killed: nobody holds the lock
    assert levels(examine(david))["lock"] == "ok"
    with project_lock(GuardedFolder.open(folder), now=datetime.now(UTC)):
        check = by_name(examine(david))["lock"]
        assert check.level == "warn" and f"process {os.getpid()} on" in check.found
        damaged = b"not a database" * 400
        (folder / "state.db").write_bytes(damaged)
        (david.repo / ".gitignore").write_text("s3-staging/\n")
        david.expect(6, "doctor", "--fix")
        assert (folder / "state.db").read_bytes() == damaged
    david.ok("doctor", "--fix")


def test_a_disk_too_small_for_what_is_there(new_patient: NewPatient, mount_small_disk: Callable[[Path], None]) -> None:
    jan, david = new_patient(user="jan"), new_patient()
    jan.write("film.mp4", bytes(400_000))
    jan.ok("up")
    mount_small_disk(david.staging)
    report = examine(david)
    assert not_ok(report)["disk"] == "warn" and not_ok(report)["room_for_down"] == "fail"
    assert "`down` would fetch up to 400.0 KB; 262.1 KB are free" in by_name(report)["room_for_down"].found
    with (david.staging / "filler").open("wb") as filler, contextlib.suppress(OSError):
        filler.write(bytes(1_000_000))
    check = by_name(examine(david))["file_system"]
    assert check.level == "fail" and "hint" not in check.found and check.hint


def test_a_library_that_is_too_old(new_patient: NewPatient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    david = new_patient()
    check = by_name(examine(david))["versions"]
    assert check.level == "ok" and all(f"{name} " in check.found for name in ("Python", "SQLite", "obstore", "awscrt"))
    old = tmp_path / "site" / "obstore-0.9.3.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: obstore\nVersion: 0.9.3\n")
    monkeypatch.syspath_prepend(old.parent)
    check = by_name(examine(david))["versions"]
    assert check.level == "warn" and "obstore 0.9.3 is older than 0.12" in check.found
    assert check.hint and "docs/upgrade-and-remove.md" in check.hint


@pytest.mark.parametrize("entries", [":/usr/lib/mine", "/usr/lib/mine:", "lib", "/usr/lib/mine:./lib"])
def test_modules_from_the_current_folder(
    entries: str, new_patient: NewPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PYTHONPATH=$PYTHONPATH:/lib` begins with an empty entry where it was not set before."""
    david = new_patient()
    monkeypatch.setenv("PYTHONPATH", entries)
    check = by_name(examine(david))["versions"]
    assert check.level == "warn" and "PYTHONPATH names" in check.found and check.hint and "whole paths" in check.hint
    monkeypatch.setenv("PYTHONPATH", "/usr/lib/mine")
    assert by_name(examine(david))["versions"].level == "ok"


def test_what_is_missing_is_a_warning(new_patient: NewPatient) -> None:
    david = new_patient()
    david.environ = {**david.environ, "S3SYNC_USER": ""}
    (david.staging / "draft.mp4").unlink()
    david.staging.rmdir()
    (david.project / "notes.txt").touch()
    report = examine(david)
    assert levels(report)["settings"] == "warn"
    assert "s3sync config set user NAME" in (by_name(report)["settings"].hint or "")
    assert levels(report)["project"] == "fail" and levels(report)["state_database"] == "skipped"
    assert by_name(report)["list"].found == "needs project"
