"""Archives of other tools: their members by the headers of the tar, and their bytes without an index.

Of a plain tar only the headers are read, by ranges. A compressed one has to be read from its beginning on.
Nothing in it is believed: sizes, names and lengths may be anybody's.
"""

from __future__ import annotations

import hashlib
import math
import re
import tarfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.extended_headers import Header
from s3sync.archive.reading import object_bytes
from s3sync.archive.unpacking import packed_by, unpacked
from s3sync.core.archive.adopt import without_top
from s3sync.core.archive.extraction import TOO_LONG, is_too_long
from s3sync.core.archive.records import Archived
from s3sync.core.archive.tar import BLOCK
from s3sync.core.archive.values import (
    LINK_TO_NOTHING,
    NOT_UNPACKED,
    SINGLE_FORMAT,
    SPARSE,
    ForeignIndex,
    Kind,
    Member,
    Pack,
)
from s3sync.core.times import parse_time
from s3sync.errors import ArchiveError
from s3sync.store.port import Buffer
from s3sync.transfer.progress import Work

MOST_MEMBERS = 2_000_000
MOST_HEADER = 16 * 1024 * 1024
"""Bytes of one header with all that belongs to it."""
FEW, MANY = 4096, 1 << 20
"""Bytes of a request for headers: after a body that is skipped, and among small members."""
CHUNK = 1 << 20
_HERE = re.compile(r"\A(?:\./)++")
"""Beginning of names that GNU tar writes, however often: a name of 16 MB that is nothing else is cut once."""
_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")
_HINT = "it is known as `not indexed`; look at it with the tool that made it"


class Headers(Struct, frozen=True):
    """Members of a tar, and what is in it that cannot be restored, each with its reason."""

    members: tuple[Member, ...]
    problems: tuple[str, ...]


def read_headers(
    carrier: Carrier, key: str, size: int, etag: str | None, pack: Pack, unit: str, *, hashed: bool = False
) -> Headers:
    """Members of an archive. Raises `ArchiveError` for what is no whole tar, `Archived` for what is cold.

    `hashed`: every byte is read, and each file comes with its SHA-256.
    """
    where = f"{carrier.store.url}/{key}"
    file: _Forward
    if pack is Pack.TAR and not hashed:
        file = _Ranged(carrier, key, size, etag, where)
    else:
        stored = _told(carrier, unit, size, object_bytes(carrier, key, 0, size, etag))
        plain = (bytes(piece) for piece in stored) if pack is Pack.TAR else unpacked(pack, stored, size, where)
        file = _Stream(plain, where)
    try:
        found = _scan(file, where, hashed)
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError, IndexError) as error:
        other = packed_by(file.last) if file.at <= BLOCK else None
        said = f"it is packed with {other.removeprefix('tar.')}, which its name does not say" if other else str(error)
        raise _broken(where, said or "its headers are damaged") from error
    return Headers(without_top(found.members, unit), found.problems)


def _told(carrier: Carrier, unit: str, size: int, pieces: Iterable[Buffer]) -> Iterator[Buffer]:
    """The pieces of an archive that is read through, with its progress."""
    carrier.progress.begin(Work.DOWNLOAD, unit, size)
    try:
        for piece in pieces:
            carrier.progress.advance(Work.DOWNLOAD, unit, len(piece))
            yield piece
    finally:
        carrier.progress.finish(Work.DOWNLOAD, unit)


def foreign_index(archived: Archived, members: Iterable[Member], sidecars: Iterable[Member] = ()) -> ForeignIndex:
    """Index of an archive of another tool, of what the catalogue has."""
    members = tuple(members)
    if archived.pack is Pack.NONE and archived.etag is not None and len(members) == 1:
        members = (replace(members[0], etag=archived.etag),)
    return ForeignIndex(
        format=SINGLE_FORMAT,
        unit=archived.unit,
        set=archived.set,
        key=archived.key,
        pack=archived.pack,
        members=members,
        size=archived.size,
        original_size=sum(member.size for member in members),
        created_at=parse_time(archived.uploaded_at) or datetime.fromisoformat("1970-01-01T00:00:00+00:00"),
        created_by=archived.created_by,
        md5=archived.etag if archived.etag == archived.fields.get("md5") else None,
        etag=archived.etag,
        storage_class=archived.storage_class,
        sidecars=tuple(sidecars),
        fields=dict(archived.fields),
    )


def unpacked_by_name(members: Iterable[Member]) -> tuple[Member, ...]:
    """Members as unpacking leaves them: of several with one path the last, which was added to the archive later."""
    return tuple({member.path: member for member in members}.values())


def as_they_were(members: Iterable[Member]) -> Iterator[Member]:
    """Members of the catalogue, which has bytes that are no UTF-8 as escapes, with their own names."""
    for member in members:
        target = None if member.target is None else _bytes_again(member.target)
        yield replace(member, path=_bytes_again(member.path), target=target)


def _bytes_again(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name) if "\\udc" in name else name


