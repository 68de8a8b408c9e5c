"""A remote that is a share which is mounted here, too: its store may overlap the repository, as a folder store may.

Nothing of a remote's address says so. So folders here that may be the store's are looked for by its last names, and
whether one is it is asked of the remote: a file of the folder is there, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import BucketMissing, ConfigError, NotFound
from s3sync.store.rclone.client import Client
from s3sync.store.rclone.items import Stat

MOST = 1000
"""Names of a folder among which a file is looked for."""


def require_elsewhere(
    client: Client, root: str, url: str, path: str, repository: Path, require_apart: Callable[[Path], None]
) -> None:
    """Raise `ConfigError` where a store at this `path` of its remote is a folder here that overlaps the repository."""
    home = Path(os.path.realpath(repository))
    for folder in _candidates(path, home):
        try:
            require_apart(folder)
        except ConfigError as error:
            for name, size in _proofs(folder, home):
                if _size_there(client, root, url, name) == size:
                    raise ConfigError(
                        f"the store cannot be {url}",
                        why=f"it is the folder {folder} of this computer: {error.why}",
                        hint="use a folder of the remote outside of it",
                    ) from None


def _candidates(path: str, home: Path) -> Iterator[Path]:
    """Folders that end as the store's path does, and disks that are mounted: each at the repository or above it."""
    parts = [part for part in path.split("/") if part]
    for above in (home, *home.parents):
        for n in range(len(parts)):
            if ".." not in parts and (folder := above.joinpath(*parts[n:])).is_dir():
                yield folder
        if above.parent != above and os.path.ismount(above):
            yield above


def _proofs(folder: Path, home: Path) -> Iterator[tuple[str, int]]:
    """Files with their sizes, by their keys if the folder is the store's: of the repository that it contains, else its
    own first one."""
    found = [home / ".s3sync.yaml", home / ".git" / "HEAD"]
    if not home.is_relative_to(folder):
        with suppress(OSError), GuardedFolder.open(folder, shared=True) as opened:
            names = sorted(opened.names())[:MOST]
            found = [folder / name for name in names if opened.has_file(name)][:1]
    for file in found:
        with suppress(OSError):
            yield file.relative_to(folder).as_posix(), file.lstat().st_size


def _size_there(client: Client, root: str, url: str, name: str) -> int | None:
    with suppress(NotFound, BucketMissing):
        values = {"fs": root, "remote": name, "opt": {"filesOnly": True}}
        item = client.ask("operations/stat", f"could not look at {name!r} in {url}", Stat, values).item
        return None if item is None else item.size
    return None
