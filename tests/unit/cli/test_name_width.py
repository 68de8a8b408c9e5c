"""Columns of a list: one long name takes none from the others."""

from __future__ import annotations

import pytest

from s3sync.cli import widths

NAMES = ("m42", "b40-old-project", "x" * 70)


@pytest.mark.parametrize(
    ("columns", "beside", "width"),
    [
        (None, 52, 70),  # not on a terminal: all are whole, in columns
        (80, 52, 15),
        (160, 52, 70),
        (20, 52, 15),  # a narrow one
    ],
)
def test_a_name_without_room_pads_no_other(
    columns: int | None, beside: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widths, "terminal_columns", lambda: columns)
    assert widths.name_width(NAMES, beside) == width
    assert widths.name_width((), beside) == 0
