"""How many requests are under way follows what the line shows: a simulated line, no clock and no thread."""

from __future__ import annotations

import heapq

import pytest

from s3sync.transfer.flow import CEILING, FEWEST_BYTES, FLOOR, MOST_BYTES, Flow, first_limit

KIB = 1024


class Line:
    """A line with a round trip, a width in bytes, and a store that answers so many requests a second."""

    def __init__(self, round_trip_s: float, bytes_a_second: float = 1e9, answers_a_second: float = 1e9) -> None:
        self.round_trip_s, self.width, self.answers = round_trip_s, bytes_a_second, answers_a_second
        self.now = 0.0
        self._free_at = 0.0

    def ends(self, size: int) -> float:
        """When a request that begins now is answered: each takes its turn on the line, and then a round trip."""
        self._free_at = max(self._free_at, self.now) + max(size / self.width, 1 / self.answers)
        return self._free_at + self.round_trip_s


def send(flow: Flow, line: Line, requests: int, size: int = 4 * KIB) -> float:
    """Send so many requests, as the pool does; returns how long it took."""
    under_way: list[tuple[float, float]] = []
    begun, began_at, on_line = 0, line.now, 0
    while begun < requests or under_way:
        while begun < requests and (not under_way or (len(under_way) < flow.limit and on_line + size <= flow.budget)):
            heapq.heappush(under_way, (line.ends(size), line.now))
            begun, on_line = begun + 1, on_line + size
        ended, began = heapq.heappop(under_way)
        line.now, on_line = max(line.now, ended), on_line - size
        flow.answered(began, line.now, size, more=begun < requests)
    return line.now - began_at


@pytest.mark.parametrize(
    ("round_trip_s", "ceiling", "limit"),
    [
        (None, 256, FLOOR),
        (0.0005, 256, FLOOR),
        (0.01, 256, FLOOR),
        (0.05, 256, 50),
        (0.1, 256, 100),
        (0.4, 256, 256),
        (9.0, 256, 256),
        (9.0, 20, 20),
        (0.0005, 4, 4),
        (None, 1, 1),
    ],
)
def test_it_begins_with_what_the_first_round_trips_justify(
    round_trip_s: float | None, ceiling: int, limit: int
) -> None:
    assert first_limit(round_trip_s, ceiling) == limit
    assert Flow(ceiling, round_trip_s).limit == limit


@pytest.mark.parametrize("round_trip_s", [0.05, 0.1, 0.2, 0.3])
def test_it_grows_while_the_rate_grows(round_trip_s: float) -> None:
    """Begun with the fewest, on a line that carries all: the ceiling is reached within a few round trips."""
    flow, line = Flow(), Line(round_trip_s)
    assert flow.limit == FLOOR
    took = send(flow, line, 1000)
    assert flow.limit == CEILING
    assert took <= 10 * round_trip_s


@pytest.mark.parametrize(
    ("round_trip_s", "answers_a_second"), [(0.05, 400), (0.2, 100), (0.2, 300), (0.001, 5000), (0.02, 1000)]
)
def test_a_store_that_is_full_gets_no_more(round_trip_s: float, answers_a_second: float) -> None:
    """Twice what is under way on the line itself: as fast as it goes, with a short queue."""
    flow, line = Flow(), Line(round_trip_s, answers_a_second=answers_a_second)
    took = send(flow, line, 3000)
    assert flow.limit <= max(FLOOR, 2.5 * round_trip_s * answers_a_second + 2)
    assert took <= 1.1 * (3000 / answers_a_second) + 10 * round_trip_s


def test_it_shrinks_on_a_line_that_is_full() -> None:
    """The first round trips took long, for another reason: begun with far too many."""
    flow, line = Flow(round_trip_s=0.5), Line(0.05, bytes_a_second=1_000_000)
    assert flow.limit == CEILING
    send(flow, line, 2000)
    assert flow.limit < 100


def test_it_follows_a_line_that_becomes_another() -> None:
    flow = Flow()
    send(flow, Line(0.2), 2000)
    assert flow.limit == CEILING
    slow = Line(0.01, answers_a_second=100)
    slow.now = 1000.0
    send(flow, slow, 5000)
    assert flow.limit == FLOOR


@pytest.mark.parametrize("ceiling", [1, 3, 16, 100])
def test_the_ceiling_is_never_passed(ceiling: int) -> None:
    flow = Flow(ceiling)
    send(flow, Line(0.3), 2000)
    assert flow.limit == ceiling


def test_failures_halve_it_and_answers_bring_it_back() -> None:
    flow, line = Flow(round_trip_s=0.3), Line(0.2)
    send(flow, line, 1000)
    seen = []
    for _ in range(4):
        flow.failed(line.now)
        seen.append(flow.limit)
    assert seen == [128, 64, 32, 16]
    send(flow, line, 20_000)
    assert flow.limit == CEILING


def test_failures_without_end_leave_one() -> None:
    flow = Flow()
    for _ in range(100):
        flow.failed(1.0)
    assert flow.limit == 1


def test_a_lack_of_work_is_no_lack_of_line() -> None:
    """Files that come one by one say nothing of what the line carries."""
    flow, line = Flow(round_trip_s=0.3), Line(0.2)
    send(flow, line, 1000)
    for _ in range(1000):
        flow.answered(line.now, line.now + 0.2, 4 * KIB, more=False)
        line.now += 0.2
    assert flow.limit == CEILING


@pytest.mark.parametrize("size", [4 * KIB, 64 * KIB, 1024 * KIB])
def test_a_thin_line_has_few_bytes_under_way(size: int) -> None:
    """None may wait for longer than a server waits for a body: 1 Mbit/s, 100 ms."""
    flow, line = Flow(round_trip_s=0.2), Line(0.1, bytes_a_second=125_000)
    assert flow.budget == FEWEST_BYTES
    send(flow, line, 300, size)
    assert flow.budget == FEWEST_BYTES
    assert flow.budget / line.width < 30


def test_a_wide_line_has_as_many_bytes_under_way_as_memory_allows() -> None:
    flow, line = Flow(round_trip_s=0.2), Line(0.1, bytes_a_second=1e9)
    send(flow, line, 3000, 1024 * KIB)
    assert flow.budget == MOST_BYTES


def test_where_connections_break_less_is_under_way_and_the_line_is_full_all_the_same() -> None:
    """What is under way beyond what the line needs is what a break or an outage costs."""
    broken = 0
    flow, line = Flow(round_trip_s=0.05, breaks=lambda: broken), Line(0.05, bytes_a_second=5_000_000)
    needed = 0.05 * 5_000_000 / (4 * KIB)
    send(flow, line, 3000)
    assert flow.limit > 1.8 * needed
    broken += 1
    flow.answered(line.now - 0.05, line.now, 4 * KIB, more=True)
    assert flow.limit <= 1.3 * needed, "at once"
    took = send(flow, line, 400)
    assert flow.limit <= 1.6 * needed
    assert took <= 1.1 * 400 * 4 * KIB / 5_000_000 + 0.1
    send(flow, line, 4000)
    assert flow.limit > 1.8 * needed, "trust grows back"


def test_a_break_before_anything_was_measured_is_remembered() -> None:
    broken = 0
    flow, line = Flow(round_trip_s=0.05, breaks=lambda: broken), Line(0.05, bytes_a_second=5_000_000)
    broken += 3
    send(flow, line, 300)
    assert flow.limit <= 1.6 * 0.05 * 5_000_000 / (4 * KIB)
