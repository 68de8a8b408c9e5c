"""Bounds on what chats, phones and mail servers answer to a notice: apprise reads whatever comes, and unpacks it.

It makes its sessions of `requests` and its lines to mail servers itself, out of reach. So both libraries ask here, in
the threads that say `bounded` alone: all others have them as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

MOST_BYTES = 1024 * 1024
_CONNECTIONS = 4
_thread = threading.local()


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the answers to what this thread sends. A larger one raises `RequestFailed`, or is no answer of a mail
    server's."""
    _install()
    _thread.is_bounded = True
    try:
        yield
    finally:
        _thread.is_bounded = False


def _applies() -> bool:
    return getattr(_thread, "is_bounded", False)


@cache
def _adapter() -> Any:
    from s3sync.store.lanes.bounded import adapter

    return adapter(_CONNECTIONS, MOST_BYTES, plain=True)


class _Lines:
    """Lines of a mail server, as `smtplib` reads them: all of a connection's together have a bound."""

    def __init__(self, file: Any) -> None:
        self._file, self._left = file, MOST_BYTES

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("its answer does not end")  # which `smtplib` takes for a line that broke
        return line

    def close(self) -> None:
        self._file.close()


@cache
def _install() -> None:
    import smtplib

    import requests

    session, connection = requests.Session, smtplib.SMTP
    get_adapter, getreply = session.get_adapter, connection.getreply

    def bounded_adapter(self: Any, url: str) -> Any:
        return _adapter() if _applies() else get_adapter(self, url)

    def bounded_reply(self: Any) -> tuple[int, bytes]:
        if _applies() and self.file is None:
            self.file = _Lines(self.sock.makefile("rb"))
        return getreply(self)

    session.get_adapter = bounded_adapter  # type: ignore[method-assign]
    connection.getreply = bounded_reply  # type: ignore[method-assign]
