"""A store whose archives are listed in several places at once: as many requests, and what one listing gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Barrier

import pytest

from s3sync.archive.carrier import open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.catalogue import listed as listing
from s3sync.archive.catalogue.listed import listed, objects, places_of
from s3sync.archive.catalogue.rebuild import compare, rebuild
from s3sync.archive.verify_all import Verified, verify_listed
from s3sync.core.archive.values import Index, Pack, index_key
from s3sync.core.times import parse_time
from s3sync.shared import pieces
from s3sync.store.aspects import Thaw, Tier
from s3sync.store.port import ObjectInfo, Store
from s3sync.store.wrapped import Wrapped
from tests.contract.stores import UnderTest, in_folder, keys, put

NOW = "2025-06-01T00:00:00Z"
NAMES = [
    "raw/2023/é.tar",
    "raw/a b.tar",
    "raw/a-b.tar",
    "raw/a.tar",
    "raw/a/1.tar",
    "raw/a/2.tar",
    "raw/z.tar",
    "z.tar",
]


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "IN_A_PIECE", 4)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "mine.db") as opened:
        yield opened


def fill(store: Store, catalogue: Catalogue) -> None:
    when = parse_time(NOW)
    assert when is not None
    for name in NAMES:
        etag = put(store, name, b"x")
        put(store, index_key(name), b"{}")
        catalogue.record(Index(1, name, "s", name, Pack.TAR, (), 1, 1, when, "ana", etag=etag))


def verified(store: Store, catalogue: Catalogue) -> dict[str, str | None]:
    told: list[Verified] = []
    with open_carrier(store, "ana") as carrier:
        verify_listed(carrier, catalogue, catalogue.archives(), told.append)
    return {one.key: one.error for one in told}


def test_pieces_of_a_bucket_are_its_listing(s3: UnderTest, catalogue: Catalogue) -> None:
    store = s3.open()
    fill(store, catalogue)
    put(store, "other/unknown", b"x")
    places = places_of(catalogue)
    assert len(places) == 4, "16 objects in pieces of 4"
    for known in (places, ["a", *places, "raw/gone"]):
        assert sorted(info.key for info in objects(store, known)) == keys(store, "")
        found = sorted(((info.key, thaw) for info, thaw in listed(store, known)), key=lambda one: one[0])
        assert [key for key, _ in found] == keys(store, "")
        assert found == sorted(((info.key, thaw) for info, thaw in listed(store)), key=lambda one: one[0])
    assert compare(catalogue, store).gone == ()
    assert set(verified(store, catalogue).values()) == {None}
    store.delete("raw/a/1.tar")
    assert compare(catalogue, store).gone == ("raw/a/1.tar",)
    assert {key for key, why in verified(store, catalogue).items() if why} == {"raw/a/1.tar"}


class Together(Wrapped):
    """A store that answers once so many listings are under way."""

    def __init__(self, inner: Store, count: int) -> None:
        super().__init__(inner)
        self.barrier, self.asked = Barrier(count), list[str]()

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        self.asked.append(after)
        self.barrier.wait(60)
        for info in self.inner.list(prefix, after=after):
            yield info
            if info.key in until:
                return


def test_pieces_are_asked_for_side_by_side(catalogue: Catalogue, tmp_path: Path) -> None:
    store = in_folder(tmp_path / "store").open()
    fill(store, catalogue)
    places = places_of(catalogue)
    together = Together(store, len(places) + 1)
    assert set(verified(together, catalogue).values()) == {None}
    assert sorted(together.asked) == ["", *places], "each piece once, and nothing a second time"


class BeginsAnywhere(Wrapped):
    """A store that takes no notice of where a listing is to begin."""

    def list_until(self, prefix: str, until: Collection[str], *, after: str = "") -> Iterator[ObjectInfo]:
        for info in self.inner.list(prefix):
            yield info
            if info.key in until:
                return


def test_what_pieces_lack_is_not_called_gone(catalogue: Catalogue, tmp_path: Path) -> None:
    store = in_folder(tmp_path / "store").open()
    fill(store, catalogue)
    broken = BeginsAnywhere(store)
    assert len(list(objects(broken, places_of(catalogue)))) < len(keys(store, ""))
    assert set(verified(broken, catalogue).values()) == {None}


def test_a_folder_store_is_listed_as_it_was(catalogue: Catalogue, tmp_path: Path) -> None:
    store = in_folder(tmp_path / "store").open()
    fill(store, catalogue)
    assert sorted(info.key for info, _ in listed(store, places_of(catalogue))) == keys(store, "")
    assert rebuild(catalogue, store, NOW).gone == ()


FEW_FOLDERS = {"z.tar", "raw/2023/a.tar", "raw/2023/deep/b.tar", "raw/2024/a.tar", "raw/2024//b.tar", "raw/c.tar"}


def short_pages(monkeypatch: pytest.MonkeyPatch, size: int = 5, *, enough: int = 2) -> None:
    monkeypatch.setattr(listing, "PAGE", size)
    monkeypatch.setattr(listing, "ENOUGH", enough)


@pytest.mark.parametrize("names", [FEW_FOLDERS, set(NAMES), {f"{n}.tar" for n in range(9)}, {"a/1", "b/1"}])
@pytest.mark.parametrize("enough", [2, 3, 9])
def test_folders_of_a_bucket_are_its_listing(
    names: set[str], enough: int, s3: UnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_pages(monkeypatch, enough=enough)
    store = s3.open()
    for name in names:
        put(store, name, b"x")
    found = list(listed(store, folders=True))
    assert sorted(info.key for info, _ in found) == keys(store, "")
    assert sorted(found, key=lambda one: one[0].key) == sorted(listed(store), key=lambda one: one[0].key)


class Tree(Wrapped):
    """A folder store that is listed as a bucket is. Listings of whole folders wait until `count` are under way."""

    def __init__(self, inner: Store, count: int = 1, hidden: str = "\0") -> None:
        super().__init__(inner)
        self.barrier, self.asked, self.hidden = Barrier(count), list[str](), hidden

    def thaw_of(self, key: str) -> Thaw:
        raise NotImplementedError

    def thaw(self, key: str, *, days: int, tier: Tier) -> Thaw:
        raise NotImplementedError

    def list_thaws(
        self, prefix: str, until: Collection[str] = (), *, after: str = ""
    ) -> Iterator[tuple[ObjectInfo, Thaw | None]]:
        self.asked.append(prefix)
        if prefix:
            self.barrier.wait(60)
        for info in self.inner.list(prefix, after=after):
            yield info, None

    def list_folder(self, prefix: str) -> Iterator[tuple[ObjectInfo, Thaw | None] | str]:
        for name in self.inner.folders(prefix):
            if name != self.hidden:
                yield f"{prefix}{name}/"
        for info in self.inner.list(prefix):
            if "/" not in info.key[len(prefix) :]:
                yield info, None


def test_a_store_of_which_nothing_is_known_is_listed_folder_beside_folder(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_pages(monkeypatch, 12)
    store = in_folder(tmp_path / "store").open()
    with Catalogue(tmp_path / "hers.db") as hers:
        fill(store, hers)
    tree = Tree(store, 2)
    assert sorted(info.key for info, _ in listed(tree, folders=True)) == keys(store, "")
    assert sorted(tree.asked) == ["", "raw/2023/", "raw/a/"], "raw/ alone is no piece, and its two folders are"


def test_what_lies_in_no_folders_or_in_too_many_is_listed_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_pages(monkeypatch)
    monkeypatch.setattr(listing, "MOST", 3)
    flat, wide = (in_folder(tmp_path / name).open() for name in ("flat", "wide"))
    for n in range(7):
        put(flat, f"raw/{n}.tar", b"x")
        put(wide, f"raw/{n}/a.fits", b"x")
    for store in (flat, wide):
        tree = Tree(store)
        assert sorted(info.key for info, _ in listed(tree, folders=True)) == keys(store, "")
        assert tree.asked == [""]


def test_a_folder_that_a_store_does_not_name_is_not_called_gone(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_pages(monkeypatch)
    monkeypatch.setattr(pieces, "IN_A_PIECE", 950)
    store = in_folder(tmp_path / "store").open()
    fill(store, catalogue)
    for n in range(3):
        put(store, f"other/{n}.tar", b"x")
    tree = Tree(store, hidden="raw")
    monkeypatch.setattr(listing, "ENOUGH", 1)
    assert len(list(listed(tree, folders=True))) < len(keys(store, ""))
    assert compare(catalogue, tree).gone == ()
