"""Parts of an upload as they are made of a stream: of one size but for the last, each of whole frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from s3sync.archive.codecs import Compress, compressor
from s3sync.archive.stream import Position, TarStream
from s3sync.core.archive import frames
from s3sync.core.archive.values import Frame, Pack
from s3sync.core.checksum import Checksum
from s3sync.store.port import Buffer


class PartBody(Struct, frozen=True):
    """One part: its bytes, and where the stream and the whole object's checksum are after it.

    `frames` are those of this part. `last`: nothing comes after it.
    """

    number: int
    body: Buffer
    last: bool
    position: Position
    frames: tuple[Frame, ...] = ()
    checksum: str = ""

    @property
    def size(self) -> int:
        return len(self.body)


class Maker:
    """Makes the parts of one archive, from part `number` on.

    `frames` are all so far. What was made is not made again: a part is in memory until it has arrived.
    """

    def __init__(
        self,
        stream: TarStream,
        pack_as: Pack,
        part_size: int,
        *,
        level: int | None = None,
        number: int = 1,
        frames: list[Frame] | None = None,
        checksum: Checksum | None = None,
        made: Callable[[int], None] = lambda n: None,
    ) -> None:
        self._stream, self._pack, self._part_size, self._number = stream, pack_as, part_size, number
        self.frames = frames if frames is not None else []
        self.size = (number - 1) * part_size
        self.checksum = checksum
        self._compress = compressor(pack_as, level) if pack_as in (Pack.TAR_GZ, Pack.TAR_ZST) else None

    def parts(self) -> Iterator[PartBody]:
        """The parts, one after the other. At least one, if the stream is at its beginning."""
        last = False
        while not last:
            before = len(self.frames)
            body: Buffer
            if self._compress is None:
                body, last = self._plain()
            else:
                body, last = self._framed(self._compress)
            if last and not len(body) and self._number > 1:
                return
            if self.checksum is not None:
                self.checksum.update(body)  # type: ignore[arg-type] # any buffer does
            self.size += len(body)
            yield PartBody(
                self._number,
                body,
                last,
                self._stream.tell(),
                tuple(self.frames[before:]),
                self.checksum.value() if self.checksum is not None else "",
            )
            self._number += 1

    def _plain(self) -> tuple[memoryview, bool]:
        whole = memoryview(bytearray(self._part_size))
        got = self._stream.fill(whole)
        return whole[:got], got < self._part_size

    def _framed(self, compress: Compress) -> tuple[bytearray, bool]:
        """Whole frames up to the part's size, and what fills the part up; at the end the seek table."""
        body, buffer = bytearray(), memoryview(bytearray(frames.FRAME))
        while True:
            wanted = frames.input_for(self._part_size - len(body))
            if not wanted:
                body += frames.filler(self._pack, self._part_size - len(body))
                return body, False
            got = self._stream.fill(buffer[:wanted])
            if got:
                stored = compress(buffer[:got])
                self.frames.append(Frame(self.size + len(body), len(stored), got))
                body += stored
            if got < wanted:
                return self._ended(body)

    def _ended(self, body: bytearray) -> tuple[bytearray, bool]:
        if self._pack is not Pack.TAR_ZST:
            return body, True
        table = frames.seek_table(self.frames, self.size + len(body))
        if len(body) + len(table) <= self._part_size:
            return body + table, True
        body += frames.filler(self._pack, self._part_size - len(body))
        return body, False
