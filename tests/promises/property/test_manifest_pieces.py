"""metadata.json taken apart while it comes: whatever stands in it, the pieces say what the whole says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from s3sync.core import limits
from s3sync.core.manifest.layout import STAND_IN
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import Manifest
from s3sync.errors import ManifestError
from s3sync.shared.manifest import parse_pieces
from tests.kit.limits import limited
from tests.kit.manifests import text_of
from tests.promises.property.strategies import almost_manifests, file_records, json_values, manifests, odd_text

RECORD = '{\n      "name": "a",\n      "size_bytes": 1,\n      "uploaded_by": "",\n      "uploaded_at": ""\n    }'
LINES = (
    "\n    },\n    {",
    "\n    }\n  ]",
    '\n  "files": [\n    {',
    f'\n  "files": [\n    {RECORD}\n  ],',
    '"files": [],',
    '"\\u0066iles": [],',
    f'"files": "{STAND_IN.decode()}",',
    f'"x": "{STAND_IN.decode()}",',
    f",\n    {RECORD}",
    f",\n    {RECORD},\n    []",
    '"schema": 2,',
)
"""What looks like the layout, and what is to be told from it."""

odd_values = st.one_of(
    json_values,
    st.sampled_from(LINES),
    st.just(STAND_IN.decode()),
    st.fixed_dictionaries({"files": st.lists(st.just({"name": "b"}), max_size=2)}),
)
records = st.builds(
    lambda record, more: {"name": record.name, "size_bytes": 1, "uploaded_by": "j", "uploaded_at": "x", **more},
    file_records,
    st.dictionaries(st.sampled_from(["name", "files", "md5", "etag", "new"]), odd_values, max_size=1),
)
documents: st.SearchStrategy[dict[str, Any]] = st.one_of(
    manifests().map(lambda manifest: json.loads(text_of(manifest))),
    almost_manifests,
    st.builds(
        lambda files, others: dict(sorted({"files": files, **others}.items(), key=lambda item: item[0] != "repo")),
        st.lists(st.one_of(records, records, records, odd_values), max_size=5),
        st.dictionaries(st.sampled_from(["repo", "new", "deleted", "schema", "files "]), odd_values, max_size=3),
    ),
)


@st.composite
def texts_of_documents(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from([2, 2, 2, None, 0, 1, 4, "\t"]))
    return json.dumps(draw(documents), indent=indent, ensure_ascii=draw(st.booleans()))


def places(text: str) -> list[int]:
    """Where it is most interesting to change something."""
    return [place for place, letter in enumerate(text) if letter in "{}[],\n"] or [0]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    text = draw(st.one_of(manifests().map(lambda manifest: text_of(manifest).decode()), texts_of_documents()))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        place = draw(st.one_of(st.sampled_from(places(text)), st.integers(0, len(text))))
        if draw(st.booleans()):
            place += 1  # behind it
        match draw(st.sampled_from(["more", "garbage", "cut off", "less", "lines", "mark"])):
            case "more":
                text = text[:place] + draw(st.sampled_from(LINES)) + text[place:]
            case "garbage":
                text = text[:place] + draw(odd_text) + text[place:]
            case "cut off":
                text = text[:place]
            case "less":
                text = text[:place] + text[place + draw(st.integers(1, 8)) :]
            case "lines":
                text = text.replace("\n", "\r\n")
            case _:
                text = "\ufeff" + text
    data = text.encode(errors="surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + b"\xff" + data[place:]
    return data


class Pieces:
    """A text in pieces of one length, and how often it was asked for."""

    def __init__(self, data: bytes, length: int) -> None:
        self._data, self._length, self.asked = data, length, 0

    def __call__(self) -> Iterator[bytes]:
        self.asked += 1
        return (self._data[at : at + self._length] for at in range(0, len(self._data), self._length))


def whole(data: bytes) -> object:
    try:
        return parse(data)
    except ManifestError as error:
        return error.message, error.why


def in_pieces(pieces: Pieces) -> object:
    try:
        return parse_pieces(pieces, 0)
    except ManifestError as error:
        return error.message, error.why


lengths = st.one_of(st.integers(1, 12), st.integers(1, 2000))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(texts(), lengths, st.sampled_from([16, 200, limits.now.manifest_record]))
def test_the_pieces_say_what_the_whole_says(data: bytes, length: int, longest: int) -> None:
    pieces = Pieces(data, length)
    with limited(manifest_record=longest):
        found = in_pieces(pieces)
    event(f"{'read' if isinstance(found, Manifest) else 'refused'}, {'in pieces' if pieces.asked == 1 else 'whole'}")
    assert found == whole(data)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(manifests(), lengths)
def test_what_was_written_is_never_held_whole(manifest: Manifest, length: int) -> None:
    pieces = Pieces(text_of(manifest), length)
    assert in_pieces(pieces) == manifest
    assert pieces.asked == 1 or not manifest.files
