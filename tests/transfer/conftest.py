"""A store in a folder, a pool, files to move, and someone who watches."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from s3sync.local.digests import Digests
from s3sync.local.scan import LocalFile
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.port import Create, WriteMode
from s3sync.transfer.download import Downloaded, Wanted, download
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Progress, Silent, Work
from s3sync.transfer.upload import Source, Uploaded, upload

KEY = "v-appydave/b63-flivideo/cut/a.mp4"
PATH = "cut/a.mp4"
MTIME = 1_762_163_892_123_456_789
MIB = 1024 * 1024

Make: TypeAlias = Callable[[bytes], LocalFile]


class Altered:
    """A real store of which single methods are another's: `Altered(store, put_part=...)`."""

    def __init__(self, store: Store, **other: Any) -> None:
        self._store = store
        self.__dict__.update(other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Watcher:
    """Adds up the progress it is told, and does something at each step."""

    def __init__(self, at_each_step: Callable[[], object] = lambda: None) -> None:
        self.moved: Counter[tuple[Work, str]] = Counter()
        self._at_each_step = at_each_step
        self._lock = threading.Lock()

    def expect(self, work: Work, files: int, size: int) -> None: ...

    def advance(self, work: Work, path: str, n: int) -> None:
        with self._lock:
            self.moved[work, path] += n
        self._at_each_step()

    def finish(self, work: Work, path: str) -> None: ...


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
    return upload(store, KEY, source, mode or Create(), pool, progress or Silent())


def fetch(store: Any, wanted: Wanted, temp: Path, pool: Pool, progress: Progress | None = None) -> Downloaded:
    """Download what is wanted; every test does it through here."""
    return download(store, wanted, temp, pool, progress or Silent())


def content_of(size: int) -> bytes:
    """Bytes of which no two MiB are alike."""
    block = bytes(range(251)) * (MIB // 251 + 1)
    return b"".join(n.to_bytes(4) + block[: MIB - 4] for n in range(size // MIB + 1))[:size]


def content_at(store: Store, key: str) -> bytes:
    with store.get(key) as reader:
        return b"".join(bytes(chunk) for chunk in reader)


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
        return LocalFile(path, status.st_size, status.st_mtime_ns, status.st_ino)

    return write
