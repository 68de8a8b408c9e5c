"""The users' computers (real folders), the store (a real folder store), the clock, and steps being done there."""

from __future__ import annotations

import os
import shutil
import traceback
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.errors import S3syncError
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from s3sync.sync.api import Project
from tests.people import PROJECT, REPO
from tests.simulator.actions import (
    HOME,
    Disguise,
    Empty,
    Forget,
    Ignore,
    OtherTool,
    Place,
    Remove,
    Rename,
    RenameClone,
    Run,
    Save,
    Settle,
    Step,
    Swap,
    Touch,
)
from tests.simulator.contents import Content, digest
from tests.simulator.crash import Countdown, in_child
from tests.simulator.faults import FaultyStore
from tests.simulator.invariants import Attempt, Referee, Violation
from tests.simulator.lab import Knobs
from tests.simulator.look import Look, look, tree
from tests.simulator.verdicts import judge_end

START_NS = 1_762_160_400_000_000_000
STEP_NS = 300_000_000
"""Three steps to a second, so that names made of the time meet."""
BETWEEN_NS = 7_000_000
FOREIGN_PART = 1000


class Memory(Struct):
    """What a world knows and a child that dies hands back to its parent.

    `referees` are one for each place in a store where anybody has been, `at` each user's place and clone.
    """

    referees: dict[Place, Referee]
    at: dict[str, Place]
    clones: dict[str, str]
    now_ns: int = START_NS
    running: list[Attempt] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


