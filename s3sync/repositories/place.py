"""Look at a remembered repository before anything in it is opened: it may have gone, or be another one by now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from s3sync.config import Settings, find_repo_root, load_settings
from s3sync.core.typed import typed
from s3sync.disk.errors import Refused
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ProjectError
from s3sync.repositories.book import Remembered


def settings_at(
    one: Remembered, *, flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings of a remembered repository, once it is sure that it is still that one, this user's own.

    Raises `ProjectError` where it is not, `ConfigError` for settings that cannot be used.
    """
    _require_folder(one)
    if find_repo_root(one.root) != one.root:
        raise _gone(one, "it is no repository any more: there is neither .git nor .s3sync.yaml")
    settings = load_settings(one.root, flags=flags or {}, environ=os.environ if environ is None else environ)
    if settings.repo != one.repo:
        raise ProjectError(
            f"{one.path} is another repository now",
            why=f"its files were kept under the name {one.repo!r}, and now it says {settings.repo!r}",
            hint=f"look at it, then: cd {typed(one.path)} && s3sync repos add",
        )
    return settings


def _require_folder(one: Remembered) -> None:
    if os.path.realpath(one.path) != one.path:
        raise _gone(one, "a link stands in its place, or above it, and leads elsewhere")
    try:
        with GuardedFolder.open(one.path):
            pass
    except FileNotFoundError:
        raise _gone(one, "it was moved or deleted, or its disk is not connected") from None
    except Refused as error:
        raise _gone(one, error.strerror or str(error)) from None
    except OSError as error:
        raise _gone(one, f"it cannot be opened: {error.strerror or error}") from None


def _gone(one: Remembered, why: str) -> ProjectError:
    at = Path(one.path)
    return ProjectError(
        f"the repository {one.name} is not at {at}",
        why=why,
        hint=f"where it is now: `s3sync repos add --name {one.name}`; if it is gone: `s3sync repos forget {one.name}`",
    )
