"""A cloud in place of the store's folder: the adapter of a vendor, on its emulator, in a process of its own.

Every run asks that process for each call, on a connection of its own: runs are forked, and the threads of obstore live
through no fork. What lies there is fetched past s3sync into a folder, for the referee to look at.

As on a disk, no object stands in place of a folder. Times are the emulator's; what gets older by waiting is told as
older. fake-gcs-server ignores the conditions of copies, deletions and compositions: they are compared here, which is
the same as long as one call comes after the other. It also gives what is composed anew the generation of the object
that was there, and an MD5: that object goes first here, and the MD5 is taken out of its answers, as Google has none.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import tempfile
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from s3sync.errors import NotFound, PreconditionFailed, S3syncError, StoreError
from s3sync.store import StoreOptions, open_store
from s3sync.store.aspects import ReadsTimed, require_aspect
from s3sync.store.port import Create, ObjectInfo, Overwrite, Store, Update
from tests.kit.azurite import Azurite
from tests.kit.google import FakeGcs, recording
from tests.promises.simulator.faults import CALLS, WRITES

KINDS = ("azure", "gcs")
AGES = ("/.s3sync/trash/", "/.s3sync/locks/")


class Cloud:
    """The emulator of a kind, and the process that asks it, for as long as a `with` block lasts."""

    def __init__(self, kind: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="s3sync-cloud-")
        self._address = f"{self._folder.name}/socket"
        self._process = multiprocessing.get_context("spawn").Process(target=_serve, args=(kind, self._address))

    def __enter__(self) -> Cloud:
        self._process.start()
        while not Path(self._address).exists():
            self._process.join(0.05)
            if not self._process.is_alive():
                raise OSError("the emulator did not start")
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError, EOFError):
            self.ask("end")
        self._process.join()
        self._folder.cleanup()

    def ask(self, *what: Any) -> Any:
        """Raises what the store raised."""
        with Client(self._address, "AF_UNIX") as line:
            line.send(what)
            told, answer = line.recv()
        if told == "refused":
            kind, *words = answer
            raise kind(words[0], why=words[1], hint=words[2])
        if told == "failed":
            raise AssertionError(answer)
        return answer

    def environment(self, root: Path) -> dict[str, str]:
        """What a program needs to open the store that is shown in this folder."""
        found: dict[str, str] = self.ask("environment", root)
        return found


class Overseas:
    """A `port.Store` in that process, shown in the folder `root`. `before_change` is called before each write."""

    def __init__(self, cloud: Cloud, root: Path, before_change: Callable[[], None]) -> None:
        root.mkdir()
        self._cloud, self._root, self._before_change = cloud, root, before_change
        self.url, self.capabilities = cloud.ask("open", root)

    def __getattr__(self, name: str) -> Any:
        if name not in {*CALLS, "folders"}:
            raise AttributeError(name)
        return functools.partial(self._ask, name)

    def _ask(self, name: str, *values: Any, **named: Any) -> Any:
        if name in WRITES:
            self._before_change()
        answer = self._cloud.ask("call", self._root, name, [_sendable(value) for value in values], named)
        if name == "get":
            return _Whole(*answer)
        return iter(answer) if isinstance(answer, list) else answer


def _sendable(value: Any) -> Any:
    if hasattr(value, "seek"):
        value.seek(0)
        return bytes(value.read())
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


class _Whole:
    """A `port.Reader` of what came."""

    def __init__(self, info: ObjectInfo, body: bytes) -> None:
        self.info, self._body = info, body

    def __enter__(self) -> _Whole:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Iterator[bytes]:
        if self._body:
            yield self._body


# -- in the other process


def _serve(kind: str, address: str) -> None:
    with contextlib.ExitStack() as stack:
        server: Any = stack.enter_context(Azurite() if kind == "azure" else FakeGcs())
        line = stack.enter_context(recording(server.endpoint_url)) if isinstance(server, FakeGcs) else None
        shelves: dict[Path, _Shelf] = {}
        with Listener(address, "AF_UNIX") as listener:
            while True:
                with listener.accept() as asker:
                    what, *values = asker.recv()
                    if what == "end":
                        asker.send(("done", None))
                        return
                    root, *values = values
                    if root not in shelves:
                        shelves[root] = _Shelf(server, root, line.url if line else None)
                    asker.send(_answer(getattr(shelves[root], what), values))
                    if line:
                        line.requests.clear()


def _answer(do: Callable[..., Any], values: list[Any]) -> tuple[str, Any]:
    try:
        return "done", do(*values)
    except S3syncError as error:
        return "refused", (type(error), error.message, error.why, error.hint)
    except Exception as error:  # noqa: BLE001 - it is told where the call came from
        return "failed", repr(error)


class _Shelf:
    """One store of the emulator, and the folder in which it is shown."""

    def __init__(self, server: Azurite | FakeGcs, root: Path, endpoint: str | None) -> None:
        self._server, self._root = server, root
        self._prefix = f"{root.parent.name}/{root.name}"
        self._url = f"{server.url}/{self._prefix}" if isinstance(server, Azurite) else self._google_url(server)
        self._endpoint = endpoint
        self._store: Store = open_store(self._url, StoreOptions(env=server.environment(), endpoint_url=endpoint))
        self._shown: dict[str, str] = {}
        self._older: dict[tuple[str, str], timedelta] = {}

    def _google_url(self, server: FakeGcs) -> str:
        return f"gs://{server.bucket}/{self._prefix}"

    def open(self) -> tuple[str, Any]:
        return self._url, self._store.capabilities

    def environment(self) -> dict[str, str]:
        more = {"S3SYNC_ENDPOINT_URL": self._endpoint} if self._endpoint else {}
        return {**self._server.environment(), **more, "S3SYNC_STORE": self._url}

    def age(self, passed_ns: int) -> None:
        """Trash and locks are so much older from now on."""
        for info in self._store.list(""):
            if any(where in info.key for where in AGES):
                at = (info.key, info.etag)
                self._older[at] = self._older.get(at, timedelta()) + timedelta(microseconds=passed_ns // 1000)

    def call(self, name: str, values: list[Any], named: dict[str, Any]) -> Any:
        if name in ("put", "copy", "complete_upload"):
            self._refuse_place_of_folder(values[1] if name == "copy" else values[0])
        if isinstance(self._server, FakeGcs) and name in ("copy", "delete", "complete_upload"):
            key = values[1] if name == "copy" else values[0]
            self._require_condition(key, named.get("mode", Overwrite()), named.get("if_match"))
            if name == "complete_upload":
                self._make_room(key, values[1], named)
        if name == "get":
            with self._store.get(*values, **named) as reader:
                return self._aged(reader.info), b"".join(bytes(piece) for piece in reader)
        if name == "read_timed":
            found = require_aspect(self._store, ReadsTimed).read_timed(*values)
            return replace(found, info=self._aged(found.info))
        answer = getattr(self._store, name)(*values, **named)
        if name == "head":
            return replace(answer, info=self._aged(answer.info))
        if name == "list":
            return [self._aged(info) for info in answer]
        return list(answer) if name in ("folders", "list_parts", "list_uploads") else answer

    def _refuse_place_of_folder(self, key: str) -> None:
        self.show()
        target = self._root / key
        above = target.relative_to(self._root).parents[:-1]
        if target.is_dir() or any((self._root / folder).is_file() for folder in above):
            raise StoreError(f"could not write {key!r}", why="a file and a folder cannot have one name")

    def _require_condition(self, key: str, mode: Any, if_match: str | None) -> None:
        try:
            etag = self._store.head(key).info.etag
        except NotFound:
            etag = None
        wanted = mode.etag if isinstance(mode, Update) else if_match
        if (isinstance(mode, Create) and etag is not None) or wanted not in (None, etag):
            raise PreconditionFailed(f"{key!r} is not the version that was expected")

    def _make_room(self, key: str, upload_id: str, named: dict[str, Any]) -> None:
        """Not for an upload that was completed: it is told what it made."""
        with contextlib.suppress(NotFound):
            list(self._store.list_parts(key, upload_id))
            self._store.delete(key)
            named["mode"] = Create()

    def _aged(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, modified=info.modified - self._older.get((info.key, info.etag), timedelta()))

    def show(self) -> None:
        """Bring the folder up to date with what lies in the cloud, by the emulator's own word."""
        there = dict(self._there())
        for key in self._shown.keys() - there.keys():
            path = self._root / key
            path.unlink()
            for folder in path.relative_to(self._root).parents[:-1]:
                with contextlib.suppress(OSError):
                    (self._root / folder).rmdir()
        for key, (version, etag, modified) in there.items():
            path = self._root / key
            if self._shown.get(key) != version:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._read(key))
            time_ns = int((modified - self._older.get((key, etag), timedelta())).timestamp() * 1_000_000) * 1000
            os.utime(path, ns=(time_ns, time_ns))
        self._shown = {key: version for key, (version, *_) in there.items()}

    def _there(self) -> Iterator[tuple[str, tuple[str, str, Any]]]:
        """Name, version, ETag as s3sync has it, and time of everything."""
        from datetime import datetime

        start = len(self._prefix) + 1
        if isinstance(self._server, Azurite):
            for blob in self._server.container().list_blobs(name_starts_with=f"{self._prefix}/"):
                etag = blob.etag.strip('"')
                yield blob.name[start:], (etag, etag, blob.last_modified)
        else:
            for item in self._server.objects(f"{self._prefix}/"):
                etag = b64decode(item["md5Hash"]).hex()
                yield item["name"][start:], (item["generation"] + etag, etag, datetime.fromisoformat(item["updated"]))

    def _read(self, key: str) -> bytes:
        name = f"{self._prefix}/{key}"
        if isinstance(self._server, Azurite):
            return bytes(self._server.container().download_blob(name).readall())
        path = f"/storage/v1/b/{self._server.bucket}/o/{quote(name, safe='')}?alt=media"
        with urllib.request.urlopen(f"{self._server.endpoint_url}{path}", timeout=10) as answer:
            return bytes(answer.read())
