"""Failures as rclone words them, as our errors: the one table for all of its backends."""

from __future__ import annotations

import re

from s3sync.config.secrets import hidden
from s3sync.core.typed import typed
from s3sync.errors import (
    AccessDenied,
    BucketMissing,
    CredentialsError,
    NotFound,
    StoreError,
    Throttled,
    Unreachable,
)

_TABLE: tuple[tuple[re.Pattern[str], type[StoreError], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, hint)
    for pattern, kind, hint in (
        (r"didn't find section in config file", BucketMissing, "`rclone listremotes` shows what there is"),
        (r"object not found|file does not exist|no such file|not a directory", NotFound, ""),
        (r"directory not found|bucket.*not (found|exist)", BucketMissing, ""),
        (r"unlock.*config|config.*password|decrypt config", CredentialsError, "set RCLONE_CONFIG_PASS"),
        (r"invalid_grant|token (has )?expired|empty token|fetch token",
         CredentialsError, "sign in again: `rclone config reconnect {remote}`"),
        (r"unauthori[sz]ed|\b401\b|unable to authenticate|authentication failed",
         CredentialsError, "is its user or its password another one now? `rclone config` changes them (e, edit); where "
         "one signs in with a browser: `rclone config reconnect {remote}`"),
        (r"knownhosts: key|host key (mismatch|verification)",
         CredentialsError, "nothing was sent to it: ask whoever runs the server whether it has a new key, before you "
         "take that into known_hosts_file"),
        (r"insufficient.?(space|storage)|quota|no space left|\b507\b|over.?storage", StoreError, "make room there"),
        (r"rate.?limit|too.?many.?requests|\b429\b|slow.?down", Throttled, "run the command again later"),
        (r"permission denied|access denied|forbidden|\b403\b|read-only|read only", AccessDenied, "ask its owner"),
        (r"no such host|connection re(fused|set)|i/o timeout|network is (unreachable|down)|couldn't connect|broken pipe"
         r"|unexpected EOF|timed? ?out|deadline exceeded|TLS handshake", Unreachable, "is the network there?"),
    )
)  # fmt: skip
_MOST = 300


def failed(what: str, said: str, remote: str) -> StoreError:
    """The error for a failed call. `what` says what was tried: "could not read 'cut/a.mp4'"."""
    why = shown(said)
    for pattern, kind, hint in _TABLE:
        if pattern.search(said):
            return kind(what, why=why, hint=hint.format(remote=typed(f"{remote}:")) or None)
    return StoreError(what, why=why or "rclone did not say why")


def shown(said: str) -> str:
    """Words of rclone for a message: one line, bounded, without what may be a credential."""
    line = " ".join(said.split())[: 4 * _MOST]
    return hidden("".join(char if char.isprintable() else "?" for char in line))[:_MOST]
