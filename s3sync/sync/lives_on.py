"""Search for what was deleted on the remote without a copy, because its content was there under another name.

metadata.json says which MD5 it had. Where only the object itself tells what it holds, it has to be asked: a few at a
time, and no more than a few hundred, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from s3sync.aside import Aside
from s3sync.core.batches import batched
from s3sync.core.etag import plain_md5
from s3sync.core.manifest.record import DeletedRecord, Manifest
from s3sync.core.names import refuse_reason
from s3sync.errors import ENDS_THE_RUN, StoreError
from s3sync.shared.manifest import read_manifest
from s3sync.shared.scan import LOOKUPS_AT_ONCE
from s3sync.store.port import ObjectHead, Store
from s3sync.sync.trash import Trashed, md5_of

MOST_LOOKS = 256
"""Objects that are asked what they hold."""


class Search(Struct):
    """Result of a search: what was found, and how many objects were looked at, and were not any more."""

    found: Trashed | None = None
    deleted: DeletedRecord | None = None
    """Record of the deletion in metadata.json."""
    looked_at: int = 0
    passed_over: int = 0


def living(store: Store, prefix: str, name: str, trash: Sequence[Trashed]) -> Search:
    """Find the content that a name had when it was deleted: under another name, else in the trash under one.

    `trash` has the newest first. Raises `StoreError`, `ManifestError`.
    """
    manifest = read_manifest(store, prefix).manifest
    search = Search(deleted=manifest.deleted.get(name))
    if search.deleted is not None and search.deleted.md5 is not None:
        remote = [one for one in trash if one.side == "remote"]
        with Aside(LOOKUPS_AT_ONCE, "s3sync-trash") as threads:
            looks = _Looks(store, threads, search)
            search.found = _under_another_name(looks, manifest, search.deleted, prefix) or _in_trash_as_another(
                looks, manifest, search.deleted, remote
            )
    return search


class _Looks:
    """Asks objects what they hold, side by side, until enough were asked."""

    def __init__(self, store: Store, threads: Aside, search: Search) -> None:
        self._store, self._threads, self._search = store, threads, search

    def at(self, keys: Sequence[str]) -> Iterator[tuple[int, ObjectHead]]:
        """What is there of the keys, each with its place among them."""
        allowed = keys[: MOST_LOOKS - self._search.looked_at]
        self.pass_over(len(keys) - len(allowed))
        for some in batched(enumerate(allowed), LOOKUPS_AT_ONCE):
            self._search.looked_at += len(some)
            heads = self._threads.map(lambda numbered: self._head(numbered[1]), some)
            yield from ((at, head) for (at, _), head in zip(some, heads, strict=True) if head is not None)

    def pass_over(self, count: int) -> None:
        """Note objects that are not asked any more."""
        self._search.passed_over += count

    def _head(self, key: str) -> ObjectHead | None:
        try:
            return self._store.head(key)
        except ENDS_THE_RUN:
            raise
        except StoreError:  # gone, or given to nobody
            return None


def _under_another_name(looks: _Looks, manifest: Manifest, gone: DeletedRecord, prefix: str) -> Trashed | None:
    """Find a file of the project that is recorded with the MD5, and whose object does not say otherwise."""
    recorded: list[tuple[str, str]] = []
    for path, record in manifest.files.items():
        if record.md5 == gone.md5 and record.etag is not None and not refuse_reason(path):
            if len(recorded) < MOST_LOOKS:
                recorded.append((path, record.etag))
            else:
                looks.pass_over(1)
    for at, head in looks.at([prefix + path for path, _ in recorded]):
        path, etag = recorded[at]
        if head.info.etag == etag and md5_of(head) in (gone.md5, None):
            when, by, info = gone.deleted_at, gone.deleted_by, head.info
            return Trashed("remote", gone.name, info.key, info.size, when, by, etag, lives_on=path, md5=gone.md5)
    return None


def _in_trash_as_another(
    looks: _Looks, manifest: Manifest, gone: DeletedRecord, trash: Sequence[Trashed]
) -> Trashed | None:
    """Find a content that left the other name, too, which may have had several versions.

    What metadata.json says of their names comes first.
    """
    sure = next((one for one in trash if plain_md5(one.etag or "") == gone.md5), None)
    if sure is not None:
        return replace(sure, name=gone.name, md5=gone.md5)
    told = [one for one in trash if _is_told(manifest, one, gone)]
    others = (one for one in trash if plain_md5(one.etag or "") is None and not _is_told(manifest, one, gone))
    asked = [*told, *others]
    unsure: Trashed | None = None
    for at, head in looks.at([one.where for one in asked]):
        said = md5_of(head)
        if said == gone.md5:
            return replace(asked[at], name=gone.name, md5=gone.md5)
        if said is None and at < len(told) and unsure is None:
            unsure = replace(asked[at], name=gone.name, md5=gone.md5)
    return unsure


def _is_told(manifest: Manifest, one: Trashed, gone: DeletedRecord) -> bool:
    other = manifest.deleted.get(one.name)
    return other is not None and other.md5 == gone.md5
