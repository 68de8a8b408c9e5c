"""A watch as the system starts it: the unit is one for systemd itself, and its command watches, and ends when told."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from s3sync.team.watching.service import service_of
from tests.kit.people import PROJECT, Person
from tests.scenarios.team.test_watch import JOB, PATIENCE_S, until

ANALYZE = shutil.which("systemd-analyze")


def values(text: str) -> dict[str, str]:
    """Settings of a unit, its `%%` as systemd reads them."""
    found = (line.partition("=") for line in text.splitlines() if "=" in line and line[0] not in "#[")
    return {key: value.replace("%%", "%") for key, _, value in found}


def words(command: str) -> list[str]:
    """Words of an ExecStart, as systemd.service(5) takes quotes, backslashes and dollars apart."""
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', command)
    assert " ".join(f'"{word}"' for word in quoted) == command
    return [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in quoted]


def verified(unit: Path, runtime: Path) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(
        [ANALYZE, "verify", "--user", "--man=no", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def david(tmp_path: Path) -> Person:
    """Without what tests have in their environment: a unit has none of it."""
    person = Person("david", tmp_path / "david's 100% $HOME")
    person.ok(
        "init", PROJECT, "--store", f"file://{tmp_path}/store", "--user", "david", cwd=person.repo,
        env={"S3SYNC_TRUST": None, "S3SYNC_USER": None},
    )  # fmt: skip
    return person


@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd")
def test_systemd_takes_the_unit_for_one(david: Person, tmp_path: Path) -> None:
    unit = Path(david.ok("watch", "install", "--down", "--notify", "--json").json["path"])
    done = verified(unit, tmp_path)
    assert (done.returncode, unit.name in done.stderr) == (0, False), done.stderr
    for program, missing in ((JOB.program, None), ("/opt/$tools/s3sync", None), ("/opt/100% +/s3sync",) * 2):
        strange = service_of(replace(JOB, program=program), {"HOME": "/home/jan"}, "linux")
        (tmp_path / strange.path.name).write_text(strange.text)
        said = verified(tmp_path / strange.path.name, tmp_path)
        assert missing is None or f"Command {missing} is not executable" in said.stderr, said
        assert (said.returncode == 0) == (missing is None) and "bad unit" not in said.stderr, said
    unit.write_text(unit.read_text().replace("NoNewPrivileges", "NoNewPrivilege"))
    assert "Unknown key" in verified(unit, tmp_path).stderr, "it looks at each line"


def test_what_the_unit_says_watches_and_ends_when_told(david: Person, tmp_path: Path) -> None:
    unit = values(Path(david.ok("watch", "install", "--json").json["path"]).read_text())
    assert unit["WorkingDirectory"] == str(david.project) and unit["WantedBy"] == "default.target"
    assert not list((tmp_path / "store").glob("**/draft.mp4"))
    process = subprocess.Popen(
        words(unit["ExecStart"]), cwd=unit["WorkingDirectory"],
        env={"HOME": str(david.root / "home"), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        david.write("draft.mp4", "draft")
        assert process.stdout is not None
        said = next((line for line in process.stdout if "draft.mp4" in line), "it has ended")
        assert "uploaded" in said and list((tmp_path / "store").glob("**/draft.mp4"))
        until(lambda: david.ok("watch", "status", "--json").json["running"] is not None)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0 and "Traceback" not in said, said
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert david.ok("watch", "status", "--json").json["running"] is None
