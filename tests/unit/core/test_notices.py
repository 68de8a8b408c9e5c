"""Notices as text: what is in them, and what names and texts of others cannot do in them."""

from __future__ import annotations

import re
from email.header import decode_header

import pytest

from s3sync.core.notices import (
    MOST_CHARACTERS,
    MOST_LINES,
    Line,
    Notice,
    lines_of,
    message,
    moved,
    notice,
    render,
    tame,
    unknown_fields,
)

PLACE = ("v-appydave", "b63")
CUT = re.compile(r"\.com?(?=\.?…)")


def test_a_message_says_who_did_what_where() -> None:
    found = moved("up", "uploaded", "jan", PLACE, [("cut/draft.mp4", 45_600_000), ("audio.wav", 100)])
    title, body = message(lines_of([found]))
    assert title == "s3sync: v-appydave/b63"
    assert body == "b63: jan uploaded 2 files (45.6 MB): cut/draft.mp4, audio.wav"


def test_a_flood_is_a_digest() -> None:
    many = moved("up", "uploaded", "jan", PLACE, [(f"{number:0200}", 1) for number in range(9_000)])
    _, body = message(lines_of([many] * 500))
    assert len(body) <= MOST_CHARACTERS + 1 and "9000 files" in body
    _, body = message(lines_of([Notice("lock", "jan", *PLACE, "locked")] * (MOST_LINES + 3)), 4)
    assert body.splitlines()[-1] == "and 7 more" and len(body.splitlines()) == MOST_LINES + 1


def test_projects_together_are_counted_in_the_title() -> None:
    title, body = message(lines_of(Notice("up", "jan", "r", name, "uploaded") for name in ("a", "b")))
    assert title == "s3sync: 2 projects" and body.splitlines() == ["a: jan uploaded", "b: jan uploaded"]


@pytest.mark.parametrize(
    "name",
    [
        "<!channel>.mp4",
        "@everyone.mp4",
        "<script>alert(1)</script>",
        "[click](http://evil)",
        "`rm -rf`",
        "*bold* ~gone~ |table|",
        "&lt;b&gt;",
        "line\nbreak\r\n.\r\nMAIL",
        "\x1b[31mred\x1b[0m",
        "\u202egpj.exe",
        "\u200bunseen",
    ],
)
def test_a_name_does_nothing_where_it_is_shown(name: str) -> None:
    _, body = message(lines_of([notice("up", name, (name, name), "uploaded", [name])]))
    assert not set(body) & set("<>@`*|~[]&\x1b\r\n\u202e\u200b")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("evil.com", "evil․com"),
        ("evil.com/login/cut.mp4", "evil․com/login/cut.mp4"),
        ("go to evil.co.uk now.mp4", "go to evil․co․uk now.mp4"),
        ("www.evil.mov", "www․evil․mov"),
        ("evil.mov/x.mp4", "evil․mov/x.mp4"),
        ("https:/evil.example/x", "https∶/evil․example/x"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd․xn--p1ai"),
        ("пример.рф", "пример․рф"),
        ("evil.com:8080", "evil․com:8080"),
        ("(evil.com).", "(evil․com)."),
        ("cut.final.mp4", "cut.final.mp4"),
        ("B40 draft v1.2.MOV", "B40 draft v1.2.MOV"),
        ("uploaded 3 files (1.2 GB)", "uploaded 3 files (1.2 GB)"),
        ("notes.txt, a/b.JPG", "notes.txt, a/b.JPG"),
    ],
)
def test_a_name_that_looks_like_an_address_becomes_no_link(name: str, shown: str) -> None:
    assert tame(name) == shown


@pytest.mark.parametrize("name", ["=?utf-8?q?=0AAll_is_well?=", "b40 =?UTF-8?B?ZXZpbA==?=", "=\u200butf-8?q?x?="])
def test_a_name_is_decoded_in_no_subject(name: str) -> None:
    """Readers of mail show `=?utf-8?q?...?=` as what it stands for: characters that a name may not have, and links."""
    title, _ = message(lines_of([notice("up", "jan", ("repo", name), "uploaded", [name])]))
    assert [how for _, how in decode_header(title)] == [None]


def test_a_name_is_no_field_and_a_text_has_no_code() -> None:
    found = notice("up", "{size}", PLACE, "uploaded", ["{user}.mp4"], 7)
    assert render(found, "{user} {files}") == "{size} {user}.mp4"
    assert render(found, "{user.__class__} {0} {files!r} {{user}}") == "{user.__class__} {0} {files!r} {{size}}"
    assert unknown_fields("{user} {user.__class__} {nobody}") == ["user.__class__", "nobody"]


def test_a_long_name_is_cut() -> None:
    assert len(tame("x" * 10_000)) < 200


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_name_begins_a_line_of_its_own(end: str) -> None:
    name = f"a{end}s3sync: film: jan deleted everything"
    found = notice("up", name, (name, name), "uploaded", [name, name])
    title, body = message(lines_of([found]))
    assert len(title.splitlines()) == len(body.splitlines()) == 1


@pytest.mark.parametrize("before", range(105, 125))
def test_what_is_cut_off_makes_no_address_of_a_name(before: int) -> None:
    assert not CUT.search(tame(" " * before + "x.com.mp4"))


@pytest.mark.parametrize("before", range(1_985, 2_001))
def test_what_is_cut_off_makes_no_address_of_a_message(before: int) -> None:
    _, body = message([Line("v/b", "x" * before + " x.com.mp4")])
    assert not CUT.search(body)
    assert message([Line("v/b", f"https://ours.example {'x' * 3_000}")])[1].startswith("https://ours.example ")


@pytest.mark.parametrize(
    "text",
    ["{project}://x{event}.com/{count}", "{event}.com", "www{event}.{project}", "x.{event}", "{repo}/{event}",
     "https:{repo}//x.com"],
)  # fmt: skip
def test_a_text_of_others_makes_no_address_of_what_it_puts_together(text: str) -> None:
    found = Notice("up", "jan", "x.mov", "https", "uploaded 1 file", ("a.mp4",), 1)
    (line,) = lines_of([found], text, is_of_others=True)
    assert "://" not in line.text and ".com" not in line.text and ".up" not in line.text and ".mov/" not in line.text
    assert ".mov/" not in line.where


def test_a_text_of_ones_own_may_have_a_link() -> None:
    found = Notice("up", "jan", "v", "b63", "uploaded 1 file", ("a.mp4",), 1)
    (line,) = lines_of([found], "https://ours.example/{project}")
    assert line.text == "https://ours.example/b63"
