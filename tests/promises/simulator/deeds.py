"""What people and other tools do at once, to the disks and to the store: no program decides any of it."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any, BinaryIO

from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from tests.kit.people import PROJECT, REPO
from tests.promises.simulator.actions import (
    HOME,
    Begin,
    Disguise,
    Empty,
    Finish,
    Forget,
    Ignore,
    OtherTool,
    Place,
    Remove,
    Rename,
    RenameClone,
    Save,
    Settle,
    Swap,
    Touch,
    Wait,
)
from tests.promises.simulator.clouds import Overseas
from tests.promises.simulator.contents import Content, digest
from tests.promises.simulator.invariants import Referee
from tests.promises.simulator.lab import Knobs
from tests.promises.simulator.look import Look, look
from tests.promises.simulator.memory import Memory

FOREIGN_PART = 1000


class Deeds:
    """The places of a world, and what is done there."""

    users: tuple[str, ...]
    root: Path
    stores: dict[str, Any]
    remote: Path
    blind: set[str]
    memory: Memory
    open_files: dict[tuple[str, str], BinaryIO]

    @property
    def store(self) -> Any:
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

    def _root_of(self, place: Place) -> Path:
        return self.root / (place.store or "store")

    def _open_store(self, name: str) -> Any:
        root = self.root / (name or "store")
        if Knobs.cloud is None:
            return FolderStore(root, create=True)
        return Overseas(Knobs.cloud, root, self._before_change)

    def _before_change(self) -> None:
        raise NotImplementedError

    def show(self) -> None:
        """Have the folders of the stores hold what the clouds hold."""
        if Knobs.cloud is not None:
            for name in self.stores:
                Knobs.cloud.ask("show", self.root / (name or "store"))

    def look(self, place: Place = HOME) -> Look:
        self.show()
        remotes = {other: self._root_of(other) / REPO / other.project for other in {HOME, *self.memory.referees}}
        remote = remotes.pop(place)
        return look(self.stagings, remote, remotes.values())

    def _disk_path(self, user: str, path: str) -> Path:
        """Where a program of this user finds a path: under another case, if the disk ignores case."""
        target = self.stagings[user] / path
        if user in self.blind and target.parent.is_dir():
            for name in os.listdir(target.parent):
                if unicodedata.normalize("NFC", name).casefold() == target.name.casefold():
                    return target.with_name(name)
        return target

    def _is_blocked(self, user: str, target: Path) -> bool:
        """Whether a folder stands under this name, or a file in place of one of its folders."""
        above = target.relative_to(self.stagings[user]).parents[:-1]
        return target.is_dir() or any((self.stagings[user] / folder).is_file() for folder in above)

    def _save(self, step: Save) -> None:
        target = self._disk_path(step.user, step.path)
        if self._is_blocked(step.user, target):
            return
        data = step.content.data()
        self._let_go(step.user, target)
        self._learn(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        if step.in_place:
            target.write_bytes(data)
        else:
            fresh = target.with_name("being saved.tmp")
            fresh.write_bytes(data)
            fresh.replace(target)
        self._stamp(target)

    def _begin(self, step: Begin) -> None:
        """What is there so far is content like any other, but that a watch may not send it."""
        target, data = self._disk_path(step.user, step.path), step.content.data()
        if self._is_blocked(step.user, target) or len(data) < 2:
            return
        self._let_go(step.user, target)
        half, rest = data[: len(data) // 2], data[len(data) // 2 :]
        self._learn(half)
        self.referee.known.add(digest(data))
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.open("wb", buffering=0)
        file.write(half)
        self._stamp(target)
        self.end_program((step.user, step.path))
        self.open_files[step.user, step.path] = file
        self.memory.writing[step.user, step.path] = digest(half), rest, digest(data)

    def _finish(self, step: Finish) -> None:
        """Writes into whatever became of the file: it may have another name by now, or none."""
        key = (step.user, step.path)
        if key not in self.memory.writing:
            return
        file, (_, rest, whole) = self.open_files[key], self.memory.writing[key]
        file.write(rest)
        self.memory.now_ns += 1000
        os.utime(file.fileno(), ns=(self.memory.now_ns, self.memory.now_ns))
        if os.fstat(file.fileno()).st_nlink:
            self.referee.owed.add(whole)
        self.end_program(key)

    def _let_go(self, user: str, target: Path) -> None:
        """Whatever program is still writing this file ends before another one changes it."""
        for key, file in list(self.open_files.items()):
            if key[0] == user and target.exists() and os.path.samestat(target.stat(), os.fstat(file.fileno())):
                self.end_program(key)

    def end_program(self, key: tuple[str, str]) -> None:
        self.memory.writing.pop(key, None)
        file = self.open_files.pop(key, None)
        if file is not None:
            file.close()

    def end_all_programs(self) -> None:
        for key in list(self.open_files):
            self.end_program(key)

    def _end_programs_as_told(self) -> None:
        """After a child: a program that ended there has ended, and one that began there died with it."""
        for key in self.memory.writing.keys() ^ self.open_files.keys():
            self.end_program(key)

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
            self.stores[place.store] = self._open_store(place.store)
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
            referee.unwanted[step.user].update(step.paths)
        rules = self._folder(step.user).parent / ".s3syncignore"
        rules.write_text("".join(f"/{path}\n" for path in step.paths), "utf-8")

    def _disguise(self, step: Disguise) -> None:
        target = self._disk_path(step.user, step.path)
        if not target.is_file():
            return
        self._let_go(step.user, target)
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
        target = self._disk_path(step.user, step.path)
        if target.is_file():
            target.unlink()

    def _rename(self, step: Rename) -> None:
        source, target = self._disk_path(step.user, step.path), self.stagings[step.user] / step.to
        if source.is_file() and not self._is_blocked(step.user, target):
            standing = self._disk_path(step.user, step.to)
            if standing != source:
                standing.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)

    def _touch(self, step: Touch) -> None:
        target = self._disk_path(step.user, step.path)
        if target.is_file():
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
            for referee in self.memory.referees.values():
                referee.undoable.pop(step.user, None)

    def _forget(self, step: Forget) -> None:
        for referee in self.memory.referees.values():
            referee.undoable.pop(step.user, None)
        for file in self.stagings[step.user].glob(".s3sync/state.db*"):
            file.unlink()

    def _other_tool(self, step: OtherTool) -> None:
        """Not where an object stands in place of a folder, or the reverse: the store's disk holds one of them."""
        key = f"{REPO}/{PROJECT}/{step.path}"
        target = self.remote / step.path
        if target.is_dir() or any((self.remote / above).is_file() for above in Path(step.path).parents[:-1]):
            return
        if step.content is None:
            self.store.delete(key)
            return
        data = step.content.data()
        self._learn(data)
        if step.how == "dropped" and Knobs.cloud is None:
            self._drop(step.path, data)
        elif step.how in ("put", "dropped") or not data:
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

    def _wait(self, step: Wait) -> None:
        """The store's times are the kernel's: what lies in its trashes, and its locks, become older by so much."""
        passed = (step.days * 24 * 60 + step.minutes) * 60 * 1_000_000_000
        self.memory.now_ns += passed
        for referee in self.memory.referees.values():
            referee.waited = referee.waited or step.days > 0
        if Knobs.cloud is not None:
            for name in self.stores:
                Knobs.cloud.ask("age", self.root / (name or "store"), passed)
        for folder in (*self.root.glob("*/*/.s3sync/trash"), *self.root.glob("*/*/.s3sync/locks")):
            for file in folder.rglob("*"):
                if file.is_file():
                    was = file.stat().st_mtime_ns
                    os.utime(file, ns=(was - passed, was - passed))


DO: dict[type, Callable[[Deeds, Any], None]] = {
    Save: Deeds._save,
    Remove: Deeds._remove,
    Rename: Deeds._rename,
    Touch: Deeds._touch,
    Empty: Deeds._empty,
    Forget: Deeds._forget,
    OtherTool: Deeds._other_tool,
    Settle: Deeds._settle,
    RenameClone: Deeds._rename_clone,
    Ignore: Deeds._ignore,
    Disguise: Deeds._disguise,
    Swap: Deeds._swap,
    Wait: Deeds._wait,
    Begin: Deeds._begin,
    Finish: Deeds._finish,
}
