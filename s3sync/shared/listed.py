"""Stores that know beforehand what a repository's projects hold, so that these need not ask one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from s3sync.core import limits
from s3sync.core.folder_names import project_reason
from s3sync.core.names import MANIFEST, nfc
from s3sync.core.sealed import current_key
from s3sync.core.team import all_locks_prefix, is_lock_id
from s3sync.errors import ENDS_THE_RUN, NotAStore, NotFound, StoreError, Unchanged
from s3sync.shared.locks import MOST_LOCKS
from s3sync.shared.projects import MOST_PROJECTS, StoreProjects
from s3sync.spill.sequence import SpilledList
from s3sync.store import endpoint_of
from s3sync.store.aspects import ListsOnce, aspect
from s3sync.store.port import Buffer, ObjectInfo, Reader, Store
from s3sync.store.wrapped import Wrapped

T = TypeVar("T")

READ_AT_ONCE = 64
"""Questions that are under way at once. Each has a thread that waits."""
FEW_OBJECTS = 3_000
"""Up to so many objects, which are three pages, a repository is listed as a whole. One that has more, be it in projects
that nobody asked about or in its trash, takes longer so than its projects do side by side."""
LARGEST_BODY, MOST_BYTES = 1024 * 1024, 32 * 1024 * 1024
"""Size of a metadata.json that is kept in memory until its project's turn, and of all of them."""
MOST_OF_ALL = 100_000
"""Locks of all projects that are held, as a listing gives them."""
FRESH_S = 60.0
"""Age of an answer up to which it is used."""


class ListedStore(Wrapped):
    """A store whose listings of a repository's projects were taken beforehand, all in one.

    Where that fails for what only one of them may have, each is listed by itself. `failed` are those that cannot be.
    """

    def __init__(self, inner: Store, repo: str) -> None:
        super().__init__(inner)
        self._prefix = f"{repo}/"
        self._locks: LocksListed | None = LocksListed(all_locks_prefix(repo))
        self.failed: dict[str, StoreError] = {}
        try:
            self.projects = listed_projects(inner, self._prefix, locks=self._locks) or {}
        except (*ENDS_THE_RUN, NotAStore, _TooManyError):
            raise
        except StoreError:
            self._locks, self.projects = None, self._each(repo)

    def _each(self, repo: str) -> dict[str, SpilledList[ObjectInfo]]:
        found: dict[str, SpilledList[ObjectInfo]] = {}
        for name in StoreProjects(self.inner, repo):
            try:
                listed = SpilledList(ObjectInfo, self.inner.list(f"{self._prefix}{name}/"))
            except (*ENDS_THE_RUN, NotAStore):
                raise
            except StoreError as error:
                self.failed[name] = error
                continue
            if listed:
                found[name] = listed
        return found

    @property
    def endpoint(self) -> str | None:
        return endpoint_of(self.inner)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        if self._locks is not None and prefix.startswith(self._locks.prefix):
            return (info for info in self._locks.of(prefix) if info.key > after)
        name = project_of(self._prefix, prefix)
        if name is None:
            return self.inner.list(prefix, after=after)
        if name in self.failed:
            raise self.failed[name]
        return (info for info in self.projects.get(name, ()) if info.key > after)


