"""How much of large bodies is on its way at once: as much as a break of the line may cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count

import pytest

from s3sync.core.etag import MIB, PART_SIZE
from s3sync.errors import Interrupted
from s3sync.transfer import line as line_module
from s3sync.transfer.line import AT_STAKE_S, LOOKS, MOST_NEARLY, NEARLY_BYTES, AtStake, Line
from s3sync.transfer.pool import PARTS_AT_ONCE

MB = 1_000_000


def carried(flow: AtStake, rate: float, parts: int, start: float = 0.0) -> float:
    """Parts one after the other over a line of that rate; the time when the last one has been acknowledged."""
    for number in range(parts):
        flow.begin(number, PART_SIZE, start)
        start += PART_SIZE / rate
        flow.end(number, start, acknowledged=True)
    return start


def test_nothing_is_known_of_the_line_yet() -> None:
    flow = AtStake()
    assert flow.may_begin(100 * PART_SIZE), "one body always may, however large"
    flow.begin(1, PART_SIZE, 0.0)
    assert not flow.may_begin(PART_SIZE)
    flow.moved(1, PART_SIZE - NEARLY_BYTES - 1)
    assert not flow.may_begin(PART_SIZE)
    flow.moved(1, PART_SIZE - NEARLY_BYTES)
    assert flow.may_begin(PART_SIZE), "the next one's first round trip is not waited for"
    flow.moved(1, 0)
    assert not flow.may_begin(PART_SIZE), "it is sent again from its beginning"


@pytest.mark.parametrize(
    ("round_trip_s", "rate", "left"),
    [
        (None, 6 * MB, NEARLY_BYTES),
        (0.001, 6 * MB, NEARLY_BYTES),
        (0.2, 0.1 * MB, NEARLY_BYTES),
        (0.2, 6 * MB, 2.4 * MB),
        (0.2, 100 * MB, MOST_NEARLY),
    ],
)
@pytest.mark.parametrize("known", [False, True], ids=["of the first body", "of bodies before"])
def test_the_next_begins_before_a_far_line_is_idle(
    round_trip_s: float | None, rate: float, left: float, known: bool
) -> None:
    """By as much as the line carries while a connection is opened and answers."""
    flow = AtStake(lambda: round_trip_s)
    now = carried(flow, rate, 2) if known else 0.0
    size = 100 * PART_SIZE  # one that no other may be beside
    flow.begin(9, size, now)
    for away, may in ((1.1, False), (0.9, True)):
        at = int(size - away * left)
        flow.moved(9, at, now + at / rate)
        assert flow.nearly == pytest.approx(left, rel=0.01)
        assert flow.may_begin(size) is may


def test_where_connections_break_it_begins_no_sooner() -> None:
    flow = AtStake(lambda: 0.2)
    now = carried(flow, 6 * MB, 2)
    assert flow.nearly == pytest.approx(2.4 * MB)
    flow.begin(1, PART_SIZE, now)
    flow.broke(1, now + 1)
    assert flow.nearly == NEARLY_BYTES


def test_of_one_file_five_parts_are_under_way_and_one_more_when_they_end() -> None:
    flow = AtStake()
    now = carried(flow, 100 * MB, 4)
    for number in range(PARTS_AT_ONCE):
        assert flow.may_begin(PART_SIZE, "film.mp4")
        flow.begin(100 + number, PART_SIZE, now, "film.mp4")
    assert not flow.may_begin(PART_SIZE, "film.mp4")
    assert flow.may_begin(PART_SIZE, "another.mp4") and flow.may_begin(PART_SIZE)
    for number in range(PARTS_AT_ONCE):
        flow.moved(100 + number, PART_SIZE - NEARLY_BYTES // PARTS_AT_ONCE)
    assert flow.may_begin(PART_SIZE, "film.mp4")
    flow.begin(200, PART_SIZE, now, "film.mp4")
    assert not flow.may_begin(PART_SIZE, "film.mp4")
    for number in range(2):
        flow.end(100 + number, now + 1, acknowledged=True)
    assert flow.may_begin(PART_SIZE, "film.mp4")


@pytest.mark.parametrize(
    ("rate", "at_once"), [(0.1 * MB, 1), (1 * MB, 1), (1.7 * MB, 2), (5 * MB, 5), (12 * MB, 14), (100 * MB, 119)]
)
def test_as_many_as_the_line_carries_in_ten_seconds(rate: float, at_once: int) -> None:
    flow = AtStake()
    now = carried(flow, rate, 4)
    assert flow.rate == pytest.approx(rate)
    begun = 0
    while flow.may_begin(PART_SIZE):
        flow.begin(100 + begun, PART_SIZE, now)
        begun += 1
    assert begun == at_once
    assert begun * PART_SIZE <= max(PART_SIZE, AT_STAKE_S * rate)


def test_where_connections_break_there_is_less_at_stake() -> None:
    """A break every 40 s of a connection: two seconds of the line may be lost, and come back with the trust in it."""
    flow = AtStake()
    now = carried(flow, 8 * MB, 8)
    flow.begin(100, PART_SIZE, now)
    assert flow.allowed == pytest.approx(10 * 8 * MB)
    flow.broke(100, now + 40 - 8 * PART_SIZE / (8 * MB))
    assert flow.allowed == pytest.approx(2 * 8 * MB)
    flow.begin(100, PART_SIZE, now + 40)
    assert flow.may_begin(2 * 8 * MB - PART_SIZE - 1) and not flow.may_begin(2 * 8 * MB - PART_SIZE + 1)
    flow.end(100, now + 400, acknowledged=True)
    carried(flow, 8 * MB, 4, now + 400)
    assert flow.allowed == pytest.approx(10 * 8 * MB, rel=0.01)


def test_a_line_that_becomes_thin() -> None:
    flow = AtStake()
    now = carried(flow, 100 * MB, 10)
    now = carried(flow, 1 * MB, 2, now)
    flow.begin(1, PART_SIZE, now)
    assert not flow.may_begin(PART_SIZE)


def test_what_failed_says_nothing_of_the_line() -> None:
    flow = AtStake()
    flow.begin(1, PART_SIZE, 0.0)
    flow.end(1, 0.001, acknowledged=False)
    assert flow.rate is None and flow.may_begin(PART_SIZE)


def test_threads_wait_for_each_other() -> None:
    line, most, under_way = Line(), 0, 0
    lock = threading.Lock()

    def send() -> None:
        nonlocal most, under_way
        with line.body(PART_SIZE, lambda: None) as moved:
            with lock:
                under_way += 1
                most = max(most, under_way)
            moved(MIB)
            with lock:
                under_way -= 1
            raise ConnectionError  # so that nothing is learned of the line

    def try_to_send() -> None:
        with pytest.raises(ConnectionError):
            send()

    threads = [threading.Thread(target=try_to_send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1 and not any(thread.is_alive() for thread in threads)


def test_after_a_break_a_body_waits_for_its_turn() -> None:
    """Four bodies of one part each were under way when their connections broke; they go on one after the other."""
    clock = iter(range(10_000))
    line, lock, together, under_way, most = (
        Line(lambda: float(next(clock))),
        threading.Lock(),
        threading.Barrier(4),
        0,
        0,
    )
    for _ in range(4):
        with line.body(2 * PART_SIZE, lambda: None):
            pass  # 16 MiB in a second

    def send() -> None:
        nonlocal under_way, most
        with line.body(PART_SIZE, lambda: None) as moved:
            moved(MIB)
            together.wait(30)
            moved(0)
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.05)
            with lock:
                under_way -= 1

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1 and not any(thread.is_alive() for thread in threads)


def test_a_body_that_is_sent_again_waits_for_none_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store asked to slow down: one request alone was allowed, that of a body whose turn never came, as those before
    it waited for a request."""
    monkeypatch.setattr(line_module, "LOOK_S", 0.001)
    asked = count()

    def check() -> None:
        assert next(asked) < 5 * LOOKS, "it waits without end"

    line = Line()
    with line.body(PART_SIZE, check) as moved:
        moved(PART_SIZE)
        with line.body(PART_SIZE, check):
            moved(0)


def test_whoever_waits_can_be_stopped() -> None:
    line, stopped = Line(), threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise Interrupted("interrupted")

    found: list[type[BaseException]] = []

    def wait(check: Callable[[], None]) -> None:
        try:
            with line.body(PART_SIZE, check):
                pass
        except Interrupted as error:
            found.append(type(error))

    with line.body(PART_SIZE, check):
        waiting = threading.Thread(target=wait, args=(check,))
        waiting.start()
        stopped.set()
        waiting.join(30)
    assert found == [Interrupted]
