"""Two places, both ways: killed at steps all over a run, it ends as if nobody had killed it, and loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from tests.promises.crash.desk import KILLS, Desk, spread

WORDS = ("sync", "./a", "{b}", "--bidirectional", "--delete", "--transfers", "1")


@pytest.mark.parametrize("kind", ["folder", "store"])
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    pair = Desk(tmp_path / "world", kind)
    for name in ("edited a", "edited b", "gone a", "gone b", "both", "one", "two", "three"):
        (pair.a / name).write_bytes(name.encode())
    assert pair.run(*WORDS).code == 0
    for place, name in ((pair.a, "edited a"), (pair.b, "edited b")):
        (place / name).write_bytes(f"{name} again, and longer".encode())
    (pair.a / "gone a").unlink()
    (pair.b / "gone b").unlink()
    (pair.a / "both").write_bytes(b"both, by a")
    (pair.b / "both").write_bytes(b"both: by b")
    (pair.a / "large").write_bytes(os.urandom(9 * 1024 * 1024))
    pair.keep()
    start = pair.everything()
    done, steps = pair.steps(*WORDS)
    ends = pair.files(pair.a)
    assert done.code == 4 and ends == pair.files(pair.b)
    wrong, kills = [], 0
    for step in spread(steps):
        pair.put_back()
        killed = pair.run(*WORDS, crash={"kill": msgspec.to_builtins(step), "side": "before"})
        if killed.code != -signal.SIGKILL:  # a step of another order, which two threads may change
            continue
        kills += 1
        again = pair.run(*WORDS)
        told = pair.run(*WORDS, "--dry-run", "--json").json
        planned = told["copied"] or told["deleted"] or told["conflicts"] or told["failed"]
        held = pair.files(pair.a), pair.files(pair.b)
        if again.code not in (0, 4) or planned or held != (ends, ends) or not pair.everything() >= start:
            wrong.append((str(step), again, planned, [len(found ^ ends) for found in held]))
    assert wrong == [] and kills >= KILLS // 2
