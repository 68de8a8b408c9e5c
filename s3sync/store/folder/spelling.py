"""Names of a store on a disk that cannot hold all of them: `what?.mp4` is kept as `what%{3F}.mp4`.

A character that Windows disks refuse becomes `%{XX}`, XX its code in hexadecimal. So do a dot or blank at the end, the
first letter of a device's name, and a `%` that would else be read as such an escape. Nothing else is changed.
"""

from __future__ import annotations

import re

from s3sync.core.names import windows_reason

_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]|%(?=\{[0-9A-F]{2}\})')
_ESCAPE = re.compile(r"%\{([0-9A-F]{2})\}")


def encode(name: str) -> str:
    """Spell a name as the store does on its disk."""
    spelled = _REFUSED.sub(lambda found: _escaped(found[0]), name)
    if spelled[-1:] in (".", " "):
        spelled = spelled[:-1] + _escaped(spelled[-1])
    if windows_reason(spelled) is not None:  # the name of a device
        spelled = _escaped(spelled[0]) + spelled[1:]
    return spelled


def decode(name: str) -> str | None:
    """The name that is spelled so on the disk; None for a spelling that `encode` never gives."""
    if "%{" not in name:
        return name
    found = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), name)
    return found if encode(found) == name else None


def needs(name: str) -> bool:
    """True if a disk may refuse the name as it is."""
    return windows_reason(name) is not None or _REFUSED.search(name) is not None


def _escaped(character: str) -> str:
    return f"%{{{ord(character):02X}}}"
