"""Openers of stores: the second half of the table in `config/schemes.py`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from s3sync.config.schemes import USAGE, name_of_scheme, remote_of
from s3sync.config.schemes import store as store_address
from s3sync.config.values import BadValue
from s3sync.disk.errors import local_errors
from s3sync.errors import UsageError
from s3sync.store.options import StoreOptions
from s3sync.store.port import Store


def _open_s3(url: str, options: StoreOptions) -> Store:
    from s3sync.store.s3 import S3Store

    bucket, _, prefix = url.partition("://")[2].partition("/")
    prefix = prefix.strip("/")
    if "@" in bucket:
        raise UsageError("a store URL carries no credentials", hint="put them in the environment or in an AWS profile")
    if not bucket or any(char in bucket for char in "?#: ") or "//" in prefix:
        raise UsageError("this is not the URL of a bucket", hint=f"use {USAGE}")
    return S3Store(bucket, prefix, options)


def _open_google(url: str, options: StoreOptions) -> Store:
    from s3sync.store.gcs import GcsStore

    bucket, _, prefix = url.partition("://")[2].partition("/")
    prefix = prefix.strip("/")
    if not bucket or any(char in bucket for char in "@?#: ") or "//" in prefix:
        raise UsageError("this is not the URL of a bucket", hint="use gs://bucket[/prefix]")
    return GcsStore(bucket, prefix, options)


def _open_azure(url: str, options: StoreOptions) -> Store:
    from s3sync.store.azure import AzureStore

    account, _, below = url.partition("://")[2].partition("/")
    container, _, prefix = below.partition("/")
    prefix = prefix.strip("/")
    if "@" in account or "?" in url:
        raise UsageError("a store URL carries no credentials", hint="put them in the environment")
    if not account or not container or any(char in account + container for char in "#: .") or "//" in prefix:
        raise UsageError("this is not the URL of a container", hint=f"use {USAGE}")
    return AzureStore(account, container, prefix, options)


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
        raise UsageError("the URL of a folder store needs an absolute path", hint=f"use {USAGE}")
    if options.repository is not None:
        from s3sync.store.folder.apart import require_apart

        with local_errors("cannot follow", path):  # links that are exchanged meanwhile
            require_apart(Path(path), options.repository, options.repo)
    return FolderStore(Path(path), create=options.create, private=options.private, pace=options.pace)


def _open_rclone(url: str, options: StoreOptions) -> Store:
    from s3sync.store.rclone import RcloneStore

    try:
        remote, path = remote_of(store_address(url))
    except BadValue as bad:
        raise UsageError(f"this is not the address of an rclone store: {bad.why}", hint=bad.hint) from None
    return RcloneStore(remote, path, options, _apart_from(options))


def _apart_from(options: StoreOptions) -> Callable[[Path], None] | None:
    """Refusal of a folder of this computer that overlaps the repository, for a remote that turns out to be one."""

    def require(root: Path) -> None:
        from s3sync.store.folder.apart import require_apart

        if options.repository is not None:
            require_apart(root, options.repository, options.repo)

    return require if options.repository is not None else None


OPENERS: Mapping[str, Callable[[str, StoreOptions], Store]] = {
    "s3": _open_s3,
    "gs": _open_google,
    "az": _open_azure,
    "file": _open_folder,
    "rclone": _open_rclone,
}


def open_store(url: str, options: StoreOptions) -> Store:
    """The store that `url` names. No network I/O happens before its first method is called.

    Raises `UsageError` for a URL that is not understood, `ConfigError` for settings that contradict each other and for
    a folder store that overlaps `options.repository`, and, for a folder store with `options.create`, `StoreError` or
    `DiskFull` when the folder cannot be made.
    """
    kind = name_of_scheme(url)
    if kind in OPENERS:
        return OPENERS[kind](url, options)
    named = f"stores of kind '{kind}'" if kind.isalnum() else "a store URL without scheme"
    raise UsageError(f"s3sync does not understand {named}", hint=f"use {USAGE}")
