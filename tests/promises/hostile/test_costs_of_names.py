"""Names that others choose, and very many of them: what is done for each does not grow with the others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync import gitindex, project
from s3sync.config import Settings
from s3sync.config.secrets import MASK, hidden, without_keys
from s3sync.core import spelling
from s3sync.core.names import clashes, nfc, without_case
from s3sync.core.near import CANDIDATES, LONGEST, near
from s3sync.core.plan import Action, Do
from s3sync.core.team import FileLock, LockState, all_locks_prefix, lock_id, locks_prefix
from s3sync.setup.overview import overview
from s3sync.shared import listed
from s3sync.shared.listed import MOST_OF_ALL, ListedStore, LocksListed
from s3sync.shared.locks import MOST_LOCKS
from s3sync.store.aspects import Versions, require_aspect
from s3sync.store.folder import FolderStore
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.port import Headers, ObjectInfo, Overwrite
from s3sync.sync import locked
from s3sync.sync.locked import leave_locked
from tests.kit.effort import lines_of
from tests.promises.hostile.conftest import Peer
from tests.promises.hostile.test_git_folders import entries
from tests.promises.hostile.test_wire import OK, opened, wire

WHEN = datetime(2025, 11, 3, tzinfo=UTC)


def test_each_entry_of_gits_index_is_looked_at_once_however_many_projects_there_are(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    paths = [f"p{number:03}/s3-staging/deep/{number}.mp4".encode() for number in range(200)]
    (tmp_path / ".git" / "index").write_bytes(entries(2, *paths))

    def look(projects: int) -> int:
        folders = [f"p{number:03}/s3-staging" for number in range(projects)]
        assert gitindex.files_in_git(tmp_path, folders) == [1] * projects
        return lines_of(lambda: gitindex.files_in_git(tmp_path, folders), gitindex)

    assert look(200) < 2 * look(20)


@pytest.mark.parametrize("version", [2, 4])
def test_files_in_git_are_counted_for_the_folder_that_they_are_in(version: int, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    repo = tmp_path / "repo"
    lead = b"\0" if version == 2 else b""
    paths = [b"repo/a/s3-staging/x", b"repo/a/s3-staging/y/z", b"repo/a/s3-staging2/x", b"repo/s3-staging/x", b"a"]
    body = entries(2, *paths) if version == 2 else packed(paths)
    (tmp_path / ".git" / "index").write_bytes(body + lead)
    folders = ["a/s3-staging", "s3-staging", "b/s3-staging", "a/s3-staging"]
    assert gitindex.files_in_git(repo, folders) == [2, 1, 0, 2]
    assert gitindex.files_in_git(repo, []) == []


def packed(paths: list[bytes]) -> bytes:
    """An index of version 4: each entry drops all of the path before it."""
    made, before = [b"DIRC" + (4).to_bytes(4) + len(paths).to_bytes(4)], b""
    for path in paths:
        made += [bytes(60), len(path).to_bytes(2), bytes([len(before)]), path, b"\0"]
        before = path
    return b"".join(made)


def test_the_folders_are_looked_at_once_for_all_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[Path]()
    listing = project._folders

    def counted(root: Path) -> list[Path]:
        looks.append(root)
        return listing(root)

    monkeypatch.setattr(project, "_folders", counted)
    repo = tmp_path / "films"
    (repo / ".git").mkdir(parents=True)
    for number in range(9):
        (repo / f"p{number}" / "s3-staging").mkdir(parents=True)
    (repo / "broken").mkdir()
    (repo / "broken" / "s3-staging").symlink_to(tmp_path)
    store = FolderStore(tmp_path / "store", create=True)
    settings = Settings(store=f"file://{tmp_path / 'store'}", repo="films", root=repo)
    report = overview(settings, repo, store)
    assert len(report.projects) == 10 and [one.name for one in report.projects if one.error] == ["broken"]
    assert len(looks) == 1


def locks_of(projects: int, each: int) -> Iterator[ObjectInfo]:
    for number in range(projects):
        for file in range(each):
            yield ObjectInfo(locks_prefix(f"r/p{number}/") + lock_id(f"{file}"), 100, "e", WHEN)


def test_the_locks_of_a_project_are_found_without_those_of_others() -> None:
    found = LocksListed(all_locks_prefix("r"))
    for info in locks_of(40, 5):
        found.add(info)
    assert [info.key for info in found.of(locks_prefix("r/p7/"))] == [
        locks_prefix("r/p7/") + lock_id(f"{file}") for file in range(5)
    ]
    assert lines_of(lambda: found.of(locks_prefix("r/p7/")), listed) < 5


def test_no_more_locks_are_held_than_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    found = LocksListed(all_locks_prefix("r"))
    for info in locks_of(1, MOST_LOCKS + 50):
        found.add(info)
    found.add(ObjectInfo(locks_prefix("r/p1/") + "no id", 100, "e", WHEN))
    assert len(found.of(locks_prefix("r/p0/"))) == MOST_LOCKS + 1 and found.of(locks_prefix("r/p1/")) == []
    monkeypatch.setattr(listed, "MOST_OF_ALL", 12)
    few = LocksListed(all_locks_prefix("r"))
    for info in locks_of(9, 5):
        few.add(info)
    assert sum(len(few.of(locks_prefix(f"r/p{number}/"))) for number in range(9)) == 12 < MOST_OF_ALL


def test_a_project_without_locks_has_none_of_a_longer_name(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    place = locks_prefix("r/film/")
    store.put(place + lock_id("a"), b"x", mode=Overwrite(), headers=Headers(), md5=md5_of_x())
    known = ListedStore(store, "r")
    assert [info.key for info in known.list(place)] == [place + lock_id("a")]
    assert list(known.list(locks_prefix("r/fil/"))) == [] == list(known.list(place, after=f"{place}~"))


def md5_of_x() -> bytes:
    return bytes.fromhex("9dd4e461268c8034f5c8564e155c67a6")


def test_a_lock_in_the_way_is_found_without_asking_all() -> None:
    names = [f"f{number}/deep/x" for number in range(300)]
    locks = {name: FileLock(lock_id(name), "", LockState.HELD, name=name, by="jan") for name in names}
    told: dict[str, FileLock] = {}
    steps = [Action(Do.UPLOAD, f"g{number}", None, None, waits=True) for number in range(300)]
    blocked = [Action(Do.UPLOAD, path, None, None, waits=True) for path in ("f7", "f8/deep", "f9/deep/x/y", "f1/deepe")]
    rule = leave_locked(locks, told)
    assert lines_of(lambda: list(rule(iter(steps))), locked) < 40 * len(steps)
    assert [step.path for step in rule(iter(blocked))] == ["f1/deepe"]
    assert set(told) == {"f7", "f8/deep", "f9/deep/x/y"} and told["f9/deep/x/y"].name == "f9/deep/x"


def test_a_word_is_compared_with_few_of_very_many_names() -> None:
    """The names of a project are whatever its members call them, and the standard library's comparison is cubic."""
    assert near("draft.mp4", (f"draft{number}.mp4" for number in count()))[0].startswith("draft")
    assert near("a" * (LONGEST + 1), ["a" * (LONGEST + 1)]) == []
    hard = (f"{number}" + "ab" * (number % 59) + "ba" * (60 - number % 59) for number in range(400 * CANDIDATES))
    assert near("ab" * 60, hard, 3)


