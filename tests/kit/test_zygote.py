"""A forked command is like one that was started: `tests/kit/people.py` takes one for the other."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit import zygote
from tests.kit.people import PROJECT, REPO, Person

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are forked on Linux only")


@pytest.fixture
def jan(tmp_path: Path) -> Person:
    person = Person("jan", tmp_path / "jan")
    person.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--repo", REPO)
    person.write("draft.mp4", "first cut")
    return person


def test_it_says_and_ends_with_the_same(jan: Person) -> None:
    jan.write("é\n.mp4", "odd")
    commands: list[tuple[list[str], dict[str, Any]]] = [
        (["status"], {}),
        (["status", "--exit-code"], {"env": {"NO_COLOR": "1", "S3SYNC_USER": "david"}}),
        (["config"], {"env": {"S3SYNC_USER": None}}),
        (["status"], {"cwd": jan.root}),
        (["nonsense"], {}),
        (["--help"], {"env": {"COLUMNS": "60"}}),
        (["up", "é\n.mp4", "--json", "--dry-run", "--nonsense"], {}),
        (["cleanup"], {"answer": "n\n"}),
    ]
    for words, more in commands:
        if words == ["cleanup"]:
            jan.expect(3, "up")
        jan.fresh = True
        started = jan.run(*words, **more)
        jan.fresh = False
        assert jan.run(*words, **more) == started


def test_one_command_leaves_the_next_nothing(jan: Person, tmp_path: Path) -> None:
    other = {"HOME": str(tmp_path), "S3SYNC_STORE": f"file://{tmp_path / 'elsewhere'}"}
    assert "elsewhere" in jan.run("config", env=other).out
    assert "elsewhere" not in jan.ok("config").out
    assert os.environ["HOME"] != str(tmp_path)


def test_what_only_a_start_can_heed_is_not_forked(jan: Person) -> None:
    assert zygote.can_run(jan.env())
    for name in ("LD_PRELOAD", "LC_ALL", "PYTHONPATH", "COVERAGE_PROCESS_START"):
        assert not zygote.can_run({**jan.env(), name: "x"})
    assert not zygote.can_run({**jan.env(), "PYTHONUTF8": "0"})
