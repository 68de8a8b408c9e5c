"""Completion, tried in the shells themselves: what a Tab and then Enter makes of a line."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person

HOSTILE = "x $(touch hacked) `touch hacked`;'&.mov"
LINES = [
    ("trash re", ["trash", "restore"]),
    ("up --on-conflict k", ["up", "--on-conflict", "keep-both"]),
    ("up pl", ["up", "plain one.mov"]),
    ("up cut/", ["up", "cut/z.wav"]),
    ("up cu", ["up", "cut/"]),
    ("up x", ["up", HOSTILE]),
    ("status -p b6", ["status", "-p", PROJECT]),
    ("config set bwl", ["config", "set", "bwlimit"]),
    ("dow", ["down"]),
]
"""What is typed before the Tab, and what the program is called with."""
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(s3sync completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(s3sync completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "s3sync completion fish | source"),
}
DEADLINE_S, MORE = 60, "(more)"


@pytest.fixture
def david(david: Person) -> Person:
    """His `s3sync` completes as the program does; called for anything else, it notes its arguments."""
    for name in (HOSTILE, "plain one.mov", "cut/z.wav"):
        david.write(name, "x")
    folder = david.root / "bin"
    folder.mkdir()
    program = folder / "s3sync"
    program.write_text(
        f"""#!/bin/sh
if [ -n "$_S3SYNC_COMPLETE" ] || [ "$1" = completion ]; then exec {sys.executable} -m s3sync "$@"; fi
printf '%s\\0' "$@" > {david.root}/called.new
mv {david.root}/called.new {david.root}/called
"""
    )
    program.chmod(0o755)
    david.environ = {**david.environ, "PATH": f"{folder}:{os.environ['PATH']}", "TERM": "xterm"}
    return david


def typed(person: Person, shell: str, keys: str) -> list[str]:
    """Arguments of the program, after somebody typed this into the shell and then pressed Tab and Enter. None of them
    where the shell waits for the rest of the line, and shows `MORE`."""
    words, setup = SHELLS[shell]
    called = person.root / "called"
    called.unlink(missing_ok=True)
    process, ours = pty.fork()  # fish wants the terminal to be its own
    if process == 0:
        try:
            os.chdir(person.project)
            os.execvpe(words[0], words, person.env())
        finally:
            os._exit(127)
    shown = b""

    def read(until: bytes | None) -> None:
        nonlocal shown
        deadline = time.monotonic() + DEADLINE_S
        while not (called.exists() or MORE.encode() in shown if until is None else until in shown):
            assert time.monotonic() < deadline, f"{shell} shows {shown.decode(errors='replace')}"
            if select.select([ours], [], [], 0.05)[0]:
                shown += os.read(ours, 65536)

    try:
        os.write(ours, f"{setup}; printf 'rea%s\\n' dy\n".encode())
        read(b"ready\r\n")
        os.write(ours, f"s3sync {keys}\t\n".encode())
        read(None)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours)
    return called.read_text().split("\0")[:-1] if called.exists() else []


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_c6_a_tab_completes_what_is_typed(david: Person, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here: `apt install {shell}`")
    for keys, arguments in LINES:
        assert typed(david, shell, keys) == arguments, (shell, keys)
    assert not list(Path(david.root).rglob("hacked"))


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_no_name_is_obeyed_within_quotes(david: Person, language: str) -> None:
    """In a language that does not know its letters bash writes a name as `$'...'`, which ends a quote that is open."""
    david.environ = {**david.environ, "LC_ALL": language, "PS2": MORE}
    david.write("ü;touch hacked;#.mov", "x")
    david.write("ö$(touch hacked).mov", "x")
    david.write("cut/'.mov", "x")
    for keys in ("up 'ü", 'up "ö', 'up ""ö', "up ''\"ö", "up 'ö", "up $'ö", "up it\\'s\"ö"):
        typed(david, "bash", keys)
        assert not list(Path(david.root).rglob("hacked")), keys
    assert typed(david, "bash", 'up "cut/z') == ["up", "cut/z.wav"]
    assert typed(david, "bash", "up cut/\\'") == ["up", "cut/'.mov"]
