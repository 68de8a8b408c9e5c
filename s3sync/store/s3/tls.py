"""The authorities that vouch for a server, where the user names some other than the system's."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from s3sync.disk.whole_paths import AUTHORITIES, require_whole
from s3sync.errors import ConfigError
from s3sync.store.s3.own_paths import whole_path

VARIABLE = "AWS_CA_BUNDLE"
MOST_BYTES = 16 * 1024 * 1024


def _reason_to_refuse(path: Path) -> str | None:
    """Why a readable file cannot vouch for a server; None for one that can."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return "there is no certificate in it (a text between BEGIN CERTIFICATE and END CERTIFICATE)"
    return None


def ca_bundle(env: Mapping[str, str], given: str | None = None) -> Path | None:
    """The file of authorities that the settings or the environment name. Raises `ConfigError` when it cannot be one.

    Also where the environment names some of the current folder to the libraries, which believe those beside it.
    """
    require_whole(AUTHORITIES, os.environ)
    named, name = (given, "the setting ca_bundle") if given else (env.get(VARIABLE), VARIABLE)
    if not named:
        return None
    path = whole_path(Path(named).expanduser() if given else Path(named), name)
    try:
        status = path.stat()
        reason = None if stat.S_ISREG(status.st_mode) else "it is not a file"
        if status.st_size > MOST_BYTES:
            reason = "it is larger than 16 MiB"
        if reason is None and not os.access(path, os.R_OK):
            reason = "permission denied"
        reason = reason or _reason_to_refuse(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    if reason:
        raise ConfigError(
            f"{name} names {path}, which cannot be used",
            why=reason[0].lower() + reason[1:],
            hint=f"correct {name}, or unset it to trust the system's authorities",
        )
    return path
