"""Connections of botocore that outlive a short outage, and notice when nobody is there any more."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from s3sync.aside import Aside
from s3sync.store.lanes.bounded import BoundedResponse
from s3sync.store.s3.bounded import BoundedSession
from s3sync.store.s3.lives import LIVES

SILENT_S = 45
"""Seconds in which nothing of what was sent is acknowledged, until a connection is given up.

A line that comes back after half a minute goes on with what was under way. What was under way when the address of this
computer changed is noticed, also what the system alone still has to send.
"""
_USER_TIMEOUTS = (("TCP_USER_TIMEOUT", 1000), ("TCP_RXT_CONNDROPTIME", 1))
"""Socket options of Linux (tcp(7), milliseconds) and macOS (seconds) with this meaning."""
_UNSENT = ("TCP_NOTSENT_LOWAT", 512 * 1024)
"""Bytes of a body that the system may hold unsent: what was handed over is then on its way, so that progress is true,
and a connection that is given up sends little for nobody. It does not bound what is on the line."""
AHEAD = 5
"""Connections that are opened before they are needed: as many parts of a file travel together."""
_PROBES = (("TCP_KEEPIDLE", SILENT_S // 3), ("TCP_KEEPINTVL", SILENT_S // 3), ("TCP_KEEPCNT", 2))


@cache
def patient(kind: type[Any]) -> type[Any]:
    """A class of connections like botocore's `kind`, for `HTTPConnectionPool.ConnectionCls` of urllib3.

    urllib3 lets the timeout for opening a connection also bound each piece of a body that is sent, so that an outage of
    eight seconds ended every upload.
    """

    class Patient(kind):  # type: ignore[misc]
        response_class = BoundedResponse
        opened = 0.0

        @property
        def is_connected(self) -> bool:
            """urllib3 asks before it uses a connection again, and opens another one instead."""
            return bool(super().is_connected) and not LIVES.is_old(self.opened)

        def connect(self) -> None:
            super().connect()
            self.opened = time.monotonic()
            for name, scale in _USER_TIMEOUTS:
                _set(self.sock, name, SILENT_S * scale)
            for name, value in (*_PROBES, _UNSENT):
                _set(self.sock, name, value)

        def send(self, data: Any) -> None:
            if self.sock is not None:
                self.sock.settimeout(SILENT_S)
            with self._living():
                super().send(data)

        def getresponse(self, *args: Any, **more: Any) -> Any:
            with self._living():
                return super().getresponse(*args, **more)

        @contextmanager
        def _living(self) -> Iterator[None]:
            try:
                yield
            except ConnectionError:
                LIVES.broke(self.opened)
                raise

    return Patient


def keep_bounds() -> None:
    """Have all connections of botocore that are opened from now on end answers whose head does not end."""
    from botocore.awsrequest import (
        AWSHTTPConnection,
        AWSHTTPConnectionPool,
        AWSHTTPSConnection,
        AWSHTTPSConnectionPool,
    )

    AWSHTTPConnectionPool.ConnectionCls = patient(AWSHTTPConnection)
    AWSHTTPSConnectionPool.ConnectionCls = patient(AWSHTTPSConnection)


_OF_TOKENS = ("sts", "sso", "sso-oidc", "signin")
"""Services that botocore itself asks, for the credentials of a role or a sign-in."""
_CONNECT_S, _READ_S = 8, 20
"""Patience with them for one of botocore's attempts, which are five: they answer with a line or two."""


def bound_tokens(session: Any) -> None:
    """Have the clients that a botocore session makes for itself, to find credentials, give up what does not end."""
    keep_bounds()
    create = session.create_client

    def create_bounded(service_name: str, *args: Any, **more: Any) -> Any:
        if service_name in _OF_TOKENS:
            from botocore.config import Config

            patience = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S)
            given = more.get("config")
            more["config"] = patience if given is None else patience.merge(given)
        client = create(service_name, *args, **more)
        if service_name in _OF_TOKENS:
            endpoint = client._endpoint
            endpoint.http_session = BoundedSession(endpoint.http_session, f"AWS ({service_name})")
        return client

    session.create_client = create_bounded


def bound_computers_own(session: Any) -> None:
    """The same where a computer or a container is asked for its role: botocore has no client for that.

    Where a user has no keys, every network answers for the computer's address that likes to.
    """
    for provider in session.get_component("credential_provider").providers:
        fetcher: Any = getattr(provider, "_role_fetcher", None) or getattr(provider, "_fetcher", None)
        inner = getattr(fetcher, "_session", None)
        if inner is not None and not isinstance(inner, BoundedSession):
            fetcher._session = BoundedSession(inner, f"AWS ({provider.METHOD})")


def _set(sock: Any, name: str, value: int) -> None:
    option = getattr(socket, name, None)
    if option is not None and isinstance(sock, socket.socket):  # not where TLS goes through TLS of a proxy
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def open_ahead(client: Any, bucket: str | None) -> None:
    """Open connections that the next requests of a botocore client find; to the bucket's own host where it has one.

    Nothing is opened through a proxy, which has to be told of each request.
    """
    session, url = client._endpoint.http_session.inner, client.meta.endpoint_url
    if bucket is not None:
        url = url.replace("://", f"://{bucket}.", 1)
    if session._proxy_config.proxy_url_for(url):
        return
    pool = session._get_connection_manager(url).connection_from_url(url)
    session._setup_ssl_cert(pool, url, session._verify)

    def open_one(connection: Any) -> None:
        if not getattr(connection, "sock", None):
            connection.connect()
        pool._put_conn(connection)

    with Aside(AHEAD, "s3sync-connect") as threads:
        list(threads.map(open_one, [pool._get_conn() for _ in range(AHEAD)]))
