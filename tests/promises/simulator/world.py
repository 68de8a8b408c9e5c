"""The users' computers (real folders), the store (a real folder store), the clock, and steps being done there."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from s3sync.api import Project
from s3sync.errors import S3syncError
from s3sync.sync.session import Session
from tests.kit.people import PROJECT, REPO
from tests.promises.simulator.actions import HOME, Ignore, OtherTool, Place, RenameClone, Run, Settle, Step, Wait
from tests.promises.simulator.beside import queue_kept, run_beside
from tests.promises.simulator.crash import Countdown, in_child
from tests.promises.simulator.deeds import DO, Deeds
from tests.promises.simulator.faults import FaultyStore
from tests.promises.simulator.invariants import Attempt, Referee, Violation
from tests.promises.simulator.lab import Knobs
from tests.promises.simulator.look import queue_of, selected_of, tree
from tests.promises.simulator.memory import Memory
from tests.promises.simulator.together import LETS_GO
from tests.promises.simulator.verbs import VERBS, Asked
from tests.promises.simulator.verdicts import judge_end
from tests.promises.simulator.watching import Moments, watch
from tests.promises.simulator.way_back import agreed, happened

STEP_NS = 300_000_000
"""Three steps to a second, so that names made of the time meet."""
BETWEEN_NS = 7_000_000


class World(Deeds):
    """`root` is an empty folder. `blind` are users whose disks are said to ignore case."""

    def __init__(self, root: Path, users: tuple[str, ...], blind: tuple[str, ...] = ()) -> None:
        self.users, self.root = users, root
        self._countdown: Countdown | None = None
        self.stores = {"": self._open_store("")}
        self.remote = root / "store" / REPO / PROJECT
        self.blind = set(blind)
        self.open_files = {}
        self._opened: dict[tuple[str, Place, str], Project] = {}
        for user in users:
            _make_computer(root, user)
        at, clones = dict.fromkeys(users, HOME), dict.fromkeys(users, REPO)
        self.memory = Memory({}, at, clones)
        self.memory.referees[HOME] = Referee(self.look(), blind=frozenset(blind))
        Knobs.now_ns = lambda: self.memory.now_ns
        Knobs.ignores_case = lambda staging: any(self.stagings[user] == staging for user in self.blind)

    @property
    def counted(self) -> Counter[str]:
        return self.memory.counted

    def go_home(self) -> None:
        """Everybody takes back what changed where runs go and what they see."""
        for user in self.users:
            if self.referee.ignored.get(user):
                self.do(Ignore(user, ()))
            if selected_of(self.stagings[user]):  # the last step may have been that choice
                self.do(Run(user, "select"))
            if self.memory.clones[user] != REPO:
                self.do(RenameClone(user, REPO))
            if self.memory.at[user] != HOME:
                self.do(Settle(user))

    def _project(self, user: str) -> Project:
        """Opened as the command line opens it."""
        place, clone = self.memory.at[user], self.memory.clones[user]
        key = (user, place, clone)
        if key not in self._opened:
            self.stagings[user].mkdir(exist_ok=True)
            self._opened[key] = Project.open(path=self._folder(user), environ=self._environ(user))
        return self._opened[key]

    def _environ(self, user: str) -> dict[str, str]:
        place, home = self.memory.at[user], str(self.root / user / "home")
        environ = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "S3SYNC_USER": user}
        environ["S3SYNC_STORE"] = f"file://{self._root_of(place)}"
        environ["S3SYNC_TRUST"] = "1"  # a renamed clone goes on under its old name, and nobody is there to answer
        if Knobs.cloud is not None:
            environ |= Knobs.cloud.environment(self._root_of(place))
        return environ

    def _before_change(self) -> None:
        if self._countdown:
            self._countdown.change("store")

    def do(self, step: Step, pause_ns: int = STEP_NS) -> None:
        """Raises `Violation`."""
        self.memory.now_ns += pause_ns
        self.counted["steps"] += 1
        if isinstance(step, Run):
            self._run(step)
        else:
            DO[type(step)](self, step)
            for place, referee in self.memory.referees.items():
                referee.after_users(self.look(place))

    def _run(self, run: Run) -> None:
        """In a child of its own, if the process is to die."""
        own = [outer.run for outer in self.memory.running if outer.run.user == run.user and outer.run.locks]
        late = ("trash empty", "trash restore", "watch", "resolve")  # as does what first looks for a version
        locked = any(outer.kind not in late and not outer.brings_back for outer in own)
        place = self.memory.at[run.user]
        referee = self.memory.referees[place]
        knew = frozenset(referee.common[run.user])
        recovers = run.user in self.memory.broken
        attempt = Attempt(run, place, referee.last, locked=locked, maybe_locked=bool(own), knew=knew, recovers=recovers)
        self.memory.running.append(attempt)
        if not own:  # a choice is lost with state.db, and a run that died may have made it
            for one in self.memory.referees.values():
                one.selected[run.user] = selected_of(self.stagings[run.user])
        if run.kind == "watch":
            referee.expect_no_exact_undo(run.user)
        empties = run.kind in ("cleanup", "trash empty") or referee.waited
        for outer in self.memory.running[:-1]:
            outer.disturbed = True
            outer.remote_trash_emptied = outer.remote_trash_emptied or empties
            outer.locks_ended = outer.locks_ended or run.verb in LETS_GO
            outer.meddled = outer.meddled or run.is_beside
        self.counted["commands"] += 1
        if not run.crash and not run.full:
            self._command(run)
        else:
            self._project(run.user)  # the folder that is made for it is none of the command's changes

            def act(countdown: Countdown) -> None:
                self._countdown = countdown
                self._command(run)

            kind, memory, error = in_child(run.crash or run.full, act, lambda: self.memory, dies=bool(run.crash))
            self.memory = memory
            self._end_programs_as_told()
            if kind == "failed":
                raise Violation(error)
            if kind == "died":
                self.counted["crashes"] += 1
                self.memory.broken.add(run.user)
                self._end_piece()
                self.memory.referees[place].after_end(self.memory.running[-1], None)
        self.memory.running.pop()

    def _command(self, run: Run) -> None:
        attempt = self.memory.running[-1]
        before = tree(self.stagings[run.user]) if run.dry_run else {}
        queued, start = self._queue_of(run.user), attempt.start
        code, report = self._verb(run)
        attempt.fetched = bool(getattr(report, "downloaded", None))
        if run.dry_run and not attempt.disturbed and tree(self.stagings[run.user]) != before:
            raise Violation("a dry run changed what is remembered here")
        self._end_piece()
        self.counted[f"exit {code}"] += 1
        if getattr(report, "conflicts", None):
            self.counted["conflicts"] += 1
        if what := happened(report):
            self.counted[what] += 1
        referee = self.memory.referees[attempt.place]
        judge_end(referee, attempt, code, report, blind=bool(self.blind))
        if not attempt.disturbed and not run.dry_run and run.kind != "watch":
            user, now = run.user, referee.last
            waiting = self._queue_of(user)
            queue_kept(
                run, code, queued, waiting, start, now,
                lambda path, content: content in referee.published[referee.key(path)],
                lambda path: referee.is_ignored(user, path) or referee.folds,
            )  # fmt: skip
            if run.verb == "queue run" and queued and code == 0 and not run.faults and not waiting:
                self.counted["queues sent"] += 1
        referee.after_end(attempt, code)
        if run.is_beside and code in (0, 3):
            self.counted[run.kind.partition(" ")[0]] += 1
        if run.locks and code in (0, 1, 3, 4) and not run.kind.startswith(("trash", "queue add", "queue clear")):
            (self.memory.broken.discard if code in (0, 4) else self.memory.broken.add)(run.user)

    def _queue_of(self, user: str) -> frozenset[str]:
        """What waits there, by no step of the run."""
        if self._countdown is None:
            return queue_of(self.stagings[user])
        was, self._countdown.paused = self._countdown.paused, True
        try:
            return queue_of(self.stagings[user])
        finally:
            self._countdown.paused = was

    def _verb(self, run: Run) -> tuple[int, Any]:
        """The verb as the command line calls it; and its exit code as that would have it."""
        Knobs.late = run.late
        waiting = list(run.meanwhile)

        def before(call: int, method: str) -> None:
            methods = {method} if method == "wait" else {method, ""}
            due = [m for m in waiting if m.call <= call and m.method in methods]
            waiting[:] = [m for m in waiting if m not in due]
            self._others_act([m.step for m in due])

        def answer(report: Any) -> bool:
            self._others_act([m.step for m in waiting if m.method == "question"])
            self.memory.running[-1].agreed = agreed(report)
            return True

        project = self._project(run.user)
        inner = self.stores[self.memory.at[run.user].store]
        store: Any = FaultyStore(inner, run.faults, before, self.counted)
        session = replace(project.session, store=store, clock=self._clock(run.user), workers=2)
        project = replace(project, session=session)
        try:
            with _saving(often=run.often):
                if run.kind == "watch":
                    report = self._watch(project, run, before)
                elif run.is_beside:
                    report = self._beside(store, run)
                else:
                    report = VERBS[run.verb](project, run, answer)
        except S3syncError as error:
            return error.exit_code, error
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"{run.user}'s {run.verb} ended with {error!r}\n{traceback.format_exc()}") from error
        return report.exit_code, report.report if isinstance(report, Asked) else report

    def _beside(self, store: Any, run: Run) -> Any:
        place, clone = self.memory.at[run.user], self._folder(run.user).parent
        environ = self._environ(run.user)
        Knobs.beside = store, f"{REPO}/{place.project}/"
        address = f"{environ['S3SYNC_STORE']}/{REPO}/{place.project}"
        return run_beside(run, place.project, address, clone, environ)

    def _watch(self, project: Project, run: Run, before: Callable[[int, str], None]) -> Any:
        """Whenever it opens the project anew, the network is back."""
        store: Any = project.session.store

        def opened() -> Session:
            store.reconnect()
            return project.session

        def pass_time(ns: int) -> None:
            self.memory.now_ns += ns

        clock = Moments(
            lambda: self.memory.now_ns,
            pass_time,
            lambda wait: before(wait, "wait"),
            lambda: self.counted["interleavings"],
        )
        return watch(opened, clock, down=run.verb == "watch --down")

    def _others_act(self, steps: list[Step]) -> None:
        if not steps:
            return
        attempt, late = self.memory.running[-1], Knobs.late
        if self._countdown:
            self._countdown.paused = True
        self._end_piece()
        for step in steps:
            attempt.disturbed = True
            attempt.meddled = attempt.meddled or isinstance(step, OtherTool)
            attempt.locks_ended = attempt.locks_ended or isinstance(step, Wait)
            self.counted["interleavings"] += 1
            self.do(step, BETWEEN_NS)
        Knobs.late = late
        if self._countdown:
            self._countdown.paused = False

    def _end_piece(self) -> None:
        attempt = self.memory.running[-1]
        writing = self.memory.writing.items()
        attempt.half_written = frozenset(half for (user, _), (half, *_) in writing if user == attempt.run.user)
        for place, referee in self.memory.referees.items():
            if place == attempt.place:
                referee.after_piece(attempt, self.look(place))
            else:
                referee.after_run_elsewhere(attempt.run, self.look(place))

    def _clock(self, user: str) -> Callable[[], datetime]:
        """Everybody's own: the second user's runs a day ahead, the third's an hour late."""
        skew = (timedelta(), timedelta(days=1), timedelta(hours=-1))[self.users.index(user)]
        return lambda: datetime.fromtimestamp(self.memory.now_ns // 1_000_000_000, UTC) + skew


class _saving:  # noqa: N801 (a context manager)
    """With `often`, the save phase comes after every file instead of after half a minute."""

    def __init__(self, *, often: bool) -> None:
        self._often = often

    def __enter__(self) -> None:
        import s3sync.sync.record as save

        self._was = (save.SAVE_EVERY_S, save.SAVING_SHARE, save.HIDDEN_S)
        if self._often:
            save.SAVE_EVERY_S, save.SAVING_SHARE, save.HIDDEN_S = 0.0, 1.0, 0.0

    def __exit__(self, *error: object) -> None:
        import s3sync.sync.record as save

        save.SAVE_EVERY_S, save.SAVING_SHARE, save.HIDDEN_S = self._was


def _make_computer(root: Path, user: str) -> None:
    """A user's home and clone, whose committed settings give the repository its name, and a staging folder."""
    home, repo = root / user / "home", root / user / REPO
    for folder in (home, repo / ".git", repo / PROJECT / "s3-staging"):
        folder.mkdir(parents=True)
    (repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
