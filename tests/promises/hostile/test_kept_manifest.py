"""The kept text of metadata.json in a clone that others made or may write: what they put there is not published."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest
from xxhash import xxh3_128

from tests.kit.people import PROJECT, REPO, pair
from tests.kit.servers import SeaweedFS


@pytest.mark.seaweedfs
@pytest.mark.parametrize(
    "digest",
    [lambda text: xxh3_128(text).hexdigest(), lambda text: blake2b(text, digest_size=16).hexdigest(), None],
    ids=["a checksum", "without the secret", "as it was"],
)
def test_a_false_text_under_the_true_etag_is_not_written_back(
    tmp_path: Path, seaweedfs: SeaweedFS, digest: Callable[[bytes], str] | None
) -> None:
    prefix = uuid.uuid4().hex
    david, _ = pair(
        tmp_path, f"s3://{seaweedfs.bucket}/{prefix}", {name: seaweedfs.environment(name) for name in ("david", "jan")}
    )
    david.write("film.mov", "film")
    david.ok("up")
    kept, key = david.staging / ".s3sync" / "metadata.json", f"{prefix}/{REPO}/{PROJECT}/metadata.json"
    place, before, etag = kept.read_bytes().partition(b"\n")[0].decode().split(" ")
    false = json.loads(kept.read_bytes().partition(b"\n")[2])
    false["members"]["mallory"] = false["members"]["david"]
    false["inboxes"] = {"0" * 32: {"by": "mallory", "at": "2026-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}}
    text = json.dumps(false).encode()
    kept.write_bytes(f"{place} {digest(text) if digest else before} {etag}\n".encode() + text)
    david.write("more.mov", "more")
    david.ok("up")
    answer = seaweedfs.client().get_object(Bucket=seaweedfs.bucket, Key=key)
    published = json.loads(answer["Body"].read())
    assert [file["name"] for file in published["files"]] == ["film.mov", "more.mov"]
    assert set(published["members"]) == {"david"} and "inboxes" not in published
    assert kept.read_bytes().partition(b"\n")[0].decode().split(" ")[2] == answer["ETag"].strip('"')
