"""David, Jan and the folder store that they share, all in one folder: to be put back as it was, and looked at whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.kit.people import PROJECT, REPO, Person, Result
from tests.promises.crash.steps import named

HERE = Path(__file__).parent
HOOK = (HERE / "hook", HERE.parents[2])
"""Where a Python finds `sitecustomize`, and that what it needs."""
OLD_NS = 1_700_000_000_123_456_000
MIB = 1024 * 1024


def content(label: str, size: int = 40) -> bytes:
    """Bytes that belong to this label alone."""
    seed = hashlib.sha256(label.encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


class World:
    """`root` holds all of it. Every command runs one transfer at a time, so that its steps come in one order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "store"
        self._written = 0
        root.mkdir()
        self.people = {name: Person(name, root / name) for name in ("david", "jan")}

    def run(self, person: str, *words: str, crash: Mapping[str, Any] | None = None, real: bool = False) -> Result:
        """Run `s3sync` with these words; `crash` is for `steps.watch`, `real` for a Python of its own."""
        who = self.people[person]
        env = {"CRASH": json.dumps({"root": str(self.root), **crash})} if crash else {}
        if real:
            env["PYTHONPATH"] = os.pathsep.join(map(str, HOOK))
        return who.run(*words, env=env, cwd=who.repo if words[0] == "init" else None)

    def init(self, person: str) -> None:
        self.people[person].ok("init", PROJECT, "--store", f"file://{self.store}", "--user", person, "--repo", REPO)
        with (self.people[person].repo / ".s3sync.yaml").open("a") as settings:
            settings.write("transfers: 1\n")

    def write(self, person: str, name: str, data: bytes) -> None:
        path = self.people[person].write(name, data)
        self._written += 1
        os.utime(path, ns=(OLD_NS, OLD_NS + self._written * 1_000_000))

    def delete(self, person: str, name: str) -> None:
        (self.people[person].staging / name).unlink()

    def grow_old(self, person: str) -> None:
        """Make both trashes two months older, and the last look at them, as this person's computer remembers it."""
        staging = self.people[person].staging
        trash = staging / ".s3sync/trash"
        for folder in list(trash.iterdir()) if trash.is_dir() else []:
            folder.rename(folder.with_name(f"20240103{folder.name[8:]}"))
        for file in (self.store / REPO / ".s3sync/trash").rglob("*"):
            os.utime(file, ns=(OLD_NS, OLD_NS))
        self.forget_look(person)

    def forget_look(self, person: str) -> None:
        """Let this person's computer remember that its last look through a trash was long ago."""
        with sqlite3.connect(self.people[person].staging / ".s3sync/state.db") as connection:
            connection.execute("UPDATE fact SET value = '2024-01-03T10:00:00Z' WHERE name LIKE 'trash looked through%'")
        connection.close()

    def keep(self, where: Path) -> None:
        shutil.copytree(self.root, where, symlinks=True)

    def put_back(self, kept: Path) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(kept, self.root, symlinks=True)

    # What it holds

    def contents(self) -> set[str]:
        """The digests of everything that is a user's, wherever it lies."""
        return {_digest(path) for path in self._files() if _is_users(path.relative_to(self.root).as_posix())}

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root):
            for name in names:
                yield Path(folder, name)

    def look(self) -> dict[str, Any]:
        """All that is to be the same after any crash, by name: files, objects, records, base.

        Times, write ids and how often one version lies in the trash are not, nor are empty folders.
        """
        found: dict[str, Any] = {}
        for file in self._files():
            if not _passes(path := file.relative_to(self.root).as_posix()):
                self._note(found, file, path)
        return found

    def _note(self, found: dict[str, Any], file: Path, path: str) -> None:
        if path.endswith("/metadata.json"):
            found[path] = manifest(json.loads(file.read_bytes()))
        elif path.endswith("/state.db"):
            found[path] = database(file)
        elif path == "store/.s3sync-store/store.json":
            found[path] = sorted(json.loads(file.read_bytes()))  # its id is another one in each store
        elif "/.s3sync/trash/" in path:
            found.setdefault(named(path), set()).add(_digest(file))
        else:
            found.setdefault(named(path), Counter())[_digest(file)] += 1
            if path.startswith("store/") and "/.s3sync-store/" not in path:
                found[f"record of {named(path)}"] = self._record(file)

    def _record(self, file: Path) -> object:
        """What the folder store knows of an object, as far as a user sees it."""
        key, status = file.relative_to(self.store).as_posix(), file.stat()
        sha = hashlib.sha256(key.encode()).hexdigest()
        for path in (self.store / ".s3sync-store/records" / sha[:2]).glob(f"{sha}*"):
            with contextlib.suppress(ValueError):
                record = json.loads(path.read_bytes())
                if (record["size"], record["mtime_ns"]) == (status.st_size, status.st_mtime_ns):
                    said = {name: text for name, text in record.get("metadata", {}).items() if name != "mtime"}
                    return [record["etag"], record.get("content_type"), said]
        return None


