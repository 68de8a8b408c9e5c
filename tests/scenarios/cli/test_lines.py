"""The lines of files that arrived."""

from __future__ import annotations

import threading

from s3sync.cli.call import Call
from s3sync.cli.progress import watching


def timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_nobody_writes_any_more_when_the_command_is_done() -> None:
    """A thread that flushes stdout while Python ends makes Python abort."""
    with watching(Call()) as lines:
        lines.show("one, which is flushed at once")
        lines.show("two, which is flushed later")
        assert timers()
    assert not timers()
