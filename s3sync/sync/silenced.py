"""Warning about what is not synced because of patterns that somebody else sent.

A `.s3syncignore` in the staging folder is a file like any other: whoever writes to the store can have it ignore all
files of a project, and "all in sync" would be said of the rest.
"""

from __future__ import annotations

from s3sync.core.names import short_text
from s3sync.local.ignore import IGNORE_FILE
from s3sync.state.memory import StateDB
from s3sync.sync.view import View

OWN_RULES = f"sent from here: {IGNORE_FILE}"
"""Fact with the MD5 of the last `.s3syncignore` that this computer sent."""
MOST_NAMED = 3


def silence_warning(state: StateDB, seen: View) -> str | None:
    """A warning; None where nothing is ignored by patterns of others. Those that this computer sent are its user's."""
    names = sorted(seen.silenced - {IGNORE_FILE})
    if not names or not _is_of_others(state, seen):
        return None
    named = ", ".join(map(short_text, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")
    what = "1 file or folder is" if len(names) == 1 else f"{len(names):,} files or folders are"
    return f"{what} not synced: {IGNORE_FILE} in the staging folder, which came from the remote, ignores {named}"


def _is_of_others(state: StateDB, seen: View) -> bool:
    if IGNORE_FILE in seen.silenced:
        return True  # it hides itself, so that nobody sees who sent it
    if IGNORE_FILE not in seen.there.files and IGNORE_FILE not in seen.base:
        return False
    digests = seen.digests_of(IGNORE_FILE)
    return digests is None or state.fact(OWN_RULES) != digests.md5
