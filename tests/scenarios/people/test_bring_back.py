"""`versions`, and `down --version` and `--at`: an older version comes back, and nothing that stood here is lost."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from s3sync import Project
from s3sync.errors import ChecksumMismatch
from s3sync.local.room import state_room
from s3sync.sync.carry_out import carry_out
from s3sync.team.fetch_version import fetch_version
from tests.kit.people import Person, pair
from tests.kit.servers import Server
from tests.scenarios.transfers.conftest import NewOffice, Office, new_office

__all__ = ["new_office"]
People = tuple[Person, Person]


@pytest.fixture
def two(tmp_path: Path) -> People:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})


@pytest.fixture
def versioned(moto: Server, new_office: NewOffice) -> Any:
    office = new_office(moto)
    office.s3.put_bucket_versioning(Bucket=moto.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield office
    office.s3.put_bucket_versioning(Bucket=moto.bucket, VersioningConfiguration={"Status": "Suspended"})


def listed(person: Person, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok("versions", name, "--json").json["versions"]
    return found


def contents_here(person: Person) -> set[bytes]:
    """All that stands in the staging folder or lies in its trash."""
    every = (path for path in person.staging.rglob("*") if path.is_file() and path.suffix == ".mp4")
    return {path.read_bytes() for path in every}


def three_cuts(people: People) -> People:
    """David publishes three versions, each of which replaces the one before; Jan has the last one."""
    david, jan = people
    for content in ("first cut", "second cut, longer", "third"):
        david.write("draft.mp4", content)
        david.ok("sync")
        jan.ok("sync")
    return people


def test_versions_in_the_trashes_are_listed_and_one_comes_back(people: People) -> None:
    david, jan = three_cuts(people)
    found = listed(jan, "draft.mp4")
    sides = [(one["where"], one["size_bytes"]) for one in found]
    assert sides[0] == ("remote", 5)
    assert {*sides[1:]} == {("remote_trash", 9), ("remote_trash", 18), ("local_trash", 9), ("local_trash", 18)}
    assert len({one["id"] for one in found}) == 5
    first = next(one for one in found if (one["where"], one["size_bytes"]) == ("remote_trash", 9))
    assert first["by"] == "david" and first["ended_by"] == "david" and first["md5"]
    david.write("draft.mp4", "an edit that was never sent")
    done = david.ok("down", "draft.mp4", "--version", first["id"])
    assert david.read("draft.mp4") == b"first cut"
    assert "what stood here is in the trash" in done.out and "the next `s3sync up` sends draft.mp4" in done.out
    assert b"an edit that was never sent" in contents_here(david)
    assert david.states() == {"draft.mp4": "local_modified"}
    david.ok("up")
    jan.ok("down")
    assert jan.read("draft.mp4") == b"first cut"


def test_undo_takes_it_back_and_a_dry_run_writes_nothing(two: People) -> None:
    _, jan = three_cuts(two)
    david = two[0]
    first = listed(david, "draft.mp4")[-1]["id"]
    david.write("draft.mp4", "unsent")
    dry = david.ok("down", "draft.mp4", "--version", first, "--dry-run", "--json").json
    assert [one["state"] for one in dry["brought_back"]] == ["local_modified"] and david.read("draft.mp4") == b"unsent"
    done = david.ok("down", "draft.mp4", "--version", first, "--json").json
    assert done["brought_back"][0]["replaced"] is True and david.read("draft.mp4") != b"unsent"
    david.ok("undo", "--yes")
    assert david.read("draft.mp4") == b"unsent"
    assert jan.read("draft.mp4") == b"third"


def test_a_version_of_a_deleted_file_comes_back_and_is_not_deleted_again(two: People) -> None:
    david, jan = three_cuts(two)
    (david.staging / "draft.mp4").unlink()
    david.ok("sync", "--max-delete", "1")
    jan.ok("sync", "--max-delete", "1")
    newest = max(listed(jan, "draft.mp4"), key=lambda one: one["until"] or "")
    done = jan.ok("down", "draft.mp4", "--version", newest["id"], "--json").json
    assert [one["state"] for one in done["brought_back"]] == ["local_new"]
    jan.ok("sync")
    david.ok("sync")
    assert david.read("draft.mp4") == jan.read("draft.mp4") == b"third"


def test_nobody_loses_a_version_that_was_never_here(two: People) -> None:
    """Jan's newer version was never fetched: the older one that David brings back does not go over it unseen."""
    david, jan = three_cuts(two)
    jan.write("draft.mp4", "Jan's new cut, which only the remote has")
    jan.ok("up")
    first = next(one for one in listed(david, "draft.mp4") if one["size_bytes"] == 9)
    done = david.ok("down", "draft.mp4", "--version", first["id"])
    assert "was never here, by jan" in done.out and "s3sync conflicts" in done.out
    assert david.read("draft.mp4") == b"first cut" and david.states() == {"draft.mp4": "conflict"}
    david.expect(4, "up")
    david.expect(4, "down")
    assert david.read("draft.mp4") == b"first cut"
    david.ok("resolve", "draft.mp4", "--mine")
    kept = [one for one in listed(jan, "draft.mp4") if one["where"] == "remote_trash"]
    assert 40 in {one["size_bytes"] for one in kept}, "and with a decision it goes to the trash"


