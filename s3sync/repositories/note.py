"""Whoever opens a project has its repository remembered: one look at a file's name where it is known."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from s3sync.config.locate import exists, user_data_folder
from s3sync.errors import S3syncError
from s3sync.repositories.files import FOLDER, file_of

if TYPE_CHECKING:
    from s3sync.config import Settings


def note_repository(settings: Settings) -> None:
    """Remember the repository around, unless it is remembered. Where that cannot be written, nothing is lost."""
    root = settings.root
    if root is None:
        return
    with suppress(OSError, ValueError, S3syncError):
        if not exists(user_data_folder(settings.env) / FOLDER / file_of(root, settings.repo)):
            from s3sync.repositories.book import remember

            remember(root, settings.repo, settings.env, patience_s=0)
