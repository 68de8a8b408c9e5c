"""Requests through obstore. A vendor's lane says which store they go to, with which address and credentials."""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from s3sync.errors import S3syncError
from s3sync.store.lanes import headers as codec
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import is_panic
from s3sync.store.lanes.headers import size_of, strip, type_of, version_of
from s3sync.store.lanes.least_rate import DRIPPING, PERIOD_S
from s3sync.store.lanes.limiter import Limiter
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.reader import IN_ONE_PIECE, pieces_of
from s3sync.store.lanes.rounds import in_time
from s3sync.store.port import Buffer, Create, Headers, ObjectInfo, Update, WriteMode, Written
from s3sync.store.watch import WATCH

if TYPE_CHECKING:
    import obstore

# obstore cannot name these keys. Worse, it drops a `/` in front or at the end of a key in silence.
_ODD = re.compile(r"^$|^/|/$|//|(?:^|/)\.\.?(?:/|$)|[\x00-\x1f\x7f]")
_HEADER_NAMES = frozenset(
    {"Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control", "Storage-Class"}
)
_RETRY: dict[str, Any] = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=12),
    "backoff": {"max_backoff": timedelta(seconds=3)},
}


class Client(Struct, frozen=True):
    """One of the four obstore stores that a lane makes: its timeouts, and how obstore itself tries again."""

    name: str
    timeouts: dict[str, timedelta]
    retry: dict[str, Any] = field(default_factory=lambda: _RETRY)
    writes: bool = False


# reqwest's read timeout ends an answer that brings nothing, but also a request whose body is still being sent, however
# steadily (measured). So what was too slow once gets a long one, and only small bodies go this way
# (`s3/adapter.SMALL`); 1 MiB in 300 s is 28 kbit/s for one transfer. The timeout of a whole request ends an answer
# that only drips.
ANSWERS = Client("answers", {"read_timeout": timedelta(seconds=45), "timeout": timedelta(seconds=75)})
"""For heads and small parts of bodies. A line that is away for half a minute then goes on with what was under way."""
BODIES = Client("bodies", {"read_timeout": timedelta(seconds=45), "timeout": timedelta(minutes=30)})
"""For files, and for the listing before them, whose connection they then use; `in_time` ends a page that drips, and
what stands before a large range. A whole file may be a small one, for which a thread of its own is too dear; a large
one goes on by ranges."""
WRITERS = Client(
    "writers",
    {"read_timeout": timedelta(seconds=300), "timeout": timedelta(minutes=10)},
    retry={"max_retries": 0},
    writes=True,
)
"""For bodies that did not get through in the time of `SHARED`. Tries once: only our own attempts tell whether an
earlier one may have been carried out."""
SHARED = Client(
    "shared",
    {"read_timeout": timedelta(seconds=60), "timeout": timedelta(seconds=150)},
    retry={"max_retries": 0},
    writes=True,
)
"""For records that are read and small bodies that are written: a connection that was opened for the one serves the
other. Each obstore store has connections of its own, and opening one costs two or three round trips with TLS. None
is larger than `IN_ONE_PIECE`; one that drips is given up after two minutes (`LeastRate`), what stands before it a
little later. A record that comes at a sound rate for longer is asked for again as a file."""
OF_A_RECORD = 4096
"""Bytes that tell what a record is about, and are read on its connection."""
AT_ONCE = 256 * 1024
"""Bodies up to this size are sent within the read timeout of `SHARED` on any line."""


