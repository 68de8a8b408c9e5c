"""The server of the dashboard by raw sockets: who gets an answer, what is in it, and how often it looks."""

from __future__ import annotations

import hmac
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from s3sync.dashboard.live import Live
from s3sync.dashboard.serve import MOST_AT_ONCE, MOST_HEAD, Served, serving
from s3sync.dashboard.values import Dashboard, ShownProject
from s3sync.errors import LocalError, Unreachable
from tests.kit.boards import many
from tests.kit.browser import until


class Looks:
    """Looks of a live dashboard, which are counted; `now` is what the next one finds."""

    def __init__(self) -> None:
        self.count = self.at_once = self.most = 0
        self.now: Dashboard | Exception = many(3)
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self) -> Dashboard:
        self.count, self.at_once = self.count + 1, self.at_once + 1
        self.most = max(self.most, self.at_once)
        try:
            assert self.go_on.wait(60)
            if isinstance(self.now, Exception):
                raise self.now
            return self.now
        finally:
            self.at_once -= 1


@pytest.fixture
def looks() -> Looks:
    return Looks()


@contextmanager
def served(looks: Looks, every_s: float = 600) -> Iterator[Served]:
    with Live(looks, every_s) as live, serving(live) as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(Looks()) as found:
        yield found


def port_of(server: Served) -> int:
    return int(server.url.split(":")[2].split("/")[0])


def path_of(server: Served) -> str:
    return "/" + server.url.split("/", 3)[3]


