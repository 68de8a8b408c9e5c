"""Objects of an encrypted project that metadata.json does not name, as a scan finds them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.core.etag import part_count
from s3sync.core.manifest.record import Manifest
from s3sync.core.records import part_file_key
from s3sync.core.vouching import Overwrite, Verdict, agrees, judge
from s3sync.errors import NotAuthentic
from s3sync.shared.heads import told_md5
from s3sync.shared.parts import read_md5
from s3sync.store.aspects import aspect
from s3sync.store.port import ObjectHead, Store
from s3sync.store.seals import Seals


class Vouch(Struct, frozen=True):
    """The question to an object; there is none where the store is not sealed."""

    seals: Seals
    manifest: Manifest
    overwrites: Mapping[str, Overwrite]
    """By path, what this computer was about to replace: see `state/overwrites.py`."""

    def md5(self, path: str, head: ObjectHead, known: Entry | None) -> str | None:
        """The MD5 that the base has of this version; None where the file here has to tell. Raises `NotAuthentic`."""
        base_has_it = known is not None and known.etag == head.info.etag
        record = self.manifest.files.get(path)
        noted = self.overwrites.get(path)
        if noted is not None and (record is None or noted.replaced != record.etag):
            noted = None
        verdict = judge(
            is_sealed=self.seals.is_sealed(head),
            has_record=record is not None,
            was_deleted=path in self.manifest.deleted,
            base_has_it=base_has_it,
            base_agrees=record is not None and agrees(known, record.etag, record.md5),
            is_noted=noted is not None,
            is_put_back=noted is not None and noted.brings == head.info.etag,
        )
        if verdict is Verdict.REFUSE:
            raise replaced() if self.seals.is_sealed(head) else foreign()
        return known.md5 if known is not None and verdict is Verdict.KNOWN else None


def vouch_of(store: Store, manifest: Manifest, overwrites: Mapping[str, Overwrite]) -> Vouch | None:
    """None for a store that seals nothing."""
    seals = aspect(store, Seals)
    return None if seals is None else Vouch(seals, manifest, overwrites)


def known_md5(
    store: Store, prefix: str, path: str, head: ObjectHead, known: Entry | None, vouch: Vouch | None
) -> str | None:
    """The MD5 of an object that metadata.json does not name, by the base, the object, or what was put beside it.

    Raises `NotAuthentic` for one that does not count.
    """
    if vouch is not None:
        return vouch.md5(path, head, known)
    md5 = known.md5 if known and known.etag == head.info.etag else told_md5(head)
    if md5 is None and part_count(head.info.etag) is not None:
        md5 = read_md5(store, part_file_key(prefix, path), head.info.etag, head.info.size)
    return md5


def foreign() -> NotAuthentic:
    """The error of an object that nobody encrypted for this repository."""
    return NotAuthentic(
        "was not put there with this repository's key",
        why="another program, or an s3sync without the key, put it there or changed it",
        hint="it is not used; fetch it with the program that put it there, and upload it under another name",
    )


def replaced() -> NotAuthentic:
    """The error of a version that metadata.json does not name."""
    return NotAuthentic(
        "is not the version that metadata.json names",
        why="it may be an older one or another file's that somebody put there, or was sent a moment ago and is not "
        "recorded yet",
        hint="it is not used; whoever sent it records it with `s3sync up`, and else versions and the trash have others",
    )
