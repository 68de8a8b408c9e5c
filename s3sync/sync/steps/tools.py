"""The tools of every step: the plan's project, what the scan saw, and the two trashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from s3sync.core.executable import as_metadata
from s3sync.core.plan import Action
from s3sync.core.records import is_hashed, trash_key
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import (
    NotFound,
    PreconditionFailed,
    StoreError,
    Unsupported,
)
from s3sync.local.digests import Digests
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import COPY_FROM, RemoteFile
from s3sync.spill.table import SpilledDict
from s3sync.state.intents import Intents
from s3sync.store.port import Create, Headers, Overwrite, Update, WriteMode
from s3sync.sync.session import Session
from s3sync.sync.steps.elsewhere import Elsewhere
from s3sync.sync.view import View
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.wanted import Wanted
from s3sync.transfer.send.server_copy import HOPELESS, copy_or_fail

TRASH_VERSION = "1"
"""Version of the metadata of an object in the trash. `key-id` is reserved for the key that it is encrypted with."""
USER_LENGTH = 64
"""No user's name is longer; a longer one, from elsewhere, would not fit into an object's headers."""


@dataclass
class Tools:
    """Shared by all kinds of steps. `placed` collects what now stands on the disk, with its digests."""

    session: Session
    seen: View
    transport: Transport
    stamp: str
    placed: dict[str, tuple[LocalFile, Digests]]
    intents: Intents
    elsewhere: Elsewhere

    def _target(self, action: Action) -> tuple[str, WriteMode]:
        """The key to write, and the only state of it that may be written over: the one that was planned against."""
        remote = self.seen.there.files.get(action.path)
        if remote is None:
            return self.session.project.prefix + action.path, Create()
        return remote.key, Update(remote.etag)

    def _trash_remote(self, action: Action) -> None:
        remote = self.seen.there.files[action.path]
        target = trash_key(self.session.project.prefix, self.stamp, action.path)
        record = {
            "uploaded-by": remote.record.uploaded_by[:USER_LENGTH],
            "md5": remote.entry.md5 or "",
            "mtime": remote.record.modified_at or "",
            "trash": TRASH_VERSION,
            **as_metadata(remote.record.executable),
            "name": action.path if is_hashed(target.rpartition("/")[2]) else "",
        }
        headers = Headers({name: value for name, value in record.items() if value})
        try:
            copy_or_fail(self.transport, remote.key, remote.etag, remote.entry.size, target, Overwrite(), headers)
        except (PreconditionFailed, NotFound, *HOPELESS):
            raise
        except StoreError as error:
            raise Unsupported(
                f"{action.path} cannot be put into the remote trash",
                why=error.why or error.message,
                hint=f"nothing was replaced or deleted; {error.hint or 'see what `s3sync doctor` says'}",
            ) from error

    @cached_property
    def _partial(self) -> GuardedFolder:
        return state_room(self.session.project.staging, "partial")

    @cached_property
    def _trash(self) -> Path:
        return self.session.project.state_dir / "trash" / self.stamp


def content(size: int, md5: str | None) -> str:
    """Key under which files of the same content are found."""
    return f"{size} {md5}"


def there_by_content(seen: View) -> Mapping[str, str]:
    """Paths on the remote of what is worth copying."""
    entries = ((path, file.entry) for path, file in seen.there.files.items())
    found = SpilledDict(str)
    found.update((content(e.size, e.md5), path) for path, e in entries if e.md5 and e.size >= COPY_FROM)
    return found


def here_by_content(seen: View) -> Mapping[str, str]:
    """Paths on this disk of what is worth copying."""
    found = SpilledDict(str)
    for path, file in seen.here.files.items():
        digests = seen.digests_of(path) if file.size >= COPY_FROM else None
        if digests is not None:
            found[content(file.size, digests.md5)] = path
    return found


def wanted_of(path: str, remote: RemoteFile, *, replaces: bool) -> Wanted:
    """`replaces`: a file that may be private; until the new one has its mode, nobody else reads that either."""
    entry, part_size = remote.entry, remote.record.part_size
    told = remote.record.checksum
    content_sum = told if told is not None and told.startswith("sha256-") else None
    return Wanted(path, remote.key, entry.size, remote.etag, entry.md5, part_size, replaces, content_sum)
