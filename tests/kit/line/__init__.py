"""A line between a client and a server on this computer: as long, as thin and as unreliable as it is told to be.

    with SeaweedFS() as server, Line(server.endpoint_url, LINES["far"]) as line:
        ...                                      # a client whose endpoint is line.endpoint_url
        print(line.counts())

Each direction delays what goes over it and lets through so many bytes a second, which all connections share. Opening a
connection takes a round trip of its own. TCP's slow start and lost packets are not imitated: a connection has the whole
line from its first byte on. Bytes are not looked at, so it carries any protocol.

The line is a process of its own (`wire.py`), so that it takes no time from the client. Needs no pytest, and nothing but
the standard library. Linux only, as it needs epoll.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

__all__ = ["LINES", "Counts", "Line", "Quality"]

ROOT = Path(__file__).parents[3]
MBIT = 1_000_000 / 8


@dataclass(frozen=True)
class Quality:
    """`round_trip` is in seconds, `up` and `down` in bytes a second (0: as fast as it goes).

    A connection is open after `handshakes` round trips: 1 for plain TCP, 2 with TLS 1.3.
    """

    round_trip: float = 0.0
    up: float = 0.0
    down: float = 0.0
    handshakes: int = 1


LINES = {
    "loopback": Quality(),
    "near": Quality(0.010),
    "home": Quality(0.050, up=40 * MBIT, down=100 * MBIT),
    "far": Quality(0.200, up=10 * MBIT, down=50 * MBIT),
}


@dataclass(frozen=True)
class Counts:
    """What went over the line since it was made, or since reset_counts(); `most_open` connections were open at once.

    A request is what a client sends after it opened a connection or after the server spoke.
    """

    connections: int
    requests: int
    sent: int
    received: int
    most_open: int
    resets: int


class Line:
    """Listens on `endpoint_url` within its `with` block."""

    def __init__(self, upstream_url: str, quality: Quality | None = None) -> None:
        upstream = urlsplit(upstream_url)
        assert upstream.scheme == "http" and upstream.hostname, f"{upstream_url} is not an http address"
        self._upstream = (upstream.hostname, upstream.port or 80)
        self._quality = quality or Quality()
        self._lock = threading.Lock()
        self.endpoint_url = ""

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.kit.line.wire", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._control = ours.makefile("rwb")
        ours.close()
        port = self._ask("listen", upstream=self._upstream, **asdict(self._quality))["port"]
        self.endpoint_url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._control.close()
        assert self._process.wait(10) == 0 or error is not None, "the line failed"

    @property
    def cpu(self) -> float:
        """Processor seconds that the line itself took so far."""
        return float(self._ask("cpu")["cpu"])

    def counts(self) -> Counts:
        return Counts(**self._ask("counts"))

    def reset_counts(self) -> None:
        self._ask("reset_counts")

    def become(self, quality: Quality) -> None:
        """Another delay and other rates, for what is sent from now on."""
        self._ask("become", **asdict(quality))

    def break_connections(self, after: tuple[float, float] | None, seed: int = 0) -> None:
        """Reset each connection at a random moment between so many seconds after it was opened, until told None."""
        self._ask("break_connections", after=after, seed=seed)

    def drop(self, seconds: float) -> None:
        """Let nothing through for so long. What was under way goes on afterwards, as TCP sends it again."""
        self._ask("drop", seconds=seconds)

    def cut_all(self) -> None:
        """Reset every connection that there is."""
        self._ask("cut_all")

    def cut_at(self, sent: Sequence[int] = (), received: Sequence[int] = ()) -> None:
        """Reset the connection that carries each of these bytes, counted as counts() does; it carries them not."""
        self._ask("cut_at", sent=list(sent), received=list(received))

    def change_address(self) -> None:
        """Let every connection that there is fall silent for ever, as when a laptop changes its network.

        Nobody tells the client. The server sees its end closed.
        """
        self._ask("change_address")

    def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        with self._lock:
            self._control.write(json.dumps({"do": what, **more}).encode() + b"\n")
            self._control.flush()
            answer = self._control.readline()
        assert answer, "the line has ended"
        found: dict[str, Any] = json.loads(answer)
        return found
