"""The rights of what a folder store writes: they follow the store's folder, whatever the umask of the writer."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import make_own
from s3sync.disk.tree import make_straight


class Modes(Struct, frozen=True):
    """`shared`: the folder's group may write, so that new files and folders are opened to it against the umask.
    Not where the sticky bit says that each keeps to their own.

    `group` is the folder's, where the setgid bit says that what is made in it belongs to that group.
    """

    file: int
    folder: int
    shared: bool
    group: int | None

    @property
    def words(self) -> str:
        """Rights of the files, in words for a person."""
        if os.name == "nt":
            return "a folder"
        if self.shared:
            return "a folder that everybody may write" if self.file & 0o002 else "a folder that its group may write"
        readers = "everybody" if self.file & 0o004 else "its group" if self.file & 0o040 else None
        return (
            f"a folder that only its owner may write and {readers} may read" if readers else "a folder of yours alone"
        )

    def apply_to_file(self, descriptor: int) -> None:
        """Disks without rights (exFAT) refuse, and need none."""
        if not self.shared:
            return
        if self.group is not None:
            with suppress(OSError):
                os.fchown(descriptor, -1, self.group)
        with suppress(OSError):
            os.fchmod(descriptor, self.file)

    def apply_to_folder(self, folder: GuardedFolder) -> None:
        if self.shared:
            folder.share(self.folder | (stat.S_ISGID if self.group is not None else 0), self.group)


def modes_of(root: os.stat_result) -> Modes:
    mode = stat.S_IMODE(root.st_mode)
    shared = os.name != "nt" and bool(mode & stat.S_IWGRP) and not mode & stat.S_ISVTX
    group = root.st_gid if mode & stat.S_ISGID else None
    return Modes(mode & 0o666, mode & 0o777, shared, group)


def make_root(root: Path, *, private: bool) -> None:
    """Make the folder of a store; one that is `private` with what is missing above it for this user alone. Raises
    `OSError`.

    In a folder that a group shares, by its rights and its setgid bit, it is shared as that is, whatever the umask.
    """
    if private:
        make_own(root)
        return
    make_straight(root, _share_as)


def _share_as(above: GuardedFolder, made: GuardedFolder) -> None:
    """Share a new folder as the one above it is: not one with something in it, which was put there meanwhile."""
    if above.descriptor is None:
        return
    rights = modes_of(os.fstat(above.descriptor))
    if rights.group is not None and not made.names():
        rights.apply_to_folder(made)
