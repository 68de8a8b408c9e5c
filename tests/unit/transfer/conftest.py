"""A store in a folder, a pool, files to move, and someone who watches."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
import xxhash

from s3sync.core.etag import PART_SIZE
from s3sync.disk.guarded import GuardedFolder
from s3sync.local.digests import Digests
from s3sync.local.scan import LocalFile
from s3sync.state.memory import StateDB
from s3sync.state.places import StorePlace
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.port import Buffer, Create, Headers, Overwrite, Reader, Unlimited, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch import arriving
from s3sync.transfer.fetch.download import download
from s3sync.transfer.fetch.wanted import Downloaded, Wanted
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress, Silent, Work
from s3sync.transfer.send.source import Source, Uploaded
from s3sync.transfer.send.upload import upload

PREFIX = "v-appydave/b63-flivideo/"
PATH = "cut/a.mp4"
KEY = PREFIX + PATH
STARTED = "2025-11-03T10:00:00Z"
MTIME = 1_762_163_892_123_456_789
MIB = 1024 * 1024

R = TypeVar("R")
Make: TypeAlias = Callable[[bytes], LocalFile]


class Altered:
    """A real store of which single methods are another's: `Altered(store, put_part=...)`."""

    def __init__(self, store: Store, **other: Any) -> None:
        self._store = store
        self.__dict__.update(other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Watcher(Silent):
    """Adds up the progress it is told, and does something at each step."""

    def __init__(self, at_each_step: Callable[[], object] = lambda: None) -> None:
        self.bytes: Counter[tuple[Work, str]] = Counter()
        self._at_each_step = at_each_step
        self._lock = threading.Lock()

    def advance(self, work: Work, path: str, n: int) -> None:
        with self._lock:
            self.bytes[work, path] += n
        if n:
            self._at_each_step()

    reuse = advance


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that breaks off is given up at once, and not after a while without a byte."""
    monkeypatch.setattr(arriving, "PATIENCE_S", 0.0)
    monkeypatch.setattr(arriving, "SILENCES", 0)


@contextmanager
def transport(store: Any, pool: Pool, memory: Path, progress: Progress | None) -> Iterator[Transport]:
    """What a transfer needs, with the unfinished ones remembered in a real state.db in that folder."""
    memory.mkdir(exist_ok=True)
    with StateDB(memory, StorePlace("file:///store/r/p/")) as state:
        yield Transport(store, PREFIX, pool, progress or Silent(), UnfinishedTransfers(state), STARTED, Unlimited())


def digests_of(content: bytes) -> Digests:
    return Digests(xxhash.xxh3_128_hexdigest(content), md5(content).hexdigest())


def send(
    store: Any,
    file: LocalFile,
    pool: Pool,
    mode: WriteMode | None = None,
    *,
    known: Digests | None = None,
    progress: Progress | None = None,
) -> Uploaded:
    """Upload a file under `KEY`; every test does it through here."""
    source = Source(PATH, file, known, "dāvid", "b63-flivideo")
    with transport(store, pool, file.disk_path.parent / "memory", progress) as way:
        return upload(way, KEY, source, mode or Create())


def fetch(store: Any, wanted: Wanted, folder: Path, pool: Pool, progress: Progress | None = None) -> Downloaded:
    """Download what is wanted; every test does it through here."""
    with transport(store, pool, folder.parent / "memory", progress) as way:
        return download(way, wanted, GuardedFolder.open(folder))


def one_after_the_other(job: Callable[[Pool], R]) -> R:
    """Do it where nobody helps: the parts of a file then move in order, each after the one before."""
    with Pool(1) as pool:
        [(_, future)] = list(pool.map(lambda _: job(pool), ["alone"]))
    return future.result()


def content_of(size: int) -> bytes:
    """Bytes of which no two MiB are alike."""
    block = bytes(range(251)) * (MIB // 251 + 1)
    return b"".join(n.to_bytes(4) + block[: MIB - 4] for n in range(size // MIB + 1))[:size]


def content_at(store: Store, key: str) -> bytes:
    with store.get(key) as reader:
        return b"".join(bytes(chunk) for chunk in reader)


ONE_REQUEST = content_of(7 * MIB + 7)
RANGES = content_of(2 * PART_SIZE + 7)


@pytest.fixture(params=[ONE_REQUEST, RANGES], ids=["in one request", "in ranges"])
def content(request: pytest.FixtureRequest) -> bytes:
    found: bytes = request.param
    return found


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    """Where downloads go."""
    folder = tmp_path / "partial"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Store:
    return open_store(root.as_uri(), StoreOptions(create=True))


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2) as pool:
        yield pool


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A local file of that content, as a scan sees it."""

    def write(content: bytes) -> LocalFile:
        path = tmp_path / "a.mp4"
        path.write_bytes(content)
        os.utime(path, ns=(MTIME, MTIME))
        status = path.stat()
        return LocalFile(str(path), status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)

    return write


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def put_whole(store: Store, content: bytes) -> Wanted:
    etag = store.put(KEY, content, mode=Overwrite(), headers=Headers(), md5=md5(content).digest()).etag
    return Wanted(PATH, KEY, len(content), etag, md5(content).hexdigest())


class Ending:
    """A real answer that ends early: silently, or with an error."""

    def __init__(self, reader: Reader, error: Exception | None) -> None:
        self._reader, self._error = reader, error
        self.info = reader.info

    def __enter__(self) -> Ending:
        self._reader.__enter__()
        return self

    def __exit__(self, *what: Any) -> None:
        self._reader.__exit__(*what)

    def __iter__(self) -> Iterator[Buffer]:
        yield next(iter(self._reader))[:-1]
        if self._error:
            raise self._error
