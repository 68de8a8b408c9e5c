"""Object stores behind one port: `open_store(url, options)` is the only way in.

The contract is `port.Store`; `tests/contract/` is its specification. Only this package knows obstore and botocore.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from s3sync.errors import UsageError
from s3sync.store.options import StoreOptions, Wire
from s3sync.store.port import Bucket, Store
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
]

_SCHEMES = "s3://bucket[/prefix] or file:///path"


def open_store(url: str, options: StoreOptions) -> Store:
    """The store that `url` names. No network I/O happens before its first method is called.

    Raises `UsageError` for a URL that is not understood, `ConfigError` for settings that contradict each other and for
    a folder store that overlaps `options.repository`, and, for a folder store with `options.create`, `StoreError` or
    `DiskFull` when the folder cannot be made.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme == "s3":
        return _open_s3(url, options)
    if scheme == "file":
        return _open_folder(url, options)
    named = f"stores of kind '{scheme}'" if scheme.isalnum() else "a store URL without scheme"
    raise UsageError(f"s3sync does not understand {named}", hint=f"use {_SCHEMES}")


def rights_of(store: Store) -> str | None:
    """Rights of a store's files, in words; None where it does not say. Raises `StoreError`."""
    from s3sync.store.aspects import Rights, aspect

    found = aspect(store, Rights)
    return found.rights() if found else None


def identity_of(store: Store) -> str | None:
    """Identity of a store, to tell it from another one at the same address, as two disks mounted at one path.

    None where it cannot be told. Raises `StoreError`.
    """
    from s3sync.store.aspects import Identity, aspect

    found = aspect(store, Identity)
    return found.identity() if found else None


def bucket_of(store: Store) -> Bucket | None:
    """The bucket behind a store; None where there is none, as behind a folder."""
    from s3sync.store.aspects import aspect

    return aspect(store, Bucket)


def endpoint_of(store: Store) -> str | None:
    """The server that a store's bucket is on, wherever that was set; None for AWS itself and for folders."""
    found = getattr(unwrapped(store), "endpoint", None)
    return found if isinstance(found, str) else None


def _open_s3(url: str, options: StoreOptions) -> Store:
    from s3sync.store.s3 import S3Store

    bucket, _, prefix = url[len("s3://") :].partition("/")
    prefix = prefix.strip("/")
    if "@" in bucket:
        raise UsageError("a store URL carries no credentials", hint="put them in the environment or in an AWS profile")
    if not bucket or any(char in bucket for char in "?#: ") or "//" in prefix:
        raise UsageError("this is not the URL of a bucket", hint=f"use {_SCHEMES}")
    return S3Store(bucket, prefix, options)


def _open_folder(url: str, options: StoreOptions) -> Store:
    from s3sync.store.folder import FolderStore

    parts = urlsplit(url, allow_fragments=False)
    path = unquote(parts.path + (f"?{parts.query}" if parts.query else ""))
    host = "" if parts.netloc.lower() == "localhost" else unquote(parts.netloc)
    if os.name == "nt":
        path = f"//{host}{path}" if host else path.lstrip("/")
    elif host:
        raise UsageError(
            f"file://{host}/ names another computer", hint="mount it, and use file:///path with three slashes"
        )
    if "\0" in path or not Path(path).is_absolute():
        raise UsageError("the URL of a folder store needs an absolute path", hint=f"use {_SCHEMES}")
    if options.repository is not None:
        from s3sync.store.folder.apart import require_apart

        require_apart(Path(path), options.repository, options.repo)
    return FolderStore(Path(path), create=options.create, private=options.private, pace=options.pace)
