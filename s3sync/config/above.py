"""Settings files above the repository, which no longer count: noticed rather than answered with another store."""

from __future__ import annotations

import re
from pathlib import Path

from s3sync.config.locate import ENV_FILE, REPO_FILE, exists
from s3sync.config.read import read_text
from s3sync.errors import ConfigError

_STORE = re.compile(
    r"^[ \t]*(?:store[ \t]*:|(?:export[ \t]+)?(?:S3SYNC_STORE|S3_COLLAB_BUCKET)[ \t]*=)\s*\S", re.MULTILINE
)
"""The beginning of a line reaches over no other: from each of 64 KiB of empty ones to the end of all takes a minute."""


def refuse_store_above(root: Path) -> None:
    """Raises `ConfigError` when a settings file of this user above `root` sets a store.

    For a repository without a store of its own: whoever wrote that file does not expect the folder on this computer.
    """
    for folder in root.parents:
        for path in (folder / REPO_FILE, folder / ENV_FILE):
            if exists(path) and _sets_a_store(path, folder):
                raise ConfigError(
                    f"no store is set for {root}",
                    why=f"{path} sets one, but lies outside of this git repository and does not count",
                    hint=f"say it here: s3sync init --store URL, or copy the file to {root}",
                )


def _sets_a_store(path: Path, folder: Path) -> bool:
    try:
        return _STORE.search(read_text(path, within=folder)) is not None
    except ConfigError:  # of somebody else, or no text: nothing that this user relies on
        return False
