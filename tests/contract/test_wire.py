"""How requests reach the store, and what they ask for besides, is the settings' to say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from s3sync.errors import ConfigError, StoreError, Throttled, Unreachable
from s3sync.store import Store, StoreOptions, Wire, open_store
from s3sync.store.port import Create, Headers, Overwrite
from s3sync.store.s3.address import find_address
from s3sync.store.s3.credentials import Profile
from tests.contract.proxy import ERROR, Fault, Proxy, proxying
from tests.contract.stores import MIB, noise, on_server, put, read, send
from tests.kit.servers import Moto, free_ports

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KMS = Wire(sse="aws:kms", kms_key_id=KEY)


@pytest.fixture
def proxy(moto: Moto) -> Iterator[Proxy]:
    with proxying(moto.endpoint_url) as running:
        yield running


@pytest.fixture
def opened(moto: Moto, proxy: Proxy) -> Callable[[Wire], Store]:
    behind = on_server(moto)
    options = StoreOptions(endpoint_url=proxy.url, env=behind.env)
    return lambda wire: open_store(behind.url, replace(options, wire=wire))


def write_everything(store: Store) -> None:
    etag = put(store, "small")
    put(store, "large", noise(2 * MIB))
    store.copy("small", "copy", source_etag=etag, mode=Overwrite(), headers=None)
    upload_id = store.start_upload("parts", Headers())
    store.complete_upload("parts", upload_id, [send(store, "parts", upload_id, 1, noise(5 * MIB))], mode=Create())


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (Wire(sse="AES256"), {"x-amz-server-side-encryption": "AES256"}),
        (
            KMS,
            {"x-amz-server-side-encryption-aws-kms-key-id": KMS.kms_key_id, "x-amz-server-side-encryption": "aws:kms"},
        ),
        (Wire(acl="bucket-owner-full-control"), {"x-amz-acl": "bucket-owner-full-control"}),
    ],
)
def test_b7_every_object_is_written_with_what_the_bucket_demands(
    opened: Callable[[Wire], Store], proxy: Proxy, wire: Wire, expected: dict[str, str]
) -> None:
    """As for a bucket whose policy denies any upload without the header."""
    write_everything(opened(wire))
    asked = [
        headers
        for line, headers in zip(proxy.requests, proxy.headers, strict=True)
        if (line.startswith("PUT") and "partNumber" not in line)
        or (line.startswith("POST") and line.endswith("?uploads"))
    ]
    assert len(asked) == 4 and all(expected.items() <= headers.items() for headers in asked)


def test_b7_whoever_pays_says_so_in_each_request(opened: Callable[[Wire], Store], proxy: Proxy) -> None:
    store = opened(Wire(request_payer="requester"))
    write_everything(store)
    assert read(store, "small") and list(store.list(""))
    store.head("large")
    assert {headers.get("x-amz-request-payer") for headers in proxy.headers} == {"requester"}


def test_b7_the_bucket_stands_in_the_host_or_in_the_path() -> None:
    def base(endpoint: str | None, addressing: str | None) -> str:
        options = StoreOptions(endpoint_url=endpoint, region="eu-west-1", env={}, wire=Wire(addressing=addressing))
        return find_address("film", options, Profile(None, {})).base

    assert base("https://s3.example.com:8443", None) == "https://s3.example.com:8443"
    assert base("https://s3.example.com:8443", "virtual") == "https://film.s3.example.com:8443"
    assert base(None, None) == "https://film.s3.eu-west-1.amazonaws.com"
    assert base(None, "path") == "https://s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("retries", [0, 2])
def test_b7_retries_are_bounded_by_number(opened: Callable[[Wire], Store], proxy: Proxy, retries: int) -> None:
    busy = (503, ERROR.format(code="SlowDown", message="slower", more=""))
    proxy.faults.append(Fault(lambda method, path: method == "PUT", times=100, answer=busy))
    with pytest.raises(Throttled):
        put(opened(Wire(retries=retries)), "a")
    assert len(proxy.requests) == retries + 1


@pytest.mark.parametrize("operation", ["small", "large"])
def test_b6_a_dead_proxy_is_named(moto: Moto, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    wire = Wire(proxy="http://user:hidden@127.0.0.1:9")
    store = open_store("s3://b", StoreOptions(endpoint_url=moto.endpoint_url, env=on_server(moto).env, wire=wire))
    with pytest.raises(Unreachable) as failed:
        put(store, "a", noise(9 if operation == "small" else 2 * MIB))
    said = f"{failed.value} {failed.value.why} {failed.value.hint}"
    assert "127.0.0.1:9" in said and "check the proxy, which the setting proxy names" in said and "hidden" not in said
    assert "Error" not in said


@pytest.mark.parametrize("operation", ["small", "large", "copy"])
def test_an_accelerated_bucket_is_asked_at_the_nearest_location(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a proxy sees it, of both lanes; whatever else the settings say is for the region."""
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    asked: list[str] = []
    with strict_proxy(asked) as address:
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
        wire = Wire(proxy=f"http://{address}", accelerate=True)
        store = open_store("s3://film", StoreOptions(region="eu-west-1", env=keys, wire=wire))
        with pytest.raises(Unreachable):
            if operation == "copy":
                store.copy("a", "b", source_etag="x", mode=Overwrite(), headers=None)
            else:
                put(store, "a", noise(9 if operation == "small" else 2 * MIB))
    assert set(asked) == {"film.s3-accelerate.amazonaws.com:443"}


