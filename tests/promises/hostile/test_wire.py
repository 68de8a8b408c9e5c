"""Servers, and who sits between, that answer without end, too slowly, from elsewhere, or with what nobody expects.

Memory and time stay bounded, nothing goes to another server, and the end is one of our errors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.errors import CredentialsError, StoreError
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.lanes import bounded, least_rate, rounds
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.obstore import lane
from s3sync.store.port import Headers, Overwrite
from s3sync.store.s3.address import Address
from s3sync.store.s3.credentials import Credentials
from tests.kit.peak import peak_mib
from tests.kit.people import Person
from tests.promises.hostile.checks import said
from tests.promises.hostile.conftest import SECRETS
from tests.promises.hostile.liar import liar

Answer = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
LAST = b'Last-Modified: Mon, 03 Nov 2025 10:00:00 GMT\r\nETag: "9dd4e461268c8034f5c8564e155c67a6"\r\n'
LISTING = b"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated>"
EMPTY_LISTING = LISTING + b"</ListBucketResult>"


@dataclass
class Wire:
    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    """The head of each request."""


@contextmanager
def wire(answer: Answer, host: str = "127.0.0.1") -> Iterator[Wire]:
    """A server that answers each connection's first request with whatever bytes `answer` sends."""
    server, told, over = socket.create_server((host, 0)), Wire(), threading.Event()
    told.url = f"http://{host}:{server.getsockname()[1]}"

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
                    head += piece
                told.heard.append(head)
                if head and not over.is_set():
                    answer(connection)
            except OSError:
                pass

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield told
    finally:
        over.set()
        server.close()


def opened(url: str, token: str | None = None, **env: str) -> Store:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLMNOP", "AWS_SECRET_ACCESS_KEY": "s" * 40}
    more = {"AWS_SESSION_TOKEN": token} if token else {}
    return open_store("s3://bucket", StoreOptions(endpoint_url=url, region="us-east-1", env={**keys, **more, **env}))


def put(store: Store) -> object:
    return store.put(
        "a", b"x", mode=Overwrite(), headers=Headers(), md5=bytes.fromhex("9dd4e461268c8034f5c8564e155c67a6")
    )


def whole(store: Store) -> object:
    return read(store, "a")


def read(store: Store, key: str) -> bytes:
    with store.get(key) as reader:
        return b"".join(reader)


REQUESTS: dict[str, Callable[[Store], object]] = {
    "list": lambda store: list(store.list("")),
    "head": lambda store: store.head("a"),
    "get": whole,
    "put": put,
    "delete with a condition": lambda store: store.delete("a", if_match="x"),
    "list parts": lambda store: list(store.list_parts("a", "id")),
}


