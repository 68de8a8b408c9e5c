"""The main scenarios of two people on Azure: its ETags say nothing of content, and its blocks are nobody's."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tests.kit.azurite import Azurite
from tests.kit.people import Person, pair
from tests.scenarios.people.test_trash import (  # noqa: F401
    test_a13_what_was_deleted_is_listed_on_both_sides_and_comes_back,
)
from tests.scenarios.people.test_two_people import (  # noqa: F401
    test_a_conflict_is_named_with_its_author_and_overwrites_nothing,
    test_edits_go_both_ways_and_a_second_run_does_nothing,
    test_mine_and_theirs_decide_and_the_loser_goes_to_the_trash,
    test_sync_keeps_both_versions_and_both_users_converge,
    test_the_same_size_and_time_with_other_bytes_is_an_edit,
    test_thirty_files_travel_byte_identical_with_their_times,
)
from tests.scenarios.people.test_undo import test_undo_of_a_sync_brings_both_sides_back  # noqa: F401
from tests.scenarios.transfers.commands import parts_remembered, started, until

pytestmark = pytest.mark.azurite
MIB = 1024 * 1024


@pytest.fixture
def people(azurite: Azurite, tmp_path: Path) -> tuple[Person, Person]:
    """David and Jan in one container. An account's key is everybody's."""
    environments = {name: azurite.environment() for name in ("david", "jan")}
    return pair(tmp_path, f"{azurite.url}/{uuid.uuid4().hex}", environments)


def killed_while_sending(person: Person, size: int) -> bytes:
    """David's `up` of a large file is killed when some of its parts have arrived, as a limit on the speed allows."""
    data = os.urandom(size)
    person.write("film.mov", data)
    with started(person, "up", "--bwlimit", "6M") as command:
        until(lambda: parts_remembered(person) >= 1, "a part of an upload")
        command.kill()
    return data


def test_a_killed_upload_sends_only_the_rest(people: tuple[Person, Person]) -> None:
    david, jan = people
    data = killed_while_sending(david, 33 * MIB)
    there = david.ok("status", "--json").json["transfers"]
    assert [(one["name"], one["direction"], one["ours"]) for one in there] == [("film.mov", "up", True)]
    report = david.ok("up", "--json").json
    assert report["bytes_saved"] >= there[0]["done_bytes"] > 0  # some arrived that nobody could note any more
    assert report["bytes_sent"] + report["bytes_saved"] == 33 * MIB
    jan.ok("down")
    assert jan.read("film.mov") == data
    assert david.ok("status", "--json").json["transfers"] == []


def test_an_edit_of_a_large_file_sends_the_part_that_changed(people: tuple[Person, Person]) -> None:
    david, jan = people
    data = bytearray(os.urandom(33 * MIB))
    david.write("film.mov", bytes(data))
    david.ok("up")
    data[20 * MIB] ^= 1
    david.write("film.mov", bytes(data))
    report = david.ok("up", "--json").json
    assert (report["bytes_sent"], report["bytes_saved"]) == (8 * MIB, 25 * MIB)
    jan.ok("down")
    assert jan.read("film.mov") == bytes(data)


def test_parts_that_a_colleague_dropped_by_publishing_are_sent_again_and_why_is_said(
    people: tuple[Person, Person],
) -> None:
    """Both begin to send a new file of the same name, and Jan is done first."""
    david, jan = people
    data = killed_while_sending(david, 33 * MIB)
    theirs = os.urandom(17 * MIB)
    jan.write("film.mov", theirs)
    jan.ok("up")
    ran = david.run("up")
    assert "film.mov" in ran.out + ran.err and "jan" in ran.out + ran.err  # a conflict, and nothing is replaced
    assert jan.ok("verify", "--deep").code == 0
    ran = david.ok("up", "--on-conflict", "mine")
    assert "what was sent of it is gone from the store" in ran.err
    jan.ok("sync")
    assert jan.read("film.mov") == data


def trashed(person: Person) -> list[str]:
    return [one["name"] for one in person.ok("trash", "list", "--remote", "--json").json["files"]]


