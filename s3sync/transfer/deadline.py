"""An end of work by the clock: what runs stops as cleanly as after Ctrl-C, and resumes the next time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from s3sync.transfer.pool import Pool


@contextmanager
def stopping_in(pool: Pool, seconds: float | None) -> Iterator[None]:
    """Stop a pool after so many seconds, unless the block has ended before. None: never."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(max(0.0, seconds), pool.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
