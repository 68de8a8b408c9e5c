"""The proxy counts what goes by and breaks exactly what it is told to, on servers that check signatures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, HTTPClientError

from tests.kit.proxy import Proxy
from tests.kit.servers import Server

SERVERS = [
    pytest.param("seaweedfs", marks=pytest.mark.seaweedfs),
    pytest.param("ministack", marks=pytest.mark.ministack),
]
PART = 5 * 1024 * 1024
BROKEN = (HTTPClientError, BotoCoreError, OSError)


@dataclass
class Bench:
    """A server, the proxy before it, and a client of each that tries once."""

    server: Server
    proxy: Proxy
    direct: Any
    client: Any

    def put(self, key: str, body: bytes = b"0123456789", **more: Any) -> Any:
        return self.client.put_object(Bucket=self.server.bucket, Key=key, Body=body, **more)

    def get(self, key: str, **more: Any) -> bytes:
        content: bytes = self.client.get_object(Bucket=self.server.bucket, Key=key, **more)["Body"].read()
        return content

    def stored(self, key: str) -> bytes | None:
        """What the server has, asked without the proxy."""
        try:
            content: bytes = self.direct.get_object(Bucket=self.server.bucket, Key=key)["Body"].read()
        except ClientError:
            return None
        return content


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One for all clients, as it keeps what took it time to load."""
    return boto3.Session(region_name="us-east-1")


@pytest.fixture(params=SERVERS)
def s3(request: pytest.FixtureRequest, session: boto3.Session) -> Iterator[Bench]:
    server: Server = request.getfixturevalue(request.param)
    david = server.users["david"]
    with Proxy(server.endpoint_url, {david.access_key: david.secret_key}) as proxy:
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=20)
        clients = [
            session.client("s3", aws_access_key_id=david.access_key, aws_secret_access_key=david.secret_key,
                           endpoint_url=url, config=config)
            for url in (server.endpoint_url, proxy.endpoint_url)
        ]  # fmt: skip
        yield Bench(server, proxy, *clients)


def test_every_operation_has_its_name_and_count(s3: Bench) -> None:
    bucket, client = s3.server.bucket, s3.client
    at: dict[str, Any] = {"Bucket": bucket, "Key": "names/é 1.mp4"}
    s3.put("names/é 1.mp4")
    client.head_object(**at)
    assert s3.get("names/é 1.mp4", Range="bytes=2-4") == b"234"
    client.copy_object(Bucket=bucket, Key="names/2", CopySource={"Bucket": bucket, "Key": "names/é 1.mp4"})
    client.list_objects_v2(Bucket=bucket, Prefix="names/")
    client.list_objects(Bucket=bucket, Prefix="names/")
    upload = {**at, "UploadId": client.create_multipart_upload(**at)["UploadId"]}
    etag = client.upload_part(**upload, PartNumber=1, Body=b"x" * PART)["ETag"]
    client.upload_part_copy(**upload, PartNumber=2, CopySource={"Bucket": bucket, "Key": "names/2"})
    client.list_parts(**upload)
    client.list_multipart_uploads(Bucket=bucket)
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    client.abort_multipart_upload(**{**at, "UploadId": client.create_multipart_upload(**at)["UploadId"]})
    client.put_object_tagging(**at, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "names/2"}]})
    client.delete_object(**at)
    counts = s3.proxy.counts
    assert {name: count.requests for name, count in counts.items()} == {
        "PutObject": 1, "HeadObject": 1, "GetObject": 1, "CopyObject": 1, "ListObjectsV2": 1, "ListObjects": 1,
        "CreateMultipartUpload": 2, "UploadPart": 1, "UploadPartCopy": 1, "ListParts": 1, "ListMultipartUploads": 1,
        "CompleteMultipartUpload": 1, "AbortMultipartUpload": 1, "PutObjectTagging": 1, "DeleteObjects": 1,
        "DeleteObject": 1,
    }  # fmt: skip
    assert PART < counts["UploadPart"].sent < PART + 2000
    assert 3 < counts["GetObject"].received < 2000
    assert counts["NoSuchOperation"].requests == 0
    assert s3.proxy.sent == sum(request.sent for request in s3.proxy.log)
    ranged = next(request for request in s3.proxy.log if request.range)
    assert (ranged.operation, ranged.key, ranged.status) == ("GetObject", "names/é 1.mp4", 206)
    s3.proxy.reset_counts()
    assert (s3.proxy.sent, s3.proxy.received, s3.proxy.requests, len(s3.proxy.log)) == (0, 0, 0, 0)