def test_near_names_are_those_of_the_standard_library() -> None:
    from difflib import get_close_matches

    names = ["draft.mp4", "drafts.mp4", "final.mov", "cut/draft.mp4", "draft.mp3", "x"]
    for word in ("draft.mp", "drft.mp4", "finl.mov", "cut/drat.mp4", "zzz", ""):
        assert near(word, names, 3) == get_close_matches(word, names, 3)


def test_the_versions_of_a_name_are_listed_without_those_that_begin_with_it() -> None:
    """A pin file of others may name a beginning that all files of a project have."""
    asked = list[str]()
    item = (
        "<Version><Key>{}</Key><VersionId>v</VersionId><ETag>&quot;x&quot;</ETag><Size>1</Size>"
        "<IsLatest>true</IsLatest><LastModified>2025-11-03T10:00:00.000Z</LastModified></Version>"
    )

    def answer(connection: object) -> None:
        number = len(asked)
        asked.append("page")
        keys = ("a", "a", "a/b") if not number else (f"a/{number}", f"a/{number}x")
        more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{keys[-1]}</NextKeyMarker>"
        text = f"<ListVersionsResult>{more}{''.join(map(item.format, keys))}</ListVersionsResult>".encode()
        head = OK + f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
        connection.sendall(head + text)  # type: ignore[attr-defined]

    with wire(answer) as server:
        found = list(require_aspect(opened(server.url), Versions).list_versions("a", alone=True))
    assert [one.key for one in found] == ["a", "a"] and len(asked) == 1


