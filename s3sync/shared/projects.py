"""Projects of a repository in a store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from s3sync.config import name_problem
from s3sync.core.folder_names import project_reason
from s3sync.core.names import RESERVED, nfc
from s3sync.errors import StoreError
from s3sync.store.port import Store

LOOKED_AT = 1_000
"""Objects of a project that are looked at to find one that is a file: a page of a listing."""
MOST_PROJECTS = 10_000
"""Projects in a listing before it is given up, so that memory is bounded whatever the store says."""


class StoreProjects:
    """The names of a repository's projects in a store, of those that can be a project's.

    The store is asked when this is, and for all names once. Everything raises `StoreError`.
    """

    def __init__(self, store: Store, repo: str) -> None:
        self._store, self._prefix = store, f"{repo}/"

    def __contains__(self, name: object, /) -> bool:
        """True if anything is stored for a project of that name: one question, however many projects there are."""
        if not isinstance(name, str) or not _is_plain(name):
            return False
        return next(iter(self._store.list(f"{self._prefix}{name}/")), None) is not None

    def has_files(self, name: str) -> bool:
        """True if a project holds a file, and not only records: after a cleanup these are what is left."""
        prefix = f"{self._prefix}{name}/"
        keys = (info.key.removeprefix(prefix) for info in islice(self._store.list(prefix), LOOKED_AT))
        return any(key and not key.endswith("/") and key.split("/")[0] not in RESERVED for key in keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    @cached_property
    def _names(self) -> list[str]:
        found = set[str]()
        for name in self._store.folders(self._prefix):
            if len(found) == MOST_PROJECTS:
                raise StoreError(
                    f"could not list the projects in {self._store.url}/{self._prefix}",
                    why=f"it has more than {MOST_PROJECTS} folders",
                    hint="name a project by its whole name in its own folder, or set `repo` to where the projects are",
                )
            if _is_plain(nfc(name)):
                found.add(nfc(name))
        return sorted(found)


def _is_plain(name: str) -> bool:
    return not (name_problem(name) or project_reason(name))
