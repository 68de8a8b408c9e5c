"""A second look at what B holds, right before A's files go: hours may lie between the proof and the deed.

Somebody else may have A's copy for his proof: who moves the other way, or a timer that frees a disk (decision 0203).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from s3sync.core.pairs import End
from s3sync.errors import ENDS_THE_RUN, NotFound, S3syncError
from s3sync.pairs.apart import not_held
from s3sync.pairs.values import Bucket, Folder, Found
from s3sync.pairs.work import Work
from s3sync.spill.table import SpilledDict
from s3sync.transfer.pool import Pool

PAGE = 1_000
"""Objects in a page of a listing."""


def lost_by_b(work: Work, pool: Pool, names: Sequence[str]) -> dict[str, S3syncError]:
    """Find what B held under some names and holds no more; why, by name. Keeps runs from the project that B lies in.

    Of a folder each file is looked at when its turn comes. Raises `LockHeld`, and what ends the run.
    """
    place = work.opened.places[End.B]
    if isinstance(place, Folder):
        work.leaving.hold(os.path.realpath(place.root))
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
