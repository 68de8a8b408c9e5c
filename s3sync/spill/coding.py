"""Values as the bytes that go to the disk: msgpack, and JSON for a number that msgpack cannot hold.

Whoever may write metadata.json may write such a number, and it is carried as it is. What msgpack makes of a struct or a
list begins with other bytes than JSON does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from s3sync.decoding import ready

_JSON = (b"{", b"[")
_pack = msgspec.msgpack.Encoder().encode


def encode(value: object) -> bytes:
    """Bytes of a value."""
    try:
        return _pack(value)
    except OverflowError:
        return msgspec.json.encode(value)


def decoder(kind: Any) -> Callable[[bytes], Any]:
    """A function that makes a value of this kind of what `encode` made."""
    unpack, parse = msgspec.msgpack.Decoder(ready(kind)).decode, msgspec.json.Decoder(ready(kind)).decode

    def decode(data: bytes) -> Any:
        return parse(data) if data[:1] in _JSON and len(data) > 1 else unpack(data)

    return decode
