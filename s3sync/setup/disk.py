"""Disk of the folder store that a repository is set up with: it may not be connected just then."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from s3sync.archive.disks import NewStore, folder_at, require_disk_of
from s3sync.config import Settings
from s3sync.errors import UsageError
from s3sync.trust import is_known


class NewDisk(Struct, frozen=True):
    """Answer to whether a folder store is made where its disk may not be connected.

    Yes with `create`, else as `confirm` says, and no where nobody can be asked.
    """

    create: bool = False
    confirm: Callable[[NewStore], bool] | None = None

    def steps(self, settings: Settings) -> list[tuple[str, bool]]:
        """Step of making a folder store; none for another store, and for one that this clone knows.

        Raises `Halt` where it is not to be made, and `UsageError` for `create` with another store.
        """
        folder = None if settings.store_is_default else folder_at(settings.store)
        if folder is None and self.create:
            raise UsageError("the store is no folder that you named", hint="leave out --create")
        if folder is None or is_known(settings):
            return []  # one that is known and away is said by whoever opens it
        made = require_disk_of(folder, "the same command with --create", create=self.create, confirm=self.confirm)
        return [] if made is None else [(f"folder store: {made.folder}, {made.disk}", True)]


UNASKED = NewDisk()
"""Made only where nothing speaks against it."""
