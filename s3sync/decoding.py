"""Types that msgspec is to decode, made ready by one thread at a time.

At its first use of a `Struct` msgspec stores what it knows of the fields before it has looked at them. A second thread
that decodes the same type in that moment reads what is not there yet, and the whole process ends (msgspec 0.22: a
segmentation fault). `ready` looks at each type once, under a lock; from then on it is a look into a set.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TypeVar

import msgspec

T = TypeVar("T")

_LOCK = allocate_lock()
_READY = set[object]()


def ready(kind: type[T]) -> type[T]:
    """Give back a type that `decode`, `convert` or a `Decoder` of msgspec may be asked for, by any thread."""
    if kind not in _READY:
        with _LOCK:
            if kind not in _READY:
                msgspec.json.Decoder(kind)
                _READY.add(kind)
    return kind
