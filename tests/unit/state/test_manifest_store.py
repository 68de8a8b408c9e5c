"""metadata.json in a store: written only by compare-and-swap, whoever else writes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import DeletedRecord, FileRecord, Manifest
from s3sync.errors import DiskFull, LostRace, ManifestError, PreconditionFailed
from s3sync.shared import manifest as manifest_store
from s3sync.shared import manifest_text
from s3sync.shared.manifest import StoredManifest, read_manifest, write_edits
from s3sync.shared.manifest_text import ManifestText
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.port import Body, Buffer, Create, Headers, ObjectInfo, Overwrite, Update, WriteMode, Written
from tests.kit.limits import limit, limited
from tests.unit.state.conftest import PREFIX

KEY = f"{PREFIX}metadata.json"
NONE = StoredManifest(Manifest("b63-flivideo", "v-appydave"), None)


def edits(*names: str, by: str = "jan") -> Edits:
    made = Edits(by, "2025-11-03T10:00:00Z", f"{by}s-mac")
    made.files.update({name: FileRecord(name, 1, by, "2025-11-03T10:00:00Z") for name in names})
    return made


def put(store: Store, body: bytes) -> str:
    return store.put(KEY, body, mode=Overwrite(), headers=Headers(), md5=md5(body).digest()).etag


def put_object(store: Store, name: str) -> None:
    store.put(PREFIX + name, b"1", mode=Overwrite(), headers=Headers(), md5=md5(b"1").digest())


def written(store: Store) -> dict[str, Any]:
    with store.get(KEY) as reader:
        document: dict[str, Any] = json.loads(b"".join(bytes(chunk) for chunk in reader))
    return document


class Between:
    """A store in which something happens around the first writes; everything else is the real store's."""

    def __init__(self, store: Store, *steps: Callable[[], None], answer_lost: bool = False) -> None:
        self._store, self._steps, self._answer_lost = store, list(steps), answer_lost
        self.modes: list[WriteMode] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(
        self, key: str, body: Buffer | Body, *, mode: WriteMode, headers: Headers, md5: bytes, timed: bool = False
    ) -> Written:
        self.modes.append(mode)
        if not self._answer_lost:
            for step in self._steps[:1]:
                step()
        done = self._store.put(key, body, mode=mode, headers=headers, md5=md5)
        if self._answer_lost and self._steps:
            self._steps.pop(0)()
            raise PreconditionFailed("the answer was lost, and the repeated request was refused")
        self._steps = self._steps[1:]
        return done


def test_none_is_empty(store: Store) -> None:
    assert read_manifest(store, PREFIX) == NONE


def test_the_first_write_creates(store: Store) -> None:
    watched = Between(store)
    stored = write_edits(watched, PREFIX, read_manifest(store, PREFIX), edits("a"))
    assert watched.modes == [Create()]
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.files.keys() == {"a"}
    assert (stored.manifest.project_id, stored.manifest.repo) == ("b63-flivideo", "v-appydave")
    assert store.head(KEY).content_type == "application/json"


def test_the_next_write_updates_what_was_read(store: Store) -> None:
    first = write_edits(store, PREFIX, NONE, edits("a"))
    watched = Between(store)
    second = write_edits(watched, PREFIX, first, edits("b"))
    assert watched.modes == [Update(first.etag or "")]
    assert second.manifest.files.keys() == {"a", "b"}
    assert second.manifest.revision == first.manifest.revision + 1
    assert second.manifest.write_id != first.manifest.write_id


def test_that_of_another_project_which_came_meanwhile_is_not_merged(store: Store) -> None:
    known = write_edits(store, PREFIX, NONE, edits("a"))
    foreign = written(store) | {"project_id": "b64", "write_id": "of b64"}
    put(store, json.dumps(foreign).encode())
    with pytest.raises(ManifestError, match=r"another project: .*of 1 file that it names, 0 are here"):
        write_edits(store, PREFIX, known, edits("b"))
    assert written(store) == foreign
    put_object(store, "a")
    stored = write_edits(store, PREFIX, known, edits("b"))
    assert stored.manifest.files.keys() == {"a", "b"} and written(store)["project_id"] == "b63-flivideo"


def test_both_create_at_once(store: Store) -> None:
    write_edits(store, PREFIX, NONE, edits("a", by="david"))
    stored = write_edits(store, PREFIX, NONE, edits("b"))
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.files.keys() == {"a", "b"}
    assert stored.manifest.revision == 2


def test_what_another_wrote_meanwhile_is_kept(store: Store) -> None:
    known = write_edits(store, PREFIX, NONE, edits("old"))
    write_edits(store, PREFIX, known, edits("theirs", by="david"))
    raw = written(store)
    raw["of a newer version"] = [1]
    put(store, json.dumps(raw).encode())
    write_edits(store, PREFIX, known, edits("mine"))
    assert [record["name"] for record in written(store)["files"]] == ["mine", "old", "theirs"]
    assert written(store)["of a newer version"] == [1]
    assert written(store)["members"].keys() == {"jan", "david"}


