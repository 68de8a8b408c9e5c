"""A store in a folder: a NAS, an external disk, a folder that another tool keeps in sync. Objects are ordinary files.

What a person drops into the folder, or edits there, is an object too: its ETag is computed from its content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from s3sync.core.names import is_text
from s3sync.core.times import moment
from s3sync.disk.copying import append
from s3sync.errors import (
    AccessDenied,
    ChecksumMismatch,
    DiskFull,
    NotFound,
    PreconditionFailed,
    StoreError,
    Unchanged,
    Unsupported,
)
from s3sync.store.aspects import TimedBody
from s3sync.store.bodies import pieces
from s3sync.store.folder import listing, objects, uploads
from s3sync.store.folder.files import Record, drop_temporary, sweep, temporary_file
from s3sync.store.folder.layout import Layout
from s3sync.store.port import (
    Body,
    Buffer,
    Capabilities,
    Headers,
    ObjectHead,
    ObjectInfo,
    Pace,
    Part,
    Reader,
    Unlimited,
    Upload,
    WriteMode,
    Written,
)

__all__ = ["FolderStore"]


class FolderStore:
    """A `port.Store` in a folder. Its errors add `DiskFull`; its multipart uploads need twice their size at the end."""

    def __init__(self, root: Path, *, create: bool = False, private: bool = False, pace: Pace | None = None) -> None:
        self.url = "file://" + quote(f"/{root.as_posix().lstrip('/')}", safe="/:")
        self.capabilities = Capabilities(conditional_writes=True, multipart=True, copy_part=True)
        self._layout = Layout(root, private=private)
        self._pace = pace or Unlimited()
        if create:
            self._layout.create()

    def identity(self) -> str | None:
        """Identity of this store, to tell it from another one mounted at the same path; None until it was written.

        It lies in the store's marker, and moves with the folder.
        """
        return self._layout.marker.id

    def rights(self) -> str:
        """Rights of this store's files, in words: they follow the rights of its folder."""
        with self._layout.errors("look at", self.url):
            return self._layout.modes.words

    @cached_property
    def _ready(self) -> bool:
        with self._layout.errors("write to", self.url), contextlib.suppress(PermissionError):
            sweep(self._layout)
        with contextlib.suppress(AccessDenied):  # who may not write will be told by what is to be written
            self._layout.identify()
        return True

    def _require_writable(self) -> None:
        self._layout.require()
        assert self._ready

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        self._require_listable(prefix)
        yield from listing.walk(self._layout, prefix, after)

    def folders(self, prefix: str) -> Iterator[str]:
        self._require_listable(prefix)
        yield from listing.folders(self._layout, prefix)

    def _require_listable(self, prefix: str) -> None:
        self._layout.require()
        if prefix and not prefix.endswith("/"):
            raise StoreError(f"cannot list {prefix!r}", why="a prefix ends in `/`")

    def head(self, key: str) -> ObjectHead:
        self._layout.require()
        record = self._record(key)
        return ObjectHead(objects.info_of(record), record.metadata, record.content_type, "-" not in record.etag)

    def first_part_size(self, key: str) -> int | None:
        self._layout.require()
        return self._record(key).first_part

    def _record(self, key: str) -> Record:
        file, record = objects.open_object(self._layout, key)
        file.close()
        return record

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        self._layout.require()
        file, record = objects.open_object(self._layout, key)
        if if_match is not None and record.etag != if_match:
            file.close()
            raise PreconditionFailed(f"{key!r} is not the version that was expected")
        if record.etag == if_none_match:
            file.close()
            raise Unchanged(f"{key!r} is still the version that is known")
        end = record.size if stop is None else min(stop, record.size)
        return objects.FileReader(self._layout, file, record, start, max(start, end))

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        """The time is that of the disk, as a file that is written for it has it; None where none can be written."""
        with self.get(key) as reader:
            body = b"".join(bytes(piece) for piece in reader) if reader.info.size <= most_bytes else None
        now = None
        with contextlib.suppress(StoreError, DiskFull):
            self._require_writable()
            with self._layout.errors("write to", self.url), temporary_file(self._layout) as (temporary, file):
                now = moment(os.fstat(file.fileno()).st_mtime_ns)
            drop_temporary(self._layout, temporary)
        return TimedBody(reader.info, body, now)

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
        self._require_writable()
        _require_keepable(key, headers)
        objects.require_mode(self._layout, key, mode)
        self._layout.require_holdable(key)
        with self._layout.errors("write", repr(key)), temporary_file(self._layout) as (temporary, file):
            etag = self._receive(body, file)
            if etag != md5.hex():
                raise ChecksumMismatch(f"could not write {key!r}", why="its bytes are not the ones that were promised")
        return Written(etag, moment(self._place(key, temporary, mode=mode, etag=etag, headers=headers)))

    def _receive(self, body: Buffer | Body, file: BinaryIO) -> str:
        """Write a body, and return its MD5 in hex."""
        digest = hashlib.md5(usedforsecurity=False)
        for piece in pieces(body):
            self._pace.send(len(piece))
            digest.update(piece)
            file.write(piece)
        return digest.hexdigest()

    def _place(
        self, key: str, temporary: str, *, mode: WriteMode, etag: str, headers: Headers, first_part: int | None = None
    ) -> int:
        """When the object was put there, in nanoseconds."""
        try:
            return objects.place(
                self._layout, key, temporary, mode=mode, etag=etag, headers=headers, first_part=first_part
            )
        finally:
            drop_temporary(self._layout, temporary)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        self._require_writable()
        if headers is not None:
            _require_keepable(target, headers)
        objects.require_mode(self._layout, target, mode)
        file, record = self._open_version(source, source_etag)
        self._layout.require_holdable(target)
        with file, self._layout.errors("copy", repr(source)), temporary_file(self._layout) as (temporary, copied):
            _append(file, copied, record.size, source)
        etag = record.etag
        self._place(
            target, temporary, mode=mode, etag=etag, headers=headers or record.headers, first_part=record.first_part
        )
        return etag

    def _open_version(self, key: str, etag: str) -> tuple[BinaryIO, Record]:
        file, record = objects.open_object(self._layout, key)
        if record.etag != etag:
            file.close()
            raise PreconditionFailed(f"{key!r} is not the version that was expected")
        return file, record

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        self._require_writable()
        objects.remove(self._layout, key, if_match)

    def start_upload(self, key: str, headers: Headers) -> str:
        self._require_writable()
        _require_keepable(key, headers)
        return uploads.start(self._layout, key, headers)

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        self._layout.require()
        folder, _ = uploads.find(self._layout, key, upload_id)
        _check_number(number)
        with uploads.errors(self._layout, key, f"write part {number} of"):
            with temporary_file(self._layout) as (temporary, file):
                etag = self._receive(body, file)
            uploads.keep_part(self._layout, folder, number, temporary, etag)
        return etag

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        self._layout.require()
        folder, _ = uploads.find(self._layout, key, upload_id)
        _check_number(number)
        opened, record = self._open_version(source, source_etag)
        with opened, uploads.errors(self._layout, key, f"copy part {number} of"):
            if not 0 <= start < stop <= record.size:
                raise StoreError(f"could not copy from {source!r}", why=f"it has no bytes {start} to {stop}")
            reader = objects.FileReader(self._layout, opened, record, start, stop)
            digest = hashlib.md5(usedforsecurity=False)
            with temporary_file(self._layout) as (temporary, file):
                for block in reader:
                    digest.update(block)
                    file.write(block)
            uploads.keep_part(self._layout, folder, number, temporary, digest.hexdigest())
        return digest.hexdigest()

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        self._layout.require()
        folder, _ = uploads.find(self._layout, key, upload_id)
        with uploads.errors(self._layout, key, "list the parts of"):
            found = uploads.parts(folder)
        yield from (part for part, _ in found.values())

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        self._require_writable()
        try:
            folder, record = uploads.find(self._layout, key, upload_id)
        except NotFound:
            return Written(self._already_complete(key, parts))
        objects.require_mode(self._layout, key, mode)
        with uploads.errors(self._layout, key, "finish"):
            temporary, etag = uploads.assemble(self._layout, folder, parts, key)
            first = uploads.parts(folder)[parts[0].number][0].size
        self._place(key, temporary, mode=mode, etag=etag, headers=record.headers, first_part=first)
        with contextlib.suppress(OSError):
            uploads.drop(self._layout, upload_id)
        return Written(etag)

    def _already_complete(self, key: str, parts: Sequence[Part]) -> str:
        """An upload that is gone because an earlier, interrupted call finished it is no error."""
        there = objects.current(self._layout, key)
        if there is None or there.etag != uploads.multipart_etag(parts):
            raise NotFound(f"the upload of {key!r} is not there", why="it was finished or aborted")
        return there.etag

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._require_writable()
        try:
            uploads.find(self._layout, key, upload_id)
        except NotFound:
            return
        with self._layout.errors("abort the upload of", repr(key)):
            uploads.drop(self._layout, upload_id)

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        self._layout.require()
        with self._layout.errors("list the uploads below", repr(prefix)):
            found = list(uploads.unfinished(self._layout, prefix))
        yield from found


def _require_keepable(key: str, headers: Headers) -> None:
    """Raise for what no record of a folder holds: tags, and what is no text, which a name that is no UTF-8 becomes."""
    told = (*headers.metadata, *headers.metadata.values(), headers.content_type or "", headers.storage_class or "")
    if any(not is_text(one) for one in told):
        raise StoreError(
            f"could not write {key!r}",
            why="what is to be kept beside it (who uploaded it, its type) is no UTF-8 text",
            hint="set `user` to a plain name, or copy it from where its metadata is sound",
        )
    if headers.tags:
        raise Unsupported(f"could not tag {key!r}", why="a folder store has no tags", hint="put it there without tags")


def _check_number(number: int) -> None:
    if not 1 <= number <= uploads.MAX_PARTS:
        raise StoreError(f"there is no part {number}", why=f"parts are numbered 1 to {uploads.MAX_PARTS}")


def _append(source: BinaryIO, target: BinaryIO, size: int, key: str) -> None:
    try:
        append(source, target, size)
    except EOFError as error:
        raise ChecksumMismatch(f"{key!r} was changed while it was being read", why=str(error)) from None
