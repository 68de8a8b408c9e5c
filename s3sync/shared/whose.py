"""Telling whose a metadata.json is: one that names another project counts only where its files are those of this place.

A project whose objects another tool moved or copied, to another name or for another repository, still has the old names
in its metadata.json, and its files with it. Where those are not there, somebody put another project's metadata.json in
the place of this one's: it would speak of deletions, conflicts and people of which this project knows nothing
(docs/decisions/0154-whose-metadata-json-it-is.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from s3sync.aside import Aside
from s3sync.core.names import MANIFEST, nfc
from s3sync.core.quantities import files_text
from s3sync.errors import ManifestError, NotFound
from s3sync.store.port import Store

ASKED = 8
"""Records of which the objects are looked for."""
_SHOWN = 120


def place(prefix: str) -> tuple[str, str]:
    """Repository and project whose prefix it is."""
    repo, project = prefix.rstrip("/").rsplit("/", 1)
    return repo, project


def is_named_so(prefix: str, named: tuple[str, str]) -> bool:
    """True for a manifest that names no other repository or project; an older one may name none."""
    return all(nfc(said) in ("", here) for said, here in zip(named, place(prefix), strict=True))


def refuse_foreign(
    store: Store,
    prefix: str,
    named: tuple[str, str],
    count: int,
    records: Iterable[tuple[str, int]],
    key: str | None = None,
) -> None:
    """Raises `ManifestError` for a manifest of another project, `StoreError` where its files cannot be asked for.

    `named`: the repository and project that it says it is of, empty where it says none. `records`: its `count` files,
    each by name and size in bytes. `key`: its own, `<prefix>metadata.json` if None.
    """
    if is_named_so(prefix, named):
        return
    repo, project = place(prefix)
    of_repo, of_project = (nfc(one) for one in named)
    asked = list(islice(records, 0, None, max(1, count // ASKED)))[:ASKED]
    with Aside(ASKED, "s3sync-whose") as threads:
        there = sum(threads.map(lambda one: _has(store, prefix + one[0], one[1]), asked))
    if 2 * there >= len(asked) and (asked or of_project in ("", project)):
        return
    other = f"{of_repo or repo}/{of_project or project}"[:_SHOWN]
    lacks = f"of {files_text(len(asked))} that it names, {there} {'is' if there == 1 else 'are'} here"
    raise ManifestError(
        f"{key or prefix + MANIFEST} is of another project",
        why=f"it says that it is of {other!r}, and " + (lacks if asked else "it names no file of this one"),
        hint="nothing of it was used; put back the one from before, or delete it from the store: the files themselves "
        f"are whole, and the next `s3sync up` writes a new one. While {other!r} is being moved here: wait until its "
        "files are here",
    )


def _has(store: Store, key: str, size: int) -> bool:
    try:
        return store.head(key).info.size == size
    except NotFound:
        return False
