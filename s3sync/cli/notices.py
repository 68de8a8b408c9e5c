"""Notices of a command: sent in the background while its report is shown, and told when they were not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

from s3sync.cli.call import Call

EVERY_S = 60.0
"""A watch sends at most one message in that time."""
FIRST_S = 5.0
"""Time that it collects before the first one."""
MOST_WAITING = 1_000

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.core.notices import Notice
    from s3sync.sync.report import RunReport
    from s3sync.team.notices.send import Sending


@contextmanager
def telling(call: Call, settings: Settings, found: Callable[[], Iterable[Notice]]) -> Iterator[None]:
    """Send notices of what was done while the block shows it. Their failure is a warning, and never the command's.

    `found` is not called where the settings have no address.
    """
    sending = begin(settings, found()) if settings.notify and not call.dry_run else None
    yield
    if sending is not None:
        warn_of_failures(sending)


def of_runs(reports: Sequence[RunReport], user: str | None) -> Iterator[Notice]:
    """Notices of runs of several projects."""
    from s3sync.cli.show.notices import of_run

    for report in reports:
        yield from of_run(report, user or "")


def begin(settings: Settings, found: Iterable[Notice]) -> Sending | None:
    """Begin to send the notices whose events were chosen, as one message; None where there are none."""
    from s3sync.config import is_of_repository
    from s3sync.core.notices import DEFAULT_TEXT, message, tame
    from s3sync.team.notices.send import Sending

    wanted = [one for one in found if one.event in settings.notices.events]
    if not wanted or not settings.notify:
        return None
    text = settings.notices.text or DEFAULT_TEXT
    if is_of_repository(settings.origins.get("notices", "")):
        text = tame(text)
    return Sending(settings.notify, *message(wanted, text))


def warn_of_failures(sending: Sending) -> None:
    """Wait for the end of it, which is a matter of seconds, and say what was not sent."""
    from s3sync.cli.output import printable, warn
    from s3sync.errors import ConfigError

    try:
        sent = sending.finish()
    except ConfigError as error:
        warn(f"warning: {printable(str(error))}: {printable(error.hint or '')}")
        return
    for one in sent:
        if one.why is not None:
            warn(f"warning: the notice to {printable(one.address)} was not sent: {printable(one.why)}")


class Digest:
    """Notices of a watch, collected into few messages. Safe to use from any thread; `close` sends what is left."""

    def __init__(self, settings: Settings, *, first_s: float = FIRST_S, every_s: float = EVERY_S) -> None:
        self._settings, self._delay_s, self._every_s = settings, first_s, every_s
        self._lock = Lock()
        self._waiting: list[Notice] = []
        self._timer: Timer | None = None

    def add(self, found: Iterable[Notice]) -> None:
        with self._lock:
            self._waiting = [*self._waiting, *found][:MOST_WAITING]
            if self._waiting and self._timer is None:
                self._timer = Timer(self._delay_s, self._flush)
                self._timer.daemon = True
                self._timer.start()
                self._delay_s = self._every_s

    def close(self) -> None:
        timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            waiting, self._waiting, self._timer = self._waiting, [], None
        sending = begin(self._settings, waiting)
        if sending is not None:
            warn_of_failures(sending)
