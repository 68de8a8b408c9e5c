"""`pin` and `down --pinned`: a commit brings its media back where they still exist; `status` says when they differ."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from s3sync.api import Project
from s3sync.sync.session import Session
from s3sync.sync.trash import Trashed
from s3sync.team import pinning
from s3sync.team.versions import VersionsReport
from tests.kit.people import PROJECT, REPO, Person, pair

PIN = "s3-staging.lock.yaml"
People = tuple[Person, Person]


@pytest.fixture
def two(tmp_path: Path) -> People:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


def pin_text(person: Person) -> str:
    return (person.project / PIN).read_text("utf-8")


def give_pin(giver: Person, taker: Person) -> None:
    """As git would."""
    (taker.project / PIN).write_bytes((giver.project / PIN).read_bytes())


def test_the_media_of_a_commit_come_back_to_both(people: People) -> None:
    david, jan = people
    david.write("cut/a.mp4", "first a")
    david.write("b.mp4", "b stays")
    david.ok("sync")
    jan.ok("sync")
    told = david.ok("pin")
    assert "pinned 2 files" in told.out and f"git add {PIN}" in told.out and told.err == ""
    assert pin_text(david).splitlines()[-2:] == [
        f'- {{"name": "b.mp4", "size": 7, "md5": "{md5("b stays")}"}}',
        f'- {{"name": "cut/a.mp4", "size": 7, "md5": "{md5("first a")}"}}',
    ]
    assert david.ok("pin", "--json").json["written"] is False
    assert "Pin:" not in david.ok("status").out
    david.write("cut/a.mp4", "second a, longer")
    david.write("new.mp4", "n")
    david.ok("sync")
    jan.ok("sync")
    said = david.ok("status").out
    assert "Pin: 1 changed since, 1 not pinned (`s3sync down --pinned` goes back to it" in said
    assert david.ok("status", "--json").json["pin"] == {
        "in_sync": False, "changed": 1, "missing": 0, "unpinned": 1, "unknown": 0,
    }  # fmt: skip
    give_pin(david, jan)
    jan.write("cut/a.mp4", "an edit of Jan that nobody has")
    done = jan.ok("down", "--pinned")
    assert jan.read("cut/a.mp4") == b"first a" and jan.read("new.mp4") == b"n"
    assert "1 as they were" in done.out and "1 file here is not pinned, and left alone" in done.out
    trash = {path.read_bytes() for path in (jan.staging / ".s3sync" / "trash").rglob("*.mp4")}
    assert b"an edit of Jan that nobody has" in trash
    assert "Pin: 1 not pinned" in jan.ok("status").out
    (jan.staging / "b.mp4").unlink()
    assert "1 not here" in jan.ok("status").out
    jan.ok("down", "--pinned", "b.mp4")
    assert jan.read("b.mp4") == b"b stays"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_what_no_longer_exists_is_named_and_the_rest_comes(two: People) -> None:
    david, jan = two
    for name in ("a.mp4", "b.mp4", "moved.mp4"):
        david.write(name, f"first {name}")
    david.ok("sync")
    david.ok("pin")
    give_pin(david, jan)
    for name in ("a.mp4", "b.mp4"):
        david.write(name, f"second {name}, longer")
    (david.staging / "moved.mp4").rename(david.staging / "elsewhere.mp4")
    david.ok("sync")
    david.ok("trash", "empty", "--remote", "--yes")
    jan.ok("sync")
    for trashed in (david.staging / ".s3sync" / "trash").rglob("b.mp4"):
        trashed.unlink()
    done = jan.expect(3, "down", "--pinned")
    assert "a.mp4" in done.err and "b.mp4" in done.err and "exists nowhere any more as it is pinned" in done.err
    assert jan.read("moved.mp4") == b"first moved.mp4", "its content is there under another name"
    assert jan.read("a.mp4") == b"second a.mp4, longer"
    assert [one["name"] for one in jan.expect(3, "down", "--pinned", "--json").json["failed"]] == ["a.mp4", "b.mp4"]


def test_a_content_that_somebody_only_says_to_have_is_not_taken_for_the_pinned_one(two: People, tmp_path: Path) -> None:
    david, _ = two
    david.write("a.mp4", "the film")
    david.write("other.mp4", "not that")
    david.ok("up")
    david.ok("pin", "a.mp4")
    manifest = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    told = json.loads(manifest.read_text())
    told["files"] = [{**one, "md5": md5("the film")} for one in told["files"] if one["name"] == "other.mp4"]
    manifest.write_text(json.dumps(told))
    (tmp_path / "store" / REPO / PROJECT / "a.mp4").unlink()
    david.write("a.mp4", "an edit")
    done = david.expect(3, "down", "--pinned")
    assert "a.mp4" in done.err and david.read("a.mp4") == b"an edit"
    assert not any((david.staging / ".s3sync" / "partial").iterdir())


def test_a_pin_that_leads_through_a_link_writes_nothing_outside(two: People, tmp_path: Path) -> None:
    david, _ = two
    david.write("inner/a.mp4", "the film")
    david.ok("sync")
    david.ok("pin")
    outside = tmp_path / "outside"
    outside.mkdir()
    (david.staging / "inner" / "a.mp4").unlink()
    (david.staging / "inner").rmdir()
    (david.staging / "inner").symlink_to(outside)
    david.expect(3, "down", "--pinned")
    assert list(outside.iterdir()) == []


def test_a_pin_of_some_files_leaves_the_other_lines_alone(two: People) -> None:
    david, _ = two
    david.write("a.mp4", "a")
    david.write("b.mp4", "b")
    told = david.ok("pin")
    assert "2 files may not be on the remote as pinned" in told.err and "s3sync up" in told.err
    before = pin_text(david).splitlines()
    david.write("a.mp4", "other a")
    david.write("b.mp4", "other b")
    assert david.ok("pin", "a.mp4", "--json").json["changed"] == ["a.mp4"]
    after = pin_text(david).splitlines()
    assert [old == new for old, new in zip(before, after, strict=True)].count(False) == 1
    (david.staging / "a.mp4").unlink()
    assert david.ok("pin", "a.mp4", "--json").json["removed"] == ["a.mp4"]
    assert david.ok("pin", "--dry-run", "--json").json["changed"] == ["b.mp4"] and '"size": 1,' in pin_text(david)
    assert "no file called" in david.expect(2, "pin", "never.mp4").err
    (david.staging / "b.mp4").unlink()
    assert "is empty" in david.expect(5, "pin").err and "b.mp4" in pin_text(david)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD", "conflict markers"),
        ('- {"name": "../x", "size": 1, "md5": "%s"}' % ("a" * 32), "cannot be the name of a file"),
        ('- {"name": ".s3sync/state.db", "size": 1, "md5": "%s"}' % ("a" * 32), "cannot be the name of a file"),
        ('- {"name": "a.mp4", "size": -1, "md5": "%s"}' % ("a" * 32), "no file with its size and MD5"),
        ("- &a [*a, *a]", "no line of a pin file"),
        ("schema: 9", "upgrade s3sync"),
    ],
)
def test_a_broken_pin_file_is_one_error_with_its_line_and_status_still_works(two: People, text: str, said: str) -> None:
    david, _ = two
    david.write("a.mp4", "a")
    david.ok("up")
    david.ok("pin")
    path = david.project / PIN
    path.write_text(f"{path.read_text()}{text}\n")
    refused = david.expect(2, "down", "--pinned")
    assert said in refused.err and f"{PIN} line {len(path.read_text().splitlines())}" in refused.err
    assert said in david.ok("status").err
    assert david.states() == {"a.mp4": "in_sync"}
    assert said in david.expect(2, "pin", "a.mp4").err
    if "schema" in text:
        assert said in david.expect(2, "pin").err
    else:
        assert david.ok("pin", "--json").json["added"] == ["a.mp4"] and "Pin:" not in david.ok("status").out


def test_no_pin_file_and_one_that_is_a_link(two: People, tmp_path: Path) -> None:
    david, _ = two
    david.write("a.mp4", "a")
    missing = david.expect(2, "down", "--pinned")
    assert "does not exist" in missing.err and "s3sync pin" in missing.err
    outside = tmp_path / "outside.yaml"
    outside.write_text("schema: 1\nfiles: []\n")
    (david.project / PIN).symlink_to(outside)
    assert "link" in david.expect(1, "down", "--pinned").err
    assert david.run("pin").code != 0 and outside.read_text() == "schema: 1\nfiles: []\n"


def test_git_has_the_pin_and_a_checkout_of_an_older_commit_goes_back(two: People) -> None:
    david, _ = two

    def git(*words: str) -> str:
        who = ("-c", "user.name=d", "-c", "user.email=d@x.org", "-c", "init.defaultBranch=main")
        return subprocess.run(["git", *who, *words], cwd=david.repo, check=True, capture_output=True, text=True).stdout

    (david.repo / ".git").rmdir()
    git("init", "-q")
    for number in ("first", "second"):
        david.write("a.mp4", f"{number} a")
        david.ok("sync")
        david.ok("pin")
        git("add", "-A")
        git("commit", "-qm", number)
    assert f"{david.project.name}/{PIN}" in git("ls-files") and "a.mp4" not in git("ls-files")
    git("checkout", "-q", "HEAD~1")
    assert "Pin: 1 changed since" in david.ok("status").out
    david.ok("down", "--pinned")
    assert david.read("a.mp4") == b"first a"
    git("checkout", "-q", "main")
    assert david.ok("down", "--pinned", "--json").json["brought_back"][0]["state"] == "in_sync"
    assert david.read("a.mp4") == b"second a" and david.states() == {"a.mp4": "in_sync"}


def test_each_pin_is_looked_for_in_its_own_part_of_the_trash(
    two: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pin file may name 200,000 files that exist nowhere, a trash hold as many: each was compared with all."""
    david, _ = two
    david.write("here.txt", "here")
    david.ok("up")
    session = Project.open(path=david.project, environ={**os.environ, **david.env()}).session
    asked: list[tuple[str, list[str]]] = []

    def note(session: Session, path: str, manifest: object, trash: Iterable[Trashed], *, size: int) -> VersionsReport:
        asked.append((path, [one.name for one in trash]))
        return VersionsReport(session.place, path)

    lies = [Trashed("remote", f"{number}.txt", f"trash/{number}", 7, None, None, "1" * 32) for number in range(3)]
    monkeypatch.setattr(pinning, "trash_there", lambda store, prefix: lies)
    monkeypatch.setattr(pinning, "versions_of", note)
    lines = [f'- {{"name": "{number}.txt", "size": 7, "md5": "{"0" * 32}"}}' for number in range(4)]
    (david.project / PIN).write_text("\n".join(["schema: 1", "files:", *lines, ""]))
    report = pinning.down_pinned(session, dry_run=True)
    assert len(report.failed) == 4
    assert sorted(asked) == [("0.txt", ["0.txt"]), ("1.txt", ["1.txt"]), ("2.txt", ["2.txt"]), ("3.txt", [])]
