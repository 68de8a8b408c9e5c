"""Google Cloud and Azure: answers without end, dripping, from elsewhere, or with what no server of theirs says."""

from __future__ import annotations

import gzip
import json
import socket
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from s3sync.aside import within
from s3sync.errors import ConfigError, StoreError
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.aspects import ReadsTimed, require_aspect
from s3sync.store.gcs import api
from s3sync.store.gcs.address import Address
from s3sync.store.lanes import bounded, least_rate
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.options import Wire
from tests.promises.hostile.test_wire import Answer, endless, redirect, tempting, whole, wire

pytest.importorskip("google.auth")
pytest.importorskip("azure.storage.blob")

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURE = 'x-ms-request-id: 1\r\nETag: "0x8D"\r\nLast-Modified: Mon, 03 Nov 2025 10:00:00 GMT\r\n'
ITEM = {
    "name": "a",
    "size": "1",
    "generation": "5",
    "updated": "2025-11-03T10:00:00Z",
    "md5Hash": "nd+UYSaMgDT1yFZOFVxnpg==",
}


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)


def google(url: str) -> Store:
    return open_store("gs://bucket", StoreOptions(endpoint_url=url, env={}))


def azure(url: str) -> Store:
    return open_store("az://account/container", StoreOptions(endpoint_url=url, env={"AZURE_STORAGE_KEY": KEY}))


def listed(store: Store) -> object:
    return list(store.list(""))


def timed(store: Store) -> object:
    return require_aspect(store, ReadsTimed).read_timed("a", 1 << 20).body


def uploads(store: Store) -> object:
    """Azure's library lists them."""
    return list(store.list_uploads(""))