class ObstoreLane(ABC):
    """obstore's operations on one store. They raise obstore's exceptions, which `from_obstore` reads, but for `pages`.

    `server` is what a person who waits is told; the limiter is this store's alone.
    """

    def __init__(self, server: str, most_retries: int | None = None) -> None:
        self.server = server
        self.limiter = Limiter()
        self._most_retries = most_retries
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._renewed = 0.0

    @abstractmethod
    def make(self, client: Client) -> Any:
        """An obstore store for such requests. Raises our errors. Everything is said explicitly: obstore takes from the
        process's environment what is not."""

    def retry(self, client: Client) -> dict[str, Any]:
        """Retries that obstore makes by itself. Nobody counts them, so that a limit on retries is a limit on it, too:
        where it is set, only ours are left, but for bodies that break off in the middle."""
        if self._most_retries is None:
            return client.retry
        inner = min(self._most_retries, client.retry["max_retries"]) if client is BODIES else 0
        return {**client.retry, "max_retries": inner}

    def encode(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """Metadata as the store's headers hold it; `decode` gives it back."""
        return codec.encode(metadata)

    def decode(self, headers: Mapping[str, str]) -> dict[str, str]:
        return codec.decode(headers)

    def cannot(self, key: str) -> bool:
        """True if requests for a key have to go another way: obstore cannot name it."""
        return is_odd(key)

    def attempts(self, doing: str, renew: Callable[[float], None] | None = None) -> Retries:
        """The attempts of one operation of this store, on any lane. `doing` completes "waiting for ... to"."""
        return Retries(self.limiter, self.server, doing, self._most_retries, renew or self.renew)

    def renew(self, began: float) -> None:
        """Open new connections from now on: a request that began then met with silence.

        After a change of address all that are open are dead, also those that wait for a next request.
        """
        with self._lock:
            if began > self._renewed:
                self._renewed = time.monotonic()
                self._made = {}

    def pages(self, prefix: str, after: str = "") -> Iterator[list[ObjectInfo]]:
        """All objects below a prefix, or those of them behind a key; a `/` at the end of a key is lost.

        Raises `RequestFailed`, and our own errors.
        """
        try:
            yield from in_time(self._pages(prefix, after))
        except (S3syncError, RequestFailed):
            raise
        except BaseException as error:
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            raise RequestFailed(from_obstore(error)) from None

    def _pages(self, prefix: str, after: str) -> Iterator[list[ObjectInfo]]:
        import obstore

        pages = iter(obstore.list(self._client(BODIES), prefix or None, offset=after or None, chunk_size=1000))
        self.limiter.tally.count("list")  # also of one that is empty
        for number in count():
            with WATCH.request(f"{self.server} to list"):
                page = next(pages, None)
            if page is None:
                return
            if number:
                self.limiter.tally.count("list")
            yield [_info(meta) for meta in page]

    def head(self, key: str, if_match: str | None = None) -> tuple[ObjectInfo, dict[str, str], str | None]:
        """Ask for info, metadata and content type."""
        import obstore

        options: Any = {"head": True} | ({"if_match": f'"{if_match}"'} if if_match is not None else {})
        answer = obstore.get(self._client(ANSWERS), key, options=options)
        attributes = answer.attributes
        metadata = {name: value for name, value in attributes.items() if name not in _HEADER_NAMES}
        return _info(answer.meta, attributes), self.decode(metadata), attributes.get("Content-Type")

    def get(
        self,
        key: str,
        start: int,
        stop: int | None,
        if_match: str | None,
        if_none_match: str | None = None,
        *,
        of_any: bool = True,
    ) -> obstore.GetResult | Received:
        """The answer to a GET; that of a whole small object, of any version or any other, with its body.

        `of_any` False: one version is meant, as with `if_match`, and whoever calls looks which one came.
        """
        import obstore

        options: Any = {}
        if stop is not None:
            options["range"] = (start, stop)
        elif start:
            options["range"] = {"offset": start}
        if if_match is not None:
            options["if_match"] = f'"{if_match}"'
        if if_none_match is not None:
            options["if_none_match"] = f'"{if_none_match}"'
        is_record = options.keys() <= {"if_none_match"}
        if of_any and (is_record or (stop is not None and stop - start <= OF_A_RECORD and len(options) == 1)):
            record = _received(obstore.get(self._client(SHARED), key, options=options))
            if record is not None:
                return record
        if stop is not None and stop - start <= IN_ONE_PIECE:
            return obstore.get(self._client(ANSWERS), key, options=options)
        if "range" not in options:
            return obstore.get(self._client(BODIES), key, options=options)
        answers = (obstore.get(client, key, options=options) for client in [self._client(BODIES)])
        return next(in_time(answers, DRIPPING))

    def put(self, key: str, body: Buffer, mode: WriteMode, headers: Headers, *, patient: bool = False) -> Written:
        """Store an object with a checksum that the server verifies.

        `patient`: an attempt failed that may have been too slow for the line.
        """
        import obstore

        attributes: dict[str, str] = self.encode(headers.metadata)
        if kind := type_of(headers.content_type):
            attributes["Content-Type"] = kind
        if headers.storage_class:
            attributes["Storage-Class"] = headers.storage_class
        more: Any = {"tags": dict(headers.tags)} if headers.tags else {}
        answer = obstore.put(
            self._client(WRITERS if patient and len(body) > AT_ONCE else SHARED),
            key,
            body,
            attributes=attributes,
            mode=_mode(mode),
            use_multipart=False,
            **more,
        )
        return Written(strip(answer["e_tag"]), version_id=version_of(answer["version"]))

    def delete(self, key: str) -> None:
        import obstore

        obstore.delete(self._client(SHARED), key)

    def _client(self, client: Client) -> Any:
        made = self._made.get(client.name)
        if made is None:
            with self._lock:
                if client.name not in self._made:
                    self._made[client.name] = self.make(client)
                made = self._made[client.name]
        return made


class Received:
    """obstore's answer to a GET together with its body, which cost a single attempt.

    Raises `RequestFailed` for a body that drips, and what obstore raises.
    """

    def __init__(self, answer: obstore.GetResult) -> None:
        self.meta, self.range = answer.meta, answer.range
        self._pieces = list(pieces_of(answer, 1))

    def stream(self, min_chunk_size: int) -> Iterator[obstore.Bytes]:
        """The pieces as they came, whatever size is asked for."""
        return iter(self._pieces)


def _received(answer: obstore.GetResult) -> Received | None:
    """None where the body is too large to be waited for, or comes soundly and too slowly: its connection is closed."""
    start, stop = answer.range
    if stop - start > IN_ONE_PIECE:
        return None
    began = time.monotonic()
    try:
        return Received(answer)
    except RequestFailed:
        raise
    except Exception:
        if time.monotonic() - began < PERIOD_S:
            raise
        return None


def is_odd(key: str) -> bool:
    """True if a key is beyond obstore."""
    return _ODD.search(key) is not None


def _mode(mode: WriteMode) -> Any:
    if isinstance(mode, Create):
        return "create"
    return {"e_tag": f'"{mode.etag}"'} if isinstance(mode, Update) else "overwrite"


def _info(meta: Any, attributes: Any = None) -> ObjectInfo:
    storage_class = attributes.get("Storage-Class") if attributes else None
    return ObjectInfo(meta["path"], size_of(meta["size"]), strip(meta["e_tag"]), meta["last_modified"], storage_class)
