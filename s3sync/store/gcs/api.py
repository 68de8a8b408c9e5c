"""Requests to the JSON API of Google Cloud Storage. They raise what `failures.from_google` reads.

Source: https://cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from s3sync._version import __version__
from s3sync.store.gcs.address import Address
from s3sync.store.gcs.credentials import Credentials
from s3sync.store.gcs.failures import Refused, from_google, refusal
from s3sync.store.gcs.related import Related
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.bounded import adapter, whole
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.proxies import Proxy, find_proxy
from s3sync.store.options import Wire

MOST_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that is read as a whole: a thousand objects with 8 KiB of metadata each have 10 MB."""
MOST_VALUES = 2_000_000
"""Lists and objects in an answer, each of which takes more memory than its bytes: a page has some thousands."""
CONNECTIONS = 64
_OK = range(200, 300)
Json = dict[str, Any]


class Api:
    """One session with the server, made on first use and shared by all threads."""

    def __init__(self, address: Address, credentials: Credentials, env: Mapping[str, str], wire: Wire) -> None:
        self.address, self._credentials, self._wire = address, credentials, wire
        self.proxy = Proxy("the setting proxy", wire.proxy) if wire.proxy else find_proxy(address.base, env)
        self._lock = threading.Lock()
        self._session: Any = None
        self._renewed = 0.0

    def path_of(self, key: str) -> str:
        return f"{self.bucket}/o/{quote(key, safe='')}"

    @property
    def bucket(self) -> str:
        return f"/storage/v1/b/{quote(self.address.bucket, safe='')}"

    def ask(self, method: str, path: str, params: Mapping[str, str], body: object = None) -> Json:
        """The answer to a request without a large body; empty where it has none."""
        data = None if body is None else msgspec.json.encode(body)
        more = {} if data is None else {"Content-Type": "application/json"}
        answer = self._send(method, path, params, data, more, self._timeouts())
        return _json(answer)

    def upload(self, resource: Mapping[str, Any], body: Related, params: Mapping[str, str]) -> Json:
        """Store an object whose name and headers are in `resource`."""
        path = f"/upload{self.bucket}/o"
        asked = {"uploadType": "multipart", **params}
        return _json(
            self._send("POST", path, asked, body, {"Content-Type": body.content_type}, self._timeouts(writes=True))
        )

    def media(self, key: str, start: int, stop: int | None, generation: str | None = None) -> Any:
        """The answer to a GET of an object's bytes, unread. Its `raw` is a stream; whoever asks closes it."""
        more = {"Accept-Encoding": "gzip"}  # else what is stored compressed would come in another size
        if start or stop is not None:
            more["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        asked = {"alt": "media"} | ({} if generation is None else {"generation": generation})
        return self._send("GET", self.path_of(key), asked, None, more, self._timeouts())

    def failure_of(self, error: BaseException) -> Failure:
        return from_google(error)

    def renew(self, began: float) -> None:
        """Open new connections from now on: a request that began then met with silence."""
        with self._lock:
            if self._session is not None and began > self._renewed:
                self._renewed, old, self._session = time.monotonic(), self._session, None
                old.close()

    def transport(self) -> Any:
        """Transport by which `google-auth` asks for a token."""
        from google.auth.transport.requests import Request

        return Request(self._session_now())

    def _timeouts(self, *, writes: bool = False) -> tuple[float, float]:
        wire = self._wire
        return wire.connect_timeout or 8, wire.read_timeout or (300 if writes else 30)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        data: Any,
        headers: Mapping[str, str],
        timeouts: tuple[float, float],
    ) -> Any:
        token = self._credentials.token(self.transport)
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._session_now().request(
            method,
            f"{self.address.base}{path}",
            params=dict(params),
            data=data,
            headers={**headers, **signed},
            timeout=timeouts,
            allow_redirects=False,
            stream=True,
        )
        if answer.status_code in _OK:
            return answer
        with answer:
            raise Refused(refusal(answer.status_code, answer.content))

    def _session_now(self) -> Any:
        import requests

        with self._lock:
            if self._session is None:
                session = requests.Session()
                # What it would take of the environment is said here: a .netrc and authorities of others never count.
                session.trust_env = False
                session.headers.update({"User-Agent": f"s3sync/{__version__}", "Accept-Encoding": "identity"})
                if self.proxy is not None:
                    session.proxies = {"http": self.proxy.url, "https": self.proxy.url}
                if self._wire.ca_bundle:
                    session.verify = str(self.address.authorities(self._wire.ca_bundle))
                for scheme in ("http://", "https://"):
                    session.mount(scheme, adapter(CONNECTIONS, MOST_ANSWER))
                self._session = session
            return self._session


def _json(answer: Any) -> Json:
    with answer:
        body = whole(answer.raw, MOST_ANSWER)
    if body.count(b"{") + body.count(b"[") > MOST_VALUES:
        raise RequestFailed(Failure("not_s3", answer.status_code))
    if not body.strip() or body.strip() == b"null":  # deletions have no answer
        told: Any = {}
    else:
        try:
            told = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RequestFailed(Failure("not_s3", answer.status_code)) from None
    if not isinstance(told, dict):
        raise RequestFailed(Failure("not_s3", answer.status_code))
    told["date"] = answer.headers.get("Date", "")
    return told
