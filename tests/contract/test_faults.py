"""What networks and servers do to requests: lost answers, throttling, damaged and broken bodies, slow lines."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ConnectionClosedError

from s3sync.errors import (
    AccessDenied,
    Archived,
    BucketMissing,
    ChecksumMismatch,
    ClockSkewed,
    CredentialsError,
    PreconditionFailed,
    SourceChanged,
    StoreError,
    Throttled,
    Unreachable,
)
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.lanes import attempts, errors
from s3sync.store.lanes.limiter import Limiter
from s3sync.store.port import Create, Headers, Update
from s3sync.store.s3 import client, failures
from tests.contract.proxy import ERROR, Fault, Proxy, proxying
from tests.contract.stores import MIB, UnderTest, keys, md5, noise, on_server, put, read, send
from tests.kit.servers import Moto, SeaweedFS

SIZES = [9, 2 * MIB]


@pytest.fixture
def proxy(moto: Moto) -> Iterator[Proxy]:
    with proxying(moto.endpoint_url) as running:
        yield running


@pytest.fixture
def behind(moto: Moto) -> UnderTest:
    return on_server(moto)


@pytest.fixture
def store(behind: UnderTest, proxy: Proxy) -> Store:
    return open_store(behind.url, StoreOptions(endpoint_url=proxy.url, env=behind.env))


def is_put(method: str, _: str) -> bool:
    return method == "PUT"


def error_xml(code: str, message: str = "no", more: str = "") -> str:
    return ERROR.format(code=code, message=message, more=more)


@pytest.mark.parametrize("size", SIZES)
def test_create_whose_answer_was_lost_succeeds(store: Store, proxy: Proxy, size: int) -> None:
    proxy.faults.append(Fault(is_put, lose_answer=True))
    body = noise(size)
    assert put(store, "a", body, Create()) == md5(body).hex()
    assert read(store, "a") == body


@pytest.mark.parametrize("size", SIZES)
def test_update_whose_answer_was_lost_succeeds(store: Store, proxy: Proxy, size: int) -> None:
    before = put(store, "a", b"before")
    proxy.faults.append(Fault(is_put, lose_answer=True))
    body = noise(size)
    assert put(store, "a", body, Update(before)) == md5(body).hex()


@pytest.mark.parametrize("size", SIZES)
def test_create_that_lost_after_a_broken_connection_fails(
    behind: UnderTest, store: Store, proxy: Proxy, size: int
) -> None:
    put(behind.open(), "a", b"theirs")
    proxy.faults.append(Fault(is_put, lose_answer=True))
    with pytest.raises(PreconditionFailed):
        put(store, "a", noise(size), Create())
    assert read(store, "a") == b"theirs"


def test_same_body_is_no_win_without_a_lost_answer(behind: UnderTest, store: Store) -> None:
    put(behind.open(), "a", b"same")
    with pytest.raises(PreconditionFailed):
        put(store, "a", b"same", Create())


def test_complete_whose_answer_was_lost_succeeds(seaweedfs: SeaweedFS) -> None:
    behind = on_server(seaweedfs)
    with proxying(seaweedfs.endpoint_url) as proxy:
        store = open_store(behind.url, StoreOptions(endpoint_url=proxy.url, env=behind.env))
        upload_id = store.start_upload("a", Headers())
        parts = [send(store, "a", upload_id, 1, b"only part")]
        proxy.faults.append(Fault(lambda method, path: method == "POST", lose_answer=True))
        etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
        assert store.head("a").info.etag == etag
        proxy.faults.append(Fault(lambda method, path: method == "DELETE", lose_answer=True))
        store.delete("a", if_match=etag)
        assert keys(store) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")])
def test_passing_trouble_is_waited_out(store: Store, proxy: Proxy, size: int, status: int, code: str) -> None:
    proxy.faults.append(Fault(times=3, answer=(status, error_xml(code))))
    put(store, "a", noise(size))
    proxy.faults.append(Fault(times=3, answer=(status, error_xml(code))))
    assert len(read(store, "a")) == size
    proxy.faults.append(Fault(times=3, answer=(status, error_xml(code))))
    assert keys(store) == ["a"]


def test_trouble_that_stays_is_raised(store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "patience", lambda failure: min(1.0, errors.patience(failure)))
    proxy.faults.append(Fault(times=10_000, answer=(503, error_xml("SlowDown"))))
    with pytest.raises(Throttled):
        put(store, "a")


def test_patience_begins_with_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow line a part may take many minutes: a connection that then breaks is still tried again."""
    clock, made = [0.0], [0]

    def send_slowly() -> str:
        clock[0] += 1000
        made[0] += 1
        if made[0] == 1:
            raise ConnectionClosedError(endpoint_url="http://127.0.0.1")
        return "done"

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    assert attempts.Retries(Limiter(), "https://s3.example", "write").run(send_slowly, failures.from_botocore) == "done"


