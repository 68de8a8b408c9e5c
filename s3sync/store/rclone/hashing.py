"""Hashes of a body on its way, in the kinds that remotes keep."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.core.content_hash import KINDS
from s3sync.store.port import Buffer


class Hashed:
    """Pieces of a body; once all are taken, its MD5 and its ETag by a remote that keeps hashes of that kind."""

    def __init__(self, pieces: Iterator[Buffer], kind: str | None) -> None:
        self._pieces = pieces
        self._md5 = KINDS["md5"]()
        self._kind = kind
        make = None if kind is None or kind == "md5" else KINDS.get(kind)
        self._own = None if make is None else make()
        self.size = 0

    def __iter__(self) -> Iterator[Buffer]:
        for piece in self._pieces:
            self._md5.update(piece)
            if self._own is not None:
                self._own.update(piece)
            self.size += len(piece)
            yield piece

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    @property
    def etag(self) -> str | None:
        """None for a remote without hashes, or of a kind that is not computed here."""
        if self._kind == "md5":
            return self.md5
        return None if self._own is None else f"{self._kind}:{self._own.hexdigest()}"
