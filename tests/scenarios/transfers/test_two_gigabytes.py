"""The life of a very large file: up, broken off and resumed, changed in the middle, received as a delta.

128 MiB of it in every run; S3SYNC_BIG=1 makes it 2 GiB, which needs 14 GiB of disk and a minute or two:

    S3SYNC_BIG=1 pytest -s tests/scenarios/transfers/test_two_gigabytes.py
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest

from tests.scenarios.transfers.commands import parts_remembered, started, until
from tests.scenarios.transfers.conftest import MIB, PART, Office

pytestmark = [pytest.mark.seaweedfs, pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "master.mov"
SIZE = (2048 if os.environ.get("S3SYNC_BIG") else 128) * MIB
SLACK = 300_000


def fill(path: Path, seed: int, start: int = 0, size: int = SIZE) -> None:
    draw = random.Random(seed)
    with path.open("r+b" if path.exists() else "wb") as stream:
        stream.seek(start)
        for _ in range(size // PART):
            stream.write(draw.randbytes(PART))


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stored_sha256(office: Office) -> str:
    found = hashlib.sha256()
    for chunk in office.s3.get_object(Bucket=office.server.bucket, Key=office.key(NAME))["Body"].iter_chunks(MIB):
        found.update(chunk)
    return found.hexdigest()


def say(office: Office, what: str) -> None:
    print(f"{what}: {office.proxy.sent:,} bytes sent, {office.proxy.received:,} received")
    office.proxy.reset_counts()


def test_the_life_of_a_very_large_file(office: Office, tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 7 * SIZE:
        pytest.skip(f"needs {7 * SIZE // MIB} MiB of disk")
    half = SIZE // PART // 2
    mine, theirs = office.david.staging / NAME, office.jan.staging / NAME
    fill(mine, seed=1)
    whole = sha256(mine)

    with office.gate("UploadPart", nth=half + 1, times=999), started(office.david, "up") as command:
        until(lambda: parts_remembered(office.david) == half, "half of the parts")
        command.kill()
    say(office, "up, broken off")
    office.david.ok("up")
    assert SIZE // 2 <= office.proxy.sent < SIZE // 2 + SLACK
    say(office, "up, the rest")
    assert stored_sha256(office) == whole

    with (
        office.gate("GetObject", key=office.key(NAME), nth=half + 1, times=999),
        started(office.jan, "down") as command,
    ):
        until(lambda: parts_remembered(office.jan) == half, "half of the parts")
        command.kill()
    say(office, "down, broken off")
    office.jan.ok("down")
    assert SIZE // 2 <= office.proxy.received < SIZE // 2 + SLACK
    say(office, "down, the rest")
    assert sha256(theirs) == whole

    fill(mine, seed=2, start=(half - 1) * PART, size=PART)
    changed = sha256(mine)
    assert changed != whole
    office.david.ok("up")
    assert PART <= office.proxy.sent < PART + SLACK
    say(office, "16 MiB changed, up")
    office.jan.ok("down")
    assert PART <= office.proxy.received < PART + SLACK
    say(office, "16 MiB changed, down")
    assert sha256(theirs) == stored_sha256(office) == changed
    assert sorted(path.name for path in (office.jan.staging / ".s3sync" / "partial").iterdir()) == []
