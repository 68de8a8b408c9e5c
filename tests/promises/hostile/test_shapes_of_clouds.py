"""Google Cloud and Azure: answers of another shape than any of theirs, and copies that never come to their end."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import pytest

from s3sync.errors import NotAStore, StoreError
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.aspects import ReadsTimed, Thaws, require_aspect
from s3sync.store.azure.blocks import new_block
from s3sync.store.gcs import rewriting
from s3sync.store.options import Wire
from s3sync.store.port import Overwrite, Part
from tests.kit.limits import limit
from tests.promises.hostile.liar import Answer, Lie, liar
from tests.promises.hostile.test_wire import wire
from tests.promises.hostile.test_wire_of_clouds import azure, closing, google
from tests.promises.hostile.test_wire_of_clouds import once as once

pytest.importorskip("google.auth")
pytest.importorskip("azure.storage.blob")

ID, X = "ab" * 16, hashlib.md5(b"x").digest()
ITEM = {
    "size": "1",
    "generation": "5",
    "updated": "2025-11-03T10:00:00Z",
    "md5Hash": base64.b64encode(X).decode(),
    "crc32c": "AAAAAA==",
}
RECORD: dict[str, Any] = {"key": "k", "metadata": {}, "content_type": None, "storage_class": None}


def say(told: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


def composing(lie: Lie, part: dict[str, Any], made: object, count: int) -> Answer:
    """A server with an upload of so many parts. `lie.path` is what is asked."""
    if "alt=media" in lie.path:
        return say(RECORD)
    if "/compose" in lie.path:
        return say(made)
    if lie.path.partition("?")[0].endswith("/o"):
        folder = f".s3sync/multipart/parts/{ID}/"
        return say({"items": [{**part, "name": f"{folder}{number:05}"} for number in range(1, count + 1)]})
    return say({"error": {"message": "no"}}, 404)


UNNAMED = {name: value for name, value in ITEM.items() if name != "generation"}
UPLOADS: Mapping[str, tuple[dict[str, Any], object, int]] = {
    "a part without a generation": (UNNAMED, ITEM, 1),
    "a group without a generation": (ITEM, UNNAMED, 40),
    "a group without a name": (ITEM, {"generation": "7"}, 40),
    "a group that is none": (ITEM, [1], 40),
    "a whole that is none": (ITEM, "x", 1),
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_what_google_makes_of_parts_is_an_object_or_one_error(kind: str) -> None:
    part, made, count = UPLOADS[kind]
    parts = [Part(number, 1, X.hex()) for number in range(1, count + 1)]
    with liar(lambda lie: composing(lie, part, made, count)) as server, pytest.raises(StoreError):
        google(server).complete_upload("k", ID, parts, mode=Overwrite())


@pytest.mark.parametrize(
    "more",
    [{}, {"totalBytesRewritten": "5"}, {"totalBytesRewritten": "x"}, {"totalBytesRewritten": -5}, {"rewriteToken": ""}],
)
def test_f53_a_copy_on_google_that_gets_no_farther_is_given_up(
    more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "MOST_REQUESTS", 9)
    asked = 0

    def answer(lie: Lie) -> Answer:
        nonlocal asked
        if "/rewriteTo" not in lie.path:
            return say({**ITEM, "name": "a"})
        asked += 1
        return say({"done": False, "rewriteToken": "t", **more})

    with liar(answer) as server, pytest.raises(NotAStore):
        google(server).copy("a", "b", source_etag=X.hex(), mode=Overwrite(), headers=None)
    assert asked <= 2


def test_f53_an_answer_of_lists_without_end_is_not_read() -> None:
    with liar(lambda lie: (200, {}, b'{"items":[' + b"[]," * 2_100_000 + b"[]]}")) as server, pytest.raises(NotAStore):
        list(google(server).list(""))


def fresh_of_google(lie: Lie) -> Answer:
    """A page of unfinished uploads that no page before it had, and the promise of another."""
    names = [f".s3sync/multipart/begun/{lie.number * 100 + number:032x}" for number in range(100)]
    items = [{"name": name, "generation": "5", "metadata": {"key": "k"}} for name in names]
    return say({"items": items, "nextPageToken": f"t{lie.number}"})


def fresh_of_azure(lie: Lie) -> Answer:
    """The same, with the record of each upload, where it is asked for; and blobs, where a folder is."""
    if "comp=list" not in lie.path:
        body = json.dumps({"key": "k", "headers": {}}).encode()
        return 206, {**HEAD, "Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}, body
    return blobs(lie, [f"{lie.number * 100 + number:024x}" for number in range(100)], f"m{lie.number}")


def blobs(lie: Lie, names: list[str], more: str = "") -> Answer:
    """A page of Azure's listing: blobs below the prefix that is asked for."""
    told = "<Last-Modified>Mon, 03 Nov 2025 10:00:00 GMT</Last-Modified><Etag>0x8D</Etag>"
    told = f"<Properties>{told}<Content-Length>1</Content-Length><BlobType>BlockBlob</BlobType></Properties>"
    found = "".join(f"<Blob><Name>{lie.prefix}{name}</Name>{told}</Blob>" for name in names)
    page = f"<Prefix>{lie.prefix}</Prefix><Blobs>{found}</Blobs><NextMarker>{more}</NextMarker>"
    return 200, HEAD, f'<?xml version="1.0"?><EnumerationResults>{page}</EnumerationResults>'.encode()


