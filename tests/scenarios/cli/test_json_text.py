"""JSON that is written piece by piece is the JSON that the standard library writes as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from s3sync.cli.output import print_json
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import State
from s3sync.sync.report import Skipped

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def lazily(value: Any) -> Any:
    """The same, with an iterator in the place of each list."""
    if isinstance(value, list):
        return map(lazily, value)
    if isinstance(value, dict):
        return {key: lazily(item) for key, item in value.items()}
    return value


def printed(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    print_json(document)
    return capsys.readouterr().out


@given(document=st.dictionaries(st.text(), VALUES))
def test_as_the_standard_library(document: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        pieces: list[str] = []
        patch.setattr("s3sync.cli.output.write", lambda stream, text, end="\n": pieces.append(text + end))
        print_json(document)
        print_json(lazily(document))
    assert "".join(pieces) == (json.dumps(document, indent=2) + "\n") * 2


def test_structs_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    items: Iterator[object] = iter([Skipped("é", 1, State.IN_SYNC), Problem("b\n", "why")])
    skipped = {"name": "é", "size_bytes": 1, "state": "in_sync", "uploaded_by": None, "uploaded_at": None}
    expected = {"in": {"a list": [skipped, {"path": "b\n", "error": "why", "hint": None}]}}
    assert printed({"in": {"a list": items}}, capsys) == json.dumps(expected, indent=2) + "\n"


def test_what_is_json_already_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"events": iter([Raw(json.dumps({"name": "é\n", "files": [1]}).encode()), Raw(b"{}")])}
    text = printed(document, capsys)
    assert text == '{\n  "events": [\n    {"name": "\\u00e9\\n", "files": [1]},\n    {}\n  ]\n}\n'
    assert json.loads(text) == {"events": [{"name": "é\n", "files": [1]}, {}]}


def test_nothing_is_taken_before_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20_000):
            if number == 10_000:
                assert len(capsys.readouterr().out) > 10_000
            taken.append(number)
            yield number

    print_json({"items": items()})
    assert len(taken) == 20_000
