"""For stores that accept conditions and ignore them: look before each write. Two writers at once stay unprotected.

Some honour a condition on one kind of request and ignore it on another, so each kind is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from s3sync.errors import NotFound, PreconditionFailed
from s3sync.store.port import Body, Buffer, Create, Headers, Overwrite, Part, Store, Update, WriteMode
from s3sync.store.probe import Condition


class CheckedStore:
    """Another store, whose writes under a condition that it `ignores` are preceded by a HEAD.

    The condition is sent all the same: what ignores it today may honour it tomorrow.
    """

    def __init__(self, store: Store, ignores: Callable[[Condition], bool]) -> None:
        self._store, self._ignores = store, ignores

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, key: str, body: Buffer | Body, *, mode: WriteMode, headers: Headers, md5: bytes) -> str:
        self._check(Condition.CREATE if isinstance(mode, Create) else Condition.REPLACE, key, mode)
        return self._store.put(key, body, mode=mode, headers=headers, md5=md5)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        self._check(Condition.COPY, source, Update(source_etag))
        self._check(Condition.COPY, target, mode)
        return self._store.copy(source, target, source_etag=source_etag, mode=mode, headers=headers)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        if if_match is not None:
            self._check(Condition.DELETE, key, Update(if_match))
        self._store.delete(key, if_match=if_match)

    def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode) -> str:
        self._check(Condition.COMPLETE, key, mode)
        return self._store.complete_upload(key, upload_id, parts, mode=mode)

    def _check(self, condition: Condition, key: str, mode: WriteMode) -> None:
        if isinstance(mode, Overwrite) or not self._ignores(condition):
            return
        try:
            etag = self._store.head(key).info.etag
        except NotFound:
            etag = None
        if etag != (None if isinstance(mode, Create) else mode.etag):
            raise PreconditionFailed(f"{key} is not the version that was expected", why="another writer was faster")
