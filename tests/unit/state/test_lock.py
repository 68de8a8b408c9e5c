"""The lock: one at a time, and the other hears who it is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError, LockHeld
from s3sync.state import lock
from s3sync.state.lock import RUN, project_lock

NOW = datetime(2025, 11, 3, 10, 0, 0, tzinfo=UTC)
HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from s3sync.disk.guarded import GuardedFolder
from s3sync.state.lock import project_lock
with project_lock(GuardedFolder.open(sys.argv[1]), now=datetime(2025, 11, 3, 10, 0, 0, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until it is told or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def is_free(folder: Path) -> bool:
    try:
        with project_lock(GuardedFolder.open(folder), now=NOW):
            return True
    except LockHeld:
        return False


def test_the_second_process_hears_who_holds_it(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        with pytest.raises(LockHeld) as caught, project_lock(GuardedFolder.open(tmp_path), now=NOW):
            pass
        assert caught.value.exit_code == 6
        assert caught.value.why == f"process {process.pid} on {socket.gethostname()}, since 2025-11-03T10:00:00Z"
        assert "--wait" in (caught.value.hint or "")
        process.communicate("done\n")
        assert is_free(tmp_path)


def test_f29_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert json.loads((tmp_path / RUN.holder).read_text())["pid"] == process.pid
        assert is_free(tmp_path)


def test_f29_a_stale_file_means_nothing(tmp_path: Path) -> None:
    """Also when the process id in it is that of a living process by now."""
    (tmp_path / RUN.file).touch()
    (tmp_path / RUN.holder).write_text(json.dumps({"pid": os.getpid(), "host": "gone", "since": "long ago"}))
    assert is_free(tmp_path)


def test_while_it_is_held_it_says_by_whom(tmp_path: Path) -> None:
    with project_lock(GuardedFolder.open(tmp_path), now=NOW):
        assert json.loads((tmp_path / RUN.holder).read_text()) == {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": "2025-11-03T10:00:00Z",
        }
        assert not is_free(tmp_path)
    assert not (tmp_path / RUN.holder).exists()
    assert is_free(tmp_path)


def test_it_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), project_lock(GuardedFolder.open(tmp_path), now=NOW):
        raise ZeroDivisionError
    assert is_free(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "\0", '{"pid": 1}'])
def test_a_holder_that_says_nothing(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOKS", 1)
    with project_lock(GuardedFolder.open(tmp_path), now=NOW):
        (tmp_path / RUN.holder).write_text(text)
        with (
            pytest.raises(LockHeld, match="did not say who it is"),
            project_lock(GuardedFolder.open(tmp_path), now=NOW),
        ):
            pass


def test_one_that_waits_gets_it(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        assert process.stdin is not None
        assert not is_free(tmp_path)
        process.stdin.write("done\n")
        process.stdin.flush()
        with project_lock(GuardedFolder.open(tmp_path), now=NOW, wait_s=60):
            assert json.loads((tmp_path / RUN.holder).read_text())["pid"] == os.getpid()


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / RUN.file).mkdir()
    with pytest.raises(LocalError), project_lock(GuardedFolder.open(tmp_path), now=NOW):
        pass
