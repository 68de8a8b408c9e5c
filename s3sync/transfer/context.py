"""Context of every transfer beside its own file."""

from __future__ import annotations

from msgspec import Struct, field

from s3sync.core.records import old_part_file_key, part_file_key
from s3sync.core.unfinished import Direction
from s3sync.local.digests import PartDigests
from s3sync.shared.parts import read_part_file, write_part_file
from s3sync.store.port import Pace, Store
from s3sync.transfer.ledger import Ledger
from s3sync.transfer.line import Line
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress


class Transport(Struct, frozen=True):
    """The store, the project's prefix in it, the pool to work in, who watches, and what is remembered."""

    store: Store
    prefix: str
    pool: Pool
    progress: Progress
    ledger: Ledger
    started_at: str
    pace: Pace
    up: Line = field(default_factory=Line)
    down: Line = field(default_factory=Line)

    def part_file(self, path: str) -> str:
        """The key of a path's part digests."""
        return part_file_key(self.prefix, path)

    def read_parts(self, path: str, etag: str, size: int) -> tuple[PartDigests | None, int]:
        """Read the recorded parts of a version, also those of an older s3sync; and count the bytes received for it."""
        found, received = read_part_file(self.store, self.part_file(path), etag, size)
        if found is None:
            found, more = read_part_file(self.store, old_part_file_key(self.prefix, path), etag, size)
            received += more
        return found, received

    def publish_parts(
        self, path: str, etag: str, size: int, parts: PartDigests, md5: str, *, sure: bool = True
    ) -> None:
        """Remember the part digests of a version that we sent, and put them beside it for the others.

        Only then its upload is done with: one that was killed before is found by the next run, and finished.
        """
        self.ledger.remember_parts(path, etag, parts, sure=sure)
        write_part_file(self.store, self.part_file(path), etag, size, parts, md5)
        self.ledger.end(path, Direction.UP)
