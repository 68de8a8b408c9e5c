"""What a watch goes through: a session expires, the disk is full, git switches branches, an hour is idle."""

from __future__ import annotations

import errno
import shutil
import subprocess
import uuid
from collections import namedtuple
from itertools import pairwise
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import CredentialsError, DiskFull
from s3sync.sync.report import RunReport
from s3sync.team.watching.exchange import Exchange
from s3sync.team.watching.told import Back, Gone, Ran, Trouble, Works
from tests.kit.people import Person, pair
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.scenarios.team.test_git_hooks import environment
from tests.scenarios.team.test_watch import HOUR_S, Moments, names, of, watch

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def both(tmp_path: Path) -> tuple[Person, Person]:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


@pytest.mark.seaweedfs
def test_credentials_that_the_store_calls_expired_are_told_once_and_new_ones_go_on(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL_S3": proxy.endpoint_url}
        david, jan = pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ})
        clock = Moments(600)
        clock.at(30, lambda: proxy.on().reply(403, "ExpiredToken", "The provided token has expired."))
        clock.at(40, lambda: david.write("draft.mp4", "made meanwhile"))
        clock.at(300, proxy.remove)
        told = watch(david, clock, down=True)
        assert [type(one) for one in told] == [Trouble, Ran, Works]
        assert isinstance(of(told, Trouble)[0].error, CredentialsError)
        jan.ok("down")
        assert jan.read("draft.mp4") == b"made meanwhile"


def test_a_disk_that_is_full_is_told_once_and_the_film_comes_when_there_is_room(
    both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    david, jan = both
    david.write("film.mov", "film")
    david.ok("up")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 0))
    clock = Moments(400)
    clock.at(60, lambda: jan.write("own.txt", "sent all the same"))
    clock.at(250, lambda: monkeypatch.undo())
    told = watch(jan, clock, down=True)
    failures = [str(one.error) for one in of(told, Trouble)] + [
        f"{problem.path}: {problem.error}" for ran in of(told, Ran) for problem in ran.report.failed
    ]
    assert len(failures) == 1 and "has 0 B free" in failures[0], told
    assert not of(told, Trouble) or isinstance(of(told, Trouble)[0].error, DiskFull)
    assert sorted(names(told)) == ["film.mov", "own.txt"] and jan.read("film.mov") == b"film"


def test_what_cannot_be_put_into_its_place_is_not_fetched_whole_with_each_look(
    both: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a folder of another user, or one on a read-only disk. A fetch of a large film is paid for."""
    david, jan = both
    david.write("film.mov", "film")
    david.ok("up")
    jan.ok("down")
    david.write("film.mov", "a later cut")
    david.ok("up")
    clock, began, refused = Moments(6000), list[float](), [True]
    honest, fetch = GuardedFolder.replace, Exchange.fetch

    def replace(self: GuardedFolder, name: str, new: str, into: GuardedFolder | None = None) -> None:
        if new == "film.mov" and refused:
            raise PermissionError(errno.EACCES, "refused")
        honest(self, name, new, into)

    def slow(self: Exchange) -> RunReport:
        began.append(clock.now())
        clock.spend(100)
        return fetch(self)

    monkeypatch.setattr(GuardedFolder, "replace", replace)
    monkeypatch.setattr(Exchange, "fetch", slow)
    clock.at(3000, lambda: jan.write("own.txt", "sent all the same"))
    clock.at(3500, refused.clear)
    told = watch(jan, clock, down=True)
    assert len(began) == 3 and all(later - one >= 2000 for one, later in pairwise(began))
    assert sorted(names(told)) == ["film.mov", "own.txt"] and jan.read("film.mov") == b"a later cut"
    assert len([problem for ran in of(told, Ran) for problem in ran.problems]) == 1, "it is told once"


def test_git_switches_to_a_branch_without_the_project_and_back(both: tuple[Person, Person]) -> None:
    """There the folder is part of the repository's branch, and not ignored."""
    david, jan = both

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=david.repo, env=environment(david), check=True, capture_output=True)

    (david.repo / ".git").rmdir()
    git("init", "-q", "-b", "main")
    git("add", ".s3sync.yaml", ".gitignore")
    git("commit", "-q", "-m", "settings")
    david.write("a.mp4", "a")
    git("checkout", "-q", "-b", "film")
    git("add", "-f", str(david.staging / "a.mp4"))
    git("commit", "-q", "-m", "a project that is tracked, by mistake")
    clock = Moments(600)
    clock.at(60, lambda: git("checkout", "-q", "main"), lambda: shutil.rmtree(david.staging, ignore_errors=True))
    clock.at(300, lambda: git("checkout", "-q", "film"))
    clock.at(400, lambda: david.write("b.mp4", "b"))
    told = watch(david, clock, down=True)
    assert [type(one) for one in told] == [Ran, Gone, Back, Ran], told
    assert names(told) == ["a.mp4", "b.mp4"]
    jan.ok("down")
    assert sorted(jan.files()) == ["a.mp4", "b.mp4"]


@pytest.mark.seaweedfs
def test_an_idle_hour_has_few_requests_each_tenth_question_lists_and_the_others_are_one_conditional_get(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL_S3": proxy.endpoint_url}
        david, _ = pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", {"david": environ, "jan": environ})
        david.write("draft.mp4", "draft")
        david.ok("up")
        proxy.reset_counts()
        assert watch(david, Moments(HOUR_S), down=True) == []
        gets = [one for one in proxy.log if one.operation == "GetObject" and one.key.endswith("metadata.json")]
        listings = [one for one in proxy.log if one.operation.startswith("ListObjects") and "locks" not in one.target]
        asked = len(gets)
        assert 60 <= proxy.requests <= 200
        assert asked // 10 - 1 <= len(listings) <= asked // 10 + 1
        unchanged = [one for one in gets if "if-none-match" in one.headers]
        assert len(unchanged) >= asked - len(listings) - 1


def test_a_folder_that_the_settings_name_later_is_not_worked_in(both: tuple[Person, Person], tmp_path: Path) -> None:
    """What is in it was never looked at, and no watch has its lock. Whoever commits names it while the watch runs."""
    david, jan = both
    david.write("a.mp4", "a")
    settings, store = david.repo / ".s3sync.yaml", tmp_path / "store"
    before = settings.read_text()
    other = david.project / "src"

    def switch() -> None:
        other.mkdir()
        (other / "notes.txt").write_text("private")
        (other / "b.mp4").write_text("half")
        settings.write_text(f"{before}staging: src\n")
        store.rename(tmp_path / "away")

    clock = Moments(900)
    clock.at(60, switch)
    clock.at(120, lambda: (tmp_path / "away").rename(store))
    clock.at(130, lambda: jan.write("new.mp4", "new"), lambda: jan.ok("up"), lambda: david.write("b.mp4", "whole"))
    clock.at(400, lambda: settings.write_text(before))
    told = watch(david, clock, down=True)
    assert sorted(one.name for one in other.iterdir()) == ["b.mp4", "notes.txt"]
    assert sorted(names(told)) == ["a.mp4", "b.mp4", "new.mp4"] and david.read("new.mp4") == b"new"
    assert [one for one in of(told, Trouble) if "src now" in str(one.error)]
    jan.ok("down")
    assert jan.read("b.mp4") == b"whole"
