"""Keeping both versions: every prefix of its steps, every repair cut short, and what a user may do in between."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, product

import pytest
from msgspec.structs import replace

from s3sync.core.keep_both import TABLE, Copy, Fingerprint, Intent, Original, Repair, repair

OWN, COPY, ELSEWHERE = "draft.mp4", "draft.conflict-jan-20251103-143000.mp4", "elsewhere.mp4"
MINE, THEIRS = "mine", "theirs"


@dataclass
class Disk:
    """Names, the files that stand under them, and what is noted. `owed`: contents that no user destroyed."""

    links: bool
    names: dict[str, int] = field(default_factory=lambda: {OWN: 1})
    contents: dict[int, str] = field(default_factory=lambda: {1: MINE})
    times: dict[int, int] = field(default_factory=lambda: {1: 1})
    owed: set[str] = field(default_factory=lambda: {MINE})
    intent: Intent | None = None
    in_base: bool = True
    deleted_own: bool = False
    linked_by_user: bool = False
    placed: bool = False

    def fingerprint(self, name: str) -> Fingerprint | None:
        file = self.names.get(name)
        if file is None:
            return None
        links = sum(other == file for other in self.names.values())
        return Fingerprint(len(self.contents[file]), self.times[file], file, 1, links)

    def free(self, name: str) -> bool:
        return name not in self.names

    # the program

    def note(self) -> None:
        was = self.fingerprint(OWN)
        assert was is not None
        self.intent = Intent(OWN, COPY, "jan", "", "", replace(was, device=0, links=0))

    def link(self, source: str, target: str) -> None:
        if self.free(target):
            self.names[target] = self.names[source]

    def unlink(self, name: str) -> None:
        del self.names[name]

    def rename(self, source: str, target: str) -> None:
        if self.free(target):
            self.names[target] = self.names.pop(source)

    def place(self) -> None:
        if self.free(OWN):
            self.save_anew(OWN, THEIRS)
            self.owed.discard(THEIRS)  # the remote has it
            self.placed = True

    def arrived(self) -> None:
        assert self.intent is not None
        self.intent = replace(self.intent, arrived=True)

    def forget(self) -> None:
        self.intent = None

    def forget_base(self) -> None:
        self.in_base = False

    def move(self, source: str, target: str) -> list[Callable[[], None]]:
        if self.links:
            return [lambda: self.link(source, target), lambda: self.unlink(source)]
        return [lambda: self.rename(source, target)]

    def steps(self) -> list[Callable[[], None]]:
        return [self.note, *self.move(OWN, COPY), self.place, self.arrived]

    def repairs(self) -> list[Callable[[], None]]:
        if self.intent is None:
            return []
        do = repair(self.intent, self.fingerprint(OWN), self.fingerprint(COPY))
        return {
            Repair.GO_ON: [],
            Repair.FORGET: [self.forget],
            Repair.FORGET_BASE: [self.forget_base, self.forget],
            Repair.DROP_COPY: [lambda: self.unlink(COPY), self.forget],
            Repair.MOVE_BACK: [*self.move(COPY, OWN), self.forget],
        }[do]

    # the user

    def give_up(self, name: str) -> None:
        """The user takes a name away: if it was the file's only one, the content is given up."""
        file = self.names.pop(name)
        if file not in self.names.values():
            self.owed.discard(self.contents[file])

    def save_anew(self, name: str, content: str) -> None:
        if not self.free(name):
            self.give_up(name)
        file = max(self.contents) + 1
        self.names[name], self.contents[file], self.times[file] = file, content, file + 10
        self.owed.add(content)

    def save_in_place(self, name: str, content: str) -> None:
        file = self.names[name]
        self.owed.discard(self.contents[file])
        self.contents[file], self.times[file] = content, self.times[file] + 100
        self.owed.add(content)


CONTENTS = (f"edit {number}" for number in count())


def delete_own(disk: Disk) -> None:
    disk.deleted_own = True
    disk.give_up(OWN)


def rename_own(disk: Disk) -> None:
    disk.deleted_own = True
    disk.rename(OWN, ELSEWHERE)


def link_them(disk: Disk) -> None:
    disk.linked_by_user = True
    disk.link(OWN, COPY)


