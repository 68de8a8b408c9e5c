"""Parts of an upload as they are made of a stream: of one size but for the last, each of whole frames."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Iterator

from msgspec import Struct

from s3sync.archive.codecs import Compress, compressor
from s3sync.archive.stream import Position, TarStream
from s3sync.core.archive import frames
from s3sync.core.archive.frames import FRAME
from s3sync.core.archive.values import Frame, Pack
from s3sync.core.checksum import Checksum
from s3sync.store.port import Buffer

COMPRESSED = (Pack.TAR_GZ, Pack.TAR_ZST)


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
        self._spare: list[mmap.mmap] = []
        self._unpacked = memoryview(_memory(FRAME) if pack_as in COMPRESSED else b"")
        self._compress = compressor(pack_as, level) if pack_as in COMPRESSED else None

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

    def give_back(self, part: PartBody) -> None:
        """Take back the memory of a part that has arrived: the next one is made in it."""
        if isinstance(part.body, memoryview) and isinstance(part.body.obj, mmap.mmap):
            self._spare.append(part.body.obj)

    def let_go(self) -> None:
        """Give up the memory of parts: all that are to be made have arrived."""
        self._spare.clear()

    def _buffer(self) -> memoryview:
        return memoryview(self._spare.pop() if self._spare else _memory(self._part_size))

    def _plain(self) -> tuple[memoryview, bool]:
        whole = self._buffer()
        got = self._stream.fill(whole)
        return whole[:got], got < self._part_size

    def _framed(self, compress: Compress) -> tuple[memoryview, bool]:
        """Whole frames up to the part's size, and what fills the part up; at the end the seek table."""
        whole, size = self._buffer(), 0
        while True:
            wanted = frames.input_for(self._part_size - size)
            if not wanted:
                return self._filled(whole, size), False
            got = self._stream.fill(self._unpacked[:wanted])
            if got:
                stored = compress(self._unpacked[:got])
                self.frames.append(Frame(self.size + size, len(stored), got))
                whole[size : size + len(stored)] = stored
                size += len(stored)
            if got < wanted:
                return self._ended(whole, size)

    def _filled(self, whole: memoryview, size: int) -> memoryview:
        whole[size:] = frames.filler(self._pack, self._part_size - size)
        return whole

    def _ended(self, whole: memoryview, size: int) -> tuple[memoryview, bool]:
        if self._pack is not Pack.TAR_ZST:
            return whole[:size], True
        table = frames.seek_table(self.frames, self.size + size)
        if size + len(table) > self._part_size:
            return self._filled(whole, size), False
        whole[size : size + len(table)] = table
        return whole[: size + len(table)], True


def _memory(size: int) -> mmap.mmap:
    """Memory of which only what is written counts, and which goes back to the system at once."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
