"""Texts that look as if they were laid out as metadata.json is: the parts are taken only where they say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from s3sync.core.manifest.layout import STAND_IN
from s3sync.core.manifest.parse import parse, parse_in_pieces
from s3sync.core.manifest.record import FileRecord
from s3sync.errors import ManifestError
from s3sync.shared.manifest import parse_pieces
from tests.kit.limits import limit

HERE = STAND_IN.decode()


def record(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "size_bytes": 1, "uploaded_by": "j", "uploaded_at": "x", **more}


def laid_out(*names: str, **fields: object) -> str:
    return json.dumps({"repo": "r", "files": [record(name) for name in names], **fields}, indent=2)


OURS = laid_out("a", "b", "c", new=1)
OPENED = '\n  "files": [\n    {'
A = json.dumps({"files": [record("a")]}, indent=2)[2:-2]
LOOKS_LIKE_IT = {
    "nothing before": '{\n  "files": [\n    {}\n  ]\n}',
    "a nested list": '{"new": ' + laid_out("a", "b") + "}",
    "a list in a record": json.dumps({"files": [record("a", new={"files": [record("b")]})]}, indent=2),
    "another list after it": OURS[:-2] + ', "files": []}',
    "the same again": OURS[:-2] + ", " + A + "\n}",
    "another list before it": '{ "files": 7,' + OURS[1:],
    "another list under an escaped name": OURS[:-2] + ', "\\u0066iles": []}',
    "the stand-in after it": OURS[:-2] + f', "files": "{HERE}"}}',
    "the stand-in in a field": OURS[:-2] + f', "old": "{HERE}"}}',
    "the stand-in in a record": laid_out(HERE),
    "the stand-in before a nested list": f'{{"files": "{HERE}", "new": {laid_out("a")}}}',
    "a name for the list, with an escape": OURS.replace("files", "\\u0066iles"),
    "another level": '{"x": {' + A + "}, " + A + "}",
    "lines of the layout in a list": OURS.replace(
        '"name": "b"', '"new": [1, {\n    },\n    {\n    }\n  ], "name": "b"'
    ),
    "its end in a list": OURS.replace('"name": "b"', '"new": [{\n    }\n  ], "name": "b"'),
    "a break in a text": OURS.replace('"b"', '"b\n    },\n    {"'),
    "its end in a text": OURS.replace('"b"', '"b\n    }\n  ]"'),
    "its beginning in a text": OURS.replace('"r"', f'"r{OPENED}"'),
    "no comma": OURS.replace("    },\n", "    }\n", 1),
    "two commas": OURS.replace("    },\n", "    },,\n", 1),
    "a comma at the end": OURS.replace("    }\n", "    },\n"),
    "a list among the records": OURS.replace("    },\n    {", "    },\n    [],\n    {", 1),
    "a text among the records": OURS.replace("    },\n    {", '    },\n    "d",\n    {', 1),
    "two lists side by side": OURS.replace("    },\n    {", "    }],\n    [{", 1),
    "two objects": OURS + OURS,
    "a comment": OURS.replace("    },\n", "    }, // one\n", 1),
    "carriage returns": OURS.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + OURS,
    "four spaces": json.dumps(json.loads(OURS), indent=4),
    "one line": json.dumps(json.loads(OURS)),
    "no records": laid_out(),
    "no list": laid_out(files=None),
    "a record too few fields": OURS.replace('"size_bytes": 1,', "", 1),
    "a newer schema at the end": OURS[:-2] + ', "schema": 2}',
    "a newer schema and no records": OURS[:-2].replace('"name"', '"path"') + ', "schema": 2}',
    "fields too deep": OURS[:-2] + ', "deep": ' + "[" * 70 + "]" * 70 + "}",
    "fields of a record too deep": OURS.replace('"x"', '"x", "deep": ' + "[" * 70 + "]" * 70, 1),
    "the last of a name": json.dumps({"files": [record("a", one=1), record("b"), record("a", two=2)]}, indent=2),
    "the last of a name, with nothing new": json.dumps({"files": [record("a", one=1), record("a")]}, indent=2),
    "refused names": laid_out("../a", "b", "metadata.json"),
}


def said(data: bytes, length: int | None = None) -> object:
    def pieces() -> Iterator[bytes]:
        return (data[at : at + (length or 1)] for at in range(0, len(data), length or 1))

    try:
        return parse_pieces(pieces, 0) if length else parse(data)
    except ManifestError as error:
        return error.message, error.why


@pytest.mark.parametrize("text", [OURS, *LOOKS_LIKE_IT.values()], ids=["ours", *LOOKS_LIKE_IT])
def test_the_pieces_say_what_the_whole_says(text: str) -> None:
    data = text.encode()
    expected = said(data)
    for length in [*range(1, 40), 100, 1000]:
        assert said(data, length) == expected, length


def test_f26_cut_off_anywhere() -> None:
    for length in range(len(OURS)):
        data = OURS[:length].encode()
        assert said(data, 64) == said(data), length


@pytest.mark.parametrize("longest", [0, 10, 60, 100, 150])
def test_what_is_longer_than_any_record_is_taken_as_a_whole(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, manifest_record=longest)
    for length in (1, 7, 50, 1000):
        assert said(OURS.encode(), length) == said(OURS.encode())


def test_a_table_that_was_begun_is_not_used_again() -> None:
    """What of another layout was taken apart is forgotten."""
    data = OURS.replace('"b"', '"b" ').encode()[:-2] + b', "files": []}'
    begun: dict[str, FileRecord] = {}
    assert parse_in_pieces([data[:200], data[200:]], begun) is None and begun
    assert not parse_pieces(lambda: [data[:200], data[200:]], 3).files
