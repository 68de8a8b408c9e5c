"""What is under way on a line: a direction that all connections share, and the two flows of each connection."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, field

BLOCK = 256 * 1024
SMALLEST_BLOCK = 4 * 1024
FLOW_LIMIT = 4 * 1024 * 1024
"""Bytes of one flow that the line holds at most, as a window of TCP does: more than a far line has under way."""

QUEUE_S = 0.02
"""Seconds of a rate that wait for the line at most; more stays with who sends it, as in a small buffer of a router."""

_METHODS = (b"GET ", b"PUT ", b"HEAD", b"POST", b"DELE", b"OPTI")


class Direction:
    """One way of the line: a delay, a rate, and the bytes on it, in the order in which they arrive."""

    def __init__(self) -> None:
        self.under_way: deque[tuple[float, Flow, bytes]] = deque()
        self.waiting: deque[Flow] = deque()
        self.carried = 0
        self.cuts: list[int] = []
        self.become(0, 0)

    def become(self, delay: float, rate: float) -> None:
        self._delay, self._rate, self._free_at = delay, rate, 0.0
        self.block = int(min(BLOCK, max(SMALLEST_BLOCK, rate * QUEUE_S / 4))) if rate else BLOCK
        self.is_plain = not delay and not rate

    def has_room(self, now: float) -> bool:
        return not self._rate or self._free_at - now < QUEUE_S

    def send(self, flow: Flow, data: bytes, now: float) -> None:
        """Put it on the line; nothing stands for the end of a flow."""
        departure = now
        if self._rate:
            departure = self._free_at = max(self._free_at, now) + len(data) / self._rate
        self.carried += len(data)
        arrival = departure + self._delay
        if self.under_way:
            arrival = max(arrival, self.under_way[-1][0])  # the line may have become shorter
        self.under_way.append((arrival, flow, data))

    def is_cut_by(self, size: int) -> bool:
        """True if these bytes would be the ones at which a connection is to be cut; the next ones go on to the next."""
        if not self.cuts or self.carried + size < self.cuts[0]:
            return False
        self.cuts.pop(0)
        return True

    def due(self, now: float) -> float:
        """When there is something to do next."""
        due = self.under_way[0][0] if self.under_way else now + 60
        return min(due, max(now, self._free_at - QUEUE_S / 2)) if self.waiting else due


@dataclass(eq=False)
class Flow:
    """One way of one connection: from `source` over the line to `target`."""

    connection: Connection
    direction: Direction
    source: socket.socket
    target: socket.socket
    from_client: bool
    unsent: deque[bytes | memoryview] = field(default_factory=deque)  # arrived, and not taken by the target yet
    inside: int = 0
    readable: bool = True
    ending: bool = False  # the source hung up; what it sent before may still be there
    closed: bool = False  # all of it was read
    ended: bool = False  # the target knows
    waits: bool = False

    @property
    def back(self) -> Flow:
        """The other way of the connection."""
        up, down = self.connection.flows
        return down if self is up else up

    def line_up(self) -> None:
        """Wait for the line, if there is something to read and it may be read."""
        if self.readable and not self.waits and not self.closed and self.inside < FLOW_LIMIT:
            self.waits = True
            self.direction.waiting.append(self)

    def note(self, data: bytes) -> int:
        """Take account of what was read; returns 1 where a request begins."""
        self.inside += len(data)
        self.closed = not data
        began = self.from_client and self.connection.servers_turn is False and data[:4] in _METHODS
        self.connection.servers_turn = self.from_client if data else self.connection.servers_turn
        return int(began)


class Connection:
    """A client's socket, the server's beside it, and the flows between them."""

    def __init__(self, client: socket.socket) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client = client
        self.flows: tuple[Flow, ...] = ()
        self.closed = self.stranded = self.servers_turn = False
        self._server: socket.socket | None = None

    def open(self, server: socket.socket, up: Direction, down: Direction) -> tuple[Flow, ...]:
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = server
        self.flows = (Flow(self, up, self.client, server, True), Flow(self, down, server, self.client, False))
        return self.flows

    def strand(self) -> socket.socket | None:
        """Let the client's end fall silent; returns the server's, to be closed."""
        server, self._server = self._server, None
        self.stranded = server is not None
        return server

    def sockets(self) -> list[socket.socket]:
        return [self.client] if self._server is None else [self.client, self._server]
