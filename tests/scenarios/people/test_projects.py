"""C3: which projects there are, here and in the store, and what waits for whom."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import uuid
from functools import partial
from pathlib import Path

from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import Moto


def add(person: Person, project: str, name: str, content: str) -> None:
    folder = person.repo / project / "s3-staging"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)


def test_c3_here_and_there(people: tuple[Person, Person]) -> None:
    david, jan = people
    for project, name in ((PROJECT, "a.mp4"), (PROJECT, "b.mp4"), ("b64-cut", "c.wav")):
        add(david, project, name, "12345")
        david.ok("up", project, cwd=david.repo)
    jan.ok("down")
    add(jan, PROJECT, "new.wav", "n")
    add(jan, "c70", "first.wav", "123")
    report = jan.ok("projects", "--json", cwd=jan.repo).json
    found = {project["name"]: project for project in report["projects"]}
    assert list(found) == [PROJECT, "b64-cut", "c70"] and report["git_ignores_staging"] is True
    assert [(one["here"], one["in_store"], one["files"], one["size_bytes"]) for one in found.values()] == [
        (True, True, 2, 10),
        (False, True, 1, 5),
        (True, False, 1, 3),
    ]
    assert found[PROJECT]["counts"] == {"in_sync": 2, "local_new": 1}
    assert found[PROJECT]["last_sync"]["by"] and found["b64-cut"]["last_sync"]["by"] == "david"
    shown = jan.ok("projects", cwd=jan.repo).out
    assert "1 to upload" in shown and "not here: `s3sync down b64-cut`" in shown
    assert [project["name"] for project in jan.ok("projects", "*c*", "--json").json["projects"]] == ["b64-cut", "c70"]
    assert [project["name"] for project in jan.ok("projects", "b6", "--json").json["projects"]] == [PROJECT, "b64-cut"]
    assert "the projects are: b63-flivideo, b64-cut, c70" in jan.expect(2, "projects", "x").err


def test_c3_agrees_with_status_and_changes_nothing(people: tuple[Person, Person]) -> None:
    david, jan = people
    for name in ("keep", "edit", "go"):
        david.write(name, name)
    david.ok("up")
    jan.ok("down")
    david.write("edit", "edited")
    david.ok("up")
    jan.write("edit", "also")
    (jan.staging / "go").unlink()
    before = jan.files()
    counts = jan.ok("status", "--json").json["counts"]
    assert jan.ok("projects", "--json").json["projects"][0]["counts"] == counts
    assert counts == {"conflict": 1, "in_sync": 1, "local_deleted": 1}
    assert jan.files() == before


def test_c3_one_listing_whatever_their_number(moto: Moto, tmp_path: Path) -> None:
    from tests.contract.proxy import proxying

    url = f"s3://{moto.bucket}/{uuid.uuid4().hex}"
    david, _ = pair(tmp_path, url, {name: moto.environment() for name in ("david", "jan")})
    for number in range(4):
        add(david, f"c{number}", "a", "a")
        david.ok("up", f"c{number}", cwd=david.repo)
    with proxying(moto.endpoint_url) as proxy:
        david.ok("projects", cwd=david.repo, env={"AWS_ENDPOINT_URL": proxy.url})
        assert sum("list-type=2" in request for request in proxy.requests) == 1, proxy.requests


def test_c3_one_broken_project_hides_no_other(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("a", "a")
    david.ok("up")
    store = tmp_path / "store" / REPO
    for name in ("far", "new\x1b[31m", ".hidden"):
        (store / name).mkdir()
        (store / name / "metadata.json").write_text("{broken")
    result = jan.expect(3, "projects", "--json")
    found = {project["name"]: project for project in json.loads(result.out)["projects"]}
    assert set(found) == {PROJECT, "far"} and found["far"]["error"]["type"] == "ManifestError"
    assert found[PROJECT]["error"] is None
    shutil.rmtree(jan.staging)
    jan.staging.symlink_to(tmp_path)
    assert "it is a link" in jan.expect(3, "projects").err
    assert "\x1b" not in jan.run("projects").out


def test_r23_a_folder_that_is_gone(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", launcher=["sh", "-c", 'mkdir d; cd d; rmdir ../d; exec "$@"', "sh"])
    for words in (["status"], ["init", "p"], ["projects"]):
        assert "the folder that you are in is gone" in david.expect(2, *words, cwd=david.repo).err


def test_c3_files_that_git_has_taken_up_are_told_with_the_way_out(tmp_path: Path) -> None:
    """Someone added the folder by force: the next commit would send its files to everybody, for ever."""
    david = Person("david", tmp_path / "david")
    for project, name in ((PROJECT, "a.mp4"), (PROJECT, "b c.mp4"), ("b64-cut", "c.wav")):
        add(david, project, name, "12345")
    git = partial(subprocess.run, cwd=david.repo, check=True, capture_output=True)
    git(["git", "init", "-q"])
    git(["git", "add", "-f", f"{PROJECT}/s3-staging/"])
    result = david.ok("projects", "--json", cwd=david.repo)
    assert {one["name"]: one["files_in_git"] for one in result.json["projects"]} == {PROJECT: 2, "b64-cut": 0}
    told = david.ok("projects", cwd=david.repo).err
    assert f"warning: git has taken up 2 files of {PROJECT}" in told and "b64-cut" not in told
    hint = next(line for line in told.splitlines() if "git rm" in line)
    git(shlex.split(hint.split("`")[1]))
    assert "git has taken up" not in david.ok("projects", cwd=david.repo).err
    assert len(david.files()) == 2


def test_c3_without_git_nothing_is_said_of_it(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    add(david, PROJECT, "a.mp4", "12345")
    (david.repo / ".s3sync.yaml").write_text("repo: film\n")
    shutil.rmtree(david.repo / ".git")
    (one,) = david.ok("projects", "--json", cwd=david.repo).json["projects"]
    assert one["files_in_git"] is None
    assert "git has taken up" not in david.ok("projects", cwd=david.repo).err