def test_f05_what_was_deleted_before_an_earlier_write_of_the_run_is_no_news_of_ours(store: Store) -> None:
    """A run sent two files and recorded one. By then it knew of the other's deletion, older than its record."""
    seen = write_edits(store, PREFIX, NONE, edits("old"))
    gone = DeletedRecord("late", "david", "2025-11-03T09:00:00Z", cleaned=True)
    theirs = write_edits(store, PREFIX, seen, Edits("david", gone.deleted_at, "host", announced={"late": gone}))
    put_object(store, "first")
    known = write_edits(store, PREFIX, seen, edits("first"), seen.manifest)
    assert known.manifest.deleted.keys() == theirs.manifest.deleted.keys() == {"late"}
    stored = write_edits(store, PREFIX, known, edits("late"), seen.manifest)
    assert "late" not in stored.manifest.files and stored.manifest.is_cleaned("late")
    put_object(store, "late")
    stored = write_edits(store, PREFIX, stored, edits("late"), seen.manifest)
    assert "late" in stored.manifest.files


def test_one_that_was_deleted_meanwhile_is_written_anew(store: Store) -> None:
    known = write_edits(store, PREFIX, NONE, edits("a"))
    store.delete(KEY)
    stored = write_edits(store, PREFIX, known, edits("b"))
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.files.keys() == {"b"}


@pytest.mark.parametrize("there_before", [False, True])
def test_f06_a_lost_answer_is_success(store: Store, there_before: bool) -> None:
    known = write_edits(store, PREFIX, NONE, edits("old")) if there_before else NONE
    watched = Between(store, lambda: None, answer_lost=True)
    stored = write_edits(watched, PREFIX, known, edits("mine"))
    assert len(watched.modes) == 1
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.revision == known.manifest.revision + 1
    assert "mine" in stored.manifest.files


def test_f06_a_lost_answer_that_another_wrote_over(store: Store) -> None:
    """Then our id is not there any more, but what we wrote is: writing it again does no harm."""

    def another() -> None:
        write_edits(store, PREFIX, read_manifest(store, PREFIX), edits("theirs", by="david"))

    watched = Between(store, another, answer_lost=True)
    stored = write_edits(watched, PREFIX, NONE, edits("mine"))
    assert len(watched.modes) == 2
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.files.keys() == {"mine", "theirs"}


@pytest.mark.parametrize("back", [True, False])
def test_f17_what_another_put_back_before_a_deletion_was_told_keeps_its_record(store: Store, back: bool) -> None:
    """With the same content: only the store knows whether the record is of the deleted object."""
    known = write_edits(store, PREFIX, NONE, edits("a", "b"))

    def another() -> None:
        if back:
            store.put(PREFIX + "a", b"x", mode=Overwrite(), headers=Headers(), md5=md5(b"x").digest())
        write_edits(store, PREFIX, read_manifest(store, PREFIX), edits("a", by="david"))

    gone = Edits("jan", "2025-11-03T10:00:00Z", "jans-mac")
    gone.deleted.update({name: DeletedRecord(name, "jan", gone.at) for name in "ab"})
    once = iter([another])
    stored = write_edits(Between(store, lambda: next(once, lambda: None)()), PREFIX, known, gone)
    assert read_manifest(store, PREFIX) == stored
    assert stored.manifest.files.keys() == ({"a"} if back else set())
    assert stored.manifest.deleted.keys() == ({"b"} if back else {"a", "b"})


def test_whoever_always_loses_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_store, "TRIES", 3)
    rounds = iter(range(100))

    def another() -> None:
        write_edits(store, PREFIX, read_manifest(store, PREFIX), edits(f"theirs{next(rounds)}", by="david"))

    watched = Between(store)
    watched._steps = [another] * 3

    with pytest.raises(LostRace) as caught:
        write_edits(watched, PREFIX, NONE, edits("mine"))
    assert caught.value.exit_code == 6
    assert len(watched.modes) == 3
    assert "mine" not in read_manifest(store, PREFIX).manifest.files


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"schema": 2}', b'{"files": 7}'])
def test_f26_what_cannot_be_read_is_never_written_over(store: Store, body: bytes) -> None:
    known = write_edits(store, PREFIX, NONE, edits("a"))
    etag = put(store, body)
    with pytest.raises(ManifestError):
        read_manifest(store, PREFIX)
    for before in (known, NONE):
        with pytest.raises(ManifestError):
            write_edits(store, PREFIX, before, edits("b"))
    assert store.head(KEY).info.etag == etag


def test_f26_too_large_is_refused_before_it_is_fetched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, b"[" * 2000)
    limit(monkeypatch, manifest_bytes=1000)
    monkeypatch.setattr(ManifestText, "write", None)
    with pytest.raises(ManifestError, match="larger than 1000 bytes"):
        read_manifest(store, PREFIX)


