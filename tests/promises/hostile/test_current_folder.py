"""The folder that a command runs in may be a stranger's clone, with files in it that are called as modules are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.people import Person

ROOT = Path(__file__).parents[3]
MODULES = (
    "msgspec",
    "typer",
    "click",
    "json",
    "yaml",
    "dotenv",
    "obstore",
    "boto3",
    "botocore",
    "rich",
    "platformdirs",
)


@pytest.mark.parametrize("words", [("status",), ("projects", "--json")])
def test_f50_no_module_of_a_clone_is_run(words: tuple[str, ...], david: Person) -> None:
    mark = david.root / "ran"
    for name in MODULES:
        (david.project / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name!r} + ' ')\n")
    done = subprocess.run(
        [sys.executable, "-m", "s3sync", *words], cwd=david.project, env=david.env(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not mark.exists(), mark.read_text()


def test_f50_a_clone_of_s3sync_itself_runs_its_own(david: Person) -> None:
    """Whoever works on s3sync starts it from there."""
    words = [sys.executable, "-S", "-m", "s3sync", "--version"]
    done = subprocess.run(words, cwd=ROOT, env=david.env(), capture_output=True, check=False, text=True)
    assert done.stdout.startswith("s3sync ") or "No module named 'msgspec'" in done.stderr, done.stderr
