"""`s3sync state`: the places that a folder was synced with, and forgetting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.store import StoreOptions, open_store
from tests.kit.people import PROJECT, Person, pair

FIRST = "first time with this store"


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for name in ("a.mov", "b.mov"):
        person.write(name, name)
    open_store(f"file://{tmp_path / 'nas'}", StoreOptions(create=True))
    return person


@pytest.fixture
def nas(tmp_path: Path) -> dict[str, str]:
    return {"S3SYNC_STORE": f"file://{tmp_path / 'nas'}"}


def test_a_new_place_is_said_once(david: Person, nas: dict[str, str]) -> None:
    first = david.ok("up")
    assert FIRST not in first.out + first.err, "there is no other place yet"
    assert any(FIRST in line for line in david.ok("status", "--json", env=nas).json["warnings"])
    dry = david.ok("up", "--dry-run", env=nas)
    assert FIRST in dry.err
    assert FIRST in david.ok("up", env=nas).err
    for words in (("up",), ("status",)):
        for env in (nas, {}):
            result = david.ok(*words, env=env)
            assert FIRST not in result.out + result.err


def test_the_places_are_listed_and_one_is_forgotten(david: Person, nas: dict[str, str], tmp_path: Path) -> None:
    assert david.ok("state", "--json").json["places"] == []
    assert "not synced yet" in david.ok("state").out
    david.ok("up")
    (david.staging / "b.mov").unlink()
    david.ok("up", env=nas)
    places = david.ok("state", "--json").json["places"]
    here, there = (f"file://{tmp_path / name}/v-appydave/{PROJECT}/" for name in ("store", "nas"))
    assert [(place["url"], place["files"], place["current"]) for place in places] == [
        (here, 2, True),
        (there, 1, False),
    ]
    assert all(place["last_used"].endswith("Z") for place in places)
    assert [line[0] for line in david.ok("state").out.splitlines()] == ["*", " "]

    david.expect(5, "state", "--forget", "nas")
    assert "no place" in david.expect(2, "state", "--forget", "s3://nowhere").err
    assert "several" in david.expect(2, "state", "--forget", PROJECT, "--yes").err
    assert "would forget" in david.ok("state", "--forget", "nas", "--dry-run").out
    assert len(david.ok("state", "--json").json["places"]) == 2
    found = david.ok("state", "--forget", there, "--yes", "--json").json
    assert [place["url"] for place in found["forgotten"]] == [there]
    assert [place["url"] for place in found["places"]] == [here]
    assert david.ok("status", "--json").json["counts"] == {"in_sync": 1, "local_deleted": 1}


def test_what_is_forgotten_deletes_nothing(david: Person, tmp_path: Path) -> None:
    david.ok("up")
    (david.staging / "b.mov").unlink()
    david.ok("state", "--forget", str(tmp_path / "store"), "--yes")
    found = david.ok("sync", "--json").json
    assert found["deleted"] == [] and [item["name"] for item in found["downloaded"]] == ["b.mov"]
