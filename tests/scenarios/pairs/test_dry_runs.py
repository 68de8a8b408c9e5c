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
