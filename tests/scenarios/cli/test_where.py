"""`s3sync` alone: where things stand and the next sensible command; outside of a project, what to do first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from s3sync.cli.show.where import next_step
from s3sync.core.pins import Difference
from s3sync.core.reconcile import State
from s3sync.sync.report import FileStatus, ProjectAddress, StatusReport
from tests.kit.people import PROJECT, Person, pair

S = State


def report(*states: State, default: bool = False, pin: Difference | None = None) -> StatusReport:
    place = ProjectAddress("b63", "repo", "s3://bucket", Path("/r/b63"), default)
    found = StatusReport(place)
    found.files.extend(FileStatus(f"{number}.mp4", state, 1, None, None, None) for number, state in enumerate(states))
    found.pin = pin
    return found


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (report(), "put files into the staging folder"),
        (report(S.IN_SYNC), "nothing to do"),
        (report(S.IN_SYNC, default=True), "s3sync init --store"),
        (report(S.IN_SYNC, S.LOCAL_NEW), "`s3sync up` sends"),
        (report(S.LOCAL_MODIFIED, S.LOCAL_DELETED), "`s3sync up` sends"),
        (report(S.REMOTE_NEW), "`s3sync down` fetches what is newer there"),
        (report(S.REMOTE_MODIFIED, S.LOCAL_NEW), "then `s3sync up` sends yours"),
        (report(S.CONFLICT, S.LOCAL_NEW, S.REMOTE_NEW), "`s3sync conflicts`"),
        (report(S.LOCAL_DELETED), "sync --dry-run"),
        (report(S.REMOTE_DELETED, S.IN_SYNC), "sync --dry-run"),
        (report(S.CLEANED_UP), "was cleaned up"),
        (report(S.IN_SYNC, pin=Difference({"changed": 1})), "`s3sync pin`"),
        (report(S.LOCAL_NEW, pin=Difference({"changed": 1})), "`s3sync up`"),
    ],
)
def test_the_table_of_next_steps(found: StatusReport, said: str) -> None:
    assert said in next_step(found)


def test_in_a_project_it_says_what_status_says_in_short_and_what_comes_next(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    assert "put files into" in david.ok().out
    for number in range(12):
        david.write(f"{number:02}.mp4", f"file {number}")
    shown = david.ok().out
    assert f"{PROJECT}: 12 to upload" in shown and "`s3sync status` names all" in shown and "07.mp4" in shown
    assert "Next: `s3sync up` sends" in shown and "09.mp4" not in shown and shown.count("Next:") == 1
    david.ok("up")
    assert "Next: `s3sync down` fetches" in jan.ok().out
    jan.ok("down")
    jan.ok("lock", "01.mp4", "--why", "grading")
    jan.write("02.mp4", "of jan")
    jan.ok("up")
    david.write("02.mp4", "of david")
    shown = david.ok(cwd=david.staging).out
    assert "01.mp4" in shown and "grading" in shown and "1 in conflict" in shown and "s3sync conflicts" in shown
    assert david.ok("status", "--json").json["counts"]["conflict"] == 1


def test_the_help_is_still_there(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for words in (("--help",), ("-h",), ("help",)):
        assert "Usage: s3sync" in david.ok(*words).out and "Exchange files" in david.ok(*words).out


def test_outside_of_a_project_it_says_what_to_do_first_and_makes_nothing(tmp_path: Path) -> None:
    person = Person("eve", tmp_path / "eve")
    before = sorted(tmp_path.rglob("*"))
    told = person.expect(2, cwd=person.root)
    assert "You are in no repository" in told.out and "git init" in told.out and "s3sync --help" in told.out
    told = person.expect(2, cwd=person.repo)
    assert "has no project on this computer yet" in told.out and "s3sync init PROJECT" in told.out
    assert sorted(tmp_path.rglob("*")) == before
    person.ok("init", "b40", "--store", f"file://{tmp_path / 'store'}", "--user", "eve", cwd=person.repo)
    told = person.expect(2, cwd=person.repo)
    assert "You are in no project. On this computer: b40" in told.out and "s3sync status --all" in told.out
    (person.repo / ".s3sync.yaml").write_text("stroe: x\n")
    assert "unknown setting" in person.expect(2, cwd=person.repo).err


def test_a_store_that_does_not_answer_is_the_error_of_status(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    away = {"S3SYNC_STORE": f"file://{tmp_path / 'unplugged'}"}
    assert david.run(env=away).err == david.run("status", env=away).err != ""


def test_a_pipe_gets_the_same_text(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    piped = subprocess.run(
        [*david.program], cwd=david.project, env=david.env(), capture_output=True, text=True, check=False, timeout=100
    )
    assert piped.returncode == 0 and piped.stdout == david.ok().out
