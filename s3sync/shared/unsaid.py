"""Repositories that are encrypted, and whose settings do not say so: what tells is the key that the store names.

Runs see it while they scan (`nested`). Whoever writes without a scan asks here first.
"""

from __future__ import annotations

from s3sync.core.sealed import current_key
from s3sync.errors import StoreError
from s3sync.shared.manifest_text import encrypted
from s3sync.store.aspects import aspect
from s3sync.store.port import Store
from s3sync.store.seals import Seals


def refuse_unsaid(store: Store, repo: str) -> None:
    """Raise `Halt` where the store names a key of the repository, and is opened as if there were none.

    A store that does not answer says nothing: what is to be written there will say what is wrong.
    """
    if aspect(store, Seals) is not None:
        return
    key = current_key(repo)
    try:
        store.head(key)
    except StoreError:
        return
    raise encrypted(key)
