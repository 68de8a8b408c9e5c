"""Names that the shell offers: of projects and files on this disk. The store is never asked, as it may be slow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3sync.config import Settings

OFFERED = 200
"""Most names that are offered; who sees that many types another letter."""
LOOKED_AT = 20_000
"""Entries of one folder."""


def project_names(incomplete: str) -> list[str]:
    """Projects of this repository on this disk."""
    from s3sync.api import all_projects

    with suppress(Exception):
        names = all_projects(_settings(), Path.cwd())
        return [name for name in names if name.startswith(incomplete)][:OFFERED]
    return []


def names(incomplete: str) -> list[str]:
    """Files of the project around, and projects where there is none or the name is one's beginning."""
    return [*_files(incomplete), *project_names(incomplete)][:OFFERED]


def setting_names(incomplete: str) -> list[str]:
    from s3sync.config.spec import BY_NAME

    return [name for name in BY_NAME if name.startswith(incomplete)]


def _files(incomplete: str) -> list[str]:
    with suppress(Exception):
        from s3sync.project import find_project

        staging = find_project(_settings(), Path.cwd(), None).staging
        folder, _, start = incomplete.rpartition("/")
        where = Path.cwd() / folder if Path.cwd().is_relative_to(staging) else staging / folder
        if where.resolve().is_relative_to(staging.resolve()):
            prefix = f"{folder}/" if folder else ""
            return sorted(prefix + name for name in islice(_entries(where, start), OFFERED))
    return []


def _entries(folder: Path, start: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        for entry in islice(found, LOOKED_AT):
            if entry.name.startswith(start) and entry.name.isprintable() and entry.name != ".s3sync":
                yield f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def _settings() -> Settings:
    from s3sync.config import load_settings

    return load_settings(Path.cwd(), flags={}, environ=os.environ)
