"""Objects that this computer read as a whole, and how they looked: so they are known again when they are cold."""

from __future__ import annotations

from datetime import timedelta

from s3sync.archive.carrier import Carrier
from s3sync.archive.journal import Looks
from s3sync.core.archive.values import ForeignIndex, Index, Pack
from s3sync.core.archive.volumes import archives_of
from s3sync.core.times import format_time
from s3sync.errors import NotFound
from s3sync.store.own_word import tells_content
from s3sync.store.port import ObjectInfo, Reader, Store
from s3sync.store.wrapped import Wrapped

SETTLED = timedelta(minutes=15)
"""Age from which the time of an object, which is in whole seconds, tells it from a later one whatever our clock says:
S3 refuses requests of clocks that are further off."""


def looks_of(carrier: Carrier, index: Index) -> Looks:
    """Look of each object of an archive: its ETag, and the store's own time of it. Raises `StoreError`.

    Two contents of one ETag can be made beforehand, but not of one time. Empty where the store does not tell content,
    where an object is gone, or is too young.
    """
    if not tells_content(carrier.store) or isinstance(index, ForeignIndex):
        return {}
    found: dict[str, tuple[str, str]] = {}
    is_whole = True
    for key, result in carrier.pool.map(carrier.store.head, _keys(index)):
        try:
            info = result.result().info
        except NotFound:
            is_whole = False
            continue
        is_whole = is_whole and carrier.clock() - info.modified >= SETTLED
        found[key] = _look(info)
    return found if is_whole else {}


def versions_of(carrier: Carrier, index: Index) -> dict[str, str | None]:
    """ETag that each object of an archive has now, by key; None for one that is gone. Raises `StoreError`.

    The first is asked for outside of the pool: that may have been stopped, as the store is away, which is to be said.
    """

    def version_of(key: str) -> str | None:
        try:
            return carrier.store.head(key).info.etag
        except NotFound:
            return None

    keys = _keys(index)
    found = {key: version_of(key) for key in keys[:1]}
    if keys[1:]:
        found |= {key: result.result() for key, result in carrier.pool.map(version_of, keys[1:])}
    return found


def _keys(index: Index) -> list[str]:
    loose = index.members if index.pack is Pack.NONE else ()
    keys = [one.key for one in (*loose, *index.sidecars) if one.key is not None]
    return keys + ([one.key for one in archives_of(index)] if index.pack is not Pack.NONE else [])


class Watched(Wrapped):
    """A store of which each answer to a read is compared with the look that its object had before."""

    def __init__(self, inner: Store, looks: Looks) -> None:
        super().__init__(inner)
        self._looks, self.is_same = looks, bool(looks)

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        reader = self.inner.get(key, start=start, stop=stop, if_match=if_match, if_none_match=if_none_match)
        if key in self._looks and _look(reader.info) != self._looks[key]:
            self.is_same = False
        return reader


def _look(info: ObjectInfo) -> tuple[str, str]:
    return info.etag, format_time(info.modified)
