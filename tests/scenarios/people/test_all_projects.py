"""`up`, `down` and `sync --all`: every project of the repository, a report for each, and none in another's way."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person, tree
from tests.kit.proxy import Proxy
from tests.kit.rounds import Rounds
from tests.kit.servers import SeaweedFS
from tests.scenarios.cli.terminal import on_terminal
from tests.scenarios.transfers.conftest import Office, office_at

NAMES = ("b71-intro", "b72-talk", "b73-outro")
People = tuple[Person, Person]


def staging(person: Person, name: str) -> Path:
    folder = person.repo / name / "s3-staging"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fill(person: Person, text: str = "first", names: tuple[str, ...] = NAMES) -> None:
    for name in names:
        (staging(person, name) / "clip.txt").write_text(f"{text} {name}")


def have_folders(*people: Person) -> None:
    for person in people:
        shutil.rmtree(person.project, ignore_errors=True)
        for name in NAMES:
            staging(person, name)


def by_name(document: Any) -> dict[str, Any]:
    return {project["project"]: project for project in document["projects"]}


def test_every_project_travels_with_a_report_of_its_own(people: People) -> None:
    david, jan = people
    have_folders(david, jan)
    fill(david)
    shown = david.ok("up", "--all", cwd=david.repo).out
    for name in NAMES:
        assert f"{name}\n  ✓ clip.txt" in shown
    assert "All 3 projects: uploaded 3 files (44 B), " in shown
    report = jan.ok("down", "-a", "--json", cwd=jan.repo).json
    assert (report["schema"], report["command"], report["dry_run"], report["exit_code"]) == (1, "down", False, 0)
    assert report["bytes_received"] == 44
    assert {name: [file["name"] for file in one["downloaded"]] for name, one in by_name(report).items()} == {
        name: ["clip.txt"] for name in NAMES
    }
    assert all(tree(staging(jan, name)) == tree(staging(david, name)) for name in NAMES)
    (staging(jan, NAMES[1]) / "clip.txt").unlink()
    assert "b72-talk\n" in (shown := jan.ok("sync", "--all", "--max-delete", "1", cwd=jan.repo).out)
    assert "All 3 projects: deleted 1 file (14 B), 2 projects with nothing to do, " in shown
    assert NAMES[0] not in shown and NAMES[0] in jan.ok("sync", "--all", "--verbose", cwd=jan.repo).out


def test_on_a_terminal_no_report_stands_on_the_line_of_a_bar(people: People) -> None:
    david, jan = people
    have_folders(david, jan)
    fill(david)
    for person, verb in ((david, "up"), (jan, "down")):
        shown = on_terminal(person, verb, "--all", cwd=person.repo).out
        assert shown.count("\nSummary: ") + shown.count("\x1b[2KSummary: ") == len(NAMES), shown
        assert "loading" in re.sub("(Up|Down)loading (to|from) ", "", shown), "there were bars"


def test_a_dry_run_writes_nothing(people: People) -> None:
    david, jan = people
    have_folders(david, jan)
    fill(david)
    planned = david.ok("up", "--all", "--dry-run", cwd=david.repo)
    assert "All 3 projects: would have uploaded 3 files (44 B), " in planned.out
    assert by_name(david.ok("up", "--all", "--dry-run", "--json", cwd=david.repo).json)[NAMES[0]]["dry_run"] is True
    jan.ok("down", "--all", cwd=jan.repo)
    assert not any(tree(staging(jan, name)) for name in NAMES)


def test_a_project_that_fails_stops_no_other(people: People) -> None:
    david, jan = people
    have_folders(david, jan)
    fill(david)
    shutil.rmtree(staging(david, NAMES[0]))
    (david.repo / NAMES[0] / "s3-staging").write_text("a file")
    failed = david.expect(3, "up", "--all", cwd=david.repo)
    assert f"✗ {NAMES[0]}\nerror: " in failed.err and "it is a file" in failed.err
    assert "All 3 projects: uploaded 2 files (29 B), 1 project failed, " in failed.out
    document = by_name(david.expect(3, "sync", "--all", "--json", cwd=david.repo).json)
    assert document[NAMES[0]]["error"]["type"] == "ProjectError" and document[NAMES[0]]["begun"] is True
    assert document[NAMES[1]]["exit_code"] == document[NAMES[2]]["exit_code"] == 0
    jan.ok("down", "--all", cwd=jan.repo)
    assert [bool(tree(staging(jan, name))) for name in NAMES] == [False, True, True]


def test_the_worst_code_is_that_of_the_command(people: People) -> None:
    david, jan = people
    have_folders(david, jan)
    fill(david)
    david.ok("up", "--all", cwd=david.repo)
    jan.ok("down", "--all", cwd=jan.repo)
    fill(david, "david's", NAMES[:1])
    david.ok("up", "--all", cwd=david.repo)
    fill(jan, "jan's", NAMES[:1])
    conflict = jan.expect(4, "up", "--all", cwd=jan.repo)
    assert "conflict: clip.txt" in conflict.err and "2 projects with nothing to do, 1 in conflict" in conflict.out
    (staging(jan, NAMES[1]) / "clip.txt").unlink()
    for name in NAMES[1:]:
        for number in range(4):
            (staging(david, name) / f"{number}.txt").write_text(f"{number} of {name}")
    david.ok("up", "--all", cwd=david.repo)
    jan.expect(4, "down", "--all", cwd=jan.repo)
    for path in staging(jan, NAMES[1]).glob("*.txt"):
        path.unlink()
    halted = jan.expect(5, "sync", "--all", "--on-conflict", "mine", cwd=jan.repo)
    assert f"✗ {NAMES[1]}\nerror: " in halted.err and "--max-delete" in halted.err
    assert f"hint: to continue with one project alone: `s3sync sync {NAMES[1]}`" in halted.err
    assert (staging(david, NAMES[2]) / "3.txt").exists() and "uploaded 1 file" in halted.out


def test_names_and_all_do_not_go_together(people: People) -> None:
    david, _ = people
    for words in (["up", "b71", "--all"], ["down", "--all", "-p", "b71"], ["sync", "-a", "clip.txt"]):
        assert "leave out the name" in david.expect(2, *words).err
    david.project.rename(david.root / "moved")
    for verb in ("up", "down"):  # as in a fresh clone, where the store has projects
        assert "folder here: `s3sync projects` lists what" in david.ok(verb, "--all", cwd=david.repo).out


@pytest.fixture
def office(tmp_path: Path, seaweedfs: SeaweedFS) -> Iterator[Office]:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        found = office_at(tmp_path, seaweedfs, proxy)
        have_folders(found.david, found.jan)
        yield found


@pytest.mark.seaweedfs
def test_what_changed_since_the_store_was_asked_is_not_overwritten(office: Office) -> None:
    """Between the question and a project's write is time for others: here Jan sends the same file."""
    david, jan = office.david, office.jan
    fill(david)
    (staging(jan, NAMES[2]) / "clip.txt").write_text("jan was faster")
    come: list[int] = []

    def jan_sends(request: object) -> None:
        if not come:
            come.append(-1)
            come[0] = jan.run("up", NAMES[2], cwd=jan.repo).code

    office.proxy.on("PutObject", key=f"*/{NAMES[2]}/clip.txt").before(jan_sends)
    told = by_name(david.expect(4, "up", "--all", "--json", cwd=david.repo).json)
    assert come == [0]
    assert [file["name"] for file in told[NAMES[0]]["uploaded"]] == ["clip.txt"]
    assert told[NAMES[2]]["uploaded"] == [] and told[NAMES[2]]["conflicts"][0]["uploaded_by"] == "jan"
    stored = office.s3.get_object(Bucket=office.server.bucket, Key=f"{office.prefix}/v-appydave/{NAMES[2]}/clip.txt")
    assert stored["Body"].read() == b"jan was faster"


