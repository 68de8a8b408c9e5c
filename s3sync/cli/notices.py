"""Notices of a command: sent in the background while its report is shown, and told when they were not sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from s3sync.cli.call import Call

EVERY_S = 60.0
"""A watch sends at most one message in that time, with what other commands left to send."""
FIRST_S = 5.0
"""Time that it collects before the first one."""
MOST_UNKEPT = 1_000

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.core.notices import Line, Notice
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
    """Begin to send the notices whose events were chosen, with those that waited, as one message.

    None where there are none, and where enough messages were sent just now: then they wait.
    """
    lines = _chosen(settings, found)
    if _keep(settings, lines):
        return _send_kept(settings, has_new=bool(lines))
    from s3sync.core.notices import message
    from s3sync.team.notices.send import Sending

    return Sending(settings.notify, *message(lines))


def tell(settings: Settings, found: Iterable[Notice]) -> bool:
    """Send notices and wait for the end of it; True if they were sent, or are kept for whoever sends next."""
    lines = _chosen(settings, found)
    if _keep(settings, lines):
        sending = _send_kept(settings, has_new=True)
        if sending is not None:
            warn_of_failures(sending)
        return True
    from s3sync.core.notices import message
    from s3sync.team.notices.send import Sending

    return warn_of_failures(Sending(settings.notify, *message(lines)))


def _chosen(settings: Settings, found: Iterable[Notice]) -> list[Line]:
    from s3sync.config import is_of_repository
    from s3sync.core.notices import DEFAULT_TEXT, lines_of

    chosen = (one for one in found if one.event in settings.notices.events)
    is_of_others = is_of_repository(settings.origins.get("notices", ""))
    return lines_of(chosen, settings.notices.text or DEFAULT_TEXT, is_of_others=is_of_others)


def _keep(settings: Settings, lines: Sequence[Line]) -> bool:
    """Keep them until they are sent; False where this computer cannot."""
    from s3sync.team.notices.waiting import Waiting

    return not lines or Waiting(os.environ, settings.notify).add(lines)


def _send_kept(settings: Settings, *, has_new: bool) -> Sending | None:
    from s3sync.core.notices import message
    from s3sync.team.notices.waiting import Waiting

    batch = Waiting(os.environ, settings.notify).take(has_new=has_new)
    if batch is None:
        return None
    from s3sync.team.notices.send import Sending

    return Sending(settings.notify, *message(batch.lines, batch.more), batch.done)


def warn_of_failures(sending: Sending) -> bool:
    """Wait for the end of it, which is a matter of seconds, and say what was not sent. True if any address took it."""
    from s3sync.cli.output import printable, warn
    from s3sync.errors import ConfigError

    try:
        sent = sending.finish()
    except ConfigError as error:
        warn(f"warning: {printable(str(error))}: {printable(error.hint or '')}")
        return False
    for one in sent:
        if one.why is not None:
            warn(f"warning: the notice to {printable(one.address)} was not sent: {printable(one.why)}")
    return any(one.why is None for one in sent)


class Digest:
    """Notices of a watch, collected into few messages. Safe to use from any thread; `close` sends what is left.

    What others left to be sent goes with them, also where the watch itself has nothing to tell.
    """

    def __init__(self, settings: Settings, *, first_s: float = FIRST_S, every_s: float = EVERY_S) -> None:
        self._settings, self._first_s, self._every_s = settings, first_s, every_s
        self._lock, self._stop = Lock(), Event()
        self._unkept: list[Line] = []
        self._has_new = False
        self._thread = Thread(target=self._work, name="s3sync-digest", daemon=True)
        if settings.notify:
            self._thread.start()

    def add(self, found: Iterable[Notice]) -> None:
        lines = _chosen(self._settings, found) if self._settings.notify else []
        are_kept = _keep(self._settings, lines)
        with self._lock:
            self._has_new = self._has_new or bool(lines)
            if not are_kept:
                self._unkept = [*self._unkept, *lines][:MOST_UNKEPT]

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._settings.notify:
            self._flush()

    def _work(self) -> None:
        wait_s = self._first_s
        while not self._stop.wait(wait_s):
            self._flush()
            wait_s = self._every_s

    def _flush(self) -> None:
        from s3sync.core.notices import message
        from s3sync.team.notices.send import Sending

        with self._lock:
            unkept, self._unkept = self._unkept, []
            has_new, self._has_new = self._has_new, False
        own = Sending(self._settings.notify, *message(unkept)) if unkept else None
        for sending in (own, _send_kept(self._settings, has_new=has_new)):
            if sending is not None:
                warn_of_failures(sending)
