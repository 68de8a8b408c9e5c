"""Two people in a bucket that is encrypted with KMS: no ETag is an MD5, so that only bytes tell what an object holds.

What was sent or fetched here is known. What was only compared is kept, wherever something would let go of it.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig

from s3sync.core.etag import PART_SIZE
from s3sync.sync import trash as trash_rules
from tests.kit.kms import kms_bucket, with_opaque_etags
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.kit.servers import MiniStack
from tests.promises.hostile.test_words_of_peers import kept
from tests.scenarios.people.test_retention import next_day, opened

pytestmark = pytest.mark.ministack

SMALL, MIDDLE, LARGE = b"small", os.urandom(2_000_000), os.urandom(2 * PART_SIZE + 12345)
FILES = {"small.txt": SMALL, "middle.mov": MIDDLE, "cut/large.mov": LARGE}


class Office:
    """David and Jan, and the bucket as its owner sees it."""

    def __init__(self, david: Person, jan: Person, client: Any, outside: Any, bucket: str) -> None:
        self.david, self.jan, self._client, self._outside, self._bucket = david, jan, client, outside, bucket

    def objects(self, below: str = f"{REPO}/{PROJECT}/") -> dict[str, bytes]:
        pages = self._client.list_objects_v2(Bucket=self._bucket, Prefix=below).get("Contents", [])
        return {item["Key"].removeprefix(below): self.read(item["Key"]) for item in pages}

    def read(self, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def trash(self) -> list[bytes]:
        return list(self.objects(f"{REPO}/.s3sync/trash/{PROJECT}/").values())

    def head(self, name: str) -> Any:
        return self._client.head_object(Bucket=self._bucket, Key=f"{REPO}/{PROJECT}/{name}")

    def replace(self, name: str, body: bytes, said: bytes) -> None:
        """As programs do that write other bytes into an object, and keep its metadata."""
        metadata = {"md5": hashlib.md5(said).hexdigest(), "uploaded-by": "jan"}
        self._client.put_object(Bucket=self._bucket, Key=f"{REPO}/{PROJECT}/{name}", Body=body, Metadata=metadata)

    def send_in_parts(self, name: str, body: bytes, part_size: int) -> None:
        """As other programs do, which say nothing of the content."""
        config = TransferConfig(multipart_threshold=part_size, multipart_chunksize=part_size)
        self._outside.upload_fileobj(io.BytesIO(body), self._bucket, f"{REPO}/{PROJECT}/{name}", Config=config)


@pytest.fixture
def office(ministack: MiniStack, tmp_path: Path) -> Iterator[Office]:
    bucket = f"kms-{uuid.uuid4().hex[:12]}"
    kms_bucket(ministack, bucket)
    with with_opaque_etags(ministack.endpoint_url) as endpoint:
        environment = {
            "AWS_ACCESS_KEY_ID": ministack.admin.access_key, "AWS_SECRET_ACCESS_KEY": ministack.admin.secret_key,
            "AWS_REGION": ministack.region, "AWS_ENDPOINT_URL": endpoint,
        }  # fmt: skip
        david, jan = pair(tmp_path, f"s3://{bucket}", dict.fromkeys(("david", "jan"), environment))
        outside = boto3.client(
            "s3", endpoint_url=endpoint, region_name=ministack.region,
            aws_access_key_id=ministack.admin.access_key, aws_secret_access_key=ministack.admin.secret_key,
        )  # fmt: skip
        yield Office(david, jan, ministack.client("admin"), outside, bucket)


@pytest.fixture
def shared(office: Office) -> Office:
    for name, body in FILES.items():
        office.david.write(name, body)
    office.david.ok("up")
    office.jan.ok("down")
    return office


def test_no_etag_says_anything_and_both_have_the_same(shared: Office) -> None:
    """Else the other tests here show nothing."""
    assert shared.head("small.txt")["ServerSideEncryption"] == "aws:kms"
    assert shared.jan.files() == shared.david.files()
    for person in (shared.david, shared.jan):
        assert set(person.states().values()) == {"in_sync"}
        assert "is not" not in person.ok("verify", "--deep").out
    (shared.david.staging / ".s3sync/state.db").unlink()
    assert set(shared.david.states().values()) == {"in_sync"}


def test_what_was_sent_or_fetched_is_freed(shared: Office) -> None:
    for person in (shared.david, shared.jan):
        person.ok("cleanup", "--local", "--yes")
        assert person.files() == {} and kept(person) == []
        person.ok("down")
        assert person.read("cut/large.mov") == LARGE


def test_f32_what_was_only_compared_goes_to_the_trash_and_stays_there(shared: Office) -> None:
    """David's computer knows nothing any more; one object holds something else than its metadata says."""
    david = shared.david
    (david.staging / ".s3sync/state.db").unlink()
    shared.replace("middle.mov", bytes(len(MIDDLE)), MIDDLE)
    david.ok("sync")
    david.ok("cleanup", "--local", "--yes")
    assert sorted(kept(david)) == sorted(FILES.values())
    david.ok("cleanup", "--local", "--yes")
    assert sorted(kept(david)) == sorted(FILES.values())