@pytest.mark.parametrize("step", ["a/", "A/a/"])
def test_files_in_files_are_told_with_a_few_of_those_around_them(step: str) -> None:
    """A key holds hundreds of folders: 24,000 objects that each were a folder of the next took half a gigabyte."""
    paths = [(step * depth).rstrip("/") for depth in range(1, 400)] + [f"{step * 300}{number}" for number in range(400)]
    pairs = list(clashes(sorted((without_case(path), path) for path in paths)))
    assert len(pairs) < 10 * len(paths)
    assert {path for pair in pairs for path in pair} == set(paths)
    nearest = (step * 300).rstrip("/")
    assert {(nearest, f"{nearest}/{number}") for number in range(400)} <= set(pairs)


def test_a_text_of_beginnings_of_tokens_is_masked_in_one_go() -> None:
    """Each of them was followed to the end of the text: a megabyte took hours."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"
    assert token not in without_keys(f"x {token} y") and MASK in without_keys(f"x {token} y")
    assert token not in hidden(f"x-{token}")
    assert without_keys("eyJ-" * 250_000).startswith("eyJ-")


def test_a_reason_of_the_fast_library_is_short() -> None:
    class GenericError(Exception):
        pass

    GenericError.__module__ = "obstore.exceptions"
    text = f'Generic S3 error: x\n    message: "{"?" * 1_000_000}",\n'
    assert len(from_obstore(GenericError(text)).message) <= 500


MARKS = {"of two classes": "\u0301\u0328", "that become two": "\u0f73", "of four classes": "\u0345\u0301\u0323\u0327"}
"""Behind a letter: each of them goes before those that came first."""


def moves(parts: str) -> int:
    """Steps in which marks are put into canonical order one by one, as Python does it (`unicodedata.c`)."""
    found, run = 0, list[int]()
    for kind in map(unicodedata.combining, parts):
        run = [*run, kind] if kind else []
        found += sum(kind < before for before in run)
    return found


@pytest.mark.parametrize("name", MARKS)
def test_f56_marks_behind_a_letter_are_sorted_before_python_sorts_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, steps = ("a" + MARKS[name] * 4096)[:2000], list[int]()

    def normalize(form: Any, part: str) -> str:
        steps.append(moves("".join(unicodedata.normalize("NFD", char) for char in part)))
        return unicodedata.normalize(form, part)

    counted = SimpleNamespace(normalize=normalize, combining=unicodedata.combining)
    monkeypatch.setattr(spelling, "unicodedata", counted)
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert sum(steps) < 2 * len(text)


@pytest.mark.parametrize("name", MARKS)
def test_f56_a_text_that_is_longer_than_any_name_is_left_as_it_is(name: str) -> None:
    """In which form it would be is not asked: with so many marks that takes Python hours."""
    text = "e\u0301" + MARKS[name] * 2_000_000
    assert nfc(text) == text
    assert spelling.plain(text) == text.casefold()


@pytest.mark.parametrize("field", ["files", "deleted", "repo", "project_id"])
def test_f56_a_name_of_marks_holds_up_no_command(peer: Peer, field: str) -> None:
    """The system gave the command up after hours: a signal is heard when the form is made."""
    name = "a" + MARKS["of two classes"] * 1_000_000
    records = {"files": [peer.record(name)], "deleted": [{"name": name, "by": "jan", "at": "2025-11-03T10:00:00Z"}]}
    peer.put("a.txt", b"a")
    peer.manifest(schema=1, **{field: records.get(field, name)})
    told = peer.david.run("status")
    assert told.code in (0, 1, 3) and "did not expect" not in told.err, told
    assert len(told.err) < 100_000