class Endless:
    """An answer that promises little and goes on: how many chunks were taken of it."""

    info = ObjectInfo(KEY, 100, "e", datetime.now(UTC))

    def __init__(self, chunk: bytes) -> None:
        self._chunk, self.taken = chunk, 0

    def __iter__(self) -> Iterator[bytes]:
        while self.taken < 10_000:
            self.taken += 1
            yield self._chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("chunk", "reason", "chunks"),
    [(b" " * 100, "larger than 1000 bytes", 11), (b"{}," * 10, "more than 50 values", 3), (b"[" * 10, "values", 6)],
)
@pytest.mark.parametrize("in_memory", [0, 10**6])
def test_f26_more_than_was_promised_is_refused_while_it_comes(
    chunk: bytes, reason: str, chunks: int, in_memory: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, manifest_bytes=1000, manifest_values=50, manifest_in_memory=in_memory)
    answer = Endless(chunk)
    monkeypatch.setattr(store, "get", lambda key, **more: answer)
    with pytest.raises(ManifestError, match=reason):
        read_manifest(store, PREFIX)
    assert answer.taken == chunks


def test_f26_what_nobody_could_read_is_not_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    known = write_edits(store, PREFIX, NONE, edits("a"))
    limit(monkeypatch, manifest_values=50)
    with pytest.raises(ManifestError, match="would become more"):
        write_edits(store, PREFIX, known, edits(*"bcdefgh"))
    assert store.head(KEY).info.etag == known.etag


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full, on Linux")
@pytest.mark.parametrize("buffering", [0, -1])
def test_f14_no_room_for_a_long_text_is_one_clear_error(
    buffering: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = write_edits(store, PREFIX, NONE, edits("mine"))
    limit(monkeypatch, manifest_in_memory=100)
    monkeypatch.setattr(
        manifest_text,
        "unnamed_file",
        lambda: open("/dev/full", "r+b", buffering=buffering),  # noqa: SIM115 - closed by whoever asked for it
    )
    with pytest.raises(DiskFull, match="temporary file"):
        read_manifest(store, PREFIX)
    with pytest.raises(DiskFull, match="temporary file"):
        write_edits(store, PREFIX, known, edits("another"))
    assert store.head(KEY).info.etag == known.etag


@pytest.mark.parametrize("in_memory", [0, 100, 1000, 10**6])
@pytest.mark.parametrize("piece", [1, 50, 10**6])
def test_a_long_text_is_read_and_sent_from_a_file(
    in_memory: int, piece: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, manifest_in_memory=in_memory, manifest_piece=piece)
    stored = write_edits(store, PREFIX, read_manifest(store, PREFIX), edits("a", "b", "c", "d"))
    assert read_manifest(store, PREFIX) == stored
    assert [record["name"] for record in written(store)["files"]] == ["a", "b", "c", "d"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux tells which files are open")
def test_no_file_stays_open(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, manifest_in_memory=10)
    before = len(os.listdir("/proc/self/fd"))
    known = write_edits(store, PREFIX, NONE, edits("a"))
    put(store, b"[" * 100)
    with pytest.raises(ManifestError):
        write_edits(store, PREFIX, known, edits("b"))
    assert len(os.listdir("/proc/self/fd")) == before


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(0, 40), st.integers(1, 50))
def test_a_text_is_what_was_written(pieces: list[bytes], in_memory: int, length: int) -> None:
    with (
        limited(manifest_in_memory=in_memory, manifest_piece=length),
        ManifestText() as text,
    ):
        for piece in pieces:
            text.write(memoryview(piece))
        data = b"".join(pieces)
        assert b"".join(text.pieces()) == data and b"".join(text.pieces()) == data
        assert (len(text), text.objects, text.tell()) == (len(data), data.count(b"{"), len(data))
        body = text.body()
        assert body == data if len(data) <= in_memory else body is text and text.read() == data
        assert (text.seek(-len(data), os.SEEK_END), text.read(2)) == (0, data[:2])


def test_f17_two_users_write_200_times_each_at_once(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    failed: list[BaseException] = []
    start = threading.Barrier(2)

    def write(user: str) -> None:
        try:
            store = open_store(url, StoreOptions(create=True))
            start.wait()
            known = read_manifest(store, PREFIX)
            for number in range(200):
                known = write_edits(store, PREFIX, known, edits(f"{user}-{number:03d}", by=user))
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=write, args=(user,)) for user in ("david", "jan")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    found = read_manifest(open_store(url, StoreOptions()), PREFIX).manifest
    assert found.files.keys() == {f"{user}-{number:03d}" for user in ("david", "jan") for number in range(200)}
    assert found.revision == 400
    assert found.members.keys() == {"david", "jan"}