@pytest.mark.seaweedfs
def test_what_hits_every_project_ends_it_and_is_said_once(office: Office) -> None:
    david = office.david
    fill(david)
    david.ok("up", "--all", cwd=david.repo)
    fill(david, "second")
    for name in NAMES[1:]:  # they are under way together, and each meets it
        office.proxy.on("PutObject", key=f"*/{name}/clip.txt").reply(403, "InvalidAccessKeyId")
    ended = david.expect(1, "up", "--all", cwd=david.repo)
    assert "uploaded 1 file" in ended.out and ended.err.count("error: ") == 1
    assert f"not begun: 1 project ({NAMES[2]}), as the error above concerns all of them" in ended.err
    document = by_name(david.expect(1, "up", "--all", "--json", cwd=david.repo).json)
    assert [document[name].get("begun") for name in NAMES] == [None, True, False]
    assert "skipped" in document[NAMES[0]] and document[NAMES[2]]["error"]["type"] == "CredentialsError"


@pytest.mark.seaweedfs
def test_what_a_project_did_before_its_error_is_told(office: Office) -> None:
    david = office.david
    fill(david)
    (staging(david, NAMES[1]) / "second.txt").write_text("the second file, which is longer")
    office.proxy.on("PutObject", key=f"*/{NAMES[1]}/second.txt").reply(403, "InvalidAccessKeyId")
    document = david.expect(1, "up", "--all", "--json", "--transfers", "1", cwd=david.repo).json
    ended = by_name(document)[NAMES[1]]
    assert [file["name"] for file in ended["uploaded"]] == ["clip.txt"]
    assert ended["error"]["type"] == "CredentialsError" and document["bytes_sent"] == 15 + 14 + 15


