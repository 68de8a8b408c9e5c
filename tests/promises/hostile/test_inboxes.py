"""Inboxes that somebody fills, or puts something odd into: what others sent is taken in all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.api import Project
from s3sync.core.inboxes import Inbox, inbox_prefix
from s3sync.core.manifest.edits import Edits
from s3sync.errors import AccessDenied, StoreError, Unreachable
from s3sync.shared import inboxes
from s3sync.shared.manifest import read_manifest, write_edits
from s3sync.store import open_store
from s3sync.store.folder import FolderStore
from s3sync.store.options import StoreOptions
from s3sync.store.port import ObjectInfo, Store
from s3sync.sync.status import status
from tests.kit.clients import PREFIX, drop, open_inbox
from tests.kit.people import Person, pair

FIRST, LAST = "0" * 32, "f" * 32


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Store, Person]:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("own.txt", "own")
    david.ok("up")
    return open_store(f"file://{tmp_path / 'store'}", StoreOptions()), david


def opened(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def refuse(monkeypatch: pytest.MonkeyPatch, method: str, keys: set[str], error: StoreError) -> None:
    """As S3 answers about an object under a key of whoever put it there."""
    real: Callable[..., Any] = getattr(FolderStore, method)

    def refused(self: FolderStore, key: str, *more: Any, **named: Any) -> Any:
        if key in keys:
            raise error
        return real(self, key, *more, **named)

    monkeypatch.setattr(FolderStore, method, refused)


@pytest.mark.parametrize("error", [AccessDenied("not allowed"), StoreError("could not read it", why="status 400")])
@pytest.mark.parametrize("method", ["head", "copy"])
def test_one_file_that_nobody_may_read_holds_up_no_other(
    folder: tuple[Store, Person], monkeypatch: pytest.MonkeyPatch, method: str, error: StoreError
) -> None:
    store, david = folder
    inbox = open_inbox(store)
    odd = drop(store, inbox, b"odd", "odd.mov")
    drop(store, inbox, b"film", "film.mov", "Ben")
    refuse(monkeypatch, method, {odd}, error)
    report = opened(david).down()
    assert [one.name for one in report.received] == ["film.mov"] and david.read("film.mov") == b"film"
    told = [*report.warnings, *(f"{one.path}: {one.error}" for one in report.failed)]
    assert [text for text in told if error.message in text]
    (listed,) = opened(david).inboxes().inboxes
    assert [one.files for one in listed.waiting] == [1]
    monkeypatch.undo()
    assert [one.name for one in opened(david).down().received] == ["odd.mov"]


@pytest.mark.parametrize("method", ["head", "copy"])
def test_where_all_of_them_are_refused_it_is_told_once(
    folder: tuple[Store, Person], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    store, david = folder
    inbox = open_inbox(store)
    keys = {drop(store, inbox, b"film", f"{number}.mov") for number in range(3)}
    refuse(monkeypatch, method, keys, AccessDenied("not allowed"))
    report = opened(david).down()
    (told,) = [text for text in report.warnings if "not allowed" in text]
    assert told.startswith("3 files of clients cannot be ") and report.received == [] and report.exit_code == 0
    refuse(monkeypatch, "head", keys, Unreachable("no answer"))
    with pytest.raises(Unreachable):
        opened(david).down()


def with_two_inboxes(store: Store, filled: str, ended: str | None) -> None:
    edits = Edits("david", "2026-01-01T00:00:00Z", "host", counts_as_sync=False)
    for inbox in (FIRST, LAST):
        end = ended if inbox == filled else None
        edits.inboxes.opened[inbox] = Inbox("david", "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z", end)
    write_edits(store, PREFIX, read_manifest(store, PREFIX), edits)


@pytest.mark.parametrize("ended", [None, "2026-01-02T00:00:00Z"])
@pytest.mark.parametrize(("filled", "other"), [(FIRST, LAST), (LAST, FIRST)])
def test_whoever_fills_one_inbox_hides_no_other(
    folder: tuple[Store, Person], monkeypatch: pytest.MonkeyPatch, filled: str, other: str, ended: str | None
) -> None:
    """A form works until its end, also after somebody ended its inbox; what came late is never taken in."""
    store, david = folder
    with_two_inboxes(store, filled, ended)
    for number in range(9):
        drop(store, filled, b"", f"{number}.txt")
    drop(store, other, b"film", "film.mov", "Ben")
    monkeypatch.setattr(inboxes, "LISTED", 6)
    monkeypatch.setattr(inboxes, "MOST", 4)
    report = opened(david).down()
    assert "film.mov" in [one.name for one in report.received] and david.read("film.mov") == b"film"
    assert [text for text in report.warnings if "run the command again" in text]
    assert len(report.received) == 1 if ended else len(report.received) > 3


class Flooded(FolderStore):
    """A store in which somebody with a link goes on and on. Counts what is listed of the inboxes."""

    def __init__(self, root: Path, inbox: str) -> None:
        super().__init__(root)
        self.inbox, self.listed, self.lists = inbox, 0, 0

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        if "/inbox/" not in prefix:
            yield from super().list(prefix, after=after)
            return
        self.lists += 1
        flood = f"{inbox_prefix(PREFIX)}{self.inbox}/"
        if not flood.startswith(prefix):
            yield from super().list(prefix)
            return
        for number in range(1_000_000):
            self.listed += 1
            yield ObjectInfo(f"{flood}{number:032x}", 1, "etag", datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("ended", [None, "2026-01-02T00:00:00Z"], ids=["open", "ended"])
def test_a_flood_costs_few_requests_and_is_said(
    folder: tuple[Store, Person], tmp_path: Path, ended: str | None
) -> None:
    store, david = folder
    with_two_inboxes(store, FIRST, ended)
    drop(store, LAST, b"film", "film.mov", "Ben")
    flooded = Flooded(tmp_path / "store", FIRST)
    known = read_manifest(store, PREFIX).manifest.inboxes
    seen = inboxes.glance(flooded, PREFIX, known)
    assert seen.more and flooded.listed <= 1_000 and flooded.lists == 1
    found = inboxes.list_inboxes(flooded, PREFIX, known)
    assert found.more and flooded.listed <= 1_000 + 2 * 12_001 and flooded.lists == 4
    assert "film.mov" in [one.name for one in inboxes.describe(store, PREFIX, found.waiting[-1:]).sent]
    session = replace(opened(david).session, store=flooded)
    (warning,) = [text for text in status(session).warnings if "clients" in text]
    assert "more than 1,000 files" in warning and "--discard" in warning
