"""Memory of uploads of archives that are under way: each part that arrived, and where the stream was after it.

After a crash an upload resumes behind the last part of an unbroken row that the store lists, too. Nothing of a part
that arrived is made again. It also remembers the index of each archive that this computer sent, or read as a whole:
others may write the one in the store, which is no proof of what is in the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self, TypeAlias

from msgspec import Struct, json
from msgspec.structs import replace

from s3sync.archive.parts import PartBody
from s3sync.archive.stream import Position
from s3sync.core.archive.index import index_pieces
from s3sync.core.archive.values import Frame, Index, SplitIndex
from s3sync.core.archive.volumes import etags_of, with_etags
from s3sync.decoding import ready
from s3sync.disk.errors import local_errors
from s3sync.disk.own import make_own
from s3sync.state.sqlite import Database
from s3sync.store.port import Part

UPLOADS = """
CREATE TABLE upload (
  key TEXT PRIMARY KEY,
  upload_id TEXT NOT NULL,
  archive_id TEXT NOT NULL,
  signature TEXT NOT NULL,
  part_size INTEGER NOT NULL,
  started_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE part (
  key TEXT NOT NULL,
  number INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  position INTEGER NOT NULL,
  done BLOB NOT NULL,
  partial BLOB NOT NULL,
  frames BLOB NOT NULL,
  checksum TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;
"""
_MADE = """
CREATE TABLE made (
  key TEXT PRIMARY KEY,
  digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_READ = """
CREATE TABLE read (
  key TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  objects TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_ETAGS = """
ALTER TABLE made ADD COLUMN etags TEXT NOT NULL DEFAULT '{}';
"""
SCHEMA = UPLOADS + _MADE + _READ + _ETAGS
MIGRATIONS = (_MADE, _READ, _ETAGS)
REPAIR = "delete it: uploads of archives that are under way then begin anew"


Looks: TypeAlias = Mapping[str, tuple[str, str]]
"""Objects by key, each with its ETag and the time at which the store says that it was put there."""


class Begun(Struct, frozen=True):
    """An upload that was begun. `archive_id` is in the object's metadata; `signature` says of what it is made."""

    key: str
    upload_id: str
    archive_id: str
    signature: str
    part_size: int
    started_at: str


class Sent(Struct, frozen=True):
    """State after the last part of an unbroken row: all parts, frames and digests up to there."""

    parts: tuple[Part, ...] = ()
    position: Position = Position()
    frames: tuple[Frame, ...] = ()
    checksum: str = ""
    last: bool = False


class Journal(Database):
    """Uploads to one store. One process at a time works with it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        with local_errors("cannot use", path.parent, hint="make the folder yours and writable"):
            make_own(path.parent)
        super().__init__(path, SCHEMA, MIGRATIONS, read_only=read_only, repair=REPAIR)

    @classmethod
    def beside(cls, catalogue: Path) -> Self:
        """The journal of the store whose catalogue that is."""
        return cls(catalogue.with_suffix(".uploads.db"))

    def find(self, key: str) -> Begun | None:
        rows = self.execute(
            "SELECT key, upload_id, archive_id, signature, part_size, started_at FROM upload WHERE key = ?", key
        )
        return Begun(*rows[0]) if rows else None

    def begin(self, begun: Begun) -> None:
        """Remember an upload; what was known of an earlier one of the key is forgotten."""
        with self.transaction():
            self.end(begun.key)
            self.execute(
                "INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?)",
                begun.key, begun.upload_id, begun.archive_id, begun.signature, begun.part_size, begun.started_at,
            )  # fmt: skip

    def arrived(self, key: str, part: PartBody, etag: str) -> None:
        """Remember a part, before it counts as sent. After a power failure the last ones may be sent again."""
        where = part.position
        with self.hurried():
            self.execute(
                "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                key, part.number, etag, part.size, where.at, where.done, where.partial, json.encode(part.frames),
                part.checksum, int(part.last),
            )  # fmt: skip

    def sent(self, key: str, listed: Mapping[int, Part] | None) -> Sent:
        """State to resume from; `listed` are the parts that the store has, None for all that were remembered."""
        rows = self.execute(
            "SELECT number, etag, size, position, done, partial, frames, checksum, last FROM part WHERE key = ?"
            " ORDER BY number",
            key,
        )
        parts, frames, done, state = list[Part](), list[Frame](), bytearray(), Sent()
        with self.rows_of("part"):
            for number, etag, size, at, ended, partial, made, checksum, last in rows:
                part = Part(number, size, etag)
                if number != len(parts) + 1 or (listed is not None and listed.get(number) != part):
                    break
                parts.append(part)
                frames += json.decode(made, type=ready(tuple[Frame, ...]))
                done += ended
                state = Sent((), Position(at, b"", partial), (), checksum, bool(last))
        where = Position(state.position.at, bytes(done), state.position.partial)
        return Sent(tuple(parts), where, tuple(frames), state.checksum, state.last)

    def end(self, key: str) -> None:
        """Forget an upload: it is complete, or was aborted."""
        with self.transaction():
            self.execute("DELETE FROM part WHERE key = ?", key)
            self.execute("DELETE FROM upload WHERE key = ?", key)

    def note_made(self, indexes: Iterable[Index]) -> None:
        """Remember that this computer sent what these indexes are of, each byte of it."""
        rows = [(index.key, _digest(index), json.encode(etags_of(index)).decode()) for index in indexes]
        self.execute_many("INSERT OR REPLACE INTO made VALUES (?, ?, ?)", rows)

    def note_making(self, index: Index) -> None:
        """Remember, as `note_made`, what an index is of that is not in the store yet. Until `written` the one before it
        is this computer's own, too: it stays there if the run is killed, or the line breaks, before it is replaced."""
        with self.transaction():
            self.execute(
                "INSERT OR REPLACE INTO made SELECT key || ? || digest, digest, etags FROM made WHERE key = ?",
                _EARLIER, index.key,
            )  # fmt: skip
            self.note_made([index])

    def written(self, key: str) -> None:
        """Forget the indexes before the one that was noted last, which is in the store now."""
        self.execute(f"DELETE FROM made WHERE {_OF_KEY}", *_earlier(key))

    def is_made(self, index: Index) -> bool:
        """True if this computer sent exactly what an index says. What the store says of it does not count."""
        sql = f"SELECT digest FROM made WHERE key = ? OR {_OF_KEY}"
        known = {row[0] for row in self.execute(sql, index.key, *_earlier(index.key))}
        return not known.isdisjoint((_digest(index), _digest_with_class(index)))

    def as_made(self, index: Index) -> Index | None:
        """The index with the ETags that its objects had when this computer sent them, if else it is the same.

        Others who copy an object give it another ETag, and may write the index again.
        """
        known = self.execute("SELECT digest, etags FROM made WHERE key = ?", index.key)
        if not known:
            return None
        with self.rows_of("made"):
            made = with_etags(index, json.decode(known[0][1], type=dict[str, str | None]))
        return made if known[0][0] == _digest(made) else None

    def note_read(self, index: Index, looks: Looks) -> None:
        """Remember that this computer read all that an index says, from objects that looked so before it did."""
        row = (index.key, _digest(index), json.encode(looks, order="sorted").decode())
        self.execute("INSERT OR REPLACE INTO read VALUES (?, ?, ?)", *row)

    def was_read(self, index: Index, looks: Looks) -> bool:
        """True if this computer read exactly what an index says, and its objects look as they did then."""
        known = self.execute("SELECT digest, objects FROM read WHERE key = ?", index.key)
        return known == [(_digest(index), json.encode(looks, order="sorted").decode())]

    def note_moved(self, before: Index, after: Index) -> bool:
        """Remember an archive that this computer moved; True if it had sent it, so that the new one is its own, too.

        `before` has the ETags that the moved objects had at that moment: each copy was made of no other content.
        """
        if not self.is_made(before):
            return False
        self.note_made([after])
        return True


_EARLIER, _PAST = "\n", "\v"
"""Mark behind a key, before the digest of an index that was noted earlier; and what sorts behind it."""
_OF_KEY = "(key > ? AND key < ? AND key = ? || digest)"


def _earlier(key: str) -> tuple[str, str, str]:
    """Values for `_OF_KEY`: the bounds are for the table's order, and another key may lie within them."""
    return f"{key}{_EARLIER}", f"{key}{_PAST}", f"{key}{_EARLIER}"


def _digest(index: Index) -> str:
    """Digest of all that an index says of content. Its class, tags and version change when others move it, and prove
    nothing."""
    bare = replace(index, storage_class="", tags={}, version_id=None)
    if isinstance(bare, SplitIndex):
        bare = replace(bare, parts=tuple(replace(part, version_id=None) for part in bare.parts))
    return _digest_with_class(bare)


def _digest_with_class(index: Index) -> str:
    """Digest as earlier versions recorded it."""
    digest = hashlib.sha256()
    for piece in index_pieces(index):
        digest.update(piece)
    return digest.hexdigest()
