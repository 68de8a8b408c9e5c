"""Objects that are there already: whether they are what was to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from s3sync.archive.carrier import Carrier
from s3sync.archive.content import ARCHIVE_ID
from s3sync.archive.journal import Begun, Sent
from s3sync.archive.sealing import holds, is_made_of, says_sealed
from s3sync.core.etag import names_one_write
from s3sync.errors import Archived, NotAuthentic, NotFound, PreconditionFailed
from s3sync.store.aspects import aspect
from s3sync.store.port import Buffer, ObjectHead, Part
from s3sync.store.seals import Seals


def same_bytes(carrier: Carrier, head: ObjectHead, size: int, md5: str) -> bool:
    """True for an object of exactly these bytes, as after an answer that was lost. It is read where nothing else can
    tell: a store without parts keeps no id beside the bytes."""
    if head.info.size != size:
        return False
    if head.etag_is_md5 or carrier.store.capabilities.multipart:
        return head.etag_is_md5 and head.info.etag == md5
    found = hashlib.md5(usedforsecurity=False)
    with carrier.store.get(head.info.key, if_match=head.info.etag) as reader:
        for chunk in reader:
            carrier.pool.check()
            found.update(chunk)
    return found.hexdigest() == md5


def opens_as(carrier: Carrier, head: ObjectHead, body: Buffer) -> bool:
    """True if a sealed object is these bytes, put in one piece: by its ETag, or where that says nothing of content
    (Azure, KMS) by reading it, which the key has to open under its own name. One in cold storage tells nothing."""
    if holds(carrier.store, head, body):
        return True
    wanted, at = memoryview(body).cast("B"), 0
    if not says_sealed(carrier.store, head) or head.info.size != len(wanted):
        return False
    try:
        with carrier.store.get(head.info.key, if_match=head.info.etag) as reader:
            for chunk in reader:
                carrier.pool.check()
                if wanted[at : at + len(chunk)] != chunk:
                    return False
                at += len(chunk)
    except (NotAuthentic, Archived, NotFound, PreconditionFailed):
        return False
    return at == len(wanted)


def may_be_made(carrier: Carrier, sent: Sent) -> bool:
    """True if an upload of which the store knows no more may be what made a sealed object: it was sent to its end.
    The store's own answer to completing it tells, where ETags say nothing."""
    return sent.last and aspect(carrier.store, Seals) is not None


def is_marked(carrier: Carrier, metadata: Mapping[str, str]) -> bool:
    """True if an object is of the task that is done here, by whichever worker."""
    return carrier.mark is not None and metadata.get(ARCHIVE_ID) == carrier.mark


def says_made(carrier: Carrier, begun: Begun, parts: Sequence[Part]) -> ObjectHead | None:
    """The object, if it says that this upload made it; of a sealed one the parts that were sent tell."""
    try:
        head = carrier.store.head(begun.key)
    except NotFound:
        return None
    is_it = head.metadata.get(ARCHIVE_ID) == begun.archive_id or is_made_of(carrier.store, head, tuple(parts))
    return head if is_it else None


def made_before(carrier: Carrier, begun: Begun, parts: Sequence[Part]) -> str | None:
    """The object's ETag, if it is the one that this upload made: its answer was lost, or the program was killed.

    It says so itself. Where anybody can see the id of an upload that is under way (Google Cloud, Azure), whose ETags
    are not made of those of parts, it is read.
    """
    head = says_made(carrier, begun, parts)
    if head is None:
        return None
    has_own_etag = names_one_write(head.info.etag) or head.etag_is_md5
    return None if has_own_etag and not _has_parts(carrier, head, parts) else head.info.etag


def _has_parts(carrier: Carrier, head: ObjectHead, parts: Sequence[Part]) -> bool:
    """True if the bytes of an object are those of these parts. What is cold on Azure is not read (decision 0190)."""
    if head.info.size != sum(part.size for part in parts):
        return False
    try:
        with carrier.store.get(head.info.key, if_match=head.info.etag) as reader:
            chunks, rest = iter(reader), memoryview(b"")
            for part in parts:
                digest, left = hashlib.md5(usedforsecurity=False), part.size
                while left:
                    carrier.pool.check()
                    rest = rest or memoryview(next(chunks))
                    digest.update(rest[:left])
                    rest, left = rest[left:], left - len(rest[:left])
                if digest.hexdigest() != part.etag:
                    return False
    except Archived:
        return True
    except (NotFound, PreconditionFailed, StopIteration):
        return False
    return True
