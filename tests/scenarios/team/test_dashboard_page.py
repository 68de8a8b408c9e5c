"""The dashboard in Chromium: each tab, search and keys, phone and dark, hostile names, and nothing leaves the page.

With PAGE_PICTURES=docs/images the pictures of the documents are written anew.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from s3sync.dashboard.page import page_of
from s3sync.dashboard.public import public_view
from s3sync.dashboard.values import Dashboard, Repository
from s3sync.team.pages.ffmpeg import find_ffmpeg
from tests.kit import boards
from tests.kit.browser import PHONE, Browser, fits_its_width, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

MANY = boards.many(2000)
PAINTED = """async ([selector, act]) => {
  const field = document.querySelector(selector), times = {};
  for (const text of act) {
    const begun = performance.now();
    field.value = text;
    field.dispatchEvent(new InputEvent("input", {bubbles: true}));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times[text] = Math.min(times[text] ?? Infinity, performance.now() - begun);
  }
  return times;
}"""
"""Milliseconds from a change of a field until the browser has painted what follows from it: for each text the least."""


ACTS = (
    "new Image().src = url",
    "fetch(url).catch(() => 0)",
    "navigator.sendBeacon(url)",
    "new WebSocket(url.replace('http', 'ws'))",
)
"""Ways in which a script would tell somebody something."""


def opened(browser: Browser, tmp_path: Path, board: Dashboard, **more: Any) -> Page:
    """The page of a dashboard, on a disk and without a network: whatever it asks for is refused, and counted."""
    file = tmp_path / "dashboard.html"
    file.write_bytes(page_of(board))
    more = {"now": boards.NOW, "offline": True, **more}
    page = browser.open(file.as_uri(), **more)
    page.wait_for_selector(".row:not(.head), .empty")
    return page


def titles(page: Page) -> list[str]:
    return page.locator(".rows .row .title").all_inner_texts()


def ordered(page: Page) -> list[str]:
    """Titles of the rows in the order in which they are seen."""
    found: list[str] = page.locator(".rows .row").evaluate_all(
        "rows => rows.sort((a, b) => a.dataset.at - b.dataset.at).map((row) => row.querySelector('.title').textContent)"
    )
    return found


def brightness(page: Page) -> int:
    found = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, found[4:-1].split(",")))


def keep(browser: Browser, page: Page, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    browser.shot(page, path, whole=False)
    assert path.stat().st_size > 5_000
    if folder := os.environ.get("PAGE_PICTURES"):
        smaller = "split[a][b];[a]palettegen=128[p];[b][p]paletteuse=dither=none"
        argv = [find_ffmpeg() or "", "-y", "-loglevel", "error", "-i", str(path), "-vf", smaller]
        subprocess.run([*argv, str(Path(folder) / name)], check=True)


def test_each_tab_shows_what_is_in_it(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, boards.team(), size=(1280, 860))
    keep(browser, page, tmp_path, "dashboard.png")
    told = {
        "Projects": ["b63-flivideo", "1 conflict", "2 to do", "2 locks", "9.0 GB"],
        "Conflicts": ["cut/draft 3.mp4", "Yours 6.0 GB by david", "Theirs 6.0 GB by jan",
                      "resolve --project=b63-flivideo --open"],
        "Locks": ["jan works on it on jans-mac, for 2 h 30 min: color, until noon",
                  "s3sync unlock", "You work on it"],
        "People": ["mary", "Has all of", "lacks 2 files", "not known"],
        "Transfers": ["Upload interrupted at 1.4 GB of 2.0 GB", "s3sync up --project=b63-flivideo cut/color.mov"],
        "Thaws": ["ready in at most 2 h 00 min", "It can be read for another 2 d 4 h",
                  "s3sync restore --status b40-old-town"],
        "Costs": ["$5.20 so far this month, $6.31 expected at its end, budget $8.00", "b64-harbour-film 8.0 GB $1.40",
                  "s3sync cost"],
    }  # fmt: skip
    for number, (tab, texts) in enumerate(told.items(), 1):
        page.get_by_role("tab", name=tab).click()
        assert page.get_by_role("tab", selected=True).inner_text().startswith(tab)
        seen = " ".join(page.get_by_role("tabpanel").inner_text().split())
        assert [text for text in texts if text not in seen] == [], seen
        page.keyboard.press("1")
        assert page.get_by_role("tab", selected=True).inner_text().startswith("Projects")
        page.keyboard.press(str(number))
        assert page.get_by_role("tab", selected=True).inner_text().startswith(tab)
    assert browser.requests == [page.url.split("#")[0]], "nothing but the file itself was asked for"


def test_a_projects_page_has_its_files_who_has_them_pictures_and_commands(browser: Browser, tmp_path: Path) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    page = opened(browser, tmp_path, boards.team(), permissions=rights, size=(1280, 1000), theme="dark")
    page.get_by_text("b63-flivideo").click()
    keep(browser, page, tmp_path, "dashboard-dark.png")
    assert page.get_by_role("heading", level=2).inner_text() == "b63-flivideo"
    draft = page.locator(".file").filter(has_text="draft 3.mp4")
    assert draft.locator(".has").all_inner_texts() == ["✓\nhas it:\njan"]
    assert len(draft.locator(".lacks").all()) == 2 and "conflict" in draft.inner_text()
    david = " ".join(page.locator(".member").filter(has_text="david").inner_text().split())
    assert "lacks 2 files: cut/draft 3.mp4, audio/mix.wav" in david and "object" not in david
    assert page.locator(".pictures img").count() == 2
    assert page.locator(".pictures img").first.evaluate("one => one.naturalWidth") == 240
    command = page.locator(".command").filter(has_text="Upload 1")
    assert command.locator("code").inner_text() == "s3sync up b63-flivideo"
    command.get_by_role("button").click()
    until(lambda: "Copied" in page.get_by_role("status").filter(has_text="Copied").inner_text())
    assert page.evaluate("navigator.clipboard.readText()") == "s3sync up b63-flivideo"
    page.go_back()
    assert page.get_by_role("heading", level=2).count() == 0 and "b63-flivideo" in titles(page)
    page.reload()
    page.go_forward()
    assert page.get_by_role("heading", level=2).inner_text() == "b63-flivideo", "the address says what is open"


def test_search_sort_and_filter_over_2000_projects(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, MANY)
    projects = MANY.repositories[0].projects
    assert page.locator(".rows .row").count() < 60, "only rows in sight exist"
    search = page.get_by_role("searchbox")
    search.fill("violin")
    assert page.locator(".tools .told").inner_text().endswith("of 2,000 projects")
    search.fill("b01 kites")
    expected = [
        one.name for one in projects if "b01" in one.name and "kites" in one.name + " ".join(f.name for f in one.files)
    ]
    assert page.locator(".tools .told").inner_text() == f"{len(expected)} of 2,000 projects"
    page.get_by_role("columnheader", name="Project").get_by_role("button").click()
    assert ordered(page)[:5] == sorted(expected)[:5]
    page.get_by_role("columnheader", name="Project").get_by_role("button").click()
    assert ordered(page)[:5] == sorted(expected, reverse=True)[:5]
    search.fill("")
    page.get_by_role("button", name="SSD", exact=True).and_(page.locator(".chip")).click()
    held = [one for one in projects if one.tiers.ssd]
    assert page.locator(".tools .told").inner_text() == f"{len(held)} of 2,000 projects"
    page.get_by_role("columnheader", name="SSD").get_by_role("button").click()
    largest = max(held, key=lambda one: one.tiers.ssd.size_bytes if one.tiers.ssd else 0)
    assert ordered(page)[0] == largest.name
    search.fill("no such project")
    assert page.get_by_text("No project fits").is_visible()
    search.press("Escape")
    assert search.input_value() == "" and page.locator(".rows .row").count() > 5


def test_a_key_press_is_painted_at_once_with_2000_projects(browser: Browser, tmp_path: Path) -> None:
    """A bound far from what it takes, for the best of some times: a list of 2,000 real rows never stays below it."""
    page = opened(browser, tmp_path, MANY, now=None)
    words = ["l", "la", "lan", "lant", "lante", "lanter", "lantern", "", "b1", "b12", "b123"]
    times = sorted(page.evaluate(PAINTED, ["#search", words * 4]).values())
    if os.environ.get("PAGE_PICTURES"):
        print(f"key press to paint: median {times[len(times) // 2]:.0f} ms, worst {times[-1]:.0f} ms")
    assert len(times) == len(words) and times[len(times) // 2] < 400
    assert page.locator(".rows .row").count() < 60


def test_keys(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, MANY)
    names = ordered(page)

    def focused() -> str:
        found: str = page.evaluate(
            "document.activeElement.querySelector?.('.title')?.textContent ?? document.activeElement.tagName"
        )
        return found

    page.keyboard.press("j")
    assert focused() == names[0]
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert focused() == names[2]
    page.keyboard.press("k")
    assert focused() == names[1]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus is seen"
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=2).inner_text() == names[1]
    page.keyboard.press("Escape")
    assert focused() == names[1]
    page.keyboard.press("End")
    assert page.locator('[aria-selected="true"][role=row]').get_attribute("aria-rowindex") == "2001"
    box = page.locator('[role=row][aria-selected="true"]').bounding_box()
    assert box is not None and 0 < box["y"] < 800 - box["height"] + 1, "and it is in sight"
    for _ in range(3):
        page.keyboard.press("k")
    assert page.locator('[aria-selected="true"][role=row]').get_attribute("aria-rowindex") == "1998"
    page.keyboard.press("/")
    page.keyboard.type("b0007j2")
    assert page.get_by_role("searchbox").input_value() == "b0007j2", "keys in a field are letters"
    page.get_by_role("searchbox").fill("b0007")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=2).inner_text().startswith("b0007")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.get_by_role("searchbox").input_value() == ""
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.get_by_role("tab", name="Projects").focus()
    page.keyboard.press("ArrowRight")
    assert focused() == "BUTTON" and page.get_by_role("tab", selected=True).inner_text().startswith("Conflicts")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, tmp_path: Path, theme: str) -> None:
    page = opened(browser, tmp_path, boards.team() if theme == "light" else boards.hostile(), size=PHONE, theme=theme)
    assert (brightness(page) < 200) is (theme == "dark")
    if theme == "light":
        keep(browser, page, tmp_path, "dashboard-phone.png")
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert fits_its_width(page), tab.inner_text()
    page.get_by_role("tab", name="Projects").click()
    page.locator(".rows .row").first.click()
    assert page.get_by_role("heading", level=2).is_visible() and fits_its_width(page)
    page.get_by_role("button", name="All projects").click()
    assert page.get_by_label("Sort by").is_visible()
    page.get_by_label("Sort by").select_option("name")
    assert ordered(page)[:3] == sorted(ordered(page)[:3], key=str.lower)


def test_no_name_is_a_script_and_nothing_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, boards.hostile())
    for tab in "1234567":
        page.keyboard.press(tab)
        seen = page.get_by_role("tabpanel").inner_text()
        assert "alert(1)" in seen and not {"\u202e", "\x1b"} & {*seen}
        assert not any("\u3164" in name for name in page.locator("bdi").all_inner_texts())
    page.keyboard.press("1")
    for at in range(len(boards.HOSTILE)):
        page.locator(f'.rows .row[data-at="{at}"]').click()
        lines = page.locator(".command code").all_inner_texts()
        assert not any("\n" in line or "\x1b" in line for line in lines)
        page.keyboard.press("Escape")
    assert (
        page.locator("script").count() == 2
        and page.locator("svg:not(.chart), img, iframe, [onerror], [onload]").count() == 0
    )
    assert browser.requests == [page.url.split("#")[0]]
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:, onerror=alert(11)>')")
    browser.forgive("Content Security Policy")
    until(lambda: any("Content Security Policy" in one for one in browser.complaints))


def test_no_request_leaves_the_page_even_if_a_script_ran(browser: Browser, tmp_path: Path) -> None:
    """The policy refuses it before any connection: a server that listens here hears nothing."""
    page = opened(browser, tmp_path, boards.team(), offline=False)
    with socket.create_server(("127.0.0.1", 0)) as heard:
        url = f"http://127.0.0.1:{heard.getsockname()[1]}/"
        browser.forgive("Content Security Policy")
        browser.forgive("Fetch API")
        for act in ACTS:
            before = len(browser.complaints)
            page.evaluate(f"(url) => {{ try {{ {act} }} catch {{}} }}", url)
            until(lambda before=before: page.evaluate("1") and len(browser.complaints) > before)  # type: ignore[misc]
        heard.setblocking(False)
        with pytest.raises(BlockingIOError):
            heard.accept()


def test_a_thaw_goes_on_while_the_page_is_open(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, boards.team(), now=None)
    page.clock.install(time=boards.NOW)
    page.reload()
    page.clock.pause_at(boards.NOW + timedelta(minutes=30))
    page.keyboard.press("6")
    first = page.locator(".thaw").filter(has_text="b40-old-town")
    second = page.locator(".thaw").filter(has_text="b41-kites")
    assert first.get_attribute("data-state") == "thawing" and second.get_attribute("data-state") == "thawed"
    page.clock.run_for(1000 * 60 * 89)
    assert re.search(r"ready in at most (1:00|0:5\d)", first.inner_text())
    page.clock.run_for(1000 * 61)
    assert first.get_attribute("data-state") == "due" and "should be ready by now" in first.inner_text()
    page.clock.fast_forward(1000 * 3600 * 51)
    page.clock.run_for(2000)
    assert second.get_attribute("data-state") == "expired" and "cold again" in second.inner_text()


def test_a_published_view_has_neither_commands_nor_this_disk(browser: Browser, tmp_path: Path) -> None:
    view = public_view(boards.team(), title="Films of this autumn", by="david", until="2026-11-28T17:00:00Z")
    page = opened(browser, tmp_path, view)
    assert page.get_by_role("heading", level=1).inner_text() == "Films of this autumn"
    assert "Works until 28 Nov 2026" in page.locator("header").inner_text()
    assert page.get_by_role("tab").all_inner_texts()[:1] and page.get_by_role("tab", name="Transfers").count() == 0
    assert "This disk" not in page.locator("body").inner_text()
    page.get_by_text("b63-flivideo").click()
    assert "draft 3.mp4" in page.locator(".files").inner_text()
    assert page.locator(".command, .copy").count() == 0
    for tab in "234567":
        page.keyboard.press(tab)
        assert page.locator(".command, .copy").count() == 0


def test_costs_by_month_are_a_picture_and_a_table(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, boards.team(), size=(1280, 960))
    page.keyboard.press("7")
    keep(browser, page, tmp_path, "dashboard-costs.png")
    chart = page.locator("svg.chart")
    heights = {
        part: chart.locator(f"rect.{part}").evaluate_all("all => all.map((one) => +one.getAttribute('height'))")
        for part in ("storage", "requests", "egress", "expected")
    }
    costs = boards.costs()
    unit = heights["storage"][0] / costs.months[0].storage
    for part in ("storage", "requests", "egress"):
        assert heights[part] == pytest.approx([getattr(month, part) * unit for month in costs.months]), part
    last = costs.months[-1]
    assert costs.expected is not None
    assert heights["expected"] == pytest.approx([(costs.expected - last.storage - last.requests - last.egress) * unit])
    assert "Jun 26 $9.40" in (chart.get_attribute("aria-label") or "")
    page.get_by_text("As a table").click()
    assert page.locator(".costs tbody tr").count() == 12
    assert page.locator(".costs tbody tr").first.inner_text().split("\t") == [
        "Nov 26 so far",
        "$4.06",
        "$0.36",
        "$0.78",
        "$5.20",
    ]
    page = opened(browser, tmp_path, boards.many(3))
    page.keyboard.press("7")
    assert "not looked at" in page.get_by_role("tabpanel").inner_text()


def test_several_repositories_are_one_list_and_commands_go_there(browser: Browser, tmp_path: Path) -> None:
    board = boards.team()
    other = Repository(
        "v-other",
        "s3://other",
        "/home/david/v-other",
        "cd /home/david/v-other",
        "david",
        boards.many(2).repositories[0].projects,
    )
    nowhere = Repository("v-nowhere", "s3://nowhere", projects=boards.many(3).repositories[0].projects[2:])
    broken = Repository("v-broken", problem="its folder is gone")
    page = opened(browser, tmp_path, Dashboard(board.made_at, [*board.repositories, other, nowhere, broken]))
    assert "v-broken: its folder is gone" in page.get_by_role("alert").inner_text()
    page.keyboard.press("/")
    page.keyboard.type("b0000")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=2).inner_text().startswith("v-other / b0000")
    assert page.locator(".command code").first.inner_text().startswith("cd /home/david/v-other && s3sync ")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("b0002")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=2).inner_text().startswith("v-nowhere / b0002")
    assert page.locator(".command").count() == 0, "it would be about the repository that the terminal is in"
