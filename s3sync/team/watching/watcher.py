"""The watch itself: look, send, ask, fetch, wait. It answers no question, deletes nothing, and goes on after any error.

Whatever it does is done by the runs of `up` and `down`, with their gates and conditions: here is only when.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from s3sync.config.schemes import scheme_of
from s3sync.core.names import STATE_DIR
from s3sync.core.outcome import Problem
from s3sync.errors import LockHeld, ProjectError, S3syncError, StoreError
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile
from s3sync.staging import staging_folder
from s3sync.state.lock import WATCH, project_lock
from s3sync.sync.report import RunReport
from s3sync.sync.session import Session
from s3sync.team.githooks.waiting import Waits
from s3sync.team.watching.exchange import Exchange, wrapped
from s3sync.team.watching.looks import QUIET_S, Look, Looks
from s3sync.team.watching.pace import IDLE_FOLDER_S, IDLE_S, Pace
from s3sync.team.watching.told import Back, Begun, Deleted, Gone, Left, Ran, Started, Told, Trouble, Waiting, Works
from s3sync.team.watching.wakes import Clock, Events, RealClock

LOOK_ANYWAY_S = 60.0
"""Between two looks where events come; where none come it is the time of the next question, at most `IDLE_FOLDER_S`."""
LOOKING_SHARE = 10
"""A look takes at most one part in so many of the time: the larger a folder, the longer until the next."""
BUSY_FOR_S = 60.0
"""Time for which another s3sync may work on the project before that is told."""
IN_USE_S = 10.0
"""Between two looks at a file that is quiet, and open for writing."""
IN_USE_TOLD_S = 600.0
SLEPT_S = 30.0
MOST_TOLD = 10_000
LARGE, FEW = 100_000_000, 3
"""Bytes of an upload from which on its beginning is told, and the names that are told of it."""


class Watcher:
    """Watch one project until interrupted. `tell` is called in the thread that calls `run`; so is `beside`, with the
    time, after each step that worked."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        tell: Callable[[Told], None],
        *,
        down: bool = False,
        beside: Callable[[float], None] = lambda now: None,
        clock: Clock | None = None,
        events: Callable[[Path, Callable[[], None]], Events] = Events,
    ) -> None:
        self._exchange = Exchange(open_session)
        self._tell, self._down, self._beside = tell, down, beside
        self._clock = clock or RealClock()
        self._new_events = events
        session = self._exchange.session
        session.settings.require_user()
        self._staging = session.project.staging
        self._folder, self._named = session.project.root, session.settings.staging
        now = self._clock.now()
        self._pace = Pace(now, IDLE_S if scheme_of(session.settings.store).has_server else IDLE_FOLDER_S)
        self._looks, self._look_at = Looks(), now
        self._held = ExitStack()
        self._lock: int | None = None
        self._events: Events | None = None
        self._trouble: str | None = None
        self._busy_since: float | None = None
        self._queue_is_due = True
        self._is_gone = False
        self._in_use_since: dict[str, float] = {}
        self._said: dict[object, None] = {}
        self._waits = self._deleted = 0, 0

    def run(self) -> None:
        """Watch until `KeyboardInterrupt` ends it. Raises `LockHeld` where another watch has the project."""
        with self._held:
            try:
                self._begin()
                session = self._exchange.session
                has_events = self._events is not None and not self._events.missing
                self._tell(Started(session.place, str(self._staging), self._down, has_events))
                while True:
                    self._wait(self.step())
            finally:
                self._let_go()

    def step(self) -> float:
        """Do what is due; returns the seconds until the next step. Raises `LockHeld` as `run`."""
        if not self._is_there():
            return IDLE_FOLDER_S
        now = self._clock.now()
        if now >= self._pace.retry_at:
            try:
                self._look(now)
                self._ask(now)
                self._worked()
                self._beside(now)
            except (S3syncError, OSError) as error:
                self._failed(error)
        now = self._clock.now()
        due = max(min(self._look_at, self._pace.due), self._pace.retry_at)
        return max(0.05, min(due - now, IDLE_FOLDER_S if self._trouble else LOOK_ANYWAY_S))

    def _wait(self, seconds: float) -> None:
        before, wall = self._clock.now(), self._clock.wall()
        woken = self._clock.wait(seconds)
        now = self._clock.now()
        if self._clock.wall() - wall - (now - before) > SLEPT_S:
            self._pace.at_once(now)
            self._look_at = now
        elif woken:
            self._look_at = min(self._look_at, max(now, (self._looks.looked_at or now) + QUIET_S))

    # -- the folder

    def _is_there(self) -> bool:
        """True if the staging folder is there, and this watch holds its lock. One that vanished is waited for: what is
        not there was not deleted by anybody."""
        refused = self._why_refused()
        if refused is not None or not self._staging.is_dir():
            if not self._is_gone:
                self._is_gone = True
                self._let_go()
                self._tell(Gone(str(self._staging)) if refused is None else Trouble(refused))
            return False
        if self._is_gone or not self._holds_lock():
            was_gone, self._is_gone = self._is_gone, False
            self._let_go()
            self._begin()
            if was_gone:
                self._tell(Back(str(self._staging)))
        return True

    def _begin(self) -> None:
        self._looks, self._look_at = Looks(), self._clock.now()
        room = self._held.enter_context(state_room(self._staging))
        now = self._exchange.session.clock()
        self._lock = self._held.enter_context(project_lock(room, now=now, kind=WATCH))
        self._events = self._new_events(self._staging, self._clock.wake)
        self._events.start()

    def _let_go(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None
        self._lock = None
        self._held.close()

    def _holds_lock(self) -> bool:
        """True if the lock that is held is the one that others would find."""
        if self._lock is None:
            return False
        try:
            found = (self._staging / STATE_DIR / WATCH.file).lstat()
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self._lock))

    # -- what is finished here

    def _look(self, now: float) -> None:
        if now < self._look_at:
            return
        if self._events is not None:
            self._events.probe()
        look = self._looks.look(self._staging, self._exchange.ignored(), now)
        took = self._clock.now() - now
        self._look_at = now + max(self._until_next_look(look, now), took * LOOKING_SHARE)
        problems = self._new([*look.problems, *self._long_in_use(look.in_use, now)])
        if problems:
            self._tell(Left(problems))
        if look.finished:
            self._send(look.finished)
        if look.finished or self._queue_is_due:
            self._send_queued(look)

    def _send_queued(self, look: Look) -> None:
        """Send what waits, but for what a program is at work on: nothing of a queue is sent half-written either."""
        self._queue_is_due, busy = look.busy != [], look.busy
        queued = None if busy is None else self._exchange.send_queued(busy, self._looks.is_settled)
        if queued is not None:
            self._told(queued)

    def _long_in_use(self, names: list[str], now: float) -> Iterator[Problem]:
        """Files that a program has not let go of for a long time, so that nobody waits for them in vain."""
        self._in_use_since = {name: self._in_use_since.get(name, now) for name in names}
        for name, since in self._in_use_since.items():
            if now - since >= IN_USE_TOLD_S:
                yield Problem(name, "a program has it open for writing", "`s3sync up` sends it as it is")

    def _until_next_look(self, look: Look, now: float) -> float:
        if look.unfinished:
            return QUIET_S
        if look.in_use:
            return IN_USE_S
        if self._events is not None and self._events.come:
            return LOOK_ANYWAY_S
        return max(QUIET_S, min(self._pace.due - now, IDLE_FOLDER_S))

    def _send(self, files: dict[str, LocalFile]) -> None:
        try:
            unknown = self._exchange.unknown(files)
            self._say_begun(unknown)
            report = self._exchange.send(unknown) if unknown else None
        except BaseException:
            self._look_at = self._clock.now()  # they are found finished again
            raise
        if report is None:
            self._looks.settle(files)
            return
        left = {problem.path for problem in report.failed} | {conflict.name for conflict in report.conflicts}
        self._looks.settle(files, left | set(report.locked))
        self._told(report)

    # -- what others did

    def _ask(self, now: float) -> None:
        if now < self._pace.due:
            return
        if self._pace.ask(now):
            waits, deleted = self._exchange.list()
            self._say_deleted(deleted)
            if self._looks.reconsider():
                self._look_at = now
        else:
            asked = self._exchange.ask()
            if asked is None:
                return
            waits = asked
        if waits.files and self._down:
            self._fetch((waits.files, waits.size_bytes))
        else:
            self._say_waits(waits)

    def _fetch(self, waits: tuple[int, int]) -> None:
        began = self._clock.now()
        if not self._pace.is_to_fetch(waits, began):
            return
        try:
            report = self._exchange.fetch()
        except BaseException:
            self._exchange.forget()
            raise
        if report.failed and not report.downloaded:
            now = self._clock.now()
            self._pace.fetched_in_vain(waits, now, now - began)
        self._told(report)

    def _say_waits(self, waits: Waits) -> None:
        now = waits.files, waits.size_bytes
        if waits.files and now != self._waits:
            self._pace.active(self._clock.now())
            self._tell(Waiting(self._exchange.session.place, waits))
        self._waits = now

    def _say_deleted(self, deleted: Deleted) -> None:
        now = deleted.here, deleted.there
        if any(now) and now != self._deleted:
            self._tell(deleted)
        self._deleted = now

    # -- telling

    def _say_begun(self, files: dict[str, LocalFile]) -> None:
        size = sum(file.size for file in files.values())
        if size >= LARGE and self._is_new(("begun", *list(files)[:1], len(files), size)):
            self._tell(Begun(list(files)[:FEW], len(files), size))

    def _told(self, report: RunReport) -> None:
        if report.uploaded or report.downloaded:
            self._pace.active(self._clock.now())
        ran = Ran(
            report,
            self._new(report.failed),
            [one for one in report.conflicts if self._is_new(("conflict", one.name, one.uploaded_at))],
            [one for name, one in report.locked.items() if self._is_new(("locked", name, one.by))],
        )
        if report.uploaded or report.downloaded or ran.problems or ran.conflicts or ran.locked:
            self._tell(ran)

    def _new(self, problems: Iterable[Problem]) -> list[Problem]:
        return [problem for problem in problems if self._is_new((problem.path, problem.error))]

    def _is_new(self, what: object) -> bool:
        """True the first time: a watch says each thing once."""
        if what in self._said:
            return False
        if len(self._said) >= MOST_TOLD:
            self._said.clear()
        self._said[what] = None
        return True

    def _failed(self, error: S3syncError | OSError) -> None:
        now = self._clock.now()
        if not self._is_folder_there():
            return  # it vanished while we worked: told by the next step
        if isinstance(error, OSError):
            error = wrapped(error, self._staging)
        if isinstance(error, LockHeld):
            self._pace.retry_at = now + QUIET_S
            self._busy_since = self._busy_since if self._busy_since is not None else now
            if now - self._busy_since < BUSY_FOR_S:
                return
        else:
            self._pace.failed(now)
            self._queue_is_due = True
            self._exchange.reopen()
        if error.report is not None:
            self._told(error.report)
        # What ails the store names another object each time.
        trouble = type(error).__name__ if isinstance(error, StoreError) else str(error)
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(Trouble(error))

    def _is_folder_there(self) -> bool:
        return self._why_refused() is None and self._staging.is_dir()

    def _why_refused(self) -> ProjectError | None:
        """Reason why the folder is none to work in any more: another branch may have a link in its place, or above."""
        try:
            staging_folder(self._folder, self._named)
        except ProjectError as error:
            return error
        return None

    def _worked(self) -> None:
        self._busy_since = None
        self._pace.worked()
        if self._trouble is not None:
            self._trouble = None
            self._tell(Works())
