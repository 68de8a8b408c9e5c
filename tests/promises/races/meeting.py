"""Two people's requests, brought together at the proxy, so that neither run is over before the other one begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from tests.kit.proxy import Proxy, Request

PLACES: dict[str, Callable[[Request], bool]] = {
    "anything": lambda request: True,
    "a change": lambda request: request.method in ("PUT", "DELETE"),
    "a file": lambda request: request.method in ("PUT", "DELETE") and not request.key.endswith("/metadata.json"),
    "metadata.json": lambda request: request.method == "PUT" and request.key.endswith("/metadata.json"),
}
"""Where two runs may meet, by the kind of request."""


class Meeting:
    """Within a round, requests of both wait for each other at the proxy, before the server hears of them.

    Each connection has a thread of its own there, so that a request that waits holds up nobody else.
    """

    def __init__(self, proxy: Proxy, people: Mapping[str, str]) -> None:
        """`people` are the names by their access keys."""
        self._proxy, self._people = proxy, dict(people)
        self._changed = threading.Condition()
        self._came: dict[str, set[str]] = {}
        self._gone: set[str] = set()
        self._place, self._late = PLACES["anything"], ""
        proxy.on().before(self._arrive)

    def begin(self, place: str, late: str = "") -> None:
        """A round in which both meet at their first request, and again at their first of the kind of `place`.

        With `late`, that person's request there waits until the other's run is over instead.
        """
        self._proxy.reset_counts()
        with self._changed:
            self._came, self._gone, self._place, self._late = {}, set(), PLACES[place], late

    def over(self, name: str) -> None:
        """This person's run has ended: nobody need wait for it."""
        with self._changed:
            self._gone.add(name)
            self._changed.notify_all()

    def met(self, kind: str = "anything") -> bool:
        """Whether a request of each was at the proxy before either of them was answered."""
        return self._came.get(kind) == set(self._people.values())

    def who(self, request: Request) -> str:
        """Whose request it is: the key that signed it says so."""
        key = request.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        return self._people[key]

    def _arrive(self, request: Request) -> None:
        name = self.who(request)
        for kind, meant in (("anything", PLACES["anything"]), ("place", self._place)):
            if meant(request):
                self._meet(name, kind)

    def _meet(self, name: str, kind: str) -> None:
        with self._changed:
            came = self._came.setdefault(kind, set())
            if name in came:
                return
            came.add(name)
            self._changed.notify_all()
            (other,) = set(self._people.values()) - {name}
            if kind == "place" and self._late:
                met = self._late != name or self._changed.wait_for(lambda: other in self._gone, 60)
            else:
                met = self._changed.wait_for(lambda: other in came | self._gone, 60)
            assert met, f"{name} waits for {other}"

    def refused(self) -> int:
        """Writes of this round that came too late: their condition did not hold any more."""
        return sum(request.status in (409, 412) for request in self._proxy.log)

    def changed_by(self) -> dict[str, set[str]]:
        """Who put or deleted an object in this round, by its key."""
        found: dict[str, set[str]] = {}
        for request in self._proxy.log:
            if request.method in ("PUT", "DELETE") and request.status and request.status < 300:
                found.setdefault(request.key, set()).add(self.who(request))
        return found
