"""What lies where, read from the disks themselves: the referee believes no word of the program."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from tests.promises.simulator.contents import digest

Tree = dict[str, str]
"""Path (NFC) to the digest of what it holds."""


class Lock(Struct, frozen=True):
    """What a lock object says. `held` is whether its time is not over, by the clock of the disk that it lies on."""

    by: str
    nonce: str
    held: bool

    def keeps_out(self, user: str) -> bool:
        return self.held and self.by != user


class Receipt(Struct, frozen=True):
    """What a member lacks, by name, and how much more."""

    lacks: frozenset[str]
    more: int


class Look(Struct, frozen=True):
    """Every byte that a user may ask for: working folders and trashes by user, the remote's objects and its trash.

    `named` is what metadata.json says of each object's content, `copies` the conflict copies that it notes. `inodes`
    tell which file of a working folder stands under a path: one may have two names. `elsewhere` are the contents of
    other places in a store. `cleaned_up` are the paths that metadata.json calls cleaned up, and that are not there.
    `events` are the ids of those that metadata.json and the months of the history hold. `locks` are those of the
    place, by the names of their files, `receipts` and `members` what metadata.json says of people, `undecided` the
    conflict copies that it calls open, and `pins` what each user's pin file names.
    """

    work: dict[str, Tree]
    trash: dict[str, Tree]
    remote: Tree
    remote_trash: Tree
    named: dict[str, str | None]
    copies: set[str]
    inodes: dict[str, dict[str, int]]
    elsewhere: frozenset[str] = frozenset()
    cleaned_up: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    locks: dict[str, Lock] = {}
    receipts: dict[str, Receipt] = {}
    members: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    pins: dict[str, Tree] = {}
    beside: Tree = {}
    """What commands on two places put into the trash of the project's place, which is not the project's."""

    def locked_for(self, user: str) -> dict[str, Lock]:
        """The locks that keep this user out."""
        return {path: lock for path, lock in self.locks.items() if lock.keeps_out(user)}

    def everywhere(self) -> set[str]:
        places = [*self.work.values(), *self.trash.values(), self.remote, self.remote_trash]
        return {content for place in (*places, self.beside) for content in place.values()} | self.elsewhere

    def agreeable(self, user: str) -> Tree:
        """What a user's folder holds, but for copies of what was cleaned up: those stay with whoever has them."""
        return {path: held for path, held in self.work[user].items() if path not in self.cleaned_up}

    def there(self) -> tuple[Tree, Tree, dict[str, str | None]]:
        """What the place in the store holds."""
        return self.remote, self.remote_trash, self.named


def look(stagings: dict[str, Path], remote: Path, others: Iterable[Path] = ()) -> Look:
    """What lies at one place in a store; `others` are the other places."""
    path = remote / "metadata.json"
    metadata = json.loads(path.read_bytes()) if path.exists() else {}
    objects = _objects(remote)
    return Look(
        {user: tree(staging, skip=".s3sync") for user, staging in stagings.items()},
        {user: tree(staging / ".s3sync" / "trash") for user, staging in stagings.items()},
        objects,
        _trash(remote),
        {file["name"]: file.get("md5") for file in metadata.get("files", [])},
        {conflict["kept_as"] for conflict in metadata.get("conflicts", [])},
        {user: dict(_inodes(staging)) for user, staging in stagings.items()},
        frozenset(held for other in others for held in (*_objects(other).values(), *_trash(other).values())),
        frozenset(gone["name"] for gone in metadata.get("deleted", []) if gone.get("cleaned")) - objects.keys(),
        frozenset(event["id"] for event in [*metadata.get("events", []), *_moved_events(remote)]),
        dict(_locks(remote)),
        {
            member: Receipt(frozenset(one.get("lacks", ())), one.get("more", 0))
            for member, one in metadata.get("receipts", {}).items()
        },
        frozenset(metadata.get("members", ())),
        frozenset(one["kept_as"] for one in metadata.get("conflicts", []) if not one.get("resolved")),
        {user: dict(_pins(staging)) for user, staging in stagings.items()},
        tree(remote / ".s3sync" / "trash"),
    )


def queue_of(staging: Path) -> frozenset[str]:
    """The words that wait in the queue, as state.db holds them; "" is everything."""
    return frozenset(json.loads(value)["word"] for value in _facts(staging, "queued to go up: "))


def selected_of(staging: Path) -> tuple[str, ...]:
    """What is chosen to be here, as state.db holds it; nothing is everything."""
    return tuple(_facts(staging, "selected "))


def _facts(staging: Path, beginning: str) -> list[str]:
    path = staging / ".s3sync" / "state.db"
    if not path.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:  # where SQLite may write beside it: after a death even to read it
        for file in path.parent.glob("state.db*"):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, Path(folder, file.name))
        connection = sqlite3.connect(Path(folder, path.name))
        try:
            query = "SELECT value FROM fact WHERE name LIKE ? ORDER BY name"
            rows = connection.execute(query, (f"{beginning}%",)).fetchall()
        except sqlite3.OperationalError:  # made by a run that died before it had a table
            return []
        finally:
            connection.close()
    return [value for (value,) in rows]


def _locks(remote: Path) -> Iterator[tuple[str, Lock]]:
    """A lock begins when its object was written; an empty one was let go of."""
    for path in (remote.parent / ".s3sync" / "locks" / remote.name).glob("*"):
        body = path.read_bytes()
        if body:
            said = json.loads(body)
            ends = path.stat().st_mtime_ns + said["for_s"] * 1_000_000_000
            yield said["name"], Lock(said["by"], said["nonce"], ends > time.time_ns())


def _pins(staging: Path) -> Iterator[tuple[str, str]]:
    path = staging.with_name(f"{staging.name}.lock.yaml")
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line.startswith("- "):
            pin = json.loads(line.removeprefix("- "))
            yield pin["name"], pin["md5"]


def _moved_events(remote: Path) -> Iterator[dict[str, str]]:
    for month in (remote.parent / ".s3sync" / "events" / remote.name).glob("*.jsonl"):
        yield from map(json.loads, month.read_text("utf-8").splitlines())


def _objects(remote: Path) -> Tree:
    return {path: held for path, held in tree(remote, skip=".s3sync").items() if path != "metadata.json"}


def _trash(remote: Path) -> Tree:
    return tree(remote.parent / ".s3sync" / "trash" / remote.name)


def tree(folder: Path, skip: str | None = None) -> Tree:
    return {unicodedata.normalize("NFC", path): digest(data) for path, data in _files(str(folder), "", skip)}


def name_is_taken(path: str, names: Iterable[str]) -> bool:
    """Whether a path cannot stand beside one of these: it is a folder of theirs, or in place of a folder a file."""
    return any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in names)


def _inodes(staging: Path) -> Iterator[tuple[str, int]]:
    for path in staging.rglob("*"):
        if path.relative_to(staging).parts[0] != ".s3sync" and path.is_file():
            yield unicodedata.normalize("NFC", path.relative_to(staging).as_posix()), path.stat().st_ino


def _files(folder: str, above: str, skip: str | None) -> Iterator[tuple[str, bytes]]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name == skip:
            continue
        if entry.is_dir():
            yield from _files(entry.path, f"{above}{entry.name}/", None)
        else:
            with open(entry.path, "rb", buffering=0) as file:
                yield above + entry.name, file.read()
