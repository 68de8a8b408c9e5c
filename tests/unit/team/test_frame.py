"""The frame of a page: no name in it is markup, and browsers are told to obey nothing but the page's own script."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.media_types import Kind
from s3sync.team.pages.frame import Origin, address, data, name, origin_of, page, text
from s3sync.team.pages.review import Item, duration_text, review_page

UNTIL = datetime(2026, 12, 3, 10, 2, tzinfo=UTC)
LINK = "https://bucket.s3.eu-west-1.amazonaws.com/repo/b63/draft.mp4?X-Amz-Expires=60&X-Amz-Signature=ab"
HOSTILE = [
    "<img src=x onerror=alert(1)>.mp4",
    '"><script>alert(1)</script>.wav',
    "' onmouseover='alert(1).jpg",
    "</title><script>alert(1)</script>.mov",
    "</script><script>alert(1)</script>",
    "<!--.mp4",
    "&lt;script&gt;",
    "javascript:alert(1).png",
    "]]><svg onload=alert(1)>.svg",
]


class Read(HTMLParser):
    """Elements and texts of a page, as a browser reads them."""

    def __init__(self, document: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(document.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def text(self, tag: str) -> str:
        return "".join(self.texts[tag])


def made(title: str, *names: str, by: str = "jan") -> bytes:
    kinds = [Kind.VIDEO, Kind.AUDIO, Kind.PICTURE, Kind.OTHER]
    items = [Item(one, kinds[index % 4], 5, LINK, LINK) for index, one in enumerate(names)]
    return review_page(title, items, Origin(by, UNTIL, f"Ask {by}."))


def shape(document: bytes) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Read(document).elements]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_is_markup(hostile: str) -> None:
    harmless, document = made("film", *["a.mp4"] * 4, by="jan"), made(hostile, *[hostile] * 4, by=hostile)
    assert shape(document) == shape(harmless)
    read = Read(document)
    assert hostile in read.text("title")
    assert read.text("bdi").count(hostile) == 6, "its title, who made it, four files"


@given(st.text(st.characters(), max_size=40))
def test_whatever_a_name_is_the_page_keeps_its_shape(hostile: str) -> None:
    assert shape(made(hostile, hostile)) == shape(made("film", "a.mp4"))


def test_nothing_turns_or_hides_the_text_around_it() -> None:
    assert text("a\u202egpj.exe") == "a\ufffdgpj.exe"
    assert text("a\u2066b\x1b[2Jc\x00\u200b") == "a\ufffdb\ufffd[2Jc\ufffd\ufffd"
    assert text("👩\u200d🎬 \u05e9\u05dc\u05d5\u05dd") == "👩\u200d🎬 \u05e9\u05dc\u05d5\u05dd"
    assert text("a\u3164b\u2800") == "a\ufffdb\ufffd" and text("\u2764\ufe0f") == "\u2764\ufe0f", (
        "but for an emoji's own"
    )
    assert name("\ud800x") == "<bdi>\ufffdx</bdi>"
    assert len(text("a" * 10_000)) < 600


def test_only_its_own_script_and_style_are_obeyed() -> None:
    document = made("film", "a.mp4")
    read = Read(document)
    (policy,) = [found["content"] for tag, found in read.elements if found.get("http-equiv")]
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    for tag in ("script", "style"):
        content = read.text(tag).encode()
        expected = f"'sha256-{base64.b64encode(sha256(content).digest()).decode()}'"
        assert rules.pop(f"{tag}-src") == expected
    host = "https://bucket.s3.eu-west-1.amazonaws.com"
    assert rules == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "media-src": host,
        "img-src": f"data: {host}",
    }
    assert [tag for tag, _ in read.elements if tag in ("iframe", "object", "embed", "base")] == []
    assert [found for tag, found in read.elements if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    assert not re.search(rb'\s(style|on\w+)="', document)


def test_it_says_who_made_it_and_until_when() -> None:
    document = page("Cut", "<p>hello</p>", Origin("jan", UNTIL, "Ask jan for a new link."))
    read = Read(document)
    assert "2026-12-03 10:02 UTC" in read.text("time") and "jan" in read.text("bdi")
    (ended,) = [found for tag, found in read.elements if found.get("class") == "ended"]
    assert "hidden" in ended and "Ask jan for a new link." in read.text("p")
    assert ("html", {"lang": "en", "data-until": "2026-12-03T10:02:00Z"}) in read.elements


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//host/x", "x", ""])
def test_it_leads_to_the_web_alone(url: str) -> None:
    with pytest.raises(ValueError, match="no page leads to"):
        address(url)
    with pytest.raises(ValueError, match="no page leads to"):
        review_page("t", [Item("a.mp4", Kind.VIDEO, 1, LINK, url)], Origin("jan", UNTIL, ""))


def test_sources_are_hosts() -> None:
    assert origin_of("http://127.0.0.1:8333/b/k?x=1&y=2") == "http://127.0.0.1:8333"
    assert address("https://h/k?a=1&b='\"<>") == "https://h/k?a=1&amp;b=&#x27;&quot;&lt;&gt;"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_values_for_the_script_come_out_as_they_went_in(value: object) -> None:
    read = Read(data("it", value).encode())
    assert [tag for tag, _ in read.elements] == ["script"]
    assert json.loads(read.text("script")) == value


def test_a_script_cannot_end_its_element() -> None:
    with pytest.raises(ValueError, match="must not end"):
        page("t", "", Origin("jan", UNTIL, ""), script="const a = '</script>'")


def test_durations_as_players_show_them() -> None:
    assert [duration_text(seconds) for seconds in (0.4, 59.6, 61, 3723)] == ["0:00", "1:00", "1:01", "1:02:03"]
