"""The executable bit of a file, as it travels with the object.

Not under the name `mode`: other programs (s3fs, rclone) read a number there; s3fs takes anything else for no rights.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADER = "executable"
_YES = "yes"


def as_metadata(executable: bool) -> dict[str, str]:
    """Entry of an object's metadata for it: none for an ordinary file."""
    return {HEADER: _YES} if executable else {}


def is_executable(metadata: Mapping[str, str]) -> bool:
    """True if an object's metadata says that the file may be run; anything but our own word says nothing."""
    return metadata.get(HEADER) == _YES
