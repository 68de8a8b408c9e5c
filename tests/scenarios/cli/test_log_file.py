"""`--log-file FILE`: for runs that nobody watches. It is added to, private, and never reached through a link."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import put, settings

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \[\d+\] .*")


def test_what_is_said_stands_in_it_with_times(david: Person, tmp_path: Path) -> None:
    log = tmp_path / "s3sync.log"
    david.ok("up", "--log-file", str(log))
    david.run("down", "nosuch-file", "--json", "--log-file", str(log))
    text = log.read_text("utf-8")
    assert all(LINE.fullmatch(line) for line in text.splitlines()), text
    for expected in ("s3sync up begins", "draft.mp4", "uploaded 1 file", "exit code 0", "s3sync down begins", "nosuch"):
        assert expected in text
    assert text.count("begins") == text.count("ends with exit code") == 2
    assert "\x1b" not in text
    if os.name == "posix":
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_is_there_is_added_to(david: Person, tmp_path: Path) -> None:
    log = tmp_path / "s3sync.log"
    log.write_text("yesterday\n")
    david.ok("status", "--log-file", str(log))
    assert log.read_text("utf-8").startswith("yesterday\n20")


@pytest.mark.skipif(os.name != "posix", reason="makes links and FIFOs")
@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "folder", "second name", "no folder", "nothing"])
def test_what_is_no_plain_file_is_refused(david: Person, tmp_path: Path, kind: str) -> None:
    log, precious = tmp_path / "s3sync.log", tmp_path / "precious"
    precious.write_text("precious")
    match kind:
        case "link":
            log.symlink_to(precious)
        case "dangling":
            log.symlink_to(tmp_path / "nowhere")
        case "fifo":
            os.mkfifo(log)
        case "folder":
            log.mkdir()
        case "second name":
            os.link(precious, log)
        case "no folder":
            log = tmp_path / "none" / "s3sync.log"
        case _:
            log = Path("/")
    result = david.run("up", "--log-file", str(log))
    assert result.code in (1, 2) and "hint:" in result.err and "Traceback" not in result.err, result
    assert precious.read_text() == "precious" and not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_device_is_refused(david: Person) -> None:
    assert david.run("up", "--log-file", "/dev/full").code == 1


def test_an_archive_run_by_cron_says_all_in_it(tmp_path: Path) -> None:
    """What went, what it deleted, and what failed with the reason and the exit code."""
    ana, log, vault = Person("ana", tmp_path / "ana"), tmp_path / "s3sync.log", (tmp_path / "vault").as_uri()
    settings(ana, f"archives: {{raw: {{store: '{vault}', source: 'raw/*', layout: '{{id}}'}}}}\n")
    put(ana.repo, "raw/m42/light.fits", b"light")
    words = ("--log-file", str(log))
    ana.ok("archive", "run", "--delete-local", *words, cwd=ana.repo)
    (ana.repo / "raw/m31").mkdir()
    ana.expect(3, "archive", "run", *words, cwd=ana.repo)
    ana.ok("restore", "m42", *words, cwd=ana.repo)
    text = log.read_text("utf-8")
    assert all(LINE.fullmatch(line) for line in text.splitlines()), text
    went = ["s3sync archive run begins", "m42", "deleted here 1 file", "ends with exit code 0"]
    for told in (
        *went,
        "m31: cannot archive m31: there is no file in it",
        "ends with exit code 3",
        "s3sync restore begins",
    ):
        assert told in text, told
    assert (ana.repo / "raw/m42/light.fits").read_bytes() == b"light"
