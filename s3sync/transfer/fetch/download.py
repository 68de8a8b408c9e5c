"""One file on its way down: into `partial/`, verified, synced. Its name comes later (`local.place`)."""

from __future__ import annotations

import os
import uuid

from s3sync.core.etag import PART_SIZE
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.local.digests import digest, open_file
from s3sync.local.modes import copy_descriptor
from s3sync.local.scan import LocalFile, look_at
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.small import SMALL, download_together
from s3sync.transfer.fetch.wanted import Downloaded, FreeSpace, Temp, Wanted
from s3sync.transfer.fetch.whole import download_whole
from s3sync.transfer.progress import Work


def download(transport: Transport, wanted: Wanted, folder: GuardedFolder, old: LocalFile | None = None) -> Downloaded:
    """Fetch exactly that version into a file in `folder`.

    `old` is an earlier version on this disk, whose parts are used where they are the same. Raises
    `PreconditionFailed` or `NotFound` when the object is another one by now, `ChecksumMismatch` when the bytes are
    not those promised, `DiskFull`, `LocalError`, `StoreError`. No file is left then, except that of a large download
    that was interrupted: it is remembered, and resumes when this is called again. Memory: 1 MiB for each request.
    """
    if wanted.size <= SMALL:
        return download_together(transport, [wanted], folder)[0].result()
    FreeSpace(folder).take(wanted)
    if wanted.size <= PART_SIZE:
        return download_whole(transport, wanted, Temp(folder, uuid.uuid4().hex))
    from s3sync.transfer.fetch.large import download_parts

    return download_parts(transport, wanted, folder, old)


def copy_local(transport: Transport, wanted: Wanted, folder: GuardedFolder, twin: LocalFile) -> Downloaded | None:
    """The content from another file on this disk that is said to hold it; None if it does not after all."""
    FreeSpace(folder).take(wanted)
    temp = Temp(folder, uuid.uuid4().hex)
    try:
        with local_errors("cannot copy", twin.where):
            copy_file(twin, temp, wanted)
        digests = digest(look_at(temp.path))
        if digests.md5 == wanted.md5:
            transport.progress.reuse(Work.DOWNLOAD, wanted.path, wanted.size)
            return Downloaded(temp.where, digests, 0, sure=False)
    except BaseException:
        temp.drop()
        raise
    temp.drop()
    return None


def copy_file(source: LocalFile, target: Temp, wanted: Wanted) -> None:
    reader = open_file(source)
    try:
        writer = target.create(wanted)
        try:
            copy_descriptor(reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)
