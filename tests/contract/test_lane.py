"""The obstore lane by itself, without anything of a vendor: its requests, its errors, its limits on real stores."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsError,
    NotFound,
    PreconditionFailed,
    StoreError,
    Throttled,
    Unchanged,
    Unreachable,
)
from s3sync.store import StoreOptions, open_store
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.errors import error_class
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.obstore import ObstoreLane, ObstoreReader, from_obstore, lane
from s3sync.store.lanes.obstore.lane import Client
from s3sync.store.port import Create, Headers, ObjectInfo, Overwrite, Update
from tests.contract.proxy import ERROR, Fault, proxying
from tests.contract.stores import noise, on_server, put
from tests.kit.servers import Moto, Server


class BareLane(ObstoreLane):
    """A lane of no vendor: whatever obstore can open."""

    def __init__(self, server: str, make: Callable[[Client], Any], root: str = "", most: int | None = None) -> None:
        super().__init__(server, most)
        self._open = make
        self.root = root
        self.made: list[str] = []

    def make(self, client: Client) -> Any:
        self.made.append(client.name)
        return self._open(client)


def on_s3(server: Server, user: str = "david", bucket: str | None = None, url: str | None = None) -> BareLane:
    from obstore.store import S3Store

    keys = server.users[user]
    address = url or server.endpoint_url

    def make(client: Client) -> Any:
        options: Any = {"allow_http": True, **client.timeouts}
        config: Any = {
            "endpoint": address,
            "region": "us-east-1",
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "virtual_hosted_style_request": False,
        }
        retry: Any = client.retry
        return S3Store(bucket or server.bucket, config=config, client_options=options, retry_config=retry)

    return BareLane(address, make, f"{uuid.uuid4().hex}/")


def in_memory() -> BareLane:
    from obstore.store import MemoryStore

    store = MemoryStore()
    return BareLane("memory", lambda client: store, "p/")


def on_disk(folder: Path) -> BareLane:
    from obstore.store import LocalStore

    folder.mkdir()
    return BareLane("disk", lambda client: LocalStore(folder), "p/")


SERVERS = [
    "moto",
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
]


@pytest.fixture(params=["memory", "disk", *SERVERS])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> BareLane:
    if request.param == "memory":
        return in_memory()
    if request.param == "disk":
        return on_disk(tmp_path / "store")
    return on_s3(request.getfixturevalue(request.param))


def class_of(call: Callable[[], object]) -> type[StoreError]:
    """What error a vendor with no codes of its own would raise."""
    with pytest.raises(Exception) as raised:
        call()
    return error_class(from_obstore(raised.value), {})


def body_of(bare: BareLane, key: str, start: int = 0, stop: int | None = None) -> bytes:
    answer = bare.get(key, start, stop, None)

    def fail(failure: Failure) -> StoreError:
        return StoreError(failure.cause)

    info = ObjectInfo(key, answer.meta["size"], "", answer.meta["last_modified"])
    with ObstoreReader(info, answer, fail) as reader:
        return b"".join(reader)


def test_objects_go_in_and_come_out(bare: BareLane) -> None:
    small, large = noise(1000), noise(3 * 1024 * 1024 + 7)
    for key, body in (("small", small), ("a b/é", small), ("large", large), ("empty", b"")):
        etag = bare.put(bare.root + key, body, Overwrite(), Headers()).etag
        assert etag and '"' not in etag
        info, _, _ = bare.head(bare.root + key)
        assert (info.key, info.size, info.etag) == (bare.root + key, len(body), etag)
        assert body_of(bare, bare.root + key) == body
    assert body_of(bare, f"{bare.root}large", 5, 2_000_000) == large[5:2_000_000]
    assert body_of(bare, f"{bare.root}large", len(large) - 9) == large[-9:]
    listed = sorted(info.key for page in bare.pages(bare.root) for info in page)
    assert listed == sorted(bare.root + key for key in ("small", "a b/é", "large", "empty"))
    bare.delete(f"{bare.root}small")
    assert class_of(lambda: bare.head(f"{bare.root}small")) is NotFound


def test_pages_after_a_key(bare: BareLane) -> None:
    for name in ("a", "b", "c", "d"):
        bare.put(bare.root + name, b"x", Overwrite(), Headers())
    assert sorted(info.key for page in bare.pages(bare.root, f"{bare.root}b") for info in page) == [
        f"{bare.root}c",
        f"{bare.root}d",
    ]


def test_conditions_that_do_not_hold_are_known_by_their_kind(bare: BareLane) -> None:
    key = f"{bare.root}a"
    first = bare.put(key, b"first", Create(), Headers()).etag
    assert class_of(lambda: bare.put(key, b"again", Create(), Headers())) is PreconditionFailed
    assert class_of(lambda: bare.get(key, 0, None, None, first)) is Unchanged
    assert class_of(lambda: bare.get(key, 0, None, "0" * 32)) is PreconditionFailed
    assert class_of(lambda: bare.get(f"{key}nothing", 0, None, None)) is NotFound


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_an_update_has_one_winner(server: Server) -> None:
    bare = on_s3(server)
    key = f"{bare.root}a"
    first = bare.put(key, b"first", Create(), Headers({"uploaded-by": "José"}, "video/mp4")).etag
    info, metadata, content_type = bare.head(key)
    assert (info.etag, metadata, content_type) == (first, {"uploaded-by": "José"}, "video/mp4")
    second = bare.put(key, b"second", Update(first), Headers()).etag
    assert class_of(lambda: bare.put(key, b"third", Update(first), Headers())) is PreconditionFailed
    assert bare.head(key, second)[0].etag == second


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("server", SERVERS[1:], indirect=True)
def test_rights_and_buckets_that_are_missing(server: Server) -> None:
    assert class_of(lambda: on_s3(server, "stranger").get("ready", 0, None, None)) in (AccessDenied, CredentialsError)
    failed = from_failing(lambda: list(on_s3(server, bucket="no-such-bucket").pages("p/")))
    assert error_class(failed, {"NoSuchBucket": BucketMissing, "AccessDenied": BucketMissing}) is BucketMissing


def from_failing(call: Callable[[], object]) -> Failure:
    with pytest.raises(RequestFailed) as raised:
        call()
    return raised.value.failure


def test_nobody_listens(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lane._RETRY, "retry_timeout", timedelta(milliseconds=50))
    bare = on_s3(moto, url="http://127.0.0.1:9")
    assert class_of(lambda: bare.head("a")) is Unreachable
    assert error_class(from_failing(lambda: list(bare.pages("p/"))), {}) is Unreachable


def test_a_vendor_is_asked_for_a_store_once_for_each_kind_of_request() -> None:
    """From however many threads: a store has connections of its own."""
    bare = in_memory()
    together = threading.Barrier(8, timeout=20)

    def work(number: int) -> None:
        together.wait()
        bare.put(f"p/{number}", b"x", Overwrite(), Headers())
        bare.head(f"p/{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(bare.made) == ["answers", "shared"]


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "a/../b", "./a", "a\nb", "del\x7f"])
def test_what_it_cannot_name_it_says(key: str) -> None:
    assert in_memory().cannot(key)


# -- two stores in one process


@pytest.fixture
def slowed(moto: Moto) -> Iterator[str]:
    """A server that answers SlowDown to every PUT."""
    with proxying(moto.endpoint_url) as proxy:
        busy = ERROR.format(code="SlowDown", message="slower", more="")
        proxy.faults.append(Fault(lambda method, path: method == "PUT", times=10**6, answer=(503, busy)))
        yield proxy.url


def test_a_store_that_asks_to_slow_down_slows_no_other(
    moto: Moto, slowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is at its last request at a time, and waits; the other has all of its requests under way meanwhile."""
    patience = [1000.0]
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: patience[0])
    under_test = on_server(moto)
    slow = open_store(under_test.url, StoreOptions(endpoint_url=slowed, env=under_test.env))
    quick = under_test.open()
    ended = threading.Event()

    def struggle() -> None:
        with pytest.raises(Throttled):
            put(slow, "a")
        ended.set()

    threads = [threading.Thread(target=struggle, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    limiter = slow._io.fast.limiter  # type: ignore[attr-defined]
    give_up = time.monotonic() + 60
    while limiter.limit > 4 and time.monotonic() < give_up:
        time.sleep(0.02)
    assert limiter.limit <= 4
    for number in range(40):
        put(quick, f"b/{number}")
    assert quick._io.fast.limiter.limit == 256  # type: ignore[attr-defined]
    assert not ended.is_set(), "the slow one was still trying all that time"
    assert len(list(quick.list("b/"))) == 40
    patience[0] = 0.0
    for thread in threads:
        thread.join(60)


def test_each_store_has_its_own_limiter_and_retries(moto: Moto) -> None:
    under_test = on_server(moto)
    stores = [under_test.open() for _ in range(2)]
    limiters = [store._io.fast.limiter for store in stores]  # type: ignore[attr-defined]
    assert limiters[0] is not limiters[1]
    assert stores[0]._io.attempts("read")._limiter is limiters[0]  # type: ignore[attr-defined]
    few = open_store("s3://bucket", StoreOptions(endpoint_url=moto.endpoint_url, env=under_test.env))
    assert few._io.attempts("read")._limiter not in limiters  # type: ignore[attr-defined]