def test_what_was_sent_or_fetched_here_is_replaced_without_a_copy_of_it(people: tuple[Person, Person]) -> None:
    """Each `up` copied what it replaced into the trash, where it stayed: the ETag is new with every write, and proves
    that the version is the one that was here."""
    david, jan = people
    large = os.urandom(9 * MIB)
    for content in ("first", "second, by david"):
        david.write("a.mp4", content)
        david.write("film.mov", large + content.encode())
        david.ok("up")
    jan.ok("down")
    jan.write("a.mp4", "third, by jan")
    jan.write("film.mov", large + b"third")
    jan.ok("up")
    assert trashed(david) == []
    (jan.staging / "film.mov").rename(jan.staging / "final.mov")
    report = jan.ok("up", "--json").json
    assert (report["bytes_sent"], [one["name"] for one in report["uploaded"]]) == (0, ["final.mov"])
    told = jan.ok("cleanup", "a.mp4", "--force", "--yes", "--json").json["deleted"]
    assert [(one["name"], one["in_trash"]) for one in told] == [("a.mp4", False)]
    assert jan.read("a.mp4") == b"third, by jan" and trashed(jan) == []


def test_what_only_metadata_says_to_be_the_same_is_copied_into_the_trash(people: tuple[Person, Person]) -> None:
    """Jan has the file from elsewhere: by size and MD5 it is David's, and nothing but David's word says so."""
    david, jan = people
    for name in ("a.mp4", "b.mp4"):
        david.write(name, f"david's {name}")
        jan.write(name, f"david's {name}")
    david.ok("up")
    assert set(jan.states().values()) == {"in_sync"}
    jan.ok("up")  # remembers that both sides hold the same
    jan.write("a.mp4", "jan's own")
    jan.ok("up", "a.mp4")
    assert trashed(jan) == ["a.mp4"]
    told = jan.ok("cleanup", "b.mp4", "--force", "--yes", "--json").json["deleted"]
    assert [(one["name"], one["in_trash"]) for one in told] == [("b.mp4", True)]


def poisoned(azurite: Azurite) -> None:
    """A teammate puts other bytes under the ids of the blocks that wait, which anybody may list."""
    container = azurite.container()
    for found in container.list_blobs(include=["uncommittedblobs"]):
        blob = container.get_blob_client(found.name)
        for one in blob.get_block_list("uncommitted")[1] if found.name.endswith("film.mov") else ():
            blob.stage_block(one.id, b"E" * one.size, length=one.size)


def test_no_cleanup_frees_a_file_whose_blocks_somebody_replaced(
    people: tuple[Person, Person], azurite: Azurite
) -> None:
    """The store then says that it holds what was sent, and the sender's was the last copy."""
    david, jan = people
    data = killed_while_sending(david, 33 * MIB)
    poisoned(azurite)
    david.ok("up")
    kept = david.expect(3, "cleanup", "--local", "--yes")
    assert "film.mov: stays here: the remote holds other bytes" in kept.err and david.read("film.mov") == data
    jan.expect(3, "down")
    (david.staging / "film.mov").write_bytes(data + b"!")
    david.ok("up", "--on-conflict", "mine")
    jan.ok("down")
    assert jan.read("film.mov") == data + b"!", "no block of that version was kept"
    assert david.ok("cleanup", "--local", "--yes", "--json").json["deleted"]
    assert not (david.staging / "film.mov").exists()


def test_no_move_takes_away_a_file_whose_blocks_somebody_replaced(
    people: tuple[Person, Person], azurite: Azurite, tmp_path: Path
) -> None:
    david, _ = people
    source, target = tmp_path / "card", f"{azurite.url}/{uuid.uuid4().hex}"
    source.mkdir()
    data = os.urandom(33 * MIB)
    (source / "film.mov").write_bytes(data)
    with started(david, "move", str(source), target, "--bwlimit", "6M") as command:
        until(lambda: waiting_blocks(azurite) >= 2, "two parts of an upload")
        command.kill()
    poisoned(azurite)
    told = david.expect(3, "move", str(source), target)
    assert "film.mov stays" in told.err and (source / "film.mov").read_bytes() == data
    david.ok("move", str(source), target)
    back = tmp_path / "back"
    david.ok("copy", target, str(back))
    assert not (source / "film.mov").exists() and (back / "film.mov").read_bytes() == data


def waiting_blocks(azurite: Azurite) -> int:
    """Blocks of the film that are there, and nothing is made of."""
    container = azurite.container()
    names = [found.name for found in container.list_blobs(include=["uncommittedblobs"])]
    films = [container.get_blob_client(name) for name in names if name.endswith("film.mov")]
    return sum(len(blob.get_block_list("uncommitted")[1]) for blob in films)
