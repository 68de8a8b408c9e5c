"""Memories of projects whose files another command takes from this disk: they forget them before they go.

Their absence would else be the wish to delete them, and the next `sync` would delete the team's copies. As after
`cleanup --local`, what the store still has is new there, and comes back (docs/decisions/0007, 0152). A project is found
by its memory above the files, wherever the command was typed and whatever the settings say by now.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from s3sync.core.names import STATE_DIR, nfc
from s3sync.disk.confined import keep_to_it
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.held import straight_status
from s3sync.errors import LocalError
from s3sync.local.room import known_room
from s3sync.state.lock import project_lock
from s3sync.state.memory import FILE, StateDB
from s3sync.state.opening import open_memory

_AGAIN = "see who may write in the folders above it, then run the command again"


class Leaving:
    """While files are deleted here: no run works on their projects, whose bases have forgotten them. A context manager.

    `held`: staging folders, without links, that the caller holds already.
    """

    def __init__(self, environ: Mapping[str, str], held: Collection[str] = ()) -> None:
        self._environ = environ
        self._stack = ExitStack()
        self._open: dict[str, StateDB] = {}
        self._above: dict[str, str | None] = {}
        self._locked = set(held)

    def __enter__(self) -> Leaving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def keep(self, folder: str) -> None:
        """Have a folder without links, and those above it, be these very ones until the process ends.

        Another user could have another project forget the files, and give the right one its name back before they go.
        """
        for each in (Path(folder), *Path(folder).parents):
            with local_errors("cannot use", each):
                keep_to_it(each)

    def forget(self, paths: Iterable[str], *, but_in: str | None = None) -> None:
        """Have every base of the projects that files lie in forget them; but for those of the project `but_in`.

        Whole paths, without links above the files. Raises `LockHeld` where another run works on a project, `LocalError`
        where its memory cannot be written.
        """
        found: dict[str, list[str]] = {}
        for path in paths:
            staging = self.staging_of(os.path.dirname(path))  # noqa: PTH120
            if staging is not None and staging != but_in:
                found.setdefault(staging, []).append(nfc(os.path.relpath(path, staging).replace(os.sep, "/")))
        for staging, names in found.items():
            self._memory(staging).forget_elsewhere(names, in_any_case=True)

    def hold(self, folder: str) -> None:
        """Keep runs from the project that a folder is in, until the end: they would delete what is proven to be here.

        Raises `LockHeld` where one is at work.
        """
        staging = self.staging_of(folder)
        if staging is not None and staging not in self._locked:
            self._lock(staging, self._room(staging))

    def _lock(self, staging: str, room: GuardedFolder) -> None:
        if staging not in self._locked:
            self._stack.enter_context(project_lock(room, now=datetime.now(UTC)))
            self._locked.add(staging)

    def staging_of(self, folder: str) -> str | None:
        """The folder itself, or the nearest above it, that has the memory of a project. Raises `LocalError`."""
        above = self._above
        if folder not in above:
            with local_errors("cannot use", folder):
                found = straight_status(folder, STATE_DIR, FILE)
            if found is not None:
                above[folder] = folder
            else:
                parent = os.path.dirname(folder)  # noqa: PTH120
                above[folder] = None if parent == folder else self.staging_of(parent)
        return above[folder]

    def _memory(self, staging: str) -> StateDB:
        """Its memory without a place: all of its places are others. It is opened once, and held until the end."""
        if staging not in self._open:
            room = self._room(staging)
            self._lock(staging, room)
            self._open[staging] = self._stack.enter_context(open_memory(Path(room.path), None, self._environ))
        return self._open[staging]

    def _room(self, staging: str) -> GuardedFolder:
        """Where a memory lies that was there just now. Raises `LocalError` where it is gone: the files would be too."""
        room = known_room(Path(staging))
        if room is None:
            raise LocalError(f"cannot use {staging}{os.sep}{STATE_DIR}", why="it was taken away meanwhile", hint=_AGAIN)
        return self._stack.enter_context(room)
