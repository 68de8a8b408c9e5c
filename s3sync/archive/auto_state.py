"""Memory of `archive auto` on this computer: its last runs, what they cost, and the lock by which one runs at a time.

It is kept in the user's own folder, in a file for each repository (or for the user's own sets outside of any).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, field, json

from s3sync.config.locate import user_data_folder
from s3sync.core.archive.values import ArchiveSet
from s3sync.decoding import ready
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder
from s3sync.errors import LocalError
from s3sync.state.lock import Kind, project_lock, who_holds

FOLDER = "auto"
LARGEST = 256 * 1024
MOST_MONTHS = 24
HINT = "make the folder yours and writable"


class LastRun(Struct, frozen=True):
    """One run. `ended` None: it did not end, or is at work. `summary` says in words what came of it."""

    began: str
    ended: str | None = None
    outcome: str = "running"
    exit_code: int | None = None
    summary: str = ""


class Memory(Struct):
    """Last run that moved or could have, and what the steps of each month cost (`2026-11`).

    `refused`: why none could begin since. `agreed`: digests of the repository's sets that the user agreed to, by name.
    """

    last: LastRun | None = None
    refused: str | None = None
    agreed: dict[str, str] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)


class Kept:
    """Memory that is written as soon as something changes. Holds the lock of its repository."""

    def __init__(self, folder: GuardedFolder, name: str, memory: Memory) -> None:
        self._folder, self._name, self.memory = folder, name, memory

    def agree(self, sets: Iterable[ArchiveSet]) -> None:
        """Remember that the user agreed to these sets of the repository, as they are now, and to no others."""
        self.memory.agreed = {one.name: digest_of(one) for one in sets if one.confined}
        self._write()

    def begin(self, began: str) -> None:
        self.memory.last, self.memory.refused = LastRun(began), None
        self._write()

    def refuse(self, why: str) -> None:
        """Note why a run did not begin."""
        self.memory.refused = why[:2000]
        self._write()

    def end(self, ended: str, outcome: str, exit_code: int, summary: str) -> None:
        began = self.memory.last.began if self.memory.last is not None else ended
        self.memory.last = LastRun(began, ended, outcome, exit_code, summary[:2000])
        self._write()

    def spend(self, now: datetime, amount: float) -> None:
        """Note what a step costs, before it is begun; a negative amount takes back what was not spent."""
        if amount:
            month = f"{now:%Y-%m}"
            self.memory.spent[month] = max(0.0, self.memory.spent.get(month, 0.0) + amount)
            for old in sorted(self.memory.spent)[:-MOST_MONTHS]:
                del self.memory.spent[old]
            self._write()

    def _write(self) -> None:
        with local_errors("cannot write", self._folder.path, hint=HINT):
            self._folder.write(self._name, json.encode(self.memory))


def digest_of(chosen: ArchiveSet) -> str:
    """Digest of all that a set says. What it does not say has no part in it, so that new rules change no old digest."""
    usual = ArchiveSet(chosen.name, chosen.store, chosen.source)
    names = chosen.__struct_fields__
    said = {name: getattr(chosen, name) for name in names if getattr(chosen, name) != getattr(usual, name)}
    return hashlib.sha256(json.encode((chosen.name, chosen.store, chosen.source, said), order="sorted")).hexdigest()


def name_of(root: Path | None) -> str:
    """Name of what belongs to the sets of a repository, or to the user's own."""
    return hashlib.sha256(str(root or "").encode("utf-8", "surrogateescape")).hexdigest()[:12]


@contextmanager
def kept(environ: Mapping[str, str], root: Path | None, now: datetime, wait_s: float = 0) -> Iterator[Kept]:
    """Hold the lock, and give the memory. Raises `LockHeld` for another run at work, `LocalError`."""
    base, name = user_data_folder(environ), name_of(root)
    with ExitStack() as held:
        with local_errors("cannot use", base / FOLDER, hint=HINT):
            folder = held.enter_context(own_folder(base, FOLDER))
        held.enter_context(project_lock(folder, now=now, wait_s=wait_s, kind=_kind(name)))
        yield Kept(folder, f"{name}.json", _read(folder, f"{name}.json"))


def look(environ: Mapping[str, str], root: Path | None) -> tuple[Memory, str | None]:
    """The memory, and who is at work. Writes nothing."""
    base, name = user_data_folder(environ), name_of(root)
    try:
        with own_folder(base, FOLDER, create=False) as folder:
            return _read(folder, f"{name}.json"), who_holds(folder, _kind(name))
    except OSError:
        return Memory(), None


def _kind(name: str) -> Kind:
    return Kind(
        f"{name}.lock", f"{name}.holder.json", "another `s3sync archive auto` is at work", "one is enough; it goes on"
    )


def _read(folder: GuardedFolder, name: str) -> Memory:
    """The memory, or an empty one where there is none yet.

    Raises `LocalError` for one that cannot be read: as an empty one, it would let this month spend its budget again.
    """
    path = f"{folder.path}{os.sep}{name}"
    with local_errors("cannot read", path, hint=HINT):
        if folder.find(name) is None:
            return Memory()
        body = folder.read(name, LARGEST)
    try:
        return json.decode(body, type=ready(Memory))
    except (ValidationError, DecodeError, UnicodeDecodeError) as error:
        raise LocalError(
            f"{path} is damaged",
            why=f"what automation spent this month is not known ({error})",
            hint="move it away: the budget begins anew then, and `archive auto --agree` agrees to a repository's sets",
        ) from None
