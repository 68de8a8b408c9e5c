"""What is deleted on the remote, and lives on there under another name, is not copied to the trash."""

from __future__ import annotations

import json
import time

import pytest

from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

SIZES = {"clip.mov": 2 * MIB, "takes/film.mp4": PART + 5 * MIB}
TICK_S = 1.1
"""The store counts in seconds, and what stays must be younger than what goes."""


@pytest.fixture
def shared(office: Office) -> Office:
    for seed, (name, size) in enumerate(SIZES.items()):
        office.david.write(name, content(size, seed))
    office.david.write("note.txt", "stays")
    office.david.ok("up")
    office.jan.ok("down")
    tick(office)
    return office


def tick(office: Office) -> None:
    time.sleep(TICK_S)
    office.proxy.reset_counts()


def rename(office: Office, old: str, new: str) -> None:
    (office.david.staging / new).parent.mkdir(exist_ok=True)
    (office.david.staging / old).rename(office.david.staging / new)


def copies(office: Office) -> tuple[int, int]:
    """Copies on the server since the counts were reset, and how many of them are in the trash."""
    asked = office.asked("CopyObject", "UploadPartCopy")
    return len(asked), sum("/.s3sync/trash/" in request.key for request in asked)


def in_trash(office: Office) -> set[str]:
    listed = office.david.ok("trash", "list", "--remote", "--json").json["files"]
    return {found["name"] for found in listed}


def test_a_renamed_file_is_copied_once(shared: Office) -> None:
    office = shared
    rename(office, "clip.mov", "best.mov")
    rename(office, "takes/film.mp4", "film (good).mp4")
    deleted = office.david.ok("sync", "--json").json["deleted"]
    assert copies(office) == (2, 0) and office.proxy.sent < 100_000
    assert {one["name"]: one["lives_on"] for one in deleted} == {
        "clip.mov": "best.mov",
        "takes/film.mp4": "film (good).mp4",
    }
    assert office.names() == {"best.mov", "film (good).mp4", "note.txt"} and not in_trash(office)
    office.jan.ok("sync")
    assert office.jan.files() == office.david.files()
    office.jan.ok("verify", "--deep")


def test_the_screen_says_where_it_is(shared: Office) -> None:
    rename(shared, "clip.mov", "best.mov")
    assert "deleted from the remote, kept as best.mov" in shared.david.ok("sync").out


def foretold(office: Office) -> dict[str, str | None]:
    """The other name of each deletion that a dry run tells; the run itself has to tell the same."""
    told = [office.david.ok("sync", *dry, "--json").json["deleted"] for dry in (["--dry-run"], [])]
    before, after = ({one["name"]: one["lives_on"] for one in some} for some in told)
    assert {name for name, other in after.items() if other is None} <= in_trash(office)
    assert before == after
    return before


def test_a_dry_run_says_where_each_will_be_kept(shared: Office) -> None:
    office = shared
    for name, body in (("twin.mov", office.david.read("clip.mov")), ("small.txt", b"less than is copied")):
        office.david.write(name, body)
    office.david.ok("up")
    tick(office)
    rename(office, "takes/film.mp4", "film (good).mp4")
    rename(office, "small.txt", "tiny.txt")
    (office.david.staging / "clip.mov").unlink()
    (office.david.staging / "note.txt").unlink()
    said = office.david.ok("sync", "--dry-run").out
    assert "would be deleted from the remote, kept as film (good).mp4" in said
    assert foretold(office) == {
        "takes/film.mp4": "film (good).mp4",
        "clip.mov": "twin.mov",
        "small.txt": None,
        "note.txt": None,
    }


