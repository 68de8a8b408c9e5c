"""Pin files: what is written is read back, whatever the names, and what others write is bounded and judged."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.names import nfc, refuse_reason
from s3sync.core.pins import MOST_LINES, BadPins, Differs, Pin, differs, parse, render

MD5 = "0123456789abcdef" * 2
NAMES = st.text(min_size=1, max_size=40).map(nfc).filter(lambda name: refuse_reason(name) is None)
PINS = st.dictionaries(NAMES, st.integers(0, 2**50), max_size=20)


@given(PINS)
def test_what_is_written_is_read_back_and_is_yaml(sizes: dict[str, int]) -> None:
    pins = [Pin(name, size, MD5) for name, size in sizes.items()]
    text = render(pins, "s3-staging")
    assert parse(text) == {pin.name: pin for pin in pins} and text == render(reversed(pins), "s3-staging")
    assert parse(text.replace("\n", "\r\n")) == parse(text)
    read = yaml.safe_load(text)
    assert {one["name"]: one["size"] for one in read["files"]} == sizes and list(parse(text)) == sorted(sizes)


@given(PINS, NAMES)
def test_one_more_file_is_one_more_line(sizes: dict[str, int], name: str) -> None:
    pins = [Pin(one, size, MD5) for one, size in sizes.items() if one != name] + [Pin("zz", 1, MD5)]
    before, after = (render(some, "s").splitlines() for some in (pins, [*pins, Pin(name, 1, MD5)]))
    assert len(after) - len(before) == (name != "zz") or name == "zz"
    assert [line for line in after if line in before] == before


@given(st.text(max_size=300))
def test_any_text_is_pins_or_one_reason(text: str) -> None:
    for whole in (text, f"schema: 1\nfiles:\n{text}", f'files:\n- {{"name": {text}'):
        try:
            found = parse(whole)
        except BadPins as error:
            assert error.why and error.line >= 1
        else:
            assert all(refuse_reason(name) is None for name in found)


@pytest.mark.parametrize(
    "line",
    [
        "=======", ">>>>>>> theirs", "||||||| base", "- a", "x: y", '- {"name": "a"}',
        '- {"name": "a/../b", "size": 1, "md5": "MD5"}', '- {"name": "metadata.json", "size": 1, "md5": "MD5"}',
        '- {"name": "a", "size": 1e400, "md5": "MD5"}', '- {"name": "a", "size": 99999999999999999999, "md5": "MD5"}',
        '- {"name": "a", "size": 1, "md5": "xyz"}', '- {"name": "e\u0301", "size": 1, "md5": "MD5"}',
        '- {"name": "\\u001b[31m", "size": 1, "md5": "MD5"}', f'- {{"name": "{"a" * 9000}", "size": 1, "md5": "MD5"}}',
        '- {"name": "ok", "size": 1, "md5": "MD5"}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_refused_with_its_number(line: str) -> None:
    text = render([Pin("ok", 1, MD5)], "s3-staging")
    with pytest.raises(BadPins) as refused:
        parse(text + line.replace("MD5", MD5) + "\n")
    assert refused.value.line == 6


@pytest.mark.parametrize(
    ("pin", "here", "found"),
    [
        (None, None, None),
        (Pin("a", 1, MD5), Entry(1, MD5), None),
        (Pin("a", 1, MD5), Entry(2, MD5), Differs.CHANGED),
        (Pin("a", 1, MD5), Entry(1, "f" * 32), Differs.CHANGED),
        (Pin("a", 1, MD5), Entry(1), Differs.UNKNOWN),
        (Pin("a", 1, MD5), None, Differs.MISSING),
        (None, Entry(1), Differs.UNPINNED),
    ],
)
def test_the_table_of_differences(pin: Pin | None, here: Entry | None, found: Differs | None) -> None:
    assert differs(pin, here) == found


@pytest.mark.parametrize("line", ["", "# nothing", "schema: 1"])
def test_lines_that_say_nothing_are_bounded(line: str) -> None:
    """64 MiB of them took 8 s and 850 MB for each `status` in a clone."""
    with pytest.raises(BadPins, match="more than 210,000 lines"):
        parse("files:\n" + f"{line}\n" * MOST_LINES)
