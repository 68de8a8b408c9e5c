"""A store around another one: every operation is passed on as it is, until a subclass overrides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from s3sync.errors import Unsupported
from s3sync.store.port import (
    Body,
    Buffer,
    Capabilities,
    Headers,
    ObjectHead,
    ObjectInfo,
    Part,
    Reader,
    Store,
    Upload,
    WriteMode,
    Written,
)


class Wrapped:
    """A `port.Store` that passes everything on to `inner`. A test compares its methods with the port's."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        return self.inner.list(prefix, after=after)

    def folders(self, prefix: str) -> Iterator[str]:
        return self.inner.folders(prefix)

    def head(self, key: str) -> ObjectHead:
        return self.inner.head(key)

    def first_part_size(self, key: str) -> int | None:
        return self.inner.first_part_size(key)

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        return self.inner.get(key, start=start, stop=stop, if_match=if_match, if_none_match=if_none_match)

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
        return self.inner.put(key, body, mode=mode, headers=headers, md5=md5, timed=timed)

    def copy(self, source: str, target: str, *, source_etag: str, mode: WriteMode, headers: Headers | None) -> str:
        return self.inner.copy(source, target, source_etag=source_etag, mode=mode, headers=headers)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        self.inner.delete(key, if_match=if_match)

    def start_upload(self, key: str, headers: Headers) -> str:
        return self.inner.start_upload(key, headers)

    def put_part(self, key: str, upload_id: str, number: int, body: Buffer | Body) -> str:
        return self.inner.put_part(key, upload_id, number, body)

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, source_etag: str, start: int, stop: int
    ) -> str:
        return self.inner.copy_part(
            key, upload_id, number, source=source, source_etag=source_etag, start=start, stop=stop
        )

    def list_parts(self, key: str, upload_id: str) -> Iterator[Part]:
        return self.inner.list_parts(key, upload_id)

    def complete_upload(
        self, key: str, upload_id: str, parts: Sequence[Part], *, mode: WriteMode, checksum: str | None = None
    ) -> Written:
        return self.inner.complete_upload(key, upload_id, parts, mode=mode, checksum=checksum)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self.inner.abort_upload(key, upload_id)

    def list_uploads(self, prefix: str) -> Iterator[Upload]:
        return self.inner.list_uploads(prefix)


def unwrapped(store: Store) -> Store:
    """The store itself, below whatever is wrapped around it: what it is called and where it is does not change."""
    while isinstance(store, Wrapped):
        store = store.inner
    return store


def refusal_of(store: Store, kind: type) -> Unsupported | None:
    """The word of a store, or of one that is wrapped in it, on an ability that it keeps back."""
    while isinstance(store, Wrapped):
        refuses: Callable[[type], Unsupported | None] | None = getattr(store, "refusal", None)
        told = None if refuses is None else refuses(kind)
        if told is not None:
            return told
        store = store.inner
    return None


def hides_inner(store: Wrapped) -> bool:
    """True where what is wrapped must not be found through it, but for what it offers itself: of an encrypted store."""
    return getattr(store, "hides_inner", False) is True
