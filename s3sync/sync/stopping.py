"""Runs that end before they change anything: noted, so that `undo` takes no earlier run for the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from s3sync.core.times import format_time
from s3sync.errors import LocalError
from s3sync.state.journal import Done, Journal, Stopped
from s3sync.state.memory import StateDB
from s3sync.sync.hooks import Witness
from s3sync.sync.session import Session


@contextmanager
def noting_stops(session: Session, state: StateDB, verb: str) -> Iterator[Witness]:
    """Note it if the block ends in an error before the witness heard of an effect. One that ends well is none."""
    journal, heard, ended = Journal(state), [False], False

    def hear(done: Sequence[Done]) -> None:
        heard[0] = heard[0] or bool(done)

    try:
        yield hear
        ended = True
    finally:
        with suppress(LocalError):  # the disk that is full ended the run, and that is told
            if not ended and not heard[0] and journal.has_any():
                journal.stop(Stopped(verb, format_time(session.clock())))
            elif ended and journal.stopped() is not None:
                journal.forget_stopped()