def test_it_waits_with_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any time up to a limit that doubles, as docs/offline.md has it: many computers do not come back at once."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    monkeypatch.setattr(random, "uniform", draw)
    failing = iter(range(8))

    def busy() -> str:
        if next(failing, None) is not None:
            raise ConnectionClosedError(endpoint_url="http://127.0.0.1")
        return "done"

    attempts.Retries(Limiter(), "https://s3.example", "write").run(busy, failures.from_botocore)
    assert drawn == [(0, 0.2), (0, 0.4), (0, 0.8), (0, 1.6), (0, 3.2), (0, 6.4), (0, 8), (0, 8)]


FINAL = [
    (403, "RequestTimeTooSkewed", ClockSkewed),
    (400, "ExpiredToken", CredentialsError),
    (403, "SignatureDoesNotMatch", CredentialsError),
    (403, "InvalidObjectState", Archived),
    (403, "AccessDenied", AccessDenied),
    (404, "NoSuchBucket", BucketMissing),
]


@pytest.mark.parametrize(("status", "code", "kind"), FINAL)
@pytest.mark.parametrize("size", SIZES)
def test_final_errors_are_not_tried_again(
    store: Store, proxy: Proxy, status: int, code: str, kind: type[StoreError], size: int
) -> None:
    leak = "AKIAABCDEFGHIJKLMNOP https://x/?X-Amz-Signature=qxz"
    proxy.faults.append(Fault(times=10, answer=(status, error_xml(code, leak, "<StringToSign>s</StringToSign>"))))
    for call in (lambda: put(store, "a", noise(size)), lambda: read(store, "a"), lambda: store.head("a")):
        before = len(proxy.requests)
        with pytest.raises(kind) as caught:
            call()
        assert len(proxy.requests) - before <= 2
        for hidden in ("AKIA", "qxz", "StringToSign"):
            assert hidden not in str(caught.value)


@pytest.mark.parametrize("operation", ["put", "put large", "list", "head"])
def test_wrong_region_names_the_right_one(store: Store, proxy: Proxy, operation: str) -> None:
    xml = error_xml("AuthorizationHeaderMalformed", "region 'us-east-1' is wrong", "<Region>eu-west-1</Region>")
    proxy.faults.append(Fault(times=10, answer=(400, xml)))
    operations: dict[str, Callable[[], object]] = {
        "put": lambda: put(store, "a"),
        "put large": lambda: put(store, "a", noise(2 * MIB)),
        "list": lambda: keys(store),
        "head": lambda: store.head("a"),
    }
    with pytest.raises(StoreError) as caught:
        operations[operation]()
    assert "eu-west-1" in (caught.value.hint or "")


def test_a_body_that_breaks_off_is_continued(store: Store, proxy: Proxy) -> None:
    body = noise(3 * MIB)
    put(store, "a", body)
    proxy.faults.append(Fault(lambda method, path: method == "GET", times=2, cut_body=MIB))
    assert read(store, "a") == body


def test_a_body_that_ends_early_never_passes_for_whole(store: Store, proxy: Proxy) -> None:
    put(store, "a", noise(3 * MIB))
    proxy.faults.append(Fault(lambda method, path: method == "GET", times=99, cut_body=1000))
    with pytest.raises((ChecksumMismatch, Unreachable)):
        read(store, "a")


def test_bytes_damaged_on_the_way_are_not_stored(seaweedfs: SeaweedFS) -> None:
    behind = on_server(seaweedfs)
    with proxying(seaweedfs.endpoint_url) as proxy:
        store = open_store(behind.url, StoreOptions(endpoint_url=proxy.url, env=behind.env))
        proxy.faults.append(Fault(is_put, times=10_000, flip_upload=True))
        for size in SIZES:
            with pytest.raises(ChecksumMismatch):
                put(store, "a", noise(size))
        assert keys(store) == []
        upload_id = store.start_upload("b", Headers())
        with pytest.raises(ChecksumMismatch):
            send(store, "b", upload_id, 1, noise(MIB))
        store.abort_upload("b", upload_id)
        for size in SIZES:
            proxy.faults[:] = [Fault(is_put, flip_upload=True)]
            body = noise(size)
            put(store, "a", body)
            assert read(store, "a") == body, "damaged once, and sent again"


def sent_while_refused(store: Store, proxy: Proxy, what: str, refusal: tuple[int, str]) -> list[dict[str, str]]:
    """Put two objects, or two parts of one, while each CRC64NVME is refused: the headers of all requests."""

    def has_crc(method: str, path: str) -> bool:
        return method == "PUT" and "x-amz-checksum-crc64nvme" in proxy.headers[-1]

    proxy.faults.append(Fault(has_crc, times=100, answer=refusal))
    if what == "object":
        assert put(store, "a") == md5(b"content").hex()
        assert put(store, "b") == md5(b"content").hex()
    else:
        upload_id = store.start_upload("a", Headers())
        parts = [send(store, "a", upload_id, number, noise(5 * MIB)) for number in (1, 2)]
        store.complete_upload("a", upload_id, parts, mode=Create())
    return [headers for line, headers in zip(proxy.requests, proxy.headers, strict=True) if line.startswith("PUT")]


