"""Files go from a project to another place, and its memory is to forget them first. Another user of the shared disk
gives the project's place to another folder just while that is looked for: the next `sync` would take it for a wish."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from s3sync.archives.forgetting import forgetting
from s3sync.core.archive.values import Kind, Source, Unit
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import S3syncError
from s3sync.local.room import known_room
from s3sync.pairs.api import TwoPlaces
from s3sync.state import leaving
from s3sync.state.leaving import Leaving
from tests.kit.people import PROJECT, Person, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links for everybody, nor descriptors")


def move(david: Person, folder: Path) -> None:
    TwoPlaces(str(folder), str(david.root / "out"), path=david.root, environ=david.env()).move()


def archive(david: Person, folder: Path) -> None:
    """What `archive run` does once the archive is proven."""
    source = Source("one.mov", Kind.FILE, 3, 0, 0o644)
    unit = Unit(id=folder.name, set="films", root=str(folder), key="x", sources=(source,), sidecars=(), fields={})
    with forgetting(unit, david.env()):
        (folder / "one.mov").unlink()


@pytest.mark.parametrize("verb", [move, archive], ids=["move", "archive"])
@pytest.mark.parametrize("by", ["a link", "a folder", "a folder above", "nothing"])
def test_f49_what_leaves_a_project_is_forgotten_by_that_one(
    verb: Callable[[Person, Path], None], by: str, synced: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.write("day/one.mov", "one")
    synced.ok("up")
    stored = {name: body for name, body in tree(tmp_path / "store").items() if name.endswith("one.mov")}
    for each in (synced.repo.parent, synced.repo):
        each.chmod(0o777)
    other = tmp_path / "theirs"
    (other / PROJECT / "s3-staging" / "day").mkdir(parents=True)
    (other / PROJECT / "s3-staging" / "day" / "one.mov").write_text("one")
    place, given = (synced.project, other / PROJECT) if by == "a folder above" else (synced.repo, other)
    real = Leaving.staging_of

    def staging_of(memories: Leaving, folder: str) -> str | None:
        if not Path(folder).is_relative_to(synced.repo):
            return real(memories, folder)
        monkeypatch.setattr(Leaving, "staging_of", real)
        place.rename(place.with_name("moved"))
        if by == "a link":
            place.symlink_to(given)
        elif by != "nothing":
            given.rename(place)
        try:
            return memories.staging_of(folder)
        finally:
            if by == "a link":
                place.unlink()
            elif by != "nothing":
                place.rename(given)
            place.with_name("moved").rename(place)

    monkeypatch.setattr(Leaving, "staging_of", staging_of)
    with suppress(S3syncError):  # of `move` it is one file's
        verb(synced, synced.staging / "day")
    assert (synced.staging / "day" / "one.mov").read_text() == "one"
    synced.ok("sync")
    assert {name: body for name, body in tree(tmp_path / "store").items() if name.endswith("one.mov")} == stored


@pytest.mark.parametrize("verb", [move, archive], ids=["move", "archive"])
def test_f49_a_room_that_is_taken_away_is_no_place_without_a_memory(
    verb: Callable[[Person, Path], None], synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, once it was found, and before it is opened."""
    synced.write("day/one.mov", "one")
    synced.ok("up")
    synced.repo.parent.chmod(0o777)
    real = known_room

    def away(staging: Path) -> GuardedFolder | None:
        synced.repo.rename(synced.repo.with_name("moved"))
        try:
            return real(staging)
        finally:
            synced.repo.with_name("moved").rename(synced.repo)

    monkeypatch.setattr(leaving, "known_room", away)
    with suppress(S3syncError):
        verb(synced, synced.staging / "day")
    assert (synced.staging / "day" / "one.mov").read_text() == "one"