def test_the_version_that_the_base_knows_leaves_the_newer_one_to_fetch(two: People) -> None:
    david, jan = three_cuts(two)
    third = listed(david, "draft.mp4")[0]["id"]
    jan.write("draft.mp4", "fourth of Jan")
    jan.ok("sync")
    david.write("draft.mp4", "an idea that was wrong")
    assert [one["id"] for one in listed(david, "draft.mp4") if one["size_bytes"] == 5] != [third]
    fit = next(one for one in listed(david, "draft.mp4") if one["size_bytes"] == 5)
    done = david.ok("down", "draft.mp4", "--version", fit["id"])
    assert "The remote has a newer version of draft.mp4, by jan" in done.out
    david.ok("down")
    assert david.read("draft.mp4") == b"fourth of Jan" and b"an idea that was wrong" in contents_here(david)


def test_what_stands_here_already_is_said_and_left_alone(two: People) -> None:
    david, _ = three_cuts(two)
    before = (david.staging / "draft.mp4").stat().st_ino
    current = listed(david, "draft.mp4")[0]["id"]
    done = david.ok("down", "draft.mp4", "--version", current, "--json").json
    assert done["already_here"] == ["draft.mp4"] and done["brought_back"] == []
    assert (david.staging / "draft.mp4").stat().st_ino == before
    david.write("draft.mp4", "edited")
    assert david.ok("down", "draft.mp4", "--version", current, "--json").json["brought_back"][0]["state"] == "in_sync"
    assert david.read("draft.mp4") == b"third" and david.states() == {"draft.mp4": "in_sync"}


def test_what_stands_here_and_in_the_trash_makes_no_run_that_an_undo_would_take_for_the_last(two: People) -> None:
    """Of a file in this computer's trash no record tells the MD5."""
    david, jan = three_cuts(two)
    jan.write("draft.mp4", "second cut, longer")
    jan.write("other.mp4", "o")
    jan.ok("up", "other.mp4")
    second = next(one for one in listed(jan, "draft.mp4") if (one["where"], one["size_bytes"]) == ("local_trash", 18))
    done = jan.ok("down", "draft.mp4", "--version", second["id"], "--json").json
    assert done["already_here"] == ["draft.mp4"] and done["brought_back"] == []
    jan.ok("undo", "--yes")
    assert not any("other.mp4" in one for one in david.ok("status", "--json").json["files"])
    assert jan.read("draft.mp4") == b"second cut, longer"


