"""The process that is the line: one thread, edge-triggered epoll, a queue of what is under way in each direction."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.kit.line.flow import Connection, Direction, Flow

MILLISECOND = 0.001
ACCEPTED_AT_ONCE = 64
RECEIVED_AHEAD = 512 * 1024
"""Bytes that the system takes from a client before they are on the line: what is sent is to wait with who sends it."""
EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
READABLE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_NO_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


class Wire:
    """All connections, the two directions that they share, and what is to happen when."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._asked = b""
        self._epoll = select.epoll()
        self._epoll.register(control.fileno(), select.EPOLLIN)
        self._flows: dict[int, Flow] = {}  # by the descriptor that is read
        self._connections: set[Connection] = set()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stalled_until = 0.0
        self._break_after: tuple[float, float] | None = None
        self._chance = random.Random(0)
        self._counts = dict.fromkeys(("connections", "requests", "most_open", "resets"), 0)
        self._up, self._down = Direction(), Direction()
        self._handshake = 0.0
        self._listener: socket.socket | None = None
        self._upstream = ("127.0.0.1", 0)
        self._ended = False

    def run(self) -> None:
        while not self._ended:
            for descriptor, events in self._epoll.poll(self._patience()):
                if descriptor in self._flows:
                    self._touched(descriptor, events)
                elif descriptor == self._control.fileno():
                    self._obey()
                else:
                    self._accept()
            now = time.monotonic()
            if now < self._stalled_until:
                continue
            while self._timers and self._timers[0][0] <= now + MILLISECOND / 2:
                heapq.heappop(self._timers)[2]()
            for direction in (self._up, self._down):
                self._move(direction, now)

    def _patience(self) -> float:
        """Seconds until something is due. epoll rounds up to milliseconds, so half of one is taken off."""
        now = time.monotonic()
        if now < self._stalled_until:
            return self._stalled_until - now
        due = min(self._up.due(now), self._down.due(now), self._timers[0][0] if self._timers else now + 60)
        return max(0.0, due - now - MILLISECOND / 2)

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._order), act))

    # Connections

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection = Connection(client)
            self._connections.add(connection)
            self._counts["connections"] += 1
            self._counts["most_open"] = max(self._counts["most_open"], len(self._connections))
            if self._handshake:
                self._at(time.monotonic() + self._handshake, partial(self._open, connection))
            else:
                self._open(connection)

    def _open(self, connection: Connection) -> None:
        """What the client sent meanwhile is read from now on."""
        if connection.closed:
            return
        try:
            server = socket.create_connection(self._upstream, timeout=5)
        except OSError:
            self._reset(connection)
            return
        for flow in connection.open(server, self._up, self._down):
            self._flows[flow.source.fileno()] = flow
        for sock in (connection.client, server):
            self._epoll.register(sock.fileno(), EDGES)
        self._break_later(connection)

    def _break_later(self, connection: Connection) -> None:
        if self._break_after:
            self._at(time.monotonic() + self._chance.uniform(*self._break_after), partial(self._break, connection))

    def _break(self, connection: Connection) -> None:
        if not connection.closed and not connection.stranded:
            self._counts["resets"] += 1
            self._reset(connection)

    def _reset(self, connection: Connection) -> None:
        for sock in connection.sockets():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        if connection.closed:
            return
        connection.closed = True
        self._connections.discard(connection)
        for sock in connection.sockets():
            self._flows.pop(sock.fileno(), None)
            sock.close()

    def _strand(self, connection: Connection) -> None:
        """The client's end stays open and silent until the client closes it."""
        server = connection.strand()
        if server is None:
            self._close(connection)
            return
        self._flows.pop(server.fileno(), None)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        server.close()

    # Bytes

    def _touched(self, descriptor: int, events: int) -> None:
        flow = self._flows[descriptor]
        if flow.connection.stranded:
            if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
                self._close(flow.connection)
            return
        if events & READABLE:
            flow.readable = True
            flow.ending = flow.ending or bool(events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR))
            flow.line_up()
        if events & select.EPOLLOUT and flow.back.unsent:
            self._write(flow.back)

    def _move(self, direction: Direction, now: float) -> None:
        """Deliver what has arrived, and take in what there is room for."""
        queue = direction.under_way
        while queue and queue[0][0] <= now + MILLISECOND / 2:
            _, flow, data = queue.popleft()
            if not flow.connection.closed and not flow.connection.stranded:
                flow.unsent.append(data)
                if len(flow.unsent) == 1:
                    self._write(flow)
        waiting = direction.waiting
        while waiting and direction.has_room(now):
            flow = waiting.popleft()
            flow.waits = False
            if not flow.connection.closed and not flow.connection.stranded:
                self._read(flow, now)

    def _read(self, flow: Flow, now: float) -> None:
        try:
            data = flow.source.recv(flow.direction.block)
        except BlockingIOError:
            flow.readable = False
            return
        except OSError:
            self._reset(flow.connection)
            return
        if flow.direction.is_cut_by(len(data)):
            self._break(flow.connection)
            return
        self._counts["requests"] += flow.note(data)
        if data and len(data) < flow.direction.block and not flow.ending:
            flow.readable = False
        flow.direction.send(flow, data, now)
        if flow.direction.is_plain and not flow.unsent:  # no detour for what arrives at once
            self._move_now(flow)
        flow.line_up()

    def _move_now(self, flow: Flow) -> None:
        _, _, data = flow.direction.under_way.pop()
        flow.unsent.append(data)
        self._write(flow)

    def _write(self, flow: Flow) -> None:
        unsent = flow.unsent
        try:
            while unsent:
                data = unsent[0]
                if not data:
                    flow.target.shutdown(socket.SHUT_WR)
                    flow.ended = True
                    unsent.clear()
                    break
                sent = flow.target.send(data)
                flow.inside -= sent
                if sent < len(data):
                    unsent[0] = memoryview(data)[sent:]
                    break
                unsent.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._reset(flow.connection)
            return
        if flow.ended and flow.back.ended:
            self._close(flow.connection)
        else:
            flow.line_up()

    # Orders

    def _obey(self) -> None:
        more = self._control.recv(65536)
        if not more:
            self._ended = True
            return
        *lines, self._asked = (self._asked + more).split(b"\n")
        for line in lines:
            order = json.loads(line)
            answer = getattr(self, f"do_{order.pop('do')}")(**order)
            self._control.sendall(json.dumps(answer or {}).encode() + b"\n")

    def do_listen(self, upstream: tuple[str, int], **quality: Any) -> dict[str, Any]:
        self._upstream = (upstream[0], upstream[1])
        self.do_become(**quality)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_AHEAD)
        self._listener.setblocking(False)
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        return {"port": self._listener.getsockname()[1]}

    def do_become(self, round_trip: float, up: float, down: float, handshakes: int) -> None:
        self._handshake = round_trip * handshakes
        self._up.become(round_trip / 2, up)
        self._down.become(round_trip / 2, down)

    def do_counts(self) -> dict[str, Any]:
        return {**self._counts, "sent": self._up.carried, "received": self._down.carried}

    def do_reset_counts(self) -> None:
        self._counts = dict.fromkeys(self._counts, 0)
        self._up.carried = self._down.carried = 0

    def do_cpu(self) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu": used.ru_utime + used.ru_stime}

    def do_break_connections(self, after: tuple[float, float] | None, seed: int) -> None:
        self._break_after, self._chance = after, random.Random(seed)
        for connection in self._connections:
            self._break_later(connection)

    def do_drop(self, seconds: float) -> None:
        self._stalled_until = max(self._stalled_until, time.monotonic() + seconds)

    def do_cut_all(self) -> None:
        for connection in list(self._connections):
            self._break(connection)

    def do_cut_at(self, sent: list[int], received: list[int]) -> None:
        self._up.cuts, self._down.cuts = sorted(sent), sorted(received)

    def do_change_address(self) -> None:
        for connection in list(self._connections):
            self._strand(connection)


if __name__ == "__main__":
    Wire(socket.socket(fileno=int(sys.argv[1]))).run()
