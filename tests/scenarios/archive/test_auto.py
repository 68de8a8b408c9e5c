"""`archive auto` through the command line: what goes, what stays and why, windows, budgets, clocks, other runs."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive.auto_state import kept
from s3sync.archives import Archives
from s3sync.archives.auto_report import AutoOptions, Step, StepState
from s3sync.core.archive.automation import Candidate
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import Halt
from s3sync.state.lock import project_lock
from s3sync.transfer.progress import Silent, Work
from tests.kit.people import PROJECT, Person, pair
from tests.kit.receiver import chat
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import at_home, own_settings, put, settings

MIB = 1024 * 1024
SSD = """
archives:
  ssd: {{store: 'file://{root}/T7/projects', source: '{source}', layout: '{{id}}', pack: none}}
"""
VAULT = """
prices: {{us-east-1: {{storage: {{STANDARD: 100000, GLACIER: 1}}, write: {{STANDARD: 0, GLACIER: 0}}}}}}
archives:
  vault:
    store: s3://{bucket}/{prefix}
    source: '{source}'
    layout: "{{id}}"
    endpoint_url: {endpoint}
    region: us-east-1
"""


class Desk:
    """Somebody with old projects in a folder, and an SSD."""

    def __init__(self, root: Path) -> None:
        self.david, self.root = Person("david", root / "david"), root
        self.video, self.ssd = root / "video", root / "T7"
        own_settings(self.david, SSD.format(root=root, source=self.video))
        self.ssd.mkdir()
        put(self.video, "b40/cut/a.mp4", os.urandom(30_000))
        put(self.video, "b41/x.mp4", os.urandom(20_000), int(time.time()))

    def auto(self, *words: str, code: int = 0) -> Any:
        return self.david.expect(code, "archive", "auto", *words, cwd=self.david.repo)

    def archives(self, after: timedelta = timedelta(0)) -> Archives:
        """The same sets in this process, with a clock that is wrong by some time."""
        return Archives.open(
            path=self.david.repo, environ=at_home(self.david), clock=lambda: datetime.now(UTC) + after
        )  # fmt: skip

    @property
    def has_moved(self) -> bool:
        return (self.ssd / "projects/b40/cut/a.mp4").exists() and not (self.video / "b40").exists()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_plan_is_said_and_then_done_and_once_is_enough(desk: Desk) -> None:
    plan = desk.auto("--dry-run", "--json").json
    assert [(one["unit"], one["to"], one["state"]) for one in plan["steps"]] == [("b40", "ssd", "planned")]
    assert plan["not_due"] == 1 and not desk.ssd.joinpath("projects").exists()
    assert "none yet" in desk.auto("status").out and not list(desk.david.root.rglob("auto/*.json"))
    done = desk.auto().out
    assert "b40 - to the SSD (archives.ssd): moved" in done and "removed 1 file where it was" in done
    assert desk.has_moved and (desk.video / "b41/x.mp4").exists()
    assert "moved 0 units" in desk.auto().out
    assert "moved 0 units" in desk.auto("status").out
    assert "would move 0 units" in desk.auto("--dry-run", "--ssd-after", "2d").out
    assert "moved 1 unit" in desk.auto("--ssd-after", "0s").out


def test_an_ssd_that_is_away_is_said_and_the_next_run_does_it(desk: Desk) -> None:
    put(desk.video, "b39/x.mp4")
    desk.auto()
    put(desk.video, "b42/x.mp4")
    desk.ssd.rename(desk.root / "drawer")
    told = desk.auto(code=3)
    assert "archives.ssd was not looked at" in told.err and "connect the disk" in told.err
    assert (desk.video / "b42/x.mp4").exists() and not desk.ssd.exists()
    assert "failed in part (exit code 3)" in desk.auto("status").out
    desk.ssd.mkdir()  # an empty mount point
    desk.auto(code=3)
    assert not list(desk.ssd.iterdir()) and (desk.video / "b42/x.mp4").exists()
    desk.ssd.rmdir()
    (desk.root / "drawer").rename(desk.ssd)
    desk.auto()
    assert (desk.ssd / "projects/b42/x.mp4").exists() and not (desk.video / "b42").exists()


def test_a_clock_that_was_set_back_moves_nothing_until_somebody_says_that_it_is_right(desk: Desk) -> None:
    assert desk.archives(timedelta(days=20)).auto().exit_code == 0
    put(desk.video, "b43/x.mp4")
    told = desk.auto(code=5)
    assert "the clock of this computer cannot be right" in told.err and "--clock-is-right" in told.err
    assert (desk.video / "b43/x.mp4").exists()
    assert "since then it did not begin" in desk.auto("status").out
    desk.auto(code=5)
    desk.auto("--clock-is-right")
    assert not (desk.video / "b43").exists()
    put(desk.video, "b44/x.mp4")
    desk.auto()
    assert not (desk.video / "b44").exists()


def test_a_clock_that_jumped_ahead_moves_nothing_and_is_not_remembered(desk: Desk) -> None:
    with pytest.raises(Halt, match="more than a year after the newest thing known"):
        desk.archives(timedelta(days=800)).auto()
    assert not desk.has_moved
    desk.auto()
    assert desk.has_moved


def test_an_ssd_that_is_unplugged_in_the_middle_costs_nothing(desk: Desk) -> None:
    for name in ("b42", "b43", "b44"):
        put(desk.video, f"{name}/x.mp4", name.encode())
    desk.auto("--ssd-after", "99y")  # the disk is known from here on
    done: list[str] = []

    def told(step: Step) -> None:
        done.append(step.candidate.unit)
        if len(done) == 1:
            desk.ssd.rename(desk.root / "drawer")

    put(desk.video, "b39/x.mp4", b"b39")
    desk.david.ok("archive", "run", "b39", "--set", "ssd", cwd=desk.david.repo)
    report = desk.archives().auto(told=told)
    states = [one.state for one in report.steps]
    assert states[:2] == [StepState.DONE, StepState.FAILED] and StepState.DONE not in states[1:], report
    assert report.exit_code == 3 and not desk.ssd.exists()
    left = {name for name in ("b40", "b42", "b43", "b44") if (desk.video / name).exists()}
    assert left == {"b40", "b42", "b43", "b44"} - {done[0]}
    (desk.root / "drawer").rename(desk.ssd)
    desk.auto()
    for name in ("b42", "b43", "b44"):
        assert (desk.ssd / f"projects/{name}/x.mp4").read_bytes() == name.encode()
        assert not (desk.video / name).exists()


def test_what_is_worked_on_while_it_runs_stays(desk: Desk) -> None:
    def begins(one: Candidate) -> None:
        put(desk.video, "b40/cut/new.mp4", b"new", int(time.time()))

    report = desk.archives().auto(begins=begins)
    (step,) = report.steps
    assert step.state is StepState.FAILED and "worked on while this ran" in (step.error or "")
    assert (desk.video / "b40/cut/a.mp4").exists() and (desk.video / "b40/cut/new.mp4").exists()


def test_one_that_vanishes_while_it_runs_stops_no_other(desk: Desk) -> None:
    for name in ("b42", "b43"):
        put(desk.video, f"{name}/x.mp4", name.encode())

    def begins(one: Candidate) -> None:
        shutil.rmtree(desk.video / "b42", ignore_errors=True)

    report = desk.archives().auto(begins=begins)
    states = {one.candidate.unit: one.state for one in report.steps}
    assert states == {"b40": StepState.DONE, "b42": StepState.FAILED, "b43": StepState.DONE}
    assert (desk.ssd / "projects/b43/x.mp4").read_bytes() == b"b43" and not (desk.video / "b43").exists()


def test_a_set_of_single_files_goes_in_batches(desk: Desk) -> None:
    own_settings(desk.david, SSD.format(root=desk.root, source=desk.video).replace("'{id}'", "'{path}', unit: file"))
    desk.ssd.joinpath("projects").mkdir()
    names = [f"{n % 7}/{n}.jpg" for n in range(230)]
    for name in names:
        put(desk.video, name, name.encode())
    put(desk.video, "0/now.jpg", b"now", int(time.time()))
    report = desk.archives().auto()
    assert {one.state for one in report.steps} == {StepState.DONE} and len(report.steps) == 231
    assert all((desk.ssd / "projects" / name).read_bytes() == name.encode() for name in names)
    assert sorted(path.name for path in desk.video.rglob("*.*")) == ["now.jpg", "x.mp4"]


def test_files_leave_by_a_set_of_the_repository_only_as_the_user_agreed_to_it(desk: Desk) -> None:
    own_settings(desk.david, "")
    text = "archives:\n  raw: {{store: 'file://{root}/T7/raw', source: 'raw/*', pack: none, older_than: {age}}}\n"
    settings(desk.david, text.format(root=desk.root, age="1d"))
    put(desk.david.repo, "raw/m42/a.fits")
    young = put(desk.david.repo, "raw/m31/a.fits", when=int(time.time()) - 30 * 86400)
    told = desk.auto(code=3)
    assert "archives.raw was not looked at" in told.err and "--agree --dry-run" in told.err
    assert "m42 - to the SSD (archives.raw): would go" in desk.auto("--agree", "--dry-run").out
    desk.auto(code=3)
    assert (desk.david.repo / "raw/m42/a.fits").exists()
    assert "m42 - to the SSD (archives.raw): moved" in desk.auto("--agree").out
    assert young.exists(), "a repository does not hasten it"
    desk.auto()
    settings(desk.david, text.format(root=desk.root, age="200d"))
    put(desk.david.repo, "raw/m43/a.fits")
    assert "was changed since" in desk.auto(code=3).err and (desk.david.repo / "raw/m43/a.fits").exists()
    said = desk.auto("install", "--with", "launchd").out
    assert "by these sets of the repository, as they are now: raw" in said
    desk.auto()
    assert not (desk.david.repo / "raw/m43").exists()


def test_a_night_that_did_something_is_told_and_a_quiet_one_is_not(desk: Desk) -> None:
    with chat() as told:
        desk.david.environ = {**desk.david.environ, "S3SYNC_NOTIFY": f"json://127.0.0.1:{told.port}"}
        desk.auto("--dry-run")
        desk.auto()
        desk.auto()
        assert [one["message"] for one in told.got] == ["archives: david moved 1 unit (30.0 KB): b40"]


def test_one_at_a_time(desk: Desk) -> None:
    with kept(at_home(desk.david), desk.david.repo, datetime.now(UTC)):
        told = desk.auto(code=6)
        assert "another `s3sync archive auto` is at work" in told.err and f"process {os.getpid()}" in told.err
        assert f"at work now: process {os.getpid()}" in desk.auto("status").out
    assert not desk.has_moved
    desk.auto()
    assert desk.has_moved


def test_a_store_that_another_command_works_on_is_left_for_the_next_run(desk: Desk) -> None:
    desk.auto("--ssd-after", "99y")
    archives = desk.archives()
    put(desk.video, "b39/x.mp4")
    archives.run("b39", set="ssd")
    room = archives.channel(archives.chosen("ssd")).room
    with GuardedFolder.open(room, private=True) as held, project_lock(held, now=datetime.now(UTC)):
        told = desk.auto()
    assert "b40 - to the SSD (archives.ssd): not begun: another s3sync is working" in told.err + told.out
    assert "moved 0 units, 2 left for the next run" in told.out and not desk.has_moved
    desk.auto()
    assert desk.has_moved


def test_a_window_that_is_over_begins_nothing(desk: Desk) -> None:
    over = f"{datetime.now().astimezone() - timedelta(hours=2):%H:%M}"
    told = desk.auto("--until", over)
    assert "b40 - to the SSD (archives.ssd): not begun" in told.out and "1 left for the next run" in told.out
    assert not desk.has_moved
    assert "no time of the day" in desk.auto("--until", "6", code=2).err


class _Slow(Silent):
    """Keeps an upload from being done before its window is over. `window_s`: what is left of it when it begins."""

    def __init__(self, window_s: float) -> None:
        self.sent, self.reused, self._window_s, self._began = 0, 0, window_s, 0.0

    def begin(self, work: Work, path: str, size: int) -> None:
        self._began = time.monotonic()

    def advance(self, work: Work, path: str, n: int) -> None:
        self.sent += n
        if self.sent > 48 * MIB:
            time.sleep(max(0.0, self._began + self._window_s + 0.5 - time.monotonic()))

    def reuse(self, work: Work, path: str, n: int) -> None:
        self.reused += n


def vault(desk: Desk, server: Server, prefix: str, bucket: str | None = None) -> None:
    """Give the desk a bucket instead of the SSD, where 300 KB cost $28 a month."""
    endpoint = server.environment()["AWS_ENDPOINT_URL"]
    text = VAULT.format(bucket=bucket or server.bucket, prefix=prefix, source=desk.video, endpoint=endpoint)
    own_settings(desk.david, text)
    desk.david.environ = server.environment("david")


@pytest.mark.moto
def test_an_upload_stops_with_its_window_and_resumes(desk: Desk, moto: Server) -> None:
    vault(desk, moto, uuid.uuid4().hex)
    put(desk.video, "b45/x.mp4", os.urandom(64 * MIB))
    now, slow = datetime.now(UTC), _Slow(3)  # the clock stands: the plan takes nothing of the window
    archives = Archives.open(path=desk.david.repo, environ=at_home(desk.david), progress=slow, clock=lambda: now)
    (desk.video / "b40/cut/a.mp4").unlink()
    report = archives.auto(AutoOptions(until=now + timedelta(seconds=3)))
    assert [(one.candidate.unit, one.state) for one in report.steps] == [("b45", StepState.CUT)]
    assert report.exit_code == 0 and "1 left for the next run" in report.summary
    assert (desk.video / "b45/x.mp4").exists() and 0 < slow.sent < 64 * MIB
    again = _Slow(-1e9)
    report = Archives.open(path=desk.david.repo, environ=at_home(desk.david), progress=again).auto()
    assert [one.state for one in report.steps] == [StepState.DONE] and again.reused >= 5 * MIB
    assert not (desk.video / "b45").exists()


def test_what_came_back_stays_although_its_files_are_old(desk: Desk) -> None:
    desk.auto()
    desk.david.ok("restore", "b40", cwd=desk.david.repo)
    assert "b40 - left alone: david restored it on " in desk.auto().out
    assert (desk.video / "b40/cut/a.mp4").exists()
    assert "b40 - to the SSD" in desk.auto("--ssd-after", "0s").out


@pytest.mark.moto
def test_in_a_bucket_that_keeps_versions_a_rule_moves_them(desk: Desk, moto: Server) -> None:
    client, bucket = moto.client("admin"), f"auto-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    vault(desk, moto, "v", bucket)
    put(desk.video, "b50/x.mp4", os.urandom(300_000))
    desk.auto()
    assert not (desk.video / "b50").exists()
    assert "b50 - to GLACIER (archives.vault): moved" in desk.auto("--cold", "GLACIER").out
    tags = client.get_object_tagging(Bucket=bucket, Key="v/b50.tar")["TagSet"]
    assert {"Key": "s3sync-move", "Value": "GLACIER"} in tags
    versions = client.list_object_versions(Bucket=bucket)["Versions"]
    assert [one["Key"] for one in versions].count("v/b50.tar") == 1, "no copy was made"
    again = desk.auto("--cold", "GLACIER").out
    assert "1 archive moved by rules of the bucket" in again and "moved 0 units" in again
    assert "b50" not in desk.auto("--dry-run").out, "elsewhere than on AWS no class is cold unless it is named"


@pytest.mark.moto
def test_a_budget_that_is_too_small_is_not_passed(desk: Desk, moto: Server) -> None:
    client, prefix, bucket = moto.client("admin"), uuid.uuid4().hex, f"auto-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)  # where versions are kept, a rule would move them
    vault(desk, moto, prefix, bucket)
    for name in ("b50", "b51"):
        put(desk.video, f"{name}/x.mp4", os.urandom(300_000))
    (desk.video / "b40/cut/a.mp4").unlink()
    unknown = desk.auto("--budget", "30").out
    assert "b50 - left alone: there is a budget, and the price is not known" in unknown
    words = ("--region", "us-east-1", "--cold", "GLACIER", "--budget", "30")
    plan = desk.auto(*words, "--dry-run").out
    assert "b50 - to the bucket (archives.vault): would go" in plan and "$27.94 more a month" in plan
    assert "b51 - left alone: the month would cost $55.88, and the budget is $30.00" in plan
    assert "This month: $27.94 of $30.00" in desk.auto(*words).out
    assert (desk.video / "b51/x.mp4").exists() and not (desk.video / "b50").exists()
    assert "b51 - left alone" in desk.auto(*words, "--glacier-after", "99y").out
    # where the step that makes room fails, the one that needs it is not done
    key = f"{prefix}/b50.tar"
    client.copy_object(Bucket=bucket, Key=f"{prefix}-kept", CopySource=f"{bucket}/{key}")
    client.delete_object(Bucket=bucket, Key=key)
    failed = desk.auto(*words, code=3)
    assert "b50 - to GLACIER (archives.vault): stays" in failed.err
    assert "b51 - to the bucket (archives.vault): not begun: the month would cost $56" in failed.out
    client.copy_object(Bucket=bucket, Key=key, CopySource=f"{bucket}/{prefix}-kept")
    # the cold class makes the month cheaper: it is done whatever the budget is, and then there is room
    cooled = desk.auto(*words[:4], "--budget", "0").out
    assert "b50 - to GLACIER (archives.vault): moved" in cooled and "b51 - left alone" in cooled
    assert client.head_object(Bucket=bucket, Key=key)["StorageClass"] == "GLACIER"
    assert "b51 - to the bucket (archives.vault): moved" in desk.auto(*words).out


@pytest.mark.ministack
def test_what_people_work_on_is_left_alone_and_why_is_said(tmp_path: Path, ministack: Server) -> None:
    environments = {name: ministack.environment(name) for name in ("david", "jan")}
    prefix = uuid.uuid4().hex
    david, jan = pair(tmp_path, f"s3://{ministack.bucket}/{prefix}", environments)
    with (david.root / "home/.config/s3sync/config.yaml").open("a") as file:
        file.write(SSD.format(root=tmp_path, source=david.repo))
    (tmp_path / "T7").mkdir()
    put(david.repo, "b39-old/s3-staging/x.mp4")
    put(david.staging, "a.mp4", b"one")
    put(david.staging, "b.mp4", b"one")

    def left() -> str:
        report = david.ok("archive", "auto", "--dry-run", "--json", cwd=david.repo).json
        assert [one["unit"] for one in report["steps"]] == ["b39-old"]
        (found,) = report["left"]
        assert found["unit"] == PROJECT
        return str(found["reason"])

    david.ok("up")
    assert left().startswith("david worked on it (up) on ")
    jan.ok("down")
    jan.ok("lock", "b.mp4")
    assert left().startswith("jan has locked b.mp4 until ")
    jan.ok("unlock", "b.mp4")
    jan.ok("share", "b.mp4", "--expires", "2h")
    assert left().startswith("somebody has a link to it until ")
    client = ministack.client("admin")
    for one in client.list_objects_v2(Bucket=ministack.bucket, Prefix=f"{prefix}/")["Contents"]:
        if one["Key"].endswith(".link"):
            client.delete_object(Bucket=ministack.bucket, Key=one["Key"])
    david.ok("share", "b.mp4", "--page", "--expires", "2h")
    david.ok("receive", "--expires", "2h")
    jan.write("a.mp4", b"jan's")
    jan.ok("up")
    put(david.staging, "a.mp4", b"david's")
    reason = left()
    assert "it is shared on a page until " in reason and "a client may send files to it until " in reason
    david.expect(4, "up")
    david.ok("receive", "--list")
    for page in david.ok("share", "--list", "--json").json["pages"]:
        david.ok("share", "--end", page["id"])
    for inbox in david.ok("receive", "--list", "--json").json["inboxes"]:
        david.ok("receive", "--end", inbox["id"])
    assert left() == "1 conflict is open: a.mp4"
    (tmp_path / "david.wrong").mkdir()
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong"}
    told = david.expect(3, "archive", "auto", cwd=david.repo, env=wrong)
    assert "b39-old - left alone: it cannot be seen whether somebody works on it" in told.out
    assert "the team's store was not looked at" in told.err
    done = david.ok("archive", "auto", cwd=david.repo).out
    assert "b39-old - to the SSD (archives.ssd): moved" in done and (david.staging / "a.mp4").exists()
