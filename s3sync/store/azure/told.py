"""MD5s that blobs have as a property, which obstore does not show.

Azure computes that of a blob which comes in one request; of blocks it is the word of whoever committed them
(https://learn.microsoft.com/rest/api/storageservices/get-blob-properties, Content-MD5).
"""

from __future__ import annotations

from s3sync.store.azure.requests import Requests

_MD5_BYTES = 16


class AzureMd5s:
    """`whole_md5.TellsWholeMd5` of a container."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def whole_md5_of(self, key: str) -> str | None:
        name = self._io.key(key)
        found = bytes(
            self._io.on_full("read", name, lambda: self._io.full.head(name)).content_settings.content_md5 or b""
        )
        return found.hex() if len(found) == _MD5_BYTES else None