@pytest.mark.seaweedfs
def test_a_project_that_may_not_be_read_hides_no_other(office: Office) -> None:
    """Rights can end at a project, so that the repository cannot be listed as a whole either."""
    david = office.david
    fill(david)
    david.ok("up", "--all", cwd=david.repo)
    for key in ("metadata.json", "clip.txt"):
        office.proxy.on("*", key=f"*/{NAMES[1]}/{key}").reply(403, "AccessDenied")
    for verb in ("status", "up"):
        told = by_name(david.expect(3, verb, "--all", "--json", cwd=david.repo).json)
        assert told[NAMES[1]]["error"]["type"] == "AccessDenied"
        assert "error" not in told[NAMES[0]] and "error" not in told[NAMES[2]]
    office.proxy.on("*").reply(403, "AccessDenied")
    assert "error: " in david.expect(1, "status", "--all", cwd=david.repo).err


@pytest.mark.seaweedfs
def test_a_large_repository_is_asked_project_by_project(
    tmp_path: Path, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trash or other people's projects may hold more objects than those that are asked about."""
    from s3sync.all_projects import AllProjects
    from s3sync.shared import listed

    monkeypatch.setattr(listed, "FEW_OBJECTS", 2)
    with Rounds(seaweedfs.endpoint_url) as proxy:
        office = office_at(tmp_path, seaweedfs, proxy)
        have_folders(office.david)
        fill(office.david)
        office.david.ok("up", "--all", cwd=office.david.repo)
        before = len(list(proxy.log))
        told = AllProjects.open(path=office.david.repo, environ=office.david.env()).status()
        assert [(one.project, one.report and one.report.counts) for one in told] == [
            (name, {"in_sync": 1}) for name in NAMES
        ]
        listings = [sent for sent in list(proxy.log)[before:] if sent.operation == "ListObjectsV2"]
        asked = {sent.query.get("prefix", "").split("/")[-2] for sent in listings}
        assert asked >= set(NAMES), "the questions travel side by side, in any order"
