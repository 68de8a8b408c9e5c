"""Uploads in blocks, from any process, and the blocks that a new version keeps of the one before."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from s3sync.core import limits
from s3sync.errors import NotFound, PreconditionFailed, StoreError
from s3sync.store.azure.blocks import (
    MOST_RECORD,
    RECORDS,
    UNKNOWN_MD5,
    Record,
    chosen,
    is_made_of,
    is_upload,
    new_block,
    new_upload,
    offset_of,
    read_id,
    read_record,
    staged,
)
from s3sync.store.azure.copying import WholeBlobs
from s3sync.store.azure.errors import error_class
from s3sync.store.azure.failures import from_azure
from s3sync.store.azure.words import require_tier
from s3sync.store.bodies import pieces
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.options import StoreOptions
from s3sync.store.port import (
    Body,
    Buffer,
    Create,
    Headers,
    Overwrite,
    Part,
    Update,
    Upload,
    WriteMode,
    Written,
)


class Uploading(WholeBlobs):
    """The uploads of a store. An ended one leaves blocks behind that Azure drops within a week, or with a commit."""

    def __init__(self, account: str, container: str, prefix: str, options: StoreOptions) -> None:
        super().__init__(account, container, prefix, options)
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._kept: dict[str, dict[int, tuple[str, str]]] = {}
        """By upload and part: the ETag and id of a block of the version that is replaced."""
        self._replaced: dict[str, str] = {}
        """By upload: the ETag of that version."""
        self._committed: dict[tuple[str, str], list[Any]] = {}
        self._md5s: dict[str, bytes] = {}

    def note_md5(self, upload_id: str, md5: bytes) -> None:
        self._md5s[upload_id] = md5

    def start_upload(self, key: str, headers: Headers) -> str:
        require_tier(headers.storage_class)
        self._io.new_key(key)
        upload_id, record = new_upload(), Record(key, headers)
        name, body = self._io.root + RECORDS + upload_id, record.encode()
        put, doing = self._fast.put, "begin the upload of"
        try:
            self._io.attempts(doing).run(lambda: put(name, body, Overwrite(), Headers()), from_obstore)
        except RequestFailed as error:
            raise self._io.error(error.failure, doing, self._io.key(key)) from None
        self._records[upload_id] = record
        return upload_id

    def _record(self, key: str, upload_id: str) -> Record:
        """The record of an upload, read once. Raises `NotFound`."""
        found = self._records.get(upload_id)
        if found is None and is_upload(upload_id):
            with contextlib.suppress(NotFound):
                found = self._read(upload_id)
        if found is None or found.key != key:
            raise NotFound(f"the upload of {key!r} is not there", why="it was finished or aborted")
        self._records[upload_id] = found
        return found

    def _read(self, upload_id: str) -> Record | None:
        with self.get(RECORDS + upload_id, start=0, stop=MOST_RECORD) as reader:
            return read_record(b"".join(reader))

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        name = self._io.key(key)
        self._record(key, upload_id)
        digest = hashlib.md5(usedforsecurity=False)
        for piece in pieces(body):
            digest.update(piece)
        block = new_block(upload_id, number, digest.digest())
        put = self._full.put_block
        self._io.on_full(f"send part {number} of", name, lambda: put(name, block.id, body, block.md5))
        return block.etag

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        """A block of the very version that is replaced is kept where it lies: nothing is copied, and nothing is sent.

        Its ETag is then the MD5 that the server verified when it came.
        """
        name, origin = self._io.key(key), self._io.key(source)
        self._record(key, upload_id)
        if source == key:
            one = offset_of(self._blocks_of(key, source_etag), start, stop - start)
            block = read_id(one.id) if one is not None else None
            if block is not None:
                with self._lock:
                    self._replaced[upload_id] = source_etag
                    self._kept.setdefault(upload_id, {})[number] = (block.etag, block.id)
                return block.etag
        block, doing = new_block(upload_id, number, UNKNOWN_MD5), f"copy part {number} of"
        call = self._full.block_from_url
        try:
            self._io.attempts(doing).run(lambda: call(name, block.id, origin, source_etag, start, stop), from_azure)
        except RequestFailed as error:
            if error_class(error.failure) in (NotFound, PreconditionFailed):
                self.head(source)  # raises when it is the source that is not there
            raise self._io.error(error.failure, doing, name) from None
        return block.etag

    def _blocks_of(self, key: str, etag: str) -> list[Any]:
        """The committed blocks of a version. Raises `PreconditionFailed` when it is no longer there."""
        with self._lock:
            if (key, etag) not in self._committed:
                name = self._io.key(key)
                committed, _ = self._io.on_full("list the parts of", name, lambda: self._full.blocks(name))
                if self.head(key).info.etag != etag:
                    raise PreconditionFailed(f"{self._io.container_url}/{name} is not the version that was expected")
                self._committed = {(key, etag): committed}  # of the last file: parts of one are asked for together
            return self._committed[key, etag]

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        self._record(key, upload_id)
        for ones in staged(self._blocks(key)[1], upload_id).values():
            yield ones[-1].part

    def _blocks(self, key: str) -> tuple[list[Any], list[Any]]:
        name = self._io.key(key)
        return self._io.on_full("list the parts of", name, lambda: self._full.blocks(name))

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        """Commit the blocks. Kept ones are of one version, so nothing but that may be replaced then."""
        name = self._io.key(key)
        committed, uncommitted = self._blocks(key)
        if is_made_of(committed, upload_id, parts):  # an earlier call did it, and its answer was lost
            self._forget(upload_id)
            return Written(self.head(key).info.etag)
        record = self._record(key, upload_id)
        ids = chosen(parts, staged(uncommitted, upload_id), self._kept.get(upload_id, {}))
        if ids and isinstance(ids[0], int):
            raise self._dropped(key, mode, ids)
        replaced = self._replaced.get(upload_id)
        if replaced is not None and any(kept for _, kept in ids):  # type: ignore[misc]
            mode = mode if isinstance(mode, Update) else self._only_over(key, mode, replaced)
        attempts, md5, commit = self._io.attempts("finish"), self._md5s.get(upload_id), self._full.commit
        try:
            written = attempts.run(lambda: commit(name, ids, mode, record.headers, md5), from_azure)  # type: ignore[arg-type]
        except RequestFailed as error:
            kind = error_class(error.failure)
            if kind in (PreconditionFailed, NotFound):
                if is_made_of(self._blocks(key)[0], upload_id, parts):
                    self._forget(upload_id)
                    return Written(self.head(key).info.etag)
                if kind is NotFound and error.failure.code == "InvalidBlockList":
                    raise self._dropped(key, mode, []) from None
                if isinstance(mode, Update):
                    raise PreconditionFailed(f"{key!r} is not the version that was expected") from None
            raise self._io.error(error.failure, "finish", name) from None
        self._forget(upload_id)
        return written

    def _only_over(self, key: str, mode: WriteMode, replaced: str) -> WriteMode:
        if isinstance(mode, Create):
            raise PreconditionFailed(f"{key!r} is not the version that was expected", why="it is there already")
        return Update(replaced)

    def _dropped(self, key: str, mode: WriteMode, missing: Sequence[Any]) -> StoreError:
        """The error for blocks that are gone. If it is somebody else's version that is there, that is what matters."""
        with contextlib.suppress(NotFound):
            etag = self.head(key).info.etag
            if isinstance(mode, Create) or (isinstance(mode, Update) and mode.etag != etag):
                return PreconditionFailed(
                    f"{key!r} is not the version that was expected",
                    why="somebody else published it meanwhile, and with that the store dropped what was sent of yours",
                )
        told = f"{len(missing)} of its parts are gone" if missing else "its parts are gone"
        return NotFound(
            f"the upload of {key!r} is not whole",
            why=f"{told}: when anybody publishes a file, Azure drops what others have sent of it",
        )

    def _forget(self, upload_id: str) -> None:
        """Drop the record of an ended upload, and what was remembered of it."""
        self._drop(upload_id)
        with contextlib.suppress(StoreError):
            self.delete(RECORDS + upload_id)

    def _drop(self, upload_id: str) -> None:
        memories: tuple[dict[str, Any], ...] = (self._records, self._kept, self._replaced, self._md5s)
        for memory in memories:
            memory.pop(upload_id, None)

    def abort_upload(self, key: str, upload_id: str) -> None:
        if not is_upload(upload_id):
            return
        self.delete(RECORDS + upload_id)
        self._drop(upload_id)

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        root, most = self._io.root + RECORDS, limits.now.uploads_listed
        for item in self._io.items("list the uploads below", root, most=most):
            upload_id = item.name[len(root) :]
            if not is_upload(upload_id):
                continue
            with contextlib.suppress(NotFound):
                record = self._records.get(upload_id) or self._read(upload_id)
                if record is not None and record.key.startswith(prefix):
                    yield Upload(record.key, upload_id, item.last_modified)
