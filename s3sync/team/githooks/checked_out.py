"""Folders of the clone that git has just written, and whose staging folder holds nothing: it may be archived."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from s3sync.config import Settings
from s3sync.core.folder_names import project_reason
from s3sync.core.names import nfc
from s3sync.staging import holds_files

RECENT_S = 60.0
"""Age up to which a change of a folder is taken for the checkout's: git calls its hook when it has written all."""
MOST = 5
"""Folders that are told of: a hook is no overview."""
MOST_LOOKED_AT = 10_000


def bare_folders(settings: Settings, clock: Callable[[], float] = time.time) -> list[str]:
    """Names of those folders directly in the repository, the newest first. What cannot be looked at is none of them."""
    if settings.root is None:
        return []
    found, now = list[tuple[float, str]](), clock()
    try:
        with os.scandir(settings.root) as entries:
            for number, entry in enumerate(entries):
                if number == MOST_LOOKED_AT:
                    break
                if not entry.is_dir(follow_symlinks=False) or project_reason(nfc(entry.name)) is not None:
                    continue
                changed = entry.stat(follow_symlinks=False).st_mtime
                if abs(now - changed) <= RECENT_S and not holds_files(Path(entry.path, settings.staging)):
                    found.append((-changed, nfc(entry.name)))
    except OSError:
        return []
    return [name for _, name in sorted(found)][:MOST]
