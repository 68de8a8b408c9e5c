"""Multipart uploads of a folder store.

An upload is a folder `uploads/<id>/` with `upload.json` and its parts, `<number>-<etag>`; a part's file name says all
there is to know of it, so that any process can go on. Finished parts have been synced to the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from s3sync.disk.durable import sync_folder
from s3sync.errors import NotFound, StoreError
from s3sync.store.folder.files import append, decode, new_name, replace, temporary_file
from s3sync.store.folder.layout import Layout, disk_error, disk_errors
from s3sync.store.port import Headers, Part, Upload

MAX_PARTS = 10_000
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


_records = msgspec.json.Decoder(UploadRecord)


def _read(folder: Path) -> UploadRecord | None:
    try:
        return decode((folder / "upload.json").read_bytes(), _records)
    except (FileNotFoundError, NotADirectoryError):
        return None


def start(layout: Layout, key: str, headers: Headers) -> str:
    layout.path(key)
    upload_id = uuid.uuid4().hex
    record = UploadRecord(key, datetime.now(UTC), headers.content_type, headers.storage_class, dict(headers.metadata))
    with disk_errors("begin the upload of", repr(key)):
        fresh = new_name(layout.tmp)
        fresh.mkdir()
        (fresh / "upload.json").write_bytes(msgspec.json.encode(record))
        replace(fresh, layout.uploads / upload_id)
        sync_folder(layout.uploads)
    return upload_id


def find(layout: Layout, key: str, upload_id: str) -> tuple[Path, UploadRecord]:
    """The folder of an upload and what it is for. Raises `NotFound`."""
    folder = layout.uploads / upload_id
    if _ID.fullmatch(upload_id):
        record = _read(folder)
        if record and record.key == key:
            return folder, record
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


def keep_part(folder: Path, number: int, temporary: Path, etag: str) -> None:
    """Give a finished part its name, in place of an earlier one with the same number."""
    name = f"{number:05d}-{etag}"
    replace(temporary, folder / name)
    for earlier in folder.glob(f"{number:05d}-*"):
        if earlier.name != name:
            earlier.unlink(missing_ok=True)
    sync_folder(folder)


def parts(folder: Path) -> dict[int, tuple[Part, Path]]:
    """The parts by number; of two with the same number (a crash while replacing), the newer."""
    found: dict[int, tuple[Part, Path, int]] = {}
    for path in sorted(folder.iterdir()):
        match = _PART.fullmatch(path.name)
        if not match:
            continue
        number, status = int(match[1]), path.stat()
        if number not in found or found[number][2] < status.st_mtime_ns:
            found[number] = (Part(number, status.st_size, match[2]), path, status.st_mtime_ns)
    return {number: found[number][:2] for number in sorted(found)}


def assemble(layout: Layout, folder: Path, wanted: Sequence[Part], key: str) -> tuple[Path, str]:
    """One temporary file out of the wanted parts, and its ETag (the MD5 of their MD5s, as S3 does it)."""
    there = parts(folder)
    numbers = [part.number for part in wanted]
    if not wanted or numbers != sorted(set(numbers)):
        raise StoreError(f"could not finish {key!r}", why="its parts are not in ascending order")
    with temporary_file(layout.tmp) as (path, target):
        for part in wanted:
            kept, source_path = there.get(part.number, (None, None))
            if kept is None or source_path is None or kept.etag != part.etag:
                raise StoreError(f"could not finish {key!r}", why=f"part {part.number} is not the one that was sent")
            with source_path.open("rb", buffering=0) as source:
                append(source, target, kept.size)
    return path, multipart_etag(wanted)


def multipart_etag(wanted: Sequence[Part]) -> str:
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in wanted), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(wanted)}"


def drop(layout: Layout, upload_id: str) -> None:
    """Remove an upload; first out of sight, so that half a one is never seen."""
    folder = layout.uploads / upload_id
    if not _ID.fullmatch(upload_id):
        return
    gone = new_name(layout.tmp)
    try:
        replace(folder, gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def unfinished(layout: Layout, prefix: str) -> Iterator[Upload]:
    """What does not look like an upload of ours is none."""
    for folder in sorted(layout.uploads.iterdir()):
        record = _read(folder) if _ID.fullmatch(folder.name) else None
        if record and record.key.startswith(prefix):
            yield Upload(record.key, folder.name, record.started)
