"""The cost report as a mail: to a server of the test, as a page and as plain text, and what a bad server may do."""

from __future__ import annotations

import email
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.header import decode_header
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s3sync.core.money.bill import Bill
from s3sync.core.money.books import Books
from s3sync.core.money.by import By
from s3sync.core.money.month import Month
from s3sync.core.money.outlook import alarms, outlook, saving
from s3sync.core.money.shares import rate, shares, size_of, total
from s3sync.costs.letter import page, subject
from s3sync.costs.report import BillView, CostReport, PricedPlace
from s3sync.errors import S3syncError
from s3sync.team.notices import mail as mailing
from tests.kit.browser import Browser
from tests.kit.receiver import mail
from tests.scenarios.costs.conftest import Team
from tests.unit.money.examples import HALF, NOVEMBER, a_month

pytest.importorskip("apprise")
SECRET = "hunter2geheim"
EAST = ("--region", "us-east-1")


def report(one: Books, by: By = By.PROJECT, month: Month = NOVEMBER, now: float = HALF) -> CostReport:
    """The report of books, as `Costs` makes it."""
    so_far, expected = total([one], month, now), outlook([one], month, now)
    return CostReport(
        "v-appydave", month.name, False, "USD", by, shares([one], month, now, by), shares([one], month, now, By.CLASS),
        so_far, (PricedPlace(one.store, one.region, one.as_of, False),), expected, 2.0,
        tuple(alarms(so_far, month, now, (1.0, 2.0, 20.0), expected.month_end)), saving([one], month, now),
        rate([one], now, 30, lambda lot: lot.kind == "trash"), size_of([one], now, lambda lot: lot.kind == "trash"),
    )  # fmt: skip


def parts(text: str) -> tuple[Message, str, str]:
    """A mail with its plain text and its page."""
    found: Any = email.message_from_string(text, policy=default)
    assert found.get_content_type() == "multipart/alternative"
    plain, html = found.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return found, plain.get_content(), html.get_content()


def test_a_mail_has_a_page_and_a_plain_twin_and_one_address(team: Team) -> None:
    team.put("<b>&film/a.bin", 5000)
    with mail() as server:
        url = f"mailto://127.0.0.1:{server.port}?from=s3sync@example.org&to=all@example.org&cc=boss@example.org"
        told = team.david.ok(
            "cost", "--email", "team@example.com", "--by", "project", *EAST, env={"S3SYNC_NOTIFY": url}
        )
    assert "mailed to team@example.com" in told.out and server.to == ["team@example.com"]
    (got,) = server.got
    found, plain, html = parts(got)
    assert found["To"] == "team@example.com" and found["Subject"].startswith("s3sync: v-appydave costs under $0.01, ")
    assert "under $0.01 <b>&film (5.0 KB, 1 object)" in plain and "under $0.01 STANDARD" in plain
    assert "&lt;b&gt;&amp;film" in html and "<b>&film" not in html
    for lost in ("http://", "https://", "<script", "src="):
        assert lost not in html


def test_who_has_no_mail_server_or_no_address_is_told_before_anything_is_asked(team: Team) -> None:
    there = {"S3SYNC_NOTIFY": "json://127.0.0.1:9/x"}
    assert "no mail server is known" in team.david.expect(2, "cost", "--email", "a@example.com", env=there).err
    for address in (
        "a",
        "a@b@c",
        "a@example.com,b@example.com",
        "a@example.com\nBcc: b@example.com",
        "<a@example.com>",
    ):
        assert "is no mail address" in team.david.expect(2, "cost", "--email", address, env=there).err
    (team.david.repo / ".s3sync.yaml").write_text("notify: ['mailto://evil.example.com']\n")
    assert "your own settings file" in team.david.expect(2, "cost", "--email", "a@example.com").err


@contextmanager
def smtp(greets: bytes | None, drips: bool = False) -> Iterator[int]:
    """A server that says one thing to whoever connects and then nothing; or a byte from time to time for ever."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(greets or b"")
                while drips and not over.wait(0.05):
                    connection.sendall(b"2")
            except OSError:
                pass
            over.wait(20)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize(
    ("greets", "drips"),
    [(None, False), (b"2", True), (b"554 go away\r\n", False)],
    ids=["silent", "dripping", "refusing"],
)
def test_a_mail_server_that_does_not_take_it_is_told_within_bounds(
    greets: bytes | None, drips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "MAIL", replace(mailing.MAIL, connect_s=0.5, patience_s=1.5))
    began = time.monotonic()
    with smtp(greets, drips) as port, pytest.raises(S3syncError) as error:
        mailing.send_mail(f"mailto://me:{SECRET}@127.0.0.1:{port}?from=a@example.org", "b@example.com", "t", "<p>x</p>")
    assert time.monotonic() - began < 30 and SECRET not in f"{error.value} {error.value.hint}"


def test_a_mail_that_nobody_takes_is_the_commands_failure(team: Team) -> None:
    there = {"S3SYNC_NOTIFY": f"mailto://me:{SECRET}@127.0.0.1:9?from=a@example.org"}
    team.put("p/a.bin", 10)
    told = team.david.expect(1, "cost", "--email", "b@example.com", *EAST, env=there)
    assert "the mail was not sent" in told.err and "So far" in told.out and SECRET not in told.out + told.err
    found = team.david.expect(1, "cost", "--email", "b@example.com", "--json", *EAST, env=there).json
    assert found["mailed_to"] is None and found["exit_code"] == 1


def test_a_hostile_name_is_text_in_the_page_and_in_the_subject() -> None:
    one = a_month()
    lots = tuple(replace(lot, project='<script>alert(1)</script>\x1b[2J\u202e"x' * 50) for lot in one.lots)
    found = replace(report(replace(one, lots=lots)), repo="a\r\nBcc: x@example.com\u2028b\u2029c")
    html = page(found)
    assert "<script" not in html and "\x1b" not in html and "\u202e" not in html and "&lt;script&gt;" in html
    assert len(subject(found).splitlines()) == 1 and "\u2028" not in html
    encoded = subject(replace(found, repo="=?utf-8?q?=0AAll_is_well?="))
    assert [how for _, how in decode_header(encoded)] == [None]


def test_no_name_in_the_mail_becomes_a_link() -> None:
    """Programs that show mails make links of bare addresses, as chats do: a teammate names projects."""
    names = ["pay.evil.example", "https:/evil.example/x", "www.evil.mov", "cut.mov"]
    one = a_month()
    lots = tuple(replace(lot, project=names[number % len(names)]) for number, lot in enumerate(one.lots))
    shown = replace(report(replace(one, lots=lots)), repo="evil.example")
    told = page(shown) + subject(shown)
    assert "evil.example" not in told and "evil.mov" not in told and "https:/" not in told
    assert one.store in told


def test_the_page_looks_right_in_light_and_dark(browser: Browser, tmp_path: Path) -> None:
    found = report(a_month())
    bill = BillView(Bill((), "USD", estimated=True))
    path = tmp_path / "mail.html"
    path.write_text(page(replace(found, bill=bill, uncounted=2)), "utf-8")
    colours = []
    for theme in ("light", "dark"):
        opened = browser.open(path.as_uri(), theme=theme, size=(390, 844))
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than a phone"
        assert opened.locator(".big").inner_text() == "$1.48" and opened.locator(".card.alarm").count() == 1
        widths = opened.locator(".bar").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert len(widths) == 4 and widths[0] > 4 * widths[1] > 0
        colours.append(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(244, 245, 247)", "rgb(16, 21, 28)"]
    assert [url for url in browser.requests if not url.startswith("file:")] == []
