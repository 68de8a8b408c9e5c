"""Content that lives on under another name: what is deleted on the remote then needs no copy in the trash.

Decision 0048 says when that is certain.
"""

from __future__ import annotations

import threading
from functools import cached_property

from msgspec import Struct

from s3sync.core.effects import LivesOn
from s3sync.core.plan import Action, Plan, Verb
from s3sync.errors import ENDS_THE_RUN, StoreError
from s3sync.shared.scan import COPY_FROM, RemoteFile
from s3sync.spill.table import SpilledDict
from s3sync.store.port import Store
from s3sync.sync.view import View


class _Other(Struct, frozen=True):
    """Another object with the content of a version: `source_etag` is that version's, `etag` its own."""

    source_etag: str
    path: str
    key: str
    etag: str


class Elsewhere:
    """Knows which objects hold the content of others, and that they stay. May be called from several threads."""

    def __init__(self, seen: View, plan: Plan) -> None:
        self._seen, self._plan = seen, plan
        self._copied, self._lock = SpilledDict(_Other), threading.Lock()

    def copied(self, source: str, source_etag: str, path: str, key: str, etag: str) -> None:
        """Note that this run has copied a version on the server, and under which name."""
        with self._lock:
            self._copied[source] = _Other(source_etag, path, key, etag)

    def of(self, store: Store, action: Action) -> LivesOn | None:
        """The other name, if the content of what is deleted is certain to be there; else None, and it needs a copy.

        Both objects are looked at once more. The other must be the younger one by the store's clock: of two runs that
        rely on each other's object, one is wrong about that, and makes a copy. A cleanup always makes one: it takes
        the other names too.
        """
        remote = self._seen.there.files[action.path]
        if self._plan.verb is Verb.CLEANUP or remote.entry.md5 is None or remote.entry.size < COPY_FROM:
            return None  # what is small is copied as quickly as it is looked at
        other = self._other(remote)
        if other is None:
            return None
        try:
            goes, stays = store.head(remote.key).info, store.head(other.key).info
        except ENDS_THE_RUN:
            raise
        except StoreError:
            return None
        same = (goes.etag, stays.etag, stays.size) == (remote.etag, other.etag, remote.entry.size)
        return LivesOn(other.path, other.etag) if same and goes.modified < stays.modified else None

    def _other(self, remote: RemoteFile) -> _Other | None:
        """A copy that this run made of this very version, or an object of the same ETag that the plan leaves alone.

        What metadata.json says of an object's MD5 is not enough: it may be wrong.
        """
        with self._lock:
            copy = self._copied.get(remote.key)
            if copy is not None and copy.source_etag == remote.etag:
                return copy
            path = self._staying.get(_version(remote))
        if path is None:
            return None
        stays = self._seen.there.files[path]
        return _Other(remote.etag, path, stays.key, stays.etag)

    @cached_property
    def _staying(self) -> SpilledDict[str]:
        """Paths on the remote that the plan leaves alone, by version."""
        planned, found = SpilledDict(bool), SpilledDict(str)
        planned.update((action.path, True) for action in self._plan.actions if action.remote is not None)
        files = self._seen.there.files.items()
        found.update((_version(file), path) for path, file in files if _is_large(file) and path not in planned)
        return found


def _is_large(file: RemoteFile) -> bool:
    return file.entry.size >= COPY_FROM and file.entry.md5 is not None


def _version(file: RemoteFile) -> str:
    return f"{file.entry.size} {file.entry.md5} {file.etag}"
