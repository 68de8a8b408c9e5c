"""The base of version 1 of state.db, which mixed stores: what of it can be believed in the place that it went to."""

from __future__ import annotations

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import merge_by_path
from s3sync.state.memory import StateDB
from s3sync.sync.view import View


def leave_out_unproven(seen: View, state: StateDB) -> None:
    """Drop from the base what nothing says was ever in this place; from then on it is believed.

    What is gone there is only known as deleted where metadata.json tells who deleted it.
    """
    deleted = seen.there.stored.manifest.deleted
    unproven = SpilledList(str)
    for base, objects in merge_by_path(seen.base, seen.there.files):
        unproven.extend(path for path in base.keys() - objects.keys() if path not in deleted)
    for some in batched(unproven, limits.now.files_before_save):
        state.save(base=dict.fromkeys(some))
        for path in some:
            del seen.base[path]
    state.prove()
