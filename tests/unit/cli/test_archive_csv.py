"""The catalogue as CSV: a spreadsheet takes nothing in it for a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from s3sync.archives.kept import Exported
from s3sync.cli.show.archive_catalogue import print_csv
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import Kind, Member, Pack


def archive(unit: str) -> Archived:
    return Archived(
        key=f"{unit}.tar", unit=unit, set="s", pack=Pack.TAR, status=Status.STORED, size=-0, original_size=7, files=1,
        uploaded_at="2025-01-01T00:00:00Z", created_by="=cmd()", storage_class="STANDARD", tags={"a": "b"},
    )  # fmt: skip


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_each_archive_is_a_row_without_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(
        [
            Exported("s3://b", archive("=1+1")),
            Exported("s3://b", archive('b,"4"\n0')),
            Exported("s3://b", archive("\x1b[2J")),
        ]
    )
    first, second, third = rows(capsys)
    assert third["unit"] == "\\x1b[2J"
    assert (first["unit"], first["uploaded_by"], first["files"]) == ("'=1+1", "'=cmd()", "1")
    assert second["unit"] == 'b,"4"\n0' and second["tags"] == '{"a":"b"}'


def test_with_members_each_of_them_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    members = (Member("@x", Kind.FILE, 3, 0o600, 0), Member("y", Kind.FILE, 4, 0o600, 0))
    print_csv([Exported("s3://b", archive("u"), members)])
    assert [(row["unit"], row["member_path"], row["member_size_bytes"]) for row in rows(capsys)] == [
        ("u", "'@x", "3"),
        ("u", "y", "4"),
    ]


def test_an_empty_catalogue_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "  =1+1", "'=1", "-2", "@sum", "a;=HYPERLINK(1)", "a\t+1", "x\n=1", "\uff1dcmd", "a=b", "it's-fine",
        "''@x", "2024-01-15", "b;c",
    ],
)  # fmt: skip
def test_no_cell_is_a_formula_whatever_divides_them_and_the_name_is_told_again(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_csv([Exported("s3://b", archive(name))])
    (row,) = rows(capsys)
    for cell in re.split(r"[;|\t\n]", row["unit"]):
        assert cell.strip()[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
    assert re.sub(r"(^|[;|\t\n])(\s*)'('*[=+\-@\uff1d\uff0b\uff0d\uff20])", r"\1\2\3", row["unit"]) == name


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\u200b", "\x9b"])
def test_signs_that_turn_text_around_or_hide_are_written_as_escapes(
    sign: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_csv([Exported("s3://b", archive(f"holiday{sign}gpj.exe"))])
    (row,) = rows(capsys)
    assert row["unit"] == f"holiday{sign.encode('unicode_escape').decode()}gpj.exe"


@pytest.mark.parametrize("begin", ["\n", "\t", "' ", '"'])
def test_f56_a_name_of_line_breaks_is_read_once(begin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An index may be anybody's. With 40,000 of them it took a minute and a half, with these a day."""
    name = "a" + begin * 1_000_000
    print_csv([Exported("s3://b", archive(f"{name}b")), Exported("s3://b", archive(f"{name}=b"))])
    csv.field_size_limit(10_000_000)
    plain, formula = rows(capsys)
    assert plain["unit"] == f"{name}b"
    assert formula["unit"] == (f"{name}'=b" if begin.isspace() and begin != " " else f"{name}=b")
