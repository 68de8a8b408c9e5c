"""The catalogue as CSV: a spreadsheet takes nothing in it for a formula."""

from __future__ import annotations

import csv
import io
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
