"""A second look at what B holds, right before A's files go: hours may lie between the proof and the deed.

Somebody else may have A's copy for his proof: who moves the other way, or a timer that frees a disk (decision 0203).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from s3sync.core.pairs import End
from s3sync.errors import ENDS_THE_RUN, ChecksumMismatch, NotFound, S3syncError
from s3sync.pairs.apart import not_held
from s3sync.pairs.moving import Mover
from s3sync.pairs.values import Bucket, Folder, Found, Place
from s3sync.pairs.work import Work
from s3sync.spill.table import SpilledDict
from s3sync.store.own_word import has_open_parts
from s3sync.transfer.pool import Pool

PAGE = 1_000
"""Objects in a page of a listing."""
SENT_AGAIN = "run the command again; it is sent again"
IN_THE_WAY = "nothing was deleted here; delete the one there, and run the command again"


def is_unread(place: Place, sent: Found) -> bool:
    """True if what a place was sent came in parts that others may have replaced (decision 0190)."""
    return isinstance(place, Bucket) and has_open_parts(place.store, sent.size)


def require_arrived(mover: Mover, name: str, sent: Found, md5: str | None, hint: str = SENT_AGAIN) -> None:
    """Read what B was sent where nothing else tells what it holds, before A's file goes.

    Raises `ChecksumMismatch` for other bytes than these, `StoreError`.
    """
    if is_unread(mover.places[End.B], sent) and mover.knows[End.B].read(name, sent) != md5:
        mover.transports[End.B].ledger.forget_parts(name)
        raise ChecksumMismatch(
            f"{name} stays: {mover.places[End.B].shown} holds other bytes than were sent",
            why="somebody replaced a part of it while it was under way",
            hint=hint,
        )


def lost_by_b(work: Work, pool: Pool, names: Sequence[str]) -> dict[str, S3syncError]:
    """Find what B held under some names and holds no more; why, by name. Keeps runs from the project that B lies in.

    Of a folder each file is looked at when its turn comes. Raises `LockHeld`, and what ends the run.
    """
    place = work.opened.places[End.B]
    if isinstance(place, Folder):
        work.leaving.hold(os.fspath(place.root))
        return {}
    seen = work.seen[End.B]
    held = {name: found for name in names if (found := seen.files.get(name)) is not None}
    return dict(_lost(place, pool, held, len(seen.files) + seen.left_out))


def _lost(place: Bucket, pool: Pool, held: Mapping[str, Found], there: int) -> Iterator[tuple[str, S3syncError]]:
    """List the place, and ask for what that does not name with its version; a few among many are asked for at once."""
    unsure = list(held)
    if len(held) > there // PAGE:
        listed = SpilledDict(str, len(held))
        listed.update((info.key, info.etag) for info in place.store.list(place.prefix))
        unsure = [name for name, found in held.items() if listed.get(found.key) != found.etag]
    for name, result in pool.map(lambda name: place.store.head(held[name].key).info.etag, unsure):
        try:
            if result.result() != held[name].etag:
                yield name, not_held(name, place)
        except NotFound:
            yield name, not_held(name, place)
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            yield name, error
