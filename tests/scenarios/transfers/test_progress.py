"""What a person sees while large files travel."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.cli.terminal import on_terminal
from tests.scenarios.transfers.commands import DEADLINE_S, started
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs


def test_a_pipe_gets_one_line_for_each_file(office: Office) -> None:
    office.david.write("film.mp4", content(2 * PART + MIB))
    for number in range(3):
        office.david.write(f"{number}.txt", f"note {number}")
    for person, verb, done in ((office.david, "up", "uploaded"), (office.jan, "down", "downloaded")):
        result = person.ok(verb)
        headline, *files, summary = result.out.splitlines()
        assert "b63-flivideo" in headline and summary.startswith(f"Summary: {done} 4 files")
        assert sorted(files) == sorted(
            [f"  ✓ {number}.txt (6 B) - {done}" for number in range(3)] + [f"  ✓ film.mp4 (17.8 MB) - {done}"]
        )
        assert "\x1b" not in result.out and result.err == ""


def test_a_pipe_hears_of_each_file_when_it_has_arrived(office: Office) -> None:
    office.david.write("film.mp4", content(2 * PART + MIB))
    office.david.write("1.txt", "first")
    with office.gate("CompleteMultipartUpload") as gate, started(office.david, "up") as command:
        assert gate.waiting.wait(DEADLINE_S) and command.process.stdout is not None
        assert "Uploading to S3" in command.process.stdout.readline()
        assert "1.txt" in command.process.stdout.readline(), "while the large one is still on its way"
        gate.open()
        assert command.end().code == 0


@pytest.mark.slow
def test_a_terminal_shows_bytes_rate_and_time_left(office: Office) -> None:
    office.david.write("film.mp4", content(2 * PART + 4 * MIB))
    office.david.write("1.txt", "first")
    for person, verb, doing in ((office.david, "up", "Uploading"), (office.jan, "down", "Downloading")):
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_terminal(person, verb, "--bwlimit", "12M").out)
        assert re.search(rf"{doing} +.*1/2 files +\d+\.\d/21\.0 MB +\d+\.\d MB/s +0:00:0\d", shown), shown
        steps = set(re.findall(rf"{doing} .*?(\d+\.\d)/21\.0 MB", shown))
        assert len(steps) >= 6, f"it moves while a part is on its way: {steps}"
        assert re.search(r"[↑↓] film\.mp4 +.*MB/s", shown), shown
        assert "Checking" not in shown, "a file is hashed while it travels"
        assert f"✓ film.mp4 (21.0 MB) - {doing.lower()[:-3]}ed" in shown
        assert " reused" not in shown


@pytest.mark.slow
def test_b9_what_is_sent_or_fetched_again_is_said_and_no_rate_is_negative(office: Office) -> None:
    """Most of a part has gone when the line drops. A download goes on in the middle of it."""
    office.david.write("film.mp4", content(4 * PART))
    for person, verb, operation in ((office.david, "up", "UploadPart"), (office.jan, "down", "GetObject")):
        rule = office.proxy.on(operation, key=office.key("film.mp4"), nth=2, times=1)
        if verb == "up":
            rule.cut_request_after(6 * MIB)
        else:
            rule.cut_response_after(6 * MIB)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_terminal(person, verb, "--bwlimit", "12M").out)
        assert verb == "down" or re.search(r"sending \d+(\.\d)? MB of film\.mp4 again", shown), shown
        assert not re.search(r"-\d[\d,.]* ?(bytes|[kMG]?B)|-\d+:\d\d", shown), shown
    assert office.jan.read("film.mp4") == content(4 * PART)


@pytest.mark.slow
def test_a_long_name_stays_on_one_line_and_what_is_resumed_is_no_speed(office: Office) -> None:
    """On 80 columns. Three of four parts are there already: they would be hundreds of MB a second."""
    name = "Interview with the director, second camera, take 4, 访谈导演第二机位.mov"
    office.david.write(name, content(4 * PART))
    with office.gate("UploadPart", key=office.key(name), nth=4) as gate, started(office.david, "up") as command:
        assert gate.waiting.wait(DEADLINE_S)
        command.process.kill()
        gate.open()
    shown = on_terminal(office.david, "up", "--bwlimit", "2M", env={"COLUMNS": "80"}).out
    frames = [
        line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines() if "↑" in line
    ]
    assert any("MB/s" in line for line in frames), shown
    assert all(re.match(r"  ↑ Inte?r?v?\.\.\..*\.mov +━*[╺╸]?━* .*\d+\.\d/33\.6 MB", line) for line in frames), frames
    rates = [float(rate) for rate in re.findall(r"(\d+\.\d) MB/s", shown)]
    assert rates and max(rates) < 12, rates


def test_copies_are_shown_as_such_and_the_summary_counts_what_was_saved(office: Office) -> None:
    office.david.write("film.mp4", content(2 * PART + MIB))
    office.david.ok("up")
    office.jan.ok("down")
    office.david.write("again.mp4", office.david.read("film.mp4"))
    shown = on_terminal(office.david, "up").out
    assert "Copying on the server" in shown, shown
    assert "17.8 MB reused" in shown, shown
    assert "17.8 MB reused" in office.jan.ok("down").out
