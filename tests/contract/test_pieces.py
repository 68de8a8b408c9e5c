"""A listing that is asked for in pieces is the listing, in whatever order a store lists, and whatever changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from s3sync.aside import Aside
from s3sync.core.entries import Entry
from s3sync.shared import pieces
from s3sync.shared.pieces import in_pieces
from s3sync.shared.scan import scan_remote
from s3sync.spill.table import SpilledDict
from s3sync.store.folder import FolderStore
from s3sync.store.port import ObjectInfo, Store
from s3sync.store.wrapped import Wrapped
from tests.contract.stores import UnderTest, keys, put

PROJECT = "repo/project/"
NAMES = ["a/b", "a/z/q", "a/z-1", "a b/c", "a-b", "a.x", "a0", "A", "é", "metadata.json", "x/1", "x/2", "x/3", "z"]


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "IN_A_PIECE", 3)
    monkeypatch.setattr(pieces, "AT_ONCE", 2)


def remembered(*names: str) -> SpilledDict[Entry]:
    base = SpilledDict(Entry)
    base.update((name, Entry(1, None, "etag")) for name in names)
    return base


def listed(store: Store, base: SpilledDict[Entry]) -> list[str]:
    with Aside(4, "test") as threads:
        found = in_pieces(store, PROJECT, base, threads)
        assert found is not None
        return [info.key.removeprefix(PROJECT) for info in found]


@pytest.mark.parametrize(
    "base", [NAMES, [*NAMES, "gone", "m", "xx"], NAMES[::2], ["gone 1", "gone 2", "gone 3", "gone 4"]], ids=len
)
def test_pieces_are_the_whole(s3: UnderTest, base: list[str]) -> None:
    store = s3.open()
    for name in NAMES:
        put(store, PROJECT + name)
    put(store, "repo/project-2/other")
    found = listed(store, remembered(*base))
    assert sorted(found) == sorted(NAMES)


@pytest.mark.parametrize("empty", [2, 9])
def test_empty_objects_are_in_their_piece(s3: UnderTest, empty: int) -> None:
    """obstore calls folder markers files: more than a few empty objects are listed the other way."""
    store = s3.open()
    for name in NAMES:
        put(store, PROJECT + name)
    for number in range(empty):
        put(store, f"{PROJECT}x/empty-{number}", b"")
    s3.put_raw(f"{PROJECT}x/folder/", b"")
    found = listed(store, remembered(*NAMES))
    assert sorted(PROJECT + name for name in found) == keys(store, PROJECT)
    assert "x/folder/" in found and len(found) == len(NAMES) + empty + 1


def test_a_few_objects_are_one_page(s3: UnderTest) -> None:
    with Aside(1, "test") as threads:
        assert in_pieces(s3.open(), PROJECT, remembered("a", "b"), threads) is None


class BeginsAnywhere(Wrapped):
    """A store that takes no notice of where a listing is to begin, as S3's directory buckets."""

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        for info in self.list(prefix):
            yield info
            if info.key in until:
                return


def test_what_a_piece_lacks_is_not_taken_for_deleted(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    for name in NAMES[10:]:
        put(store, PROJECT + name)
    broken, base = BeginsAnywhere(store), remembered(*NAMES[10:])
    assert len(listed(broken, base)) < len(NAMES[10:])
    assert sorted(scan_remote(broken, PROJECT, base, lambda path: False).files) == NAMES[10:]
