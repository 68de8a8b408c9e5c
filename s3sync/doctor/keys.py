"""The check of an encrypted repository's key: here, and the one that the store names."""

from __future__ import annotations

from s3sync.config import Settings
from s3sync.doctor.report import Check, failed_by, ok, warn
from s3sync.errors import S3syncError
from s3sync.keys.known import is_encrypted
from s3sync.store.port import Store

NAME = "key"


def key_checks(settings: Settings, store: Store) -> list[Check]:
    """One for an encrypted repository, none for another."""
    if not is_encrypted(settings):
        return []
    from s3sync.keys.members import current_id
    from s3sync.store.sealed import SealedStore

    assert isinstance(store, SealedStore)
    try:
        key_id = store.key.id.hex()
        named = current_id(store.inner, settings.repo)
    except S3syncError as error:
        return [failed_by(NAME, error)]
    if named == key_id:
        return [ok(NAME, f"the repository is encrypted with the key {key_id}, as the store says too")]
    hint = "ask the others which key is right before anything is uploaded: compare `s3sync keys list`"
    return [warn(NAME, f"the key here is {key_id}, and the store names {named or 'none'}", hint)]
