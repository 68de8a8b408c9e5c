"""A folder where a file should arrive: removed where nothing of the user's is in it, else said as what it is."""

from __future__ import annotations

import stat
from collections.abc import Callable

from s3sync.core.names import nfc
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import is_folder
from s3sync.errors import LocalError, TargetChanged
from s3sync.local.patterns import compile_patterns

LITTER = (
    ".DS_Store",
    "._*",
    ".localized",
    "Icon[[:cntrl:]]",
    "[Tt]humbs.db",
    "ehthumbs.db",
    "[Dd]esktop.ini",
    ".directory",
)
"""Files that systems put into folders by themselves, and make again."""
MOST_FOLDERS = 1_000
"""Folders that are looked at before it is given up."""


def clear_way(folder: GuardedFolder, name: str, keep: Callable[[str], tuple[GuardedFolder, str]]) -> bool:
    """Remove a folder of this name that holds nothing but empty folders and litter of the system; False without one.

    `keep` gives a place in the trash for litter, which is named relative to `folder`. Raises `LocalError` for a folder
    that holds anything else, and `TargetChanged` when somebody is at work in it.
    """
    found = folder.find(name)
    if found is None or not is_folder(found):
        return False
    where = f"{folder.path}/{name}"
    folders, litter = [name], list[str]()
    is_litter = compile_patterns(LITTER).match_file
    for path in folders:  # grows on the way, those above first
        inner = _open(folder, path)
        for entry, status in inner.entries():
            below = f"{path}/{entry}"
            if is_folder(status):
                folders.append(below)
            elif stat.S_ISREG(status.st_mode) and is_litter(nfc(entry)):
                litter.append(below)
            else:
                raise _occupied(where, below.partition("/")[2])
        if len(folders) > MOST_FOLDERS:
            raise _occupied(where, f"more than {MOST_FOLDERS} folders")
    for path in litter:
        above, _, entry = path.rpartition("/")
        kept, kept_as = keep(path)
        _open(folder, above).replace(entry, kept_as, kept)
    for path in reversed(folders):
        above, _, entry = path.rpartition("/")
        try:
            (_open(folder, above) if above else folder).rmdir(entry)
        except OSError as error:
            what = f"{where} changed meanwhile"
            raise TargetChanged(what, why=error.strerror, hint="run the command again") from error
    return True


def _open(folder: GuardedFolder, path: str) -> GuardedFolder:
    for name in path.split("/"):
        folder = folder.folder(name)
    return folder


def _occupied(where: str, what: str) -> LocalError:
    return LocalError(
        f"cannot write the file {where}",
        why=f"a folder of that name stands there, with files in it that are not synced: {what}",
        hint="move what you need out of that folder, delete the folder, and run the command again",
    )
