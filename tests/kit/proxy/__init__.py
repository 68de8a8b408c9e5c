"""A proxy on 127.0.0.1 in front of an S3 server: it counts what goes by, and breaks what it is told to.

    with SeaweedFS() as server, Proxy(server.endpoint_url) as proxy:
        proxy.on("UploadPart", nth=3).cut_request_after(1000)
        ...                                      # a client whose endpoint is proxy.endpoint_url
        assert proxy.counts["UploadPart"].requests == 5 and proxy.sent < 50_000_000

The clients sign the proxy's Host header, which reaches the server untouched. Bytes are counted as the client sent and
received them, heads included. Buckets are known by path (http://host/bucket/key), as every client does with an address
of digits. Needs no pytest, and nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.kit.proxy.connection import Connection
from tests.kit.proxy.request import Request
from tests.kit.proxy.rules import Faults, Rule
from tests.kit.proxy.stream import Gone, end_socket

__all__ = ["Count", "Proxy", "Request", "Rule"]

LOG_LENGTH = 10_000


@dataclass
class Count:
    requests: int = 0
    answered: int = 0
    sent: int = 0
    received: int = 0


class Counts(dict[str, Count]):
    """By operation; one that never came counts zero."""

    def __missing__(self, operation: str) -> Count:
        return Count()


class Proxy:
    """Listens on `endpoint_url` within its `with` block.

    `secrets` (access key to secret key) is only needed by rules that take signed headers out of requests.
    What went wrong in the proxy itself is raised when the block ends.
    """

    def __init__(self, upstream_url: str, secrets: Mapping[str, str] | None = None) -> None:
        upstream = urlsplit(upstream_url)
        assert upstream.scheme == "http" and upstream.hostname, f"{upstream_url} is not an http address"
        self.upstream = (upstream.hostname, upstream.port or 80)
        self.secrets = dict(secrets or {})
        self.endpoint_url = ""
        self.counts = Counts()
        self.log: deque[Request] = deque(maxlen=LOG_LENGTH)
        self._rules: list[Rule] = []
        self._errors: list[BaseException] = []
        self._changed = threading.Condition()
        self._flowing = threading.Event()
        self.refused = 0
        self._unplugged = self._closed = False
        self._connections: set[Connection] = set()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.endpoint_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._flowing.set()
        threading.Thread(target=self._accept, args=(self._listener,), name="proxy", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._closed = True
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.resume()
        self.cut_all()
        if self._errors and error is None:
            raise RuntimeError("the proxy failed") from self._errors[0]

    # What was counted

    @property
    def sent(self) -> int:
        """Bytes that clients sent."""
        return sum(count.sent for count in list(self.counts.values()))

    @property
    def received(self) -> int:
        """Bytes that clients received."""
        return sum(count.received for count in list(self.counts.values()))

    @property
    def requests(self) -> int:
        return sum(count.requests for count in list(self.counts.values()))

    def reset_counts(self) -> None:
        with self._changed:
            self.counts = Counts()
            self.log.clear()

    def wait_for(self, operation: str, count: int = 1, timeout: float = 60, *, answered: bool = False) -> None:
        """Until so many requests of this operation have come (`answered`: and their answers have begun)."""

        def there() -> bool:
            found = self.counts[operation]
            return (found.answered if answered else found.requests) >= count

        self.wait_until(there, timeout, f"{count} {operation}")

    def wait_until(self, condition: Callable[[], bool], timeout: float = 60, what: str = "what was waited for") -> None:
        """Until this is true; it is asked again at each request and each piece of a body."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"{what} did not come in {timeout:g} s: {dict(self.counts)}")

    # What is broken

    def on(
        self, operation: str | None = None, key: str | None = None, nth: int | None = None, times: int | None = None
    ) -> Rule:
        """A rule for requests of this operation and key (patterns with *); say what to do by one of its methods.

        Every such request is meant; or with `times` only the first so many; with `nth` only the nth, or from it on
        `times` of them.
        """
        rule = Rule(operation, key, nth, times)
        with self._changed:
            self._rules.append(rule)
        return rule

    def remove(self, *rules: Rule) -> None:
        """Forget these rules; without any, all."""
        with self._changed:
            self._rules = [rule for rule in self._rules if rules and rule not in rules]

    def pause(self) -> None:
        """Nothing moves until resume(); connections stay."""
        self._flowing.clear()

    def unplug(self) -> None:
        """Reset every connection, and each new one, until resume()."""
        self._unplugged = True
        self.cut_all()

    def resume(self) -> None:
        self._unplugged = False
        self._flowing.set()

    def cut_all(self) -> None:
        """Reset every connection that there is."""
        for connection in list(self._connections):
            connection.abandon()

    # How it works

    def _accept(self, listener: socket.socket) -> None:
        while not self._closed:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            if self._unplugged or self._closed:
                end_socket(sock, reset=True)
                with self._changed:
                    self.refused += 1
                    self._changed.notify_all()
                continue
            connection = Connection(self, sock)
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="proxy-connection", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        reset = False
        try:
            self.accepted(connection)
            while connection.exchange():
                pass
        except Gone as gone:
            reset = gone.reset
        except OSError:
            reset = True
        except BaseException as error:  # noqa: BLE001 - raised by __exit__
            self._errors.append(error)
            reset = True
        finally:
            self._connections.discard(connection)
            connection.end(reset=reset)

    def begin(self, request: Request, head: int) -> Faults:
        """Log and count a request whose head is here; returns what is to be done to it."""
        with self._changed:
            self.log.append(request)
            count = self.counts.setdefault(request.operation, Count())
            count.requests += 1
            faults: dict[str, Any] = {}
            for rule in self._rules:
                if rule.meets(request):
                    faults |= rule.faults
        self.note(request, sent=head)
        return Faults(**faults)

    def accepted(self, connection: Connection) -> None:
        """A client connected."""

    def arrived(self, connection: Connection, request: Request) -> None:
        """A request's head is here, and the server has not got it."""

    def answering(self, connection: Connection, request: Request) -> None:
        """The server has answered, and the client has not heard of it."""

    def answered(self, connection: Connection) -> None:
        """The client has the whole answer, or never will."""

    def note(self, request: Request, sent: int = 0, received: int = 0, status: int | None = None) -> None:
        with self._changed:
            count = self.counts.setdefault(request.operation, Count())
            request.sent += sent
            count.sent += sent
            request.received += received
            count.received += received
            if status is not None:
                request.status = status
                count.answered += 1
            self._changed.notify_all()

    def pass_gate(self) -> None:
        """Wait while all is paused."""
        if not self._flowing.is_set():
            self._flowing.wait()