class World:
    """`root` is an empty folder. `blind` are users whose disks are said to ignore case."""

    def __init__(self, root: Path, users: tuple[str, ...], blind: tuple[str, ...] = ()) -> None:
        self.users, self.root = users, root
        self.stores = {"": FolderStore(root / "store", create=True)}
        self.remote = root / "store" / REPO / PROJECT
        self.blind = set(blind)
        self._opened: dict[tuple[str, Place, str], Project] = {}
        for user in users:
            _computer(root, user)
        at, clones = dict.fromkeys(users, HOME), dict.fromkeys(users, REPO)
        self.memory = Memory({}, at, clones)
        self.memory.referees[HOME] = Referee(self.look(), blind=frozenset(blind))
        self._countdown: Countdown | None = None
        Knobs.now_ns = lambda: self.memory.now_ns
        Knobs.ignores_case = lambda staging: any(self.stagings[user] == staging for user in self.blind)

    @property
    def counted(self) -> Counter[str]:
        return self.memory.counted

    @property
    def store(self) -> FolderStore:
        return self.stores[""]

    @property
    def referee(self) -> Referee:
        """Of the place where everybody begins and ends."""
        return self.memory.referees[HOME]

    @property
    def stagings(self) -> dict[str, Path]:
        return {user: self._folder(user) / "s3-staging" for user in self.users}

    def _folder(self, user: str) -> Path:
        return self.root / user / self.memory.clones[user] / self.memory.at[user].project

    def _project(self, user: str) -> Project:
        """Opened as the command line opens it."""
        place, clone = self.memory.at[user], self.memory.clones[user]
        key = (user, place, clone)
        if key not in self._opened:
            self.stagings[user].mkdir(exist_ok=True)
            url = f"file://{self._root_of(place)}"
            environ = {"HOME": str(self.root / user / "home"), "S3SYNC_USER": user, "S3SYNC_STORE": url}
            self._opened[key] = Project.open(path=self._folder(user), environ=environ)
        return self._opened[key]

    def _root_of(self, place: Place) -> Path:
        return self.root / (place.store or "store")

    def go_home(self) -> None:
        """Everybody takes back what changed where runs go and what they see."""
        for user in self.users:
            if self.referee.ignored.get(user):
                self.do(Ignore(user, ()))
            if self.memory.clones[user] != REPO:
                self.do(RenameClone(user, REPO))
            if self.memory.at[user] != HOME:
                self.do(Settle(user))

    def look(self, place: Place = HOME) -> Look:
        remotes = {other: self._root_of(other) / REPO / other.project for other in {HOME, *self.memory.referees}}
        remote = remotes.pop(place)
        return look(self.stagings, remote, remotes.values())

    def do(self, step: Step, pause_ns: int = STEP_NS) -> None:
        """Raises `Violation`."""
        self.memory.now_ns += pause_ns
        self.counted["steps"] += 1
        if isinstance(step, Run):
            self._run(step)
        else:
            _DO[type(step)](self, step)
            for place, referee in self.memory.referees.items():
                referee.after_users(self.look(place))

    def _run(self, run: Run) -> None:
        """In a child of its own, if the process is to die."""
        locked = any(outer.run.user == run.user and outer.run.locks for outer in self.memory.running)
        place = self.memory.at[run.user]
        referee = self.memory.referees[place]
        self.memory.running.append(Attempt(run, place, referee.last, locked=locked))
        for outer in self.memory.running[:-1]:
            outer.disturbed = True
            outer.remote_trash_emptied = outer.remote_trash_emptied or run.verb.startswith("cleanup")
        self.counted["commands"] += 1
        if not run.crash and not run.full:
            self._command(run)
        else:

            def act(countdown: Countdown) -> None:
                self._countdown = countdown
                self._command(run)

            kind, memory, error = in_child(run.crash or run.full, act, lambda: self.memory, dies=bool(run.crash))
            self.memory = memory
            if kind == "failed":
                raise Violation(error)
            if kind == "died":
                self.counted["crashes"] += 1
                self._end_piece()
                self.memory.referees[place].after_end(self.memory.running[-1], None)
        self.memory.running.pop()

    def _command(self, run: Run) -> None:
        attempt = self.memory.running[-1]
        before = tree(self.stagings[run.user]) if run.dry_run else {}
        code, report = self._verb(run)
        if run.dry_run and not attempt.disturbed and tree(self.stagings[run.user]) != before:
            raise Violation("a dry run changed what is remembered here")
        self._end_piece()
        self.counted[f"exit {code}"] += 1
        if getattr(report, "conflicts", None):
            self.counted["conflicts"] += 1
        referee = self.memory.referees[attempt.place]
        judge_end(referee, attempt, code, report, blind=bool(self.blind))
        referee.after_end(attempt, code)

    def _verb(self, run: Run) -> tuple[int, Any]:
        """The verb as the command line calls it; and its exit code as that would have it."""
        Knobs.late = run.late
        waiting = list(run.meanwhile)

        def before(call: int, method: str) -> None:
            due = [m for m in waiting if m.call <= call and m.method in ("", method)]
            waiting[:] = [m for m in waiting if m not in due]
            self._others_act([m.step for m in due])

        project = self._project(run.user)
        inner = self.stores[self.memory.at[run.user].store]
        store: Any = FaultyStore(inner, run.faults, before, self.counted)
        session = replace(project.session, store=store, clock=self._clock(run.user), transfers=2)
        project = replace(project, session=session)
        try:
            with _saving(often=run.often):
                report = _VERBS[run.verb](project, run)
        except S3syncError as error:
            return error.exit_code, error
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"{run.user}'s {run.verb} ended with {error!r}\n{traceback.format_exc()}") from error
        return report.exit_code, report

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
            self.counted["interleavings"] += 1
            self.do(step, BETWEEN_NS)
        Knobs.late = late
        if self._countdown:
            self._countdown.paused = False

    def _end_piece(self) -> None:
        attempt = self.memory.running[-1]
        for place, referee in self.memory.referees.items():
            if place == attempt.place:
                referee.after_piece(attempt, self.look(place))
            else:
                referee.after_run_elsewhere(attempt.run.user, self.look(place))

    def _clock(self, user: str) -> Callable[[], datetime]:
        """Everybody's own: the second user's runs a day ahead, the third's an hour late."""
        skew = (timedelta(), timedelta(days=1), timedelta(hours=-1))[self.users.index(user)]
        return lambda: datetime.fromtimestamp(self.memory.now_ns // 1_000_000_000, UTC) + skew

    # What people do.

    def _disk_path(self, user: str, path: str) -> Path:
        """Where a program of this user finds a path: under another case, if the disk ignores case."""
        target = self.stagings[user] / path
        if user in self.blind and target.parent.is_dir():
            for name in os.listdir(target.parent):
                if unicodedata.normalize("NFC", name).casefold() == target.name.casefold():
                    return target.with_name(name)
        return target

    def _save(self, step: Save) -> None:
        data = step.content.data()
        self._learn(data)
        target = self._disk_path(step.user, step.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if step.in_place:
            target.write_bytes(data)
        else:
            fresh = target.with_name("being saved.tmp")
            fresh.write_bytes(data)
            fresh.replace(target)
        self._stamp(target)

    def _learn(self, data: bytes) -> None:
        self.referee.known.add(digest(data))
        self.referee.owed.add(digest(data))

    def _stamp(self, target: Path) -> None:
        """A file's time is the world's, and no other file's."""
        self.memory.now_ns += 1000
        os.utime(target, ns=(self.memory.now_ns, self.memory.now_ns))

    def _settle(self, step: Settle) -> None:
        """Not under a run of one's own."""
        if any(attempt.run.user == step.user for attempt in self.memory.running):
            return
        before, place = self._folder(step.user), Place(step.store, step.project or PROJECT)
        self.memory.at[step.user] = place
        if self._folder(step.user) != before:
            before.rename(self._folder(step.user))
        if place.store not in self.stores:
            self.stores[place.store] = FolderStore(self._root_of(place), create=True)
        if place not in self.memory.referees:
            last = look(self.stagings, self._root_of(place) / REPO / place.project)
            self.memory.referees[place] = self.referee.of_another_place(last)

    def _rename_clone(self, step: RenameClone) -> None:
        if any(attempt.run.user == step.user for attempt in self.memory.running):
            return
        before = self.root / step.user / self.memory.clones[step.user]
        self.memory.clones[step.user] = step.name
        before.rename(before.with_name(step.name))

    def _ignore(self, step: Ignore) -> None:
        for referee in self.memory.referees.values():
            referee.ignored[step.user] = step.paths
        rules = self._folder(step.user).parent / ".s3syncignore"
        rules.write_text("".join(f"/{path}\n" for path in step.paths), "utf-8")

    def _disguise(self, step: Disguise) -> None:
        target = self._disk_path(step.user, step.path)
        if not target.is_file():
            return
        was = target.stat()
        data = Content(step.token, was.st_size).data()
        self._learn(data)
        with open(target, "r+b") as file:
            file.write(data)
        os.utime(target, ns=(was.st_atime_ns, was.st_mtime_ns))

    def _swap(self, step: Swap) -> None:
        """Whatever stands in the way was the user's to delete."""
        target = self.stagings[step.user] / step.path
        for above in reversed(target.relative_to(self.stagings[step.user]).parents[:-1]):
            folder = self.stagings[step.user] / above
            if folder.is_file():
                folder.unlink()
        if target.is_dir():
            shutil.rmtree(target)
        if step.content is None:
            target.unlink(missing_ok=True)
            target.mkdir(parents=True)
        else:
            self._save(Save(step.user, step.path, step.content))

    def _remove(self, step: Remove) -> None:
        self._disk_path(step.user, step.path).unlink(missing_ok=True)

    def _rename(self, step: Rename) -> None:
        source, target = self._disk_path(step.user, step.path), self.stagings[step.user] / step.to
        if source.exists():
            standing = self._disk_path(step.user, step.to)
            if standing != source:
                standing.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)

    def _touch(self, step: Touch) -> None:
        target = self._disk_path(step.user, step.path)
        if target.exists():
            self._stamp(target)

    def _empty(self, step: Empty) -> None:
        staging = self.stagings[step.user]
        if not staging.exists():
            return
        for entry in os.scandir(staging):
            if entry.is_dir() and (step.wholly or entry.name != ".s3sync"):
                shutil.rmtree(entry.path)
            elif not entry.is_dir():
                Path(entry.path).unlink()
        if step.wholly:
            staging.rmdir()

    def _forget(self, step: Forget) -> None:
        for file in self.stagings[step.user].glob(".s3sync/state.db*"):
            file.unlink()

    def _other_tool(self, step: OtherTool) -> None:
        key = f"{REPO}/{PROJECT}/{step.path}"
        if step.content is None:
            self.store.delete(key)
            return
        data = step.content.data()
        self._learn(data)
        if step.how == "dropped":
            self._drop(step.path, data)
        elif step.how == "put" or not data:
            self.store.put(key, data, mode=Overwrite(), headers=Headers(), md5=md5(data).digest())
        else:
            upload = self.store.start_upload(key, Headers())
            for number, start in enumerate(range(0, len(data), FOREIGN_PART), 1):
                self.store.put_part(key, upload, number, data[start : start + FOREIGN_PART])
            parts = list(self.store.list_parts(key, upload))
            self.store.complete_upload(key, upload, parts, mode=Overwrite())

    def _drop(self, path: str, data: bytes) -> None:
        """A person copies a file into the store's folder."""
        target = self.remote / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.remote.parent.parent / ".s3sync-store" / "tmp" / "dropped"
        fresh.write_bytes(data)
        self._stamp(fresh)
        fresh.replace(target)


_DO: dict[type, Callable[[World, Any], None]] = {
    Save: World._save,
    Remove: World._remove,
    Rename: World._rename,
    Touch: World._touch,
    Empty: World._empty,
    Forget: World._forget,
    OtherTool: World._other_tool,
    Settle: World._settle,
    RenameClone: World._rename_clone,
    Ignore: World._ignore,
    Disguise: World._disguise,
    Swap: World._swap,
}

_VERBS: dict[str, Callable[[Project, Run], Any]] = {
    "up": lambda project, run: project.up(*run.files, on_conflict=run.policy, dry_run=run.dry_run),
    "down": lambda project, run: project.down(*run.files, on_conflict=run.policy, dry_run=run.dry_run),
    "sync": lambda project, run: project.sync(
        on_conflict=run.policy, max_delete=run.max_delete, dry_run=run.dry_run
    ),
    "status": lambda project, run: _Asked(project.status()),
    "cleanup": lambda project, run: project.cleanup(*run.files),
    "cleanup --unseen": lambda project, run: project.cleanup(unseen=True),
    "cleanup --local": lambda project, run: project.cleanup(*run.files, local=True),
    "transfers --abort-all": lambda project, run: _Asked(project.abort_transfers(everything=True)),
}  # fmt: skip


class _Asked:
    """What only tells something ends with 0."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.exit_code = 3 if getattr(report, "failed", None) else 0


class _saving:  # noqa: N801 (a context manager)
    """With `often`, the save phase comes after every file instead of after half a minute."""

    def __init__(self, *, often: bool) -> None:
        self._often = often

    def __enter__(self) -> None:
        import s3sync.sync.save as save

        self._was = (save.SAVE_EVERY_S, save.SAVING_SHARE)
        if self._often:
            save.SAVE_EVERY_S, save.SAVING_SHARE = 0.0, 1.0

    def __exit__(self, *error: object) -> None:
        import s3sync.sync.save as save

        save.SAVE_EVERY_S, save.SAVING_SHARE = self._was


def _computer(root: Path, user: str) -> None:
    """A user's home and clone, whose committed settings give the repository its name, and a staging folder."""
    home, repo = root / user / "home", root / user / REPO
    for folder in (home, repo / ".git", repo / PROJECT / "s3-staging"):
        folder.mkdir(parents=True)
    (repo / ".s3sync.yaml").write_text(f"repo: {REPO}\n")
