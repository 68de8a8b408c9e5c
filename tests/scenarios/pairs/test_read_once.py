"""What two places know of their files is compared first, and nothing is read for it; what nobody knows is read once.

Counted on the line: each store is behind a proxy.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.kit.azurite import Azurite, lacking
from tests.kit.google import FakeGcs, Recorder, recording
from tests.kit.proxy import Proxy
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk, Place

pytestmark = pytest.mark.seaweedfs
MIB = 1024 * 1024
FILM = random.Random(5).randbytes(11 * MIB)
FEW = 64 * 1024
"""Bytes of listings and of what objects say of themselves."""


@pytest.fixture
def lines(desk: Desk) -> Iterator[dict[str, Proxy]]:
    """What the profiles go through."""
    aws = desk.person.root / "home" / ".aws" / "config"
    with Proxy(desk.servers["sea"].endpoint_url) as sea, Proxy(desk.servers["moto"].endpoint_url) as moto:
        text = aws.read_text()
        for name, proxy in (("sea", sea), ("moto", moto)):
            text = text.replace(desk.servers[name].endpoint_url, proxy.endpoint_url)
        aws.write_text(text)
        yield {"sea": sea, "moto": moto}


def put_in_parts(place: Place, name: str, body: bytes, part: int, **more: Any) -> None:
    """As another tool sends it, which says no MD5. With `ChecksumAlgorithm` the store keeps a checksum of the whole."""
    at = {"Bucket": place.bucket, "Key": place.prefix + name}
    begun = place.client.create_multipart_upload(**at, **more)["UploadId"]
    parts = []
    algorithm = more.get("ChecksumAlgorithm")
    for number, start in enumerate(range(0, len(body), part), 1):
        checked = {"ChecksumAlgorithm": algorithm} if algorithm else {}
        sent = place.client.upload_part(
            **at, UploadId=begun, PartNumber=number, Body=body[start : start + part], **checked
        )
        told = {name: value for name, value in sent.items() if name in ("ETag", f"Checksum{algorithm}")}
        parts.append({"PartNumber": number, **told})
    place.client.complete_multipart_upload(**at, UploadId=begun, MultipartUpload={"Parts": parts})


def compared(desk: Desk, a: Place, b: Place, *more: str) -> None:
    """`copy`, `sync` and `check` find the film alike, and copy nothing."""
    for verb in ("copy", "sync"):
        told = desk.run(verb, a, b, *more, "--json").json
        assert (told["copied"], told["alike"]["files"], told["bytes_moved"]) == ([], 1, 0)
    assert desk.run("check", a, b, "--json").json["same"] is True


@pytest.mark.parametrize(("one", "two"), [("sea", "folder"), ("folder", "moto"), ("sea", "moto")])
def test_etags_of_the_same_parts_say_it(desk: Desk, lines: dict[str, Proxy], one: str, two: str) -> None:
    a, b = desk.place(one, "a"), desk.place(two, "b")
    for place in (a, b):
        if place.root is None:
            put_in_parts(place, "film.mov", FILM, 6 * MIB)
        else:
            place.put("film.mov", FILM)
    compared(desk, a, b)
    assert sum(line.received for line in lines.values()) < FEW
    moved = desk.run("move", a, b, "--json").json
    assert [item["name"] for item in moved["deleted"]] == ["film.mov"] and b.files() == {"film.mov": FILM}
    assert sum(line.received for line in lines.values()) < FEW, "that is proof enough"


@pytest.mark.parametrize("two", ["folder", "sea"])
def test_a_checksum_of_the_whole_says_it_whatever_the_parts_were(desk: Desk, lines: dict[str, Proxy], two: str) -> None:
    a, b, kept = desk.place("sea", "a"), desk.place(two, "b"), {"ChecksumAlgorithm": "CRC64NVME"}
    put_in_parts(a, "film.mov", FILM, 6 * MIB, **kept, ChecksumType="FULL_OBJECT")
    if b.root is None:
        put_in_parts(b, "film.mov", FILM, 5 * MIB, **kept, ChecksumType="FULL_OBJECT")
        assert a.client.head_object(Bucket=a.bucket, Key=f"{a.prefix}film.mov", ChecksumMode="ENABLED")[
            "ChecksumType"
        ] == "FULL_OBJECT", "else nothing is shown"  # fmt: skip
    else:
        b.put("film.mov", FILM)
    lines["sea"].reset_counts()
    compared(desk, a, b)
    assert lines["sea"].received < FEW


def behind(desk: Desk, azurite: Azurite, azure: Proxy, google: Recorder, gcs: FakeGcs) -> None:
    """Have the person's clouds lie behind these."""
    desk.environ |= {
        name: said.replace(azurite.endpoint_url, azure.endpoint_url) for name, said in azurite.environment().items()
    }
    (desk.work / ".s3sync.yaml").write_text(f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {google.url}\n")


@pytest.mark.gcs
@pytest.mark.azurite
@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
def test_a_word_of_each_kind_is_the_md5(desk: Desk, azurite: Azurite, gcs: FakeGcs) -> None:
    """Azure computes that of what comes in one request, Google of everything, S3's ETag is it."""
    desk.clouds |= {"azurite": Azure(azurite), "gcs": Google(gcs)}
    a, b, c = desk.place("azurite", "a"), desk.place("gcs", "b"), desk.place("sea", "c")
    film = FILM[: 4 * MIB]
    for place in (a, b, c):
        place.put("film.mov", film)
    there = azurite.container().get_blob_client(f"{a.prefix}film.mov").get_blob_properties()
    assert bytes(there.content_settings.content_md5 or b"") == hashlib.md5(film, usedforsecurity=False).digest()
    assert not there.metadata, "what another tool sent says nothing else of itself"
    with Proxy(azurite.endpoint_url) as azure, recording(gcs.endpoint_url) as google:
        behind(desk, azurite, azure, google, gcs)
        compared(desk, a, b)
        compared(desk, c, b)
        compared(desk, a, c)
        assert azure.received + google.received < FEW


@pytest.mark.gcs
@pytest.mark.parametrize("two", ["gcs", "folder"])
def test_what_nobody_knows_is_read_once_and_remembered_by_its_etag(
    desk: Desk, gcs: FakeGcs, lines: dict[str, Proxy], two: str
) -> None:
    """An object in parts of no size that is a rule's, against a file whose MD5 is known."""
    desk.clouds["gcs"] = Google(gcs)
    (desk.work / ".s3sync.yaml").write_text(f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {gcs.endpoint_url}\n")
    a, b, line = desk.place("sea", "a"), desk.place(two, "b"), lines["sea"]
    b.put("film.mov", FILM)
    put_in_uneven_parts(a, "film.mov", FILM)
    for read in (len(FILM), 0):
        line.reset_counts()
        compared_once(desk, a, b)
        assert read <= line.counts["GetObject"].received < read + FEW
    put_in_uneven_parts(a, "film.mov", FILM[::-1])
    line.reset_counts()
    told = desk.run("check", a, b, "--json", code=1).json
    assert told["same"] is False
    assert len(FILM) <= line.counts["GetObject"].received < len(FILM) + FEW, "another version is read again"


@pytest.mark.gcs
def test_what_google_was_given_in_pieces_is_remembered_by_its_generation(desk: Desk, gcs: FakeGcs) -> None:
    """Google keeps no MD5 of what was composed; the recorder takes the emulator's away."""
    desk.clouds["gcs"] = Google(gcs)
    a, b = desk.place("gcs", "a"), desk.place("folder", "b")
    b.put("film.mov", FILM)

    def compose(body: bytes) -> None:
        for name, piece in (("one", body[:MIB]), ("two", body[MIB:])):
            gcs.put(f"{desk.tag}/pieces/{name}", piece)
        sources = [{"name": f"{desk.tag}/pieces/{name}"} for name in ("one", "two")]
        told = {"sourceObjects": sources, "destination": {"metadata": {"s3sync-upload": "of another tool"}}}
        gcs.ask("POST", f"/storage/v1/b/{gcs.bucket}/o/{quote(a.prefix + 'film.mov', safe='')}/compose", told)

    with recording(gcs.endpoint_url) as line:
        settings = f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {line.url}\n"
        (desk.work / ".s3sync.yaml").write_text(settings)
        compose(FILM)
        for read in (len(FILM), 0):
            line.requests.clear()
            compared_once(desk, a, b)
            assert read <= line.received < read + FEW
        a.drop("film.mov")  # else the emulator's generation stays
        compose(FILM[::-1])
        line.requests.clear()
        desk.run("check", a, b, code=1)
        assert len(FILM) <= line.received < len(FILM) + FEW, "another generation is read again"


def compared_once(desk: Desk, a: Place, b: Place) -> None:
    told = desk.run("copy", a, b, "--json").json
    assert (told["copied"], told["alike"]["files"], told["bytes_moved"]) == ([], 1, 0)


def put_in_uneven_parts(place: Place, name: str, body: bytes) -> None:
    """As a tool does whose first part is not as the others, so that no file has its ETag."""
    at = {"Bucket": place.bucket, "Key": place.prefix + name}
    begun, parts = place.client.create_multipart_upload(**at)["UploadId"], []
    for number, piece in enumerate((body[: 5 * MIB], body[5 * MIB :]), 1):
        sent = place.client.upload_part(**at, UploadId=begun, PartNumber=number, Body=piece)
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    place.client.complete_multipart_upload(**at, UploadId=begun, MultipartUpload={"Parts": parts})
