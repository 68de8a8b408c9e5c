"""Work that is done aside: its answers, its errors, and who waits for whom when it ends."""

from __future__ import annotations

import threading

import pytest

from s3sync.aside import Answer, Aside

PATIENCE_S = 60.0


def test_answers_are_there_when_they_are_asked_for() -> None:
    with Aside(3, "test") as aside:
        one = aside.submit(lambda number, *, more: number + more, 40, more=2)
        assert one.result() == 42
        assert one.result() == 42
        assert one.done()
        assert one.exception() is None
        assert list(aside.map(str, range(20))) == [str(number) for number in range(20)]


def test_errors_are_raised_by_whoever_asks() -> None:
    with Aside(1, "test") as aside:
        failed = aside.submit(int, "no number")
        later = aside.submit(int, "7")
        with pytest.raises(ValueError, match="no number"):
            failed.result()
        assert isinstance(failed.exception(), ValueError)
        assert later.result() == 7
        with pytest.raises(ValueError, match="x"):
            list(aside.map(int, ["1", "x", "3"]))


def test_no_more_threads_than_allowed_and_all_of_them() -> None:
    together, left = threading.Barrier(4), threading.Barrier(4)
    names: set[str] = set()

    def work(_: int) -> None:
        together.wait(PATIENCE_S)  # only four at once get past it
        names.add(threading.current_thread().name)
        left.wait(PATIENCE_S)

    with Aside(4, "four") as aside:
        list(aside.map(work, range(12)))
    assert len(names) == 4
    assert all(name.startswith("four_") for name in names)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("four_")]


def test_the_end_waits_for_what_was_begun_also_after_an_error() -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(PATIENCE_S)
        done.set()

    with pytest.raises(ZeroDivisionError), Aside(2, "test") as aside:
        aside.submit(work)
        go.set()
        raise ZeroDivisionError
    assert done.is_set()


def test_ctrl_c_waits_for_nobody_and_drops_what_has_not_begun() -> None:
    begun, go = threading.Event(), threading.Event()
    called: list[int] = []

    def work() -> None:
        begun.set()
        go.wait(PATIENCE_S)

    with pytest.raises(KeyboardInterrupt), Aside(1, "stopped") as aside:
        aside.submit(work)
        waiting = aside.submit(called.append, 1)
        assert begun.wait(PATIENCE_S)
        raise KeyboardInterrupt
    left = [thread for thread in threading.enumerate() if thread.name.startswith("stopped_")]
    assert left, "it was waited for"
    go.set()
    for thread in left:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert called == []
    assert not waiting.done()


def test_an_answer_may_be_set_by_anybody() -> None:
    answer: Answer[str] = Answer()
    assert not answer.done()
    threading.Timer(0.01, answer.set_result, ["told"]).start()
    assert answer.result() == "told"
