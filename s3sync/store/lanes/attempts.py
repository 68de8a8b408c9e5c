"""Try again, with a patience that depends on what went wrong."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from s3sync.store.lanes.errors import patience
from s3sync.store.lanes.failures import Failure, is_panic, is_vendors, wrapped
from s3sync.store.lanes.limiter import Limiter
from s3sync.store.watch import WATCH, Retry

_BASE_S = 0.1
_CAP_S = 8.0
_OUTAGE = 3
"""Times the usual patience for a server that answered before: its address is right, and a line comes back."""
FARTHER = 1.1
"""An attempt that lasted so many times as long as any before it got farther with its body, and not by chance."""
FARTHER_S = 1.0
"""Seconds that it lasted at the least: shorter ones differ by how busy this computer is, and would go on for ever."""
ATTEMPTS_S = 10.0
"""Times that the longest attempt is repeated without getting farther, and without any answer to another request."""
OTHERS_S = 600.0
"""Time for which the answers to others count: something on the way may break this request alone, for what is in it."""
BUSY = (429, 503)
_MOST_SAID = 100
_T = TypeVar("_T")


class RequestFailed(Exception):
    """A request failed for good; never leaves the adapter."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Retries:
    """The attempts of one operation. Waits with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter").

    `uncertain` says that an earlier attempt may have been carried out although it failed: its answer was lost.
    Patience begins with the first failure: on a slow line one part takes longer to send than any patience lasts. Where
    connections break in the middle it begins anew as long as there is progress: an attempt that got farther than those
    before it, or another request to the store that was answered since.
    """

    def __init__(
        self,
        limiter: Limiter,
        server: str,
        doing: str,
        most: int | None = None,
        renew: Callable[[float], None] = lambda began: None,
    ) -> None:
        """`server` and `doing` say to a person who waits what is waited for: "https://... to read".

        `most`: how often to try again at the most, however long the patience. `renew` is called after an attempt that
        began then and met with silence: no connection that was open by then is to be used for the next one.
        """
        self._limiter, self._server, self._most, self._renew = limiter, server, most, renew
        self._doing = doing.removesuffix(" of").removesuffix(" to").removesuffix(" below")
        self.uncertain = False
        self._failing_since: float | None = None
        self._met_silence = False
        self._count, self._longest_s, self._stuck_since, self._answers = 0, 0.0, 0.0, limiter.answers

    def run(self, call: Callable[[], _T], read: Callable[[BaseException], Failure]) -> _T:
        """The result of `call`. Raises `RequestFailed` when it keeps failing, and at once what is no vendor's error."""
        while True:
            began = time.monotonic()
            try:
                with self._limiter, WATCH.request(f"{self._server} to {self._doing}"):
                    began = time.monotonic()
                    result = call()
            except BaseException as error:
                ours = wrapped(error)
                if ours is not None:
                    raise ours from None
                if not (is_vendors(error) or is_panic(error)):
                    raise
                failure = read(error)
            else:
                self._limiter.took(time.monotonic() - began)
                self._limiter.answered()
                self.counted()
                return result
            if failure.status and not failure.retried:
                self._limiter.took(time.monotonic() - began)
            if 200 <= failure.status < 500 and failure.status not in BUSY:
                self.counted()  # a refusal is billed, an error of the server's is not
            if failure.status in BUSY:
                self._limiter.slow_down()
            self._limiter.breaks += failure.cause == "broken"
            if failure.silent:
                self._renew(began)
            self.again(failure, time.monotonic() - began)

    def counted(self) -> None:
        """Count one request that is billed."""
        self._limiter.tally.count(self._doing)

    def again(self, failure: Failure, lasted_s: float = 0.0) -> None:
        """Wait before another attempt, or raise `RequestFailed`. `lasted_s`: how long the one that failed lasted."""
        self.uncertain = self.uncertain or failure.retried
        self._count += 1
        now = time.monotonic()
        renewed = failure.silent and not self._met_silence  # what follows a silence is tried over new connections
        if self._got_farther(failure, lasted_s, now) or renewed or self._failing_since is None:
            self._failing_since = now
        self._met_silence = self._met_silence or failure.silent
        wait = random.uniform(0, min(_CAP_S, _BASE_S * 2**self._count))
        tired = self._most is not None and (self._count > self._most or failure.retried)  # by the library: as often
        allowed = patience(failure)
        if failure.cause == "connect" and self._limiter.shortest_s is not None:
            allowed *= _OUTAGE
        if failure.cause == "broken":
            allowed = max(allowed, ATTEMPTS_S * self._longest_s)
        if tired or now + wait - self._failing_since > allowed:
            raise RequestFailed(failure) from None
        self.uncertain = self.uncertain or failure.cause in ("broken", "truncated") or failure.status >= 500
        why = failure.message or failure.code or (f"status {failure.status}" if failure.status else failure.cause)
        WATCH.retrying(Retry(f"{self._doing} at {self._server}", why[:_MOST_SAID], self._count))
        time.sleep(wait)

    def _got_farther(self, failure: Failure, lasted_s: float, now: float) -> bool:
        """True if there was progress since the last failure, so that it is the line that breaks, and not this request.

        In a silence nothing moves, however long it lasts; and an answer that says no is none of a line that breaks.
        """
        if failure.cause != "broken":
            return False
        is_one = not (failure.silent or failure.retried)  # with pauses of the library in it, it lasted for nothing
        farther = is_one and lasted_s > max(FARTHER_S, FARTHER * self._longest_s)
        if farther:
            self._longest_s, self._stuck_since = lasted_s, now
        others, self._answers = self._limiter.answers != self._answers, self._limiter.answers
        return farther or (others and now - self._stuck_since < OTHERS_S)
