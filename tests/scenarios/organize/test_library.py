"""A library of 10,000 songs of 5 MB, 50 GB, that gets its names in the store: what goes over the line, counted there.

Needs 110 GB of disk, or a folder on one that compresses, which S3SYNC_BIG_ROOM names, and half an hour:

    S3SYNC_BIG=1 S3SYNC_BIG_ROOM=/mnt/btrfs pytest -s tests/scenarios/organize/test_library.py
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.scenarios.organize.songs import song

SONGS = int(os.environ.get("S3SYNC_BIG_SONGS", "10000"))
ROOM = os.environ.get("S3SYNC_BIG_ROOM")
SIZE, COVER = int(os.environ.get("S3SYNC_BIG_BYTES", "5000000")), 24_000
LAYOUT = "{artist}/{album}/{track:02} {title}.{ext}"
pytestmark = [
    pytest.mark.skipif("S3SYNC_BIG" not in os.environ, reason="takes half an hour: S3SYNC_BIG=1 runs it"),
    pytest.mark.seaweedfs,
    pytest.mark.timeout(7200),
]


def named(number: int) -> tuple[str, str, str, int]:
    """Artist, album, title and track: twelve tracks of an album, ten albums of an artist."""
    return f"Artist {number // 120}", f"Album {number // 12}", f"Song {number}", number % 12 + 1


@pytest.fixture
def server() -> Iterator[SeaweedFS]:
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        if ROOM is None and shutil.disk_usage(room).free < SONGS * SIZE * 2.2:
            pytest.skip("the disk has no room for the library and its copies: S3SYNC_BIG_ROOM names another folder")
        with SeaweedFS(Path(room)) as server:
            yield server


def fill(server: SeaweedFS) -> Any:
    """Put the songs there as a folder of downloads has them."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.users["david"].access_key,
        aws_secret_access_key=server.users["david"].secret_key,
        region_name=server.region,
        config=Config(max_pool_connections=8, request_checksum_calculation="when_required"),
    )

    def put(number: int) -> None:
        body = song(*named(number), size=SIZE, picture=COVER)
        client.put_object(Bucket=server.bucket, Key=f"downloads/{number:05}.mp3", Body=body)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(SONGS)))
    return client


def listed(client: Any, bucket: str) -> dict[str, int]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


def test_ten_thousand_songs_cost_no_more_than_their_headers(server: SeaweedFS, tmp_path: Path) -> None:
    client = fill(server)
    before = listed(client, server.bucket)
    assert len(before) == SONGS and min(before.values()) >= SIZE
    person = Person("david", tmp_path / "david", fresh=True, patience_s=3600)
    with Proxy(server.endpoint_url) as proxy:
        env = {
            "AWS_ENDPOINT_URL": proxy.endpoint_url,
            "AWS_ACCESS_KEY_ID": server.users["david"].access_key,
            "AWS_SECRET_ACCESS_KEY": server.users["david"].secret_key,
            "AWS_REGION": server.region,
        }
        place, target = f"s3://{server.bucket}/downloads", f"s3://{server.bucket}/music"
        words = ("organize", place, target, "--layout", LAYOUT, "--cloud-only", "--json")
        began = time.monotonic()
        done = person.ok(*words, "--move", "--yes", cwd=tmp_path, env=env).json
        tell("--move", proxy, done, time.monotonic() - began)
        assert done["moved_bytes"] == 0 and len(done["files"]) == SONGS
        assert proxy.received + proxy.sent < SONGS * (COVER + 60_000)
        assert done["read_bytes"] < SONGS * (COVER + 40_000)
        names = {
            LAYOUT.format(artist=a, album=b, title=c, track=d, ext="mp3") for a, b, c, d in map(named, range(SONGS))
        }
        after = listed(client, server.bucket)
        assert {key.removeprefix("music/") for key in after} == names
        assert sorted(after.values()) == sorted(before.values())
        proxy.reset_counts()
        began = time.monotonic()
        back = person.ok("organize", "--undo", "--yes", "--json", cwd=tmp_path, env=env).json
        tell("--undo", proxy, {"read_bytes": 0}, time.monotonic() - began)
        assert len(back["back"]) == SONGS and listed(client, server.bucket) == before


def tell(step: str, proxy: Proxy, done: Any, seconds: float) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(proxy.counts.items()))
    print(
        f"\n{step}: {SONGS} songs, {SONGS * SIZE / 1e9:.0f} GB; received {proxy.received / 1e6:.0f} MB,"
        f" sent {proxy.sent / 1e6:.0f} MB, {done['read_bytes'] / 1e6:.0f} MB of tags; {counts}; {seconds:.0f} s",
        flush=True,
    )
