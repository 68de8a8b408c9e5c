"""Moves to another storage class: whole and in parts, killed in the middle, and from the cold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import transition as moving
from s3sync.archive.billing import move_cost
from s3sync.archive.carrier import open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.catalogue.rebuild import rebuild
from s3sync.archive.indexes import read_index
from s3sync.archive.journal import Journal
from s3sync.archive.price_list import price_book
from s3sync.archive.send import send_unit
from s3sync.archive.tagging import tag_for_move
from s3sync.archive.transition import transition
from s3sync.core.archive.lifecycle import MOVE_TAG, can_move, move_rule, moves_of
from s3sync.core.archive.records import Archived as Known
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import Pack, index_key
from s3sync.errors import Archived, ArchiveError, StoreError
from s3sync.store import Store
from s3sync.store.aspects import Tags, Thaws, require_aspect
from s3sync.store.port import Headers, Overwrite
from tests.contract.stores import on_server, read
from tests.kit.servers import Server
from tests.unit.archive.packing import rules_of, unit_of

NOW = "2025-06-01T00:00:00Z"
MIB = 1024 * 1024


@pytest.fixture
def store(moto: Server) -> Store:
    return on_server(moto).open()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.db") as opened:
        yield opened


def send(store: Store, catalogue: Catalogue, tmp_path: Path, size: int) -> Known:
    root = tmp_path / "b40"
    root.mkdir()
    (root / "film.mp4").write_bytes(os.urandom(size))
    with open_carrier(store, "ana") as carrier, Journal(tmp_path / "journal.db") as journal:
        rules = rules_of(tags={"archive": "fast"})
        catalogue.record(send_unit(carrier, rules, unit_of(root, "b40"), journal)[0])
    (found,) = catalogue.archives()
    return found


def class_of(store: Store, key: str) -> str:
    return require_aspect(store, Thaws).thaw_of(key).storage_class


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in parts"])
def test_bytes_tags_and_index_stay_true(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    if not whole:
        monkeypatch.setattr(moving, "COPIED_WHOLE", 10 * MIB)
        monkeypatch.setattr(moving, "PIECE", 5 * MIB)
    archive = send(store, catalogue, tmp_path, 11 * MIB + 17)
    before = read(store, archive.key)
    transition(store, catalogue, archive, "GLACIER_IR", NOW)
    assert class_of(store, archive.key) == "GLACIER_IR"
    assert read(store, archive.key) == before
    assert require_aspect(store, Tags).get_tags(archive.key) == {"archive": "fast"}
    head, index = store.head(archive.key), read_index(store, archive.key)
    assert (index.etag, index.storage_class) == (head.info.etag, "GLACIER_IR")
    assert head.metadata["unit"] == "b40"
    (known,) = catalogue.archives()
    assert (known.storage_class, known.transitioned_at, known.etag) == ("GLACIER_IR", NOW, index.etag)
    assert rebuild(catalogue, store, NOW).problems == ()


@pytest.mark.parametrize("after", ["copy_part", "complete_upload"])
def test_broken_off_in_parts_it_leaves_the_archive_and_no_upload(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    monkeypatch.setattr(moving, "COPIED_WHOLE", 10 * MIB)
    monkeypatch.setattr(moving, "PIECE", 5 * MIB)
    archive = send(store, catalogue, tmp_path, 11 * MIB)
    before = read(store, archive.key)
    with monkeypatch.context() as broken:

        def fail(*args: object, **more: object) -> str:
            raise StoreError("the line broke")

        broken.setattr(type(store), after, fail)
        with pytest.raises(StoreError, match="the line broke"):
            transition(store, catalogue, archive, "GLACIER_IR", NOW)
    assert read(store, archive.key) == before and class_of(store, archive.key) == "STANDARD"
    assert list(store.list_uploads("")) == []
    assert rebuild(catalogue, store, NOW).problems == ()
    (again,) = catalogue.archives()
    transition(store, catalogue, again, "GLACIER_IR", NOW)
    assert read_index(store, archive.key).etag == store.head(archive.key).info.etag


def test_a_large_copy_has_the_etag_that_was_sent_also_when_its_answer_is_lost(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made of the parts that were sent, so that whoever sent it knows it without reading."""
    monkeypatch.setattr(moving, "COPIED_WHOLE", 10 * MIB)
    archive = send(store, catalogue, tmp_path, 17 * MIB + 5)
    sent = read_index(store, archive.key)
    assert sent.etag is not None and "-" in sent.etag
    complete = type(store).complete_upload

    def lost(*args: Any, **more: Any) -> None:
        complete(*args, **more)
        raise StoreError("the answer was lost")

    with monkeypatch.context() as broken, pytest.raises(StoreError, match="lost"):
        broken.setattr(type(store), "complete_upload", lost)
        transition(store, catalogue, archive, "GLACIER_IR", NOW)
    assert class_of(store, archive.key) == "GLACIER_IR" and read_index(store, archive.key).etag is None
    with Journal(tmp_path / "journal.db") as journal:
        transition(store, catalogue, archive, "GLACIER_IR", NOW, journal)
        index = read_index(store, archive.key)
        assert (index.etag, index.storage_class) == (sent.etag, "GLACIER_IR")
        assert journal.is_made(index)


