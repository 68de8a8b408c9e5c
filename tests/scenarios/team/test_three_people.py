"""A day of three people, on each kind of store: who is told what, what is refused, and that all have all at the end."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import MiniStack, SeaweedFS

FILM, MUSIC, NOTES = "cut/color.mp4", "music.wav", "notes.txt"


@pytest.fixture(
    params=[
        "folder",
        pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
        pytest.param("ministack", marks=pytest.mark.ministack),
    ]
)
def three(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Person, Person, Person]:
    store, environ = f"file://{tmp_path / 'store'}", dict[str, str]()
    if request.param != "folder":
        server: SeaweedFS | MiniStack = request.getfixturevalue(request.param)
        store, environ = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.environment("david")
    found = []
    for name in ("david", "jan", "eva"):
        person = Person(name, tmp_path / name, environ)
        person.ok("init", PROJECT, "--store", store, "--user", name, "--repo", REPO, cwd=person.repo)
        found.append(person)
    return found[0], found[1], found[2]


def told(person: Person, *words: str) -> list[tuple[str, str]]:
    """Who did what, the oldest first."""
    events: list[dict[str, Any]] = person.ok(*words, "--json").json["events"]
    return [(one["by"], one["verb"]) for one in reversed(events)]


def test_a_day_of_three(three: tuple[Person, Person, Person]) -> None:
    david, jan, eva = three
    for name in (FILM, MUSIC, NOTES):
        david.write(name, f"{name}, david's")
    david.ok("up")
    assert "all in sync" in david.ok().out
    jan.ok("down")
    lacking = david.ok("status", "--json").json["lacking"]
    assert "jan" not in lacking and set(lacking.get("eva", {"files": [FILM]})["files"]) >= {FILM}
    eva.ok("down")
    david.ok("pin")
    pins = (david.project / "s3-staging.lock.yaml").read_text("utf-8")
    assert "s3sync down" not in david.ok("cleanup", "--dry-run").err

    assert jan.ok("lock", FILM, "--for", "4h", "--why", "grading", "--json").json["locks"][0]["by"] == "jan"
    eva.write(FILM, "eva's idea")
    refused = eva.expect(6, "up")
    assert "jan" in refused.err and "grading" in refused.err and "--force" in refused.err
    assert [one["by"] for one in david.ok("locks", "--json").json["locks"]] == ["jan"]
    jan.write(FILM, "graded by jan")
    jan.ok("up", "--unlock")
    assert eva.ok("locks", "--json").json["locks"] == []

    (live,) = eva.ok("conflicts", "--json").json["conflicts"]
    assert [one["by"] for one in live["versions"]] == ["eva", "jan"]
    eva.expect(4, "sync")
    david.ok("sync")
    (kept,) = david.ok("conflicts", "--json").json["conflicts"]
    assert kept["by"] == "eva" and kept["kept_as"] in david.files()
    david.expect(5, "resolve", FILM, "--mine")  # he sent neither
    jan.ok("sync")
    jan.ok("resolve", FILM, "--mine")
    jan.ok("undo", "--yes")
    assert len(eva.ok("conflicts", "--json").json["conflicts"]) == 1
    eva.ok("resolve", FILM, "--theirs")
    for person in (jan, david):
        person.ok("sync")
        assert person.read(FILM) == b"graded by jan" and len(person.files()) == 3

    assert ("jan", "up") in told(david, "inbox") and told(david, "inbox") == []
    everything = told(eva, "log", "--most", "0")
    assert [verb for by, verb in everything if by == "jan" and verb in ("resolve", "undo")] == ["resolve", "undo"]
    assert {("jan", "lock"), ("eva", "resolve"), ("david", "sync")} <= set(everything)
    assert {one["name"]: one["has"] for one in jan.ok("who", "--json").json["members"]} == dict.fromkeys(
        ("david", "eva", "jan"), "yes"
    )

    david.write(NOTES, "take 2")
    david.ok("sync")
    assert "jan" in david.expect(5, "cleanup", "--yes").err
    for person in (jan, eva):
        person.ok("sync")
    versions = david.ok("versions", NOTES, "--json").json["versions"]
    assert len(versions) >= 2
    (david.project / "s3-staging.lock.yaml").write_text(pins, "utf-8")
    david.run("down", "--pinned")
    assert david.read(NOTES) == f"{NOTES}, david's".encode()
    david.ok("undo", "--yes")
    david.ok("members", "remove", "eva")
    david.ok("cleanup", "--yes")
    assert david.ok("status", "--json").json["counts"] is not None
    assert jan.files() == eva.files() and jan.read(NOTES) == b"take 2"
