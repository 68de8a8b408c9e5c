"""People who are set up already: what `s3sync init` and `keys` wrote once, written again for other folders.

Nearly every scenario begins with two people who share a store, and shows something else than how they came to it. Each
process runs the commands of a beginning once for each disk, and keeps what they wrote; `tests/kit/test_ready.py` holds
that it is what they write for any other place.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

PLAIN_URL = re.compile(r"(file|s3|az)://[\w./-]*\w")
"""Stores whose URL YAML writes as it is, and of which `init` keeps nothing else in a clone."""
FILES = "store"
NAMES = ("david", "jan")
NO_SERVER = "\0\0"
REPO = "v-appydave"


class Entry(NamedTuple):
    """A file, or a folder with no body, by its path below the root of its people."""

    path: str
    mode: int
    mtime_ns: int
    body: bytes | None


class Beginning(NamedTuple):
    store: str
    digests: list[str]
    entries: list[Entry]


_KNOWN: dict[tuple[str, int], Beginning] = {}
"""By its kind, and its disk: a folder store looks at how that takes names."""


def write(kind: str, root: Path, store: str, make: Callable[[Path, str], object]) -> bool:
    """Write below `root`, where the people's folders may be already, what `make(root, store)` would.

    Returns False, and does nothing, for a store of which it is not known that one is like another.
    """
    ours = f"file://{root / FILES}"
    if not PLAIN_URL.fullmatch(store) or (store.startswith("file:") and (store != ours or os.path.lexists(store[7:]))):
        return False
    root.mkdir(parents=True, exist_ok=True)
    key = kind, root.stat().st_dev
    if key not in _KNOWN:
        with tempfile.TemporaryDirectory(prefix="ready-", dir=root) as folder:
            place, there = Path(folder), f"file://{folder}/{FILES}"
            make(place, there)
            _KNOWN[key] = Beginning(there, _digests(place, there), entries(place))
    _write_again(_KNOWN[key], root, store)
    return True


def entries(root: Path) -> list[Entry]:
    """All that is below a folder, folders before what they hold."""
    found = []
    for path in sorted(root.rglob("*")):
        known, name = path.lstat(), path.relative_to(root).as_posix()
        body = None if path.is_dir() else path.read_bytes()
        found.append(Entry(name, known.st_mode & 0o7777, known.st_mtime_ns, body))
    return found


def _write_again(known: Beginning, root: Path, store: str) -> None:
    names = dict(zip(known.digests, _digests(root, store), strict=True))
    identity = uuid.uuid4().hex.encode()
    for path, mode, mtime_ns, body in known.entries:
        if path.split("/")[0] == FILES and not store.startswith("file:"):
            continue
        folder, _, name = path.rpartition("/")
        target = Path(root, folder, names.get(name, name))
        if body is None:
            target.mkdir(exist_ok=True)
        else:
            body = body.replace(known.store.encode(), store.encode())
            if name == "store.json":
                body = re.sub(rb'(?<="id":")\w+', identity, body)
            target.write_bytes(body)
            os.utime(target, ns=(mtime_ns, mtime_ns))
        target.chmod(mode)


def _digests(root: Path, store: str) -> list[str]:
    """Names of files that stand for a place with a key, and for each clone where it is used: `s3sync/keys/known.py`."""
    place = f"{store}{NO_SERVER}{REPO}".encode()
    return [f"{_digest(place)}.json", *(_digest(os.fsencode((root / name / REPO).resolve())) for name in NAMES)]


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]
