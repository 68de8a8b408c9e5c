"""Answers of a server that are well-formed, and hold what no store says: one of our errors, at once."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from s3sync.errors import StoreError
from s3sync.state.schema import transfer_row
from s3sync.store import Store
from s3sync.store.aspects import Thaws, Versions, require_aspect
from s3sync.store.lanes.headers import LONGEST_UPLOAD
from s3sync.store.port import Headers
from s3sync.store.s3.answers import LONGEST_TIME, time_of
from tests.promises.hostile.test_wire import OK, Answer, opened, whole, wire

TOKEN = "t" * 40
"""With a session token all requests to a server that is not AWS go through botocore."""
DAY = "2025-11-03T10:00:00.000Z"
ETAG = "<ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag>"
ENDLESS_NUMBER = "12.34" * 400_000
"""botocore's reader of times needs hours for it."""
TIMES = {
    "no calendar has it": "1e400",
    "a zone of four days": "2025-11-03T10:00:00+99:99",
    "after the last day": "9999-12-31T23:59:59-14:00",
    "none": "",
    "a number without end": ENDLESS_NUMBER,
}


def listing(item: str) -> bytes:
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{item}</ListBucketResult>".encode()


def contents(time: str = DAY, more: str = "") -> bytes:
    return listing(f"<Contents><Key>a</Key>{ETAG}<Size>1</Size><LastModified>{time}</LastModified>{more}</Contents>")


def uploads(time: str = DAY, more: str = "") -> bytes:
    return listing(f"<Upload><Key>a</Key><UploadId>u</UploadId><Initiated>{time}</Initiated>{more}</Upload>")


def parts(time: str = DAY, more: str = "") -> bytes:
    return listing(
        f"<Part><PartNumber>1</PartNumber>{ETAG}<Size>1</Size><LastModified>{time}</LastModified>{more}</Part>"
    )


def versions(time: str = DAY, more: str = "") -> bytes:
    return listing(
        f"<Version><Key>a</Key><VersionId>v</VersionId>{ETAG}<Size>1</Size><IsLatest>true</IsLatest>"
        f"<LastModified>{time}</LastModified>{more}</Version>"
    )


def _versions(store: Store) -> object:
    return list(require_aspect(store, Versions).list_versions(""))


LISTINGS: dict[str, tuple[Callable[..., bytes], Callable[[Store], object]]] = {
    "objects": (contents, lambda store: list(store.list(""))),
    "uploads": (uploads, lambda store: list(store.list_uploads(""))),
    "parts": (parts, lambda store: list(store.list_parts("a", "id"))),
    "versions": (versions, _versions),
}


def say(body: bytes, *headers: str) -> Answer:
    head = OK + "".join(f"{line}\r\n" for line in headers).encode("latin-1")

    def answer(connection: socket.socket) -> None:
        connection.sendall(head + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    return answer


def refused(answer: Answer, ask: Callable[[Store], object]) -> None:
    with wire(answer) as told, pytest.raises(StoreError) as error:
        ask(opened(told.url, TOKEN))
    assert error.value.why is not None
    assert "not as S3 does" in error.value.why


@pytest.mark.parametrize("kind", LISTINGS)
def test_an_ordinary_listing_is_read(kind: str) -> None:
    made, ask = LISTINGS[kind]
    with wire(say(made())) as told:
        assert ask(opened(told.url, TOKEN))


@pytest.mark.parametrize(
    ("kind", "time"), [*((kind, "no calendar has it") for kind in LISTINGS), *(("uploads", time) for time in TIMES)]
)
def test_f53_a_listing_with_a_time_that_is_none(kind: str, time: str) -> None:
    made, ask = LISTINGS[kind]
    refused(say(made(TIMES[time])), ask)


@pytest.mark.parametrize(
    ("kind", "twice"),
    [
        ("objects", ETAG),
        ("objects", "<StorageClass>A</StorageClass><StorageClass>B</StorageClass>"),
        ("uploads", "<Key>b</Key>"),
        ("parts", "<LastModified>2025-11-03</LastModified>"),
        ("versions", "<VersionId>w</VersionId>"),
    ],
)
def test_f53_a_listing_that_says_a_thing_twice(kind: str, twice: str) -> None:
    made, ask = LISTINGS[kind]
    refused(say(made(more=twice)), ask)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("Contents", "objects"),
        ("Upload", "uploads"),
        ("Part", "parts"),
        ("Version", "versions"),
        ("DeleteMarker", "versions"),
    ],
)
def test_f53_a_listing_of_what_has_no_name(item: str, kind: str) -> None:
    refused(say(listing(f"<{item}/>")), LISTINGS[kind][1])


@pytest.mark.parametrize(
    "header",
    [
        "Last-Modified: 1e400",
        "Last-Modified: 2025-11-03T10:00:00+99:99",
        "Content-Range: bytes 0-0/*",
        "Content-Range: bytes 0-0/" + "9" * 5000,
        "x-amz-mp-parts-count: --",
        "x-amz-object-lock-retain-until-date: 1e400",
    ],
)
def test_f53_an_object_with_an_odd_header(header: str) -> None:
    plain = ['ETag: "9dd4e461268c8034f5c8564e155c67a6"', "Last-Modified: Mon, 03 Nov 2025 10:00:00 GMT"]
    headers = [line for line in plain if line.split(":")[0] != header.split(":")[0]]
    refused(say(b"x", header, *headers), whole)
    if not header.startswith("Content-Range"):
        refused(say(b"", header, *headers), lambda store: store.head("a"))