def redirect(to: str, status: int = 307) -> Answer:
    head = (
        f"HTTP/1.1 {status} Moved\r\nLocation: {to}/stolen\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )
    return lambda connection: connection.sendall(head)


def tempting(connection: socket.socket) -> None:
    connection.sendall(OK + LAST + b"Content-Length: 4\r\nConnection: close\r\n\r\nevil")


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_f53_no_redirect_reaches_another_host(request_name: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lane._RETRY, "retry_timeout", timedelta(milliseconds=50))
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(tempting, "127.0.0.2") as other, wire(redirect(other.url, status)) as server:
        with pytest.raises(StoreError) as failed:
            REQUESTS[request_name](opened(server.url))
        assert other.heard == [] and failed.value.hint


@pytest.mark.parametrize("request_name", REQUESTS)
def test_f53_no_session_token_goes_to_another_port(request_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lane._RETRY, "retry_timeout", timedelta(milliseconds=50))
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(tempting) as other, wire(redirect(other.url)) as server:
        with pytest.raises(StoreError):
            REQUESTS[request_name](opened(server.url, token="the-session-token"))
        assert other.heard == []


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("status", [301, 303, 307, 308])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_f53_no_credentials_go_to_another_port(
    request_name: str, status: int, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast library follows a redirect within a host. What signs a request is not taken along."""
    monkeypatch.setitem(lane._RETRY, "retry_timeout", timedelta(milliseconds=50))
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(tempting) as other, wire(redirect(other.url, status)) as server:
        url = server.url if style == "path" else server.url.replace("127.0.0.1", "localhost")
        with contextlib.suppress(StoreError):
            REQUESTS[request_name](opened(url))
    for head in other.heard:
        told = head.lower()
        assert not any(name in told for name in (b"authorization", b"security-token", b"credential", b"akia", b"sss"))


@pytest.mark.parametrize(
    ("endpoint", "region", "expected"),
    [
        (None, "eu-west-1", True), (None, "cn-north-1", True), (None, "us-gov-west-1", True),
        ("https://s3.amazonaws.com", None, True), ("https://s3.dualstack.eu-west-1.amazonaws.com", None, True),
        ("https://s3-fips.us-east-1.amazonaws.com", None, True), ("https://s3-eu-west-1.amazonaws.com", None, True),
        ("https://bucket.vpce-1a2b-x.s3.us-east-1.vpce.amazonaws.com", None, True),
        ("https://x.execute-api.us-east-1.amazonaws.com", None, False),
        ("https://evil-1.eu-west-1.elb.amazonaws.com", None, False),
        ("https://ec2-1-2-3-4.compute-1.amazonaws.com", None, False),
        ("https://s3.execute-api.us-east-1.amazonaws.com", None, False),
        ("https://s3.evil.elb.amazonaws.com", None, False), ("http://s3.amazonaws.com", None, False),
        ("https://s3.amazonaws.com.evil.example", None, False),
        ("https://s3-website.eu-west-1.amazonaws.com", None, False),
    ],
)  # fmt: skip
def test_f53_customers_of_aws_are_not_aws(endpoint: str | None, region: str | None, expected: bool) -> None:
    """Redirects are followed at AWS's own S3 alone, and much below amazonaws.com answers as its tenants like."""
    assert Address("bucket", region or "us-east-1", endpoint).is_aws is expected


def endless(head: bytes, piece: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
        while True:
            connection.sendall(chunk)

    return answer


ERROR_HEAD = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\n"
ENDLESS = {
    "an error": endless(ERROR_HEAD, b"<Error>" + b"x" * 65536),
    "a listing": endless(OK, LISTING + b"<Contents><Key>" + b"k" * 65536),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("command", ["status", "up"])
def test_f53_an_answer_without_end_ends_the_command(name: str, command: str, david: Person) -> None:
    """Whatever library reads it: the limit of memory is the last one."""
    david.write("a.mp4", "one")
    david.fresh = True
    with wire(ENDLESS[name]) as server:
        david.environ = {**SECRETS, "S3SYNC_STORE": "s3://bucket", "AWS_ENDPOINT_URL": server.url}
        del david.environ["AWS_SESSION_TOKEN"]
        peak, result = peak_mib(david, 1, command)
    assert result.code == 1 and "does not end" in result.err and peak < 2000
    said(result)


SMALL_LIMIT = "from s3sync.cli import main, memory; memory.LIMIT = 75_000_000; main.main()"


def test_memory_that_no_server_took_is_not_laid_at_its_door(david: Person) -> None:
    """Here a pin file of many lines takes it."""
    david.write("a.mp4", "one")
    david.ok("up")
    david.ok("pin")
    (path,) = david.project.glob("*.lock.yaml")
    rows = (f'- {{"name": "z/{number:0200}", "size": 1, "md5": "{number:032x}"}}\n' for number in range(60_000))
    path.write_text(path.read_text() + "".join(rows))
    ended = subprocess.run(
        [sys.executable, "-P", "-c", SMALL_LIMIT, "status"], cwd=david.project, env=david.env(), capture_output=True
    )
    told = ended.stderr.decode()
    assert ended.returncode == 1 and "takes more memory than any should" in told and "endpoint_url" not in told, told
    assert "busy in s3sync." in told and "nothing is lost" in told


@pytest.mark.parametrize("measure", ["memory", "_at_most"])
def test_f53_the_limit_of_memory_needs_no_linux(measure: str) -> None:
    """`_at_most` is how other systems tell it; the memory is taken by a thread that is busy, as a library's is."""
    script = f"""
import s3sync.cli.memory as limit, time
limit.memory, limit.LIMIT = limit.{measure}, 300 << 20
limit.end_when_memory_is_out(lambda: print("ended", flush=True))
time.sleep(1)
print("here", flush=True)
taken = bytearray(b"x") * (400 << 20)
time.sleep(30)
"""
    # the shell in between: what Linux tells of a child begins with what its parent had
    words = shlex.join([sys.executable, "-c", script])
    done = subprocess.run(["sh", "-c", f"{words}; exit $?"], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout.split()) == (1, ["here", "ended"]), done


@pytest.mark.parametrize("request_name", ["delete with a condition", "list parts"])
def test_f53_an_answer_without_end_is_not_collected(request_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 1 << 20)
    for answer in ENDLESS.values():
        with wire(answer) as server, pytest.raises(StoreError, match=r"does not end|answers, but not as S3"):
            REQUESTS[request_name](opened(server.url))


@pytest.mark.parametrize("request_name", ["list", "get"])
def test_f53_an_error_of_line_breaks_is_read_in_one_go(request_name: str) -> None:
    """obstore quotes it in its text. Looking from each line to the end of all of them took hours for a megabyte."""
    with liar(lambda asked: (400, {}, b"\n" * 600_000)) as url, pytest.raises(StoreError, match="not as S3"):
        REQUESTS[request_name](opened(url))


def dripping(connection: socket.socket) -> None:
    connection.sendall(OK + LAST + b"Content-Length: 100000\r\n\r\n<")
    while True:
        time.sleep(0.2)
        connection.sendall(b"x")


@pytest.mark.parametrize("request_name", ["list", "list parts"])
def test_f42_an_answer_that_drips_is_given_up(request_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes arrive all the time, so that no wait for the next one ever ends."""
    monkeypatch.setattr(rounds, "PAGE_PATIENCE_S", 1.0)
    monkeypatch.setitem(lane._RETRY, "max_retries", 0)
    monkeypatch.setattr(bounded, "PATIENCE_S", 1.0)
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(dripping) as server, pytest.raises(StoreError):
        REQUESTS[request_name](opened(server.url))


def drops(length: int) -> Answer:
    """The beginning of an object of that length."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + LAST + b"Accept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n" % length)
        while True:
            time.sleep(0.05)
            connection.sendall(b"x")

    return answer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periods of a tenth of a second, and requests of one second."""
    monkeypatch.setattr(least_rate, "PERIOD_S", 0.1)
    for client in (lane.BODIES, lane.SHARED):
        monkeypatch.setitem(client.timeouts, "timeout", timedelta(seconds=1.5))
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)


@pytest.mark.parametrize(
    ("key", "length", "why"),
    [("a", 100_000, "too slowly"), ("a", 5_000_000, "too slowly"), ("odd//key", 100_000, "too slowly")],
    ids=["record", "file", "odd key"],
)
@pytest.mark.usefixtures("impatient")
def test_f42_an_object_that_drips_is_given_up(key: str, length: int, why: str) -> None:
    """Whichever library reads it. A file asked on for ever, as each byte was progress."""
    with wire(drops(length)) as server, pytest.raises(StoreError) as told:
        read(opened(server.url), key)
    assert why in (told.value.why or "") and told.value.hint


@pytest.mark.parametrize("if_match", [None, "e"], ids=["record", "version"])
@pytest.mark.usefixtures("impatient")
def test_f42_what_is_small_and_drips_outlasts_no_request(if_match: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up by its rate, long before the time of a whole request is over."""
    for client in (lane.BODIES, lane.SHARED):
        monkeypatch.setitem(client.timeouts, "timeout", timedelta(seconds=15))
    monkeypatch.setattr(least_rate, "LONGEST", 1000)
    with (
        wire(drops(100_000)) as server,
        pytest.raises(StoreError) as told,
        opened(server.url).get("a", if_match=if_match) as reader,
    ):
        b"".join(reader)
    assert "too slowly" in (told.value.why or "")


def begins_for_ever(connection: socket.socket) -> None:
    connection.sendall(OK + b"X-Note: ")
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


@pytest.mark.parametrize(
    ("stop", "why"), [(None, "does not answer"), (5_000_000, "too slowly")], ids=["record", "large range"]
)
def test_f42_what_stands_before_a_body_ends(stop: int | None, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte of a header is one that came, and a large piece may take half an hour."""
    assert lane.SHARED.timeouts["timeout"] <= timedelta(minutes=3)
    monkeypatch.setitem(lane.SHARED.timeouts, "timeout", timedelta(seconds=1))
    monkeypatch.setitem(lane.BODIES.timeouts, "timeout", timedelta(seconds=30))
    monkeypatch.setattr(rounds, "PAGE_PATIENCE_S", 1.0)
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(begins_for_ever) as server, pytest.raises(StoreError) as told:
        opened(server.url).get("a", stop=stop)
    assert why in (told.value.why or "")


def test_f42_a_record_on_a_thin_line_is_read_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pieces keep coming, and it is larger than what comes in the time of an answer."""
    monkeypatch.setitem(lane.SHARED.timeouts, "timeout", timedelta(seconds=1))
    monkeypatch.setattr(lane, "PERIOD_S", 0.5)

    def slowly(connection: socket.socket) -> None:
        connection.sendall(OK + LAST + b'ETag: "e"\r\nContent-Length: 20000\r\n\r\n')
        for _ in range(20):
            time.sleep(0.1)
            connection.sendall(b"x" * 1000)

    with wire(slowly) as server:
        assert read(opened(server.url), "a") == b"x" * 20_000


def test_f42_only_the_waiting_counts_and_no_thin_line_is_given_up() -> None:
    body = least_rate.LeastRate()
    for _ in range(600):
        body.took(0.9, 219)  # one of 16 that share 28 kbit/s
    for _ in range(3):
        body.took(119.0, least_rate.LEAST_BYTES)
    with pytest.raises(RequestFailed):
        for _ in range(200):
            body.took(1.0, 100)


def repeating(first: bytes, piece: bytes, pause_s: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(pause_s)

    return answer


NO_END = {
    "100 Continue": repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": repeating(b"", b"HTTP/1.1 100 Continue\r\nLink: <x>\r\n\r\n", 0.05),
    "a header's line": repeating(OK + b"X-Name: ", b"x", 0.05),
    "a trailer": repeating(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: 1\r\n"),
    "a dripping trailer": repeating(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: 1\r\n", 0.05),
}


@pytest.mark.parametrize("name", NO_END)
@pytest.mark.parametrize("request_name", ["delete with a condition", "list parts"])
def test_f53_what_stands_around_an_answer_ends_too(
    name: str, request_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "PATIENCE_S", 1.0)
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(NO_END[name]) as server, pytest.raises(StoreError, match=r"does not end|answers, but not as S3"):
        REQUESTS[request_name](opened(server.url))


@pytest.mark.parametrize("pause_s", [0.0, 0.05])
def test_f53_what_a_proxy_says_before_a_tunnel_ends_too(pause_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "PATIENCE_S", 1.0)
    monkeypatch.setattr("s3sync.store.lanes.attempts.patience", lambda failure: 0)
    with wire(repeating(b"HTTP/1.1 200 OK\r\n", b"X-Name: 1\r\n" * 100, pause_s)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(StoreError, match=r"does not end"):
            REQUESTS["list parts"](opened("https://store.example"))


def test_f53_a_token_too_long_for_a_url_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    page = LISTING.replace(b"false", b"true") + b"<NextContinuationToken>" + b"t" * 100_000
    page += b"</NextContinuationToken><Contents><Key>k</Key><Size>1</Size><ETag>x</ETag>"
    page += b"<LastModified>2025-11-03T10:00:00.000Z</LastModified></Contents></ListBucketResult>"

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(page), page))

    with wire(answer) as server, pytest.raises(StoreError):
        list(opened(server.url).list(""))


def shell(person: Person, words: str) -> subprocess.CompletedProcess[str]:
    """`s3sync` with these words, as a shell understands them."""
    line = f"{shlex.join(person.program)} {words}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=person.project,
        env=person.env(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_f41_work_goes_on_when_its_output_cannot_be_written(david: Person) -> None:
    for number in range(150):
        david.write(f"{number}.mp4", f"{number}" * 50)
    result = shell(david, "up > /dev/full")
    assert "cannot write the output" in result.stderr and result.returncode == 1
    assert david.ok("status", "--json").json["in_sync"]


def test_f41_work_goes_on_when_the_reader_leaves(david: Person) -> None:
    for number in range(3000):
        david.write(f"{number}.mp4", f"{number}")
    assert "Uploading" in shell(david, "up | head -1").stdout
    assert david.ok("status", "--json").json["in_sync"]


ROLES = {
    "a role of a web identity": {
        "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
    },
    "a role of a profile": {"AWS_PROFILE": "role"},
    "a sign-in": {"AWS_PROFILE": "sso"},
    "the computer's own role": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}"},
    "a container's role": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/keys"},
    "the computer's role, from a profile": {
        "AWS_PROFILE": "computer",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}",
    },
}


@pytest.mark.parametrize("asked", ROLES)
@pytest.mark.parametrize("kind", ["without end", "byte by byte"])
def test_f53_credentials_are_not_waited_for_without_end(
    asked: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that botocore makes for itself have bounds, too."""
    monkeypatch.setattr(bounded, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(bounded, "PATIENCE_S", 1.0)
    (tmp_path / ".aws").mkdir()
    (tmp_path / "token").write_text("token")
    keys = "aws_access_key_id = AKIA0000000000000000\naws_secret_access_key = x\nregion = us-east-1\n"
    profile = "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\nregion = us-east-1\n"
    start = "https://company.example/start"
    profile += "[profile computer]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2InstanceMetadata\n"
    profile += f"[profile sso]\nsso_start_url = {start}\nsso_region = us-east-1\nsso_account_id = 1\n"
    profile += "sso_role_name = x\nregion = us-east-1\n"
    (tmp_path / ".aws" / "config").write_text(f"{profile}[profile base]\n{keys}")
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    signed_in = {"accessToken": "t", "expiresAt": "2999-01-01T00:00:00Z", "startUrl": start, "region": "us-east-1"}
    (cache / f"{hashlib.sha1(start.encode(), usedforsecurity=False).hexdigest()}.json").write_text(
        json.dumps(signed_in)
    )
    with wire(endless(OK, b"x" * 65536) if kind == "without end" else dripping) as server:
        more = {name: value.format(home=tmp_path, url=server.url) for name, value in ROLES[asked].items()}
        env = {
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL_STS": server.url,
            "AWS_ENDPOINT_URL_SSO": server.url,
            "AWS_REGION": "us-east-1",
            **more,
        }
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {**env, "AWS_MAX_ATTEMPTS": "1"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CredentialsError, match="does not end"):
            Credentials(None, env).keys()
