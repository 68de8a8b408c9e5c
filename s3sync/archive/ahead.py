"""Made ahead while the parts of an archive travel: the text of its index, and its rows of the catalogue.

Neither counts before the archive is in the store; then both are only put in their place. Where the index travels for a
moment only, the rows are placed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import BinaryIO

from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.staged import BLOCK, Staged
from s3sync.archive.passed import Passed
from s3sync.core.archive.index import members_text
from s3sync.core.archive.values import ArchiveSet, Pack, Unit
from s3sync.errors import LocalError
from s3sync.spill.scratch import unnamed_file, writing

LEAST = 4000
"""Members of a unit for which this is worth while. Such a unit has the line for itself, and the catalogue."""
MOMENT_S = 2.0
"""Seconds that the index may be expected to travel where the rows are placed meanwhile."""
_CHUNK = 256 * 1024


class Ahead:
    """Takes members as they pass. Where the disk has no room for that, everything is made afterwards, as ever."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._file: BinaryIO | None = None
        self._staged: Staged | None = None
        self._told: Passed | None = None
        self._placing: Thread | None = None
        self._taken = 0

    def begin(self) -> None:
        """Forget what was taken, for an upload that begins."""
        self.undo()
        self.close()
        try:
            self._file, self._staged = unnamed_file(), Staged(self._catalogue)
        except LocalError:
            self.close()

    def take(self, members: Passed) -> None:
        """Take in what has passed since, as far as it makes whole blocks."""
        while len(members) - self._taken >= BLOCK:
            self._add(members, self._taken + BLOCK)

    def finish(self, members: Passed) -> None:
        """Take in the rest, and have the members know what was made of them."""
        self.take(members)
        self._add(members, len(members))
        if self._file is not None:
            self._told, members.text, members.staged = members, self._text, self._staged

    def place(self, key: str, rate: float | None) -> None:
        """Begin to place the rows of all members, if the index will travel for a moment only. Returns at once.

        `rate`: bytes a second of the line. Others wait for the catalogue until the archive is recorded, so that a thin
        line has to do without.
        """
        file, staged = self._file, self._staged
        if file is None or staged is None or not rate or file.tell() > rate * MOMENT_S:
            return

        def place() -> None:
            with suppress(LocalError):  # they are written when the archive is recorded, as ever, and that tells it
                staged.place(key)

        self._placing = Thread(target=place, name="s3sync-rows", daemon=True)
        self._placing.start()

    def undo(self) -> None:
        """Take out of their place rows of an archive that will not be recorded, or is made anew."""
        self._wait()
        if self._staged is not None:
            self._staged.undo()

    def _wait(self) -> None:
        placing, self._placing = self._placing, None
        if placing is not None:
            placing.join()

    def _add(self, members: Passed, stop: int) -> None:
        begin, self._taken = self._taken, stop
        if self._file is None or self._staged is None or begin == stop:
            return
        some = members[begin:stop]
        try:
            with writing():
                self._file.write((b"," if begin else b"") + members_text(some))
            self._staged.add(some)
        except LocalError:
            self.close()

    def _text(self) -> Iterator[bytes]:
        assert self._file is not None
        at = 0
        while True:
            with writing():
                self._file.seek(at)
                piece = self._file.read(_CHUNK)
            if not piece:
                return
            at += len(piece)
            yield piece

    def close(self) -> None:
        """Give up the text; rows that were told wait on, or are placed."""
        self._wait()
        file, self._file, self._staged, self._taken = self._file, None, None, 0
        if file is not None:
            file.close()
        if self._told is not None:
            self._told.text, self._told = None, None


@contextmanager
def ahead_of(catalogue: Catalogue, rules: ArchiveSet, unit: Unit) -> Iterator[Ahead | None]:
    """For the upload of a unit; None where it has few members. What it made of the text ends with the block."""
    if rules.pack is Pack.NONE or len(unit.sources) < LEAST:
        yield None
        return
    ahead = Ahead(catalogue)
    try:
        yield ahead
    except BaseException:
        ahead.undo()
        raise
    finally:
        ahead.close()
