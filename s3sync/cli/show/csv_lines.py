"""Lines of a CSV that a spreadsheet opens: nothing in them is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from msgspec import json as text_of

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters that a terminal or a spreadsheet would obey, or that turn text around. Tabs and line breaks stay."""
_DIVIDERS = ";|\t\n"
_FORMULA = re.compile(r"(^[\s\";|]*+|(?<![\s\";|])[\s\";|]++)('*+[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Beginning of what a spreadsheet takes for a formula, also in the next cell where it divides lines elsewhere: there
quotes around it, which were text, are none of it. What stands before it is taken as a whole: a name of line breaks
alone, each of which may begin a cell, would else be read once for each of them.
"""


def csv_line(values: Iterable[object]) -> str:
    """A line for a spreadsheet. What it would take for a formula is written as text."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow([_cell(value) for value in values])
    return written.getvalue().removesuffix("\n")


def _cell(value: object) -> str:
    """Text of a cell. Whoever takes one apostrophe from before each formula has the name again."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return text_of.encode(value).decode()
    shown = _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    return _FORMULA.sub(_as_text, shown)


def _as_text(found: re.Match[str]) -> str:
    begins_a_cell = found.start() == 0 or any(divider in found[1] for divider in _DIVIDERS)
    return f"{found[1]}'{found[2]}" if begins_a_cell else found[0]