@pytest.mark.parametrize("told", [None, 4 * MIB, 16 * MIB, 20 * MIB])
def test_parts_that_are_not_known_are_made_anew(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: int | None
) -> None:
    monkeypatch.setattr(moving, "COPIED_WHOLE", 10 * MIB)
    monkeypatch.setattr(moving, "PIECE", 6 * MIB)
    archive = send(store, catalogue, tmp_path, 17 * MIB)
    monkeypatch.setattr(type(store), "first_part_size", lambda *_: told)
    transition(store, catalogue, archive, "GLACIER_IR", NOW)
    index = read_index(store, archive.key)
    assert index.etag == store.head(archive.key).info.etag != archive.etag


def test_what_is_cold_has_to_be_thawed_first(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    archive = send(store, catalogue, tmp_path, 1000)
    transition(store, catalogue, archive, "DEEP_ARCHIVE", NOW)
    (cold,) = catalogue.archives()
    with pytest.raises(Archived):
        transition(store, catalogue, cold, "STANDARD", NOW)
    assert class_of(store, archive.key) == "DEEP_ARCHIVE"
    assert rebuild(catalogue, store, NOW).problems == ()


def test_a_tag_is_added_to_those_that_are_there_and_told_in_the_index(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    archive = send(store, catalogue, tmp_path, 200_000)
    before = store.head(archive.key).info
    tags = require_aspect(store, Tags)
    tags.put_tags(archive.key, {"archive": "fast", "lab": "north"})
    tag_for_move(store, catalogue, archive, "DEEP_ARCHIVE")
    tag_for_move(store, catalogue, archive, "DEEP_ARCHIVE")
    assert tags.get_tags(archive.key) == {"archive": "fast", "lab": "north", MOVE_TAG: "DEEP_ARCHIVE"}
    assert tags.get_tags(index_key(archive.key)) == {}, "it would move, and could not be read"
    assert store.head(archive.key).info.etag == before.etag and class_of(store, archive.key) == "STANDARD"
    assert read_index(store, archive.key).tags[MOVE_TAG] == "DEEP_ARCHIVE"
    (known,) = catalogue.archives()
    assert known.storage_class == "STANDARD" and known.tags[MOVE_TAG] == "DEEP_ARCHIVE"
    rule = move_rule("DEEP_ARCHIVE", "")
    assert moves_of([rule], archive.key, tags.get_tags(archive.key), 200_000) == ((0, "DEEP_ARCHIVE"),)
    assert rebuild(catalogue, store, NOW).problems == ()


def test_what_says_that_it_is_something_else_is_not_tagged(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    archive = send(store, catalogue, tmp_path, 200_000)
    body = b"a colleague's"
    store.put(archive.key, body, mode=Overwrite(), headers=Headers(), md5=md5(body).digest())
    with pytest.raises(ArchiveError, match="alone"):
        tag_for_move(store, catalogue, archive, "DEEP_ARCHIVE")
    assert require_aspect(store, Tags).get_tags(archive.key) == {}


def test_an_object_with_all_tags_that_it_can_have_is_refused(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    archive = send(store, catalogue, tmp_path, 200_000)
    full = {f"tag{number}": "x" for number in range(10)}
    require_aspect(store, Tags).put_tags(archive.key, full)
    with pytest.raises(ArchiveError, match="did not tag"):
        tag_for_move(store, catalogue, archive, "GLACIER")
    assert require_aspect(store, Tags).get_tags(archive.key) == full


@pytest.mark.parametrize(
    ("source", "target", "can"),
    [
        ("STANDARD", "DEEP_ARCHIVE", True),
        ("GLACIER", "DEEP_ARCHIVE", True),
        ("GLACIER", "GLACIER", False),
        ("DEEP_ARCHIVE", "GLACIER", False),
        ("STANDARD_IA", "STANDARD", False),
        ("STANDARD", "EXPRESS_ONEZONE", False),
    ],
)
def test_rules_move_to_colder_classes_alone(source: str, target: str, can: bool) -> None:
    assert can_move(source, target) is can


def test_what_a_move_costs() -> None:
    """By copy: its requests, what it reads, and the rest of the old class's minimum duration; by rule no reading."""
    east = price_book().of("us-east-1")
    now = datetime(2026, 1, 31, tzinfo=UTC)
    large = Known(
        key="k", unit="u", set="s", pack=Pack.TAR, status=Status.STORED, size=11 << 30, original_size=0, files=1,
        uploaded_at="2026-01-01T00:00:00Z", created_by="ana", storage_class="GLACIER_IR",
    )  # fmt: skip
    rest = 11 * 0.004 * 60 / 30
    copied = move_cost(large, "DEEP_ARCHIVE", east, now, by_tag=False)
    assert copied.amount == pytest.approx(2255 / 1000 * 0.05 + 11 * 0.03 + rest)
    tagged = move_cost(large, "DEEP_ARCHIVE", east, now, by_tag=True)
    assert tagged.amount == pytest.approx(1 / 1000 * (0.05 + 0.005) + rest)


def test_an_archive_in_the_class_already_is_left_alone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    archive = send(store, catalogue, tmp_path, 1000)
    etag = store.head(archive.key).info.etag
    transition(store, catalogue, archive, "STANDARD", NOW)
    assert store.head(archive.key).info.etag == etag == read_index(store, archive.key).etag
