"""From cloud to cloud memory does not grow with the size of a file: nothing is held but parts under way."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest

from tests.kit.azurite import Azurite, lacking
from tests.kit.google import FakeGcs
from tests.kit.peak import peak_mib
from tests.scenarios.pairs.clouds import Azure, Google
from tests.scenarios.pairs.desk import Desk, Place

pytestmark = [pytest.mark.slow, pytest.mark.seaweedfs, pytest.mark.gcs, pytest.mark.azurite]
MIB = 1024 * 1024
PIECE, PIECES = 16 * MIB, 12
LIMIT_MIB = 150


def piece(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest() * (PIECE // 32)


def put_film(place: Place) -> None:
    at = {"Bucket": place.bucket, "Key": f"{place.prefix}film.mov"}
    begun, parts = place.client.create_multipart_upload(**at)["UploadId"], []
    for number in range(1, PIECES + 1):
        sent = place.client.upload_part(**at, UploadId=begun, PartNumber=number, Body=piece(number))
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    place.client.complete_multipart_upload(**at, UploadId=begun, MultipartUpload={"Parts": parts})


@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
def test_192_mib_go_from_s3_to_azure_and_on_to_google(
    desk: Desk, azurite: Azurite, gcs: FakeGcs, record_property: Callable[[str, object], None]
) -> None:
    desk.clouds |= {"azurite": Azure(azurite), "gcs": Google(gcs)}
    person, expected = desk.person, hashlib.md5(usedforsecurity=False)
    for number in range(1, PIECES + 1):
        expected.update(piece(number))
    a, b, c = desk.place("sea", "a"), desk.place("azurite", "b"), desk.place("gcs", "c")
    put_film(a)
    (desk.work / ".s3sync.yaml").write_text(f"store: gs://{gcs.bucket}\nrepo: r\nendpoint_url: {gcs.endpoint_url}\n")
    person.environ = {**person.environ, **azurite.environment(), "AWS_PROFILE": "sea"}
    for one, two in ((a, b), (b, c)):
        peak, told = peak_mib(person, 0, "copy", one.word, two.word, "--json", cwd=desk.work)
        record_property(f"{one.kind} to {two.kind}", round(peak))
        print(f"{one.kind} to {two.kind}: {peak:.0f} MiB")
        assert [item["size_bytes"] for item in told.json["copied"]] == [PIECE * PIECES]
        assert told.json["bytes_moved"] == PIECE * PIECES and peak < LIMIT_MIB
    (told_there,) = gcs.objects(c.prefix)
    assert told_there["md5Hash"] == base64.b64encode(expected.digest()).decode(), "the emulator's own, of its bytes"
