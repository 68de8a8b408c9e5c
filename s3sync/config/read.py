"""Read a settings file that others may have put there: a regular file of our own, of bounded size, without waiting.

The contract: a file counts only when nobody but this user (or root) could have written it, a link stays inside the
repository and out of staging folders, and reading ends at once whatever has the file's name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from s3sync.config.locate import in_staging
from s3sync.core.typed import typed
from s3sync.disk import checks
from s3sync.disk.confined import keep_to_it
from s3sync.disk.durable import read_all
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ConfigError

SIZE_LIMIT = 1 << 16
TRUST_VARIABLE = "S3SYNC_TRUST"

_ON_WINDOWS = os.name == "nt"
_IN_A_CONTAINER = f"where you can change neither (a container): set {TRUST_VARIABLE}=1"
_OF_THE_USER = "where you can change neither, use a copy of your own (of config.yaml: in another XDG_CONFIG_HOME)"
"""Another way than `S3SYNC_TRUST=1`, which is about repositories: these settings are believed of nobody else."""


def says_trust(environ: Mapping[str, str]) -> bool:
    """True if the process environment answers every question about trust with yes."""
    return environ.get(TRUST_VARIABLE, "") == "1"


def keep_root(root: Path) -> None:
    """Have the repository whose settings are read be the one whose files are sent. Raises `ConfigError`."""
    try:
        keep_to_it(root)
    except OSError as error:
        hint = getattr(error, "hint", None)
        raise ConfigError(f"cannot use {root}", why=error.strerror or str(error), hint=hint) from error


def read_text(path: Path, *, within: Path | None = None, any_owner: bool = False) -> str:
    """A settings file's text with its own line ends. Raises `ConfigError`.

    `within` is the repository that the file belongs to; None for the user's own file, which may be a link to anywhere.
    `any_owner` reads it whoever owns it or may write it.
    """
    try:
        data = _read(path, _inside(path, within) if within else None, any_owner)
    except OSError as error:
        raise ConfigError(f"cannot read {path}", why=error.strerror or str(error)) from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path} line {line} is not UTF-8", why="settings are UTF-8 text", hint="save the file as UTF-8"
        ) from None


def _inside(path: Path, root: Path) -> Path:
    """The file itself, when links lead to it and stay inside the repository. Raises `ConfigError`."""
    target = Path(os.path.realpath(path))
    if target == path:
        return target
    hint = "put the file itself there"
    if not target.is_relative_to(root):
        raise ConfigError(f"{path} is not read", why="it is a link that leads out of the repository", hint=hint)
    if in_staging(target, root) or ".git" in target.relative_to(root).parts:
        raise ConfigError(f"{path} is not read", why="it is a link to a file that others may replace", hint=hint)
    return target


def _read(path: Path, checked: Path | None, any_owner: bool) -> bytes:
    """The bytes of `path`, or of what was found at the end of its links. Raises `ConfigError` and `OSError`."""
    target = checked or Path(os.path.realpath(path))
    with GuardedFolder.open(target.parent, shared=True, straight=checked is not None) as folder:
        descriptor = folder.open_read(target.name)
        try:
            if not any_owner:
                refuse_others(
                    path, os.fstat(descriptor), folder, other_way=_IN_A_CONTAINER if checked else _OF_THE_USER
                )
            data = read_all(descriptor, SIZE_LIMIT)
        finally:
            os.close(descriptor)
    if data is None:
        raise ConfigError(f"cannot read {path}", why="it is larger than 64 KiB, which no settings file is")
    return data


def refuse_others(
    path: Path,
    status: os.stat_result,
    folder: GuardedFolder,
    would: str = "choose where your files go",
    *,
    other_way: str = _IN_A_CONTAINER,
) -> None:
    """Raises `ConfigError` for a file that another user owns or may write. Windows says neither in these fields.

    `would`: what he could do by it. `other_way`: what to do for whoever may not change the file. A disk that keeps no
    owners or modes (exFAT) says of every file what it was mounted with, and that counts for nothing.
    """
    if _ON_WINDOWS:
        return
    user = os.geteuid()
    owners = {0, user}
    if user == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        owners.add(int(os.environ["SUDO_UID"]))  # who typed `sudo s3sync`
    if status.st_uid not in owners and not folder.gives_away(status.st_uid):
        raise ConfigError(
            f"{path} is not read",
            why=f"it belongs to another user, who would {would}",
            hint=f"look at it, then make it yours: sudo chown -h $(id -un) {typed(path)}; {other_way}",
        )
    others = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not checks.is_own_group(status.st_gid))
    if others and folder.keeps_modes():
        raise ConfigError(
            f"{path} is not read",
            why=f"other users may write it, and would {would}",
            hint=f"look at it, then run: chmod go-w {typed(path)}; {other_way}",
        )