HEADERS = {
    "ETag": 'ETag: "9dd4e461268c8034f5c8564e155c67a6"',
    "Last-Modified": "Last-Modified: Mon, 03 Nov 2025 10:00:00 GMT",
    "x-amz-version-id": "x-amz-version-id: v",
}


@pytest.mark.parametrize("lacks", ["ETag", "Last-Modified"])
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda store: store.head("a"), id="head"),
        pytest.param(lambda store: store.get("a"), id="get"),
        pytest.param(lambda store: require_aspect(store, Versions).head_version("a", "v"), id="head of a version"),
        pytest.param(lambda store: require_aspect(store, Versions).get_version("a", "v"), id="get a version"),
    ],
)
def test_f53_an_object_without_what_each_has(ask: Callable[[Store], object], lacks: str) -> None:
    """`versions` ended in a panic."""
    refused(say(b"x", *(line for name, line in HEADERS.items() if name != lacks)), ask)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (DAY, "2025-11-03T10:00:00+00:00"),
        ("Mon, 03 Nov 2025 10:00:00 GMT", "2025-11-03T10:00:00+00:00"),
        ("2025-11-03T12:00:00+02:00", "2025-11-03T10:00:00+00:00"),
        ("2025-11-03 10:00:00", "2025-11-03T10:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        (1762164000, "2025-11-03T10:00:00+00:00"),
    ],
)
def test_times_as_servers_tell_them_are_in_utc(told: object, expected: str) -> None:
    assert time_of(told).isoformat() == expected


def test_a_longer_time_is_none() -> None:
    with pytest.raises(ValueError, match="longer"):
        time_of(" " * LONGEST_TIME + "1")


COSTLY = {
    "nested without a bottom": b"<a>" * 1_100_000,
    "many tags": b"<ListMultipartUploadsResult>" + b"<a/>" * 1_100_000 + b"</ListMultipartUploadsResult>",
    "many attributes": b"<a " + b" ".join(b'b%d="1"' % number for number in range(210_000)) + b"/>",
    "a word that stands for many": b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 9999 + b'">]><x>' + b"&a;" * 900 + b"</x>",
}


@pytest.mark.parametrize("kind", COSTLY)
def test_f53_a_document_that_takes_more_memory_than_its_bytes_is_not_read(kind: str) -> None:
    """16 MiB of tags are more than a gigabyte of them."""
    refused(say(b'<?xml version="1.0"?>' + COSTLY[kind]), lambda store: list(store.list_uploads("")))


@pytest.mark.parametrize("etag", ["z" * 60_000, "a&#10;hint: b"])
@pytest.mark.parametrize("token", [TOKEN, ""])
def test_a_version_that_nobody_could_send_back_is_none(etag: str, token: str) -> None:
    """obstore's code gave up with a page about itself on the screen when it was to name it in a condition."""
    body = contents().replace(b"9dd4e461268c8034f5c8564e155c67a6", etag.encode())
    with wire(say(body)) as told, pytest.raises(StoreError, match="cannot use what the store says"):
        list(opened(told.url, token or None).list(""))


@pytest.mark.parametrize("version", ["v&#x9b;31m"])
def test_nor_is_a_name_of_one(version: str) -> None:
    refused(say(versions().replace(b">v<", f">{version}<".encode())), _versions)


@pytest.mark.parametrize("upload", ["", "u&#10;hint: b", "u" * (LONGEST_UPLOAD + 1)])
def test_an_upload_that_nobody_could_send_back_is_none(upload: str) -> None:
    """A transfer was remembered with it, and from then on each command refused its own memory, whatever was asked."""
    body = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
    with wire(say(body.encode())) as told, pytest.raises(StoreError, match="cannot use what the store says"):
        opened(told.url).start_upload("a", Headers())


def test_the_longest_upload_is_remembered() -> None:
    row = ("a", "up", "p/a", "u" * LONGEST_UPLOAD, "f", 9, 9, "[null,null]", "2025-11-03T10:00:00Z", 0)
    assert transfer_row(row).token == "u" * LONGEST_UPLOAD


THAWS: dict[str, Callable[[Store], object]] = {
    "of all": lambda store: list(require_aspect(store, Thaws).list_thaws("p/")),
    "of a folder": lambda store: list(require_aspect(store, Thaws).list_folder("p/")),
}


@pytest.mark.parametrize("ask", THAWS)
@pytest.mark.parametrize("key", ["q/../p/a", "p"])
def test_a_listing_of_thaws_has_what_was_asked_for(ask: str, key: str) -> None:
    refused(say(contents().replace(b"<Key>a<", f"<Key>{key}<".encode())), THAWS[ask])


@pytest.mark.parametrize("ask", [*THAWS.values(), LISTINGS["objects"][1]], ids=[*THAWS, "of objects"])
def test_a_page_that_leads_to_no_other_is_not_the_last(ask: Callable[[Store], object]) -> None:
    """What it leaves out would look deleted."""
    refused(say(contents().replace(b">false<", b">true<").replace(b"<Key>a<", b"<Key>p/a<")), ask)
