"""For stores that ignore or refuse conditions: look before each write. Two writers at once stay unprotected.

Some honour a condition on one kind of request and not on another, so each kind is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s3sync.errors import NotFound, PreconditionFailed
from s3sync.store.port import Body, Buffer, Create, Headers, Overwrite, Part, Store, Update, WriteMode, Written
from s3sync.store.probe import Condition, Honours
from s3sync.store.wrapped import Wrapped


class CheckedStore(Wrapped):
    """Another store. Writes under a condition that it does not enforce are preceded by a HEAD.

    A condition that is ignored is sent all the same: what ignores it today may enforce it tomorrow. One that is
    refused is left out, or nothing could be written.
    """

    def __init__(self, store: Store, honours: Callable[[Condition], Honours]) -> None:
        super().__init__(store)
        self._honours = honours

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
        condition = Condition.CREATE if isinstance(mode, Create) else Condition.REPLACE
        mode = self._checked(condition, key, mode)
        return self.inner.put(key, body, mode=mode, headers=headers, md5=md5, timed=timed)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        self._checked(Condition.COPY, source, Update(source_etag))
        mode = self._checked(Condition.COPY, target, mode)
        return self.inner.copy(source, target, source_etag=source_etag, mode=mode, headers=headers)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        if if_match is not None:
            mode = self._checked(Condition.DELETE, key, Update(if_match))
            if_match = mode.etag if isinstance(mode, Update) else None
        self.inner.delete(key, if_match=if_match)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        mode = self._checked(Condition.COMPLETE, key, mode)
        return self.inner.complete_upload(key, upload_id, parts, mode=mode, checksum=checksum)

    def _checked(self, condition: Condition, key: str, mode: WriteMode) -> WriteMode:
        """The mode to write with, after a look where the store does not enforce it. Raises `PreconditionFailed`."""
        if isinstance(mode, Overwrite):
            return mode
        honours = self._honours(condition)
        if honours is Honours.ENFORCED:
            return mode
        try:
            etag = self.inner.head(key).info.etag
        except NotFound:
            etag = None
        if etag != (None if isinstance(mode, Create) else mode.etag):
            raise PreconditionFailed(f"{key} is not the version that was expected", why="another writer was faster")
        return Overwrite() if honours is Honours.REFUSED else mode
