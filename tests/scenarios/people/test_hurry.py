"""Somebody in a hurry with the commands for working together: a hint names the command that helps, as it is typed."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync import connect
from s3sync.cli.main import run
from s3sync.cli.options import EXIT_CODES
from s3sync.cli.output import hint_of
from s3sync.cli.show.where import next_step
from s3sync.config import Settings
from s3sync.core.reconcile import State
from s3sync.core.team import FileLock, LockState
from s3sync.errors import StoreError, Unsupported
from s3sync.sync.locked import until_text
from s3sync.sync.report import FileStatus, ProjectAddress, StatusReport
from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import SeaweedFS

People = tuple[Person, Person]


@pytest.fixture
def people(tmp_path: Path) -> People:
    """David has uploaded a film. Jan has the repository, and nothing of the project."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("cut/color.mp4", "ungraded")
    david.ok("up")
    shutil.rmtree(jan.project)
    return david, jan


def test_in_a_new_clone_s3sync_alone_names_what_can_be_fetched(people: People) -> None:
    _, jan = people
    told = jan.expect(2, cwd=jan.repo).out
    assert f"In the store: {PROJECT}" in told and f"Next: `s3sync down {PROJECT}`" in told and "init" not in told
    assert not jan.project.exists()
    jan.ok("down", PROJECT, cwd=jan.repo)
    assert f"On this computer: {PROJECT}" in jan.expect(2, cwd=jan.repo).out


