"""What is left out of the decisions: a path about which too little is known, and all that is below it."""

from __future__ import annotations

from typing import NoReturn

import pytest

from s3sync.core.entries import Entry
from s3sync.core.manifest.record import Manifest
from s3sync.local.scan import LocalFile, LocalScan
from s3sync.shared.manifest import StoredManifest
from s3sync.shared.scan import RemoteFile, RemoteScan
from s3sync.spill.table import SpilledDict
from s3sync.state.memory import CachedDigest
from s3sync.sync.view import View


def seen_of(paths: list[str], hidden: set[str]) -> View:
    files = SpilledDict(LocalFile)
    files.update((path, LocalFile(path, 1, 2, 3, 4)) for path in paths)
    there = RemoteScan(StoredManifest(Manifest("p", "r"), None), SpilledDict(RemoteFile))
    return View(SpilledDict(Entry), LocalScan(files), there, SpilledDict(CachedDigest), hidden=hidden)


@pytest.mark.parametrize(
    ("hidden", "left"),
    [
        (set(), ["a", "ab", "b/a", "b/c/d"]),
        ({"a"}, ["ab", "b/a", "b/c/d"]),
        ({"b"}, ["a", "ab"]),
        ({"b/c", "a"}, ["ab", "b/a"]),
        ({"c", "d", "b/", "b/c/", ""}, ["a", "ab", "b/a", "b/c/d"]),
    ],
)
def test_a_hidden_folder_hides_what_is_below(hidden: set[str], left: list[str]) -> None:
    seen = seen_of(["a", "ab", "b/a", "b/c/d"], hidden)
    assert [decision.path for decision in seen.decisions()] == left
    assert [path for path in seen.here.files if not seen.is_hidden(path)] == left


class NeverWalked(set[str]):
    def __iter__(self) -> NoReturn:
        pytest.fail("each path was compared with all hidden ones")


def test_many_hidden_paths_cost_as_much_as_few() -> None:
    seen = seen_of(["a", "b/a"], NeverWalked({"b"}))
    assert [decision.path for decision in seen.decisions()] == ["a"]
