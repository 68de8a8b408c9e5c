"""Object stores behind one port: `open_store(url, options)` is the only way in.

The contract is `port.Store`; `tests/contract/` is its specification. Only this package knows obstore and botocore.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from s3sync.store.options import StoreOptions, Wire
from s3sync.store.port import Bucket, Identity, Rights, Store
from s3sync.store.schemes import open_store
from s3sync.store.wrapped import unwrapped

__all__ = [
    "Bucket",
    "Store",
    "StoreOptions",
    "Wire",
    "bucket_of",
    "endpoint_of",
    "identity_of",
    "open_store",
    "rights_of",
    "server_of",
]


def rights_of(store: Store) -> str | None:
    """Rights of a store's files, in words; None where it does not say. Raises `StoreError`."""
    bare = unwrapped(store)
    return bare.rights() if isinstance(bare, Rights) else None


def identity_of(store: Store) -> str | None:
    """Identity of a store, to tell it from another one at the same address, as two disks mounted at one path.

    None where it cannot be told. Raises `StoreError`.
    """
    bare = unwrapped(store)
    return bare.identity() if isinstance(bare, Identity) else None


def bucket_of(store: Store) -> Bucket | None:
    """The bucket behind a store; None where there is none, as behind a folder."""
    from s3sync.store.aspects import aspect

    return aspect(store, Bucket)


def endpoint_of(store: Store) -> str | None:
    """The server that a store's bucket is on, wherever that was set; None for AWS itself and for folders."""
    found = getattr(unwrapped(store), "endpoint", None)
    return found if isinstance(found, str) else None


def server_of(store: Store) -> str:
    """Name of what a line to a store leads to: its endpoint, else the place itself without a path in it."""
    url = urlsplit(store.url)
    return endpoint_of(store) or f"{url.scheme}://{url.netloc}"