def test_a_dry_run_relies_on_no_younger_twin_and_on_none_that_goes_too(shared: Office) -> None:
    office = shared
    for new in ("second.mov", "third.mov"):
        office.david.write(new, office.david.read("clip.mov"))
        office.david.ok("up")
        tick(office)
    (office.david.staging / "third.mov").unlink()
    assert foretold(office) == {"third.mov": None}, "both that stay are older"
    for name in ("clip.mov", "second.mov"):
        (office.david.staging / name).unlink()
    assert set(foretold(office).values()) == {None}


def test_of_two_copies_one_is_renamed(shared: Office) -> None:
    office = shared
    office.david.write("again.mov", office.david.read("clip.mov"))
    office.david.ok("up")
    tick(office)
    rename(office, "clip.mov", "best.mov")
    office.david.ok("sync")
    assert copies(office) == (1, 0) and office.names() == {*SIZES, "note.txt", "again.mov", "best.mov"} - {"clip.mov"}


def test_of_two_copies_only_the_older_needs_none_in_the_trash(shared: Office) -> None:
    """If each could rely on the other, two people who delete one each would leave nothing."""
    office = shared
    office.david.write("again.mov", office.david.read("clip.mov"))
    office.david.ok("up")
    office.jan.ok("down")
    tick(office)
    (office.jan.staging / "again.mov").unlink()
    (office.david.staging / "clip.mov").unlink()

    def delete_the_other(request: object) -> None:
        office.jan.ok("sync")

    office.proxy.on("DeleteObject", key="*/clip.mov", nth=1).before(delete_the_other)
    office.david.ok("sync")
    assert in_trash(office) == {"again.mov"} and copies(office) == (1, 1)
    office.david.ok("trash", "restore", "clip.mov", "--remote")
    assert office.david.read("clip.mov") == content(SIZES["clip.mov"], 0)


def test_both_copies_are_deleted_in_one_run(shared: Office) -> None:
    office = shared
    office.david.write("again.mov", office.david.read("clip.mov"))
    office.david.ok("up")
    tick(office)
    for name in ("again.mov", "clip.mov"):
        (office.david.staging / name).unlink()
    office.david.ok("sync")
    assert in_trash(office) == {"again.mov", "clip.mov"}


@pytest.mark.parametrize("what", ["deleted", "replaced"])
@pytest.mark.parametrize("name", list(SIZES))
def test_the_new_name_is_gone_before_the_old_one_is_deleted(shared: Office, what: str, name: str) -> None:
    office = shared

    def meddle(request: object) -> None:
        if what == "deleted":
            office.s3.delete_object(Bucket=office.server.bucket, Key=office.key("new"))
        else:
            office.put("new", content(SIZES[name], seed=99))

    office.proxy.on("HeadObject", key="*/new", nth=1).before(meddle)
    rename(office, name, "new")
    office.david.run("sync")
    assert in_trash(office) == {name} and copies(office) == (2, 1)
    office.jan.ok("trash", "restore", name, "--remote", "--to", "back")
    assert office.jan.read("back") == content(SIZES[name], list(SIZES).index(name))


def test_a_wrong_record_does_not_cost_the_last_copy(shared: Office) -> None:
    """metadata.json says of the clip that it has another file's MD5: its own bytes would be in no trash."""
    office = shared
    other, size = content(SIZES["clip.mov"], seed=7), SIZES["clip.mov"]
    office.david.write("other.mov", other)
    office.david.ok("up")
    known = json.loads(office.stored("metadata.json"))
    md5s = {record["name"]: record["md5"] for record in known["files"]}
    for record in known["files"]:
        if record["name"] == "clip.mov":
            record["md5"] = md5s["other.mov"]
    office.put("metadata.json", json.dumps(known).encode())
    tick(office)
    office.david.write("clip.mov", other)
    office.david.run("sync")
    (office.david.staging / "clip.mov").unlink()
    office.david.run("sync")
    office.jan.ok("trash", "restore", "clip.mov", "--remote", "--to", "back")
    assert office.jan.read("back") == content(size, 0)


