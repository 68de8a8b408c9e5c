"""The MD5 of a whole that comes in parts, for stores that keep one only if they are told it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class KeepsWholeMd5(Protocol):
    """Keep the MD5 of a whole beside an object that came in parts, for whoever reads it with another tool."""

    def keep_md5(self, upload_id: str, md5: str) -> None:
        """Have `complete_upload` of this upload keep the MD5, in hex. Asks nobody."""
