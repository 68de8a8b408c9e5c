"""Downloads by the library, of one version of a blob."""

from __future__ import annotations

from typing import Any, Protocol

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure

TURNS = 10
"""Times that an empty blob is looked at while others write it."""


class Blobs(Protocol):
    def blob(self, name: str) -> Any: ...
    def head(self, name: str) -> Any: ...


def download(blobs: Blobs, name: str, **asked: Any) -> Any:
    """The library's download of a blob, whose first bytes are here. Raises its errors, and `RequestFailed`.

    Of what is empty the library asks twice: for a range, which cannot be, and then without one. Whoever wrote between
    the two would have his version called empty. It also unpacks what a blob's writer says is packed, a thousand times
    the bytes that its size tells: what is stored is what comes.
    """
    for _ in range(TURNS):
        answer = blobs.blob(name).download_blob(decompress=False, **asked)
        if answer.size:
            return answer
        now = blobs.head(name)
        if (now.size, now.etag) == (0, answer.properties.etag):
            return answer
    raise RequestFailed(Failure("broken", message="it is written again and again"))
