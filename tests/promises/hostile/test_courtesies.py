"""Locks and the history are courtesies: what somebody puts in their place stops no work, and is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.core.inboxes import Inbox
from s3sync.core.team import lock_id
from s3sync.shared import inboxes
from s3sync.store.folder import FolderStore
from tests.kit.people import PROJECT, REPO, Person

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs FIFOs and links")


def hollow(path: Path) -> None:
    """A file that says to have 8 GiB, which nobody reads."""
    with path.open("wb") as file:
        file.truncate(8 * 2**30)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)  # the name of a socket is short
        made.bind(path.name)


ODD: dict[str, Callable[[Path], None]] = {
    "hollow": hollow,
    "FIFO": os.mkfifo,
    "socket": bound,
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to a folder": lambda path: path.symlink_to("/etc"),
}


def planted(synced: Person, kind: str, name: str) -> Path:
    path = synced.root.parent.parent / "store" / REPO / ".s3sync" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ODD[kind](path)
    return path


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_lock_stops_no_run(kind: str, synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(synced.root)
    planted(synced, kind, f"locks/{PROJECT}/{lock_id('a.txt')}")
    synced.write("a.txt", "changed")
    told = synced.ok("up")
    assert "the locks of others cannot be seen" in told.err and "uploaded 1 file" in told.out
    assert "the locks of others cannot be seen" in synced.ok("status").err
    assert "the locks of others cannot be seen" in synced.ok("conflicts").err
    assert "error:" in synced.expect(1, "locks").err, "whoever asks for them is told that there is no answer"


def test_a_lock_that_cannot_be_read_hides_no_other(synced: Person) -> None:
    """Its folder cannot be entered by the one who asks; the other lock is as it was."""
    synced.write("b.txt", "b")
    synced.ok("up")
    synced.ok("lock", "b.txt")
    place = synced.root.parent.parent / "store" / REPO / ".s3sync" / "locks" / PROJECT
    (place / lock_id("a.txt")).write_bytes(b"\0" * 5000)
    listed = synced.ok("locks")
    assert "b.txt" in listed.out and "a lock cannot be read" in listed.err


@pytest.mark.parametrize("kind", ODD)
def test_a_month_that_is_none_hides_no_newer_events(kind: str, synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(synced.root)
    planted(synced, kind, f"events/{PROJECT}/2025-11.jsonl")
    told = synced.ok("log")
    assert "uploaded a.txt" in told.out and "cannot be" in told.err


@pytest.mark.parametrize("kind", ["FIFO", "link to a folder", "hollow"])
@pytest.mark.parametrize("name", ["other/film.mp4", f".s3sync/locks/{PROJECT}/x", ".s3sync/events/other/x"])
def test_what_nobody_can_list_hides_no_other_project(kind: str, name: str, synced: Person) -> None:
    (synced.repo / "other" / "s3-staging").mkdir(parents=True)
    (synced.repo / "other" / "s3-staging" / "a.mp4").write_text("a")
    synced.ok("up", "other", cwd=synced.repo)
    path = synced.root.parent.parent / "store" / REPO / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ODD[kind](path)
    is_own = name.startswith("other")
    told = synced.expect(3 if is_own else 0, "projects", "--json", cwd=synced.repo).json
    found = {one["name"]: one for one in told["projects"]}
    assert found[PROJECT]["counts"] == {"in_sync": 1} and found[PROJECT]["files"] == 1
    assert (found["other"]["error"] is not None) is is_own
    shutil.rmtree(synced.repo / "other")
    told = synced.expect(3 if is_own else 0, "projects", "--json", cwd=synced.repo).json
    assert [one["name"] for one in told["projects"] if one["error"]] == (["other"] if is_own else [])


INBOX = "0" * 32


def with_an_inbox(synced: Person) -> Path:
    """The project has one, as metadata.json says; the place of what clients put into it."""
    store = synced.root.parent.parent / "store" / REPO
    manifest = json.loads((store / PROJECT / "metadata.json").read_text("utf-8"))
    opened = {"by": "jan", "at": "2026-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}
    (store / PROJECT / "metadata.json").write_text(json.dumps({**manifest, "inboxes": {INBOX: opened}}), "utf-8")
    place = store / ".s3sync" / "inbox" / PROJECT / INBOX
    place.mkdir(parents=True)
    return place


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_a_client_holds_up_no_others(
    kind: str, synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(synced.root)
    place = with_an_inbox(synced)
    ODD[kind](place / ("a" * 32))
    (place.parents[3] / PROJECT / "new.txt").write_text("of another tool")
    told = synced.ok("down")
    assert "clients sent files" in told.err and synced.read("new.txt") == b"of another tool"
    assert "clients sent files" in synced.ok("down", "--dry-run").err
    synced.ok("status")


def test_keys_that_no_page_makes_hide_no_file_of_a_client(
    synced: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = with_an_inbox(synced)
    for number in range(9):
        (place / f"!{number}").write_text("of whoever has the form")
    (place / ("b" * 32)).write_text("a film")
    monkeypatch.setattr(inboxes, "MOST", 5)
    store = FolderStore(tmp_path / "store", create=False)
    known = {INBOX: Inbox("jan", "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z")}
    lying = inboxes.list_inboxes(store, f"{REPO}/{PROJECT}/", known)
    assert [info.key.rpartition("/")[2] for info in lying.waiting] == ["b" * 32]
    assert len(lying.late) == 9 and not lying.more
    monkeypatch.setattr(inboxes, "LISTED", 7)
    assert inboxes.list_inboxes(store, f"{REPO}/{PROJECT}/", known).more
