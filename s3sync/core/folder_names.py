"""Names that a project and a staging folder may have: plain ones that everybody sees."""

from __future__ import annotations

import re
import unicodedata

from s3sync.core.names import refuse_folder, windows_reason

_SHORT_NAME = re.compile(r"~[0-9]")
_GIT_SHORT_NAME = re.compile(r"git~[0-9]", re.IGNORECASE)
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs that no font draws, although Unicode does not call them blanks."""


def segment_reason(name: str) -> str | None:
    """Reason why a name cannot be one segment of a key and a folder; None when it can."""
    if "/" in name:
        return "it has a '/' in it"
    reason = refuse_folder(name)
    if reason:
        return reason
    return "it begins or ends with a space" if name != name.strip() else None


def project_reason(name: str) -> str | None:
    """Reason why a name will not do for a project's folder; None when it will.

    Hidden folders belong to other programs (`.git`, `.aws`), and so does what some disk takes for one of them.
    """
    reason = segment_reason(name)
    if reason:
        return reason
    seen = "".join(char for char in name if not is_unseen(char))
    if not seen.strip():
        return "it has no visible character"
    if seen.startswith("."):
        return "it is a hidden folder"
    return "Windows takes it for .git" if _GIT_SHORT_NAME.match(seen) else None


def staging_reason(name: str) -> str | None:
    """Reason why a name will not do for a folder above the staging folder; None when it will everywhere."""
    reason = project_reason(name)
    if reason:
        return reason
    unseen = next(filter(is_unseen, name), None)
    if unseen:
        return f"it has an invisible character in it (U+{ord(unseen):04X})"
    if _SHORT_NAME.search(name):
        return "Windows may take it for the short name of another folder"
    return windows_reason(name)


def is_unseen(char: str) -> bool:
    """True if a character leaves nothing on the screen."""
    return char in _BLANK_LETTERS or unicodedata.category(char) == "Cf"
