"""Sets of sizes, whose memory is bounded."""

from __future__ import annotations

from s3sync.spill.table import SpilledDict


class Sizes:
    """A set of file sizes in bytes, in bounded memory."""

    def __init__(self) -> None:
        self._known = SpilledDict(bool)

    def add(self, size: int) -> None:
        self._known[str(size)] = True

    def __contains__(self, size: int) -> bool:
        return str(size) in self._known
