"""Review pages in Chromium: opened by their links, played, looked at on a phone and in the dark, and attacked.

With PAGE_PICTURES=docs/images the pictures of the documents are written anew.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3sync.team.pages.ffmpeg import find_ffmpeg
from tests.kit.browser import PHONE, Browser, fits_its_width, until
from tests.kit.films import film
from tests.kit.people import Person, pair
from tests.kit.servers import SeaweedFS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.seaweedfs

FILES = {
    "cut/draft 3.mp4": "pretty.mp4",
    "cut/grade.mov": "prores.mov",
    "mix.wav": "pretty.wav",
    "still.jpg": "still.jpg",
}


@pytest.fixture
def people(tmp_path: Path, seaweedfs: SeaweedFS) -> tuple[Person, Person]:
    environments = {name: seaweedfs.environment(name) for name in ("david", "jan")}
    return pair(tmp_path, f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", environments)


def shared(person: Person, *words: str) -> dict[str, Any]:
    report: dict[str, Any] = person.ok("share", *words, "--page", "--json").json
    return report


def card(page: Page, name: str) -> Any:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=name, exact=True))


def play(page: Page, media: Any) -> None:
    """Play it for real: it goes on by itself from its beginning."""
    media.evaluate("media => { media.muted = true; return media.play(); }")
    until(lambda: media.evaluate("media => media.currentTime > 0.2"))


def brightness(page: Page, kind: str) -> int:
    """Brightness of a colour of the page, 0 to 765."""
    found = page.evaluate(f"getComputedStyle(document.body).{kind}")
    return sum(map(int, found[4:-1].split(",")))


def loaded(page: Page) -> bool:
    """Whether each player knows its file."""
    return bool(page.locator("video, audio").evaluate_all("all => all.every(one => one.readyState > 0)"))


def keep(browser: Browser, page: Page, tmp_path: Path, name: str) -> None:
    until(lambda: loaded(page))
    browser.shot(page, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 5_000
    if folder := os.environ.get("PAGE_PICTURES"):
        smaller = "scale=iw*0.7:-1:flags=lanczos,split[a][b];[a]palettegen=128[p];[b][p]paletteuse=dither=none"
        argv = [find_ffmpeg() or "", "-y", "-loglevel", "error", "-i", str(tmp_path / name)]
        subprocess.run([*argv, "-vf", smaller, str(Path(folder) / name)], check=True)


def test_a_client_plays_sees_and_saves_what_was_shared(
    people: tuple[Person, Person], browser: Browser, tmp_path: Path
) -> None:
    david, _ = people
    for name, kind in FILES.items():
        david.write(name, film(kind))
    david.write("notes.pdf", "no page of text")
    david.ok("up")
    url = shared(david, *FILES, "notes.pdf", "--title", "Second cut for the client", "--expires", "2d")["page"]["url"]
    page = browser.open(url)
    assert page.get_by_role("heading", level=1).inner_text() == "Second cut for the client"
    assert "david" in page.locator(".origin").inner_text()
    ends = datetime.now(UTC) + timedelta(days=2)
    assert str(ends.year) in page.locator(".origin time").inner_text()
    draft = card(page, "cut/draft 3.mp4")
    video = draft.locator("video")
    assert video.get_attribute("poster").startswith("data:image/jpeg")
    assert draft.locator(".told").is_hidden()
    play(page, video)
    assert video.evaluate("film => [film.videoWidth, film.videoHeight]") == [640, 360]
    color = card(page, "cut/grade.mov")
    assert color.locator("video").count() == 0 and color.locator("img.still").count() == 1
    assert "Browsers cannot play this film (ProRes)" in color.locator(".told").inner_text()
    mix = card(page, "mix.wav")
    wave = mix.locator("svg.wave")
    assert wave.locator("path").first.get_attribute("d").count("M") > 100
    assert wave.bounding_box()["height"] > 40
    play(page, mix.locator("audio"))
    until(lambda: float(wave.locator(".played").get_attribute("width")) > 0)
    box = wave.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 10)
    until(lambda: mix.locator("audio").evaluate("sound => sound.currentTime / sound.duration > 0.7"))
    still = card(page, "still.jpg").locator("img")
    still.scroll_into_view_if_needed()
    until(lambda: still.evaluate("picture => picture.naturalWidth === 320"))
    for name, kind in FILES.items():
        with page.expect_download() as saved:
            card(page, name).get_by_role("link", name=f"Download {name}", exact=True).click()
        assert saved.value.suggested_filename == Path(name).name
        assert saved.value.path().read_bytes() == film(kind)
    host = url.split("/")[2]
    assert {one.split("/")[2] for one in browser.requests if not one.startswith("data:")} == {host}
    assert fits_its_width(page)
    page.locator("video, audio").evaluate_all("all => all.forEach(one => one.pause())")
    keep(browser, page, tmp_path, "review-page.png")


def test_a_film_that_some_browsers_play_says_so_until_it_does(people: tuple[Person, Person], browser: Browser) -> None:
    david, _ = people
    david.write("phone.mp4", film("hevc.mp4"))
    david.ok("up")
    page = browser.open(shared(david, "phone.mp4")["page"]["url"])
    phone = card(page, "phone.mp4")
    film_of, told = phone.locator("video"), phone.locator(".told")
    assert "Not every browser can play this film (HEVC (H.265))" in told.text_content()
    until(lambda: film_of.evaluate("film => film.error !== null || film.readyState > 0"))
    plays = film_of.evaluate("film => film.videoWidth > 0")
    until(lambda: told.is_hidden() == plays)


def test_in_the_dark_and_on_a_phone(people: tuple[Person, Person], browser: Browser, tmp_path: Path) -> None:
    david, _ = people
    for name, kind in FILES.items():
        david.write(name, film(kind))
    long = "shots/" + "A001C003_" * 20 + "graded.mp4"
    david.write(long, film("h264.mp4"))
    david.ok("up")
    url = shared(david, *FILES, "--title", "Second cut for the client")["page"]["url"]
    for theme, is_dark in (("light", False), ("dark", True)):
        page = browser.open(url, theme=theme, size=PHONE)
        assert fits_its_width(page) and page.evaluate("innerWidth") == PHONE[0]
        ground, ink = (brightness(page, kind) for kind in ("backgroundColor", "color"))
        assert (ground < 150 < 600 < ink) if is_dark else (ink < 150 < 600 < ground)
        assert card(page, "mix.wav").get_by_role("link").bounding_box()["height"] >= 32
        if not is_dark:
            keep(browser, page, tmp_path, "review-page-phone.png")
    keep(browser, browser.open(url, theme="dark"), tmp_path, "review-page-dark.png")
    assert fits_its_width(browser.open(shared(david, long, *FILES)["page"]["url"], size=PHONE))


def test_no_name_runs_anything(people: tuple[Person, Person], browser: Browser) -> None:
    david, _ = people
    names = [
        "<img src=x onerror=alert(1)>.mp4",
        "\"' onmouseover=alert(2) x='.wav",
        "javascript:alert(3).jpg",
        "<script>alert(4)<∕script>.mov",
        "&lt;svg onload=alert(5)&gt;.txt",
        "cut \u202e4pm.exe",
    ]
    kinds = {".mp4": "h264.mp4", ".wav": "sound.wav", ".jpg": "still.jpg", ".mov": "prores.mov"}
    for name in names:
        kind = kinds.get(name[-4:])
        david.write(name, film(kind) if kind else "<script>alert(6)</script>")
    david.write("page.html", "<script>alert(7)</script>")
    david.write(
        "drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(8)'><script>alert(9)</script></svg>"
    )
    david.ok("up")
    title = "</title><script>alert(10)</script>\"'"
    url = david.ok("share", ".", "--page", "--title", title, "--json").json["page"]["url"]
    page = browser.open(url)
    assert page.title() == title and page.get_by_role("heading", level=1).inner_text() == title
    shown = page.locator("h3").all_inner_texts()
    assert sorted(shown) == sorted([*(name.replace("\u202e", "\ufffd") for name in names), "page.html", "drawing.svg"])
    assert page.locator("script").count() == 1 and page.locator("[onerror], [onmouseover], [onload]").count() == 0
    page.mouse.move(100, 100)
    for media in page.locator("video, audio").all():
        play(page, media)
    for name in ("page.html", "drawing.svg"):
        with page.expect_download() as saved:
            card(page, name).get_by_role("link").click()
        assert saved.value.suggested_filename == name, "saved, and not opened beside the page"
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:, onerror=alert(11)>')")
    browser.forgive("Content Security Policy")
    until(lambda: any("Content Security Policy" in one for one in browser.complaints))


@pytest.mark.parametrize("kind", ["prores.mov", "dnxhr.mov"])
def test_a_film_that_nobody_looked_into_is_told_by_the_browser_itself(
    kind: str, people: tuple[Person, Person], browser: Browser
) -> None:
    """One has a sound that plays and a picture of no width, the other has nothing that plays."""
    david, jan = people
    david.write("color.mov", film(kind))
    david.write("draft.webm", film("vp9.webm"))
    david.ok("up")
    page = browser.open(shared(jan, "color.mov", "draft.webm")["page"]["url"])
    told = card(page, "color.mov").locator(".told")
    until(told.is_visible)
    assert "This browser cannot play this film. Download it" in told.inner_text()
    draft = card(page, "draft.webm")
    play(page, draft.locator("video"))
    assert draft.locator(".told").is_hidden()


def test_a_page_that_has_ended_says_so(people: tuple[Person, Person], browser: Browser) -> None:
    david, _ = people
    david.write("mix.wav", film("sound.wav"))
    david.ok("up")
    made = shared(david, "mix.wav", "--expires", "1h")["page"]
    ends = datetime.fromisoformat(made["expires"])
    before, after = ends - timedelta(minutes=5), ends + timedelta(minutes=5)
    page = browser.open(made["url"], now=before)
    assert page.locator(".ended").is_hidden()
    page = browser.open(made["url"], now=after)
    assert "Ask david for a new link." in page.locator(".ended").inner_text()
    david.ok("share", "--end", made["id"])
    browser.forgive("status of 40")  # of the page, and of the icon that the browser asks for in its place
    page.reload()
    assert "mix.wav" not in page.content()


def test_without_scripts_it_still_shows_and_says_everything(people: tuple[Person, Person], browser: Browser) -> None:
    david, _ = people
    for name, kind in FILES.items():
        david.write(name, film(kind))
    david.ok("up")
    page = browser.open(shared(david, *FILES)["page"]["url"], scripts=False)
    assert page.locator("video").count() == 1 and page.locator("audio").count() == 1
    assert "UTC" in page.locator(".origin").inner_text()
    assert page.get_by_role("link", name="Download").count() == 4
    assert page.locator(".ended").is_hidden()