def test_mode_and_time_come_back_and_a_private_file_stays_private(two: People) -> None:
    david, jan = two
    script = david.write("grade.sh", "#!/bin/sh\n# first")
    script.chmod(0o755)
    os.utime(script, ns=(1_600_000_000_000_000_000,) * 2)
    david.ok("sync")
    jan.ok("sync")
    david.write("grade.sh", "#!/bin/sh\n# second").chmod(0o755)
    david.ok("sync")
    jan.ok("sync")
    first = next(one for one in listed(jan, "grade.sh") if one["where"] == "remote_trash")
    (jan.staging / "grade.sh").unlink()
    jan.ok("down", "grade.sh", "--version", first["id"])
    status = (jan.staging / "grade.sh").stat()
    assert status.st_mode & stat.S_IXUSR and status.st_mtime_ns == 1_600_000_000_000_000_000
    (jan.staging / "grade.sh").write_text("mine")
    (jan.staging / "grade.sh").chmod(0o600)
    jan.ok("down", "grade.sh", "--version", first["id"])
    assert not (jan.staging / "grade.sh").stat().st_mode & 0o077
    assert jan.ok("down", "grade.sh", "--version", first["id"], "--json").json["already_here"] == ["grade.sh"]


def test_what_another_program_saves_meanwhile_stays(two: People, monkeypatch: pytest.MonkeyPatch) -> None:
    david, _ = three_cuts(two)
    first = next(one for one in listed(david, "draft.mp4") if one["where"] == "remote_trash")

    def late(*given: Any, **more: Any) -> Any:
        david.write("draft.mp4", "saved a moment ago")
        return carry_out(*given, **more)

    monkeypatch.setattr("s3sync.team.bring_back.carry_out", late)
    project = Project.open(path=david.project, environ=david.env())
    report = project.bring_back("draft.mp4", version=first["id"])
    assert report.brought == [] and [one.path for one in report.failed] == ["draft.mp4"] and report.exit_code == 3
    assert "was changed meanwhile" in report.failed[0].error and david.read("draft.mp4") == b"saved a moment ago"
    assert not any((david.staging / ".s3sync" / "partial").iterdir())


def test_bytes_that_are_not_the_promised_ones_are_refused_and_leave_nothing(two: People) -> None:
    david, _ = three_cuts(two)
    opened = Project.open(path=david.project, environ=david.env())
    first = next(one for one in opened.versions("draft.mp4").versions if one.where == "remote_trash")
    with state_room(david.staging, "partial") as folder:
        with pytest.raises(ChecksumMismatch, match="did not arrive as it was stored"):
            fetch_version(opened.session, first, "0" * 32, folder, private=False)
        assert folder.names() == []
        name, md5 = fetch_version(opened.session, first, first.md5, folder, private=True)
        assert md5 == first.md5 and stat.S_IMODE((david.staging / ".s3sync/partial" / name).stat().st_mode) == 0o600


def test_each_bad_question_gets_one_clear_sentence(two: People) -> None:
    david, _ = three_cuts(two)
    david.write("only-here.mp4", "x")
    for words, said in (
        (("versions", "never.mp4"), "no file called 'never.mp4'"),
        (("versions", "draft.mp"), "did you mean 'draft.mp4'"),
        (("versions", "../x"), "is no name of a file"),
        (("down", "draft.mp4", "--version", "ffffffffffff"), "draft.mp4 has no version 'ffffffffffff'"),
        (("down", "draft.mp4", "--version", "../../x"), "has no version"),
        (("down", "draft.mp4", "--at", "soon"), "it is no time"),
        (("down", "draft.mp4", "--at", "1999-01-01"), "no version of draft.mp4 is known of 1999-01-01"),
        (("down", "only-here.mp4", "--at", "1d"), "none lies in a trash"),
        (("down", "--version", "abc123"), "no file was named"),
        (("down", "draft.mp4", "only-here.mp4", "--at", "1d"), "2 files were named"),
        (("down", "draft.mp4", "--at", "1d", "--version", "abc123"), "exclude each other"),
        (("down", "--pinned", "--all"), "exclude each other"),
        (("down", "draft.mp4", "--at", "1d", "--on-conflict", "mine"), "--at"),
    ):
        told = david.expect(2, *words)
        assert said in told.err and "hint:" in told.err, (words, told)
    assert david.read("draft.mp4") == b"third"
    assert "No other version of it is known" in david.ok("versions", "only-here.mp4").out
    david.ok("up", "only-here.mp4")
    only = david.ok("versions", "only-here.mp4").out
    assert "on the remote now" in only and "nothing earlier to bring back" in only and "--version ID" not in only
    assert "This store keeps no versions" in david.ok("versions", "draft.mp4").out


