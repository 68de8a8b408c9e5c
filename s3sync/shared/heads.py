"""Records of objects that metadata.json does not explain, made of what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.core.etag import plain_md5
from s3sync.core.executable import is_executable
from s3sync.core.manifest.record import FileRecord
from s3sync.core.times import format_ns, format_time, parse_ns
from s3sync.shared.refused import UNKNOWN
from s3sync.store.port import ObjectHead, ObjectInfo


def told_md5(head: ObjectHead) -> str | None:
    """MD5 of the whole, as the ETag or whoever sent it says."""
    if head.etag_is_md5:
        return plain_md5(head.info.etag)
    return plain_md5(head.metadata.get("md5", ""))


def record_of(path: str, head: ObjectHead, md5: str | None, prefix: str) -> FileRecord:
    """Record of one of them, which has this MD5 as far as anybody told.

    Whoever sent it to the project with this prefix has it; a copy of what he sent to another place says nothing of him.
    """
    project = head.metadata.get("project-id")
    by = head.metadata.get("uploaded-by") if project and f"/{prefix}".endswith(f"/{project}/") else None
    mtime_ns = parse_ns(head.metadata.get("mtime", ""))
    return FileRecord(
        name=path,
        size_bytes=head.info.size,
        uploaded_by=by or UNKNOWN,
        uploaded_at=format_time(head.info.modified),
        md5=md5,
        etag=head.info.etag,
        modified_at=format_time(head.info.modified) if mtime_ns is None else format_ns(mtime_ns),
        executable=is_executable(head.metadata),
    )


def explained(record: FileRecord | None, info: ObjectInfo) -> FileRecord | None:
    """Give back the record, if it speaks of this version. One without ETag (older format) does if its MD5 is it."""
    if record is None or record.size_bytes != info.size:
        return None
    if record.etag is None:
        return record if record.md5 is not None and record.md5 == plain_md5(info.etag) else None
    return record if record.etag == info.etag else None


def explained_by_any(records: Iterable[FileRecord], info: ObjectInfo) -> FileRecord | None:
    """Find the record that speaks of this version, among those that lost against another user's."""
    return next((record for record in records if explained(record, info) is not None), None)
