"""metadata.json as this computer saw it last, so that the store is only asked whether it is still that one.

The text of 20,000 files has 5 MB, and is mostly the same from one command to the next. It lies in `.s3sync/`, behind a
line that names its place and its version, with a digest of all three that only this user can make: one that was torn,
or put there by somebody else, is not believed. What a run believes, it writes back for everybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import xxhash

from s3sync.core import limits
from s3sync.disk.durable import write_all
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError, LocalError
from s3sync.local.room import known_room, state_room
from s3sync.state.own import own_secret

FILE = "metadata.json"
_NEW = f"{FILE}.new"
_DIGEST = 32
"""Hexadecimal digits of a digest."""
_HEAD = 512
"""Bytes of the first line at most. A longer ETag is none of S3's, and is not kept."""


class SeenText:
    """The text of one project's metadata.json in one place. It saves time, so what fails here fails in silence.

    `keeps` False: what is there is used, and nothing is written.
    """

    def __init__(self, staging: Path, place: str, environ: Mapping[str, str], *, keeps: bool) -> None:
        self._staging, self._environ, self._keeps = staging, environ, keeps
        self._whole_place = place.encode("utf-8", "surrogateescape")
        self._place = xxhash.xxh3_64_hexdigest(self._whole_place)

    @contextmanager
    def open(self) -> Iterator[Seen | None]:
        """The text that is there, whole and of this place; None where there is none."""
        seen: Seen | None = None
        with suppress(OSError, LocalError, ConfigError, ValueError):
            seen = self._find()
        try:
            yield seen
        finally:
            if seen is not None:
                os.close(seen.descriptor)

    def _find(self) -> Seen | None:
        room = known_room(self._staging)
        if room is None:
            return None
        with room:
            descriptor = room.open_read(FILE, max_bytes=limits.now.manifest_bytes + _HEAD, alone=True)
        try:
            line = os.read(descriptor, _HEAD).partition(b"\n")[0]
            place, digest, etag = line.decode("ascii").split(" ", 2)
            seen = Seen(descriptor, len(line) + 1, etag)
            if place == self._place and digest == self._digest_of(etag, seen.pieces()):
                return seen
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def keep(self, etag: str, pieces: Iterable[bytes]) -> None:
        """Keep the text of that version in place of the one before."""
        if not self._keeps or not etag.isascii() or not etag.isprintable() or len(etag) > _HEAD // 2:
            return
        with suppress(OSError, LocalError, ConfigError), state_room(self._staging) as room:
            room.unlink(_NEW, missing_ok=True)
            self._write(room, etag, pieces)
            room.replace(_NEW, FILE)

    def _write(self, room: GuardedFolder, etag: str, pieces: Iterable[bytes]) -> None:
        """The line with the digest comes last, over one of the same length that nobody believes."""
        digest = self._digest(etag, create=True)
        descriptor = room.create(_NEW)
        try:
            write_all(descriptor, self._line("0" * _DIGEST, etag))
            for piece in pieces:
                write_all(descriptor, piece)
                digest.update(piece)
            os.lseek(descriptor, 0, os.SEEK_SET)
            write_all(descriptor, self._line(digest.hexdigest(), etag))
        finally:
            os.close(descriptor)

    def _line(self, digest: str, etag: str) -> bytes:
        return f"{self._place} {digest} {etag}\n".encode()

    def _digest_of(self, etag: str, pieces: Iterable[bytes]) -> str:
        digest = self._digest(etag, create=False)
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest()

    def _digest(self, etag: str, *, create: bool) -> blake2b:
        """The digest of a text of that version in this place, before the text. Raises `OSError` without a secret."""
        digest = blake2b(key=own_secret(self._environ, create=create), digest_size=_DIGEST // 2)
        digest.update(b"%d %s %s\n" % (len(self._whole_place), self._whole_place, etag.encode("ascii")))
        return digest


class Seen:
    """A text that is there, open: it stays the same while another process keeps a newer one."""

    def __init__(self, descriptor: int, start: int, etag: str) -> None:
        self.descriptor, self._start, self.etag = descriptor, start, etag

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning. Raises `OSError`."""
        os.lseek(self.descriptor, self._start, os.SEEK_SET)
        while piece := os.read(self.descriptor, limits.now.manifest_piece):
            yield piece
