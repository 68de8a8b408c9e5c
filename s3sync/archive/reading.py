"""Bytes of an archive that is in the store: ranges of its tar, whatever it is packed in, and its files one by one."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator

from s3sync.archive.carrier import Carrier
from s3sync.archive.codecs import DAMAGED, MOST_UNPACKED, unpack_frame
from s3sync.core.archive.frames import Frames
from s3sync.core.archive.values import ForeignIndex, Frame, Index, Kind, Member, Pack
from s3sync.errors import ArchiveError, NotFound, PreconditionFailed, Unreachable
from s3sync.store.lanes.least_rate import LeastOverBreaks
from s3sync.store.port import Buffer

BATCH = 32 * 1024 * 1024
"""Bytes of small members that are fetched with one request, and of one that is held for its hard links: of compressed
archives, which are read one at a time."""
HELD = 1024 * 1024
"""Bytes of one that is held of a plain tar, many of which are read side by side."""
PATIENCE_S = 30.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 3.0


def object_bytes(carrier: Carrier, key: str, start: int, stop: int, etag: str | None) -> Iterator[Buffer]:
    """Bytes `start` up to `stop` of an object, over as many connections as it takes.

    Raises `ArchiveError` where the object is gone, is another one by now, or ends before; `Archived`, `StoreError`.
    """
    where = f"{carrier.store.url}/{key}"
    at, tries, quiet_since, rate = start, 0, 0.0, LeastOverBreaks()
    while at < stop:
        try:
            with carrier.store.get(key, start=at, stop=stop, if_match=etag) as reader:
                for chunk in reader:
                    carrier.pool.check()
                    carrier.pace.receive(len(chunk))
                    if at + len(chunk) > stop:
                        raise ArchiveError(f"cannot read {where}", why="the store ignores which range is asked for")
                    at, tries = at + len(chunk), 0
                    rate.took(len(chunk))
                    yield chunk
            if at < stop:
                raise ArchiveError(f"cannot read {where}", why="it ends before its index says", hint=DAMAGED)
        except NotFound as error:
            raise ArchiveError(f"cannot read {where}", why="it is gone, and only its index is left") from error
        except PreconditionFailed as error:
            raise ArchiveError(
                f"cannot read {where}", why="it is not the one that its index is of", hint=DAMAGED
            ) from error
        except Unreachable:
            now = time.monotonic()
            tries += 1
            quiet_since = now if tries == 1 else quiet_since
            if now - quiet_since >= PATIENCE_S or rate.is_too_little():
                raise
            time.sleep(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0**tries))


def tar_bytes(carrier: Carrier, index: Index, start: int, stop: int) -> Iterator[Buffer]:
    """Bytes `start` up to `stop` of the uncompressed tar: of a compressed one just the frames that hold them."""
    if index.pack is Pack.TAR:
        yield from object_bytes(carrier, index.key, start, stop, index.etag)
        return
    if isinstance(index, ForeignIndex):
        yield from _from_the_beginning(carrier, index, start, stop)
        return
    where, frames = f"{carrier.store.url}/{index.key}", Frames(index.frames)
    if stop > frames.unpacked:
        raise ArchiveError(f"cannot read {where}", why="its index names a place beyond its end", hint=DAMAGED)
    for frame, begins, stored in _stored(carrier, index, frames.holding(start, stop)):
        carrier.pool.check()
        content = memoryview(unpack_frame(index.pack, stored, frame.unpacked, where))
        yield content[max(0, start - begins) : stop - begins]


def _from_the_beginning(carrier: Carrier, index: ForeignIndex, start: int, stop: int) -> Iterator[Buffer]:
    from s3sync.archive.unpacking import unpacked

    stored, at = object_bytes(carrier, index.key, 0, index.size, index.etag), 0
    for piece in unpacked(index.pack, stored, index.size, f"{carrier.store.url}/{index.key}"):
        carrier.pool.check()
        yield memoryview(piece)[max(0, start - at) : max(0, stop - at)]
        at += len(piece)
        if at >= stop:
            return


def _stored(carrier: Carrier, index: Index, wanted: list[tuple[Frame, int]]) -> Iterator[tuple[Frame, int, bytes]]:
    """Each frame with where its content begins in the tar, and its bytes, all from one request."""
    if not wanted:
        return
    first, last = wanted[0][0], wanted[-1][0]
    at, held = first.offset, bytearray()
    if max(frame.stored for frame, _ in wanted) > 2 * MOST_UNPACKED:
        where = f"{carrier.store.url}/{index.key}"
        raise ArchiveError(f"cannot read {where}", why="a frame claims to be larger than any that s3sync writes")
    todo = iter(wanted)
    frame, begins = next(todo)
    for chunk in object_bytes(carrier, index.key, first.offset, last.offset + last.stored, index.etag):
        held += chunk
        while True:
            skip = min(frame.offset - at, len(held))  # between frames there may be anything, of any size
            del held[:skip]
            at += skip
            if at < frame.offset or len(held) < frame.stored:
                break
            yield frame, begins, bytes(held[: frame.stored])
            del held[: frame.stored]
            at += frame.stored
            following = next(todo, None)
            if following is None:
                return
            frame, begins = following


def batches(index: Index, members: Iterable[Member]) -> Iterator[list[Member]]:
    """Files that are fetched together: neighbours in the tar, up to some size; without a container one by one.

    Of another tool's compressed archive all are, as it is read from its beginning. Hard links are the same bytes once
    more: small ones come with them, and large ones after the others.
    """
    files = [member for member in members if member.kind is Kind.FILE]
    if index.pack is Pack.NONE:
        yield from ([member] for member in files)
        return
    files.sort(key=lambda member: member.offset)
    while files:
        files = yield from _one_pass(index, files)


def _one_pass(index: Index, files: list[Member]) -> Generator[list[Member], None, list[Member]]:
    """Batches of the files that one pass over the archive gives; returns those that take another one."""
    whole = isinstance(index, ForeignIndex) and index.pack is not Pack.TAR
    batch: list[Member] = []
    again: list[Member] = []
    for member in files:
        if batch and isinstance(index, ForeignIndex) and member.offset < batch[-1].offset + batch[-1].size:
            (batch if _is_held(index, batch[-1], member) else again).append(member)
            continue
        if batch and not whole and _is_apart(batch, member):
            yield batch
            batch = []
        batch.append(member)
    if batch:
        yield batch
    return again


def _is_held(index: Index, member: Member, following: Member) -> bool:
    """True if the bytes of a member are kept in memory for the next one, which is a hard link to it."""
    most = HELD if index.pack is Pack.TAR else BATCH
    return (member.offset, member.size) == (following.offset, following.size) and 0 < member.size <= most


def _is_apart(batch: list[Member], member: Member) -> bool:
    """True if a member is not fetched with those before it."""
    first, last = batch[0], batch[-1]
    return member.offset + member.size - first.offset > BATCH or member.offset - (last.offset + last.size) > BATCH // 8


def contents(carrier: Carrier, index: Index, batch: list[Member]) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """Each file of a batch with its bytes, which are to be taken before the next. All come from one request."""
    if index.pack is Pack.NONE:
        for member in batch:
            assert member.key is not None
            chunks = object_bytes(carrier, member.key, 0, member.size, member.etag)
            yield member, _cut(_Source(chunks, 0, f"{carrier.store.url}/{member.key}"), member, 0)
        return
    start, stop = batch[0].offset, max(member.offset + member.size for member in batch)
    source = _Source(tar_bytes(carrier, index, start, stop), start, f"{carrier.store.url}/{index.key}")
    held: memoryview | None = None
    for number, member in enumerate(batch):
        if number and held is not None and _is_held(index, batch[number - 1], member):
            yield member, iter((held,))
            continue
        held = None
        if number + 1 < len(batch) and _is_held(index, member, batch[number + 1]):
            held = memoryview(b"".join(_cut(source, member, member.offset)))
        yield member, _cut(source, member, member.offset) if held is None else iter((held,))


class _Source:
    """Chunks with their place; what is left of one is kept for the next file."""

    def __init__(self, chunks: Iterator[Buffer], at: int, name: str) -> None:
        self._chunks, self._rest, self._at, self._name = chunks, memoryview(b""), at, name
        self._error: ArchiveError | None = None

    def take(self, start: int, most: int) -> memoryview:
        """The next bytes from `start` on; what lies before is skipped."""
        while True:
            skip = min(start - self._at, len(self._rest))
            if skip < 0:
                raise ArchiveError(f"cannot read {self._name}", why="its index lets two members overlap", hint=DAMAGED)
            self._rest, self._at = self._rest[skip:], self._at + skip
            if self._rest and self._at == start:
                piece, self._rest = self._rest[:most], self._rest[most:]
                self._at += len(piece)
                return piece
            if self._error is not None:
                raise self._error
            try:
                chunk = next(self._chunks, None)
            except ArchiveError as error:
                self._error = error  # what comes behind cannot be read for the same reason
                raise
            if chunk is None:
                raise ArchiveError(f"cannot read {self._name}", why="it ends before its index says", hint=DAMAGED)
            self._rest = memoryview(chunk).cast("B")


def _cut(source: _Source, member: Member, start: int) -> Iterator[memoryview]:
    left = member.size
    while left:
        piece = source.take(start + member.size - left, left)
        left -= len(piece)
        yield piece
