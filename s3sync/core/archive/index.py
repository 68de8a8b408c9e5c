"""Text of an index, and what must hold of one that somebody else may have written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, runtime_checkable

from msgspec import DecodeError, MsgspecError, Raw, Struct, ValidationError, json
from msgspec.structs import replace

from s3sync.core.archive.extraction import TOO_LONG, is_too_long
from s3sync.core.archive.tar import as_bytes
from s3sync.core.archive.values import (
    CURRENT_FORMAT,
    SINGLE_FORMAT,
    Frame,
    Index,
    Kind,
    Member,
    Pack,
    SplitIndex,
    Volume,
)
from s3sync.core.archive.volumes import volume_number
from s3sync.core.batches import batched
from s3sync.decoding import ready
from s3sync.errors import ArchiveError

MOST_SIZE = 2**60
"""Bytes of an archive, unpacked: far more than any store takes, and few enough to count with."""
MOST_BYTES = 512 * 1024 * 1024
_MEMBER, _OTHERS = 400, 16
"""Bytes of memory for a member, and for each byte of the rest."""
"""Bytes of one index, which is read into memory: about two million members."""
MEMBERS_AT_ONCE = 1000
"""Members whose text is made at once."""
_NO_MEMBERS = b'"members":[]'
BROKEN = (
    "nothing was changed; the archive beside it may be good, and any tar program opens it; a bucket that keeps versions"
    " has the index as it was"
)
"""Hint for an index that cannot be used, beside its archive."""


@runtime_checkable
class Worded(Protocol):
    """Members whose text may have been made already."""

    @property
    def text(self) -> Callable[[], Iterator[bytes]] | None:
        """Makes their text as it stands between the brackets of an index; None where it has to be made of them."""


class _Version(Struct):
    format: int


def index_text(index: Index) -> bytes:
    """Index as JSON, on one line. A name that is no UTF-8 is written as NUL and its bytes in hexadecimal."""
    try:
        return json.encode(index, enc_hook=list)
    except UnicodeEncodeError:
        return json.encode(_renamed(index, _escaped))


def index_pieces(index: Index) -> Iterator[bytes]:
    """The same text piece by piece: as a whole it takes as much memory as the members do."""
    known = index.members.text if isinstance(index.members, Worded) else None
    if known is None and len(index.members) <= MEMBERS_AT_ONCE:
        yield index_text(index)
        return
    before, mark, after = index_text(replace(index, members=())).partition(_NO_MEMBERS)
    yield before + mark[:-1]
    if known is not None:
        yield from known()
    else:
        for number, block in enumerate(batched(index.members, MEMBERS_AT_ONCE)):
            yield (b"," if number else b"") + members_text(block)
    yield b"]" + after


def members_text(members: Sequence[Member]) -> bytes:
    """Text of some members, without the brackets around all."""
    try:
        return json.encode(members)[1:-1]
    except UnicodeEncodeError:
        return json.encode(_members(members, _escaped))[1:-1]


class _Outline(Struct):
    """Parts of an index, not looked into."""

    members: Raw = Raw()
    sidecars: Raw = Raw()
    frames: Raw = Raw()
    parts: Raw = Raw()
    tags: Raw = Raw()
    fields: Raw = Raw()


def memory_of(text: bytes) -> int:
    """Bytes of memory that an index takes with its text, told before it is made. Raises `ValueError` for what is none.

    A member has six texts at most, whoever wrote it; of frames and words a few bytes become a hundred.
    """
    try:
        found = json.decode(text, type=ready(_Outline))
    except (MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    members = bytes(found.members).count(b"{") + bytes(found.sidecars).count(b"{")
    others = sum(len(bytes(part)) for part in (found.frames, found.parts, found.tags, found.fields))
    made = members * _MEMBER + others * _OTHERS
    return len(text) + made * (2 if b"\\u0000" in text else 1)


def parse_index(text: bytes, key: str | None, where: str) -> Index:
    """Index of the archive `key` (None: whatever it says). `where` names it in errors. Raises `ArchiveError`."""
    try:
        version = json.decode(text, type=ready(_Version)).format
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(where, "it is no index") from error
    if version > CURRENT_FORMAT:
        raise ArchiveError(
            f"cannot read {where}",
            why="a newer s3sync wrote it",
            hint="upgrade s3sync: docs/upgrade-and-remove.md says how",
        )
    try:
        index = json.decode(text, type=ready(Index if version <= SINGLE_FORMAT else SplitIndex))
        if b"\\u0000" in text:
            index = _renamed(index, _unescaped)
    except (ValidationError, DecodeError, ValueError, RecursionError) as error:
        raise _broken(where, str(error)) from error
    if key is not None and index.key != key:
        raise _broken(where, f"it is the index of another archive ({index.key:.200})")
    _check(index, where)
    return index


def _check(index: Index, where: str) -> None:
    if any(member.size < 0 or member.offset < 0 for member in (*index.members, *index.sidecars)):
        raise _broken(where, "a member has a size or a place below zero")
    long = next((one.path for one in (*index.members, *index.sidecars) if is_too_long(one.path)), None)
    if long is not None:
        raise _broken(where, f"a member cannot be restored: {TOO_LONG} ({long:.100}...)")
    amounts = [index.size, index.original_size]
    amounts += [amount for member in (*index.members, *index.sidecars) for amount in (member.size, member.offset)]
    if max(amounts) > MOST_SIZE or sum(frame.unpacked for frame in index.frames) > MOST_SIZE:
        raise _broken(where, "it names a size that no archive has")
    if index.pack is Pack.NONE and any(m.key is None for m in index.members if m.kind is Kind.FILE):
        raise _broken(where, "a member has no object")
    if any(one.key is None for one in index.sidecars):
        raise _broken(where, "a sidecar has no object")
    folder = index.key.rpartition("/")[0]
    for members, below in ((index.members, index.key), (index.sidecars, folder)):
        for key in (member.key for member in members if member.key is not None):
            if below and key != below and not key.startswith(f"{below}/"):
                raise _broken(where, f"it names an object that is none of its own ({key:.200})")
    _check_frames(index.frames, index.size, where)
    if isinstance(index, SplitIndex):
        _check_volumes(index, where)
        begin = 0
        for part in index.parts:
            _check_places(islice(index.members, begin, begin + part.members), _tar_size(index, part), where)
            begin += part.members
    elif index.pack is not Pack.NONE:
        _check_places(index.members, _tar_size(index, index), where)


def _tar_size(index: Index, part: Index | Volume) -> int:
    """Bytes of a tar as it was before it was compressed. Of one that others made in one piece nobody says them."""
    if index.pack is Pack.TAR:
        return part.size
    return sum(frame.unpacked for frame in part.frames) if part.frames else MOST_SIZE


def _check_places(members: Iterable[Member], size: int, where: str) -> None:
    """Raise `ArchiveError` for a member that lies beyond the end of its tar."""
    for member in members:
        end = member.offset + member.size
        if end > size and member.kind is Kind.FILE:
            why = f"it does not fit its archive: {member.path:.200} is to end at byte {end:,} of {size:,}"
            raise _broken(where, why)


def _check_frames(frames: tuple[Frame, ...], size: int, where: str) -> None:
    at = 0
    for frame in frames:
        if frame.offset < at or frame.stored <= 0 or frame.unpacked < 0:
            raise _broken(where, "its frames overlap")
        at = frame.offset + frame.stored
    if at > size:
        raise _broken(where, "its frames reach beyond the archive's end")


def _check_volumes(index: SplitIndex, where: str) -> None:
    if index.pack is Pack.NONE or not index.parts or index.frames:
        raise _broken(where, "it has volumes that cannot be")
    last = 0
    for part in index.parts:
        number = volume_number(index.key, index.pack, part.key)
        if number is None or number <= last or number > index.volumes:
            raise _broken(where, f"it names a volume that is none of its own ({part.key:.200})")
        if part.members < 0 or part.size < 0:
            raise _broken(where, "a volume has a size below zero")
        _check_frames(part.frames, part.size, where)
        last = number
    if sum(part.members for part in index.parts) != len(index.members):
        raise _broken(where, "its volumes hold other members than it has")


def _broken(where: str, why: str) -> ArchiveError:
    return ArchiveError(f"cannot use {where}", why=why, hint=BROKEN)


def _renamed(index: Index, rename: Callable[[str], str]) -> Index:
    return replace(index, members=_members(index.members, rename), sidecars=_members(index.sidecars, rename))


def _members(found: Sequence[Member], rename: Callable[[str], str]) -> tuple[Member, ...]:
    return tuple(replace(m, path=rename(m.path), target=None if m.target is None else rename(m.target)) for m in found)


def _escaped(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "\0" + as_bytes(name).hex()
    return name


def _unescaped(name: str) -> str:
    return bytes.fromhex(name[1:]).decode("utf-8", "surrogateescape") if name.startswith("\0") else name
