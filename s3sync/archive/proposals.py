"""Proposals beside archives of other tools: what somebody who read one found in it, for those who have not read it.

A proposal is no index. Everybody who may write into the store may write one, so it says what to expect in lists and
searches, and nothing else: before anything of such an archive is restored, the archive itself is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import md5

from msgspec.structs import replace

from s3sync.archive.foreign import MOST_MEMBERS, as_they_were, foreign_index
from s3sync.archive.indexes import read_text
from s3sync.core.archive.adopt import proposal_key
from s3sync.core.archive.index import index_text, parse_index
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import SINGLE_FORMAT, Index, Member, Pack, SplitIndex
from s3sync.errors import ArchiveError, NotFound, PreconditionFailed
from s3sync.store.port import Create, Headers, Store, Update, WriteMode

_MOST_NAME = 100


def read_proposal(store: Store, archive: Archived) -> tuple[Archived, tuple[Member, ...]]:
    """Archive as its proposal has it, and the members that it names. `archive`: as the store's listing has it.

    Raises `NotFound`, `ArchiveError` for one that is of another object, or cannot be used.
    """
    name = proposal_key(archive.key)
    where = f"{store.url}/{name}"
    found = parse_index(read_text(store, name)[0], archive.key, where)
    if isinstance(found, SplitIndex) or found.pack is not archive.pack or len(found.members) > MOST_MEMBERS:
        raise ArchiveError(f"cannot use {where}", why="it is no proposal for such an archive")
    if archive.etag is None or (found.etag, found.size) != (archive.etag, archive.size):
        raise ArchiveError(f"cannot use {where}", why="it is of another object than the one that is there now")
    members = tuple(replace(one, sha256="", key=None, etag=None) for one in found.members)
    said = replace(archive, status=Status.PROPOSED, created_by=found.created_by[:_MOST_NAME])
    return said, members


def write_proposal(store: Store, archive: Archived, members: Iterable[Member], user: str, now: datetime) -> bool:
    """Write what this computer found in an adopted archive beside it; False if there is one of this object already.

    One of an earlier object is replaced. Raises `StoreError`.
    """
    if archive.status is not Status.ADOPTED or archive.pack is Pack.NONE or archive.etag is None:
        return False
    name = proposal_key(archive.key)
    mode: WriteMode = Create()
    try:
        info = store.head(name).info
        try:
            read_proposal(store, archive)
            return False
        except ArchiveError:
            mode = Update(info.etag)
    except NotFound:
        pass
    body = index_text(_index(archive, members, user, now))
    digest = md5(body, usedforsecurity=False).digest()
    try:
        store.put(name, body, mode=mode, headers=Headers(content_type="application/json"), md5=digest)
    except PreconditionFailed:
        return False  # somebody else wrote one at the same moment
    return True


def _index(archive: Archived, members: Iterable[Member], user: str, now: datetime) -> Index:
    held = foreign_index(archive, as_they_were(members))
    return Index(
        format=SINGLE_FORMAT,
        unit=archive.unit,
        set=archive.set,
        key=archive.key,
        pack=archive.pack,
        members=tuple(replace(one, key=None, etag=None) for one in held.members),
        size=archive.size,
        original_size=held.original_size,
        created_at=now,
        created_by=user,
        etag=archive.etag,
        storage_class=archive.storage_class,
        fields=dict(archive.fields),
    )
