"""A dry run tells each refusal of the run itself, and writes nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.kit.people import tree
from tests.scenarios.pairs.desk import Desk

pytestmark = pytest.mark.seaweedfs


def said(told: Any) -> tuple[set[str], set[str], set[str]]:
    """Names that are copied, deleted and refused."""
    return tuple({item["name"] for item in told[what]} for what in ("copied", "deleted", "failed"))  # type: ignore[return-value]


def test_a_move_foretells_what_stays(desk: Desk) -> None:
    a, b = desk.place("folder", "a"), desk.place("sea", "b")
    back = desk.place("folder", "back")
    for name in ("small", "large.mov", "same", "said"):
        a.put(name, b"x" * 3_000 if name == "large.mov" else b"1234")
    b.put("same", b"1234")
    key = b.prefix + "said"
    begun = b.client.create_multipart_upload(
        Bucket=b.bucket, Key=key, Metadata={"md5": hashlib.md5(b"1234", usedforsecurity=False).hexdigest()}
    )["UploadId"]
    part = b.client.upload_part(Bucket=b.bucket, Key=key, UploadId=begun, PartNumber=1, Body=b"4321")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    b.client.complete_multipart_upload(Bucket=b.bucket, Key=key, UploadId=begun, MultipartUpload=parts)
    before = a.everything(), b.everything()
    foretold = said(desk.run("move", a, b, "--max-size", "1K", "--dry-run", "--json", code=3).json)
    assert (a.everything(), b.everything()) == before
    assert foretold == ({"small"}, {"small", "same"}, {"said"})
    assert said(desk.run("move", a, b, "--max-size", "1K", "--json", code=3).json) == foretold
    assert set(a.files()) == {"large.mov", "said"} and not (desk.work / back.word).exists()


@pytest.mark.parametrize("verb", ["copy", "sync", "move"])
def test_names_that_stand_in_the_way(desk: Desk, verb: str) -> None:
    a, b = desk.place("sea", "a"), desk.place("folder", "b")
    for name in ("fine", "way/in.mov", "folder", "link/out.mov", "twice", "twice/in.mov"):
        a.put(name, name.encode())
    b.put("way", b"a file")
    b.put("folder/with", b"a file")
    (desk.work / "elsewhere").mkdir()
    (desk.work / "b" / "link").symlink_to(desk.work / "elsewhere")
    before = tree(desk.work)
    foretold = said(desk.run(verb, a, b, "--dry-run", "--json", code=3).json)
    assert tree(desk.work) == before
    assert foretold[2] == {"way/in.mov", "folder", "link", "twice/in.mov"}
    assert said(desk.run(verb, a, b, "--json", code=3).json) == foretold
    assert b.files() == {"fine": b"fine", "twice": b"twice", "way": b"a file", "folder/with": b"a file"}


def test_files_of_an_encrypted_repository_are_refused_before(desk: Desk) -> None:
    person = desk.person
    (person.repo / ".s3sync.yaml").write_text("repo: r\nencrypt: yes\n")
    (person.repo / "x").mkdir()
    (person.repo / "x" / "secret").write_bytes(b"1")
    (desk.work / "team-store").mkdir()
    for more in (["--dry-run"], []):
        told = person.run("copy", "./x", f"file://{desk.work}/team-store", *more, cwd=person.repo)
        assert told.code == 1 and "is encrypted" in told.err, told


def test_cold_objects_are_foretold(desk: Desk) -> None:
    """What has to be thawed can be neither copied, nor replaced or deleted: its bytes would go to the trash."""
    a, b = desk.place("moto", "a"), desk.place("folder", "b")
    for name, kept_as in (("deep.mov", "DEEP_ARCHIVE"), ("cold.mov", "GLACIER"), ("warm.mov", "STANDARD_IA")):
        a.client.put_object(Bucket=a.bucket, Key=a.prefix + name, Body=name.encode(), StorageClass=kept_as)
    foretold = said(desk.run("copy", a, b, "--dry-run", "--json", code=3).json)
    assert foretold == ({"warm.mov"}, set(), {"deep.mov", "cold.mov"}) and not (desk.work / "b").exists()
    assert said(desk.run("copy", a, b, "--json", code=3).json) == foretold
    a.client.restore_object(Bucket=a.bucket, Key=a.prefix + "cold.mov", RestoreRequest={"Days": 1})
    foretold = said(desk.run("copy", a, b, "--dry-run", "--json", code=3).json)
    assert foretold == ({"cold.mov"}, set(), {"deep.mov"})
    c = desk.place("folder", "c")
    c.put("deep.mov", b"another one")
    foretold = said(desk.run("sync", c, a, "--delete", "--max-delete", "3", "--dry-run", "--json", code=3).json)
    assert foretold == (set(), {"warm.mov", "cold.mov"}, {"deep.mov"})
    layout = ("--layout", "named/{name}", "--dry-run", "--json")
    told = desk.run("organize", a, a, *layout, code=3).json
    assert {one["old"] for one in told["files"]} == {"warm.mov", "cold.mov"}
    assert [one["name"] for one in told["failed"]] == ["deep.mov"]


def test_many_cold_objects_are_found_by_one_listing(desk: Desk) -> None:
    a, b = desk.place("moto", "many"), desk.place("folder", "b")
    for number in range(40):
        kept_as = "GLACIER" if number % 2 else "STANDARD"
        a.client.put_object(Bucket=a.bucket, Key=f"{a.prefix}{number}", Body=b"1", StorageClass=kept_as)
    copied, _, failed = said(desk.run("copy", a, b, "--dry-run", "--json", code=3).json)
    assert copied == {str(n) for n in range(0, 40, 2)} and failed == {str(n) for n in range(1, 40, 2)}


def test_what_others_have_locked_is_left_alone(desk: Desk) -> None:
    """A place that is a project in a store: neither the dry run nor the run changes what a colleague works on."""
    person = desk.person
    store = f"file://{desk.work}/team"
    person.ok("init", "b63", "--store", store, "--repo", "r", "--user", "jan", cwd=person.repo)
    staging = person.repo / "b63" / "s3-staging"
    for name in ("color.mp4", "notes.txt"):
        (staging / name).write_bytes(b"1")
    person.ok("up", "b63", "--user", "jan", cwd=person.repo)
    person.ok("lock", "color.mp4", "--user", "jan", cwd=staging)
    a = desk.place("folder", "a")
    a.put("color.mp4", b"another one")
    a.put("notes.txt", b"other notes")
    (desk.work / "same").mkdir()
    (desk.work / "same" / "color.mp4").write_bytes(b"1")
    team = f"{store}/r/b63"
    for words, names in (
        (("copy", "./a", team), ({"notes.txt"}, set(), {"color.mp4"})),
        (("move", team, "./moved"), ({"notes.txt"}, {"notes.txt"}, {"color.mp4"})),
        (("move", team, "./same"), (set(), set(), {"color.mp4"})),
    ):
        for more in (["--dry-run"], []):
            told = person.expect(3, *words, *more, "--json", "--user", "david", cwd=desk.work)
            assert said(told.json) == names, told
            assert "locked by jan" in told.json["failed"][0]["error"], told
    assert (desk.work / "team/r/b63/color.mp4").read_bytes() == b"1"
    move = ("organize", team, team, "--layout", "x/{name}", "--move", "--yes", "--json")
    told = person.expect(3, *move, "--user", "david", cwd=desk.work).json
    assert [one["name"] for one in told["failed"]] == ["color.mp4"] and told["files"] == []
    assert [one["old"] for one in person.ok(*move, "--user", "jan", cwd=desk.work).json["files"]] == ["color.mp4"]
