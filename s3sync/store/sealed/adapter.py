"""A store around another one that seals what it puts there and opens what it gets: the other sees no plaintext.

Keys, ETags and conditions are the inner store's; sizes and offsets are the plaintext's. Ciphertext follows from the
key, the sphere and the plaintext alone (core/sealed.py), so that parts can be kept, copied and compared by their ETags.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import md5 as new_md5
from typing import TypeVar

from msgspec.structs import replace

from s3sync.core.etag import PART_SIZE, composite_etag
from s3sync.core.sealed import BLOCK, MAGIC, METADATA, Sphere, Spheres, opened_size, sealed_size, sealed_stop
from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError, Unsupported
from s3sync.store.bodies import pieces, size_of
from s3sync.store.port import (
    Body,
    Buffer,
    Headers,
    ObjectHead,
    ObjectInfo,
    Overwrite,
    Part,
    Reader,
    Store,
    WriteMode,
    Written,
)
from s3sync.store.sealed.abilities import REFUSED, ability, refusal
from s3sync.store.sealed.bodies import SealedBody, sealed_md5
from s3sync.store.sealed.keys import RepositoryKey, SphereKeys
from s3sync.store.sealed.reading import OpeningReader, opened, range_in_store
from s3sync.store.sealed.side import MOST_BYTES, read_side, side_bytes
from s3sync.store.sealed.sums import BlockSums
from s3sync.store.seals import Seals
from s3sync.store.wrapped import Wrapped

T = TypeVar("T")

CONTENT_TYPE = "application/octet-stream"
UNSEALED: Mapping[str, str] = {"unsealed": "yes"}
"""Metadata told of an object that is not sealed with our key."""


class SealedStore(Wrapped):
    """Sealed view of the store `inner`, in which `spheres` says whose key is whose. `key` is called when it is needed.

    Every method also raises what `key` raises, and those that read `NotAuthentic`.
    """

    hides_inner = True

    def __init__(self, inner: Store, spheres: Spheres, key: Callable[[], RepositoryKey]) -> None:
        super().__init__(inner)
        self.spheres, self._ask = spheres, key
        self._key: RepositoryKey | None = None
        self._lock = threading.Lock()

    @property
    def key(self) -> RepositoryKey:
        """The repository's key."""
        with self._lock:
            if self._key is None:
                self._key = self._ask()
            return self._key

    def offers(self, kind: type[T]) -> T | None:
        return ability(self, kind)

    def refusal(self, kind: type) -> Unsupported | None:
        return refusal(self.url, REFUSED[kind]) if kind in REFUSED else None

    def keys_of(self, key: str) -> SphereKeys | None:
        """Keys of the sphere that a key is in; None for what is not sealed."""
        sphere = self.spheres.sphere_of(key)
        return None if sphere is None else self.key.sphere(sphere)

    def sealed_headers(self, headers: Headers) -> Headers:
        return replace(headers, metadata={METADATA: self.key.id.hex()}, content_type=CONTENT_TYPE)

    def info(self, info: ObjectInfo) -> ObjectInfo:
        """An entry with the plaintext's size."""
        return info if self.spheres.sphere_of(info.key) is None else opened(info)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        _ = self.key
        return map(self.info, self.inner.list(prefix, after=after))

    def head(self, key: str) -> ObjectHead:
        return self.opened_head(self.inner.head(key))

    def opened_head(self, head: ObjectHead) -> ObjectHead:
        """Description of an object as what lies beside it tells: a sealed one says nothing of itself."""
        key = head.info.key
        if self.spheres.sphere_of(key) is None:
            return head
        if not self._says_ours(head):
            return ObjectHead(opened(head.info), UNSEALED, head.content_type, etag_is_md5=False)
        return ObjectHead(opened(head.info), self._said_of(key, head.info.etag), CONTENT_TYPE, etag_is_md5=False)

    def _says_ours(self, head: ObjectHead) -> bool:
        """True if an object's metadata names our key; where a store keeps none, its first bytes. What is in it only
        opening it tells."""
        if self.inner.capabilities.metadata:
            return head.metadata.get(METADATA) == self.key.id.hex()
        begins = MAGIC + self.key.id
        try:
            with self.inner.get(head.info.key, start=0, stop=len(begins), if_match=head.info.etag) as reader:
                return b"".join(bytes(chunk) for chunk in reader) == begins
        except PreconditionFailed:
            return False

    def is_sealed(self, head: ObjectHead) -> bool:
        return head.metadata.keys() != UNSEALED.keys()

    def _said_of(self, key: str, etag: str) -> Mapping[str, str]:
        side = self.spheres.side_key(key)
        if side is None:
            return {}
        try:
            with self.get(side) as reader:
                body = b"" if reader.info.size > MOST_BYTES else b"".join(bytes(chunk) for chunk in reader)
        except NotFound:
            return {}
        return read_side(body, etag)

    def first_part_size(self, key: str) -> int | None:
        size = self.inner.first_part_size(key)
        return None if size is None else opened_size(size)

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        keys = self.keys_of(key)
        if keys is None:
            return self.inner.get(key, start=start, stop=stop, if_match=if_match, if_none_match=if_none_match)
        begin, end = range_in_store(start, stop)
        reader = self.inner.get(key, start=begin, stop=end, if_match=if_match, if_none_match=if_none_match)
        return OpeningReader(reader, self.key.id, keys, start, stop, key)

    def put(
        self,
        key: str,
        body: Buffer | Body,
        *,
        mode: WriteMode,
        headers: Headers,
        md5: bytes,
        timed: bool = False,
    ) -> Written:
        keys = self.keys_of(key)
        if keys is None:
            return self.inner.put(key, body, mode=mode, headers=headers, md5=md5, timed=timed)
        _check(key, body, md5)
        sealed: Buffer | SealedBody = SealedBody(self.key.id, keys, body)
        assert isinstance(sealed, SealedBody)
        if size_of(body) <= PART_SIZE:
            sealed = sealed.read()
            digest = new_md5(sealed, usedforsecurity=False).digest()
        else:
            digest = sealed_md5(sealed)
        return self.inner.put(key, sealed, mode=mode, headers=self.sealed_headers(headers), md5=digest, timed=timed)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        self._require_one_sphere(source, target)
        told = headers if headers is None else self.sealed_headers(headers)
        etag = self.inner.copy(source, target, source_etag=source_etag, mode=mode, headers=told)
        side = self.spheres.side_key(target)
        if side is not None and headers is not None:
            body = side_bytes(etag, headers.metadata)
            digest = new_md5(body, usedforsecurity=False).digest()
            self.put(side, body, mode=Overwrite(), headers=Headers(), md5=digest)
        return etag

    def _require_one_sphere(self, source: str, target: str) -> Sphere:
        sphere = self.spheres.sphere_of(source)
        if sphere is None or sphere != self.spheres.sphere_of(target):
            raise Unsupported(
                f"{source} cannot be copied to {target} in the store",
                why="this repository is encrypted, and each project of it and each record has a key of its own",
            )
        return sphere

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        self.inner.delete(key, if_match=if_match)
        side = self.spheres.side_key(key)
        if side is not None:
            self.inner.delete(side)

    def start_upload(self, key: str, headers: Headers) -> str:
        return self.inner.start_upload(key, self.sealed_headers(headers))

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        keys = self.keys_of(key)
        if keys is None:
            raise Unsupported(f"{key} is no place for an upload in parts", why="wrapped keys lie there")
        return self.inner.put_part(key, upload_id, number, SealedBody(self.key.id, keys, body))

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        self._require_one_sphere(source, key)
        if start % BLOCK or (stop % BLOCK and opened(self.inner.head(source).info).size != stop):
            raise Unsupported(f"{source} cannot be copied in part", why="its blocks are encrypted as a whole")
        begin, end = sealed_stop(start), sealed_stop_of_part(stop)
        return self.inner.copy_part(
            key, upload_id, number, source=source, source_etag=source_etag, start=begin, stop=end
        )

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        for part in self.inner.list_parts(key, upload_id):
            size = opened_size(part.size)
            yield replace(part, size=-1 if size is None else size)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        if any(part.size % BLOCK or not part.size for part in parts[:-1]):
            raise StoreError(f"{key} cannot be put together", why="a part that is not the last one ends within a MiB")
        sealed = [replace(part, size=sealed_size(part.size)) for part in parts]
        return self.inner.complete_upload(key, upload_id, sealed, mode=mode)

    def sealed_etag(self, key: str, body: Buffer | Body, part_size: int | None) -> str:
        keys = self.keys_of(key)
        if keys is None:
            raise Unsupported(f"{key} is not encrypted")
        sealed = SealedBody(self.key.id, keys, body)
        if part_size is None:
            return sealed_md5(sealed).hex()
        if part_size % BLOCK or part_size <= 0:
            return ""
        size, digests = sealed_size(part_size), []
        sealed.seek(0)
        for _ in range(0, len(sealed), size):
            digest, left = new_md5(usedforsecurity=False), size
            while left and (piece := sealed.read(min(left, BLOCK))):
                digest.update(piece)
                left -= len(piece)
            digests.append(digest.digest())
        return composite_etag(digests)

    def key_id(self) -> str:
        return self.key.id.hex()

    def size_in_store(self, size: int) -> int:
        return sealed_size(size)

    def content_sum(self) -> BlockSums:
        return BlockSums()

    def new_checksum(self, after: str | None = None) -> BlockSums | None:
        return None if after is not None else BlockSums()

    def verifies(self, upload_id: str) -> bool:
        """True: each part is compared with what was hashed while it is sealed."""
        return True

    def checksum_of(self, key: str) -> str | None:
        """None: metadata.json has it, sealed."""
        self.inner.head(key)
        return None


class SealedPieces(SealedStore):
    """The same around a store that lists in pieces, and once."""

    def list_once(self, prefix: str) -> Iterator[ObjectInfo]:
        _ = self.key
        return map(self.info, self.inner.list_once(prefix))  # type: ignore[attr-defined]

    def list_until(self, prefix: str, until: Sequence[str], *, after: str = "") -> Iterator[ObjectInfo]:
        _ = self.key
        return map(self.info, self.inner.list_until(prefix, until, after=after))  # type: ignore[attr-defined]


def sealed_stop_of_part(stop: int) -> int:
    """End in the store of the segment that has the byte before `stop`, of an object that ends there."""
    rest = stop % BLOCK
    return sealed_stop(stop - rest) + (sealed_size(rest) if rest else 0)


def _check(key: str, body: Buffer | Body, promised: bytes) -> None:
    """Raise `ChecksumMismatch` where the body is not the one that was hashed: the store sees another."""
    digest = new_md5(usedforsecurity=False)
    for piece in pieces(body):
        digest.update(piece)
    if digest.digest() != promised:
        raise ChecksumMismatch(f"{key} is not what it was when it was hashed", why="its MD5 is another one")


assert issubclass(SealedStore, Seals)
