"""The browser of the tests says what a page complains of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kit.browser import PHONE, Browser, fits_its_width, until


def written(folder: Path, content: str) -> str:
    path = folder / "page.html"
    path.write_text(f"<!doctype html><title>t</title>{content}", "utf-8")
    return path.as_uri()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("<script>undefined_thing()</script>", "undefined_thing"),
        ("<script>console.error('no film')</script>", "no film"),
        ("<script>alert('hello')</script>", "dialog: hello"),
        ("<img src='nosuch.png'>", "ERR_FILE_NOT_FOUND"),
        (
            "<meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\"><script>1</script>",
            "Content Security Policy",
        ),
    ],
)
def test_a_page_that_complains_is_told(content: str, complaint: str, browser: Browser, tmp_path: Path) -> None:
    browser.forgive(complaint)
    browser.open(written(tmp_path, content))
    until(lambda: any(complaint in one for one in browser.complaints))
    browser.close()
    strict = Browser(browser._chromium)
    strict.complaints = browser.complaints
    with pytest.raises(AssertionError, match="the page complained"):
        strict.close()


def test_a_phone_and_a_theme(browser: Browser, tmp_path: Path) -> None:
    url = written(tmp_path, "<meta name='viewport' content='width=device-width'><p style='width: 900px'>wide</p>")
    page = browser.open(url, size=PHONE, theme="dark", now=datetime.fromtimestamp(1_700_000_000, UTC))
    assert not fits_its_width(page)
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("Date.now()") == 1_700_000_000_000
    assert fits_its_width(browser.open(url))
    assert browser.requests == [url, url]
