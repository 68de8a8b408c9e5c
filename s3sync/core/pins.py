"""Pin files as values: which files a commit belongs with, each by its size and MD5.

A pin file is YAML that is written in one way only: a line for each file, in the order of the names, each line a JSON
object. Two people who change different files change different lines. Whoever can commit can write anything there:
names are judged by `core.names`, and everything is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.core.names import nfc, refuse_reason
from s3sync.decoding import ready

SCHEMA = 1
MOST_FILES = 200_000
MOST_LINES = MOST_FILES + 10_000
"""Lines at all: of empty ones and comments a file of 64 MiB would have as many as it has bytes."""
MOST_BYTES = 64 * 1024 * 1024
LONGEST_LINE = 8_192
_CONFLICT = re.compile(r"(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)( |$)")
_SCHEMA = re.compile(r"schema: *([0-9]{1,9})")
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HEADER = """\
# The files of {staging} that belong with this commit. Written by `s3sync pin`;
# `s3sync down --pinned` brings them back.
schema: 1
files:
"""


class Pin(Struct, frozen=True, gc=False):
    """One file of a pin: its content by size and MD5."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    md5: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class BadPins(Exception):
    """Reason why a text is no pin file: `line` (from 1) and what to do about it."""

    def __init__(self, why: str, line: int, hint: str | None = None) -> None:
        super().__init__(why)
        self.why, self.line, self.hint = why, line, hint


class NewerPins(BadPins):
    """The file is of a newer version of s3sync, which says more than this one can write."""


_decode = msgspec.json.Decoder(ready(Pin)).decode
_AGAIN = "`s3sync pin` writes it anew"


def render(pins: Iterable[Pin], staging: str) -> str:
    """The text of a pin file. The same pins are always the same text."""
    lines = sorted((pin.name, pin) for pin in pins)
    header = _HEADER.format(staging=staging)
    if not lines:
        return header.replace("files:\n", "files: []\n")
    return header + "".join(f"- {_line(pin)}\n" for _, pin in lines)


def _line(pin: Pin) -> str:
    """JSON, with what YAML takes for a line break, or no terminal should see, escaped: all that is not ASCII stays."""
    name = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", msgspec.json.encode(pin.name).decode())
    return f'{{"name": {name}, "size": {pin.size}, "md5": "{pin.md5}"}}'


def parse(text: str) -> dict[str, Pin]:
    """The pins by name, sorted. Raises `BadPins`."""
    found: dict[str, Pin] = {}
    begun = False
    if text.count("\n") >= MOST_LINES:
        raise BadPins(f"it has more than {MOST_LINES:,} lines", MOST_LINES, _AGAIN)
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r").rstrip(" ")
        if _CONFLICT.match(line):
            hint = f"a merge left both versions in it: choose the lines of one, or once the files are right: {_AGAIN}"
            raise BadPins("it has the conflict markers of a git merge in it", number, hint)
        if not line or line.startswith("#"):
            continue
        if (told := _SCHEMA.fullmatch(line)) is not None:
            if int(told[1]) > SCHEMA:
                raise NewerPins(f"it has schema {told[1]}, and this s3sync knows {SCHEMA}", number, "upgrade s3sync")
        elif line in ("files:", "files: []"):
            begun = True
        else:
            pin = _read(line, number, begun)
            if pin.name in found:
                raise BadPins(f"{pin.name!r:.120} is there twice", number, "keep one of the two lines")
            found[pin.name] = pin
            if len(found) > MOST_FILES:
                raise BadPins(f"it has more than {MOST_FILES:,} files", number)
    if not begun:
        raise BadPins("it has no line `files:`", 1, _AGAIN)
    return dict(sorted(found.items()))


def _read(line: str, number: int, begun: bool) -> Pin:
    if not begun or not line.lstrip(" ").startswith("- {") or len(line) > LONGEST_LINE:
        raise BadPins(
            "that is no line of a pin file", number, f"each file is a line as `s3sync pin` writes it; {_AGAIN}"
        )
    try:
        pin = _decode(line.lstrip(" ")[2:])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError) as error:
        raise BadPins(f"that is no file with its size and MD5: {error}", number, _AGAIN) from None
    if reason := refuse_reason(pin.name):
        raise BadPins(f"{pin.name!r:.120} cannot be the name of a file: {reason}", number, "take the line out")
    if nfc(pin.name) != pin.name:
        raise BadPins(f"{pin.name!r:.120} is not in Unicode's form NFC", number, _AGAIN)
    return pin


class Differs(StrEnum):
    """Difference between a file here and its pin."""

    CHANGED = "changed"
    MISSING = "missing"
    """Pinned, and not here."""
    UNPINNED = "unpinned"
    """Here, and not pinned."""
    UNKNOWN = "unknown"
    """Equal in size; nobody has hashed it yet."""


class Difference(Struct, frozen=True):
    """Numbers of files that differ from the pin, in words of `Differs`."""

    counts: Mapping[str, int]

    @property
    def differs(self) -> bool:
        return any(count for word, count in self.counts.items() if word != Differs.UNKNOWN)


def differs(pin: Pin | None, here: Entry | None) -> Differs | None:
    """Say how a file differs from its pin; None where it does not. `here` has the MD5 that is known of it, or none."""
    if pin is None:
        return None if here is None else Differs.UNPINNED
    if here is None:
        return Differs.MISSING
    if pin.size != here.size:
        return Differs.CHANGED
    if here.md5 is None:
        return Differs.UNKNOWN
    return None if here.md5 == pin.md5 else Differs.CHANGED
