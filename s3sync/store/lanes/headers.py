"""User metadata as HTTP headers can carry it, and ETags and sizes as they come.

A header value is ASCII, without line breaks, and proxies and signatures collapse its blanks. What does not survive
that is sent as one RFC 2047 encoded word, `=?UTF-8?B?...?=`, which is also the form in which S3 itself reports
metadata that is not ASCII (AWS S3 User Guide, "Working with object metadata"). Other tools show the encoded word.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping

from s3sync.errors import NotAStore, StoreError

_PLAIN = re.compile(r"[!-~]+( [!-~]+)*", re.ASCII)
_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_TYPE = re.compile(r"[!-~][ -~]{0,254}")
_WORD = re.compile(r"=\?(UTF-8|US-ASCII|ISO-8859-1)\?([BQ])\?([^?]*)\?=", re.IGNORECASE)
"""Other charsets would let whoever put the object choose any of Python's codecs, some of which make text that no JSON
holds (`unicode_escape` makes lone surrogates)."""


def encode(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as header values. `decode` gives back exactly what came in."""
    for name in metadata:
        if not _NAME.fullmatch(name):
            raise StoreError(
                f"metadata cannot be named {name!r}", hint="use lower-case ASCII letters, digits and dashes"
            )
    return {name: _encoded(value) for name, value in metadata.items()}


def decode(headers: Mapping[str, str]) -> dict[str, str]:
    """Header values as metadata, names in lower case. What is no encoded word, or does not decode, is left as it is."""
    return {name.lower(): _decoded(value) for name, value in headers.items()}


def type_of(told: str | None) -> str | None:
    """A content type as a header can carry it; None for what is none: it may come from another store, whose records
    anybody writes, and a line break in it ends the request before it begins."""
    return told if told and _TYPE.fullmatch(told) else None


def strip(etag: str | None) -> str:
    """An ETag without quotation marks. Raises `NotAStore` for one that no store has, nor could anybody send it back."""
    found = (etag or "").removeprefix("W/").strip('"')
    if len(found) > LONGEST_VERSION or not (found.isascii() and found.isprintable()):
        raise NotAStore(
            "cannot use what the store says",
            why="an object of it is to have a version that cannot be named",
            hint="check endpoint_url, and what stands between here and the store",
        )
    return found


LONGEST_VERSION = 1024
"""Bytes of a version's id: S3's own bound."""


def version_of(told: object) -> str | None:
    """Id of a version as an answer tells it; None in a bucket that keeps none, and for what S3 would never say."""
    is_one = isinstance(told, str) and told != "null" and 0 < len(told) <= LONGEST_VERSION and told.isprintable()
    return str(told) if is_one else None


LONGEST_UPLOAD = 4096
"""Characters of an upload's id. A transfer is remembered with it, and no row of `state.db` is believed that has a
longer text (`state/schema.py`)."""


def upload_of(told: object) -> str:
    """Id of an upload as an answer tells it. Raises `NotAStore` for one that nobody could remember or send back."""
    if isinstance(told, str) and 0 < len(told) <= LONGEST_UPLOAD and told.isprintable():
        return told
    raise NotAStore(
        "cannot use what the store says",
        why="an upload is to have an id that cannot be named",
        hint="check endpoint_url, and what stands between here and the store",
    )


LARGEST = 2**60
"""Bytes of an object: far more than any store takes, and few enough for whatever counts, remembers or shows them."""


def size_of(told: int) -> int:
    """Size of an object as an answer has it. Raises `NotAStore` for one that no object has."""
    if not 0 <= told <= LARGEST:
        raise NotAStore(
            "cannot use what the store says",
            why=f"an object of it is to have {told:.3g} bytes",
            hint="check endpoint_url, and what stands between here and the store; nothing was changed",
        )
    return told


def _encoded(value: str) -> str:
    if _PLAIN.fullmatch(value) and "=?" not in value:
        return value
    return f"=?UTF-8?B?{binascii.b2a_base64(value.encode('utf-8', 'surrogatepass'), newline=False).decode('ascii')}?="


def _decoded(value: str) -> str:
    words = value.split()
    matches = [_WORD.fullmatch(word) for word in words]
    if not words or not all(matches):
        return value
    try:
        return b"".join(_bytes(match[2], match[3]) for match in matches if match).decode(
            matches[0][1] if matches[0] else "utf-8"
        )
    except (ValueError, LookupError, binascii.Error):
        return value


def _bytes(encoding: str, text: str) -> bytes:
    import base64  # such headers are rare, and these two are not cheap to import
    import quopri

    if encoding in "Bb":
        return base64.b64decode(text, validate=True)
    return quopri.decodestring(text.encode("ascii"), header=True)