def test_big_bodies_pass_whole_both_ways(s3: Bench) -> None:
    content = bytes(range(256)) * 8192 * 4
    s3.put("big", content)
    assert s3.get("big") == content == s3.stored("big")
    assert s3.proxy.counts["GetObject"].received > len(content)


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests"), (409, "ConditionalRequestConflict"),
     (412, "PreconditionFailed"), (403, "ExpiredToken")],
)  # fmt: skip
def test_an_error_is_answered_in_the_servers_place(s3: Bench, status: int, code: str) -> None:
    s3.proxy.on("PutObject", key="error/*", times=1).reply(status, code)
    with pytest.raises(ClientError) as refused:
        s3.put(f"error/{code}")
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert s3.stored(f"error/{code}") is None
    s3.put(f"error/{code}")
    assert s3.stored(f"error/{code}") == b"0123456789"


def test_an_error_is_answered_although_the_server_acted(s3: Bench) -> None:
    s3.proxy.on("PutObject").reply(500, "InternalError", acted=True)
    with pytest.raises(ClientError, match="InternalError"):
        s3.put("acted")
    assert s3.stored("acted") == b"0123456789"


def test_rules_choose_by_operation_key_and_order(s3: Bench) -> None:
    rule = s3.proxy.on("PutObject", key="order/*", nth=2, times=2).reply(503, "SlowDown")
    other = s3.proxy.on("GetObject", key="nowhere").reply(503, "SlowDown")
    fate = []
    for key in ("order/1", "elsewhere", "order/2", "order/3", "order/4"):
        try:
            s3.put(key)
            fate.append("done")
        except ClientError:
            fate.append("refused")
    assert fate == ["done", "done", "refused", "refused", "done"]
    assert (rule.seen, rule.hits, other.seen) == (4, 2, 0)
    s3.proxy.on().reply(503, "SlowDown")
    s3.proxy.remove()
    assert s3.get("order/4") == b"0123456789"


@pytest.mark.parametrize("reset", [True, False])
def test_a_request_is_cut(s3: Bench, reset: bool) -> None:
    s3.proxy.on("PutObject", nth=1).cut_request_after(300_000, reset=reset)
    with pytest.raises(BROKEN):
        s3.put("cut", b"x" * 8_000_000)
    assert s3.stored("cut") is None
    assert 300_000 <= s3.proxy.counts["PutObject"].sent < 2_000_000
    s3.proxy.on("PutObject", nth=1).cut_request_after(0)
    with pytest.raises(BROKEN):
        s3.put("cut")
    assert s3.stored("cut") is None


@pytest.mark.parametrize("reset", [True, False])
def test_an_answer_is_cut(s3: Bench, reset: bool) -> None:
    s3.put("answer", b"x" * 1_000_000)
    s3.proxy.on("GetObject", nth=1).cut_response_after(1000, reset=reset)
    with pytest.raises(BROKEN):
        s3.get("answer")
    assert s3.proxy.counts["GetObject"].received < 3000


def test_an_answer_is_swallowed_after_the_server_acted(s3: Bench) -> None:
    s3.proxy.on("PutObject", nth=1).swallow_answer()
    with pytest.raises(BROKEN):
        s3.put("swallowed", IfNoneMatch="*")
    assert s3.stored("swallowed") == b"0123456789"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put("swallowed", IfNoneMatch="*")


def test_an_answer_is_short(s3: Bench) -> None:
    s3.put("short")
    s3.proxy.on("GetObject", nth=1).truncate_response(4)
    with pytest.raises(BROKEN):
        s3.get("short")
    s3.proxy.on("GetObject", nth=1).truncate_response(4, keep_length=False)
    assert s3.client.get_object(Bucket=s3.server.bucket, Key="short", Range="bytes=0-")["Body"].read() == b"0123"
    assert s3.get("short") == b"0123456789"


def test_a_bit_is_flipped(s3: Bench) -> None:
    s3.put("flip")
    s3.proxy.on("GetObject", nth=1).flip_byte(3)
    assert s3.client.get_object(Bucket=s3.server.bucket, Key="flip", Range="bytes=0-8")["Body"].read() == b"012245678"
    s3.proxy.on("PutObject", nth=1).flip_byte(3, of="request")
    with pytest.raises(ClientError):
        s3.put("flipped")
    assert s3.stored("flipped") is None


