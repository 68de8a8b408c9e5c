"""`move` took hours, and B is not what it was: what B no longer holds goes from A for no proof of the past.

Somebody else has the other's copy for his proof: who moves the other way, frees his disk, or has a timer do so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s3sync.organize import run as organizing
from s3sync.organize.api import Organizer
from s3sync.pairs import run as runs
from s3sync.pairs.api import TwoPlaces
from s3sync.pairs.report import PairReport
from s3sync.state.leaving import Leaving
from tests.kit.people import PROJECT, Person

KINDS = ("folder", "store")
FILES = {"day/one.mov": b"one", "day/two.mov": b"two"}


@pytest.fixture
def ana(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person("ana", tmp_path / "ana", {"S3SYNC_STORE": f"file://{tmp_path / 'team'}"})
    monkeypatch.setenv("HOME", person.env()["HOME"])
    return person


def word(kind: str, root: Path) -> str:
    root.mkdir(parents=True, exist_ok=True)
    return str(root) if kind == "folder" else f"file://{root}"


def filled(root: Path) -> Path:
    for name, body in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root


def held(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.mov")}


def moved(ana: Person, a: str, b: str, meanwhile: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> PairReport:
    """Move, with something that happens when all is proven and nothing is taken away yet."""
    real = runs._Execution._read_back

    def read_back(execution: runs._Execution) -> None:
        real(execution)
        monkeypatch.setattr(runs._Execution, "_read_back", real)
        meanwhile()

    monkeypatch.setattr(runs._Execution, "_read_back", read_back)
    return TwoPlaces(a, b, path=ana.repo, environ=ana.env()).move()


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("was_there", [False, True])
def test_what_b_lost_after_it_was_proven_stays_in_a(
    first: str, second: str, was_there: bool, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    words = word(first, a), word(second, b)
    source = filled(tmp_path / "source")
    TwoPlaces(str(source), words[0], path=ana.repo, environ=ana.env()).copy()
    if was_there:
        TwoPlaces(*words, path=ana.repo, environ=ana.env()).copy()
    report = moved(ana, *words, lambda: (b / "day/one.mov").unlink(), monkeypatch)
    assert held(a) == {"day/one.mov": b"one"} and held(b) == {"day/two.mov": b"two"}
    (problem,) = report.failed
    assert problem.path == "day/one.mov" and "does not hold it any more" in problem.error and report.exit_code == 3
    assert not TwoPlaces(*words, path=ana.repo, environ=ana.env()).move().failed
    assert held(a) == {} and held(b) == FILES


@pytest.mark.parametrize("kind", KINDS)
def test_two_that_move_to_each_other_lose_nothing(
    kind: str, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pair's lock is of the two places as they are named: a folder in them is another pair."""
    a, b = filled(tmp_path / "a"), tmp_path / "b"
    words = word("folder", a), word(kind, b)
    TwoPlaces(*words, path=ana.repo, environ=ana.env()).copy()
    back = f"{words[1]}/day", f"{words[0]}/day"
    moved(ana, *words, lambda: TwoPlaces(*back, path=ana.repo, environ=ana.env()).move(), monkeypatch)
    assert held(a) | held(b) == FILES


def test_a_file_that_b_has_under_another_time_only_goes_again(
    ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of mode, as by a program that looks at what arrived, is none of the content."""
    a, b = filled(tmp_path / "a"), tmp_path / "b"
    words = word("folder", a), word("folder", b)
    report = moved(ana, *words, lambda: (b / "day/one.mov").chmod(0o640), monkeypatch)
    assert not report.failed and held(a) == {} and held(b) == FILES


def test_no_run_frees_a_project_into_which_files_are_moved(
    ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cleanup --local` deletes here what the project's store has, while `move` deletes there what is here."""
    ana.ok("init", PROJECT, "--store", f"file://{tmp_path / 'team'}", cwd=ana.repo)
    staging = filled(ana.staging)
    ana.ok("up")
    words = f"file://{tmp_path / 'team'}/{ana.repo.name}/{PROJECT}/day", str(staging / "day")
    tried: list[int] = []
    real = Leaving.hold

    def hold(leaving: Leaving, folder: str) -> None:
        real(leaving, folder)
        tried.append(ana.run("cleanup", "--local", "--yes").code)

    monkeypatch.setattr(Leaving, "hold", hold)
    TwoPlaces(*words, path=ana.repo, environ=ana.env()).move()
    assert tried == [6] and held(staging) == FILES


@pytest.mark.parametrize("kind", KINDS)
def test_organizing_keeps_what_the_target_lost(
    kind: str, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = filled(tmp_path / "a"), tmp_path / "b"
    real = organizing._take_away

    def take_away(*args: Any) -> set[str]:
        (b / "one.mov").unlink()
        return real(*args)

    monkeypatch.setattr(organizing, "_take_away", take_away)
    words = word("folder", a), word(kind, b)
    report = Organizer(ana.repo, environ=ana.env()).organize(*words, "{name}", moves=True)
    assert [problem.path for problem in report.failed] == ["day/one.mov"]
    assert held(a) == {"day/one.mov": b"one"} and held(b) == {"two.mov": b"two"}
