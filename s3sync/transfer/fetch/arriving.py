"""A body that resumes where its connection ended: lines break, and an outage lasts longer than one request waits."""

from __future__ import annotations

import time
from collections.abc import Generator

from s3sync.errors import Unreachable
from s3sync.store.lanes.least_rate import LeastOverBreaks
from s3sync.store.port import Buffer
from s3sync.store.watch import WATCH, Retry
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.wanted import Wanted, check_version

PATIENCE_S = 30.0
"""Time without a byte after which a line is given up, if asking anew, which has its own patience, fails once more."""
SILENCES = 2
"""Failures after which it is not given up, however long they took: a silence of a whole outage may be followed by that
of a new address, and each is one failure of half a minute."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 3.0
LOOK_EVERY_S = 0.2


def arriving(transport: Transport, wanted: Wanted, start: int, stop: int | None) -> Generator[Buffer, None, None]:
    """Yield the bytes `start` to `stop` (None: the end) of the wanted version, over as many connections as it takes.

    Nothing is fetched twice. The body ends early where the store's answer does; more than `stop` asks for may come from
    a server that ignores ranges. Raises what the store raises, `Unreachable` after too long without a byte or
    with too few of them, and `PreconditionFailed` where the object is another one by then.
    """
    at, tries, quiet_since, rate = start, 0, 0.0, LeastOverBreaks()
    end = wanted.size if stop is None else stop
    while True:
        try:
            with transport.store.get(wanted.key, start=at, stop=stop, if_match=wanted.etag) as reader:
                check_version(reader, wanted)
                for chunk in reader:
                    at, tries = at + len(chunk), 0
                    rate.took(len(chunk))
                    yield chunk
            return
        except Unreachable as error:
            now = time.monotonic()
            tries += 1
            quiet_since = now if tries == 1 else quiet_since
            if (now - quiet_since >= PATIENCE_S and tries > SILENCES) or at >= end or rate.is_too_little():
                raise
            why = error.why or error.message
        WATCH.retrying(Retry(f"fetching {wanted.path} from byte {at:,} on", why, tries))
        _wait(transport, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**tries))


def _wait(transport: Transport, seconds: float) -> None:
    """Wait, and end soon when the run is to end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        transport.pool.check()
        time.sleep(min(LOOK_EVERY_S, left))
