"""Listings of a remote: complete and without names that stand for two files, or an error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from s3sync.core.names import short_text, without_case
from s3sync.core.typed import typed
from s3sync.errors import BucketMissing, NotAStore, NotFound, StoreError, Unreachable
from s3sync.store.port import ObjectInfo
from s3sync.store.rclone.client import LIST_S, MOST_LISTING, Client
from s3sync.store.rclone.items import Item, Listing

RESERVED = ".s3sync-store"
"""Folder of the store's own at its root, as a folder store has one."""
TEMPORARY = f"{RESERVED}/tmp"
LOOKS = 3
"""Times that a folder is listed, if folders in it go away meanwhile."""


def items(client: Client, fs: str, prefix: str, hashes: Sequence[str], *, recurse: bool) -> Sequence[Item] | None:
    """All below a prefix, or what is directly in it; None where there is no such folder. Raises `StoreError`.

    rclone says the same of a folder below that went away meanwhile, and then lists nothing: all is looked at again.
    """
    what = f"could not list {prefix or 'the store'}"
    for _ in range(LOOKS if recurse else 1):
        found = _asked(client, fs, prefix, hashes, what, recurse=recurse)
        if found is not None or not recurse or _asked(client, fs, prefix, (), what, recurse=False) is None:
            return found
    raise Unreachable(what, why="folders of it went away while it was listed", hint="run the command again")


def _asked(
    client: Client, fs: str, prefix: str, hashes: Sequence[str], what: str, *, recurse: bool
) -> Sequence[Item] | None:
    options = {
        "recurse": recurse,
        "filesOnly": recurse,
        "noMimeType": True,
        "showHash": bool(hashes),
        "hashTypes": list(hashes),
    }
    try:
        values = {"fs": fs, "remote": prefix.rstrip("/"), "opt": options}
        found = client.ask("operations/list", what, Listing, values, lasts=LIST_S, most=MOST_LISTING)
    except (NotFound, BucketMissing) as error:
        if "section in config" in (error.why or ""):
            raise
        return None
    return found.found


def objects(url: str, prefix: str, found: Iterable[Item]) -> Iterator[ObjectInfo]:
    """The files of a listing. Raises `StoreError` for a name that two of them have, as Google Drive allows.

    What has no size, as a document that lives in the provider's own editor, is no file.
    """
    seen: dict[str, str] = {}
    for item in found:
        if item.is_dir or item.size < 0 or item.path.startswith(f"{RESERVED}/"):
            continue
        if not item.path.startswith(prefix):
            raise NotAStore(f"could not list {url}", why=f"rclone names {short_text(item.path)!r}, which is not there")
        if item.path in seen:
            raise _twice(url, item.path, seen[item.path], item.id)
        seen[item.path] = item.id
        yield item.info(item.path)


def _twice(url: str, path: str, one: str, other: str) -> StoreError:
    ids = f", with the ids {short_text(one)} and {short_text(other)}" if one and other else ""
    return StoreError(
        f"two files in {url} have the name {short_text(path)!r}",
        why=f"the remote allows that{ids}, and nobody can tell which one is meant",
        hint="rename one of them there, or all that are alike: "
        f"rclone dedupe rename {typed(url.removeprefix('rclone:'))}; nothing was changed",
    )


def folders(prefix: str, found: Iterable[Item]) -> Iterator[str]:
    """Names of the folders directly below a prefix; each once, also where a remote has two of one name."""
    names = {item.path.removeprefix(prefix) for item in found if item.is_dir and item.path.startswith(prefix)}
    yield from (name for name in names if prefix or name != RESERVED)


def clear_empty(client: Client, fs: str, key: str) -> bool:
    """Remove folders without any file that stand where a file is to be. True if there were some."""
    with contextlib.suppress(StoreError):
        if items(client, fs, f"{key}/", [], recurse=True) == []:
            client.ask("operations/rmdirs", f"could not write {key!r}", dict, {"fs": fs, "remote": key}, reads=False)
            return True
    return False


def refuse_other_case(client: Client, fs: str, key: str) -> None:
    """Raise `StoreError` where a remote that ignores case took another name for this one."""
    folder = key.rpartition("/")[0]
    there = items(client, fs, f"{folder}/" if folder else "", [], recurse=False) or ()
    alike = [item.path for item in there if without_case(item.path) == without_case(key)]
    if alike and key not in alike:
        raise StoreError(
            f"could not write {short_text(key)!r}",
            why=f"the remote ignores case, and has {short_text(alike[0])!r}",
            hint="rename one of the two; nothing was overwritten",
        )
