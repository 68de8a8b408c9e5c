"""The text of metadata.json taken apart while it comes, so that its length does not matter.

It is written with a line for each field, and a JSON string holds no line break: so the lines on which a record begins
and ends can be found without parsing what is between them. Others may lay their text out in another way, or so that it
only looks like this one. That is noticed, and nothing is read from the parts that the whole would not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from s3sync.core import limits
from s3sync.decoding import ready

STAND_IN = b"the records of files stand here"

_OPENED = b'\n  "files": ['
_FIRST = b"\n    {"
_LAST = b"\n    }"
_BETWEEN = _LAST + b"," + _FIRST
_CLOSED = _LAST + b"\n  ]"

Fields = dict[str, msgspec.Raw]


class OtherLayout(Exception):
    """The text is not laid out as `render` does it: only as a whole can be told what it says."""


class Parts:
    """The records in a text, and then what is around them. Both raise `OtherLayout`.

    What they give means the same as the whole, if each list of records is JSON: put together with commas they are
    the list in the place of which `around` found the stand-in.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """`pieces` are the text, in any lengths."""
        self._pieces = iter(pieces)
        self._text = b""  # what came and belongs to no part yet
        self._around = bytearray()

    def lists(self) -> Iterator[bytes]:
        """Texts that should be lists of records, each about as long as a piece. Not to be trusted before `around`."""
        self._take_the_beginning()
        while (end := self._text.find(_CLOSED)) < 0:
            cut = self._text.rfind(_BETWEEN)
            if cut >= 0:
                yield b"[%b]" % self._text[: cut + len(_LAST)]
                self._text = self._text[cut + len(_LAST) + 1 :]
            self._read_on()
        yield b"[%b]" % self._text[: end + len(_LAST)]
        self._text = self._text[end + len(_CLOSED) :]

    def around(self) -> Fields:
        """The fields beside `files`, once all lists were taken. Raises `msgspec.MsgspecError` for what is no object."""
        self._around += self._text
        for piece in self._pieces:
            self._around += piece
        fields = msgspec.json.decode(self._around, type=ready(Fields))
        there = bytes(fields.pop("files", b"")) == b'"%b"' % STAND_IN
        if not there or self._around.count(STAND_IN) > 1:  # then it may be another one that was found
            raise OtherLayout
        return fields

    def _take_the_beginning(self) -> None:
        while (start := self._text.find(_OPENED + _FIRST)) < 0:
            self._read_on()
        records = start + len(_OPENED)
        self._around += b'%b"%b"' % (self._text[: records - 1], STAND_IN)
        self._text = self._text[records:]

    def _read_on(self) -> None:
        piece = next(self._pieces, None)
        if piece is None or len(self._text) > limits.now.manifest_record:
            raise OtherLayout
        self._text += piece
