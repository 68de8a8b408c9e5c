"""Sets of an encrypted repository whose settings do not say that it is encrypted."""

from __future__ import annotations

from s3sync.archive.sets import is_sealed
from s3sync.config import Settings
from s3sync.core.archive.values import ArchiveSet
from s3sync.errors import StoreError
from s3sync.shared.unsaid import refuse_unsaid


def refuse_unsaid_set(chosen: ArchiveSet, settings: Settings) -> None:
    """Raise `Halt` for a repository's set whose files would be sent as anybody can read them, where the repository's
    own store names a key: that of the archives says nothing of it.

    Raises `NotTrusted` where the user has not agreed to that store, as one who is asked for the archives' alone would
    never learn of it. The default store is a folder here, and who has a key of it is known here.
    """
    if not chosen.confined or is_sealed(chosen, settings) or settings.store_is_default:
        return
    from s3sync.connect import connect

    try:
        store = connect(settings, create=False, sealed=False)
    except StoreError:
        return  # it is not there, or a disk that is not connected: archives go elsewhere
    refuse_unsaid(store, settings.repo)