def test_a_range_is_ignored_although_it_is_signed(s3: Bench) -> None:
    s3.put("ranged é/1+1")
    s3.proxy.on("GetObject").ignore_range()
    answer = s3.client.get_object(Bucket=s3.server.bucket, Key="ranged é/1+1", Range="bytes=2-4")
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Body"].read()) == (200, b"0123456789")
    assert "range" in s3.proxy.log[-1].signed_headers


def test_conditions_are_ignored_although_they_are_signed(s3: Bench) -> None:
    s3.put("conditional")
    s3.proxy.on("PutObject").ignore_conditions()
    s3.put("conditional", b"other", IfNoneMatch="*")
    assert s3.stored("conditional") == b"other"


def test_a_signed_header_is_not_stripped_without_the_secret(s3: Bench) -> None:
    s3.put("signed")
    with pytest.raises(RuntimeError, match="the proxy failed"), Proxy(s3.server.endpoint_url) as blind:
        blind.on("GetObject").ignore_range()
        client = boto3.client("s3", endpoint_url=blind.endpoint_url, region_name=s3.server.region,
                              aws_access_key_id="A", aws_secret_access_key="B",
                              config=Config(retries={"total_max_attempts": 1}))  # fmt: skip
        with pytest.raises(ConnectionClosedError):
            client.get_object(Bucket=s3.server.bucket, Key="signed", Range="bytes=0-1")


def test_a_header_of_the_answer_is_set_or_taken_out(s3: Bench) -> None:
    s3.proxy.on("PutObject", nth=1).response_header("ETag", '"lie"')
    assert s3.put("etag")["ETag"] == '"lie"'
    s3.proxy.on("HeadObject").response_header("Last-Modified", None)
    assert "LastModified" not in s3.client.head_object(Bucket=s3.server.bucket, Key="etag")


def test_a_delay_and_a_rate_take_their_time(s3: Bench) -> None:
    s3.put("slow", b"x" * 100_000)
    s3.proxy.on("HeadObject").delay(0.3)
    s3.proxy.on("GetObject").rate(400_000)
    began = time.monotonic()
    s3.client.head_object(Bucket=s3.server.bucket, Key="slow")
    assert time.monotonic() - began >= 0.3
    began = time.monotonic()
    assert len(s3.get("slow")) == 100_000
    assert time.monotonic() - began >= 0.2


def test_somebody_acts_in_between(s3: Bench) -> None:
    def other(_: object) -> None:
        s3.direct.put_object(Bucket=s3.server.bucket, Key="between", Body=b"other")

    s3.proxy.on("PutObject", nth=1).before(other)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put("between", IfNoneMatch="*")
    s3.proxy.on("PutObject", nth=1).after(other)
    s3.put("between")
    assert s3.stored("between") == b"other"


def test_pause_holds_and_resume_lets_go(s3: Bench) -> None:
    s3.put("paused")
    s3.proxy.pause()
    answers: list[bytes] = []
    reader = threading.Thread(target=lambda: answers.append(s3.get("paused")))
    reader.start()
    s3.proxy.wait_for("GetObject")
    reader.join(0.2)
    assert answers == []
    s3.proxy.resume()
    reader.join(10)
    assert answers == [b"0123456789"]


def test_unplugged_nothing_gets_through(s3: Bench) -> None:
    s3.put("unplugged")
    s3.proxy.unplug()
    with pytest.raises(BROKEN):
        s3.get("unplugged")
    s3.proxy.resume()
    assert s3.get("unplugged") == b"0123456789"


def test_waiting_ends_with_progress_or_says_what_did_not_come(s3: Bench) -> None:
    s3.proxy.on("PutObject").rate(2_000_000)
    writer = threading.Thread(target=s3.put, args=("waited", b"x" * 1_000_000))
    writer.start()
    s3.proxy.wait_until(lambda: s3.proxy.sent > 500_000, 10)
    assert s3.proxy.counts["PutObject"].answered == 0
    s3.proxy.wait_for("PutObject", 1, answered=True)
    writer.join(10)
    with pytest.raises(TimeoutError, match="2 PutObject did not come"):
        s3.proxy.wait_for("PutObject", 2, timeout=0.1)