def test_in_a_new_clone_a_store_that_does_not_answer_is_given_up_soon(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, jan = people
    asked: list[Settings] = []

    def there(settings: Settings) -> list[str]:
        asked.append(settings)
        return []

    monkeypatch.setattr(connect, "projects_there", there)
    for name in [name for name in os.environ if name.startswith(("S3SYNC_", "XDG_", "AWS_"))]:
        monkeypatch.delenv(name)
    for name, value in jan.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(jan.repo)
    assert run([]) == 2
    assert [one.retries for one in asked] == [0]


def test_before_the_first_down_a_look_at_the_inbox_says_that_it_is_not_remembered(people: People) -> None:
    _, jan = people
    in_project = {"cwd": jan.repo}
    for _ in range(2):
        told = jan.ok("inbox", "--project", PROJECT, **in_project)
        assert "david uploaded cut/color.mp4" in told.out and "this look is told again" in told.err
    jan.ok("down", PROJECT, **in_project)
    assert "told again" not in jan.ok("inbox").err
    assert "nothing new" in jan.ok("inbox").out


def test_a_pin_before_the_first_down_writes_no_empty_file(people: People) -> None:
    _, jan = people
    refused = jan.expect(5, "pin", "--project", PROJECT, cwd=jan.repo)
    assert "nothing was pinned" in refused.err and "`s3sync down`" in refused.err
    assert not list(jan.repo.rglob("*.lock.yaml"))
    jan.ok("down", PROJECT, cwd=jan.repo)
    missing = jan.expect(2, "down", "--pinned")
    assert f"git log -- {jan.project}" in missing.err


def test_a_name_that_is_nearly_one_is_asked_about(people: People) -> None:
    david, _ = people
    for verb, code in (("lock", 2), ("who", 2)):
        assert "did you mean 'cut/color.mp4'?" in david.expect(code, verb, "cut/colour.mp4").err
    assert "`s3sync versions cut/color.mp4`" in david.expect(2, "down", "cut/color.mp4", "--version", "zz").err
    assert "`s3sync versions cut/color.mp4`" in david.expect(2, "down", "cut/color.mp4", "--at", "2001-01-01").err


def test_a_time_without_its_unit_is_not_answered_with_a_shorter_one(people: People) -> None:
    david, _ = people
    refused = david.expect(2, "lock", "cut/color.mp4", "--for", "8").err
    assert "its unit, as `--for 8h`" in refused and "for less" not in refused
    assert "for less" in david.expect(2, "lock", "cut/color.mp4", "--for", "90d").err
    for verb in ("share", "receive"):
        files = ["cut/color.mp4"] if verb == "share" else []
        refused = david.expect(2, verb, *files, "--expires", "5").err
        assert "--expires 2d" in refused and "at most" not in refused
        assert "7d at most" in david.expect(2, verb, *files, "--expires", "30d").err


def test_a_log_says_no_kind_where_none_was_asked_for(people: People, tmp_path: Path) -> None:
    david, _ = people
    assert "0 entries of this kind; `s3sync log` shows all" in david.ok("log", "--by", "nobody").out
    other = Person("eve", tmp_path / "eve")
    other.ok("init", "b40", "--store", f"file://{tmp_path / 'other'}", "--user", "eve", cwd=other.repo)
    assert other.ok("log", cwd=other.repo / "b40").out.endswith("Summary: 0 entries\n")


def test_what_others_have_locked_is_no_next_step() -> None:
    place = ProjectAddress("b63", "repo", "s3://bucket", Path("/r/b63"), False)
    report = StatusReport(place, locks=[FileLock("1", "", LockState.HELD, name="a.mp4", by="jan")])
    report.files.append(FileStatus("a.mp4", State.LOCAL_MODIFIED, 1, None, None, None))
    assert "unlocked" in next_step(report, "david") and "sends" not in next_step(report, "david")
    assert "`s3sync up` sends" in next_step(report, "jan")
    report.files.append(FileStatus("b.mp4", State.LOCAL_NEW, 1, None, None, None))
    assert "`s3sync up` sends" in next_step(report, "david")


def test_two_weeks_are_said_in_days() -> None:
    until = datetime(2026, 12, 10, 16, tzinfo=UTC)
    for left_s, said in ((3540, "59 min"), (3600, "1 h 0 min"), (172_799, "2 d 0 h"), (14 * 86_400, "14 d 0 h")):
        held = FileLock("1", "", LockState.HELD, name="a", by="jan", until=until, left_s=left_s)
        assert f"({said}" in until_text(held), until_text(held)


@pytest.mark.seaweedfs
def test_a_server_that_knows_no_users_is_not_asked_again(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    store = f"s3://{seaweedfs.bucket}/hurry-{secrets.token_hex(4)}"
    david = Person("david", tmp_path / "david", seaweedfs.environment("david"))
    refused = david.expect(1, "setup", "member", "jan", "--yes", "--store", store, cwd=david.repo)
    assert "could not look for the user jan\n" in refused.err and "does not answer as IAM does" in refused.err
    assert "`s3sync setup policy`" in refused.err and "run the command again" not in refused.err


@pytest.mark.seaweedfs
def test_who_may_not_write_opens_no_inbox_and_is_not_told_that_the_store_cannot(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    store = f"s3://{seaweedfs.bucket}/hurry-{secrets.token_hex(4)}"
    david, _ = pair(tmp_path, store, {name: seaweedfs.environment(name) for name in ("david", "jan")})
    david.write("color.mp4", "graded")
    david.ok("up")
    refused = david.expect(1, "receive", "--json", env=seaweedfs.environment("reader")).json["error"]
    assert refused["type"] == "AccessDenied" and "s3:PutObject" in refused["hint"]
    assert david.ok("receive", "--list", "--json").json["inboxes"] == []


def test_what_a_store_does_not_know_is_not_to_be_tried_again() -> None:
    assert hint_of(Unsupported("could not set the rules", why="not implemented")).startswith("use a store that can")
    assert "again" in hint_of(StoreError("could not list"))


def test_the_exit_codes_of_a_help_fit_a_terminal_of_80_columns() -> None:
    assert all(len(f"    {code}  {text}") < 80 for code, text in EXIT_CODES.items())


def test_a_word_that_a_group_does_not_have_is_answered_with_those_it_has(people: People) -> None:
    david, _ = people
    told = david.expect(2, "members", "add", "eve").err
    assert "no command 'add' of `s3sync members`" in told and "its commands are list, remove\n" in told
    assert "its commands are" not in david.expect(2, "locks", "--json", "a", "b", "c").err
    assert "'x' is not a whole number" in david.expect(2, "log", "--most", "x").err


def test_what_came_back_after_a_cleanup_is_lacking_until_it_is_acknowledged(people: People) -> None:
    david, jan = people
    jan.ok("down", PROJECT, cwd=jan.repo)
    david.ok("cleanup", "--yes")
    david.ok("up", "--again")
    assert "jan  has not fetched 1 file" in david.ok("who").out
    jan.ok("down", "--ack")
    assert "jan  has everything" in david.ok("who").out


def test_the_hint_of_a_conflict_decides_it_when_it_is_typed(people: People) -> None:
    david, jan = people
    jan.ok("down", PROJECT, cwd=jan.repo)
    david.write("cut/a b.mp4", "of david")
    david.ok("up")
    jan.write("cut/a b.mp4", "of jan, longer")
    assert "`s3sync resolve 'cut/a b.mp4'` asks" in jan.expect(4, "up").err
    told = jan.expect(4, "up", PROJECT, cwd=jan.repo).err
    assert f"`s3sync sync {PROJECT}` keeps both" in told
    hinted = told.partition(f"`s3sync sync {PROJECT}` keeps both versions; `s3sync ")[2].partition("`")[0]
    jan.ok(*shlex.split(hinted), "--mine", cwd=jan.repo)
    david.ok("down")
    assert david.read("cut/a b.mp4") == b"of jan, longer"


def test_an_import_of_a_file_that_is_not_there_says_which_are_meant(people: People) -> None:
    david, _ = people
    refused = david.expect(2, "archive", "import", "s3_confg.json").err
    assert "there is no such file" in refused and "s3_config.json" in refused and "s3sync config" not in refused
