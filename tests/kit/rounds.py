"""Round trips, counted: which requests of a command wait for which, whatever the machine and the line are like.

    with Rounds(server.endpoint_url) as proxy:
        told = proxy.watch(person, "status")     # a person whose endpoint is proxy.endpoint_url
        assert told.code == 0 and len(told.rounds) <= 3, told

The proxy holds every request until the command has nothing left to do but wait. Then all that it holds go on together,
and their answers come back: that was one round trip. What is sent then belongs to the next. A new connection takes a
round trip of its own, and so does `Expect: 100-continue`, as on a real line (TLS would take one or two more). Bodies
take no round trips: the line is as wide as can be.

A command waits when its processes and the proxy sleep and use no processor, so nothing is decided by the clock; only a
command that sleeps on purpose for longer than QUIET_S is taken for one that waits. Linux only, as it looks into /proc.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.people import Person, Result
from tests.kit.proxy import Proxy, Request
from tests.kit.proxy.connection import Connection

QUIET_S = 0.05
LOOKS = 5  # within QUIET_S
BUSY_NS = 2_000_000  # more processor time than this within QUIET_S is work; less is a clock on the screen
SERVER_S = 10.0  # a round waits for the server's answers so long at most
PATIENCE_S = 120.0
CONNECT = "connect"


@dataclass(frozen=True)
class Watched(Result):
    """A command's result, and what it sent in each round trip: operations with the ends of their keys, sorted."""

    rounds: list[list[str]] = field(default_factory=list)
    connections: int = 0

    @property
    def requests(self) -> int:
        return sum(sent != CONNECT for sent_together in self.rounds for sent in sent_together)

    @property
    def story(self) -> str:
        """What was sent, a line for each round trip."""
        return "\n".join(f"{number}: {summed(sent)}" for number, sent in enumerate(self.rounds, 1))

    def __str__(self) -> str:
        return f"{self.story}\n{super().__str__()}"


def summed(sent: list[str]) -> str:
    """`connect, 20 PutObject`: what was sent together, without the keys where there are several of a kind."""
    counts: dict[str, list[str]] = {}
    for name in sent:
        counts.setdefault(name.partition(" ")[0], []).append(name)
    return ", ".join(names[0] if len(names) == 1 else f"{len(names)} {kind}" for kind, names in counts.items())


@dataclass(eq=False)
class Held:
    """A request that waits for its round, in its connection's thread."""

    name: str
    connection: Connection
    goes: threading.Event = field(default_factory=threading.Event)


