"""Disks that folder stores lie on: whether the one that is meant can be the one that is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from s3sync.config.schemes import scheme_of
from s3sync.core.archive.mounts import named_mounts, place_of
from s3sync.core.archive.values import ArchiveSet
from s3sync.disk.errors import local_errors
from s3sync.errors import Halt

FSTAB = Path("/etc/fstab")
_MOST_FSTAB = 1024 * 1024


class NewStore(Struct, frozen=True):
    """Folder store that a first run is to make. `doubt`: the reason why its disk may not be connected, or None."""

    set: str
    folder: Path
    doubt: str | None

    @property
    def disk(self) -> str:
        """The disk that it is on, in words."""
        found = disk_below(self.folder)
        return "on this computer's own disk" if found is None else f"on the disk at {found}"


def disk_below(folder: Path) -> Path | None:
    """Mount point of a disk of its own that a folder lies on, or would lie on; None for the computer's own disk."""
    found = folder
    with local_errors("cannot look at", folder):  # what is exchanged meanwhile
        while not found.is_mount() and found != found.parent:
            found = found.parent
    is_own = found == found.parent or Path.home().is_relative_to(found)
    return None if is_own else found


def doubt_of(folder: Path, *, table: Path = FSTAB) -> str | None:
    """The reason why a folder that is to be made may belong on a disk that is not connected; None where none is known.

    `folder` is whole, without links.
    """
    above = folder.parent
    return unmounted(folder, table=table) or (None if above.is_dir() else f"the folder above it is not there: {above}")


def unmounted(folder: Path, *, table: Path = FSTAB) -> str | None:
    """The reason why the disk of a folder is not mounted, by where it lies and by the table of disks."""
    mounted = disk_below(folder)
    names = folder.parts[1:]
    depth = place_of(names)
    if depth:
        place = Path(folder.anchor, *names[:depth])
        if mounted is None or not mounted.is_relative_to(place):
            return f"no disk is mounted below {place} on the way to it"
    for point in _named(table):
        if folder.is_relative_to(point) and not (mounted is not None and mounted.is_relative_to(point)):
            return f"{table} has a disk at {point}, and none is mounted there"
    return None


def _named(table: Path) -> list[str]:
    with suppress(OSError, UnicodeDecodeError), table.open("rb") as file:
        return list(named_mounts(file.read(_MOST_FSTAB).decode()))
    return []


def folder_at(store: str) -> Path | None:
    """Folder that a store is, by its address; None for one with a server."""
    if not scheme_of(store).is_folder:
        return None
    parts = urlsplit(store, allow_fragments=False)
    where = unquote(parts.path + (f"?{parts.query}" if parts.query else ""))
    with local_errors("cannot follow", where):  # links that are exchanged meanwhile
        return Path(os.path.realpath(where))


def require_disk(
    chosen: ArchiveSet, folder: Path, *, create: bool, confirm: Callable[[NewStore], bool] | None
) -> NewStore | None:
    """The folder store of a set that is to be made now, None where its marker is there already. Raises `Halt`."""
    create_it = f"s3sync archive run --set {chosen.name} --create"
    return require_disk_of(folder, create_it, name=chosen.name, create=create, confirm=confirm)


def require_disk_of(
    folder: Path, create_it: str, *, name: str = "", create: bool, confirm: Callable[[NewStore], bool] | None
) -> NewStore | None:
    """The folder store that is to be made now, None where its marker is there already.

    Raises `Halt` where its disk may not be connected, unless `create`, or `confirm` says so: a store that is made on an
    empty mount point fills the computer's own disk, and is hidden as soon as the right one is connected. `create_it` is
    the command that makes it all the same.
    """
    from s3sync.store.folder.layout import RESERVED
    from s3sync.store.folder.marker import MARKER

    if os.path.lexists(folder / RESERVED / MARKER):
        return None
    new = NewStore(name, folder, doubt_of(folder))
    if new.doubt is None or create or (confirm is not None and confirm(new)):
        return new
    raise Halt(
        f"there is no folder store at {folder} yet",
        why=f"{new.doubt}; it would be made {new.disk}",
        hint=f"connect the disk, and run it again. If that is where it belongs: {create_it}",
    )
