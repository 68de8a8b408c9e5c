"""Requests that a bucket bills, as the store counts them: PUT, COPY, POST and LIST, and others. DELETE is free."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator

import pytest

from s3sync.errors import NotFound
from s3sync.store import StoreOptions, open_store
from s3sync.store.aspects import aspect
from s3sync.store.counting import CountsRequests
from s3sync.store.lanes.tally import Tally
from s3sync.store.port import Headers, Overwrite, Store
from tests.kit.servers import Moto

NO_HEADERS = Headers()


@pytest.fixture
def store(moto: Moto) -> Iterator[Store]:
    env = {key: value for key, value in moto.environment().items() if "KEY" in key}
    yield open_store(
        f"s3://{moto.bucket}/requests", StoreOptions(endpoint_url=moto.endpoint_url, region=moto.region, env=env)
    )


def put(store: Store, key: str, size: int = 3) -> str:
    body = b"x" * size
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=Overwrite(), headers=NO_HEADERS, md5=digest).etag


def get(store: Store, key: str) -> None:
    with contextlib.suppress(NotFound), store.get(key) as reader:
        b"".join(reader)


def multipart(store: Store) -> None:
    upload = store.start_upload("large", NO_HEADERS)
    store.put_part("large", upload, 1, b"x" * 5 * 2**20)
    store.put_part("large", upload, 2, b"y")
    store.complete_upload("large", upload, list(store.list_parts("large", upload)), mode=Overwrite())


DEEDS: dict[str, tuple[Callable[[Store], object], tuple[int, int]]] = {
    "put": (lambda store: put(store, "a"), (1, 0)),
    "a larger put": (lambda store: put(store, "b", 2**20 + 1), (1, 0)),
    "get": (lambda store: get(store, "a"), (0, 1)),
    "get what is not there": (lambda store: get(store, "nothing"), (0, 1)),
    "head, twice where the object does not name its MD5": (lambda store: store.head("a"), (0, 2)),
    "list": (lambda store: list(store.list("")), (1, 0)),
    "folders": (lambda store: list(store.folders("")), (1, 0)),
    "delete": (lambda store: store.delete("b"), (0, 0)),
    "begin, two parts, a listing of them, finish": (multipart, (5, 0)),
}


def test_each_deed_is_what_a_bill_makes_of_it(store: Store) -> None:
    counts = aspect(store, CountsRequests)
    assert counts is not None
    for name, (deed, asked) in DEEDS.items():
        counts.take_requests()
        deed(store)
        assert counts.take_requests() == asked, name
    assert counts.take_requests() == (0, 0)


def test_a_listing_of_three_pages_is_three_requests(store: Store, moto: Moto) -> None:
    from moto.s3.models import s3_backends

    backend = s3_backends["123456789012"]["aws"]  # at once: by requests it takes half a minute
    for number in range(2_100):
        backend.put_object(moto.bucket, f"requests/many/{number}", b"x")
    counts = aspect(store, CountsRequests)
    assert counts is not None
    counts.take_requests()
    assert len(list(store.list("many/"))) == 2_100
    assert counts.take_requests() == (3, 0)


def test_a_folder_bills_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("store")
    assert aspect(open_store(folder.as_uri(), StoreOptions(create=True)), CountsRequests) is None


def test_what_is_counted_is_taken_once() -> None:
    tally = Tally()
    for doing in ("write", "send part 3 of", "list", "read", "delete", "abort the upload of", "ask about"):
        tally.count(doing)
    assert tally.take() == (3, 2) and tally.take() == (0, 0)
