"""Pages in a real browser: the system's Chromium, without a window, driven by Playwright. One browser for each worker.

    def test_it(browser: Browser) -> None:
        page = browser.open(url)
        page.get_by_role("button", name="Send").click()
        until(lambda: page.locator(".done").is_visible())

A page that complains (an error of its script, something that its security policy refused, a file that did not come)
fails its test, unless the test said before that it may: `browser.forgive("403")`. `browser.requests` are the addresses
of all that was loaded.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Dialog, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S = 60.0
QUIET = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--mute-audio",
    "--autoplay-policy=no-user-gesture-required", "--no-proxy-server",
)  # fmt: skip
PHONE = (390, 844)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """The browser itself. Skips where there is none; under CI=true that is a failure."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        _missing("there is no Chromium (Debian: chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        _missing(f"there is no Playwright ({error}): run scripts/bootstrap")
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": program, "args": list(QUIET), "timeout": 120_000}
        browser = playwright.chromium.launch(headless=True, chromium_sandbox=os.geteuid() != 0, **options)
        try:
            yield browser
        finally:
            browser.close()


def until(holds: Callable[[], object], *, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds. An error of the question is "not yet", until the patience ends."""
    deadline = time.monotonic() + patience_s
    while True:
        last: Exception | None = None
        try:
            if holds():
                return
        except Exception as error:  # noqa: BLE001 - raised in the end, if it stays
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {patience_s:.0f} s") from last
        time.sleep(0.05)


class Browser:
    """The browser of one test. Each page has a profile of its own, which ends with the test."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self._forgiven: list[str] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def forgive(self, part: str) -> None:
        """Expect complaints with this in them."""
        self._forgiven.append(part)

    def open(
        self,
        url: str,
        *,
        theme: str = "light",
        size: tuple[int, int] = (1280, 800),
        now: datetime | None = None,
        scripts: bool = True,
        **more: Any,
    ) -> Page:
        """Open an address. `now`: the clock of the page's scripts, which stands still then.

        `size` `PHONE` is a phone, with its touch screen. `more` goes to Playwright's `new_context`.
        """
        width, height = size
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=cast("Literal['light', 'dark']", theme),
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            java_script_enabled=scripts,
            accept_downloads=True,
            **{"locale": "en-GB", "timezone_id": "Europe/Berlin", **more},
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_S * 1000)
        if now is not None:
            context.clock.set_fixed_time(now)
        page = context.new_page()
        page.on("pageerror", lambda error: self._complain(f"error of the script: {error}"))
        page.on("console", lambda told: self._complain(told.text) if told.type in ("error", "warning") else None)
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(url)
        return page

    def shot(self, page: Page, path: Path, *, whole: bool = True) -> None:
        """A picture of the page as PNG."""
        page.screenshot(path=path, full_page=whole)

    def close(self) -> None:
        """Close all pages. Fails when one complained of what nobody expected."""
        for context in self._contexts:
            context.close()
        unexpected = [one for one in self.complaints if not any(part in one for part in self._forgiven)]
        assert not unexpected, "\n".join(["the page complained:", *unexpected])

    def _dismiss(self, dialog: Dialog) -> None:
        self._complain(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _complain(self, told: str) -> None:
        self.complaints.append(told)


def fits_its_width(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
