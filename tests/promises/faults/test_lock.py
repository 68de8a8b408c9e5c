"""F29: a stale lock never blocks, a held one is never taken over, and correctness does not depend on it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.kit.people import Person
from tests.scenarios.transfers.commands import DEADLINE_S, started
from tests.scenarios.transfers.conftest import Office

pytestmark = pytest.mark.seaweedfs


def holder(person: Person) -> dict[str, object]:
    found: dict[str, object] = json.loads((person.staging / ".s3sync" / "lock.json").read_text())
    return found


def test_f29_the_second_command_leaves_and_says_who_is_there(office: Office) -> None:
    office.david.write("a.mp4", "one")
    with office.gate("PutObject", key=office.key("a.mp4")) as gate, started(office.david, "up") as first:
        assert gate.waiting.wait(DEADLINE_S)
        for verb in ("up", "sync"):
            said = office.david.expect(6, verb).err
            assert f"process {first.process.pid} on {socket.gethostname()}, since 20" in said
            assert "another s3sync is working on this project" in said and "hint: wait until it is done" in said
        error = office.david.expect(6, "up", "--json").json["error"]
        assert error["type"] == "LockHeld" and re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", error["message"])
        office.david.ok("status")
        office.david.ok("up", "--dry-run")
        gate.open()
        assert first.end().code == 0
    office.david.ok("up")


def test_f29_the_second_command_may_wait(office: Office) -> None:
    office.david.write("a.mp4", "one")
    with office.gate("PutObject", key=office.key("a.mp4")) as gate, started(office.david, "up") as first:
        assert gate.waiting.wait(DEADLINE_S)
        with started(office.david, "up", "--wait", "60") as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.process.wait(0.5)
            gate.open()
            assert first.end().code == 0 and second.end().code == 0
    assert office.stored("a.mp4") == b"one"


def test_f29_a_sleeping_process_is_not_robbed(office: Office) -> None:
    """As after a laptop was shut: the holder lives, and goes on when it wakes. `--wait` ends with exit code 6."""
    office.david.write("a.mp4", "one")
    with office.gate("PutObject", key=office.key("a.mp4")) as gate, started(office.david, "up") as first:
        assert gate.waiting.wait(DEADLINE_S)
        first.process.send_signal(signal.SIGSTOP)
        assert f"process {first.process.pid}" in office.david.expect(6, "up", "--wait", "1").err
        assert holder(office.david)["pid"] == first.process.pid
        first.process.send_signal(signal.SIGCONT)
        gate.open()
        assert first.end().code == 0
    assert office.stored("a.mp4") == b"one"


def test_f29_the_lock_of_a_killed_command_is_free(office: Office) -> None:
    """Also when its process id is that of another, living process by now."""
    office.david.write("a.mp4", "one")
    with office.gate("PutObject", key=office.key("a.mp4")) as gate, started(office.david, "up") as first:
        assert gate.waiting.wait(DEADLINE_S)
        first.kill()
    assert holder(office.david)["pid"] == first.process.pid
    office.david.ok("up")
    left = office.david.staging / ".s3sync" / "lock.json"
    left.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": "2025-11-03T10:00:00Z"}))
    office.david.ok("up")
    assert office.stored("a.mp4") == b"one"


WITHOUT_LOCK = """
import sys
from contextlib import nullcontext
import s3sync.state.lock
s3sync.state.lock.project_lock = lambda *_, **__: nullcontext()
from s3sync.cli.main import run
sys.exit(run(["sync"]))
"""


def test_f29_without_any_lock_two_commands_on_one_folder_lose_nothing(office: Office) -> None:
    """A network disk may not know locks at all: preconditions hold all the same."""
    for number in range(12):
        office.david.write(f"{number}.mp4", f"take {number}")
    office.put("theirs.mp4", b"from another tool")
    command = [sys.executable, "-c", WITHOUT_LOCK]
    with office.gate("PutObject", key="*.mp4") as gate:
        both = [
            subprocess.Popen(command, cwd=office.david.project, env=office.david.env(), stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        assert gate.waiting.wait(DEADLINE_S)
        gate.open()
        for process in both:
            _, said = process.communicate(timeout=300)
            assert process.returncode in (0, 3, 4) and b"Traceback" not in said, said
    office.david.ok("sync")
    assert office.david.ok("status", "--json").json["in_sync"]
    assert office.david.read("theirs.mp4") == b"from another tool"
    assert all(office.stored(f"{number}.mp4") == f"take {number}".encode() for number in range(12))
