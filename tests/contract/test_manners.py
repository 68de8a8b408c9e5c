"""Stores with manners of their own: other words for the same refusals, and answers that stop or are none."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from s3sync.errors import AccessDenied, NotAStore, StoreError, Unreachable, Unsupported
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.lanes import attempts, errors
from s3sync.store.port import Create
from s3sync.store.probe import Condition, Honours, check_condition
from tests.contract.proxy import Fault, Proxy, proxying
from tests.contract.stores import MIB, keys, md5, noise, on_server, put
from tests.contract.test_faults import error_xml, is_put, sent_while_refused
from tests.kit.servers import Moto


@pytest.fixture
def proxy(moto: Moto) -> Iterator[Proxy]:
    with proxying(moto.endpoint_url) as running:
        yield running


@pytest.fixture
def store(moto: Moto, proxy: Proxy) -> Store:
    behind = on_server(moto)
    return open_store(behind.url, StoreOptions(endpoint_url=proxy.url, env=behind.env))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "patience", lambda failure: min(0.5, errors.patience(failure)))


VAGUE = {
    "gcs": (400, "InvalidArgument", "Invalid argument."),
    "oss": (400, "InvalidArgument", "aws-chunked encoding is not supported with the specified x-amz-content-sha256."),
    "ceph": (400, "InvalidRequest", ""),
    "r2": (501, "NotImplemented", "STREAMING-UNSIGNED-PAYLOAD-TRAILER not implemented"),
    "old swift": (400, "BadRequest", "unsupported parameter"),
}


@pytest.mark.parametrize("said", VAGUE.values(), ids=VAGUE)
@pytest.mark.parametrize("what", ["object", "part"])
def test_f39_a_checksum_that_is_refused_without_its_name(
    store: Store, proxy: Proxy, what: str, said: tuple[int, str, str]
) -> None:
    """Content-MD5 takes its place, whatever the words."""
    sent = sent_while_refused(store, proxy, what, (said[0], error_xml(said[1], said[2])))
    assert ["content-md5" in headers for headers in sent] == [False, True, True]


def test_f39_what_is_refused_for_another_reason_says_that_reason(store: Store, proxy: Proxy) -> None:
    proxy.faults.append(Fault(is_put, times=100, answer=(400, error_xml("InvalidRequest", "the moon is full"))))
    with pytest.raises(StoreError, match="the moon is full"):
        put(store, "a")
    proxy.faults.clear()
    assert put(store, "a") == md5(b"content").hex()


EMPTY_ANSWERS = {
    "an error": error_xml("InternalError", "We encountered an internal error. Please try again."),
    "busy": error_xml("SlowDown", "Reduce your request rate."),
    "no rights": error_xml("AccessDenied", "Access Denied"),
    "the list of buckets": "<?xml version='1.0'?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
    "a web page": "<html><body>log in</body></html>",
    "nothing": "",
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("body", EMPTY_ANSWERS.values(), ids=EMPTY_ANSWERS)
def test_f39_a_listing_with_status_200_that_is_none_is_an_error(store: Store, proxy: Proxy, body: str) -> None:
    """Only listings fail: a question for a key that nobody has is answered as S3 does."""
    put(store, "p/a")
    proxy.faults.append(Fault(lambda method, path: "list-type=2" in path, times=10_000, answer=(200, body)))
    with pytest.raises(StoreError):
        keys(store)
    with pytest.raises(StoreError):
        list(store.folders(""))


@pytest.mark.usefixtures("impatient")
def test_f23_a_second_page_with_status_200_that_is_an_error(store: Store, proxy: Proxy) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: put(store, f"p/{number:05d}"), range(1001)))
    answer = (200, EMPTY_ANSWERS["an error"])
    proxy.faults.append(Fault(lambda method, path: "continuation-token" in path, times=10_000, answer=answer))
    with pytest.raises(StoreError):
        keys(store, "p/")


def test_f42_a_listing_that_stops_in_the_middle_is_asked_for_again(store: Store, proxy: Proxy) -> None:
    put(store, "a")
    proxy.faults.append(Fault(lambda method, path: "list-type=2" in path, times=2, cut_body=150))
    assert keys(store) == ["a"]


@pytest.mark.usefixtures("impatient")
def test_f42_an_answer_that_always_stops_says_so(store: Store, proxy: Proxy) -> None:
    put(store, "a")
    proxy.faults.append(Fault(lambda method, path: "list-type=2" in path, times=10_000, cut_body=150))
    with pytest.raises(StoreError) as caught:
        keys(store)
    assert caught.value.why and "ended too early" in caught.value.why


@pytest.mark.parametrize("status", [520, 522, 525])
def test_f42_a_gateway_whose_store_does_not_answer_is_waited_for(store: Store, proxy: Proxy, status: int) -> None:
    page = f"<html><body>error code: {status}</body></html>"
    put(store, "a")
    proxy.faults.append(Fault(times=2, answer=(status, page)))
    assert keys(store) == ["a"]
    proxy.faults.append(Fault(times=2, answer=(status, page)))
    put(store, "b", noise(2 * MIB))


@pytest.mark.usefixtures("impatient")
def test_f42_a_gateway_whose_store_never_answers_is_no_web_page(store: Store, proxy: Proxy) -> None:
    proxy.faults.append(Fault(times=10_000, answer=(523, "<html>error code: 523</html>")))
    for call in (lambda: keys(store), lambda: put(store, "a"), lambda: put(store, "a", noise(2 * MIB))):
        with pytest.raises(Unreachable):
            call()


ADVICE = {
    "ceph": (403, "QuotaExceeded", "", "quota"),
    "minio": (507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold.", "quota"),
    "b2": (403, "AccessDenied", "Cannot upload files, storage cap exceeded.", "quota"),
    "wasabi": (403, "AccountDisabled", "Your account has been disabled for non-payment", "provider"),
    "minio lock": (400, "InvalidRequest", "Object is WORM protected and cannot be overwritten", "retention"),
    "aws lock": (403, "AccessDenied", "Access Denied because object protected by object lock.", "retention"),
    "oss": (403, "SecondLevelDomainForbidden", "Please use virtual hosted style to access.", "addressing"),
}


@pytest.mark.parametrize("size", [9, 2 * MIB])
@pytest.mark.parametrize("case", ADVICE.values(), ids=ADVICE)
def test_b6_a_refusal_for_a_reason_of_the_store_has_advice_for_that(
    store: Store, proxy: Proxy, case: tuple[int, str, str, str], size: int
) -> None:
    status, code, message, word = case
    proxy.faults.append(Fault(is_put, times=10, answer=(status, error_xml(code, message))))
    with pytest.raises(StoreError) as caught:
        put(store, "a", noise(size))
    assert word in (caught.value.hint or "") and "s3:PutObject" not in (caught.value.hint or "")


@pytest.mark.parametrize("size", [9, 2 * MIB])
def test_b6_a_proxy_that_refuses_large_bodies_is_no_web_page(store: Store, proxy: Proxy, size: int) -> None:
    page = "<html><head><title>413 Request Entity Too Large</title></head></html>"
    proxy.faults.append(Fault(is_put, times=10, answer=(413, page)))
    with pytest.raises(StoreError) as caught:
        put(store, "a", noise(size))
    assert not isinstance(caught.value, NotAStore) and "size of a request" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [403, 405])
def test_b6_head_alone_that_is_refused_is_named(store: Store, proxy: Proxy, status: int) -> None:
    put(store, "a")
    proxy.faults.append(Fault(lambda method, path: method == "HEAD", times=10, answer=(status, "")))
    with pytest.raises(StoreError, match="HEAD is refused"):
        store.head("a")


def test_b6_head_and_get_that_are_refused_are_missing_rights(store: Store, proxy: Proxy) -> None:
    put(store, "a")
    answer = (403, error_xml("AccessDenied", "Access Denied"))
    proxy.faults.append(Fault(lambda method, path: method in ("HEAD", "GET"), times=10, answer=answer))
    with pytest.raises(AccessDenied, match="Access Denied"):
        store.head("a")


REFUSED_CONDITIONS = [(405, "MethodNotAllowed"), (501, "NotImplemented"), (400, "InvalidArgument")]


@pytest.mark.parametrize(("status", "code"), REFUSED_CONDITIONS)
def test_b3_a_condition_that_is_refused_is_known_whatever_the_code(
    store: Store, proxy: Proxy, status: int, code: str
) -> None:
    def is_conditional(method: str, path: str) -> bool:
        return method == "PUT" and bool({"if-match", "if-none-match"} & proxy.headers[-1].keys())

    proxy.faults.append(Fault(is_conditional, times=100, answer=(status, error_xml(code))))
    for condition in (Condition.CREATE, Condition.REPLACE):
        assert check_condition(store, condition, "p/.probe") is Honours.REFUSED
    with pytest.raises(StoreError) as caught:
        put(store, "a", mode=Create())
    assert status == 400 or isinstance(caught.value, Unsupported)
