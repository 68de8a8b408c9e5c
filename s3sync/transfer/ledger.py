"""Memory of transfers between runs, as they see it. `state.transfers` keeps it; nothing here knows how."""

from __future__ import annotations

from typing import Protocol

from s3sync.core.unfinished import Direction, Unfinished
from s3sync.local.digests import Digests, PartDigests


class Ledger(Protocol):
    """May be called from several threads. Everything is on the disk when a method returns."""

    def begin(self, transfer: Unfinished) -> None:
        """Remember a transfer, in place of any other of that path and way."""

    def find(self, path: str, way: Direction) -> Unfinished | None: ...
    def end(self, path: str, way: Direction) -> None: ...
    def part_done(self, path: str, way: Direction, number: int, digest: str) -> None:
        """A part has arrived: its ETag on the way up, its xxh3 on the way down."""

    def digested(self, path: str, way: Direction, digests: Digests, parts: PartDigests) -> None:
        """All of a file has been read: note its digests with the transfer that has begun."""

    def parts_done(self, path: str, way: Direction) -> dict[int, str]: ...
    def parts_of(self, path: str, etag: str) -> PartDigests | None:
        """The part digests of the version with that ETag, if this computer itself sent or verified it."""

    def is_sure_of(self, path: str, etag: str) -> bool:
        """True if they are remembered as `sure`."""

    def remember_parts(self, path: str, etag: str, parts: PartDigests, *, sure: bool = True) -> None:
        """Remember part digests. `sure`: all bytes of the version were sent from here, or fetched.

        Otherwise some were said to be the same as bytes that were there already: enough to send only the rest, and
        not enough to destroy another copy.
        """

    def forget_parts(self, path: str) -> None:
        """Forget part digests: the store turned out to hold other bytes, and all of the next version is sent."""
