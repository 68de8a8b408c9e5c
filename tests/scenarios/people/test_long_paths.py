"""B5: paths whose keys are as long as a store takes: sent, changed, in conflict, deleted, had back, cleaned up."""

from __future__ import annotations

import pytest

from s3sync import Project
from tests.kit.people import PROJECT, REPO, Person

People = tuple[Person, Person]


def path_for(person: Person, key_bytes: int, letter: str) -> str:
    """A path of folders of 150 bytes whose whole key has so many."""
    url = Project.open(path=person.project, environ=person.env()).session.store.url
    before = f"{url.split('/', 3)[3]}/{REPO}/{PROJECT}/" if url.startswith("s3:") else f"{REPO}/{PROJECT}/"
    rest = key_bytes - len(before)
    names = "/".join([letter * 150] * 7)[:rest]
    return names[:-1] + letter if names.endswith("/") else names


@pytest.mark.parametrize("length", [700, 1000, 1023, 1024])
def test_b5_every_step_of_a_life(people: People, length: int) -> None:
    david, jan = people
    name = path_for(david, length, "x")
    for other in (name, "kept.mov", "too.mov"):
        david.write(other, "first")
    david.ok("sync")
    jan.ok("sync")
    david.write(name, "david's")
    jan.write(name, "jan's")
    david.ok("sync")
    jan.expect(4, "sync")
    david.ok("sync")
    assert david.files() == jan.files() and len(david.files()) == 4
    (copy,) = (found for found in david.files() if ".conflict-jan-" in found)
    assert (david.read(copy), david.read(name)) == (b"jan's", b"david's")
    for found in (copy, name):
        (jan.staging / found).unlink()
    jan.ok("sync", "--max-delete", "9")
    david.ok("sync", "--max-delete", "9")
    assert len(david.files()) == 2
    assert {item["name"] for item in david.ok("trash", "--remote", "--json").json["files"]} == {copy, name}
    jan.ok("undo", "--yes")
    david.ok("down")
    assert (david.read(copy), david.read(name)) == (b"jan's", b"david's")
    david.ok("cleanup", "--yes")
    assert jan.ok("status").code == 0


def test_b5_a_key_that_is_too_long_fails_alone_and_says_what_to_do(people: People) -> None:
    david, jan = people
    if not Project.open(path=david.project, environ=david.env()).session.store.url.startswith("s3:"):
        pytest.skip("a folder store counts no prefix")
    name = path_for(david, 1025, "x")
    david.write(name, "too long")
    david.write("kept.mov", "kept")
    failed = david.expect(3, "up")
    assert "1,024 bytes" in failed.err and "hint: rename" in failed.err
    jan.ok("down")
    assert set(jan.files()) == {"kept.mov"}
