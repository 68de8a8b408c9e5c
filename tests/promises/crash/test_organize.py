"""`organize --move` and its undo, killed at steps all over: the next run finishes each, and one undo takes all back."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import pytest

from tests.promises.crash.desk import Desk, spread
from tests.promises.crash.steps import Step

UNDO = ("organize", "--undo", "--yes", "--transfers", "1")
FILES = ("one.mp4", "two.mp4", "raw/three.mp4", "raw/four.mp4")
HELD = "held.mp4"
"""The target has it before the run, and keeps it after the undo."""

Tree = dict[str, bytes]


class Library(Desk):
    """`inside`: the files get new names in the place that they are in."""

    def __init__(self, root: Path, kind: str, *, inside: bool) -> None:
        super().__init__(root, kind)
        for name in (*FILES, HELD):
            self.put(self.a, name)
        assert self.run("copy", "./a", "{b}").code == 0
        for name in () if inside else FILES:
            (self.b / name).unlink()
        if inside:
            self.put(self.b, f"by name/{HELD}")
        else:
            (self.b / HELD).rename(self.b / "x")
            assert self.run("copy", "./a", "{b}", "--include", HELD).code == 0
        source, layout = ("{b}", "by name/{{name}}") if inside else ("./a", "{{folder}}/{{name}}")
        self.words = ("organize", source, "{b}", "--layout", layout, "--move", "--yes", "--transfers", "1")
        self.keep()
        self.start = self.trees()

    def put(self, place: Path, name: str) -> None:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(Path(name).name.encode() * 100)

    def trees(self) -> tuple[Tree, Tree]:
        return self.tree(self.a), self.tree(self.b)

    def killed(self, step: Step, *words: str) -> bool:
        """Kill it there, from what was kept; False where it does not come to that step."""
        self.put_back()
        done = self.run(*words, crash={"kill": msgspec.to_builtins(step), "side": "before"})
        return done.code == -signal.SIGKILL


@pytest.mark.parametrize(("kind", "inside"), [("folder", False), ("store", True)], ids=["between", "inside"])
def test_a_killed_run_is_finished_by_the_next_and_taken_back_by_one_undo(
    tmp_path: Path, kind: str, inside: bool
) -> None:
    """In turn taken back at once, after a run that finished it, and after one that was killed, too, and a third one."""
    library = Library(tmp_path / "world", kind, inside=inside)
    done, steps = library.steps(*library.words)
    end, bytes_of = library.trees(), library.everything()
    assert done.code == 0 and end != library.start
    assert library.run(*UNDO).code == 0 and library.trees() == library.start
    wrong: list[tuple[object, ...]] = []
    kills = 0
    for number, step in enumerate(spread(steps)):
        if not library.killed(step, *library.words):
            continue
        kills += 1
        lost = bytes_of - library.everything()
        if number % 3 == 2:
            library.run(*library.words, crash={"kill": msgspec.to_builtins(steps[-9]), "side": "before"})
        if number % 3 and (library.run(*library.words).code != 0 or library.trees() != end):
            wrong.append((str(step), "the next run does not finish it", library.trees()))
        back = library.run(*UNDO)
        if library.trees() != library.start or lost:
            wrong.append((str(step), number % 3, lost, back, library.trees()))
    assert wrong == [] and kills >= len(spread(steps)) // 2


def test_a_killed_undo_is_finished_by_the_next(tmp_path: Path) -> None:
    library = Library(tmp_path / "world", "store", inside=False)
    assert library.run(*library.words).code == 0
    library.keep()
    done, steps = library.steps(*UNDO)
    assert done.code == 0 and library.trees() == library.start
    wrong, kills, bytes_of = [], 0, library.everything()
    for step in spread(steps):
        if not library.killed(step, *UNDO):
            continue
        kills += 1
        lost = bytes_of - library.everything()
        again = library.run(*UNDO)
        if lost or library.trees() != library.start or again.code not in (0, 2):
            wrong.append((str(step), lost, again, library.trees()))
    assert wrong == [] and kills >= len(spread(steps)) // 2


def test_what_nobody_noted_is_taken_only_where_its_old_path_holds_the_same(tmp_path: Path) -> None:
    """A run was killed before it copied anything, and somebody put another file under one of its names."""
    library = Library(tmp_path / "world", "folder", inside=False)
    durable = [step for step in library.steps(*library.words)[1] if step.call == "fsync" and ".plan" in step.where]
    assert len(durable) == 1 and library.killed(durable[0], *library.words)
    (library.b / "one.mp4").write_bytes(b"somebody's")
    assert library.run(*UNDO).code == 0
    assert library.tree(library.b) == {**library.start[1], "one.mp4": b"somebody's"}
    assert library.tree(library.a) == library.start[0]


def test_a_damaged_journal_of_a_killed_run_is_in_nobodys_way(tmp_path: Path) -> None:
    library = Library(tmp_path / "world", "folder", inside=False)
    assert library.run(*library.words).code == 0
    (journal,) = (tmp_path / "world").rglob("organize/*.jsonl")
    for ending in (".jsonl", ".plan"):
        journal.with_name(f"20260101-000000-00000000{ending}").write_bytes(b"\0\0\n{\n")
    assert library.run(*UNDO).code == 0
    done = library.run(*library.words)
    assert done.code == 0, done
