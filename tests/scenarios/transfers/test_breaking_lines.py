"""Lines that break again and again: the files arrive without anybody's help, and little is moved twice."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from tests.kit.proxy import Proxy, Request
from tests.scenarios.transfers.conftest import MIB, Office, content

pytestmark = [pytest.mark.seaweedfs, pytest.mark.slow]

NAME = "film.mp4"
SIZE = 160 * MIB
FILES = 1_000
AT_MOST = 1.10
"""Bytes, as a share of those on a good line. A download goes on in the middle of a part. An upload sends the parts
again that were under way: one, once the line has shown that it breaks."""
REFUSED, OUTAGE_S = 60, 15


class Trouble:
    """Cuts bodies after a while, resets all connections now and then, and once takes the line away."""

    def __init__(self, proxy: Proxy, operation: str, key: str) -> None:
        self._proxy, self._outage = proxy, threading.Event()
        cut = "cut_request_after" if operation == "UploadPart" else "cut_response_after"
        self._rules = [proxy.on(operation, key=key, nth=nth) for nth in (1, 4, 6)]
        for rule, after in zip(self._rules, (MIB, 3 * MIB, MIB // 2), strict=True):
            getattr(rule, cut)(after)
        proxy.on(operation, key=key, nth=3).before(self._take_away)

    def _take_away(self, request: Request) -> None:
        """For longer than the library underneath tries by itself; who was under way hears a reset."""
        self._proxy.unplug()
        threading.Thread(target=self._bring_back, daemon=True).start()

    def _bring_back(self) -> None:
        with suppress(TimeoutError):  # fewer parts under way try less often
            self._proxy.wait_until(lambda: self._proxy.refused >= REFUSED, OUTAGE_S, "attempts on a line that is gone")
        self._proxy.resume()
        self._outage.set()

    def happened(self) -> bool:
        return self._outage.is_set() and all(rule.hits for rule in self._rules)


def moved(office: Office) -> int:
    return office.proxy.sent + office.proxy.received


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_large_file_arrives_over_a_line_that_breaks(office: Office, verb: str) -> None:
    data = content(SIZE)
    office.david.write(NAME, data)
    if verb == "down":
        office.david.ok("up")
    person, operation = (office.david, "UploadPart") if verb == "up" else (office.jan, "GetObject")
    office.proxy.reset_counts()
    trouble = Trouble(office.proxy, operation, office.key(NAME))
    result = person.ok(verb)
    assert trouble.happened()
    assert (office.stored(NAME) if verb == "up" else office.jan.read(NAME)) == data
    assert moved(office) < AT_MOST * SIZE
    assert "retry " in result.err and " failed (" in result.err, f"the screen does not say what happens: {result.err}"


def test_many_small_files_arrive_over_a_line_that_breaks(office: Office) -> None:
    """Each fortieth answer is lost with its connection, and all connections once. A break costs what is under way."""
    for number in range(FILES):
        office.david.write(f"{number:04}.txt", f"{number} " * 800)
    good = 0
    for breaks in (False, True):
        for verb, person, operation in (("up", office.david, "PutObject"), ("down", office.jan, "GetObject")):
            if breaks:
                for nth in range(5, FILES, 40):
                    office.proxy.on(operation, key="*.txt", nth=nth).swallow_answer()
                office.proxy.on(operation, key="*.txt", nth=FILES // 2).before(lambda request: office.proxy.cut_all())
            report = person.ok(verb, "--json").json
            assert len(report["uploaded" if verb == "up" else "downloaded"]) == FILES
        if not breaks:
            good = moved(office)
            for number in range(FILES):
                office.david.write(f"{number:04}.txt", f"{number + 1} " * 800)
            office.proxy.reset_counts()
    assert office.jan.files() == office.david.files()
    assert moved(office) < AT_MOST * good
