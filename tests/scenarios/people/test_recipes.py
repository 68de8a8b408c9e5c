"""The scripts of docs/recipes.md do what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.kit.people import PROJECT, Person, pair
from tests.kit.servers import free_ports

RECIPES = Path(__file__).parents[3] / "docs" / "recipes.md"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recipes are for sh")


def script(title: str) -> str:
    """The script below the heading that has `title` in it."""
    (section,) = [part for part in RECIPES.read_text("utf-8").split("\n## ") if title in part.splitlines()[0]]
    found = re.search(r"^```(?:bash|python)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found, f"no script under {title}"
    return found[1]


@pytest.fixture
def david(tmp_path: Path) -> Person:
    """He has s3sync where the recipes look for it, and Jan's `a.wav` waits in the store."""
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    program = david.root / "home" / ".local" / "bin" / "s3sync"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m s3sync "$@"\n')
    program.chmod(0o755)
    jan.write("a.wav", "a")
    jan.ok("up")
    return david


def run(person: Person, title: str, *words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    path = person.root / "script"
    path.write_text(script(title))
    path.chmod(0o755)
    program = person.root / "home" / ".local" / "bin"
    # The interpreter of this test first, for scripts that ask for python3.
    search = f"{program}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**person.env(), "PATH": search, "PYTHONPATH": str(RECIPES.parents[1]), **environ}
    return subprocess.run([path, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_hook_before_a_push_stops_when_something_is_not_synced(david: Person) -> None:
    assert run(david, "before `git push`", folder=david.repo).returncode == 1
    david.ok("down")
    assert run(david, "before `git push`", folder=david.repo).returncode == 0
    (david.repo / ".s3sync.yaml").write_text("nonsense: 1\n")
    assert run(david, "before `git push`", folder=david.repo).returncode == 0


def test_the_script_for_cron_fetches_and_is_silent_unless_somebody_has_to_look(david: Person) -> None:
    done = run(david, "by cron", PROJECT, folder=david.repo)
    assert (done.returncode, done.stdout, david.read("a.wav")) == (0, "", b"a")
    done = run(david, "by cron", "nosuch", folder=david.repo)
    assert done.returncode == 2 and "failed with 2" in done.stdout and "no project" in done.stdout


@pytest.fixture
def chat() -> Iterator[tuple[str, list[str]]]:
    """The address of a webhook, and what was sent to it."""
    told: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", free_ports(1)[0]), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    server.server_close()


def test_the_script_for_the_chat_tells_of_uploads_and_of_failures(david: Person, chat: tuple[str, list[str]]) -> None:
    address, told = chat
    david.write("b.wav", "b")
    title = "Tell the chat"
    assert run(david, title, folder=david.project, CHAT_WEBHOOK=address).returncode == 0
    assert told == [f"{PROJECT}: 1 uploaded: b.wav"]
    assert run(david, title, folder=david.project, CHAT_WEBHOOK=address).returncode == 0
    assert run(david, title, "nosuch.wav", folder=david.project, CHAT_WEBHOOK=address).returncode == 2
    assert len(told) == 2 and "no file called" in told[1]
