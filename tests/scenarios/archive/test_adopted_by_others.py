"""What somebody found in other tools' archives, and wrote beside them: taken for lists, and never for bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.test_adopt import leave, packed, person, tree
from tests.scenarios.archive.test_catalogue import Place, units

pytestmark = pytest.mark.moto
ZIPPED, COLD = "old/b00-b49/b40-old.tar.gz", "old/b50-b99/b51-cold.tar"


@pytest.fixture
def place(moto: object, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)  # type: ignore[arg-type]


@pytest.fixture
def ana(place: Place, tmp_path: Path) -> Person:
    """She adopted two archives, of which one became cold since, and wrote down what is in them."""
    made = person(place)
    for unit in ("b40-old", "b51-cold"):
        tree(tmp_path / "old", unit)
    leave(place, ZIPPED, packed(tmp_path / "old", "b40-old", "-z"))
    leave(place, COLD, packed(tmp_path / "old", "b51-cold"))
    told = made.ok("archive", "adopt", "--set", "projects", "--write-index", cwd=made.repo).out
    assert "wrote 2 proposals for others" in told
    place.client.copy_object(
        Bucket=place.bucket, Key=COLD, CopySource=f"{place.bucket}/{COLD}", StorageClass="DEEP_ARCHIVE"
    )
    return made


def known(of: Person) -> dict[str, str]:
    listed = of.ok("archive", "list", "--json", cwd=of.repo).json["archives"]
    return {one["unit"]: one["status"] for one in listed}


@pytest.mark.parametrize("how", [("catalogue", "rebuild"), ("adopt", "--set", "projects", "--read-up-to", "0")])
def test_another_takes_it_without_reading_and_reads_it_before_a_restore(
    place: Place, ana: Person, tmp_path: Path, how: tuple[str, ...]
) -> None:
    held, jan = place.held(), person(place, "jan")
    jan.ok("archive", *how, cwd=jan.repo)
    assert known(jan) == {"b40-old": "proposed", "b51-cold": "proposed"}
    assert "adopted by ana, never verified here" in jan.ok("archive", "list", cwd=jan.repo).out
    assert "another's word" in jan.ok("archive", "show", "b51-cold", cwd=jan.repo).out
    found = jan.ok("archive", "find", "final.mp4", "--json", cwd=jan.repo).json["files"]
    assert {one["unit"] for one in found} == {"b40-old", "b51-cold"}
    jan.ok("archive", "verify", cwd=jan.repo)
    assert "would be restored" in jan.ok("restore", "b40-old", "--dry-run", "--to", "back", cwd=jan.repo).out
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    jan.ok("archive", "catalogue", "rebuild", "--anew", cwd=jan.repo)
    assert known(jan)["b51-cold"] == "proposed"
    jan.ok("restore", "b40-old", "--to", "back", "--yes", cwd=jan.repo)
    assert (jan.repo / "back/b40-old/notes.txt").read_bytes() == b"take two"
    assert known(jan) == {"b40-old": "adopted", "b51-cold": "proposed"}
    assert "cold" in jan.ok("restore", "b51-cold", "--status", cwd=jan.repo).out
    jan.ok("restore", "b51-cold", "--to", "back", "--yes", "--wait", cwd=jan.repo)
    assert known(jan)["b51-cold"] == "adopted"
    assert place.held() == held, "whoever takes a proposal writes nothing"
    assert "nothing was sent" in ana.ok("archive", "adopt", "--set", "projects", "--write-index", cwd=ana.repo).out


def test_adopt_reads_what_costs_little_and_all_with_read_again(place: Place, ana: Person) -> None:
    jan = person(place, "jan")
    jan.ok("archive", "adopt", "--set", "projects", "--read-again", cwd=jan.repo)
    assert known(jan) == {"b40-old": "adopted", "b51-cold": "not indexed"}
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    assert known(jan) == {"b40-old": "adopted", "b51-cold": "proposed"}, "what was read here stays"


def _text(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()


UNUSABLE: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "no json": lambda said: b"\x00{",
    "of a newer version": lambda said: _text(said | {"format": 99}),
    "of another archive": lambda said: _text(said | {"key": "b50-b99/b51-cold.tar"}),
    "of another object": lambda said: _text(said | {"etag": "0" * 32}),
    "of another size": lambda said: _text(said | {"size": said["size"] + 1}),
    "of another container": lambda said: _text(said | {"pack": "tar"}),
    "without place": lambda said: _text(said | {"members": [said["members"][0] | {"size": -1}]}),
    "of no size that there is": lambda said: _text(said | {"members": [said["members"][0] | {"size": 2**62}]}),
}


@pytest.mark.parametrize("how", UNUSABLE)
def test_a_proposal_that_cannot_be_used_is_told_and_the_archive_is_read(place: Place, ana: Person, how: str) -> None:
    jan, name = person(place, "jan"), f"{ZIPPED}.adopted.json"
    said = json.loads(place.client.get_object(Bucket=place.bucket, Key=name)["Body"].read())
    leave(place, name, UNUSABLE[how](said))
    told = jan.expect(3, "archive", "catalogue", "rebuild", cwd=jan.repo).err
    assert "b40-old.tar.gz.adopted.json" in told and "hint: " in told and "Traceback" not in told
    assert known(jan) == {"b51-cold": "proposed"}
    jan.ok("archive", "adopt", "--set", "projects", cwd=jan.repo)
    assert known(jan)["b40-old"] == "adopted"
    ana.ok("archive", "adopt", "--set", "projects", "--write-index", cwd=ana.repo)
    again = place.client.get_object(Bucket=place.bucket, Key=name)["Body"].read()
    assert json.loads(again)["members"] == said["members"], "whoever read it writes it anew"


def test_what_a_proposal_names_is_restored_from_nowhere_but_the_archive(place: Place, ana: Person) -> None:
    """Names that lead out, members that are not there, digests and another unit: they reach lists alone."""
    jan, name = person(place, "jan"), f"{ZIPPED}.adopted.json"
    said = json.loads(place.client.get_object(Bucket=place.bucket, Key=name)["Body"].read())
    file = next(one for one in said["members"] if one["path"] == "notes.txt")
    said["members"] = [
        file | {"path": "../../../.ssh/authorized_keys"},
        file | {"path": "run.sh", "mode": 0o6777, "sha256": "0" * 64, "key": "b00-b49/b40-old.tar.gz"},
        file | {"path": "\x1b[31mred", "kind": "link", "target": "/etc/passwd"},
    ]
    said |= {"unit": ".git/hooks", "created_by": "\x1b[31m" + "eve" * 100, "set": "cards", "fields": {"id": "x"}}
    leave(place, name, _text(said))
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    assert units(jan, "--set", "projects") == ["b40-old", "b51-cold"]
    shown = jan.ok("archive", "show", "b40-old", "--json", cwd=jan.repo).json["archives"][0]
    assert all((one["sha256"], one["key"]) == (None, None) for one in shown["members"])
    for words in (("archive", "list"), ("archive", "show", "b40-old")):
        assert "\x1b" not in jan.ok(*words, cwd=jan.repo).out
    jan.expect(3, "archive", "remove", "b40-old", "--yes", "--last-copies", cwd=jan.repo)
    assert ZIPPED in place.held()
    jan.ok("restore", "b40-old", "--to", "back", "--yes", cwd=jan.repo)
    assert (jan.repo / "back/b40-old/notes.txt").read_bytes() == b"take two"
    assert not list(jan.root.rglob("authorized_keys")) and not list(jan.root.rglob("run.sh"))
