"""Objects that somebody copied in the store, as to another class: they have another ETag, and the same bytes."""

from __future__ import annotations

from s3sync.core.archive.values import Index, Pack
from s3sync.core.archive.volumes import archives_of
from s3sync.errors import PreconditionFailed
from s3sync.store.port import Reader, Store
from s3sync.store.wrapped import Wrapped


class ByContent(Wrapped):
    """A store for whoever proves each file by its SHA-256: an object of an index is read under any ETag.

    It must have the size that the index says.
    """

    def __init__(self, inner: Store, index: Index) -> None:
        super().__init__(inner)
        loose = index.members if index.pack is Pack.NONE else ()
        alone = {one.key: one.size for one in (*loose, *index.sidecars) if one.key is not None}
        self._sizes = alone | ({} if index.pack is Pack.NONE else {one.key: one.size for one in archives_of(index)})
        self._now: dict[str, str] = {}

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        wanted = self._now.get(key, if_match)
        try:
            return self.inner.get(key, start=start, stop=stop, if_match=wanted, if_none_match=if_none_match)
        except PreconditionFailed:
            info = self.inner.head(key).info
            if wanted is None or info.etag == wanted or self._sizes.get(key) != info.size:
                raise
            self._now[key] = info.etag
            return self.inner.get(key, start=start, stop=stop, if_match=info.etag, if_none_match=if_none_match)