def test_f32_a_copy_of_a_file_that_is_here_is_not_one_that_was_fetched(shared: Office) -> None:
    """An object is said to hold what David has under another name, and holds nothing of it."""
    david = shared.david
    mine = os.urandom(1_500_000)
    david.write("mine.mov", mine)
    shared.replace("theirs.mov", bytes(len(mine)), mine)
    david.ok("down")
    assert david.read("theirs.mov") == mine
    (david.staging / "mine.mov").unlink()  # a duplicate, as it seems
    david.ok("cleanup", "--local", "--yes")
    assert mine in kept(david)
    david.ok("cleanup", "--local", "--yes")
    assert mine in kept(david)


def test_f32_up_copies_a_version_of_which_is_only_said_that_it_was_here(shared: Office) -> None:
    david, jans = shared.david, os.urandom(len(MIDDLE))
    shared.replace("middle.mov", jans, MIDDLE)
    david.write("middle.mov", b"david's edit")
    david.write("small.txt", b"and this")
    david.ok("up")
    assert shared.objects()["middle.mov"] == b"david's edit"
    assert shared.trash() == [jans], "and nothing of what this computer had sent itself"


def test_f32_what_is_in_the_remote_trash_stays(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a content that is elsewhere: nothing but reading it would tell."""
    david = shared.david
    david.write("again.txt", SMALL)
    (david.staging / "small.txt").unlink()
    (david.staging / "middle.mov").unlink()
    david.ok("sync")
    shared.replace("said.mov", bytes(len(MIDDLE)), MIDDLE)
    monkeypatch.setattr(trash_rules, "YOUNG", timedelta(seconds=-5))
    next_day(david)
    opened(david, size="1K").up()
    david.ok("cleanup", "--force", "--yes")
    assert {SMALL, MIDDLE} <= set(shared.trash())
    told = david.ok("trash", "empty", "--remote", "--dry-run", "--json").json
    assert {one["name"] for one in told["last_copies"]} >= {"small.txt", "middle.mov"}


def test_an_edit_goes_there_and_back_as_a_delta(shared: Office) -> None:
    david, jan = shared.david, shared.jan
    edited = LARGE[:-3] + b"end"
    david.write("cut/large.mov", edited)
    assert david.ok("up", "--json").json["bytes_sent"] < PART_SIZE
    down = jan.ok("down", "--json").json
    assert down["bytes_received"] < PART_SIZE and jan.read("cut/large.mov") == edited
    jan.ok("cleanup", "--local", "--yes")
    assert edited in kept(jan), "part of it was only said to be the same"


def test_a_large_file_of_another_program_comes_down(shared: Office) -> None:
    """It was sent in parts and no metadata tells its MD5: its ETag is of no bytes that anybody has."""
    foreign = os.urandom(2 * PART_SIZE + 777)
    shared.send_in_parts("aws/cp.mov", foreign, PART_SIZE)
    assert "-" in shared.head("aws/cp.mov")["ETag"]
    shared.jan.ok("down")
    assert shared.jan.read("aws/cp.mov") == foreign
    assert set(shared.jan.states().values()) == {"in_sync"}
