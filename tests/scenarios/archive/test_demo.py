"""The demo's archive scene: what it shows is what runs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.kit.people import PROJECT, Person


@pytest.fixture
def demo() -> ModuleType:
    path = Path(__file__).parents[3] / "scripts/demo.py"
    spec = importlib.util.spec_from_file_location("demo", path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(found)
    sys.path[:] = before
    return found


@pytest.mark.slow
def test_the_film_is_archived_and_comes_back(
    demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    david = Person("david", tmp_path / "david", {"XDG_DATA_HOME": str(tmp_path / "data")})
    david.write("final.mp4", b"film")
    david.write("audio/mix.wav", b"sound")
    before = david.files()
    demo.archiving(david, [], tmp_path)
    shown = capsys.readouterr().out
    for told in (
        f"archive run {PROJECT} --delete-local",
        "deleted here",
        "archive find mix.wav",
        "every byte was read",
    ):
        assert told in shown, told
    assert david.files() == before