def test_undo_of_a_rename_brings_it_all_back_with_one_copy(shared: Office) -> None:
    office = shared
    before = {name: office.head(name) for name in SIZES}
    rename(office, "clip.mov", "best.mov")
    rename(office, "takes/film.mp4", "film (good).mp4")
    office.david.ok("sync")
    tick(office)
    foreseen = office.david.ok("undo", "--dry-run", "--json").json
    undone = office.david.ok("undo", "--yes", "--json").json
    assert foreseen["undone"] == undone["undone"]
    assert copies(office) == (2, 0) and not undone["refused"]
    assert sorted(one["what"] for one in undone["undone"]) == ["brought_back"] * 2 + ["renamed_back"] * 2
    assert office.names() == {*SIZES, "note.txt"}
    for name, head in before.items():
        found = office.head(name)["Metadata"]
        assert {**found, "md5": None} == {**head["Metadata"], "md5": None}
        assert office.stored(name) == content(SIZES[name], list(SIZES).index(name))
    assert office.jan.ok("status", "--json").json["in_sync"] is True
    office.jan.ok("verify", "--deep")


@pytest.mark.parametrize("act", ["delete", "edit", "rename"])
def test_undo_finds_it_although_others_went_on(shared: Office, act: str) -> None:
    office = shared
    rename(office, "clip.mov", "best.mov")
    office.david.ok("sync")
    office.jan.ok("sync")
    tick(office)
    if act == "delete":
        (office.jan.staging / "best.mov").unlink()
    elif act == "edit":
        office.jan.write("best.mov", "jan's")
    else:
        (office.jan.staging / "best.mov").rename(office.jan.staging / "very best.mov")
    office.jan.ok("sync")
    office.david.expect(3 if act == "edit" else 0, "undo", "--yes")
    assert office.stored("clip.mov") == content(SIZES["clip.mov"], 0)


@pytest.mark.parametrize("later", ["nothing", "deleted", "renamed again", "replaced", "replaced and deleted"])
def test_the_old_name_is_restored_from_the_new_one(shared: Office, later: str) -> None:
    office = shared
    rename(office, "takes/film.mp4", "film.mp4")
    office.david.ok("sync")
    office.jan.ok("sync")
    tick(office)
    if later.startswith("replaced"):
        office.david.write("film.mp4", content(SIZES["takes/film.mp4"], seed=9))
        office.david.ok("sync")
        tick(office)
    if later.endswith("deleted"):
        (office.david.staging / "film.mp4").unlink()
    elif later == "renamed again":
        rename(office, "film.mp4", "end.mp4")
    office.david.ok("sync")
    where = {"nothing": "on the remote as film.mp4", "renamed again": "remote as end.mp4"}
    said = office.jan.ok("trash", "restore", "takes/film.mp4", "--remote").out
    assert where.get(later, "in the trash") in said and "restored to takes/film.mp4" in said
    assert office.jan.read("takes/film.mp4") == content(SIZES["takes/film.mp4"], 1)


def test_undo_of_a_rename_over_another_file_brings_both_back(shared: Office) -> None:
    office = shared
    before = {name: office.stored(name) for name in office.names()}
    rename(office, "takes/film.mp4", "clip.mov")
    office.david.ok("sync")
    assert in_trash(office) == {"clip.mov"}
    office.david.ok("undo", "--yes")
    assert {name: office.stored(name) for name in office.names()} == before


def test_undo_takes_not_another_version_for_the_one_that_was_there(shared: Office) -> None:
    office = shared
    rename(office, "clip.mov", "best.mov")
    office.david.ok("sync")
    office.proxy.on("HeadObject", key="*/best.mov", nth=1).before(
        lambda request: office.put("best.mov", content(SIZES["clip.mov"], seed=5))
    )
    refused = office.david.expect(3, "undo", "--yes", "--json").json["refused"]
    assert {one["name"] for one in refused} == {"best.mov", "clip.mov"} and "clip.mov" not in office.names()
