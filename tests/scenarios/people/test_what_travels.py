"""C17: what of a file arrives beside its bytes, at the edges of what disks and databases hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3sync.core.times import FILE_TIMES
from tests.kit.people import Person

People = tuple[Person, Person]
S = 1_000_000_000
MIB = 1024 * 1024
TRAVELS = {
    "1901": -2_147_483_648 * S,
    "1938": -1_000_000_000 * S - 1,
    "before 1970": -1,
    "1970": 0,
    "1970 and a bit": 1,
    "2038": 2_147_483_648 * S + 999_999_999,
    "2107": 4_354_819_199 * S,
    "2261": 9_190_000_000 * S,
}
STAYS = {"2263": 9_250_000_000 * S, "2400": 13_569_465_600 * S + 7}


@pytest.mark.parametrize(("size", "verb"), [(10, "sync"), (17 * MIB, "down")])
def test_c17_times_of_every_age(people: People, size: int, verb: str) -> None:
    david, jan = people
    held = {}
    for name, time_ns in (TRAVELS | STAYS).items():
        path = david.write(f"{name}.mov", name.encode() * (size // len(name)) if name in ("1938", "2263") else name)
        os.utime(path, ns=(time_ns, time_ns))
        if path.stat().st_mtime_ns == time_ns:
            held[name] = time_ns
    assert {"1938", "1970", "2038"} <= held.keys(), "this disk is no use here"
    david.ok("up")
    jan.ok(verb)
    found = {name: (jan.staging / f"{name}.mov").stat().st_mtime_ns for name in held}
    assert {name: time_ns for name, time_ns in found.items() if name in TRAVELS} == {
        name: time_ns for name, time_ns in held.items() if name in TRAVELS
    }
    assert all(found[name] in FILE_TIMES for name in held)
    for person in people:
        for _ in range(2):
            assert set(person.states().values()) == {"in_sync"}
        done = person.ok("sync", "--json").json
        assert not (done["uploaded"] or done["downloaded"] or done["deleted"])
        person.ok("verify", "--deep")


def test_c17_files_of_another_age_are_changed_deleted_and_restored_as_others_are(people: People) -> None:
    david, jan = people
    for name, time_ns in {"old.mov": TRAVELS["1938"], "far.mov": STAYS["2263"], "kept.mov": 0}.items():
        os.utime(david.write(name, "first"), ns=(time_ns, time_ns))
    david.ok("sync")
    jan.ok("sync")
    for name, time_ns in {"old.mov": TRAVELS["1938"], "far.mov": STAYS["2263"]}.items():
        os.utime(david.write(name, "other"), ns=(time_ns, time_ns))  # as long as before, and no younger
    assert [david.states()[name] for name in ("old.mov", "far.mov")] == ["local_modified"] * 2
    david.ok("sync")
    jan.ok("sync")
    assert jan.read("old.mov") == jan.read("far.mov") == b"other"
    (jan.staging / "far.mov").unlink()
    jan.ok("sync")
    david.ok("sync")
    assert not (david.staging / "far.mov").exists()
    david.ok("trash", "restore", "far.mov")
    david.ok("undo", "--yes")
    assert david.read("far.mov") == b"other"
    os.utime(david.staging / "old.mov", ns=(STAYS["2400"], STAYS["2400"]))
    david.write("old.mov", "again").touch()
    os.utime(david.staging / "old.mov", ns=(STAYS["2400"], STAYS["2400"]))
    david.ok("cleanup", "--local", "old.mov", "--yes")
    assert david.read("old.mov") == b"again"


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


@pytest.mark.skipif(os.name != "posix", reason="needs st_blocks")
def test_c17_a_sparse_file_arrives_whole(people: People) -> None:
    """Its holes are zeros: on the wire, in the sizes that are told, and where it arrives."""
    david, jan = people
    image, size = david.staging / "disk.img", 40 * MIB + 3
    with image.open("wb") as file:
        file.truncate(size)
        file.seek(20 * MIB)
        file.write(b"something")
    david.write("small.img", b"")
    os.truncate(david.staging / "small.img", MIB)
    if allocated(image) > size // 2:
        pytest.skip("this disk keeps no holes")
    assert david.ok("up", "--json").json["bytes_sent"] == size + MIB
    jan.ok("down")
    assert jan.files() == david.files()
    with image.open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"more")
    assert allocated(image) < size // 2
    david.ok("sync")
    jan.ok("sync")
    assert jan.files() == david.files()
    for person in people:
        person.ok("verify", "--deep")
        assert set(person.states().values()) == {"in_sync"}
