"""One way between each pair of kinds: copied, byte for byte, nothing twice, what is replaced kept."""

from __future__ import annotations

import random

import pytest

from tests.scenarios.pairs.desk import Desk

pytestmark = pytest.mark.seaweedfs

PAIRS = [
    ("folder", "store"),
    ("folder", "sea"),
    ("sea", "folder"),
    ("folder", "folder"),
    ("sea", "moto"),
    ("sea", "sea"),
    ("moto", "store"),
]
LARGE = random.Random(7).randbytes(9 * 1024 * 1024)


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda kind: kind)
def test_b_gets_what_a_holds_and_what_was_there_is_kept(desk: Desk, one: str, two: str) -> None:
    source, target = desk.place("folder", "start"), desk.place(one, "a")
    files = {"notes.txt": b"one", "day 1/clip.mov": b"c" * 100_000, "day 1/ü.txt": b"", "large.mov": LARGE}
    for name, body in files.items():
        source.put(name, body)
    if one != "folder":
        desk.run("copy", source, target)
        a = target
    else:
        a = source
    b = desk.place(two, "b")

    told = desk.run("sync", a, b, "--dry-run", "--json").json
    assert sorted(item["name"] for item in told["copied"]) == sorted(files)
    assert b.everything() == {}

    done = desk.run("sync", a, b, "--json").json
    assert b.files() == files and done["exit_code"] == 0
    total = sum(map(len, files.values()))
    assert done["bytes_moved"] == (0 if one == two == "sea" else total)

    again = desk.run("sync", a, b, "--json").json
    assert (again["copied"], again["bytes_moved"], again["alike"]["files"]) == ([], 0, len(files))
    assert desk.run("check", a, b, "--json").json["same"] is True

    a.put("notes.txt", b"two")
    b.put("only here.txt", b"keep me")
    desk.run("check", a, b, code=1)
    done = desk.run("sync", a, b, "--json").json
    assert [(item["name"], item["replaced"]) for item in done["copied"]] == [("notes.txt", True)]
    assert [(item["name"], item["why"]) for item in done["left"]] == [("only here.txt", "only_b")]
    assert b.files() == {**files, "notes.txt": b"two", "only here.txt": b"keep me"}
    assert b.trash() == {"notes.txt": b"one"}

    gone = desk.run("sync", a, b, "--delete", "--json").json
    assert [(item["name"], item["at"], item["in_trash"]) for item in gone["deleted"]] == [("only here.txt", "b", True)]
    assert b.files() == a.files()
    assert b.trash() == {"notes.txt": b"one", "only here.txt": b"keep me"}