class _Forward:
    """Bytes of a tar as a file that is read from front to back. `last` is what was read last.

    `left`: bytes that may be read until somebody allows more.
    """

    def __init__(self, where: str) -> None:
        self.where, self.at, self.last, self.left = where, 0, b"", MOST_HEADER
        self._back: bytes | None = None

    def tell(self) -> int:
        return self.at

    def read(self, size: int) -> bytes:
        if self._back is not None:
            self.last, self._back = self._back, None
            return self.last
        self.left -= size
        if size < 0 or self.left < 0:
            raise _broken(self.where, f"a header of it claims {size} bytes, or more than {MOST_HEADER} in pieces")
        self.last = self._read(size)
        self.at += len(self.last)
        return self.last

    def give_back(self, piece: bytes) -> None:
        """Have the next read give this piece in place of what was read last."""
        self._back = piece

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self.at:
            raise _broken(self.where, "a header of it leads back")
        self._skip(offset)
        return self.at

    def finish(self) -> None:
        """Read what is left, where that proves that nothing is missing."""

    def _read(self, size: int) -> bytes:
        raise NotImplementedError

    def _skip(self, offset: int) -> None:
        raise NotImplementedError


class _Ranged(_Forward):
    """A plain object: what is skipped is not fetched."""

    def __init__(self, carrier: Carrier, key: str, size: int, etag: str | None, where: str) -> None:
        super().__init__(where)
        self._carrier, self._key, self._size, self._etag = carrier, key, size, etag
        self._held, self._begin, self._step = b"", 0, FEW

    def _skip(self, offset: int) -> None:
        self.at = offset

    def _read(self, size: int) -> bytes:
        stop = min(self.at + size, self._size)
        if stop <= self.at:
            return b""
        end = self._begin + len(self._held)
        if not (self._begin <= self.at and stop <= end):
            self._carrier.pool.check()
            self._step = min(self._step * 4, MANY) if self.at <= end else FEW
            until = min(max(stop, self.at + self._step), self._size)
            found = object_bytes(self._carrier, self._key, self.at, until, self._etag)
            self._held, self._begin = b"".join(bytes(piece) for piece in found), self.at
        return self._held[self.at - self._begin : stop - self._begin]


class _Stream(_Forward):
    """Content that has to be unpacked to be skipped."""

    def __init__(self, pieces: Iterator[bytes], where: str) -> None:
        super().__init__(where)
        self._pieces, self._held = pieces, memoryview(b"")

    def finish(self) -> None:
        while self._fill():
            self._held = memoryview(b"")

    def _fill(self) -> bool:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._held = memoryview(piece)
        return True

    def _skip(self, offset: int) -> None:
        while self.at < offset and self._fill():
            step = min(offset - self.at, len(self._held))
            self._held, self.at = self._held[step:], self.at + step

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size and self._fill():
            step = min(size - len(found), len(self._held))
            found += self._held[:step]
            self._held = self._held[step:]
        return bytes(found)


def _scan(file: _Forward, where: str, hashed: bool) -> Headers:
    members: list[Member] = []
    problems: list[str] = []
    places: dict[str, Member] = {}
    reader = cast("IO[bytes]", file)
    how: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape", "tarinfo": Header}
    with tarfile.open(fileobj=reader, mode="r:", **how) as archive:
        before = -1
        while (info := archive.next()) is not None:
            file.left = MOST_HEADER
            archive.members = []  # type: ignore[attr-defined,unused-ignore]
            if info.offset <= before or len(members) + len(problems) >= MOST_MEMBERS:
                raise _broken(where, "its headers do not end")
            before = info.offset
            found = _member(info, places)
            if isinstance(found, str):
                problems.append(found)
            elif found is not None and found.kind is Kind.FILE and found.target is not None:
                problems.append(f"{found.path}: {NOT_UNPACKED[found.target]}")
                members.append(found)
            elif found is not None:
                if hashed and info.isreg():
                    found = replace(found, sha256=_sha256(file, info))
                members.append(found)
                if found.kind is Kind.FILE:
                    places[info.name] = found
    if len(file.last) != BLOCK or file.last.strip(b"\0"):
        raise _broken(where, "it is cut short, or a header in it is damaged")
    file.finish()
    return Headers(tuple(members), tuple(problems))


def _sha256(file: _Forward, info: tarfile.TarInfo) -> str:
    digest, left = hashlib.sha256(), info.size
    file.seek(info.offset_data)
    file.left = info.size
    while left:
        piece = file.read(min(left, CHUNK))
        if not piece:
            raise EOFError("it ends within a file")
        digest.update(piece)
        left -= len(piece)
    file.left = MOST_HEADER
    return digest.hexdigest()


def _member(info: tarfile.TarInfo, places: dict[str, Member]) -> Member | str | None:
    """A member as it is written; a text for a device or pipe; None for the folder that holds all."""
    if info.size < 0:
        raise ValueError("a member claims a size below zero")
    path = _HERE.sub("", info.name)
    if is_too_long(path):
        return f"{path:.100}...: {TOO_LONG}"
    if path in ("", "."):
        return None
    ns = info.mtime * 10**9
    mtime_ns = int(ns) if math.isfinite(ns) else 0
    size, offset, target, kind, sha256 = 0, 0, None, Kind.FILE, ""
    if info.issparse():
        size, target = info.size, SPARSE
    elif info.isdir():
        kind = Kind.FOLDER
    elif info.issym():
        kind, target = Kind.LINK, info.linkname
    elif info.islnk():
        first = places.get(info.linkname)
        if first is None:
            target = LINK_TO_NOTHING
        else:
            size, offset, sha256 = first.size, first.offset, first.sha256
    elif info.isreg():
        size, offset = info.size, info.offset_data
    else:
        return f"{path}: a device or pipe"
    return Member(path, kind, size, info.mode & 0o7777, mtime_ns, sha256, offset, target)


def _broken(where: str, why: Any) -> ArchiveError:
    return ArchiveError(f"cannot read the headers of {where}", why=str(why), hint=_HINT)
