"""Moves to another storage class: whole and in parts, killed in the middle, and from the cold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.archive import transition as moving
from s3sync.archive.carrier import open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.catalogue.rebuild import rebuild
from s3sync.archive.indexes import read_index
from s3sync.archive.journal import Journal
from s3sync.archive.send import send_unit
from s3sync.archive.transition import transition
from s3sync.core.archive.records import Archived as Known
from s3sync.errors import Archived, StoreError
from s3sync.store import Store
from s3sync.store.aspects import Tags, Thaws, require_aspect
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


def test_what_is_cold_has_to_be_thawed_first(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    archive = send(store, catalogue, tmp_path, 1000)
    transition(store, catalogue, archive, "DEEP_ARCHIVE", NOW)
    (cold,) = catalogue.archives()
    with pytest.raises(Archived):
        transition(store, catalogue, cold, "STANDARD", NOW)
    assert class_of(store, archive.key) == "DEEP_ARCHIVE"
    assert rebuild(catalogue, store, NOW).problems == ()


def test_an_archive_in_the_class_already_is_left_alone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    archive = send(store, catalogue, tmp_path, 1000)
    etag = store.head(archive.key).info.etag
    transition(store, catalogue, archive, "STANDARD", NOW)
    assert store.head(archive.key).info.etag == etag == read_index(store, archive.key).etag
