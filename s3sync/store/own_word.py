"""Origin of what an ETag says: the server itself, or whoever wrote the object."""

from __future__ import annotations

from s3sync.config.schemes import scheme_of
from s3sync.core.etag import PART_SIZE
from s3sync.store.port import Store


def tells_content(store: Store) -> bool:
    """True if an ETag is the server's own word, which no writer chooses: it is of other content, or another write.

    What a folder says of a file is a note that anybody may write. A remote of rclone may know no more than a time, and
    where it knows a hash, that can be what the sender said (the metadata `md5chksum` of what came to S3 in parts, the
    checksums of Nextcloud; https://rclone.org/s3/#multipart-uploads).
    """
    return scheme_of(store.url).has_server


def has_to_be_read(store: Store, size: int) -> bool:
    """True if nothing but its bytes proves what an object of that size holds. That holds for what is sealed, too: what
    somebody without the key puts in its place opens with no key, which nobody finds out who does not open it.

    On Azure a block that waits for its commit is anybody's, who may put other bytes in its place, under its id: what is
    committed then has an ETag of its sender's (docs/decisions/0190).
    """
    return not tells_content(store) or has_open_parts(store, size)


def has_open_parts(store: Store, size: int) -> bool:
    """True if what is sent to a store in that size is not proven to be there by having been sent."""
    return size > PART_SIZE and scheme_of(store.url).has_open_parts
