"""Names and addresses in archives and tables, as long as others like: what is done for one does not grow faster."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import foreign
from s3sync.archive.carrier import open_carrier
from s3sync.archive.foreseeing import foresee
from s3sync.archive.place import Destination
from s3sync.archive.walk import Selection, Unreadable, walk
from s3sync.core.archive import extraction
from s3sync.core.archive.extraction import DEEPEST, LONGEST_PATH, LONGEST_TARGET, problem_of
from s3sync.core.archive.index import index_text, parse_index
from s3sync.core.archive.rows import Addresses
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Pack
from s3sync.core.spelling import obeyed_refusal
from s3sync.errors import ArchiveError
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.effort import lines_of

WHEN = datetime(2025, 11, 3, tzinfo=UTC)
MD5 = "0cc175b9c0f1b6a831c399e269772661"


def names_of(folder: Path, name: str) -> tuple[list[str], int]:
    """Names in the tar of one file that another tool called so, and the lines that it took to read them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    body, found = made.getvalue(), list[Any]()
    store = FolderStore(folder, create=True)
    etag = store.put("b1.tar", body, mode=Overwrite(), headers=Headers(), md5=md5(body).digest()).etag

    def read() -> None:
        found.append(foreign.read_headers(carrier, "b1.tar", len(body), etag, Pack.TAR, "b1"))

    with open_carrier(store, "ana") as carrier:
        lines = lines_of(read, foreign)
    return [member.path for member in found[0].members], lines


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("{}cut/a.mov", ["cut/a.mov"]),
        ("{}", []),
        ("{}.", []),
        ("{}../a", ["../a"]),
        ("{}.hidden/./a", [".hidden/./a"]),
    ],
)
def test_what_stands_before_a_name_in_a_tar_is_cut_off_at_once(tmp_path: Path, name: str, paths: list[str]) -> None:
    """Cut off piece by piece, a name of 16 MB that is nothing else took hours."""
    few, many = (names_of(tmp_path / str(often), name.format("./" * often)) for often in (1, 3000))
    assert few[0] == many[0] == paths
    assert many[1] < few[1] + 200


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.FOLDER, Kind.LINK])
def test_nothing_is_restored_below_more_folders_than_any_path_has(tmp_path: Path, kind: Kind) -> None:
    """Each of them is made, and looked at from the top: a name of a few MB filled the disk for days."""
    deep, fits = (Member("a/" * depth + "x", kind, 0, 0o644, 0, target="x") for depth in (DEEPEST, DEEPEST - 1))
    assert "names" in str(problem_of(deep)) and problem_of(fits) is None
    found = foresee(Destination(tmp_path), [deep], "now", {}, lambda: None)
    assert [path for path, _ in found.problems] == [deep.path]


def test_what_a_link_leads_to_is_no_longer_than_a_link() -> None:
    step = "a/../"
    long, fits = (step * often + "x" for often in (LONGEST_TARGET // len(step) + 1, LONGEST_TARGET // len(step)))
    assert "characters" in str(problem_of(Member("b", Kind.LINK, 0, 0o777, 0, target=long)))
    assert problem_of(Member("b", Kind.LINK, 0, 0o777, 0, target=fits)) is None


@pytest.mark.parametrize("deepest", [1, 3])
def test_what_no_restore_would_make_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deepest: int) -> None:
    monkeypatch.setattr(extraction, "DEEPEST", deepest)
    folder = tmp_path.joinpath(*"abcd"[: deepest - 1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "f").write_text("1")
    (folder / "e").mkdir()
    selection = Selection(ArchiveSet("s", "s3://b", "videos/*", ignore=()))

    def sent() -> list[Member]:
        found = walk(os.fspath(tmp_path.resolve()), "", selection, [])
        return [Member(one.path, one.kind, 0, 0o644, 0) for one in found]

    (folder / "e").rmdir()
    assert [problem_of(one) for one in sent()] == [None] * deepest
    (folder / "e").mkdir()
    with pytest.raises(Unreadable, match="longer than any"):
        sent()


def test_a_field_that_comes_again_in_an_address_says_the_same() -> None:
    """Else a cell of 4,096 letters could be divided among a few of them in more ways than can be tried in a day."""
    addresses = Addresses("s3://b", "s3://b/{md5}/{ext}/{key}.{ext}?{md5}")
    assert addresses.key(addresses.of("k/x", MD5, "jpg")) == "k/x"
    assert addresses.key(f"s3://b/{MD5}/jpg/k.png?{MD5}") is None
    assert addresses.key(f"s3://b/{MD5}/jpg/k.jpg?{MD5[1:]}") is None
    assert addresses.key(f"s3://b/{MD5}a/jpg/k.jpg?{MD5}a") is None
    many = Addresses("s3://b", "s3://b/" + "{md5}" * 100 + "{ext}{key}zzz")
    assert many.key("s3://b/" + "a" * 4000) is None


LONG = [".a/" * DEEPEST + "x", "a" * (LONGEST_PATH + 1), "../" * DEEPEST]


@pytest.mark.parametrize("path", LONG, ids=["folders", "letters", "above"])
@pytest.mark.parametrize("beside", [False, True])
def test_no_name_that_cannot_be_restored_is_read_from_an_index(path: str, beside: bool) -> None:
    """Whatever looks at the folders above it would do so for each of millions."""
    one = Member(path, Kind.FILE, 1, 0o644, 0, key="u/x")
    members = ((), (one,)) if beside else ((one,), ())
    index = Index(1, "u", "s", "u", Pack.NONE, members[0], 1, 1, WHEN, "ana", sidecars=members[1])
    with pytest.raises(ArchiveError) as refused:
        parse_index(index_text(index), "u", "u.index.json")
    assert "names" in str(refused.value.why) and len(str(refused.value.why)) < 300


@pytest.mark.parametrize("path", LONG, ids=["folders", "letters", "above"])
def test_no_name_that_cannot_be_restored_is_read_from_a_tar(tmp_path: Path, path: str) -> None:
    assert names_of(tmp_path / "store", f"b1/{path}")[0] == []


@pytest.mark.parametrize("step", ["../", ".a/", "\u00e9/", "a~1/"])
def test_the_folders_above_a_hidden_one_are_put_together_where_it_is_refused_alone(step: str) -> None:
    """For each hidden folder on a way all those above it were: of 900 KB of them 135 GB."""

    def joined(path: str) -> int:
        calls = list[str]()
        sys.setprofile(lambda frame, event, told: calls.append(told.__name__) if event == "c_call" else None)
        try:
            assert obeyed_refusal(path) is None
        finally:
            sys.setprofile(None)
        return calls.count("join")

    assert joined(step * 300 + "x") == joined(step + "x")
    found = obeyed_refusal(f"{step}.git/config")
    assert found is not None and found.at == f"{step}.git"