def head_of(status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n{AZURE}".encode()


def say(body: bytes, status: str = "200 OK") -> Answer:
    told = head_of(status) + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
    return lambda connection: connection.sendall(told)


def drip(connection: socket.socket) -> None:
    connection.sendall(head_of() + b"Content-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def continues(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n")


ENDLESS: Mapping[str, Answer] = {
    "a listing": endless(head_of(), b"<a>" + b"x" * 65536),
    "an error": endless(head_of("403 Forbidden"), b"<a>" + b"x" * 65536),
    "drops": drip,
    "heads": continues,
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("opened", [google, azure])
def test_f53_an_answer_without_end_is_an_error(
    kind: str, opened: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.3)
    monkeypatch.setattr(api, "MOST_ANSWER", 1 << 20)
    with wire(ENDLESS[kind]) as server, pytest.raises(StoreError) as error:
        uploads(opened(server.url))
    assert error.value.why


ANSWERS: dict[str, tuple[bytes, str]] = {
    "a time before all times": (json.dumps({"items": [{**ITEM, "updated": "0001-01-01T00:00:00+14:00"}]}).encode(), ""),
    "a time after all times": (json.dumps({"items": [{**ITEM, "updated": "9999-12-31T23:59:59-14:00"}]}).encode(), ""),
    "no size": (json.dumps({"items": [{**ITEM, "size": "9" * 5000}]}).encode(), ""),
    "errors that are no list": (b'{"error":{"errors":{"x":1}}}', "403 Forbidden"),
    "an error without a ground": (b"[" * 200_000, "403 Forbidden"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_google_never_says_is_one_error(kind: str) -> None:
    body, status = ANSWERS[kind]
    with wire(say(body, status or "200 OK")) as server, pytest.raises(StoreError) as error:
        listed(google(server.url))
    assert error.value.why


@pytest.mark.parametrize("read", [whole, lambda store: store.head("a")], ids=["get", "head"])
@pytest.mark.parametrize("opened", [google, azure])
def test_f53_no_redirect_of_theirs_reaches_another_host(
    read: Callable[[Store], object], opened: Callable[[str], Store]
) -> None:
    with wire(tempting, "127.0.0.2") as other, wire(redirect(other.url)) as server:
        with pytest.raises(StoreError):
            read(opened(server.url))
        assert other.heard == []


def closing(status: str) -> Answer:
    return lambda connection: connection.sendall(
        f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )


@pytest.mark.parametrize("named", ["NETRC", "HOME"])
@pytest.mark.parametrize("opened", [google, azure])
def test_no_login_of_a_netrc_goes_to_a_store(
    named: str, opened: Callable[[str], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests sends the one for that host, or for any, in place of the signature: to whom a repository named."""
    path = tmp_path / (".netrc" if named == "HOME" else "mine")
    path.write_text("default login ann password hunter2\n")
    path.chmod(0o600)
    monkeypatch.setenv(named, str(tmp_path if named == "HOME" else path))
    with wire(closing("403 Forbidden")) as server:
        for ask in (uploads, listed, lambda store: store.delete("a")):
            with pytest.raises(StoreError):
                ask(opened(server.url))
        assert server.heard and not [one for one in server.heard if b"authorization: basic" in one.lower()]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("opened", [google, azure])
def test_no_authority_of_the_current_folder_vouches_for_a_store(
    variable: str, opened: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore believes those that the environment names, and takes a path without its beginning from there: a clone."""
    monkeypatch.setenv(variable, "certs")
    with pytest.raises(ConfigError, match=f"{variable} names certs"):
        whole(opened("https://127.0.0.1:9"))


def test_no_login_of_the_current_folder_signs_on_google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be one that sends a file of the user's, as a token, to whom it names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/application_default_credentials.json").write_text("{}")
    with pytest.raises(ConfigError, match="CLOUDSDK_CONFIG names mine"):
        open_store("gs://bucket", StoreOptions(env={"CLOUDSDK_CONFIG": "mine"})).head("a")


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_requests_to_azure_go_through_the_proxy_of_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lanes, whatever of the environment its library is kept from."""
    with wire(closing("403 Forbidden")) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        for ask in (uploads, listed):
            with pytest.raises(StoreError):
                ask(azure("http://store.example"))
        assert proxy.heard and all(b" http://store.example/account/container" in one for one in proxy.heard)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with wire(closing("403 Forbidden")) as server, pytest.raises(StoreError):
            uploads(azure(server.url))
        assert server.heard


def odd(store: Store) -> bytes:
    """A key that the fast library cannot name."""
    with store.get("a//b") as reader:
        return b"".join(bytes(piece) for piece in reader)


@pytest.mark.parametrize("opened", [google, azure])
def test_f42_a_file_that_drips_is_given_up(opened: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_rate, "PERIOD_S", 0.2)
    more = b"x-goog-generation: 5\r\nContent-Range: bytes 0-99999/100000\r\nx-ms-blob-type: BlockBlob\r\n"

    def drops(connection: socket.socket) -> None:
        connection.sendall(head_of("206 Partial Content" if opened is azure else "200 OK") + more)
        connection.sendall(b"Content-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    told = [say(json.dumps({**ITEM, "name": "a//b", "size": "100000"}).encode())] if opened is google else []
    with (
        wire(lambda connection: (told.pop() if told else drops)(connection)) as server,
        pytest.raises(StoreError) as no,
    ):
        odd(opened(server.url))
    assert "too slowly" in (no.value.why or "") and no.value.hint


@pytest.mark.parametrize("answer", [drip, endless(head_of(), b"x" * 65536)], ids=["drops", "without end"])
def test_f42_a_login_at_google_is_not_waited_for_without_end(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(api, "MOST_ANSWER", 1 << 20)
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.3)
    from google.oauth2.credentials import Credentials

    with wire(answer) as server:
        made = api.Api(Address("bucket", server.url), None, {}, Wire())  # type: ignore[arg-type]
        login = Credentials(  # type: ignore[no-untyped-call]
            None, refresh_token="t", token_uri=server.url, client_id="c", client_secret="s"
        )
        with pytest.raises(RequestFailed):
            login.refresh(made.transport())  # type: ignore[no-untyped-call]


def test_f42_a_login_at_azure_is_not_waited_for_without_end() -> None:
    """Whatever library asks for the token."""
    with wire(drip) as server, pytest.raises(TimeoutError):
        within(0.5, lambda: urllib.request.urlopen(server.url).read())
    assert within(5, lambda: "token") == "token"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_no_byte_more_than_was_said_is_taken_of_a_file_on_google() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head_of() + b"x-goog-generation: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")

    told: list[Any] = [answer, say(json.dumps({**ITEM, "name": "a//b"}).encode())]
    with wire(lambda connection: told.pop(0)(connection)) as server, pytest.raises(StoreError) as error:
        odd(google(server.url))
    assert error.value.why and not told


def test_no_byte_more_than_was_asked_for_is_taken_of_a_file_on_azure() -> None:
    more = b"Content-Range: bytes 0-0/1\r\nx-ms-blob-type: BlockBlob\r\n"
    with wire(endless(head_of("206 Partial Content") + more, b"x" * 65536)) as server, pytest.raises(StoreError):
        odd(azure(server.url))


@pytest.mark.parametrize("read", [odd, timed], ids=["a file", "a lock"])
def test_f53_what_a_blob_is_packed_as_is_not_unpacked(read: Callable[[Store], object]) -> None:
    """A megabyte of it would be a gigabyte, and who writes a blob says how it is packed."""
    packed = gzip.compress(bytes(1 << 20))
    more = f"Content-Range: bytes 0-{len(packed) - 1}/{len(packed)}\r\nContent-Encoding: gzip\r\n"
    told = head_of("206 Partial Content") + f"{more}Content-Length: {len(packed)}\r\n\r\n".encode() + packed
    with wire(lambda connection: connection.sendall(told)) as server:
        assert read(azure(server.url)) == packed
