"""What rows of a table say: checked, and made into keys, addresses and shares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.archive.layout import parse_layout
from s3sync.core.archive.rows import (
    Addresses,
    Worker,
    check_template,
    key_of_row,
    parse_row,
    parse_worker,
    percent_decoded,
    percent_encoded,
)
from s3sync.core.archive.values import ArchiveSet, Pack, UnitKind

MD5 = "5d41402abc4b2a76b9719d911017c592"
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)


def row(**said: object) -> dict[str, object]:
    return {"id": 1, "md5": MD5, "path": "images/a.jpg", "created_at": NOW, **said}


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ({}, True),
        ({"md5": MD5.upper()}, True),
        ({"md5": None}, True),
        ({"path": None}, True),
        ({"md5": None, "path": None}, False),
        ({"md5": MD5[:-1]}, False),
        ({"md5": "../../etc/passwd"}, False),
        ({"md5": b"\x00" * 16, "path": None}, False),
        ({"created_at": None}, False),
        ({"created_at": "yesterday"}, False),
        ({"created_at": 1e300}, False),
        ({"created_at": "2024-03-05"}, True),
        ({"created_at": date(2024, 3, 5)}, True),
        ({"created_at": 1709640000}, True),
        ({"mime_type": "\x00nonsense/;;"}, True),
        ({"media_type": 12, "size": "large"}, True),
    ],
)
def test_a_row_has_a_problem_or_none(said: dict[str, object], is_right: bool) -> None:
    assert (parse_row(row(**said)).problem is None) == is_right


@pytest.mark.parametrize("key", [None, "", True, 1.5, "x" * 256, "a\nb", b"1"])
def test_a_row_without_a_usable_id_is_none(key: object) -> None:
    with pytest.raises(ValueError, match="id"):
        parse_row(row(id=key))


NAMES = ("path", "md5", "extension", "mime_type", "media_type", "size", "created_at", "archive_url", "unit")
VALUES = st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.binary(), st.booleans())


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_no_row_ends_the_reading(said: dict[str, object]) -> None:
    found = parse_row({"id": 1, **said})
    assert found.problem is not None or found.created_at
    assert not found.md5 or len(found.md5) == 32
    assert all(char.isalnum() for char in found.extension)


def test_a_uuid_is_an_id() -> None:
    assert parse_row(row(id=UUID(int=7))).id == str(UUID(int=7))


@pytest.mark.parametrize(
    ("path", "extension", "mime", "suffix"),
    [
        ("a.JPG", "", "image/png", "jpg"),
        ("a", ".PNG", "", "png"),
        ("a", "", "image/jpeg; charset=x", "jpg"),
        ("a", "", "video/quicktime", "mov"),
        ("a", "", "made/up", ""),
        ("a.not an extension", "../x", "", ""),
    ],
)
def test_the_extension_that_a_row_says(path: str, extension: str, mime: str, suffix: str) -> None:
    assert parse_row(row(path=path, extension=extension, mime_type=mime)).extension == suffix


def test_the_month_is_that_of_the_place() -> None:
    from zoneinfo import ZoneInfo

    chosen = ArchiveSet("m", "s3://b", "f", UnitKind.FILE, pack=Pack.NONE)
    layout = parse_layout("cache/{captured:%Y/%m}/{md5}.{ext}")
    late = parse_row(row(created_at="2024-03-31T23:30:00Z"))
    assert key_of_row(chosen, layout, late, MD5, "jpg") == f"cache/2024/03/{MD5}.jpg"
    berlin = ZoneInfo("Europe/Berlin")
    assert key_of_row(chosen, layout, late, MD5, "jpg", berlin) == f"cache/2024/04/{MD5}.jpg"
    naive = parse_row(row(created_at="2024-04-01 00:30:00"), berlin)
    assert key_of_row(chosen, layout, naive, MD5, "jpg") == f"cache/2024/03/{MD5}.jpg"


KEYS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), min_size=1).map("/".join)


@given(KEYS, st.sampled_from([None, "s3://{bucket}/{key}", "https://cdn.example/{key}", "https://x/{name}?v={md5}"]))
def test_an_address_leads_back_to_its_key(key: str, template: str | None) -> None:
    addresses = Addresses("s3://bucket/pre/fix", template)
    assert addresses.key(addresses.of(key, MD5, "jpg")) == key


@pytest.mark.parametrize(
    "url",
    ["s3://other/pre/fix/a", "s3://bucket/prefix/a", "https://cdn.example/pre/fix/a", "s3://bucket/pre/fix/", ""],
)
def test_an_address_that_leads_elsewhere_has_no_key(url: str) -> None:
    assert Addresses("s3://bucket/pre/fix", None).key(url) is None


@given(st.text(st.characters(codec="utf-8")))
def test_percent_encoding_goes_both_ways(text: str) -> None:
    encoded = percent_encoded(text)
    assert encoded.isascii()
    assert percent_decoded(encoded) == text


@pytest.mark.parametrize(
    "template", ["https://x/{md5}", "https://x/{key}{name}", "https://x/{nope}{key}", "x/{key}", "https://x/{key", ""]
)
def test_templates_that_do_not_tell_objects_apart(template: str) -> None:
    with pytest.raises(ValueError, match=r"field|braces|address|once"):
        check_template(template)


@given(st.integers(1, 50), st.text())
def test_each_group_has_one_worker(count: int, group: str) -> None:
    assert sum(Worker(number, count).takes(group) for number in range(1, count + 1)) == 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "-1/2", "1/2/3", "1/99999"])
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="1/3"):
        parse_worker(text)
