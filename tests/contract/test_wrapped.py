"""A wrapper that misses an operation of the port would give the bare store's answer, or none."""

from __future__ import annotations

from pathlib import Path

from s3sync.store import StoreOptions, bucket_of, endpoint_of, identity_of, open_store
from s3sync.store.folder import FolderStore
from s3sync.store.port import Store
from s3sync.store.wrapped import Wrapped


def test_a_wrapper_passes_on_every_operation_of_the_port() -> None:
    def operations(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert operations(Wrapped) == operations(Store)


def test_a_wrapped_store_is_at_the_same_place(tmp_path: Path) -> None:
    """A base belongs to a place: `projects`, which wraps the store, read another base than `status`."""
    folder = FolderStore(tmp_path / "store", create=True)
    assert identity_of(Wrapped(Wrapped(folder))) == identity_of(folder) is not None
    bucket = open_store("s3://film", StoreOptions(endpoint_url="http://127.0.0.1:9", env={}))
    assert endpoint_of(Wrapped(bucket)) == endpoint_of(bucket) == "http://127.0.0.1:9"
    assert bucket_of(Wrapped(bucket)) is not None and bucket_of(Wrapped(folder)) is None
