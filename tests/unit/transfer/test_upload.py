"""One file up: published whole under its condition, or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import xxhash
from msgspec.structs import replace

from s3sync.core.etag import PART_SIZE, composite_etag
from s3sync.errors import LocalError, NotFound, PreconditionFailed, SourceChanged, Unreachable
from s3sync.local.digests import PartDigests
from s3sync.local.scan import LocalFile
from s3sync.store import Store
from s3sync.store.port import Create, Headers, Overwrite, Update, Written
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work
from s3sync.transfer.send.source import Source, Uploaded
from tests.unit.transfer.conftest import (
    KEY,
    MIB,
    PATH,
    Altered,
    Make,
    Watcher,
    content_at,
    content_of,
    digests_of,
    one_after_the_other,
    send,
)

SMALL, LARGE = 1000, PART_SIZE + 1


def put(store: Store, content: bytes, **metadata: str) -> str:
    headers = Headers(metadata)
    return store.put(KEY, content, mode=Overwrite(), headers=headers, md5=md5(content).digest()).etag


def assert_nothing_is_left(store: Store) -> None:
    """Nothing published, nothing billed for ever."""
    assert list(store.list("")) == []
    assert list(store.list_uploads("")) == []


@pytest.mark.parametrize("size", [0, 1, SMALL, MIB, MIB + 1, PART_SIZE])
@pytest.mark.parametrize("hashed_before", [False, True])
def test_up_to_the_threshold_in_one_piece(store: Store, pool: Pool, make: Make, size: int, hashed_before: bool) -> None:
    content, watcher = content_of(size), Watcher()
    known = digests_of(content) if hashed_before else None
    sent = send(store, make(content), pool, known=known, progress=watcher)
    assert sent == Uploaded(md5(content).hexdigest(), digests_of(content), None, size)
    assert content_at(store, KEY) == content
    assert watcher.bytes[Work.UPLOAD, PATH] == size
    assert list(store.list_uploads("")) == []


@pytest.mark.parametrize("size", [PART_SIZE + 1, 2 * PART_SIZE, 2 * PART_SIZE + 5])
def test_above_it_in_parts(store: Store, pool: Pool, make: Make, size: int) -> None:
    content, watcher = content_of(size), Watcher()
    sent = send(store, make(content), pool, progress=watcher)
    pieces = [content[start : start + PART_SIZE] for start in range(0, size, PART_SIZE)]
    assert sent.etag == composite_etag(md5(piece).digest() for piece in pieces)
    assert (sent.digests, sent.part_size, sent.bytes_sent) == (digests_of(content), PART_SIZE, size)
    assert sent.parts == PartDigests(PART_SIZE, tuple(xxhash.xxh3_128_hexdigest(piece) for piece in pieces))
    assert content_at(store, KEY) == content
    assert store.first_part_size(KEY) == PART_SIZE
    assert (watcher.bytes[Work.UPLOAD, PATH], watcher.bytes[Work.HASH, PATH]) == (size, 0), "it is hashed as it goes"
    assert list(store.list_uploads("")) == []


@pytest.mark.parametrize(("size", "known"), [(SMALL, False), (SMALL, True), (LARGE, True), (LARGE, False)])
def test_what_travels_with_it(store: Store, pool: Pool, make: Make, size: int, known: bool) -> None:
    """The MD5 of a large file where it is known before the bytes go: S3 takes headers only then."""
    content = content_of(size)
    sent = send(store, make(content), pool, known=digests_of(content) if known else None)
    head = store.head(KEY)
    assert (head.info.size, head.info.etag) == (size, sent.etag)
    expected = {
        "uploaded-by": "dāvid",
        "project-id": "b63-flivideo",
        "md5": md5(content).hexdigest(),
        "mtime": "2025-11-03T09:58:12.123456789Z",
    }
    if size == LARGE and not known:
        del expected["md5"]
    assert head.metadata == expected
    assert sent.digests == digests_of(content)
    assert head.content_type == "video/mp4"


def test_a_store_without_parts_takes_it_in_one_piece(store: Store, pool: Pool, make: Make) -> None:
    content = content_of(LARGE)
    plain = Altered(store, capabilities=replace(store.capabilities, multipart=False))
    assert send(plain, make(content), pool).etag == md5(content).hexdigest()
    assert content_at(store, KEY) == content


def test_one_worker_is_enough(store: Store, make: Make) -> None:
    content = content_of(2 * PART_SIZE + 5)
    sent = one_after_the_other(lambda pool: send(store, make(content), pool))
    assert sent.bytes_sent == len(content)
    assert content_at(store, KEY) == content


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_f16_create_over_what_is_there_is_refused(store: Store, pool: Pool, make: Make, size: int) -> None:
    put(store, b"theirs")
    with pytest.raises(PreconditionFailed):
        send(store, make(content_of(size)), pool, Create())
    assert content_at(store, KEY) == b"theirs"
    assert list(store.list_uploads("")) == []


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_f16_an_update_of_another_version_is_refused(store: Store, pool: Pool, make: Make, size: int) -> None:
    planned_against = put(store, b"before")
    put(store, b"theirs")
    with pytest.raises(PreconditionFailed):
        send(store, make(content_of(size)), pool, Update(planned_against))
    assert content_at(store, KEY) == b"theirs"
    assert list(store.list_uploads("")) == []


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_an_update_of_what_was_deleted_is_refused(store: Store, pool: Pool, make: Make, size: int) -> None:
    planned_against = put(store, b"before")
    store.delete(KEY)
    with pytest.raises(PreconditionFailed):
        send(store, make(content_of(size)), pool, Update(planned_against))
    assert_nothing_is_left(store)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_an_update_of_the_planned_version(store: Store, pool: Pool, make: Make, size: int) -> None:
    content = content_of(size)
    send(store, make(content), pool, Update(put(store, b"before")))
    assert content_at(store, KEY) == content


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_f15_a_file_that_changed_since_the_scan(store: Store, pool: Pool, make: Make, size: int) -> None:
    file = make(content_of(size))
    with file.disk_path.open("ab") as other:
        other.write(b"more")
    with pytest.raises(SourceChanged):
        send(store, file, pool)
    assert_nothing_is_left(store)


CHANGES = pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.open("ab").write(b"more"), id="grows"),
        pytest.param(lambda path: path.write_bytes(b"short"), id="shrinks"),
        pytest.param(lambda path: path.open("r+b").write(b"other"), id="is edited"),
    ],
)


@CHANGES
def test_f15_a_file_that_changes_during_its_upload(store: Store, make: Make, change: Callable[[Path], object]) -> None:
    """After its first part was sent and before its second is read."""
    file = make(content_of(LARGE))

    def put_part(*args: Any) -> str:
        etag = store.put_part(*args)
        change(file.disk_path)
        return etag

    with pytest.raises(SourceChanged):
        one_after_the_other(lambda pool: send(Altered(store, put_part=put_part), file, pool))
    assert_nothing_is_left(store)


@CHANGES
def test_f15_a_file_that_changes_while_it_is_hashed(store: Store, make: Make, change: Callable[[Path], object]) -> None:
    """Its first part has been sent when it changes."""
    file = make(content_of(LARGE))
    with pytest.raises(SourceChanged):
        one_after_the_other(lambda pool: send(store, file, pool, progress=Watcher(lambda: change(file.disk_path))))
    assert_nothing_is_left(store)


@CHANGES
@pytest.mark.parametrize("size", [SMALL, 2 * MIB])
def test_f15_a_small_file_that_changes_while_it_is_sent(
    store: Store, pool: Pool, make: Make, change: Callable[[Path], object], size: int
) -> None:
    """What is published is what was promised, or nothing: its MD5 travelled before it."""
    content = content_of(size)
    file = make(content)

    def put(key: str, body: Any, **more: Any) -> Written:
        change(file.disk_path)
        return store.put(key, body, **more)

    with suppress(SourceChanged):
        send(Altered(store, put=put), file, pool, known=digests_of(content))
    assert [content_at(store, info.key) for info in store.list("")] in ([], [content])


def test_f15_a_file_that_is_deleted_during_its_upload(store: Store, make: Make) -> None:
    file = make(content_of(LARGE))

    def put_part(*args: Any) -> str:
        etag = store.put_part(*args)
        file.disk_path.unlink()
        return etag

    with pytest.raises(LocalError, match="does not exist any more"):
        one_after_the_other(lambda pool: send(Altered(store, put_part=put_part), file, pool))
    assert list(store.list("")) == []


def test_f07_a_complete_whose_answer_was_lost(store: Store, pool: Pool, make: Make) -> None:
    def complete_upload(*args: Any, **more: Any) -> str:
        store.complete_upload(*args, **more)
        raise PreconditionFailed("the answer was lost, and the repeated request was refused")

    content = content_of(LARGE)
    sent = send(Altered(store, complete_upload=complete_upload), make(content), pool)
    assert sent.etag == store.head(KEY).info.etag
    assert content_at(store, KEY) == content


def test_f07_the_version_that_was_to_be_replaced_is_not_taken_for_ours(store: Store, pool: Pool, make: Make) -> None:
    """Of the same size and time, by the same user: the time of an edit was put back. Somebody ended the upload."""
    old = send(store, make(content_of(LARGE)), pool)

    def complete_upload(*args: Any, **more: Any) -> str:
        raise NotFound("the upload is gone")

    with pytest.raises(PreconditionFailed):
        send(Altered(store, complete_upload=complete_upload), make(content_of(LARGE)[::-1]), pool, Update(old.etag))
    assert content_at(store, KEY) == content_of(LARGE)


@pytest.mark.parametrize("there", ["other bytes", "other size", "no digest"])
def test_f07_another_object_is_not_taken_for_ours(store: Store, pool: Pool, make: Make, there: str) -> None:
    content = content_of(LARGE)
    match there:
        case "other bytes":
            theirs = b"x" * LARGE
            put(store, theirs, md5=md5(theirs).hexdigest())
        case "other size":
            put(store, b"theirs", md5=md5(content).hexdigest())
        case _:
            put(store, b"x" * LARGE)
    before = store.head(KEY).info.etag
    with pytest.raises(PreconditionFailed):
        send(store, make(content), pool)
    assert store.head(KEY).info.etag == before


def test_an_abort_that_fails_does_not_hide_why(store: Store, make: Make) -> None:
    file = make(content_of(LARGE))

    def put_part(*args: Any) -> str:
        etag = store.put_part(*args)
        file.disk_path.write_bytes(b"short")
        return etag

    def abort_upload(*args: Any) -> None:
        raise Unreachable("the line dropped")

    broken = Altered(store, put_part=put_part, abort_upload=abort_upload)
    with pytest.raises(SourceChanged):
        one_after_the_other(lambda pool: send(broken, file, pool))
    assert list(store.list("")) == []


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_file_that_is_gone(store: Store, pool: Pool, make: Make, size: int) -> None:
    file = make(content_of(size))
    file.disk_path.unlink()
    with pytest.raises(LocalError, match="is not there"):
        send(store, file, pool)
    assert_nothing_is_left(store)
    with pytest.raises(NotFound):
        store.head(KEY)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("A001.MOV", "video/quicktime"),
        ("cut.v2.m4a", "audio/mp4"),
        ("take/scene.1/mix.WAV", "audio/wav"),
        ("raw.mkv", "video/x-matroska"),
        ("card.mxf", "application/mxf"),
        ("still.heic", "image/heic"),
        ("notes.txt", "text/plain"),
        ("film.mp4.gz", "application/gzip"),
        ("data.v1:2.webm", "video/webm"),
        ("mp4", "application/octet-stream"),
        ("x.unheard-of", "application/octet-stream"),
    ],
)
def test_the_type_is_that_of_the_name(name: str, kind: str, tmp_path: Path) -> None:
    """Known to us, or to the system: none of what is media depends on the computer."""
    file = LocalFile(str(tmp_path / "x"), 1, 1, 1, 1)
    assert Source(name, file, None, "jan", "b63").headers(None).content_type == kind


def test_the_systems_table_of_types_is_read_once_however_many_ask_first() -> None:
    """Each of the threads that sent the first files read it: 10 ms of processor time apiece."""
    code = """
import mimetypes, threading, sys
sys.setswitchinterval(1e-6)
reads = []
read = mimetypes.MimeTypes.__init__
def counted(self, *values, **more):
    reads.append(1)
    read(self, *values, **more)
mimetypes.MimeTypes.__init__ = counted
from s3sync.transfer.send.source import _content_type
together = threading.Barrier(16)
def ask(number):
    together.wait()
    _content_type(f"x{number}.txt")
threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert _content_type("txt") == "text/plain"
print(len(reads))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
