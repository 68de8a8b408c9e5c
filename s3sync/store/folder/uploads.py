"""Multipart uploads of a folder store.

An upload is a folder `uploads/<id>/` with `upload.json` and its parts, `<number>-<etag>`; a part's file name says all
there is to know of it, so that any process can resume it. Finished parts have been synced to the disk. Others can write
there too: a part counts only when its bytes, hashed while they are joined, are those that its name promises.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from s3sync.decoding import ready
from s3sync.disk.durable import write_all
from s3sync.disk.errors import Refused
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import remove_tree
from s3sync.errors import NotFound, StoreError
from s3sync.store.folder.errors import disk_error
from s3sync.store.folder.files import BLOCK, MAX_RECORD, decode, replace, temporary_file
from s3sync.store.folder.layout import RESERVED, Layout
from s3sync.store.port import Headers, Part, Upload

MAX_PARTS = 10_000
RECORD = "upload.json"
_PART = re.compile(r"(\d{5})-([0-9a-f]{32})")
_ID = re.compile(r"[0-9a-f]{32}")


class UploadRecord(msgspec.Struct, frozen=True):
    key: str
    started: datetime
    content_type: str | None
    storage_class: str | None
    metadata: dict[str, str]

    @property
    def headers(self) -> Headers:
        return Headers(self.metadata, self.content_type, self.storage_class)


_records = msgspec.json.Decoder(ready(UploadRecord))


def _read(layout: Layout, upload_id: str) -> UploadRecord | None:
    """What an upload is for; None for what is no upload of ours."""
    try:
        return decode(_folder(layout, upload_id).read(RECORD, MAX_RECORD), _records)
    except (FileNotFoundError, NotADirectoryError, Refused):
        return None


def _folder(layout: Layout, upload_id: str) -> GuardedFolder:
    return layout.folder(RESERVED, "uploads", upload_id)


def start(layout: Layout, key: str, headers: Headers) -> str:
    layout.require_holdable(key)
    upload_id = uuid.uuid4().hex
    record = UploadRecord(key, datetime.now(UTC), headers.content_type, headers.storage_class, dict(headers.metadata))
    with layout.errors("begin the upload of", repr(key)):
        fresh = layout.make((RESERVED, "tmp", upload_id))
        descriptor = layout.create_file(fresh, RECORD)
        try:
            write_all(descriptor, msgspec.json.encode(record))
        finally:
            os.close(descriptor)
        layout.tmp.rename(upload_id, upload_id, layout.uploads)
        layout.uploads.sync()
    return upload_id


def find(layout: Layout, key: str, upload_id: str) -> tuple[GuardedFolder, UploadRecord]:
    """The folder of an upload and what it is for. Raises `NotFound`."""
    if _ID.fullmatch(upload_id):
        with errors(layout, key, "find the upload of"):
            record = _read(layout, upload_id)
            if record and record.key == key:
                return _folder(layout, upload_id), record
    raise _gone(layout, key)


def _gone(layout: Layout, key: str) -> NotFound:
    layout.require()
    return NotFound(f"the upload of {key!r} is not there", why="it was finished or aborted")


@contextlib.contextmanager
def errors(layout: Layout, key: str, doing: str) -> Iterator[None]:
    """Translate what goes wrong in an upload's folder; a folder that vanishes meanwhile was finished or aborted."""
    try:
        yield
    except FileNotFoundError:
        raise _gone(layout, key) from None
    except OSError as error:
        raise disk_error(error, doing, repr(key)) from error


def keep_part(layout: Layout, folder: GuardedFolder, number: int, temporary: str, etag: str) -> None:
    """Give a finished part its name, in place of an earlier one with the same number."""
    name = f"{number:05d}-{etag}"
    replace(layout.tmp, temporary, folder, name)
    for earlier in folder.names():
        if earlier.startswith(f"{number:05d}-") and earlier != name:
            folder.unlink(earlier, missing_ok=True)
    folder.sync()


def parts(folder: GuardedFolder) -> dict[int, tuple[Part, str]]:
    """The parts by number, each with its file's name; of two with the same number (a crash while replacing), the newer.

    What is no regular file is no part.
    """
    found: dict[int, tuple[Part, str, int]] = {}
    for name in sorted(folder.names()):
        match = _PART.fullmatch(name)
        status = folder.find(name) if match else None
        if match is None or status is None or not stat.S_ISREG(status.st_mode):
            continue
        number = int(match[1])
        if number not in found or found[number][2] < status.st_mtime_ns:
            found[number] = (Part(number, status.st_size, match[2]), name, status.st_mtime_ns)
    return {number: found[number][:2] for number in sorted(found)}


def assemble(layout: Layout, folder: GuardedFolder, wanted: Sequence[Part], key: str) -> tuple[str, str]:
    """One temporary file out of the wanted parts, and its ETag (the MD5 of their MD5s, as S3 does it)."""
    there = parts(folder)
    numbers = [part.number for part in wanted]
    if not wanted or numbers != sorted(set(numbers)):
        raise StoreError(f"could not finish {key!r}", why="its parts are not in ascending order")
    with temporary_file(layout) as (temporary, target):
        for part in wanted:
            kept, name = there.get(part.number, (None, None))
            if kept is None or name is None or kept.etag != part.etag:
                raise StoreError(f"could not finish {key!r}", why=f"part {part.number} is not the one that was sent")
            with os.fdopen(folder.open_read(name), "rb", 0) as source:
                _join(source, target, kept, key)
    return temporary, multipart_etag(wanted)


def _join(source: BinaryIO, target: BinaryIO, part: Part, key: str) -> None:
    """Append a part whose bytes are those that its ETag is the MD5 of."""
    digest = hashlib.md5(usedforsecurity=False)
    left = part.size + 1  # one more than it has: a file that grows has no end
    while left and (block := source.read(min(left, BLOCK))):
        digest.update(block)
        target.write(block)
        left -= len(block)
    if digest.hexdigest() != part.etag:
        raise StoreError(
            f"could not finish {key!r}",
            why=f"part {part.number} in the store's folder was changed after it was sent",
            hint="send the file again; if that helps only once, check the disk, and who can write there",
        )


def multipart_etag(wanted: Sequence[Part]) -> str:
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in wanted), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(wanted)}"


def drop(layout: Layout, upload_id: str) -> None:
    """Remove an upload; first out of sight, so that half a one is never seen."""
    if not _ID.fullmatch(upload_id):
        return
    gone = uuid.uuid4().hex
    try:
        layout.uploads.rename(upload_id, gone, layout.tmp)
    except FileNotFoundError:
        return
    with contextlib.suppress(OSError):
        remove_tree(layout.tmp, gone)


def unfinished(layout: Layout, prefix: str) -> Iterator[Upload]:
    """List unfinished uploads; what does not look like one of ours is none."""
    for name in sorted(layout.uploads.names()):
        record = _read(layout, name) if _ID.fullmatch(name) else None
        if record and record.key.startswith(prefix):
            yield Upload(record.key, name, record.started)
