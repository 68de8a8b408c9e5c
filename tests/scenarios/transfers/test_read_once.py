"""A large file is hashed while it is sent, so its object may not name its MD5: what then says which bytes it holds."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from tests.kit.people import Person
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

NAME = "film.mp4"
DATA = content(2 * PART + MIB)


COUNTED = """
import sys
from s3sync.cli.main import run
code = run(sys.argv[1:])
read = next(line for line in open("/proc/self/io") if line.startswith("rchar"))
print(read.split()[1], file=sys.stderr)
sys.exit(code)
"""


def bytes_read(person: Person, *words: str) -> int:
    """What a command reads of files, its own modules included; what a connection brings is not counted."""
    command = [sys.executable, "-c", COUNTED, *words]
    done = subprocess.run(command, cwd=person.project, env=person.env(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


@pytest.fixture
def shared(office: Office) -> Office:
    office.david.write(NAME, DATA)
    office.david.ok("up")
    return office


def record(office: Office) -> dict[str, Any]:
    [found] = [one for one in json.loads(office.stored("metadata.json"))["files"] if one["name"] == NAME]
    return dict(found)


def lose(office: Office, *names: str) -> None:
    for name in names:
        office.s3.delete_object(Bucket=office.server.bucket, Key=office.key(name))


def states(office: Office) -> dict[str, str]:
    return {file["name"]: file["state"] for file in office.david.ok("status", "--json").json["files"]}


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process reads")
def test_how_often_a_file_is_read(shared: Office) -> None:
    """A part is hashed and sent: twice in a row, of which the second is from memory. Only what may be there already, as
    an object of its size is, is hashed before."""
    first = bytes_read(shared.david, "up")
    size = len(DATA) + 100
    shared.david.write("new.mp4", content(size, 2))
    new = bytes_read(shared.david, "up")
    shared.david.write("same size.mp4", content(size, 3))
    same = bytes_read(shared.david, "up")
    nothing = bytes_read(shared.jan, "status")
    fetched = bytes_read(shared.jan, "down")
    # botocore and its descriptions are 6 MB
    assert 2 * size <= new - first < 2 * size + 8 * MIB
    assert 3 * size <= same - first < 3 * size + 8 * MIB
    assert fetched - nothing < len(DATA) + 2 * size + 8 * MIB


def test_metadata_json_and_the_store_know_what_the_headers_do_not(shared: Office) -> None:
    head = shared.s3.head_object(Bucket=shared.server.bucket, Key=shared.key(NAME), ChecksumMode="ENABLED")
    assert "md5" not in head["Metadata"]
    assert record(shared)["md5"] == md5(DATA).hexdigest()
    assert record(shared)["checksum"] == f"crc64nvme:{head['ChecksumCRC64NVME']}"
    assert json.loads(shared.stored(f".s3sync/parts/{NAME}"))["md5"] == md5(DATA).hexdigest()


@pytest.mark.parametrize("also", [[], [f".s3sync/parts/{NAME}"]], ids=["", "and the part digests"])
def test_metadata_json_is_lost(shared: Office, also: list[str]) -> None:
    lose(shared, "metadata.json", *also)
    assert states(shared) == {NAME: "in_sync"}
    shared.david.ok("sync")
    assert record(shared)["md5"] == md5(DATA).hexdigest()
    shared.jan.ok("down")
    assert shared.jan.read(NAME) == DATA
    shared.jan.ok("verify", "--deep")


def test_a_stranger_to_it_all_downloads_what_nobody_vouches_for_but_the_etag(shared: Office) -> None:
    lose(shared, "metadata.json", f".s3sync/parts/{NAME}")
    shared.jan.ok("down")
    assert shared.jan.read(NAME) == DATA
    assert record(shared)["md5"] == md5(DATA).hexdigest()


def put_in_odd_parts(office: Office, body: bytes) -> None:
    """As a tool does whose parts grow: of its ETag no part size gives an account."""
    s3, where = office.s3, {"Bucket": office.server.bucket, "Key": office.key(NAME)}
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")["UploadId"]
    cuts, parts = [0, 5 * MIB, 11 * MIB, len(body)], []
    for number, (start, stop) in enumerate(itertools.pairwise(cuts), 1):
        part = s3.upload_part(
            **where, UploadId=upload, PartNumber=number, Body=body[start:stop], ChecksumAlgorithm="CRC64NVME"
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC64NVME": part["ChecksumCRC64NVME"]})
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT")


def test_an_etag_that_says_nothing(office: Office) -> None:
    """The store's checksum of the whole tells whether the local file is the same, and whether a download is whole."""
    office.david.write(NAME, DATA)
    put_in_odd_parts(office, DATA)
    assert states(office) == {NAME: "in_sync"}
    office.david.write(NAME, DATA[:-1] + b"?")
    assert states(office) == {NAME: "conflict"}
    office.jan.ok("down")
    assert office.jan.read(NAME) == DATA


def test_a_download_that_the_checksum_does_not_vouch_for(office: Office) -> None:
    put_in_odd_parts(office, DATA)
    rule = office.proxy.on("GetObject", key=office.key(NAME))
    rule.flip_byte(1000)
    [failure] = office.jan.expect(3, "down", "--json").json["failed"]
    assert rule.hits and "did not arrive as it was uploaded" in failure["error"]
    assert not (office.jan.staging / NAME).exists()