TOUCHES: dict[str, tuple[tuple[str, ...], Callable[[Disk], None]]] = {
    "nothing": ((), lambda disk: None),
    "saves own in place": ((OWN,), lambda disk: disk.save_in_place(OWN, next(CONTENTS))),
    "saves own anew": ((), lambda disk: disk.save_anew(OWN, next(CONTENTS))),
    "saves the copy in place": ((COPY,), lambda disk: disk.save_in_place(COPY, next(CONTENTS))),
    "saves the copy anew": ((), lambda disk: disk.save_anew(COPY, next(CONTENTS))),
    "saves the same content under the copy's name": ((), lambda disk: disk.save_anew(COPY, MINE)),
    "deletes own": ((OWN,), delete_own),
    "deletes the copy": ((COPY,), lambda disk: disk.give_up(COPY)),
    "renames own": ((OWN,), rename_own),
    "renames the copy": ((COPY,), lambda disk: disk.rename(COPY, ELSEWHERE)),
    "links the copy's name to own": ((OWN,), link_them),
}
"""What a user may do between two runs, and which names have to be there for it."""


def touched(disk: Disk, what: str) -> Disk | None:
    needs, act = TOUCHES[what]
    if any(disk.free(name) for name in needs):
        return None
    after = copy.deepcopy(disk)
    act(after)
    return after


def cut_short(disk: Disk, what: str) -> Iterator[Disk]:
    """The user does something; then come a repair that dies before each of its steps, and one that does not."""
    begun = touched(disk, what)
    for done in range(len(begun.repairs()) + 1) if begun else ():
        after = copy.deepcopy(begun)
        assert after is not None
        for step in after.repairs()[:done]:
            step()
        yield after


def judge(disk: Disk) -> None:
    """After a whole repair."""
    standing = {disk.contents[file] for file in disk.names.values()}
    assert disk.owed <= standing, "bytes that no user destroyed are gone"
    if disk.free(OWN) and disk.in_base:
        assert disk.deleted_own, "our own move looks like the user's deletion"
    if not disk.linked_by_user and disk.intent is not None:
        assert disk.free(OWN) or disk.free(COPY) or disk.names[OWN] != disk.names[COPY], "one file has two names"
    again = copy.deepcopy(disk)
    for step in again.repairs():
        step()
    assert (again.names, again.in_base) == (disk.names, disk.in_base), "a second repair does more"


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_f01_every_prefix_of_the_steps_two_deaths_and_a_user_in_between(links: bool) -> None:
    judged = 0
    for done in range(len(Disk(links).steps()) + 1):
        begun = Disk(links)
        for step in begun.steps()[:done]:
            step()
        for half in (half for what in TOUCHES for half in cut_short(begun, what)):
            for half_again in (half_again for what in TOUCHES for half_again in cut_short(half, what)):
                for last in (touched(half_again, what) for what in TOUCHES):
                    if last is not None:
                        for step in last.repairs():
                            step()
                        judge(last)
                        judged += 1
    assert judged > 5000


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_f01_untouched_it_is_as_it_was_or_both_stand(links: bool) -> None:
    for done in range(len(Disk(links).steps()) + 1):
        disk = Disk(links)
        for step in disk.steps()[:done]:
            step()
        for step in disk.repairs():
            step()
        held = {name: disk.contents[file] for name, file in disk.names.items()}
        assert held == ({OWN: THEIRS, COPY: MINE} if disk.placed else {OWN: MINE})
        assert disk.in_base and (disk.intent is not None) == disk.placed


def test_the_table_has_every_case() -> None:
    possible = {
        (original, copied, arrived)
        for original, copied, arrived in product(Original, Copy, (False, True))
        if (original, copied) != (Original.GONE, Copy.SAME)
    }
    assert TABLE.keys() == possible


def test_a_disk_without_useful_inodes_has_no_second_names() -> None:
    """Where every file has the inode 0, or files are of one inode by accident, two files are never taken for one."""
    noted = Intent(OWN, COPY, "jan", "")
    for inode, links in ((0, 2), (7, 1)):
        file = Fingerprint(3, 1, inode, 1, links)
        assert repair(noted, file, file) is Repair.GO_ON
    assert repair(noted, Fingerprint(3, 1, 7, 1, 2), Fingerprint(3, 1, 7, 2, 2)) is Repair.GO_ON


def test_a_note_of_an_older_version_moves_nothing() -> None:
    """It does not say which file was moved."""
    assert repair(Intent(OWN, COPY, "jan", ""), None, Fingerprint(3, 1, 7, 1, 1)) is Repair.FORGET_BASE
