"""Changing the mode of what has a name, through no link, also where it may not be opened."""

from __future__ import annotations

import errno
import os

from s3sync.disk import checks
from s3sync.disk.errors import Refused

_DESCRIPTORS = "/proc/self/fd"
_HAS_NAMED = hasattr(os, "O_PATH") and os.path.isdir(_DESCRIPTORS)  # noqa: PTH112
_NAMED_ONLY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC if _HAS_NAMED else None
"""Flags for a descriptor of what has a name, be it a link; None where the system has none, or shows none as paths."""


def change_mode(place: str, base: int | None, mode: int, path: str) -> None:
    """Change the mode of `place`, below the open folder `base`. `path` is for messages. Raises `Refused` for a link.

    On Linux by a descriptor that opens nothing: `os.chmod` would follow a link that somebody puts there meanwhile.
    """
    if _NAMED_ONLY is None or base is None:
        _refuse_link(os.stat(place, dir_fd=base, follow_symlinks=False), path)
        os.chmod(place, mode, dir_fd=base, follow_symlinks=os.chmod not in os.supports_follow_symlinks)
        return
    named = os.open(place, _NAMED_ONLY, dir_fd=base)
    try:
        _refuse_link(os.fstat(named), path)
        os.chmod(f"{_DESCRIPTORS}/{named}", mode)  # noqa: PTH101
    finally:
        os.close(named)


def _refuse_link(status: os.stat_result, path: str) -> None:
    if checks.is_link(status):
        raise Refused(errno.ELOOP, checks.A_LINK, path)