def test_a_bucket_without_versioning_says_so(moto: Server, new_office: NewOffice) -> None:
    office = new_office(moto)
    office.s3.create_bucket(Bucket="plain-bucket")
    office.david.environ = {**office.david.environ, "S3SYNC_STORE": "s3://plain-bucket/x"}
    office.david.write("a.mp4", "a")
    office.david.ok("up")
    assert "The bucket keeps no versions" in office.david.ok("versions", "a.mp4").out
    assert office.david.ok("versions", "a.mp4", "--json").json["keeps_versions"] == "no"


def test_what_the_bucket_keeps_is_listed_and_comes_back_by_id_and_by_time(versioned: Office) -> None:
    david, jan = versioned.david, versioned.jan
    for content in ("first", "second!", "third, longer"):
        david.write("a.mp4", content)
        david.write("a.mp4.wav", f"a neighbour of {content}")
        david.ok("up")
    found = listed(david, "a.mp4")
    assert [one["where"] for one in found] == ["remote", "old_version", "old_version"]
    assert {one["by"] for one in found} == {"david"} and {one["size_bytes"] for one in found} == {5, 7, 13}
    ids = {one["size_bytes"]: one["id"] for one in found}
    jan.ok("down")
    done = jan.ok("down", "a.mp4", "--version", ids[5][:5], "--json").json
    assert jan.read("a.mp4") == b"first" and done["brought_back"][0]["state"] == "local_modified"
    (david.staging / "a.mp4").unlink()
    david.ok("sync")
    told = listed(david, "a.mp4")
    assert [one["id"] for one in told if one["size_bytes"] == 5 and one["where"] == "old_version"] == [ids[5]]
    assert told[0]["is_deletion"] and "deleted on the remote" in david.ok("versions", "a.mp4").out
    refused = david.expect(2, "down", "a.mp4", "--version", told[0]["id"])
    assert "there is nothing to bring back" in refused.err
    david.ok("down", "a.mp4", "--version", ids[7])
    assert david.read("a.mp4") == b"second!" and david.states()["a.mp4"] == "local_new"


def test_a_large_version_and_one_of_another_program_are_verified(versioned: Office) -> None:
    david, name = versioned.david, unicodedata.normalize("NFD", "é cut.mp4")
    big = os.urandom(9_000_000)
    david.write("big.mp4", big)
    david.ok("up")
    david.write("big.mp4", "small now")
    david.ok("up")
    versioned.put(name, b"by another program")
    versioned.put(name, b"and replaced by it")
    large = next(one for one in listed(david, "big.mp4") if one["size_bytes"] == len(big))
    david.ok("down", "big.mp4", "--version", large["id"])
    assert david.read("big.mp4") == big
    theirs = listed(david, unicodedata.normalize("NFC", name))
    assert [one["where"] for one in theirs] == ["remote", "old_version"]
    david.ok("down", name, "--version", theirs[1]["id"])
    assert david.read(unicodedata.normalize("NFC", name)) == b"by another program"
    assert re.search(r"MD5 [0-9a-f]{32}", david.ok("versions", "big.mp4", "-v").out)