class Rounds(Proxy):
    """A proxy that lets requests through round by round while watch() watches a command, and otherwise at once."""

    def __init__(self, upstream_url: str, secrets: Mapping[str, str] | None = None) -> None:
        super().__init__(upstream_url, secrets)
        self._watching = False
        self._held: list[Held] = []
        self._rounds: list[list[str]] = []
        self._gathering: list[str] = []  # connections opened in this round
        self._opened_in: dict[Connection, int] = {}
        self._abroad: set[Connection] = set()  # whose request went on and is not answered in full
        self._moved = 0
        self._new_connections = 0

    def watch(self, person: Person, *words: str) -> Watched:
        """Run `s3sync` with these words to its end, and say which round trips it took."""
        with self._changed:
            self._rounds, self._gathering, self._held, self._new_connections = [], [], [], 0
            self._opened_in.clear()
            self._watching = True
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [*person.program, *words],
                cwd=person.project if person.project.is_dir() else person.repo,
                env=person.env(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                self._conduct(process)
            finally:
                process.kill()
                process.wait()
                self._let_all_go()
            printed = []
            for file in (out, err):
                file.seek(0)
                printed.append(file.read().decode())
        return Watched(process.returncode, printed[0], printed[1], self._rounds, self._new_connections)

    def _conduct(self, process: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        while process.poll() is None:
            assert time.monotonic() - began < PATIENCE_S, f"the command did not end: {self._rounds}"
            if self._held and self._is_waiting(process.pid):
                self._next_round()
            else:
                time.sleep(QUIET_S / LOOKS)

    def _is_waiting(self, pid: int) -> bool:
        """Whether the command did nothing for a while, and everything that it had asked for has come."""
        used, moved, held = processor_ns(pid), self._moved, len(self._held)
        looks = LOOKS if not self._abroad else round(LOOKS * SERVER_S / QUIET_S)
        for look in range(1, looks + 1):
            if is_running(pid) or is_behind():
                return False
            time.sleep(QUIET_S / LOOKS)
            if moved != self._moved or held != len(self._held):
                return False
            if look % LOOKS == 0:
                if processor_ns(pid) - used > BUSY_NS:
                    return False
                used = processor_ns(pid)
                if not self._abroad:
                    return True
        return True

    def _next_round(self) -> None:
        with self._changed:
            number = len(self._rounds)
            ready = [held for held in self._held if self._opened_in.get(held.connection, -1) < number]
            self._held = [held for held in self._held if held not in ready]
            self._rounds.append([*self._gathering, *sorted(held.name for held in ready)])
            self._gathering = []
            self._abroad.update(held.connection for held in ready)
        for held in ready:
            held.goes.set()

    def _let_all_go(self) -> None:
        with self._changed:
            self._watching = False
            held, self._held = self._held, []
        for request in held:
            request.goes.set()

    # What the connections' threads do

    def accepted(self, connection: Connection) -> None:
        with self._changed:
            if self._watching:
                self._opened_in[connection] = len(self._rounds)
                self._gathering.append(CONNECT)
                self._new_connections += 1
                self._moved += 1

    def arrived(self, connection: Connection, request: Request) -> None:
        self._hold(connection, f"{request.operation} {request.key.rpartition('/')[2]}".strip())

    def answering(self, connection: Connection, request: Request) -> None:
        """The body after `100 Continue` left the client a round later than the head."""
        if request.headers.get("expect", "").lower() == "100-continue":
            with self._changed:
                self._abroad.discard(connection)
            self._hold(connection, f"(body of {request.operation})")

    def answered(self, connection: Connection) -> None:
        with self._changed:
            self._abroad.discard(connection)
            self._moved += 1

    def note(self, request: Request, sent: int = 0, received: int = 0, status: int | None = None) -> None:
        super().note(request, sent, received, status)
        self._moved += 1

    def _hold(self, connection: Connection, name: str) -> None:
        with self._changed:
            if not self._watching:
                return
            held = Held(name, connection)
            self._held.append(held)
            self._moved += 1
        held.goes.wait(PATIENCE_S)


def family(pid: int) -> list[int]:
    """The process and all that it started."""
    found = [pid]
    for known in found:
        for children in Path(f"/proc/{known}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def processor_ns(pid: int) -> int:
    """Processor time that it and all its threads used so far."""
    return sum(int(fields[0]) for fields in _of_threads(pid, "schedstat"))


def is_running(pid: int) -> bool:
    """Whether any thread works, or waits for a processor or a disk."""
    return any(fields[0] in "RD" for fields in _of_threads(pid, "stat"))


def is_behind() -> bool:
    """Whether a thread of the proxy works, or waits for a processor: what was sent may not have been read yet."""
    own, states = threading.get_native_id(), []
    for path in Path("/proc/self/task").glob("*/stat"):
        try:
            number, _, rest = path.read_text().partition(" ")
        except OSError:
            continue
        if int(number) != own:
            states.append(rest.rpartition(")")[2].split()[0])
    return any(state in "RD" for state in states)


def _of_threads(pid: int, file: str) -> list[list[str]]:
    """The fields of that file of each thread, from behind the name on."""
    found = []
    for process in family(pid):
        for path in Path(f"/proc/{process}/task").glob(f"*/{file}"):
            try:
                found.append(path.read_text().rpartition(")")[2].split())
            except OSError:
                continue
    return found
