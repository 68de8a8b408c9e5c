"""Limits of memory and of what is accepted from others, in one place."""

from __future__ import annotations

from msgspec import Struct

MIB = 1024 * 1024


class Limits(Struct, frozen=True):
    """Limits of what is held at once, and of what a peer may send. Memory follows these numbers only."""

    entries_in_memory: int = 20_480
    """Entries of one container before it moves to the disk. Most projects never leave the memory: a lookup costs a
    tenth there."""
    entries_at_once: int = 1_000
    """Entries that are encoded, written or read together. Encoded records take several times the memory."""
    files_before_save: int = 5_000
    """Files done before this computer remembers them, and paths that its base forgets in one step."""
    digests_before_save: int = 1_000
    """Digests made before they are saved, so that an interrupted run loses few of them."""
    hashed_before_save: int = 4 * 1024 * MIB
    """Bytes hashed before the digests are saved."""
    manifest_bytes: int = 128 * MIB
    """Size up to which metadata.json is accepted."""
    manifest_values: int = 4_000_000
    """JSON values in metadata.json: 400,000 files. Empty lists take 20 times their bytes in memory."""
    manifest_in_memory: int = MIB
    """Size up to which the text of metadata.json is held in memory."""
    manifest_piece: int = MIB // 4
    """Bytes of metadata.json that are read together."""
    manifest_record: int = 4 * MIB
    """Longest record, and longest run of other fields, that is parsed piece by piece. Longer ones are parsed whole."""
    deletions_kept: int = 1_000
    """Deletions that metadata.json remembers."""
    objects_listed: int = 2_000_000
    """Objects of a project's listing before it is given up, whatever the store says then."""
    names_listed: int = 4_000_000
    """Names of a listing of a bucket, be they of objects, folders or versions, before it counts as one without end."""
    uploads_listed: int = 100_000
    """Unfinished uploads of a listing, of which a page takes long to read."""


now = Limits()
"""The limits in force. Tests replace it by smaller ones before they begin."""