class AskedAhead(Wrapped):
    """A store of which the listings and the metadata.json of some projects were asked for beforehand, side by side.

    Each answer is given once, and only while it is fresh: whoever asks again asks the store. What could not be asked
    beforehand is asked when its turn comes, and fails there. Raises the errors that end a run.
    """

    def __init__(self, inner: Store, repo: str, names: Sequence[str]) -> None:
        super().__init__(inner)
        self._prefix = f"{repo}/"
        self._locks = all_locks_prefix(repo)
        self._locks_of: dict[str, Sequence[ObjectInfo]] = {}
        self._lock = threading.Lock()
        self._bytes = 0
        self._listings: dict[str, SpilledList[ObjectInfo]] = {}
        self._manifests: dict[str, _Kept | NotFound] = {}
        self._around = {key: _Memo() for key in (MANIFEST, f"{self._prefix}{MANIFEST}", current_key(repo))}
        self._ask(names)
        self._fresh_until = time.monotonic() + FRESH_S

    @property
    def endpoint(self) -> str | None:
        return endpoint_of(self.inner)

    def count(self, name: str) -> int | None:
        """Number of objects of a project, where its listing was taken and nobody has asked for it yet."""
        found = self._listings.get(name)
        return None if found is None else len(found)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        name = None if after else project_of(self._prefix, prefix)
        known: Sequence[ObjectInfo] | None = None if name is None else self._take(self._listings, name)
        if name is None and not after and prefix.startswith(self._locks):
            known = self._take(self._locks_of, prefix)
        return self.inner.list(prefix, after=after) if known is None else iter(known)

    def get(
        self,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Reader:
        if key in self._around and stop is not None and (start, if_match, if_none_match) == (0, None, None):
            return self._around[key].answer(lambda: self._kept(key, stop))
        if key in self._manifests and (start, stop, if_match) == (0, None, None):
            known = self._take(self._manifests, key)
            if isinstance(known, NotFound):
                raise known
            if known is not None and known.info.etag == if_none_match:
                raise Unchanged(f"{key} is still the version that is known")
            if known is not None:
                return known
        return self.inner.get(key, start=start, stop=stop, if_match=if_match, if_none_match=if_none_match)

    def _kept(self, key: str, stop: int) -> _Kept:
        with self.inner.get(key, stop=stop) as reader:
            return _Kept(reader.info, b"".join(reader)[:stop])

    def _take(self, answers: dict[str, T], name: str) -> T | None:
        with self._lock:
            known = answers.pop(name, None)
        return known if time.monotonic() < self._fresh_until else None

    def _ask(self, names: Sequence[str]) -> None:
        with ThreadPoolExecutor(READ_AT_ONCE, thread_name_prefix="s3sync-ahead") as threads:
            locks = threads.submit(self._list, self._locks)
            whole = threads.submit(listed_projects, self.inner, self._prefix, FEW_OBJECTS)
            reading = [threads.submit(self._read, f"{self._prefix}{name}/{MANIFEST}") for name in names]
            try:
                listed = _answer(whole)
                if listed is not None:
                    self._listings = {name: listed.get(name, SpilledList(ObjectInfo)) for name in names}
                else:
                    listing = {name: threads.submit(self._list, f"{self._prefix}{name}/") for name in names}
                    answers = ((name, _answer(future)) for name, future in listing.items())
                    self._listings = {name: found for name, found in answers if found is not None}
                for future in reading:
                    _answer(future)
                self._locks_of = self._divided(names, _answer(locks))
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _divided(self, names: Sequence[str], listed: SpilledList[ObjectInfo] | None) -> dict[str, Sequence[ObjectInfo]]:
        """The locks of each project, from one listing of all."""
        if listed is None:
            return {}
        found = LocksListed(self._locks)
        for info in listed:
            found.add(info)
        return {place: found.of(place) for place in (f"{self._locks}{name}/" for name in names)}

    def _list(self, prefix: str) -> SpilledList[ObjectInfo]:
        once = aspect(self.inner, ListsOnce) if prefix == self._locks else None
        found = SpilledList(ObjectInfo, self.inner.list(prefix) if once is None else once.list_once(prefix))
        found.flush()
        return found

    def _read(self, key: str) -> None:
        """Keep a metadata.json, if it is none of the few large ones."""
        try:
            with self.inner.get(key) as reader:
                size = reader.info.size
                with self._lock:
                    if size > LARGEST_BODY or self._bytes + size > MOST_BYTES:
                        return
                    self._bytes += size
                text = bytearray()
                for chunk in reader:
                    text += chunk
                    if len(text) > LARGEST_BODY:
                        return
                self._manifests[key] = _Kept(reader.info, bytes(text))
        except NotFound as error:
            self._manifests[key] = error


class _TooManyError(StoreError):
    """More objects than anybody would read: listed one by one they would be no fewer."""


class LocksListed:
    """Lock objects by their projects, from a listing of all: of each no more than are looked at."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._found: dict[str, list[ObjectInfo]] = {}
        self._room = MOST_OF_ALL

    def add(self, info: ObjectInfo) -> None:
        place, _, name = info.key.rpartition("/")
        if not self._room or not is_lock_id(name):
            return
        found = self._found.setdefault(place, [])
        if len(found) <= MOST_LOCKS:
            found.append(info)
            self._room -= 1

    def of(self, prefix: str) -> Sequence[ObjectInfo]:
        """Those of one project, whose locks have this prefix."""
        return self._found.get(prefix.removesuffix("/"), [])


class _Memo:
    """An answer that is the same for every project: whether the repository lies within another place of the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: _Kept | StoreError | None = None

    def answer(self, ask: Callable[[], _Kept]) -> _Kept:
        with self._lock:
            if self._known is None:
                try:
                    self._known = ask()
                except StoreError as error:
                    self._known = error
        if isinstance(self._known, StoreError):
            raise self._known
        return self._known


class _Kept:
    """The answer to a GET, kept for one reader."""

    def __init__(self, info: ObjectInfo, body: bytes) -> None:
        self.info = info
        self._body = body

    def __iter__(self) -> Iterator[Buffer]:
        return iter((self._body,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def _answer(future: Future[T]) -> T | None:
    """None for what went wrong and may go better, or fail with its reason, when its project asks."""
    try:
        return future.result()
    except (*ENDS_THE_RUN, NotAStore):
        raise
    except StoreError:
        return None


def project_of(repository: str, prefix: str) -> str | None:
    """The name of the project whose objects have this prefix; None where it is another prefix."""
    name = prefix.removeprefix(repository).removesuffix("/")
    return None if prefix != f"{repository}{name}/" or "/" in name or project_reason(name) else name


def listed_projects(
    store: Store,
    repository: str,
    most: int | None = None,
    *,
    locks: LocksListed | None = None,
) -> dict[str, SpilledList[ObjectInfo]] | None:
    """The objects of each project, from one listing of the repository. None when it has more than `most`.

    `locks` gets those of the listing.

    Raises `StoreError` where it has more than anybody would read.
    """
    projects: dict[str, SpilledList[ObjectInfo]] = {}
    for count, info in enumerate(store.list(repository)):
        if count == most:
            return None
        if not info.key.startswith(repository):
            raise NotAStore(
                f"could not list {store.url}/{repository}",
                why=f"the store names {info.key[:80]!r}, which is not there",
                hint="check endpoint_url, and what stands between here and the store",
            )
        if locks is not None and info.key.startswith(locks.prefix):
            locks.add(info)
        name, slash, _ = info.key.removeprefix(repository).partition("/")
        if not slash or name != nfc(name) or project_reason(name):
            continue
        if count >= limits.now.objects_listed or (name not in projects and len(projects) >= MOST_PROJECTS):
            raise _TooManyError(
                f"could not list {store.url}/{repository}",
                why=f"it has more than {limits.now.objects_listed} objects or {MOST_PROJECTS} projects",
                hint="look at one project: `s3sync status PROJECT`",
            )
        projects.setdefault(name, SpilledList(ObjectInfo)).append(info)
    return projects
