"""Sending a message to addresses of apprise: side by side, within seconds, and never with an error that names a secret.

apprise is an extra, imported when something is to be sent. It only says whether it worked; the reason is in its log.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from msgspec import Struct

from s3sync.config.hosts import is_loopback
from s3sync.config.secrets import MASK, hidden
from s3sync.disk.whole_paths import AUTHORITIES, OF_REQUESTS, not_whole
from s3sync.errors import ConfigError
from s3sync.team.notices.answers import bounded

CONNECT_S, READ_S = 1.0, 4.0
PATIENCE_S = 8.0
"""Time for all addresses together: names of hosts, mail servers that talk slowly. The import comes before."""
_LOGGER = "apprise"
_SHORTEST_SECRET = 4
_DIVIDERS = re.compile(r"[/:?&=@,#]+")


class Sent(Struct, frozen=True):
    """Outcome for one address, which is masked. `why` is None where it worked. `in_clear`: a mail server was told a
    password over a line that is not encrypted, as `mailto://` says it."""

    address: str
    why: str | None = None
    in_clear: bool = False


def masked(url: str) -> str:
    """Kind of an address alone: all that follows may be a token."""
    scheme, found, _ = url.partition("://")
    return f"{hidden(scheme)}://{MASK}" if found else MASK


class Manner(Struct, frozen=True):
    """Form of a message, and the patience with whoever takes it. `html`: its body is a page, which a mail carries
    beside a plain text of it. `to`: the only address that a mail goes to, instead of those in its server's URL."""

    html: bool = False
    to: str | None = None
    connect_s: float = CONNECT_S
    patience_s: float = PATIENCE_S


NOTICE = Manner()


class Sending:
    """A message on its way in the background, from the moment that this is made.

    `done` is told at the end whether any address took it.
    """

    def __init__(
        self,
        urls: Sequence[str],
        title: str,
        body: str,
        done: Callable[[bool], None] = lambda sent: None,
        manner: Manner = NOTICE,
    ) -> None:
        self._urls, self._done, self._manner = list(urls), done, manner
        self._found: dict[int, Sent] = {}
        self._missing: str | None = None
        self._thread = threading.Thread(target=self._send, args=(title, body), name="s3sync-notices", daemon=True)
        self._thread.start()

    def finish(self) -> list[Sent]:
        """Wait until all are sent or the time is up. Raises `ConfigError` where apprise is missing."""
        self._thread.join()
        if self._missing is not None:
            self._done(False)
            hint = "pip install 's3sync-collab[notify]'"
            raise ConfigError("no notice was sent", why=self._missing, hint=hint)
        late = f"no answer within {self._manner.patience_s:.0f} s"
        found = [self._found.get(number, Sent(masked(url), late)) for number, url in enumerate(self._urls)]
        self._done(any(one.why is None for one in found))
        return found

    def _send(self, title: str, body: str) -> None:
        try:
            import apprise
        except ImportError:
            self._missing = "the addresses in `notify` need apprise, which is not installed"
            return
        log, end = _Log.of_apprise(), time.monotonic() + self._manner.patience_s

        def work(number: int, url: str) -> None:
            self._found[number] = _send_one(apprise, log, url, title, body, self._manner)

        threads = [
            threading.Thread(target=work, args=item, name=f"s3sync-notice-{item[0]}", daemon=True)
            for item in enumerate(self._urls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _send_one(apprise: object, log: _Log, url: str, title: str, body: str, manner: Manner) -> Sent:
    in_clear = False
    try:
        with bounded():
            why, in_clear = _try(apprise, log, url, title, body, manner)
    except Exception as error:  # noqa: BLE001 - of a hundred plugins: a notice never ends a run
        unending = type(error).__name__ == "RequestFailed"
        why = "its answer does not end, or is far too large" if unending else f"{type(error).__name__}: {error}"
    return Sent(masked(url), None if why is None else _without(why, url), in_clear)


def _try(apprise: object, log: _Log, url: str, title: str, body: str, manner: Manner) -> tuple[str | None, bool]:
    """Send to one address; the reason why it did not work, or None, and whether a password is told in clear."""
    named = not_whole((*AUTHORITIES, *OF_REQUESTS), os.environ)
    if named:
        return f"{named[0]} names {named[1]}, which is no whole path: each folder would have its own file", False
    log.begin()
    asset = apprise.AppriseAsset(  # type: ignore[attr-defined]
        async_mode=False,
        secure_logging=True,
        storage_mode="memory",
        http_redirects=False,
        interpret_escapes=False,
        interpret_emojis=False,
    )
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)  # type: ignore[attr-defined]
    if service is None:
        return "apprise knows no such address", False
    service.socket_connect_timeout = min(service.socket_connect_timeout, manner.connect_s)
    service.socket_read_timeout = min(service.socket_read_timeout, READ_S)
    if manner.to is not None:
        service.targets, service.cc, service.bcc = [(False, manner.to)], set(), set()
    if service.notify(title=title, body=body, body_format="html" if manner.html else "text"):
        return None, _in_clear(service)
    return log.end() or "it was not taken", _in_clear(service)


def _in_clear(service: Any) -> bool:
    """True for a mail server on another computer that gets a password, without TLS. apprise knows those of the large
    providers, which it speaks TLS to whatever the address says."""
    if not getattr(service, "secure_mode", None) or service.secure or not (service.user and service.password):
        return False
    return not is_loopback(f"smtp://{service.smtp_host or service.host}")


class _Log(logging.Handler):
    """Last warning of apprise in each thread. Nothing of its log reaches the screen."""

    _one: _Log | None = None

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[int | None, str] = {}

    @classmethod
    def of_apprise(cls) -> _Log:
        if cls._one is None:
            cls._one = cls()
            logger = logging.getLogger(_LOGGER)
            logger.addHandler(cls._one)
            logger.propagate = False
        return cls._one

    def emit(self, record: logging.LogRecord) -> None:
        self._said[record.thread] = record.getMessage()

    def begin(self) -> None:
        self._said.pop(threading.get_ident(), None)

    def end(self) -> str | None:
        return self._said.pop(threading.get_ident(), None)


def _is_long(part: str) -> bool:
    return len(part) >= _SHORTEST_SECRET


def _without(text: str, url: str) -> str:
    """A reason without any part of the address, which a library may repeat."""
    said = url.partition("://")[2]
    parts = {part for form in (said, unquote(said), unquote_plus(said)) for part in _DIVIDERS.split(form)}
    parts |= {unquote(part) for part in _DIVIDERS.split(said)} | {quote(part, safe="") for part in parts}
    for part in sorted(filter(_is_long, parts), key=len, reverse=True):
        text = re.sub(re.escape(part), MASK, text, flags=re.IGNORECASE)
    return hidden(text.strip())
