"""Memory of a pair of places, in the user's own data folder: what both agreed on, and the digests of what each holds.

It is a state.db for the pair and one for each place, with the mark by which they are known to be this user's. The one
of a place remembers MD5s: by ETag in a store, by directory entry in a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from s3sync.config.locate import user_data_folder
from s3sync.core.pairs import End
from s3sync.disk.errors import local_errors
from s3sync.disk.own import make_own, own_folder
from s3sync.state.lock import Kind, project_lock
from s3sync.state.memory import StateDB
from s3sync.state.opening import open_memory
from s3sync.state.places import StorePlace

FOLDER = "pairs"
LOCK = Kind("lock", "lock.json", "another s3sync is working on these two places", "wait until it is done")


class PairMemory(Struct, frozen=True):
    """`pair` has the base and the unfinished transfers, `ends` what is known of each place."""

    pair: StateDB
    ends: Mapping[End, StateDB]


def name_of(a: str, b: str) -> str:
    """Name of a pair's folder: the same whichever of the two is named first, as the base is."""
    return sha256("\n".join(sorted((a, b))).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@contextmanager
def open_pair_memory(
    a: str, b: str, environ: Mapping[str, str], *, read_only: bool, now: datetime, wait_s: float
) -> Iterator[PairMemory]:
    """Open the memory of two places, given by their identities; held alone unless `read_only`.

    Raises `LockHeld`, `LocalError`, `DiskFull`.
    """
    base, name = user_data_folder(environ) / FOLDER, name_of(a, b)
    first, second = (End.A, End.B) if a <= b else (End.B, End.A)
    with ExitStack() as stack:
        with local_errors("cannot use", base):
            make_own(base.parent)
            room = stack.enter_context(own_folder(base, name))
            for inner in ("one", "two"):
                room.folder(inner, create=0o700, private=True).close()
        if not read_only:
            stack.enter_context(project_lock(room, now=now, wait_s=wait_s, kind=LOCK))
        where = Path(room.path)

        def opened(folder: Path, url: str) -> StateDB:
            state = open_memory(folder, StorePlace(url), environ, read_only=read_only, locked=not read_only)
            stack.callback(state.close)
            return state

        yield PairMemory(
            opened(where, "pair:"),
            {
                first: opened(where / "one", a if first is End.A else b),
                second: opened(where / "two", b if second is End.B else a),
            },
        )
