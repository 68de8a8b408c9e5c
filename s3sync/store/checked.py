"""For stores that accept conditions and ignore them: look before each write. Two writers at once stay unprotected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from s3sync.errors import NotFound, PreconditionFailed
from s3sync.store.port import Body, Buffer, Capabilities, Create, Headers, Overwrite, Part, Store, Update, WriteMode


class CheckedStore:
    """Another store whose conditional writes are preceded by a HEAD, and otherwise just that store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._store.capabilities, conditional_writes=False)

    def put(self, key: str, body: Buffer | Body, *, mode: WriteMode, headers: Headers, md5: bytes) -> str:
        self._check(key, mode)
        return self._store.put(key, body, mode=Overwrite(), headers=headers, md5=md5)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        self._check(source, Update(source_etag))
        self._check(target, mode)
        return self._store.copy(source, target, source_etag=source_etag, mode=Overwrite(), headers=headers)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        if if_match is not None:
            self._check(key, Update(if_match))
        self._store.delete(key)

    def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode) -> str:
        self._check(key, mode)
        return self._store.complete_upload(key, upload_id, parts, mode=Overwrite())

    def _check(self, key: str, mode: WriteMode) -> None:
        if isinstance(mode, Overwrite):
            return
        try:
            etag = self._store.head(key).info.etag
        except NotFound:
            etag = None
        if etag != (None if isinstance(mode, Create) else mode.etag):
            raise PreconditionFailed(f"{key} is not the version that was expected", why="another writer was faster")
