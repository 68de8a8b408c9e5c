"""metadata.json: what is read, what is kept, and what is refused (F26)."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from s3sync.core.manifest.edits import Edits, apply
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import (
    ConflictRecord,
    DeletedRecord,
    FileRecord,
    Manifest,
    MemberRecord,
)
from s3sync.errors import ManifestError
from tests.kit.limits import limit
from tests.kit.manifests import text_of

OLD = """{
  "project_id": "b63-flivideo",
  "repo": "v-appydave",
  "last_sync": "2025-11-03T14:30:00Z",
  "files": [
    {"name": "cut/draft.mp4", "size_bytes": 45678901, "uploaded_by": "david", "uploaded_at": "2025-11-03T10:00:00Z",
     "md5": "0123456789abcdef0123456789abcdef"}
  ]
}"""

FULL = """{
  "schema": 1, "project_id": "b63-flivideo", "repo": "v-appydave",
  "revision": 42, "write_id": "01JD", "last_sync": "2025-11-03T14:30:00Z", "last_sync_by": "jan",
  "files": [{"name": "cut/draft.mp4", "size_bytes": 45678901, "uploaded_by": "david",
             "uploaded_at": "2025-11-03T10:00:00Z", "md5": "aa", "etag": "bb-3", "part_size": 16777216,
             "modified_at": "2025-11-03T09:58:12Z"}],
  "deleted": [{"name": "old.mp4", "deleted_by": "jan", "deleted_at": "2025-11-02T00:00:00Z", "md5": "cc"}],
  "conflicts": [{"name": "draft.mp4", "kept_as": "draft.conflict-jan-20251103-143000.mp4", "by": "jan",
                 "at": "2025-11-03T14:30:00Z", "resolved": false}],
  "members": {"jan": {"revision": 42, "at": "2025-11-03T14:30:00Z", "host": "jans-mac"}}
}"""


def file(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "size_bytes": 1, "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z", **more}


def document(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_the_older_format() -> None:
    found = parse(OLD.encode())
    record = FileRecord(
        "cut/draft.mp4", 45678901, "david", "2025-11-03T10:00:00Z", md5="0123456789abcdef0123456789abcdef"
    )
    assert found == Manifest(
        "b63-flivideo", "v-appydave", last_sync="2025-11-03T14:30:00Z", files={"cut/draft.mp4": record}
    )


def test_every_field() -> None:
    found = parse(FULL.encode())
    draft = FileRecord(
        "cut/draft.mp4", 45678901, "david", "2025-11-03T10:00:00Z", "aa", "bb-3", 16777216, "2025-11-03T09:58:12Z"
    )
    copy = "draft.conflict-jan-20251103-143000.mp4"
    assert found == Manifest(
        project_id="b63-flivideo",
        repo="v-appydave",
        revision=42,
        write_id="01JD",
        last_sync="2025-11-03T14:30:00Z",
        last_sync_by="jan",
        files={"cut/draft.mp4": draft},
        deleted={"old.mp4": DeletedRecord("old.mp4", "jan", "2025-11-02T00:00:00Z", "cc")},
        conflicts=[ConflictRecord("draft.mp4", copy, "jan", "2025-11-03T14:30:00Z")],
        members={"jan": MemberRecord(42, "2025-11-03T14:30:00Z", "jans-mac")},
    )
    assert json.loads(text_of(found)) == json.loads(FULL)


def test_an_empty_object_is_an_empty_manifest() -> None:
    assert parse(b"{}") == Manifest("", "")


def test_what_a_newer_version_added_survives_a_rewrite() -> None:
    raw: dict[str, Any] = json.loads(FULL)
    raw["quota"] = {"bytes": 10, "who": ["jan", None, 1.5]}
    raw["files"][0]["blake3"] = "dd"
    raw["deleted"][0]["reason"] = "too old"
    raw["conflicts"][0]["seen_by"] = ["david"]
    raw["members"]["jan"]["version"] = "9.1"
    edits = Edits("david", "2025-11-04T00:00:00Z", "davids-pc")
    edits.files["new.mp4"] = FileRecord("new.mp4", 1, "david", "2025-11-04T00:00:00Z")
    edits.files[raw["conflicts"][0]["kept_as"]] = FileRecord(raw["conflicts"][0]["kept_as"], 1, "jan", "x")
    written = json.loads(text_of(apply(parse(json.dumps(raw).encode()), edits, "02")))
    assert written["quota"] == raw["quota"]
    assert raw["files"][0] in written["files"] and len(written["files"]) == 3
    assert written["deleted"] == raw["deleted"]
    assert written["conflicts"] == raw["conflicts"]
    assert written["members"]["jan"] == raw["members"]["jan"]
    assert written["members"]["david"] == {"revision": 43, "at": "2025-11-04T00:00:00Z", "host": "davids-pc"}


def test_what_is_known_of_a_record_goes_with_it() -> None:
    raw = document(files=[file("a", blake3="dd"), file("b")])
    edits = Edits("jan", "x", "mac")
    edits.deleted["a"] = DeletedRecord("a", "jan", "x")
    written = json.loads(text_of(apply(parse(raw), edits, "w")))
    assert written["files"] == [file("b")]
    assert written["deleted"] == [{"name": "a", "deleted_by": "jan", "deleted_at": "x"}]


@pytest.mark.parametrize("schema", [2, 99, 2**70])
def test_a_newer_schema_is_refused(schema: int) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(document(schema=schema, files="of another form"))
    assert "newer" in caught.value.message
    assert "upgrade" in (caught.value.hint or "")


BROKEN = {
    "nothing": b"",
    "blanks": b"  \n",
    "no JSON": b"<html>Not Found</html>",
    "not UTF-8": b'{"repo": "\xff\xfe"}',
    "a lone surrogate": b'{"repo": "\\ud800"}',
    "NUL bytes": b"\0" * 4096,
    "two documents": b"{}{}",
    "no number": b'{"revision": NaN}',
    "a number too large": b'{"x": 1e999}',
    "null": b"null",
    "a list": b"[]",
    "a text": b'"{}"',
    "a number": b"42",
    "schema as text": document(schema="1"),
    "schema as fraction": document(schema=1.5),
    "schema as truth": document(schema=True),
    "schema as null": document(schema=None),
    "revision as text": document(revision="7"),
    "revision as fraction": document(revision=7.5),
    "project as number": document(project_id=63),
    "files as object": document(files={"a": file("a")}),
    "files as null": document(files=None),
    "a file as text": document(files=["a.mp4"]),
    "a file without name": document(files=[{"size_bytes": 1, "uploaded_by": "j", "uploaded_at": "x"}]),
    "a file without size": document(files=[{"name": "a", "uploaded_by": "j", "uploaded_at": "x"}]),
    "a name as number": document(files=[{**file("a"), "name": 7}]),
    "a size as text": document(files=[file("a", size_bytes="12")]),
    "a size as fraction": document(files=[file("a", size_bytes=1.5)]),
    "md5 as list": document(files=[file("a", md5=["a"])]),
    "deleted as text": document(deleted="a.mp4"),
    "a deletion without name": document(deleted=[{"deleted_by": "j", "deleted_at": "x"}]),
    "conflicts as number": document(conflicts=3),
    "a conflict without copy": document(conflicts=[{"name": "a", "by": "j", "at": "x"}]),
    "members as list": document(members=["jan"]),
    "a member as text": document(members={"jan": "here"}),
    "a member without revision": document(members={"jan": {"at": "x", "host": "mac"}}),
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"x":' * 100_000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_f26_what_is_broken_is_refused_and_never_empty(data: bytes) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(data)
    assert caught.value.message == "metadata.json cannot be read"
    assert "nothing was changed" in (caught.value.hint or "")


def test_f26_truncated_anywhere() -> None:
    data = FULL.encode()
    for length in range(len(data)):
        with pytest.raises(ManifestError):
            parse(data[:length])


def test_f26_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FULL.encode()
    limit(monkeypatch, manifest_bytes=len(data))
    assert parse(data).revision == 42
    with pytest.raises(ManifestError, match="larger than"):
        parse(data + b" ")


@pytest.mark.parametrize("where", ["at the top", "in a file"])
def test_f26_what_is_read_can_be_written(where: str) -> None:
    """However deep it nests: either it is refused, or it comes back whole."""
    record = json.dumps(file("a"))
    read = 0
    for depth in range(1, 1100):
        nested = "[" * depth + "]" * depth
        text = f'{{"x": {nested}}}' if where == "at the top" else f'{{"files": [{record[:-1]}, "x": {nested}}}]}}'
        try:
            found = parse(text.encode())
        except ManifestError:
            continue
        read = depth
        assert nested.encode() in text_of(found).translate(None, b" \n")
    assert 32 <= read < 1099


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, 2**200, -(2**63) - 1])
def test_huge_numbers_are_carried(number: int) -> None:
    raw = document(revision=number, files=[file("a", size_bytes=number)], x=number)
    written = json.loads(text_of(apply(parse(raw), Edits("jan", "x", "mac"), "w")))
    assert (written["revision"], written["files"][0]["size_bytes"], written["x"]) == (number + 1, number, number)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a//b",
        "a\0b",
        "a\nb",
        "..\\x",
        "x" * 256,
        "metadata.json",
        "Metadata.json",
        ".s3sync/state.db",
        ".S3SYNC/lock",
    ],
    ids=ascii,
)
def test_f26_names_that_lead_elsewhere_are_refused(name: str) -> None:
    found = parse(document(files=[file("good"), file(name)]))
    assert found.files.keys() == {"good"}
    assert found.refused.keys() == {name}
    assert [record["name"] for record in json.loads(text_of(found))["files"]] == ["good"]


def test_of_a_name_that_stands_there_twice_the_last_counts() -> None:
    found = parse(document(files=[file("a", md5="first"), file("a", md5="second")]))
    assert [(record.name, record.md5) for record in found.files.values()] == [("a", "second")]


def test_unknown_fields_of_a_name_that_stands_there_twice_are_not_mixed() -> None:
    raw = document(files=[file("a", md5="first", blake3="of the first"), file("a", md5="second")])
    assert json.loads(text_of(parse(raw)))["files"] == [file("a", md5="second")]


def test_names_are_nfc() -> None:
    nfd = unicodedata.normalize("NFD", "été.mp4")
    found = parse(
        document(
            files=[file(nfd, blake3="dd")],
            deleted=[{"name": "x" + nfd, "deleted_by": "j", "deleted_at": "x", "why": "old"}],
        )
    )
    assert found.files["été.mp4"].name == "été.mp4"
    assert found.deleted["xété.mp4"].name == "xété.mp4"
    written = json.loads(text_of(found))
    assert written["files"] == [file("été.mp4", blake3="dd")]
    assert written["deleted"][0]["why"] == "old"


def test_a_person_can_read_what_is_written() -> None:
    data = text_of(parse(document(files=[file("b"), file("été"), file("a")])))
    lines = data.decode().splitlines()
    assert lines[0] == "{" and lines[1] == '  "schema": 1,' and data.endswith(b"}\n")
    assert [line.strip() for line in lines if '"name"' in line] == ['"name": "a",', '"name": "b",', '"name": "été",']
    assert '"md5": null' not in data.decode()
