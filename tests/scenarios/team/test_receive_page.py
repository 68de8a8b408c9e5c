"""The page by which clients send files, in Chromium: files arrive as they are, and each trouble is told in words.

`RECEIVE_PICTURES=$PWD/docs/images pytest test_receive_page.py -k pictures` takes those of the docs.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3sync.api import Project
from s3sync.team.pages import receive
from tests.kit.browser import PHONE, Browser, fits_its_width, until
from tests.kit.people import Person, pair
from tests.kit.servers import SeaweedFS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.seaweedfs]
BYTES = bytes(range(256))
FILM, SOUND = BYTES * 3000, BYTES[::-1] * 500
DROP = """([name, text, size]) => {
  const given = new DataTransfer(), file = new File([text], name, {lastModified: 1700000000000});
  if (size) Object.defineProperty(file, "size", {value: size});
  Object.defineProperty(given, "items", {value: []});
  Object.defineProperty(given, "files", {value: [file]});
  const event = new Event("drop", {bubbles: true, cancelable: true});
  Object.defineProperty(event, "dataTransfer", {value: given});
  document.getElementById("drop").dispatchEvent(event);
}"""
"""Drops a file that a script made, as no browser lets a test drag one in."""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS) -> Iterator[tuple[Person, Person]]:
    """One project for all: what a test sends has names of its own."""
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receive, "PAUSE_MS", 20)
        root = tmp_path_factory.mktemp("people")
        yield pair(root, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments)


@pytest.fixture(scope="module")
def link(people: tuple[Person, Person]) -> str:
    return link_of(people[0])


def link_of(person: Person) -> str:
    project = Project.open(path=person.project, environ=person.env())
    (opened,) = project.receive(lasts=timedelta(days=2)).inboxes
    assert opened.url is not None
    return opened.url


def payload(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "video/quicktime", "buffer": data}


def choose(page: Page, *files: Any) -> None:
    page.locator("#pick").set_input_files(list(files))


def words(page: Page, name: str) -> str:
    return page.locator("li", has_text=name).locator(".words").inner_text()


def arrived(page: Page, count: int) -> None:
    until(lambda: page.locator("li.done").count() == count)


def test_files_that_are_chosen_and_dropped_arrive_as_they_are(
    people: tuple[Person, Person], link: str, browser: Browser, tmp_path: Path
) -> None:
    _, jan = people
    page = browser.open(link)
    film = tmp_path / "interview.mov"
    film.write_bytes(FILM)
    assert "Made by david" in page.locator(".origin").inner_text()
    page.get_by_label("Your name").fill("Anna <b>Müller")
    choose(page, film)
    choose(page, payload("Ton 1.wav", SOUND))
    page.evaluate(DROP, ["notes.txt", "dropped", 0])
    arrived(page, 3)
    until(lambda: page.locator("#said").inner_text() == "All 3 files have arrived. You may close this page.")
    received = [one for one in jan.ok("down", "--json").json["received"] if one["by"] == "client:Anna bMüller"]
    assert {one["sent_as"]: jan.read(one["name"]) for one in received} == {
        "interview.mov": FILM, "Ton 1.wav": SOUND, "notes.txt": b"dropped",
    }  # fmt: skip
    assert (jan.staging / "notes.txt").stat().st_mtime == 1_700_000_000


HOSTILE = "<img src=x onerror=alert(1)>\u202e'\"&.mov"


def test_a_name_that_is_markup_runs_nothing(people: tuple[Person, Person], link: str, browser: Browser) -> None:
    page = browser.open(link)
    choose(page, payload(HOSTILE, FILM))
    arrived(page, 1)
    assert page.locator("li .name").inner_text() == HOSTILE and page.locator("li img").count() == 0
    received = {one["name"]: one["by"] for one in people[1].ok("down", "--json").json["received"]}
    assert received["img src=x onerror=alert(1)-'-&.mov"] == "client:someone"


def test_what_is_too_large_is_told_before_it_is_sent(link: str, browser: Browser) -> None:
    page = browser.open(link)
    page.evaluate(DROP, ["huge.mov", "x", 6 * 1024**3])
    assert "is larger than 5 GB" in words(page, "huge.mov")
    assert page.get_by_role("button", name="Try again").count() == 0
    assert [url for url in browser.requests if "X-Amz" not in url and "favicon" not in url] == []
    assert page.locator("#said").inner_text() == "0 of 1 file sent, 1 not: see below."


def test_a_line_that_breaks_begins_again_with_the_same_key(
    people: tuple[Person, Person], link: str, browser: Browser
) -> None:
    browser.forgive("ERR_")
    page, keys = browser.open(link), list[bytes]()

    def breaking(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append((route.request.post_data_buffer or b"")[:400])
        route.abort("connectionreset") if len(keys) < 3 else route.continue_()

    page.route("**", breaking)
    choose(page, payload("broken.mov", FILM))
    arrived(page, 1)
    names = {key.split(b'name="key"')[1].split(b"\r\n")[2] for key in keys}
    assert len(keys) == 3 and len(names) == 1
    received = [one["sent_as"] for one in people[1].ok("down", "--json").json["received"]]
    assert received.count("broken.mov") == 1


def test_without_a_line_it_waits_for_one(link: str, browser: Browser) -> None:
    browser.forgive("ERR_INTERNET_DISCONNECTED")
    page = browser.open(link)
    page.context.set_offline(True)
    choose(page, payload("interview.mov", FILM))
    until(lambda: words(page, "interview.mov") == "no connection: waits for it")
    page.context.set_offline(False)
    arrived(page, 1)


REFUSALS = [
    (403, "<Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy expired.</Message></Error>",
     "This page has ended. Ask david for a new one."),
    (400, "<Error><Code>EntityTooLarge</Code></Error>", "is too large for the store"),
    (403, "<Error><Code>AccessDenied</Code></Error>", "was refused by the store (AccessDenied). Ask david."),
    (503, "<Error><Code>SlowDown</Code></Error>", "did not arrive: the connection broke."),
]  # fmt: skip


@pytest.mark.parametrize(("status", "answer", "told"), REFUSALS)
def test_a_refusal_is_told_in_words(link: str, browser: Browser, status: int, answer: str, told: str) -> None:
    browser.forgive(f"status of {status}")
    page = browser.open(link)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body=answer, content_type="application/xml")
        else:
            route.continue_()

    page.route("**", refuse)
    choose(page, payload("interview.mov", FILM))
    until(lambda: words(page, "interview.mov") == told)
    page.unroute("**")
    if page.get_by_role("button", name="Try again").count():
        page.get_by_role("button", name="Try again").click()
        arrived(page, 1)


def test_without_scripts_it_says_that_it_needs_them(link: str, browser: Browser) -> None:
    page = browser.open(link, scripts=False)
    assert "needs JavaScript" in page.locator("noscript").inner_text() and not page.locator("#drop").is_visible()


@pytest.mark.parametrize(
    ("name", "size", "theme"), [("receive", (1100, 800), "light"), ("receive-phone", PHONE, "dark")]
)
def test_pictures_of_it_fit_a_computer_and_a_phone(
    link: str, browser: Browser, tmp_path: Path, name: str, size: tuple[int, int], theme: Any
) -> None:
    page = browser.open(link, size=size, theme=theme)
    page.get_by_label("Your name").fill("Anna")
    choose(page, payload("interview.mov", FILM), payload("a_name_without_any_blank_that_is_long" * 3 + ".mov", SOUND))
    arrived(page, 2)
    page.evaluate(DROP, ["raw footage of the whole day.mov", "x", 6 * 1024**3])
    assert fits_its_width(page)
    browser.shot(page, Path(os.environ.get("RECEIVE_PICTURES", str(tmp_path))) / f"{name}.png")
