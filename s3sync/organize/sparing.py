"""Files looked into at a bounded cost, whoever made them: few pieces of them, and few large ones at once.

mutagen keeps something for each of a million empty boxes or frames, and copies what is left of a tag after each frame,
and of a text after each of its values: four megabytes had it busy for hours, and sixty-four such files at once took
more memory than a command may.
"""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Mapping
from typing import IO, Any, cast

from s3sync.archive.readers import Unsaid
from s3sync.organize.looks import Looks

MOST_PIECES = 20_000
"""Reads of one file, and pieces of its tags: a song with chapters and pictures has some hundreds."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes that are read of one file, repeated ones among them: most of them are those of a picture."""
FEW_BYTES, LARGE_AT_ONCE = 256 * 1024, 3
"""Bytes from which on a file counts as a large one, and how many of them are looked into at once."""
MOST_FRAMES, MOST_OF_A_FRAME = 64, 16 * 1024
"""Frames of a song's ID3 tags that are looked into, and bytes of one, also where it was packed."""
_WANTED = frozenset((
    "TPE1", "TPE2", "TALB", "TIT2", "TRCK", "TPOS", "TCON", "TDRC", "TYER", "TDAT", "TIME",
    "TP1", "TP2", "TAL", "TT2", "TRK", "TPA", "TCO", "TYE", "TDA", "TIM",
))  # fmt: skip
"""Names of the frames that say what a layout may ask for, in each version of ID3, with the dates of older ones."""

_MOST_MARKS = 200_000
"""Bytes of 255 in a tag that has a zero put in after each of them."""

_large = threading.BoundedSemaphore(LARGE_AT_ONCE)
_song = threading.local()
"""Pieces and frames that are left to the song that this thread looks into."""


class Sparing(Looks):
    """An open file of so many bytes, for reading within these bounds, and never beyond its end.

    Raises `Unsaid` where somebody wants more. Closes the file with itself.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        super().__init__()
        self._file, self._size = file, size
        self._pieces, self._bytes, self._is_large = 0, 0, False

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self._file.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        self._pieces, self._bytes = self._pieces + 1, self._bytes + wanted
        if self._pieces > MOST_PIECES or self._bytes > MOST_BYTES:
            raise _too_much()
        if self._bytes > FEW_BYTES and not self._is_large:
            self._is_large = _large.acquire()
        return self._file.read(wanted)

    def close(self) -> None:
        if not self.closed:
            if self._is_large:
                _large.release()
            self._file.close()
        super().close()


def open_song(file: IO[bytes]) -> Any:
    """The song in a file as mutagen has it, with easy names; None for no song. Raises what mutagen does, `Unsaid`."""
    import mutagen

    _bound_mutagen()
    _song.left, _song.frames = MOST_PIECES, MOST_FRAMES
    return mutagen.File(file, easy=True)  # type: ignore[attr-defined,no-untyped-call,unused-ignore]


def _spend() -> None:
    _song.left = getattr(_song, "left", MOST_PIECES) - 1
    if _song.left < 0:
        raise _too_much()


def _too_much() -> Unsaid:
    return Unsaid("what it says of itself is in more pieces, or takes more reading, than in any song or picture")


class _Unpacking:
    """What mutagen takes of `zlib` for packed tags, bounded."""

    error = zlib.error

    @staticmethod
    def decompress(data: bytes) -> bytes:
        unpacked = zlib.decompressobj()
        found = unpacked.decompress(data, MOST_OF_A_FRAME)
        if not unpacked.eof:
            raise zlib.error(f"more than {MOST_OF_A_FRAME} bytes, or no end")
        return found


class _Frames:
    """Bytes of a tag's frames: what is left of them is not copied, and each piece counts."""

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data, self.start = data, min(start, len(data))

    def __len__(self) -> int:
        return len(self.data) - self.start

    def __getitem__(self, at: slice) -> Any:
        _spend()
        start = self.start + (at.start or 0)
        return _Frames(self.data, start) if at.stop is None else self.data[start : self.start + at.stop]


class _Short:
    """Kind of a frame, of which short ones are made, and few."""

    def __init__(self, kind: Any, junk: type[Exception]) -> None:
        self._kind, self._junk = kind, junk

    def _fromData(self, header: Any, flags: int, data: bytes) -> Any:  # noqa: N802 - as mutagen calls it
        _song.frames -= 1
        if len(data) > MOST_OF_A_FRAME or _song.frames < 0:
            raise self._junk
        return self._kind._fromData(header, flags, data)


class _Counted:
    """Bytes of comments, of which each piece counts."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        _spend()
        return self._file.read(size)


def _bound_mutagen() -> None:
    """Have mutagen keep to the bounds: it has no settings for that."""
    from mutagen import _vorbis, apev2
    from mutagen.id3 import _frames, _tags

    frames, tags = cast("Any", _frames), cast("Any", _tags)
    vorbis, ape = cast("Any", _vorbis).VComment, cast("Any", apev2).APEv2
    if frames.zlib is _Unpacking:
        return
    comments, items = vorbis.load, ape._APEv2__parse_tag

    def parse_tag(self: Any, tag: bytes, count: int) -> None:
        if min(count, len(tag) // 9) > MOST_PIECES:
            raise _too_much()
        items(self, tag, count)

    _bound_frames(tags)
    vorbis.load = lambda self, file, *args, **named: comments(self, _Counted(file), *args, **named)
    ape._APEv2__parse_tag = parse_tag
    frames.zlib = _Unpacking


def _bound_frames(tags: Any) -> None:
    """Have few frames made, of those that are wanted alone; none of the others is looked into."""
    read, synchronised, junk = tags.read_frames, tags.unsynch, tags.ID3JunkFrameError

    class Synchronised:
        encode = synchronised.encode

        @staticmethod
        def decode(value: _Frames) -> _Frames:
            if value.data.count(b"\xff") > _MOST_MARKS:
                raise _too_much()
            return _Frames(synchronised.decode(value.data[value.start :]))

    def read_frames(header: Any, data: bytes, kinds: Mapping[str, Any]) -> Any:
        return read(header, _Frames(data), {name: _Short(kinds[name], junk) for name in _WANTED & kinds.keys()})

    tags.unsynch, tags.read_frames = Synchronised, read_frames
