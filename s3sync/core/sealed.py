"""Arithmetic and places of the sealed format: what a plaintext's ranges are in what the store holds, and whose key is
whose (docs/encryption.md has the format).

A sealed object is a row of blocks. A block is a header and up to 1 MiB of plaintext in segments of 64 KiB, each with a
tag. All blocks but the last are full, so that sizes and ranges follow from the plaintext's alone, however many parts an
object came in.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from s3sync.core.names import MANIFEST, STATE_DIR

MAGIC = b"s3c\x01"
"""Beginning of every block; the last byte is the format's version."""
KEY_ID_BYTES, PART_ID_BYTES = 12, 32
HEADER = len(MAGIC) + KEY_ID_BYTES + PART_ID_BYTES
TAG = 16
SEGMENT = 64 * 1024
BLOCK = 1024 * 1024
SEALED_SEGMENT = SEGMENT + TAG
SEALED_BLOCK = HEADER + BLOCK // SEGMENT * SEALED_SEGMENT
EMPTY = HEADER + TAG
"""Size of a sealed object without any bytes."""
KEYS, CURRENT = "keys", "current"
"""Kind of the wrapped keys, and the record that names the key."""
SIDE, TRASH = "sealed", "trash"
"""Kinds of records: what an object in the trash was, and the trash itself."""
METADATA = "key-id"
"""Name of the only entry in a sealed object's metadata."""


def current_key(repo: str) -> str:
    """Key of the record that says which key the repository has, and by being there that it is encrypted."""
    return f"{repo}/{STATE_DIR}/{KEYS}/{CURRENT}"


def sealed_size(size: int) -> int:
    """Bytes that the store has of so many."""
    return max(1, -(-size // BLOCK)) * HEADER + max(1, -(-size // SEGMENT)) * TAG + size


def opened_size(sealed: int) -> int | None:
    """Bytes of plaintext in a sealed object of that size; None for a size that no sealed object has."""
    blocks, rest = divmod(sealed, SEALED_BLOCK)
    if rest == 0:
        return blocks * BLOCK if blocks else None
    segments, tail = divmod(rest - HEADER, SEALED_SEGMENT)
    if rest < EMPTY or 0 < tail < TAG:
        return None
    if tail == TAG and (segments or blocks):
        return None  # an empty last segment: only an empty object has one
    return blocks * BLOCK + segments * SEGMENT + max(0, tail - TAG)


def sealed_start(start: int) -> int:
    """Offset in the store of the block that holds a byte."""
    return start // BLOCK * SEALED_BLOCK


def sealed_stop(stop: int) -> int:
    """End in the store of the segment that holds the byte before `stop`, as far as the object goes so far."""
    blocks, rest = divmod(stop, BLOCK)
    return blocks * SEALED_BLOCK + (HEADER + -(-rest // SEGMENT) * SEALED_SEGMENT if rest else 0)


class Sphere(Struct, frozen=True):
    """Purpose of a key: the files of a project, one record of it, or what lies under one key of a store of archives.
    Nothing sealed for one opens for another.
    """

    repo: str
    project: str
    record: str | None = None
    is_archive: bool = False

    def name(self) -> bytes:
        """Unambiguous: no name has a NUL."""
        kind = "archive" if self.is_archive else "files" if self.record is None else "record"
        return "\0".join(("s3sync sealed 1", kind, self.repo, self.project, self.record or "")).encode()


def sphere_of(repo: str, key: str) -> Sphere | None:
    """The sphere of a key of the store; None for the wrapped keys, which have a protection of their own.

    A file in the trash keeps that of a file: the server copied it there.
    """
    project, slash, path = key.removeprefix(f"{repo}/").partition("/")
    if not key.startswith(f"{repo}/") or not slash:
        return Sphere(repo, "")
    if project != STATE_DIR:
        if path.startswith(f"{STATE_DIR}/") and path.count("/") == 1:
            return Sphere(repo, project, f"{STATE_DIR}/")  # scratch objects, which are copied to each other
        is_record = path == MANIFEST or path.startswith(f"{STATE_DIR}/")
        return Sphere(repo, project, path if is_record else None)
    kind, _, rest = path.partition("/")
    of_project, _, name = rest.partition("/")
    if kind == KEYS:
        return None
    return Sphere(repo, of_project, None if kind == TRASH and name else f"{STATE_DIR}/{kind}/{name}")


def side_key(repo: str, key: str) -> str | None:
    """Key of the record beside a file in the trash; None for any other key."""
    beginning = f"{repo}/{STATE_DIR}/{TRASH}/"
    project, slash, name = key.removeprefix(beginning).partition("/")
    if not key.startswith(beginning) or not slash or not name:
        return None
    return f"{repo}/{STATE_DIR}/{SIDE}/{project}/{name}"


class Spheres(Protocol):
    """Assignment of the keys of a store to spheres. `repo`: the repository whose key they are made from."""

    @property
    def repo(self) -> str: ...

    def sphere_of(self, key: str) -> Sphere | None:
        """The sphere of a key; None for what is not sealed."""

    def side_key(self, key: str) -> str | None:
        """Key of the record beside an object; None for one that has none."""


class OfRepository(Struct, frozen=True):
    """Spheres of the store of a repository."""

    repo: str

    def sphere_of(self, key: str) -> Sphere | None:
        return sphere_of(self.repo, key)

    def side_key(self, key: str) -> str | None:
        return side_key(self.repo, key)


class OfArchives(Struct, frozen=True):
    """Spheres of a store of a repository's archives: each key has its own, as nothing is copied to another one."""

    repo: str

    def sphere_of(self, key: str) -> Sphere:
        return Sphere(self.repo, "", key, is_archive=True)

    def side_key(self, key: str) -> None:
        return None
