"""Records of a project in the store: `<repo>/.s3sync/<kind>/<project>/...`, beside the projects.

Versions before 0.2 kept them in `<repo>/<project>/.s3sync/<kind>/`: what lies there is still read and cleaned up.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256

from msgspec import Struct

from s3sync.core.names import STATE_DIR

LONG_PATH = 512
"""Bytes. The key of a record is longer than its file's, and may be 1,024 bytes long: a longer path is hashed."""
USER_BYTES = 48

_HASHED = re.compile(r"~[0-9a-f]{64}")
_ESCAPE = re.compile("(?:%[0-9A-F]{2})+")
_STAMP = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{8}(?:-([A-Za-z0-9_%~-]*))?(?:\.\d+)?")


def records(prefix: str, kind: str) -> str:
    """Prefix of the keys of a project's records. `prefix` is the project's, `repo/project/`."""
    repo, slash, project = prefix.rstrip("/").rpartition("/")
    return f"{repo}{slash}{STATE_DIR}/{kind}/{project}/"


def old_records(prefix: str, kind: str) -> str:
    """The same for what older versions wrote."""
    return f"{prefix}{STATE_DIR}/{kind}/"


def part_file_key(prefix: str, path: str) -> str:
    """The key of a path's part digests."""
    return records(prefix, "parts") + bounded(path)


def old_part_file_key(prefix: str, path: str) -> str:
    return old_records(prefix, "parts") + path


def trash_key(prefix: str, stamp: str, path: str) -> str:
    """The key of a path in the remote trash, in the folder of one run."""
    return f"{records(prefix, 'trash')}{stamp}/{bounded(path)}"


def bounded(path: str) -> str:
    """The path, or a hash of one that is too long for a record's key. Its name is in the record then."""
    encoded = path.encode("utf-8", "surrogatepass")
    return path if len(encoded) <= LONG_PATH else f"~{sha256(encoded).hexdigest()}"


def is_hashed(name: str) -> bool:
    """True if a name in a record's key may be the hash of a longer one."""
    return _HASHED.fullmatch(name) is not None


def stamp_of(when: datetime, unique: str, user: str) -> str:
    """The name of a run's folder in a trash: when, of which run, and who.

    What tells runs of one second apart begins with the microsecond, so that names are in the order of time.
    """
    unique = f"{when.microsecond:05x}{unique}"
    who = "".join(map(_escaped, user.encode("utf-8", "replace")))[:USER_BYTES]
    return f"{when:%Y%m%d-%H%M%S}-{unique[:8]}-{who}"


def _escaped(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and (char.isalnum() or char in "_~-") else f"%{byte:02X}"


def _unescaped(run: re.Match[str]) -> str:
    return bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace")


class Stamp(Struct, frozen=True):
    """Contents of such a folder's name. `by` is None where an older version made it."""

    at: datetime | None
    by: str | None


def read_stamp(folder: str) -> Stamp:
    """Reads any name; what is none of ours says nothing."""
    found = _STAMP.fullmatch(folder)
    if found is None:
        return Stamp(None, None)
    try:
        at = datetime.strptime(f"{found[1]}+0000", "%Y%m%d-%H%M%S%z")
    except ValueError:
        at = None
    return Stamp(at, _ESCAPE.sub(_unescaped, found[2]) if found[2] else None)