@pytest.mark.parametrize(
    ("bucket", "region", "endpoint", "addressing", "why"),
    [
        ("our.film", "eu-west-1", None, None, "without a dot"),
        ("film", "cn-north-1", None, None, "does not have it in cn-north-1"),
        ("film", "us-gov-west-1", None, "virtual", "does not have it in us-gov-west-1"),
        ("film", "eu-west-1", "https://minio.example.com", None, "on https://minio.example.com, and only AWS"),
        ("film", "eu-west-1", None, "path", "`addressing: path` asks for another place"),
    ],
)
def test_acceleration_where_there_is_none(
    bucket: str, region: str, endpoint: str | None, addressing: str | None, why: str
) -> None:
    wire = Wire(accelerate=True, addressing=addressing)
    with pytest.raises(ConfigError, match="acceleration is not possible here") as failed:
        open_store(f"s3://{bucket}", StoreOptions(region=region, endpoint_url=endpoint, env={}, wire=wire))
    assert why in (failed.value.why or "") and "take `accelerate` out" in (failed.value.hint or "")


@pytest.mark.parametrize("word", ["not configured", "disabled"])
def test_a_bucket_without_acceleration_is_told(opened: Callable[[Wire], Store], proxy: Proxy, word: str) -> None:
    """In AWS's own words, which both come as InvalidRequest."""
    said = f"S3 Transfer Acceleration is {word} on this bucket"
    refusal = (400, ERROR.format(code="InvalidRequest", message=said, more=""))
    proxy.faults.append(Fault(lambda method, path: True, times=10, answer=refusal))
    with pytest.raises(StoreError) as failed:
        put(opened(Wire()), "a")
    assert "take `accelerate` out" in (failed.value.hint or "")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("login", ["", "user:hidden@"])
@pytest.mark.parametrize("operation", ["small", "large"])
def test_b6_a_proxy_that_wants_a_password_is_asked_about_it(
    operation: str, login: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with strict_proxy() as address:
        options = StoreOptions(
            endpoint_url=f"{scheme}://s3.example.com",
            region="us-east-1",
            env={"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"},
            wire=Wire(proxy=f"http://{login}{address}"),
        )
        with pytest.raises(Unreachable) as failed:
            put(open_store("s3://film", options), "a", noise(9 if operation == "small" else 2 * MIB))
    said = f"{failed.value} {failed.value.why} {failed.value.hint}"
    assert "the proxy" in said and "hidden" not in said
    if scheme == "http" or operation == "large":
        assert "user name and password" in said and "USER:PASSWORD" in said


@contextmanager
def strict_proxy(asked: list[str] | None = None) -> Iterator[str]:
    """A proxy that lets nobody through, at this host and port; where they want to go is noted in `asked`."""

    class Handler(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            if asked is not None:
                asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="corp"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_HEAD = do_POST = do_CONNECT = refuse  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("given", ["https://s3.example.com/film", "https://film.s3.example.com", "http://h:1/x/film/"])
def test_b6_an_endpoint_with_the_bucket_in_it_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="has the bucket film in it"):
        open_store("s3://film/prefix", StoreOptions(endpoint_url=given, env={}))


@pytest.mark.parametrize("bundle", ["/nowhere/ca.pem", "/dev/zero", "/"])
def test_b6_authorities_that_are_no_file_are_named(moto: Moto, bundle: str) -> None:
    env = {**on_server(moto).env, "AWS_CA_BUNDLE": bundle}
    store = open_store("s3://b", StoreOptions(endpoint_url=moto.endpoint_url, env=env))
    for call in (lambda: list(store.list("")), lambda: put(store, "a"), lambda: put(store, "a", noise(2 * MIB))):
        with pytest.raises(ConfigError, match="AWS_CA_BUNDLE names"):
            call()


@pytest.mark.parametrize(
    "content", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_b6_a_file_without_authorities_is_named(moto: Moto, tmp_path: Path, content: bytes) -> None:
    """It said of the server that its certificate is not trusted, and to run the command again."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(content)
    for wire, env, name in (
        (Wire(), {"AWS_CA_BUNDLE": str(bundle)}, "AWS_CA_BUNDLE"),
        (Wire(ca_bundle=str(bundle)), {}, "the setting ca_bundle"),
    ):
        options = StoreOptions(endpoint_url=moto.endpoint_url, env={**on_server(moto).env, **env}, wire=wire)
        with pytest.raises(ConfigError, match=f"{name} names .*ca.pem") as failed:
            list(open_store("s3://film", options).list(""))
        assert "there is no certificate in it" in (failed.value.why or "")


@pytest.mark.parametrize("size", [9, 2 * MIB])
def test_b6_https_to_a_server_without_it_is_told(moto: Moto, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    endpoint = moto.endpoint_url.replace("http://", "https://")
    store = open_store("s3://film", StoreOptions(endpoint_url=endpoint, env=on_server(moto).env))
    with pytest.raises(Unreachable) as failed:
        put(store, "a", noise(size))
    said = f"{failed.value.why} {failed.value.hint}"
    assert "does not speak TLS" in said and ("http://" in said or "ca_bundle" in said)
