"""Each server stores and returns bytes, and keeps the users' rights apart where it can."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.kit.media import build_tree
from tests.kit.servers import Server

SERVERS = [
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
    "moto",
]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def refusal(server: Server, user: str, operation: str, **arguments: object) -> str:
    with pytest.raises(ClientError) as refused:
        getattr(server.client(user), operation)(Bucket=server.bucket, **arguments)
    return str(refused.value.response["Error"]["Code"])


def test_two_users_exchange_a_file(server: Server) -> None:
    david, jan = server.client("david"), server.client("jan")
    david.put_object(Bucket=server.bucket, Key="exchange/été.mp4", Body=b"from david")
    assert jan.get_object(Bucket=server.bucket, Key="exchange/été.mp4")["Body"].read() == b"from david"
    jan.put_object(Bucket=server.bucket, Key="exchange/audio.wav", Body=b"from jan")
    listed = david.list_objects_v2(Bucket=server.bucket, Prefix="exchange/")["Contents"]
    assert {entry["Key"] for entry in listed} == {"exchange/été.mp4", "exchange/audio.wav"}
    david.delete_object(Bucket=server.bucket, Key="exchange/audio.wav")
    assert refusal(server, "jan", "get_object", Key="exchange/audio.wav") == "NoSuchKey"


def test_reader_reads_and_cannot_write(server: Server) -> None:
    if not server.has_rights:
        pytest.skip(f"{server.name} checks no rights")
    server.client("david").put_object(Bucket=server.bucket, Key="rights/file", Body=b"x")
    reader = server.client("reader")
    assert reader.get_object(Bucket=server.bucket, Key="rights/file")["Body"].read() == b"x"
    assert reader.list_objects_v2(Bucket=server.bucket, Prefix="rights/")["KeyCount"] == 1
    assert refusal(server, "reader", "put_object", Key="rights/file", Body=b"y") == "AccessDenied"
    assert refusal(server, "reader", "delete_object", Key="rights/file") == "AccessDenied"


def test_stranger_is_refused(server: Server) -> None:
    if not server.has_rights:
        pytest.skip(f"{server.name} checks no rights")
    server.client("david").put_object(Bucket=server.bucket, Key="rights/secret", Body=b"x")
    assert refusal(server, "stranger", "get_object", Key="rights/secret") == "AccessDenied"
    assert refusal(server, "stranger", "put_object", Key="rights/mine", Body=b"y") == "AccessDenied"
    assert refusal(server, "stranger", "list_objects_v2") == "AccessDenied"


@pytest.mark.ministack
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_a_server_dies_with_a_killed_parent(tmp_path: Path) -> None:
    code = "from tests.kit.servers import MiniStack\nwith MiniStack() as s:\n print(s.pid, flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        os.kill(server, 0)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{server}/cmdline").exists() and Path(f"/proc/{server}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.05)


@pytest.mark.parametrize("n", [5, 30, 90])
def test_the_tree_is_real_and_distinct(tmp_path: Path, n: int) -> None:
    digests = build_tree(tmp_path, n)
    assert len(digests) == n == len(set(digests.values()))
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == digests
    assert all(unicodedata.is_normalized("NFC", name) for name in digests)
    assert len({path.stat().st_mtime_ns for path in files.values()}) == n