def raw(server: Served, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and read the answer to its end."""
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(1 << 16):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.\d (\d{3})", first)
    return int(found[1]) if found else 0, dict(line.split(": ", 1) for line in lines), body


def get(
    server: Served, path: str, *, host: str | None = None, method: str = "GET", more: str = ""
) -> tuple[int, dict[str, str], bytes]:
    host = f"127.0.0.1:{port_of(server)}" if host is None else host
    return raw(server, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n".encode())


def test_the_page_and_its_data_are_at_the_whole_address(server: Served) -> None:
    code, headers, body = get(server, path_of(server))
    assert code == 200 and headers["Content-Type"].startswith("text/html") and b"b0002" in body
    code, headers, body = get(server, path_of(server) + "data.json")
    board = json.loads(body)
    assert (code, board["refresh_s"], len(board["repositories"][0]["projects"])) == (200, 600.0, 3)
    etag = headers["ETag"]
    page = get(server, path_of(server))[2].decode()
    key = bytes.fromhex(re.findall(r'id="key">"([0-9a-f]{64})"<', page)[0])
    signed = hmac.digest(key, f"200 {board['made_at']}\n".encode() + body, "sha256").hex()
    assert headers["S3sync-Signed"] == signed and key.hex() not in server.url
    code, headers, body = get(server, path_of(server) + "data.json", more=f"If-None-Match: {etag}\r\n")
    assert headers["S3sync-Signed"] == hmac.digest(key, f"304 {board['made_at']}\n".encode(), "sha256").hex()
    assert (code, body, headers["S3sync-Made-At"]) == (304, b"", board["made_at"])
    code, headers, body = get(server, path_of(server), method="HEAD")
    assert (code, body) == (200, b"") and int(headers["Content-Length"]) > 10_000
    port = port_of(server)
    assert get(server, path_of(server), host=f"localhost:{port}")[0] == 200


def test_without_the_token_there_is_nothing(server: Served) -> None:
    token = path_of(server).strip("/")
    assert len(token) >= 43
    for path in (
        "/",
        "/data.json",
        "//data.json",
        f"/{token}",
        f"/{token[:-1]}/",
        f"/{token}x/",
        f"/x/../{token}/",
        f"/{token}/../",
        f"/{token}/data.json?x",
        f"/{token}//",
        f"/{token}/etc/passwd",
        f"/{token.swapcase()}/",
        "/é/",
        "/%00/",
        f"http://127.0.0.1:{port_of(server)}/{token}/",
        f"x{token}/",
    ):
        code, _, body = get(server, path)
        assert code in (400, 404) and b"b0002" not in body and token.encode() not in body, path


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil:{port}",
        "127.0.0.1:{port}.evil",
        "[::1]:{port}",
        "",
        "0.0.0.0:{port}",
        "user@127.0.0.1:{port}",
    ],
)
def test_a_page_of_another_name_gets_nothing(server: Served, host: str) -> None:
    """DNS rebinding: the name of a foreign page leads here, and its browser says that name."""
    code, _, body = get(server, path_of(server), host=host.format(port=port_of(server)))
    assert code == 421 and b"b0002" not in body


def test_no_host_and_two_hosts_get_nothing(server: Served) -> None:
    path, ours = path_of(server), f"Host: 127.0.0.1:{port_of(server)}\r\n"
    for head in ("", f"{ours}Host: evil.example\r\n", f"Host: evil.example\r\n{ours}"):
        code, _, body = raw(server, f"GET {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        assert code == 421 and b"b0002" not in body
    code, _, body = raw(server, f"GET {path} HTTP/1.0\r\n\r\n".encode())
    assert code == 421 and b"b0002" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_it_can_only_be_read(server: Served, method: str) -> None:
    code, headers, body = get(server, path_of(server), method=method)
    assert code == 405 and headers["Allow"] == "GET, HEAD" and b"b0002" not in body


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"\r\n" * 50,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_request_ends_and_the_next_one_works(server: Served, request_: bytes) -> None:
    with suppress(ConnectionError):  # it may be closed before all was sent
        assert raw(server, request_)[0] in (0, 400, 404, 414, 421, 431, 505)
    assert get(server, path_of(server))[0] == 200


def test_a_head_is_of_bounded_length_however_few_lines_it_has(server: Served) -> None:
    """Python takes 100 lines of 64 KiB, of which some become a hundred times as much memory."""
    for length, code in ((MOST_HEAD, 421), (MOST_HEAD + 1, 431)):
        lines = b"A: " + b"b" * 60_000 + b"\r\nB: "
        lines += b"c" * (length - len(lines) - 4) + b"\r\n\r\n"
        assert raw(server, b"GET / HTTP/1.1\r\n" + lines)[0] == code
    cookies = "Cookie: " + "a=b; " * 10_000 + "\r\n"
    assert get(server, path_of(server), more=cookies)[0] == 200, "a browser's, of other programs at this address"


def test_every_answer_may_not_be_framed_kept_or_read_by_others(server: Served) -> None:
    for code, headers, _ in (
        get(server, path_of(server)),
        get(server, "/"),
        get(server, "/", host="evil"),
        get(server, "/", method="POST"),
        raw(server, b"GET / HTTP/9.9\r\n\r\n"),
    ):
        assert code and headers["Cache-Control"] == "no-store" and headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert (
            "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            and "unsafe" not in headers["Content-Security-Policy"]
        )
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin" and headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers and "Server" not in headers


def connected(server: Served, held: ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", port_of(server)), timeout=30))


def test_of_more_connections_than_it_answers_at_once_the_oldest_are_closed_and_it_lives_on(looks: Looks) -> None:
    """A server of its own: on the others' an answer to the test before may still be ending."""
    with served(looks) as server:
        with ExitStack() as held:
            silent = [connected(server, held) for _ in range(MOST_AT_ONCE + 4)]
            assert [one.recv(1) for one in silent[:4]] == [b""] * 4
        until(lambda: get(server, path_of(server))[0] == 200)


def test_strangers_who_hold_all_connections_keep_nobody_out_who_has_the_address(looks: Looks) -> None:
    """Each sends a byte now and then, so that none of them is ever silent for long."""
    with served(looks) as server, ExitStack() as held:
        request = f"HEAD {path_of(server)} HTTP/1.1\r\nHost: 127.0.0.1:{port_of(server)}\r\n\r\n".encode()
        own = connected(server, held)
        own.sendall(request)
        assert head_of(own).startswith(b"HTTP/1.1 200")
        for one in [connected(server, held) for _ in range(2 * MOST_AT_ONCE)]:
            with suppress(OSError):
                one.sendall(b"G")
        assert get(server, path_of(server))[0] == 200
        own.sendall(request)
        assert head_of(own).startswith(b"HTTP/1.1 200"), "a page that is open stays connected"


def head_of(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n") and (chunk := connection.recv(1)):
        head += chunk
    return head


def test_it_is_reached_on_this_computer_alone(server: Served) -> None:
    for family, address in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as connection, pytest.raises(OSError):
            connection.settimeout(5)
            connection.connect((address, port_of(server)))


def test_a_port_that_is_taken_is_said(server: Served, looks: Looks) -> None:
    with (
        pytest.raises(LocalError, match="cannot serve on port"),
        Live(looks, 5) as live,
        serving(live, port_of(server)),
    ):
        pass


def test_the_port_of_one_that_has_just_ended_is_free(looks: Looks) -> None:
    """The system remembers for a minute the connections that a server has closed."""
    with served(looks) as first, ExitStack() as held:
        port, own = port_of(first), connected(first, held)
        own.sendall(b"no request\r\n\r\n")
        while own.recv(1 << 16):
            pass
    with Live(looks, 600) as live, serving(live, port) as second:
        assert get(second, path_of(second))[0] == 200


def test_one_look_at_a_time_and_none_while_nobody_asks(looks: Looks) -> None:
    with served(looks, every_s=0.05) as server:
        assert looks.count == 1
        looks.go_on.clear()
        get(server, path_of(server))
        until(lambda: looks.count == 2)
        for _ in range(8):
            assert get(server, path_of(server) + "data.json")[0] == 200, "it is answered with what is known"
        assert (looks.count, looks.most) == (2, 1)
        looks.go_on.set()
        until(lambda: looks.count == 3 and looks.at_once == 0)
        assert looks.most == 1
    count = looks.count
    assert count == 3, "nobody asked since"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unreachable("the store cannot be reached", why="no network"), "the store cannot be reached: no network"),
        (OSError(5, "Input/output error"), "it could not be looked at: OSError: [Errno 5] Input/output error"),
        (ValueError("odd"), "it could not be looked at: ValueError: odd"),
    ],
    ids=["of the store", "of a disk", "of ours"],
)
def test_a_look_that_fails_is_told_beside_what_was_known(looks: Looks, error: Exception, said: str) -> None:
    with served(looks, every_s=0.05) as server:
        looks.now = error

        def told() -> dict[str, object]:
            found: dict[str, object] = json.loads(get(server, path_of(server) + "data.json")[2])["repositories"][0]
            return found

        until(lambda: told()["problem"] == said)
        assert len(told()["projects"]) == 3  # type: ignore[arg-type]
        board = many(3)
        board.repositories[0].projects.append(ShownProject("new-one"))
        looks.now = board
        until(lambda: told()["problem"] is None)


def test_the_door_is_a_private_file_that_leads_to_the_address(server: Served, tmp_path: Path) -> None:
    with server.door({"XDG_DATA_HOME": str(tmp_path)}) as door:
        assert server.url in door.read_text() and door.stat().st_mode & 0o077 == 0
    assert not door.exists()
