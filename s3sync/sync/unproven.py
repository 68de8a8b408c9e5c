"""The base of version 1 of state.db, which mixed stores: what of it can be believed in the place that it went to."""

from __future__ import annotations

from s3sync.core.items import batched
from s3sync.state.db import StateDB
from s3sync.state.rows import Rows
from s3sync.state.table import windows
from s3sync.sync.seen import Seen

FORGET_AT_ONCE = 5_000


def leave_out_unproven(seen: Seen, state: StateDB) -> None:
    """Drop from the base what nothing says was ever in this place; from then on it is believed.

    What is gone there is only known as deleted where metadata.json tells who deleted it.
    """
    deleted = seen.there.stored.manifest.deleted
    unproven = Rows(str)
    for base, objects in windows(seen.base, seen.there.files):
        unproven.extend(path for path in base.keys() - objects.keys() if path not in deleted)
    for some in batched(unproven, FORGET_AT_ONCE):
        state.save(base=dict.fromkeys(some))
        for path in some:
            del seen.base[path]
    state.prove()
