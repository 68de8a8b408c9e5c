"""No name that is carried leads out of the staging folder, or onto what is ours."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath

from hypothesis import assume, example, given
from hypothesis import strategies as st

from s3sync.core.names import (
    EXTENSION_BYTES,
    conflict_name,
    nfc,
    path_of_key,
    refuse_reason,
    twins,
    without_case,
)
from s3sync.sync.case import respelled
from tests.kit.limits import limited
from tests.promises.property.strategies import good_paths, odd_paths

STAGING = PurePosixPath("/home/jan/v/b63/s3-staging")


@given(odd_paths | good_paths)
@example("../x")
@example("a/../../x")
@example("/etc/passwd")
@example("//x")
def test_a_carried_path_stays_in_the_folder(path: str) -> None:
    assume(refuse_reason(path) is None)
    target = STAGING / path
    assert posixpath.normpath(target) == str(target) == f"{STAGING}/{path}"
    assert target.is_relative_to(STAGING) and target != STAGING
    assert target.relative_to(STAGING).parts[0].casefold() not in (".s3sync", "metadata.json")


@given(odd_paths | good_paths)
@example("C:/Windows/x")
@example("D:x")
@example("..\\x")
def test_a_carried_path_stays_in_the_folder_on_windows(path: str) -> None:
    assume(refuse_reason(path) is None)
    staging = PureWindowsPath("C:/staging")
    assert (staging / path).parts == (*staging.parts, *path.split("/"))


@given(odd_paths | good_paths)
@example("../x")
@example("/x")
@example("v/b63/a")
def test_a_key_is_ours_or_carried_or_refused(rest: str) -> None:
    path = path_of_key("v/b63/", "v/b63/" + rest)
    if path is None:
        assert rest == "metadata.json" or rest.startswith(".s3sync/")
    elif refuse_reason(path) is None:
        assert path == nfc(rest)
        assert (STAGING / path).is_relative_to(STAGING) and ".." not in path.split("/")


@given(st.text())
def test_any_text_is_carried_or_refused(path: str) -> None:
    """Whatever it is, asking raises nothing; lone surrogates are among it."""
    if refuse_reason(path) is None:
        assert 0 < len(path.encode()) <= 1024


TIMES = st.datetimes(timezones=st.just(UTC))


@given(
    good_paths, st.sampled_from(["jan", "Eve Smith", "Zoë/..", "x" * 300, "é" * 300, "...", "a:b|c"]) | st.text(), TIMES
)
def test_a_conflict_copy_stands_beside_the_file(path: str, user: str, when: datetime) -> None:
    folder, _, name = path.rpartition("/")
    kept = conflict_name(path, user, when)
    assert kept.rpartition("/")[0] == folder
    assert kept != path
    assert refuse_reason(kept) is None
    if "." in name[1:] and len(name.rpartition(".")[2].encode()) <= EXTENSION_BYTES:
        assert kept.rpartition(".")[2] == name.rpartition(".")[2]


SEGMENTS = st.sampled_from(["a", "A", "a.", "a-1", "aa", "b", "é", "É", "ß", "SS", "0"])


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)), st.sampled_from([nfc, without_case]))
def test_twins_are_those_that_no_disk_can_hold_together(paths: list[str], fold: Callable[[str], str]) -> None:
    def clash(path: str, other: str) -> bool:
        name, another = fold(path), fold(other)
        return path != other and (name == another or name.startswith(f"{another}/") or another.startswith(f"{name}/"))

    found = twins(sorted((fold(path), path) for path in paths))
    assert found.keys() == {path for path in paths if any(clash(path, other) for other in paths)}
    assert all(clash(path, other) and other in paths for path, other in found.items())


PATHS = st.sets(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join), max_size=12)


@given(PATHS, PATHS)
@example({"A", "a"}, {"a"})
@example({"AA/b", "Aa/b"}, {"aa/c"})
def test_respelled_is_what_one_other_spelling_of_the_remote_says(local: set[str], remote: set[str]) -> None:
    spellings = {path[:end] for path in remote for end in _ends(path)}

    def others(prefix: str) -> set[str]:
        return {other for other in spellings if without_case(other) == without_case(prefix)}

    moved: dict[str, str] = {}
    for path in local - remote:
        for end in _ends(path):
            if path[:end] in others(path[:end]):
                break
            if len(others(path[:end])) == 1:
                moved[path] = others(path[:end]).pop() + path[end:]
                break
    targets = [*local - moved.keys(), *moved.values()]
    expected = {path: other for path, other in moved.items() if targets.count(other) == 1}
    with limited(entries_in_memory=0, entries_at_once=1):
        in_files = dict(respelled(local - remote, remote, local.__contains__))
    assert dict(respelled(local - remote, remote, local.__contains__)) == in_files == expected


def _ends(path: str) -> list[int]:
    """Where the path and the folders above it end, the path first."""
    return [len(path), *reversed([end for end, char in enumerate(path) if char == "/"])]
