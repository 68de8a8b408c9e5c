"""Names that Azure holds otherwise: keys of metadata, which are identifiers there, and keys of objects.

Source: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from s3sync.errors import StoreError
from s3sync.store.lanes import headers as codec

MOST_CHARACTERS, MOST_SEGMENTS = 1024, 254
_ESCAPED = re.compile(r"_x([0-9a-f]{2})|_")
_TO_ESCAPE = re.compile(r"[^a-z0-9-]|^[0-9]|-(?=x[0-9a-f]{2})")


def encode(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as Azure holds it: `-` is `_`, and what else no identifier may hold `_xHH`. `decode` gives it back."""
    return {_TO_ESCAPE.sub(_escape, name).replace("-", "_"): value for name, value in codec.encode(metadata).items()}


def decode(headers: Mapping[str, str]) -> dict[str, str]:
    """Metadata of an object, whoever put it there."""
    plain = {_ESCAPED.sub(_unescape, name.lower()): value for name, value in headers.items()}
    return codec.decode(plain)


def _escape(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):02x}"


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else "-"


def require_name(name: str, key: str) -> None:
    """Raise `StoreError` for a whole name that Azure cannot hold, or holds as another one."""
    segments = name.split("/")
    why = None
    if not key or "\0" in name or len(name) > MOST_CHARACTERS:
        why = "a name has 1 to 1,024 characters, and no NUL"
    elif len(segments) > MOST_SEGMENTS:
        why = "a name has up to 254 folders"
    elif any(segment.endswith(".") for segment in segments):
        why = "Azure drops a dot at the end of a name or of a folder's name"
    elif any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in name):
        why = "it holds a control character, or half of a character"
    if why:
        raise StoreError(f"Azure cannot hold {key[:80]!r}", why=why, hint="rename the file or a folder above it")