def _is_users(path: str) -> bool:
    """Bytes of a user's file: in the staging folder, as an object, or in either trash."""
    staging, remote = f"{REPO}/{PROJECT}/s3-staging/", f"store/{REPO}/{PROJECT}/"
    for above in (*(f"{person}/{staging}" for person in ("david", "jan")), remote):
        if path.startswith(above):
            below = path.removeprefix(above)
            return below.startswith(".s3sync/trash/") or not below.startswith((".s3sync/", "metadata.json"))
    return path.startswith((f"store/{REPO}/.s3sync/trash/", f"store/{REPO}/.s3sync/inbox/"))


SEEN = ("/.s3sync/metadata.json", "/.s3sync/metadata.json.new")
OWN = ("/s3sync/seen/", "/s3sync/repositories/", "/s3sync/stores/")
"""What lies in the user's own folder and differs from run to run: a random secret, when a clone was last used, and how
much a line carried."""


def is_own_note(path: str) -> bool:
    """True for what lies in the user's own folder and is not written by each run alike."""
    return any(folder in path for folder in OWN)


def _passes(path: str) -> bool:
    """What may lie about: the write-ahead log of a state.db; metadata.json as it was seen last, which its digest and
    the store vouch for; what is in the user's own folder; locks, which mean nothing without their holder; what
    a killed writer left in the folder store's tmp/, which may be another writer's and is swept after a day; and
    the few bytes with which `init` tries the store, below `.s3sync/` there. An upload without parts is one
    whose id reached nobody: it costs nothing, and `s3sync transfers` shows it."""
    return (
        path.endswith(("/state.db-wal", "/state.db-shm", "/.s3sync/lock", "/.s3sync/lock.json", *SEEN))
        or is_own_note(path)
        or "/.s3sync-store/locks/" in path
        or "/.s3sync-store/tmp/" in path
        or "/.s3sync-store/records/" in path  # looked at with the object that each is of
        or "<access>" in named(path)
        or ("/.s3sync-store/uploads/" in path and path.endswith("/upload.json"))
    )


def manifest(document: Mapping[str, Any]) -> dict[str, Any]:
    """metadata.json without times, write ids, how many writes it took, and who synced last (`members` too).

    A run that finds all done, because the killed one did it, does not count as a sync.
    """
    files = {}
    for file in document["files"]:
        files[named(file["name"])] = {key: named(str(file[key])) for key in file if key != "uploaded_at"}
    return {
        "files": files,
        "deleted": {
            item["name"]: (item["deleted_by"], item["md5"], item.get("cleaned", False)) for item in document["deleted"]
        },
        "cleaned": (document.get("cleaned") or {}).get("by"),
        "conflicts": {
            named(item["kept_as"]): (item["name"], item["by"], item["resolved"]) for item in document["conflicts"]
        },
        "conflict count": len(document["conflicts"]),
        "received": sorted(file["name"] for event in _received(document) for file in event["files"]),
    }


def _received(document: Mapping[str, Any]) -> list[Any]:
    return [event for event in document.get("events", ()) if event["verb"] == "receive"]


def database(file: Path) -> dict[str, Any]:
    """What a state.db says of files and transfers; the digest cache is no more than a cache."""
    connection = sqlite3.connect(file)
    try:
        tables = ("base", "parts", "transfer", "transferred")
        rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {table: Counter(tuple(map(_named, row)) for row in found) for table, found in rows.items()}
    finally:
        connection.close()


def _named(value: object) -> object:
    return named(value) if isinstance(value, str) and "conflict" in value else value


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
