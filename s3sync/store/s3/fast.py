"""The fast lane: obstore, for listing, HEAD, GET, small PUTs and plain deletes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from s3sync._version import __version__
from s3sync.store.options import Wire
from s3sync.store.port import Buffer, Create, Headers, ObjectInfo, Update, WriteMode
from s3sync.store.s3 import headers as codec
from s3sync.store.s3.address import Address
from s3sync.store.s3.attempts import Retries
from s3sync.store.s3.credentials import Credentials
from s3sync.store.s3.failures import NOWHERE, Failure, from_obstore, is_panic
from s3sync.store.s3.limiter import Limiter
from s3sync.store.s3.proxies import Proxy, find_proxy
from s3sync.store.s3.tls import ca_bundle

if TYPE_CHECKING:
    import obstore

# obstore cannot name these keys. Worse, it drops a `/` in front or at the end of a key in silence.
_ODD = re.compile(r"^$|^/|/$|//|(?:^|/)\.\.?(?:/|$)|[\x00-\x1f\x7f]")
_HEADER_NAMES = frozenset(
    {"Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "Cache-Control", "Storage-Class"}
)
CHUNK = 128 * 1024
"""What a large body comes in. The C library takes larger pieces from the system and gives them back each time, and
clearing their pages costs more than the calls that are saved (1 GiB: 65,000 page faults instead of 15,000)."""
IN_ONE_PIECE = 1024 * 1024
"""Up to this size a body is waited for as a whole, which costs a fraction of a stream."""

# reqwest's read timeout ends an answer that brings nothing, but also a request whose body is still being sent, however
# steadily (measured). So writers get a long one, and only small bodies go this way (`adapter.SMALL`); 1 MiB in 300 s
# is 28 kbit/s for one transfer. The timeout of a whole request ends an answer that only drips.
_ANSWERS = {"read_timeout": timedelta(seconds=30), "timeout": timedelta(seconds=60)}
_BODIES = {"read_timeout": timedelta(seconds=30), "timeout": timedelta(hours=2)}
_WRITERS = {"read_timeout": timedelta(seconds=300), "timeout": timedelta(hours=1)}
_RETRY: dict[str, Any] = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=12),
    "backoff": {"max_backoff": timedelta(seconds=3)},
}
_CHECKSUM = {"checksum_algorithm": "CRC64NVME"}
_CONNECT = timedelta(seconds=8)


def is_odd(key: str) -> bool:
    """Whether a key is beyond obstore."""
    return _ODD.search(key) is not None


class FastLane:
    """obstore with our credentials, address and timeouts. Its methods raise obstore's exceptions; see `failures`."""

    def __init__(self, address: Address, credentials: Credentials, env: Mapping[str, str], wire: Wire) -> None:
        self._address, self._credentials, self._env, self._wire = address, credentials, env, wire
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self.server = address.shown
        self.limiter = Limiter()
        self.proxy = Proxy("proxy", wire.proxy) if wire.proxy else find_proxy(address.shown)
        self._trusts_redirects: bool | None = None

    def attempts(self, doing: str) -> Retries:
        """The attempts of one operation of this store, on either lane. `doing` completes "waiting for ... to"."""
        return Retries(self.limiter, self.server, doing, self._wire.retries)

    def cannot(self, key: str) -> bool:
        """Whether requests for a key have to go the other way: obstore cannot name it, or would leak credentials.

        obstore follows redirects, and takes the session token along. `_fence` keeps it from other hosts; where that
        cannot be (another port of the host, a proxy), requests with a token are left to botocore, which follows none.
        """
        return is_odd(key) or self._may_leak()

    def _may_leak(self) -> bool:
        if self._trusts_redirects is None:
            aws = self._address.is_aws
            self._trusts_redirects = aws or (self.proxy is None and self._credentials.keys().token is None)
        return not self._trusts_redirects

    def pages(self, prefix: str) -> Iterator[list[ObjectInfo]]:
        """All objects below a prefix. Their keys have lost a `/` at the end, if they had one."""
        import obstore

        for page in obstore.list(self._answers, prefix or None, chunk_size=1000):
            yield [_info(meta) for meta in page]

    def head(self, key: str, if_match: str | None = None) -> tuple[ObjectInfo, dict[str, str], str | None]:
        """What HEAD says: info, metadata, content type."""
        import obstore

        options: Any = {"head": True} | ({"if_match": f'"{if_match}"'} if if_match is not None else {})
        answer = obstore.get(self._answers, key, options=options)
        attributes = answer.attributes
        metadata = {name: value for name, value in attributes.items() if name not in _HEADER_NAMES}
        return _info(answer.meta, attributes), codec.decode(metadata), attributes.get("Content-Type")

    def get(self, key: str, start: int, stop: int | None, if_match: str | None) -> obstore.GetResult:
        import obstore

        options: Any = {}
        if stop is not None:
            options["range"] = (start, stop)
        elif start:
            options["range"] = {"offset": start}
        if if_match is not None:
            options["if_match"] = f'"{if_match}"'
        small = stop is not None and stop - start <= IN_ONE_PIECE
        return obstore.get(self._answers if small else self._bodies, key, options=options)

    def put(self, key: str, body: Buffer, mode: WriteMode, headers: Headers) -> str:
        """Store an object with a checksum that the server verifies, and return its ETag."""
        import obstore

        attributes: dict[str, str] = codec.encode(headers.metadata)
        if headers.content_type:
            attributes["Content-Type"] = headers.content_type
        if headers.storage_class:
            attributes["Storage-Class"] = headers.storage_class
        answer = obstore.put(self._writers, key, body, attributes=attributes, mode=_mode(mode), use_multipart=False)
        return strip(answer["e_tag"])

    def delete(self, key: str) -> None:
        import obstore

        obstore.delete(self._writers, key)

    @property
    def _answers(self) -> Any:
        """For pages of a listing, heads and small bodies: each is there within a minute, or given up."""
        return self._made.get("answers") or self._store("answers", lambda: self._make(_ANSWERS, _RETRY, {}))

    @property
    def _bodies(self) -> Any:
        return self._made.get("bodies") or self._store("bodies", lambda: self._make(_BODIES, _RETRY, {}))

    @property
    def _writers(self) -> Any:
        """Tries once: only our own attempts tell whether an earlier one may have been carried out."""
        made = self._made.get("writers")
        return made or self._store("writers", lambda: self._make(_WRITERS, {"max_retries": 0}, _CHECKSUM))

    def _store(self, name: str, make: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._made:
                self._credentials.keys()  # fails here with a clear error, rather than inside obstore
                self._made[name] = make()
            return self._made[name]

    def _fence(self) -> dict[str, str]:
        """Options that end a redirect to another host nowhere: reqwest follows it, with the session token.

        AWS itself is known by its certificate, and sends requests on between its own hosts only.
        """
        if self._address.is_aws or self.proxy:
            return {}
        return {"proxy_url": f"http://{NOWHERE}", "proxy_excludes": self._address.host}

    def _make(self, client: dict[str, timedelta], retry: dict[str, Any], config: dict[str, str]) -> Any:
        """Everything is said explicitly: obstore takes from the process's environment what is not."""
        from obstore.store import S3Store

        address = self._address
        options: Any = {
            "allow_http": not address.encrypted,
            "connect_timeout": _seconds(self._wire.connect_timeout) or _CONNECT,
            "user_agent": f"s3sync/{__version__}",
            **client,
            **self._fence(),
        }
        if self._wire.read_timeout:
            options["read_timeout"] = _seconds(self._wire.read_timeout)
        if self._wire.proxy:
            options["proxy_url"] = self._wire.proxy
        bundle = ca_bundle(self._env, self._wire.ca_bundle)
        if bundle:
            options["root_certificate"] = bundle.read_bytes()
        settings: Any = {
            "region": address.region,
            "endpoint": address.base,
            "aws_endpoint_url_s3": address.base,
            "virtual_hosted_style_request": not address.path_style,
            "skip_signature": False,
            # TLS already protects the body, and the checksum covers it end to end.
            "unsigned_payload": address.encrypted,
            "disable_bulk_delete": True,
            **_asked_for(self._wire),
            **config,
        }
        return S3Store(
            address.bucket,
            config=settings,
            client_options=options,
            retry_config=retry,  # type: ignore[arg-type]
            credential_provider=self._credentials.for_obstore,  # type: ignore[arg-type]
        )


def _seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def _asked_for(wire: Wire) -> dict[str, Any]:
    """What obstore can ask for besides. It knows no ACL: with one, all objects are written by botocore."""
    found = {"server_side_encryption": wire.sse, "sse_kms_key_id": wire.kms_key_id, "request_payer": wire.request_payer}
    return {name: value for name, value in found.items() if value}


def strip(etag: str | None) -> str:
    """An ETag without quotation marks."""
    return (etag or "").removeprefix("W/").strip('"')


def _mode(mode: WriteMode) -> Any:
    if isinstance(mode, Create):
        return "create"
    return {"e_tag": f'"{mode.etag}"'} if isinstance(mode, Update) else "overwrite"


def _info(meta: Any, attributes: Any = None) -> ObjectInfo:
    storage_class = attributes.get("Storage-Class") if attributes else None
    return ObjectInfo(meta["path"], meta["size"], strip(meta["e_tag"]), meta["last_modified"], storage_class)


class FastReader:
    """A `port.Reader` over obstore's answer."""

    def __init__(self, info: ObjectInfo, answer: Any, fail: Callable[[Failure], BaseException]) -> None:
        self.info = info
        self._answer, self._fail = answer, fail

    def __enter__(self) -> FastReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer = None  # dropping the last reference closes the connection

    def __iter__(self) -> Iterator[memoryview]:
        answer, self._answer = self._answer, None
        start, stop = answer.range
        left = stop - start
        stream = answer.stream(min_chunk_size=CHUNK) if left > IN_ONE_PIECE else _whole(answer)
        while True:
            try:
                chunk = next(stream, None)
            except BaseException as error:
                if not isinstance(error, Exception) and not is_panic(error):
                    raise
                raise self._fail(from_obstore(error)) from None
            if chunk is None:
                break
            view = memoryview(chunk)
            left -= len(view)
            yield view
        if left:
            raise self._fail(Failure("truncated", message=f"{left} bytes are missing"))


def _whole(answer: Any) -> Iterator[Any]:
    """A small body in one piece, which costs a fraction of a stream."""
    yield answer.bytes()
