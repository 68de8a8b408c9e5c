"""Foresight of what a run will need of its store, as far as this disk tells: it starts while the listing is awaited.

botocore takes a fifth of a second to import, and each connection two or three round trips with TLS. A guess that turns
out wrong costs that time of a processor, beside other work.
"""

from __future__ import annotations

import threading

from s3sync.core.entries import Entry
from s3sync.core.etag import MIB
from s3sync.core.plan import Verb
from s3sync.local.scan import LocalFile
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.memory import CachedDigest
from s3sync.store.aspects import aspect
from s3sync.store.port import StartsSlowly, Store
from s3sync.sync.view import is_of


def start_store(
    store: Store, verb: Verb, base: SpilledDict[Entry], here: SpilledDict[LocalFile], digests: SpilledDict[CachedDigest]
) -> None:
    """Have the store start what this run will need of it. Returns at once; what fails is told when it is needed."""
    slow = aspect(store, StartsSlowly) if verb in (Verb.UP, Verb.SYNC) else None
    if slow is not None and _changes_much(verb, base, here, digests):
        threading.Thread(target=slow.start_up, name="s3sync-start", daemon=True).start()


def _changes_much(
    verb: Verb, base: SpilledDict[Entry], here: SpilledDict[LocalFile], digests: SpilledDict[CachedDigest]
) -> bool:
    """True if a large file will be sent, or an old version kept: by `sync` also that of a small file."""
    for known, files, hashed in merge_by_path(base, here, digests):
        for path, file in files.items():
            old = known.get(path)
            if file.size <= MIB and (old is None or verb is Verb.UP):
                continue
            digest = hashed.get(path)
            if old is None or digest is None or not is_of(digest, file) or digest.md5 != old.md5:
                return True
        if verb is Verb.SYNC and not known.keys() <= files.keys():
            return True
    return False
