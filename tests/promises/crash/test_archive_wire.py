"""F01 and F02 for archives on the wire: a part that breaks off, a Complete and an index whose answers are lost, each
heard by a program that goes on, and by one that is killed there. The archive has the same bytes, and nothing is left.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import uuid
from pathlib import Path

import pytest

from s3sync.archive.stream import TarStream
from tests.kit.people import Person
from tests.kit.proxy import Proxy, Request
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put, settings
from tests.unit.archive.packing import sources_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs pidfd"),
    pytest.mark.seaweedfs,
]
MIB = 1024 * 1024
SET = "archives:\n  sessions:\n    store: s3://{bucket}/{prefix}\n    source: raw/*\n    layout: 'raw/{{id}}'\n"


def kill(person: Person) -> None:
    """End the run that holds the lock, and see it dead."""
    (lock,) = (person.root / "home").rglob("lock.json")
    pid = json.loads(lock.read_text())["pid"]
    watched = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([watched], [], [], 30)[0], "it did not die"
    finally:
        os.close(watched)


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    ("operation", "key", "most_again"),
    [
        ("UploadPart", "*.tar", 18 * MIB),  # the part before may not have arrived
        ("CompleteMultipartUpload", "*.tar", MIB),
        ("PutObject", "*.index.json", MIB),
    ],
)
def test_f02_an_archive_has_the_same_bytes_whatever_breaks(
    operation: str, key: str, most_again: int, killed: bool, seaweedfs: Server, tmp_path: Path
) -> None:
    prefix, bucket = uuid.uuid4().hex, seaweedfs.bucket
    with Proxy(seaweedfs.endpoint_url) as proxy:
        environ = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL": proxy.endpoint_url}
        david = Person("david", tmp_path / "david", environ)
        settings(david, SET.format(bucket=bucket, prefix=prefix))
        put(david.repo, "raw/m42/a.fits", os.urandom(17 * MIB))
        put(david.repo, "raw/m42/b.txt", b"notes")

        def end(request: Request) -> None:
            if killed:
                kill(david)
            raise ConnectionResetError

        rule = proxy.on(operation, key=key, nth=2 if operation == "UploadPart" else 1)
        if operation == "UploadPart":
            rule.cut_request_after(MIB, act=(lambda: kill(david)) if killed else None)
        else:
            rule.after(end)
        first = david.run("archive", "run", cwd=david.repo)
        assert rule.hits == 1 and first.code == (-signal.SIGKILL if killed else 0), first
        proxy.remove(rule)
        proxy.reset_counts()
        if killed:
            david.ok("archive", "run", cwd=david.repo)
            assert proxy.sent < most_again
        david.ok("archive", "verify", "m42", cwd=david.repo)
        assert [one["unit"] for one in david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]] == [
            "m42"
        ]
        root = david.repo / "raw/m42"
        buffer = memoryview(bytearray(18 * MIB))
        made = bytes(buffer[: TarStream(str(root), "m42", sources_of(root)).fill(buffer)])
    client = seaweedfs.client("admin")
    assert client.get_object(Bucket=bucket, Key=f"{prefix}/raw/m42.tar")["Body"].read() == made
    assert not client.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads")
