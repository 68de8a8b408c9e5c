"""Sizes that no file has, from a store or a teammate: more than anything can count, remember or show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import FileRecord
from s3sync.errors import StoreError
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict
from s3sync.store import StoreOptions, open_store
from tests.kit.limits import limit
from tests.kit.people import Person
from tests.promises.hostile.conftest import Peer
from tests.promises.hostile.liar import Answer, Lie, body, error, liar, listing
from tests.promises.hostile.test_bounds import on_liar

SIZES = [-1, 2**60 + 1, 2**63, 2**64, 10**30]


@pytest.mark.parametrize("field", ["size_bytes", "part_size"])
@pytest.mark.parametrize("size", SIZES)
def test_a_record_of_such_a_size_is_kept_where_there_are_many(
    field: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many records go to the disk, which takes no number that is too large: every command ended in a panic."""
    limit(monkeypatch, entries_in_memory=2)
    files = [{**Peer.record(f"{number}.mp4"), field: size} for number in range(5)]
    found = parse(json.dumps({"files": files}).encode(), SpilledDict(FileRecord))
    assert [getattr(record, field) for _, record in found.files.items()] == [size] * 5
    assert getattr(found.files["3.mp4"], field) == size
    many = SpilledList(FileRecord, found.files.values())
    many.flush()
    assert [getattr(record, field) for record in many] == [size] * 5


@pytest.mark.parametrize("prefix", ["r/p/", "r//p/"], ids=["obstore", "botocore"])
@pytest.mark.parametrize("size", SIZES)
def test_a_listing_of_such_a_size_is_none(size: int, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with liar(lambda lie: listing(lie.prefix, {"a.mp4": size})) as address:
        env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/nonexistent"}
        store = open_store("s3://bucket", StoreOptions(region="us-east-1", endpoint_url=address, env=env))
        with pytest.raises(StoreError):
            list(store.list(prefix))


def test_an_object_that_is_said_to_be_huge_holds_up_no_copy_of_another(david: Person, tmp_path: Path) -> None:
    """Its size decides how large its parts are, each of which is held in memory: the run ended in a panic."""

    def answer(lie: Lie) -> Answer:
        if lie.kind == "list":
            return listing(lie.prefix, {"a.txt": 1, "huge.mov": 2**59})
        if lie.kind == "a/huge.mov":
            return body(b"x", **{"Content-Length": str(2**59)})
        return body(b"x") if lie.kind == "a/a.txt" else error(404, "NoSuchKey")

    with liar(answer) as address:
        on_liar(david, address)
        result = david.expect(3, "copy", "s3://bucket/a", f"file://{tmp_path / 'b'}")
    assert "huge.mov cannot be copied: its store says that it has" in result.err and "did not expect" not in result.err
    assert [path.name for path in (tmp_path / "b").iterdir() if not path.name.startswith(".")] == ["a.txt"]
