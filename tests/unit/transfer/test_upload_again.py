"""An upload that broke off goes on where it was, if the file is still the same."""

from __future__ import annotations

import os
from typing import Any

import pytest

from s3sync.core.etag import PART_SIZE
from s3sync.errors import Interrupted, Unreachable
from s3sync.local.scan import look_at
from s3sync.store import Store
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work
from s3sync.transfer.send.source import Uploaded
from tests.unit.transfer.conftest import (
    KEY,
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

LARGE = PART_SIZE + 1


def break_at(number: int, store: Store) -> Altered:
    """The line drops when that part is to be sent."""

    def put_part(key: str, upload_id: str, part: int, body: Any) -> str:
        if part >= number:
            raise Unreachable("the line dropped")
        return store.put_part(key, upload_id, part, body)

    return Altered(store, put_part=put_part)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_f02_a_broken_upload_goes_on(store: Store, pool: Pool, make: Make, at: int) -> None:
    content, watcher = content_of(2 * PART_SIZE + 5), Watcher()
    file = make(content)
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: send(break_at(at, store), file, alone))
    assert list(store.list("")) == []
    [unfinished] = list(store.list_uploads(""))
    begun: list[str] = []
    sent = send(Altered(store, start_upload=begun.append), file, pool, progress=watcher)
    assert begun == [], f"{unfinished.upload_id} is used"
    assert sent.bytes_sent == len(content) - (at - 1) * PART_SIZE
    assert watcher.bytes[Work.UPLOAD, PATH] == len(content)
    assert content_at(store, KEY) == content
    assert list(store.list_uploads("")) == []


def test_f02_a_complete_that_broke_off_is_repeated(store: Store, pool: Pool, make: Make) -> None:
    def complete_upload(*args: Any, **more: Any) -> str:
        raise Unreachable("the line dropped")

    content = content_of(LARGE)
    file = make(content)
    with pytest.raises(Unreachable):
        send(Altered(store, complete_upload=complete_upload), file, pool)
    assert list(store.list("")) == []
    assert send(store, file, pool).bytes_sent == 0
    assert content_at(store, KEY) == content


def test_f03_another_file_is_not_put_together_with_the_old_parts(store: Store, pool: Pool, make: Make) -> None:
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: send(break_at(2, store), make(content_of(LARGE)), alone))
    [old] = list(store.list_uploads(""))
    content = content_of(LARGE)[::-1]
    changed = make(content)
    os.utime(changed.disk_path, ns=(1, 1))
    sent = send(store, look_at(changed.disk_path), pool)
    assert sent.bytes_sent == len(content)
    assert content_at(store, KEY) == content
    assert list(store.list_uploads("")) == [], f"{old.upload_id} is aborted"


def test_f03_a_file_that_changed_unseen_is_noticed_before_its_parts_are_believed(
    store: Store, pool: Pool, make: Make
) -> None:
    """Other bytes under the same size, time and inode."""
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: send(break_at(2, store), make(content_of(LARGE)), alone))
    content = content_of(LARGE)[::-1]
    assert send(store, make(content), pool).digests == digests_of(content)
    assert content_at(store, KEY) == content
    assert list(store.list_uploads("")) == []


def test_f05_an_upload_that_is_gone_begins_anew(store: Store, pool: Pool, make: Make) -> None:
    content = content_of(LARGE)
    file = make(content)
    with pytest.raises(Unreachable):
        one_after_the_other(lambda alone: send(break_at(2, store), file, alone))
    [old] = list(store.list_uploads(""))
    store.abort_upload(KEY, old.upload_id)
    assert send(store, file, pool).bytes_sent == len(content)
    assert content_at(store, KEY) == content


def test_f05_an_upload_that_goes_away_meanwhile_begins_anew(store: Store, make: Make) -> None:
    content = content_of(LARGE)

    def put_part(key: str, upload_id: str, part: int, body: Any) -> str:
        if not aborted:
            aborted.append(upload_id)
            store.abort_upload(key, upload_id)
        return store.put_part(key, upload_id, part, body)

    aborted: list[str] = []
    one_after_the_other(lambda pool: send(Altered(store, put_part=put_part), make(content), pool))
    assert content_at(store, KEY) == content
    assert list(store.list_uploads("")) == []


def test_stopped_in_the_middle_and_taken_up(store: Store, pool: Pool, make: Make) -> None:
    content = content_of(3 * PART_SIZE)
    file = make(content)

    def stopped(alone: Pool) -> Uploaded:
        def put_part(*args: Any) -> str:
            etag = store.put_part(*args)
            alone.stop()
            return etag

        return send(Altered(store, put_part=put_part), file, alone)

    with pytest.raises(Interrupted):
        one_after_the_other(stopped)
    assert list(store.list("")) == []
    assert send(store, file, pool).bytes_sent == 2 * PART_SIZE
    assert content_at(store, KEY) == content