REFUSALS = {
    "names the header": (400, "InvalidArgument", "Unsupported header 'x-amz-checksum-crc64nvme' received"),
    "does not implement it": (501, "NotImplemented", "the x-amz-checksum-crc64nvme header is not implemented"),
    "wants the older one": (400, "InvalidRequest", "Missing required header for this request: Content-MD5"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("what", ["object", "part"])
def test_f39_a_checksum_that_is_refused_is_replaced_by_content_md5(
    store: Store, proxy: Proxy, what: str, refusal: tuple[int, str, str]
) -> None:
    """Each later request brings Content-MD5 at once, and none goes without any checksum."""
    status, code, message = refusal

    sent = sent_while_refused(store, proxy, what, (status, error_xml(code, message)))
    assert ["content-md5" in headers for headers in sent] == [False, True, True]
    assert ["x-amz-checksum-crc64nvme" in headers for headers in sent] == [True, False, False]


def test_f39_wrong_bytes_are_no_refusal_of_the_checksum(store: Store, proxy: Proxy) -> None:
    refused = (400, error_xml("BadDigest", "The CRC64NVME you specified did not match the calculated checksum."))
    proxy.faults.append(Fault(is_put, times=100, answer=refused))
    with pytest.raises(ChecksumMismatch):
        put(store, "a")
    assert all("content-md5" not in headers for headers in proxy.headers)


def test_f39_a_bucket_with_object_lock(moto: Moto) -> None:
    """moto lets nothing without Content-MD5 into it."""
    client = moto.client()
    client.create_bucket(Bucket="locked-by-rule", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    client.put_object_lock_configuration(
        Bucket="locked-by-rule", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    env = on_server(moto).env
    store = open_store("s3://locked-by-rule", StoreOptions(endpoint_url=moto.endpoint_url, env=env))
    for size in (0, *SIZES):
        etag = put(store, f"a-{size}", noise(size))
        put(store, f"a-{size}", noise(size + 1), Update(etag))
    upload_id = store.start_upload("large", Headers())
    etag = store.complete_upload(
        "large", upload_id, [send(store, "large", upload_id, 1, noise(5 * MIB))], mode=Create()
    ).etag
    for number in range(2):
        store.copy("large", f"copy-{number}", source_etag=etag, mode=Create(), headers=Headers())


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_b4_a_copy_that_needs_a_checksum_gets_one(store: Store, proxy: Proxy, refusal: tuple[int, str, str]) -> None:
    """Whole objects and parts; from the first refusal on each brings it at once, and none did before."""
    status, code, message = refusal
    etag = put(store, "a", noise(6 * MIB))
    before = len(proxy.headers)
    proxy.faults.append(Fault(is_put, times=1, answer=(status, error_xml(code, message))))
    store.copy("a", "b", source_etag=etag, mode=Create(), headers=None)
    upload_id = store.start_upload("c", Headers())
    store.copy_part("c", upload_id, 1, source="a", source_etag=etag, start=0, stop=5 * MIB)
    store.copy("a", "d", source_etag=etag, mode=Create(), headers=None)
    copies = [headers for headers in proxy.headers[before:] if "x-amz-copy-source" in headers]
    assert ["content-md5" in headers for headers in copies] == [False, True, True, True]


def test_a_listing_that_turns_into_a_web_page_is_an_error(behind: UnderTest, store: Store, proxy: Proxy) -> None:
    put(store, "a")
    proxy.faults.append(Fault(times=99, answer=(200, "<html><body>please log in</body></html>")))
    with pytest.raises(StoreError):
        keys(store)


def test_a_body_that_cannot_be_read_is_not_the_stores_fault(store: Store, proxy: Proxy) -> None:
    class Changing(io.BytesIO):
        def __len__(self) -> int:
            return 3 * MIB

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > MIB:
                raise SourceChanged("the file was edited")
            return super().read(size)

    with pytest.raises(SourceChanged):
        store.put("a", Changing(noise(3 * MIB)), mode=Create(), headers=Headers(), md5=md5(b""))
    assert len([request for request in proxy.requests if request.startswith("PUT")]) <= 1
    assert keys(store) == []


def test_mistakes_of_ours_are_not_taken_for_failures() -> None:
    def mistake() -> None:
        raise NameError("a mistake")

    with pytest.raises(NameError):
        attempts.Retries(Limiter(), "https://s3.example", "write").run(mistake, failures.from_botocore)


def test_a_slow_line_is_no_dead_line(store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large body takes longer than any timeout, but each piece of it does not."""
    monkeypatch.setattr(client, "READ_S", 5)
    proxy.faults.append(Fault(is_put, seconds_per_read=0.035))
    began = time.monotonic()
    put(store, "a", noise(12 * MIB))
    assert time.monotonic() - began > 5.5
    assert len([request for request in proxy.requests if request.startswith("PUT")]) == 1
