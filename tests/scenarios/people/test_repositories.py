"""All repositories of a person: remembered by themselves, named from anywhere, one that is broken hides no other."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person, Result
from tests.scenarios.cli.terminal import on_terminal


class Owner:
    """David with repositories of his own, each with a project that holds a file."""

    def __init__(self, root: Path) -> None:
        self.person = Person("david", root / "david", {"S3SYNC_TRUST": ""})
        self.root = root
        self.nowhere = root / "nowhere"
        self.nowhere.mkdir()

    def repository(self, at: str, *projects: str, settings: str = "") -> Path:
        repo = self.root / at
        (repo / ".git").mkdir(parents=True)
        if settings:
            (repo / ".s3sync.yaml").write_text(settings)
        for name in projects:
            staging = repo / name / "s3-staging"
            staging.mkdir(parents=True)
            (staging / "cut.mp4").write_text(f"the cut of {name}")
        return repo

    def ok(self, *words: str, at: Path | None = None) -> Result:
        return self.person.ok(*words, cwd=at or self.nowhere)

    def expect(self, code: int, *words: str, at: Path | None = None) -> Result:
        return self.person.expect(code, *words, cwd=at or self.nowhere)

    @property
    def names(self) -> list[str]:
        return [one["repository"] for one in self.ok("repos", "--json").json["repositories"]]

    @property
    def memory(self) -> Path:
        return self.person.root / "home/.local/share/s3sync/repositories"


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def by_name(result: Result) -> dict[str, Any]:
    return {one["repository"]: one for one in result.json["repositories"]}


def test_what_a_command_worked_in_is_remembered_once_and_named_from_anywhere(owner: Owner) -> None:
    voz = owner.repository("voz", "b40-intro", "b41")
    assert "No repository is remembered yet" in owner.ok("repos").out
    owner.ok("up", "b40-intro", at=voz)
    (file,) = owner.memory.glob("*.json")
    written = file.stat()
    owner.ok("status", at=voz / "b40-intro")
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (written.st_mtime_ns, written.st_ino)
    assert file.stat().st_mode & 0o777 == 0o600
    assert owner.ok("status", "voz/b40", "--json").json["project"] == "b40-intro"
    said = owner.ok("status", "voz/b41").out
    assert f"Repository voz ({voz})" in said and "`s3sync up voz/b41`" in said
    (voz / "b41/s3-staging/more.txt").write_text("more")
    (report,) = [owner.ok("up", "voz/b41", "more.txt", "--json").json]
    assert [moved["name"] for moved in report["uploaded"]] == ["more.txt"]
    every = owner.ok("sync", "voz", "--json").json
    assert [one["project"] for one in every["projects"]] == ["b40-intro", "b41"]
    assert [one["name"] for one in owner.ok("projects", "voz/b40", "--json").json["projects"]] == ["b40-intro"]
    assert "means every project" in owner.expect(2, "sync", "voz", "more.txt").err
    for verb in ("status", "sync"):
        assert "there is no project 'b9'" in owner.expect(2, verb, "voz/b9").err
    assert "there is no project 'b9'" in owner.expect(2, "sync", "voz/b9", "more.txt").err
    assert "lacks a second place" in owner.expect(2, "sync", "nosuch/b9").err, "no repository has that name"
    for words in (("status", "vo"), ("status",), ("up", "nosuch")):
        outside = owner.expect(2, *words).err
        assert "is not in a git repository" in outside and "(voz), as voz/PROJECT" in outside, "a beginning is none"


def test_what_is_here_comes_before_a_short_name(owner: Owner) -> None:
    """A word that names a project or a file here means that, whatever some repository is called."""
    here, other = owner.repository("here", "b40"), owner.repository("voz", "b41")
    owner.ok("up", "b41", at=other)
    assert owner.ok("status", "voz/b41", "--json", at=here / "b40").json["project"] == "b41"
    (here / "b40/s3-staging/voz").mkdir()
    (here / "b40/s3-staging/voz/b41").write_text("a file")
    (report,) = [owner.ok("up", "voz/b41", "--json", at=here / "b40").json]
    assert (report["project"], [one["name"] for one in report["uploaded"]]) == ("b40", ["voz/b41"])
    shutil.rmtree(here / "b40/s3-staging/voz")
    assert owner.ok("status", "voz/b41", "--json", at=here / "b40").json["project"] == "b40", "it is in the store"
    (here / "voz-cut/s3-staging").mkdir(parents=True)
    assert owner.ok("status", "voz", "--json", at=here).json["project"] == "voz-cut"


def test_an_error_that_only_has_the_word_in_it_leads_to_no_other_repository(owner: Owner) -> None:
    """What is wrong here is said: the command does not go on in whatever repository has that name."""
    here, other = owner.repository("here", "b40"), owner.repository("voz", "b41")
    owner.ok("status", "b41", at=other)
    (here / "voz/s3-staging").mkdir(parents=True)
    (here / "s3-staging").mkdir()
    (here / ".s3sync.yaml").write_text("project: voz\n")
    refused = owner.expect(2, "status", "voz", at=here)
    assert "two projects have the name 'voz'" in refused.err and "Repository voz" not in refused.err


def test_three_repositories_with_one_broken_hide_no_other(owner: Owner) -> None:
    for name in ("alpha", "baker", "voz"):
        owner.ok("up", f"{name}-1", at=owner.repository(name, f"{name}-1", f"{name}-2"))
    (owner.root / "baker/.s3sync.yaml").write_text("repo: baker\nstore: ftp://nowhere\n")
    result = owner.expect(3, "status", "--everywhere")
    assert "alpha-1" in result.out and "voz-2" in result.out and "baker-1" not in result.out
    assert f"✗ baker ({owner.root / 'baker'})" in result.err and "ftp" in result.err and "hint:" in result.err
    found = by_name(owner.expect(3, "status", "--everywhere", "--json"))
    assert [one["project"] for one in found["alpha"]["projects"]] == ["alpha-1", "alpha-2"]
    assert found["baker"]["projects"] == [] and "ftp" in found["baker"]["error"]["message"]
    done = owner.expect(3, "sync", "--everywhere", "--json").json
    assert {one["repository"]: [len(each["uploaded"]) for each in one["projects"]] for one in done["repositories"]} == {
        "alpha": [0, 1], "baker": [], "voz": [0, 1],
    }  # fmt: skip
    said = owner.expect(3, "sync", "--everywhere")
    assert "3 repositories, 1 of them could not be looked at" in said.out and "ftp" in said.err
    assert "baker" in owner.expect(3, "projects", "--everywhere").err
    costs = by_name(owner.expect(3, "cost", "--everywhere", "--json"))
    assert costs["voz"]["cost"]["repo"] == "voz" and costs["baker"]["cost"] is None and "ftp" in str(costs["baker"])
    assert "nothing is billed" in owner.expect(3, "cost", "--everywhere").out
    assert owner.ok("cost", "voz", "--json").json["repo"] == "voz"
    assert "--csv is about one repository" in owner.expect(2, "cost", "--everywhere", "--csv").err
    assert "did you mean voz?" in owner.expect(2, "cost", "vox").err
    board = owner.expect(3, "dashboard", "--everywhere", "--json").json
    assert [(one["name"], "ftp" in (one["problem"] or "")) for one in board["repositories"]] == [
        ("alpha", False), ("baker", True), ("voz", False),
    ]  # fmt: skip
    page = owner.expect(3, "dashboard", "--everywhere", "--out", "page.html")
    assert "dashboard of 4 projects" in page.out and "ftp" in page.err
    assert "voz-2" in (owner.nowhere / "page.html").read_text()
    (one,) = owner.ok("dashboard", "voz/voz-1", "--json").json["repositories"]
    assert [project["name"] for project in one["projects"]] == ["voz-1"]
    inside = owner.root / "voz/voz-1/s3-staging/page.html"
    assert "staging" in owner.expect(2, "dashboard", "--everywhere", "--out", str(inside)).err
    assert "--publish is about one repository" in owner.expect(2, "dashboard", "--everywhere", "--publish").err
    (owner.root / "baker/.s3sync.yaml").unlink()
    assert owner.ok("status", "--everywhere").err == ""
    assert owner.expect(7, "status", "--everywhere", "--exit-code").out
    assert "--everywhere means every project" in owner.expect(2, "sync", "voz", "--everywhere").err


def test_a_gate_halts_one_project_and_no_other(owner: Owner) -> None:
    alpha, voz = owner.repository("alpha", "a1"), owner.repository("voz", "v1")
    for repo, name in ((alpha, "a1"), (voz, "v1")):
        owner.ok("sync", name, at=repo)
    for file in (alpha / "a1/s3-staging").glob("cut*"):
        file.unlink()
    (voz / "v1/s3-staging/new.txt").write_text("new")
    result = owner.expect(5, "sync", "--everywhere", "--json").json
    found = {one["repository"]: one["projects"][0] for one in result["repositories"]}
    assert found["alpha"]["exit_code"] == 5 and [one["name"] for one in found["voz"]["uploaded"]] == ["new.txt"]


def test_a_place_that_is_another_one_by_now_is_said_and_not_opened(owner: Owner) -> None:
    for name in ("gone", "linked", "other", "voz"):
        owner.ok("up", f"{name}-1", at=owner.repository(name, f"{name}-1"))
    at = {name: owner.root / name for name in ("gone", "linked", "other")}
    at["gone"].rename(owner.root / "elsewhere")
    at["linked"].rename(owner.root / "real")
    at["linked"].symlink_to(owner.root / "real")
    (at["other"] / ".s3sync.yaml").write_text("repo: somebody-elses\n")
    for name, why in (("gone", "moved or deleted"), ("linked", "a link stands in its place"), ("other", "now it says")):
        said = owner.expect(2, "status", name).err
        assert why in said and "s3sync repos add" in said, said
        assert why in owner.expect(2, "up", f"{name}/{name}-1").err
    listed = owner.ok("repos").out
    assert "moved or deleted" in listed and "a link stands" in listed and str(owner.root / "voz") in listed
    found = by_name(owner.expect(3, "status", "--everywhere", "--json"))
    assert [name for name, one in found.items() if "error" in one] == ["gone", "linked", "other"]
    owner.ok("repos", "add", "--name", "gone", at=owner.root / "elsewhere")
    assert owner.ok("status", "gone", "--json").json["projects"][0]["project"] == "gone-1"
    owner.ok("repos", "add", at=at["other"])
    assert owner.ok("projects", "other/", "--json").json["repo"] == "somebody-elses"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives a folder away")
def test_a_repository_of_another_user_is_not_opened(owner: Owner) -> None:
    voz = owner.repository("voz", "b40")
    owner.ok("up", "b40", at=voz)
    os.chown(voz, 12345, 12345)
    assert "belongs to another user" in owner.expect(2, "status", "voz/b40").err
    assert (
        "belongs to another user"
        in by_name(owner.expect(3, "status", "--everywhere", "--json"))["voz"]["error"]["message"]
    )


def test_two_of_one_name_and_names_that_are_none(owner: Owner) -> None:
    first = owner.repository("a/voz", "b40")
    second = owner.repository("b/voz", "b41", settings=f"repo: voz\nstore: file://{owner.root}/store\n")
    evil = owner.repository("c/--all", "b42", settings=f"repo: '- x'\nstore: file://{owner.root}/store\n")
    owner.ok("up", "b40", at=first)
    for repo, name in ((second, "b41"), (evil, "b42")):
        on_terminal(owner.person, "status", name, cwd=repo, answers=[("Do you trust this place? [y/N] ", "y")])
    assert owner.names == ["repository", "voz", "voz-2"]
    assert by_name(owner.ok("repos", "--json"))["voz"]["path"] == str(first), "the first to have it keeps it"
    assert "another repository has the name" in owner.expect(2, "repos", "add", str(second), "--name", "VOZ").err
    for name in ("--all", "a/b", "a b", ".."):
        assert "cannot be a short name" in owner.expect(2, "repos", "add", str(evil), f"--name={name}").err
    owner.ok("repos", "add", str(evil / "b42"), "--name", "evil", "--dry-run")
    assert "repository" in owner.names
    owner.ok("repos", "add", str(evil / "b42"), "--name", "evil")
    assert owner.names == ["evil", "voz", "voz-2"]
    owner.ok("repos", "forget", "voz", "--dry-run")
    owner.ok("repos", "forget", "voz")
    assert owner.names == ["evil", "voz-2"] and (first / "b40/s3-staging/cut.mp4").exists()
    assert "did you mean voz-2?" in owner.expect(2, "repos", "forget", "voz").err
    owner.ok("status", "b40", at=first)
    assert owner.names == ["evil", "voz", "voz-2"], "who works in it again has it again"


def test_an_untrusted_one_is_told_everywhere_and_asked_about_by_its_name(owner: Owner) -> None:
    voz = owner.repository("voz", "b40")
    owner.ok("up", "b40", at=voz)
    (voz / ".s3sync.yaml").write_text(f"repo: voz\nstore: file://{owner.root}/new\n")
    for words in (("status", "--everywhere"), ("sync", "--everywhere")):
        said = owner.expect(3, *words).err
        assert "you have not agreed to it" in said and f"cd {voz} && s3sync trust" in said
    assert on_terminal(owner.person, "status", "--everywhere", cwd=owner.nowhere).code == 3, "nothing is asked"
    owner.expect(5, "status", "voz/b40")
    asked = on_terminal(
        owner.person, "status", "voz/b40", cwd=owner.nowhere, answers=[("Do you trust this place? [y/N] ", "y")]
    )
    assert f"{owner.root}/new" in asked.out
    (told,) = by_name(owner.expect(3, "status", "--everywhere", "--json")).values()
    assert "not agreed" not in told["error"]["message"], "its disk is not there: nothing was made by asking"


def test_memory_that_is_damaged_hides_nothing_and_stops_nobody(owner: Owner) -> None:
    voz = owner.repository("voz", "b40")
    owner.ok("up", "b40", at=voz)
    (file,) = owner.memory.glob("*.json")
    for number, body in enumerate((b"", b"\xff", b"[]", b'{"name": "x"}', file.read_bytes(), b" " * 100_000)):
        (owner.memory / f"{number}.json").write_bytes(body)
    record = json.loads(file.read_text())
    (owner.memory / "evil.json").write_text(json.dumps({**record, "name": "../../x\x1b", "path": "relative"}))
    os.mkfifo(owner.memory / "pipe.json")
    (owner.memory / "link.json").symlink_to("/etc/passwd")
    listed = owner.ok("repos", "--json").json
    assert [one["repository"] for one in listed["repositories"]] == ["voz"] and len(listed["damaged"]) == 9
    assert owner.ok("status", "voz/b40").out and owner.ok("repos").err.count("delete it") == 9
    shutil.rmtree(owner.memory)
    owner.memory.symlink_to(owner.nowhere)
    assert owner.ok("status", "b40", at=voz).out, "who cannot remember works all the same"
    assert not list(owner.nowhere.iterdir())
    assert "cannot use" in owner.expect(1, "repos").err
