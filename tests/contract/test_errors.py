"""The contract on S3: whatever goes wrong is one of our errors, says what to do, and shows no secret."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from s3sync.errors import AccessDenied, BucketMissing, CredentialsError, NotAStore, StoreError, Unreachable
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.lanes import attempts, errors
from s3sync.store.port import Headers, Overwrite
from s3sync.store.probe import check_access
from tests.contract.stores import MIB, UnderTest, noise, put, read

OPERATIONS: dict[str, Callable[[Store], object]] = {
    "list": lambda store: list(store.list("a/")),
    "head": lambda store: store.head("a/b"),
    "get": lambda store: read(store, "a/b"),
    "put": lambda store: put(store, "a/b"),
    "put large": lambda store: put(store, "a/b", noise(2 * MIB)),
    "delete": lambda store: store.delete("a/b"),
    "conditional delete": lambda store: store.delete("a/b", if_match="0" * 32),
    "copy": lambda store: store.copy("a/b", "c", source_etag="0" * 32, mode=Overwrite(), headers=None),
    "start upload": lambda store: store.start_upload("a/b", Headers()),
    "list uploads": lambda store: list(store.list_uploads("")),
}
READS = ("list", "head", "get")
WRITES = ("put", "put large", "delete", "start upload")


def fails(store: Store, operation: str, kind: type[StoreError], secrets: list[str]) -> StoreError:
    with pytest.raises(kind) as caught:
        OPERATIONS[operation](store)
    error = caught.value
    assert error.hint
    for text in (str(error), error.hint):
        assert not any(secret in text for secret in [*secrets, "Signature=", "X-Amz-", "<?xml", "<Error>", "Debug"])
    return error


def secrets_of(under_test: UnderTest) -> list[str]:
    return [under_test.env["AWS_ACCESS_KEY_ID"], under_test.env["AWS_SECRET_ACCESS_KEY"]]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_missing_bucket(s3: UnderTest, operation: str) -> None:
    assert s3.server is not None
    admin = s3.server.admin  # anybody else is refused before the bucket is looked for
    env = s3.env | {"AWS_ACCESS_KEY_ID": admin.access_key, "AWS_SECRET_ACCESS_KEY": admin.secret_key}
    store = open_store("s3://no-such-bucket-here/x", StoreOptions(env=env))
    error = fails(store, operation, BucketMissing, [admin.secret_key])
    assert "no-such-bucket-here" in str(error)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(s3: UnderTest, operation: str, wrong: str) -> None:
    s3.require("rights")
    value = s3.env[wrong][:-4] + "WXYZ"
    error = fails(s3.others(**{wrong: value}), operation, CredentialsError, [*secrets_of(s3), value])
    assert "s3://shared" in str(error)


@pytest.mark.parametrize("operation", [*READS, *WRITES])
def test_no_rights_at_all(s3: UnderTest, operation: str) -> None:
    s3.require("rights")
    assert s3.server is not None
    stranger = s3.server.environment("stranger")
    put(s3.open(), "a/b")
    fails(s3.others(**stranger), operation, AccessDenied, [*stranger.values()][:2])


@pytest.mark.parametrize("operation", WRITES)
def test_a_reader_cannot_write(s3: UnderTest, operation: str) -> None:
    s3.require("rights")
    assert s3.server is not None
    put(s3.open(), "a/b", b"content")
    reader = s3.others(**s3.server.environment("reader"))
    assert read(reader, "a/b") == b"content"
    fails(reader, operation, AccessDenied, secrets_of(s3))
    assert read(reader, "a/b") == b"content"


def test_access_report_of_a_reader(s3: UnderTest) -> None:
    s3.require("rights")
    assert s3.server is not None
    report = check_access(s3.others(**s3.server.environment("reader")), "")
    assert (report.list, report.read) == (None, None)
    assert isinstance(report.write, AccessDenied)
    assert isinstance(report.delete, AccessDenied)


def test_no_credentials() -> None:
    store = open_store("s3://b", StoreOptions(endpoint_url="http://127.0.0.1:9", env={"HOME": "/nonexistent"}))
    for operation in ("list", "put large"):
        fails(store, operation, CredentialsError, [])


def somewhere(url: str) -> Store:
    env = {"AWS_ACCESS_KEY_ID": "KEYKEYKEY", "AWS_SECRET_ACCESS_KEY": "secretsecret"}
    return open_store("s3://shared/x", StoreOptions(endpoint_url=url, env=env))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that keeps failing is given up after a second: what the libraries do by themselves is left."""
    monkeypatch.setattr(attempts, "patience", lambda failure: min(1.0, errors.patience(failure)))


@pytest.mark.timeout(90)  # bounded, and not the minutes that the libraries would go on for by themselves
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", ["list", "put large"])  # one for each lane
def test_connection_refused(operation: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = fails(somewhere(url), operation, Unreachable, ["KEYKEYKEY", "secretsecret"])
        assert url in str(error)


@pytest.mark.usefixtures("impatient")
def test_no_such_host() -> None:
    fails(somewhere("http://no-such-host.invalid"), "list", Unreachable, [])


PAGES: dict[str, tuple[int, str, bytes]] = {
    "web page": (200, "text/html", b"<html><body>Welcome</body></html>"),
    "not found page": (404, "text/html", b"<html><body>nothing here</body></html>"),
    "refusal page": (403, "text/html", b"<html>forbidden</html>"),
    "json": (200, "application/json", b'{"status": "ok"}'),
    "json error": (404, "application/json", b'{"error": "not found"}'),
    "not implemented": (501, "text/html", b"<html>Unsupported method</html>"),
}


@contextmanager
def serving(status: int, kind: str, body: bytes) -> Iterator[str]:
    """A web server that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("operation", ["list", "put", "put large", "copy", "start upload", "list uploads"])
@pytest.mark.parametrize("page", PAGES)
def test_something_that_is_not_s3(page: str, operation: str) -> None:
    with serving(*PAGES[page]) as url:
        error = fails(somewhere(url), operation, NotAStore, ["KEYKEYKEY", "secretsecret", "Welcome"])
        assert url in str(error)


def test_something_that_is_not_even_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")

        threading.Thread(target=answer, daemon=True).start()
        fails(somewhere(f"http://127.0.0.1:{server.getsockname()[1]}"), "list", NotAStore, [])
