"""The doctor's own corner of the store, `.s3sync/doctor/<who>/`: emptied at the end, and after killed doctors."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256

from s3sync.core.names import STATE_DIR
from s3sync.errors import S3syncError
from s3sync.store.port import Store

ABANDONED = timedelta(hours=1)
"""Age from which a scratch object belongs to no doctor that is still running, on whichever computer."""


@contextmanager
def scratch(store: Store, project_prefix: str) -> Iterator[str]:
    """A prefix of our own to try things below. Whatever was left below it is deleted in the end, if we may."""
    prefix = f"{_root(project_prefix)}{_host()}-{os.getpid()}-{uuid.uuid4().hex[:12]}/"
    try:
        yield prefix
    finally:
        with contextlib.suppress(S3syncError):
            _empty(store, prefix)


def leftovers(store: Store, project_prefix: str, now: datetime) -> tuple[list[str], list[tuple[str, str]]]:
    """Keys, and uploads as (key, id), of doctors that were killed. `now` is the store's time. Raises `S3syncError`."""
    root = _root(project_prefix)
    keys = [info.key for info in store.list(root) if _is_abandoned(info.key, root, now - info.modified)]
    uploads: list[tuple[str, str]] = []
    if store.capabilities.multipart:
        with contextlib.suppress(S3syncError):  # the right to list uploads is one that a member may lack
            for upload in store.list_uploads(root):
                if _is_abandoned(upload.key, root, now - upload.started):
                    uploads.append((upload.key, upload.upload_id))
    return keys, uploads


def remove(store: Store, keys: list[str], uploads: list[tuple[str, str]]) -> None:
    """Raises `S3syncError`."""
    for key, upload_id in uploads:
        store.abort_upload(key, upload_id)
    for key in keys:
        store.delete(key)


def _root(project_prefix: str) -> str:
    return f"{project_prefix}{STATE_DIR}/doctor/"


def _empty(store: Store, prefix: str) -> None:
    for info in list(store.list(prefix)):
        store.delete(info.key)


def _host() -> str:
    """This computer, without telling the team its name."""
    return sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_abandoned(key: str, root: str, age: timedelta) -> bool:
    """True if nobody works on a scratch key any more: it is old, or its maker ran here and runs no more."""
    if age > ABANDONED:
        return True
    host, _, rest = key.removeprefix(root).partition("/")[0].partition("-")
    pid = rest.partition("-")[0]
    is_number = pid.isascii() and pid.isdigit()  # others wrote it: `int` takes no "²", which is a digit, too
    return host == _host() and is_number and int(pid) != os.getpid() and not _runs(int(pid))


def _runs(pid: int) -> bool:
    if os.name != "posix":  # elsewhere there is no signal that only asks
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