@pytest.mark.parametrize(("opened", "answer"), [(google, fresh_of_google), (azure, fresh_of_azure)])
def test_f23_unfinished_uploads_without_end(
    opened: Callable[[str], Store], answer: Callable[[Lie], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked at by itself: of millions that would never end, and it did not on these two."""
    limit(monkeypatch, uploads_listed=250)
    with liar(answer) as server, pytest.raises(NotAStore, match="never ends"):
        for number, _ in enumerate(opened(server).list_uploads("")):
            assert number < 1000


def test_f23_a_folder_of_archives_on_azure_is_listed_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a thousand objects of one had all pages collected first, in memory and for minutes."""
    limit(monkeypatch, names_listed=1000)
    asked = 0

    def answer(lie: Lie) -> Answer:
        nonlocal asked
        asked += 1
        return fresh_of_azure(lie)

    with liar(answer) as server:
        listing = require_aspect(azure(server), Thaws).list_folder("archives/")
        found = [one[0].key for one in islice(listing, 150) if not isinstance(one, str)]
    assert len(set(found)) == 150 and asked == 2


@pytest.mark.parametrize("name", ["../elsewhere/x", "b"])
def test_a_folder_on_azure_has_what_was_asked_for(name: str) -> None:
    def answer(lie: Lie) -> Answer:
        lie.prefix = ""
        return blobs(lie, [name])

    with liar(answer) as server, pytest.raises(StoreError):
        list(require_aspect(azure(server), Thaws).list_folder("archives/"))


@pytest.mark.parametrize("named", ["the setting", "http_proxy", "ALL_PROXY"])
def test_requests_to_google_go_through_the_proxy(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lanes: bodies went past it, with the token."""
    with wire(closing("403 Forbidden")) as proxy:
        if named != "the setting":
            monkeypatch.setenv(named, proxy.url)
        options = StoreOptions(
            endpoint_url="http://store.example",
            env={} if named == "the setting" else {named: proxy.url},
            wire=Wire(proxy=proxy.url if named == "the setting" else None),
        )
        store = open_store("gs://bucket", options)
        for ask in (lambda: list(store.list("")), lambda: store.get("a")):
            with pytest.raises(StoreError):
                ask()
        assert [one for one in proxy.heard if b" http://store.example/bucket/a " in one]
        assert all(b" http://store.example/" in one for one in proxy.heard)


HEAD = {
    "x-ms-request-id": "1",
    "ETag": '"0x8D"',
    "Last-Modified": "Mon, 03 Nov 2025 10:00:00 GMT",
    "x-ms-blob-type": "BlockBlob",
    "Content-Type": "application/xml",
}
ASKS: Mapping[str, Callable[[Store], object]] = {
    "head": lambda store: store.head("a//b"),
    "get": lambda store: store.get("a//b"),
    "thaw": lambda store: require_aspect(store, Thaws).thaw_of("a"),
    "timed": lambda store: require_aspect(store, ReadsTimed).read_timed("a", 9),
}


@pytest.mark.parametrize("lacks", ["ETag", "Last-Modified"])
@pytest.mark.parametrize("ask", ASKS)
def test_a_blob_without_what_each_has_is_one_error(ask: str, lacks: str) -> None:
    head = {name: value for name, value in HEAD.items() if name != lacks}
    with liar(lambda lie: (200, head, b"x")) as server, pytest.raises(StoreError):
        ASKS[ask](azure(server))


BLOCK = base64.b64encode(new_block("ab" * 12, 1, X).id.encode()).decode()
BLOCKS = {
    "no size": f"<Name>{BLOCK}</Name>",
    "less than nothing": f"<Name>{BLOCK}</Name><Size>-1</Size>",
    "no name": "<Size>1</Size>",
    "nothing": "",
}


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("place", ["Committed", "Uncommitted"])
def test_a_list_of_blocks_that_are_none_is_one_error(kind: str, place: str) -> None:
    listed = f"<{place}Blocks><Block>{BLOCKS[kind]}</Block></{place}Blocks>"
    body = f'<?xml version="1.0"?><BlockList>{listed}</BlockList>'.encode()
    with liar(lambda lie: (200, HEAD, body)) as server, pytest.raises(StoreError):
        azure(server).first_part_size("a")
