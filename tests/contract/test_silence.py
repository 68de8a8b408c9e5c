"""Lines that fall silent: what waits goes on when they come back, and nothing is sent where nobody can be any more."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from msgspec.structs import replace

from s3sync.store import open_store
from s3sync.store.lanes.obstore import lane
from s3sync.store.options import StoreOptions, Wire
from s3sync.store.port import Headers, Store
from s3sync.store.s3 import connections
from s3sync.store.watch import WATCH
from tests.contract.stores import noise, on_server, put, read
from tests.kit.line import Line, Quality
from tests.kit.servers import SeaweedFS

pytestmark = pytest.mark.seaweedfs

MIB = 1024 * 1024
AT_ONCE = 4


@pytest.fixture
def line(seaweedfs: SeaweedFS) -> Iterator[Line]:
    with Line(seaweedfs.endpoint_url) as line:
        yield line


def reached_over(line: Line, seaweedfs: SeaweedFS, wire: Wire) -> Store:
    behind = on_server(seaweedfs)
    return open_store(behind.url, StoreOptions(endpoint_url=line.endpoint_url, env=behind.env, wire=wire))


REQUESTS: dict[str, Callable[[Store, str], object]] = {
    "a small object": lambda store, name: put(store, name),
    "a large object": lambda store, name: put(store, name, noise(2 * MIB)),
    "the head of an object": lambda store, name: store.head("here"),
    "an object": lambda store, name: read(store, "here"),
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_after_a_change_of_address_one_request_finds_out(
    line: Line, seaweedfs: SeaweedFS, request_of: Callable[[Store, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several connections lie idle and are dead. The first request that waits in vain has all of them left alone."""
    monkeypatch.setattr(connections, "SILENT_S", 2)
    store = reached_over(line, seaweedfs, Wire(read_timeout=1))
    put(store, "here", noise(MIB))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: request_of(store, f"before {number}"), range(AT_ONCE)))
    WATCH.new_retries()
    line.change_address()
    request_of(store, "after")
    assert [retry.number for retry in WATCH.new_retries()] == [1]
    request_of(store, "later")
    assert not WATCH.new_retries()


class Dropping(io.BytesIO):
    """A body in the middle of which the line goes for a while."""

    def __init__(self, body: bytes, drop: Callable[[], None]) -> None:
        super().__init__(body)
        self._drop: Callable[[], None] | None = drop

    def __len__(self) -> int:
        return len(self.getbuffer())

    def read(self, size: int | None = -1) -> bytes:
        if self._drop and self.tell() > len(self) // 4:
            self._drop()
            self._drop = None
        return super().read(size)


def test_a_part_outlives_an_outage_that_is_longer_than_opening_a_connection_may_take(
    line: Line, seaweedfs: SeaweedFS
) -> None:
    store = reached_over(line, seaweedfs, Wire(connect_timeout=1))
    upload_id = store.start_upload("film.mp4", Headers())
    line.become(Quality(0.01, up=40 * MIB))
    line.reset_counts()
    store.put_part("film.mp4", upload_id, 1, Dropping(noise(32 * MIB), lambda: line.drop(3)))
    line.become(Quality())
    store.abort_upload("film.mp4", upload_id)
    assert line.counts().sent < 1.01 * 32 * MIB


def test_a_part_on_a_line_that_stays_silent_is_given_up(
    line: Line, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system has taken all of it already, and the answer alone could be waited for much longer."""
    monkeypatch.setattr(connections, "SILENT_S", 2)
    store = reached_over(line, seaweedfs, Wire())
    upload_id = store.start_upload("film.mp4", Headers())
    WATCH.new_retries()
    body = Dropping(noise(32 * MIB), line.change_address)
    store.put_part("film.mp4", upload_id, 1, body)
    store.abort_upload("film.mp4", upload_id)
    assert [retry.why for retry in WATCH.new_retries()] == ["timed out"]


def test_a_body_that_was_too_slow_gets_more_time(
    line: Line, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent over a connection that is open, where it has a minute. A thin line needs longer for the largest."""
    hasty = replace(lane.SHARED, timeouts={"read_timeout": timedelta(seconds=0.2)})
    monkeypatch.setattr(lane, "SHARED", hasty)
    store, body = reached_over(line, seaweedfs, Wire()), noise(MIB // 2)
    put(store, "before")
    WATCH.new_retries()
    line.become(Quality(up=MIB))
    put(store, "thin", body)
    assert WATCH.new_retries()
    assert read(store, "thin") == body
