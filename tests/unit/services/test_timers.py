"""Times at which tasks start, and lines of a crontab beside those of others."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from s3sync.errors import LocalError, S3syncError
from s3sync.services.crontab import lines_of, with_lines, without_lines
from s3sync.services.timers import Scheduler, Task, When, placed

BLOCK, MARK = "s3sync-auto-12345678", "made by us"
TASK = Task("s3sync-auto-v", "s3sync", "/opt/s3 sync", ("archive", "--log-file", "/a/50% $x'.log"), "/v %d", When(0, 3))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(0, 3), "2026-11-27 03:00"),
        (When(30, 14), "2026-11-26 14:30"),
        (When(29, 14), "2026-11-27 14:29"),
        (When(17), "2026-11-26 15:17"),
        (When(45), "2026-11-26 14:45"),
        (When(0, 8, day=1), "2026-12-01 08:00"),
        (When(0, 4, weekday=0), "2026-11-29 04:00"),
    ],
)
def test_the_next_time_of_a_task(when: When, expected: str) -> None:
    assert f"{when.next(datetime(2026, 11, 26, 14, 29, 30, tzinfo=UTC)):%Y-%m-%d %H:%M}" == expected  # a Thursday


foreign = st.lists(
    st.binary(max_size=20).filter(lambda one: b"\n" not in one and BLOCK.encode() not in one), max_size=6
)


@given(foreign, st.lists(st.from_regex(r"[ -~]{1,30}", fullmatch=True).filter(lambda one: one[0] != "#"), max_size=3))
def test_lines_of_others_stay_byte_by_byte(others: list[bytes], ours: list[str]) -> None:
    text = b"".join(line + b"\n" for line in others)
    once = with_lines(text, BLOCK, MARK, ours)
    assert without_lines(once, BLOCK) == text
    assert with_lines(once, BLOCK, MARK, ours) == once
    assert lines_of(once, BLOCK) == [line.encode() for line in ours] and lines_of(text, BLOCK) is None
    after = once + b"0 1 * * * new\n"
    assert without_lines(with_lines(after, BLOCK, MARK, ["x"]), BLOCK) == text + b"0 1 * * * new\n"


def test_lines_without_their_end_are_left_to_a_person() -> None:
    cut = with_lines(b"1 * * * * a\n", BLOCK, MARK, ["b"]).replace(b"# end", b"# and")
    with pytest.raises(LocalError, match="changed by hand"):
        without_lines(cut, BLOCK)


def vixie(text: bytes) -> bytes:
    """The command that Vixie's cron and cronie make of the rest of a line: up to a `%` without a backslash."""
    command, _, _ = re.sub(rb"\\%", b"\0", text).partition(b"%")
    return command.replace(b"\0", b"%")


words_of_a_shell = st.text(st.sampled_from("ab %\\'\"$`\udcff\udce9Ü&;#~"), min_size=1, max_size=12).filter(
    lambda one: one[0] not in "-~"
)


@settings(max_examples=60, deadline=None)
@given(words_of_a_shell, words_of_a_shell)
def test_a_cron_starts_what_was_meant_whatever_the_names(program: str, word: str) -> None:
    """One that takes the backslash before a `%` away, and one that leaves it to the shell."""
    task = replace(TASK, program="/usr/bin/printf", words=("%s/%s", program, word), root="/")
    (line,) = placed([task], Scheduler.CRON, MARK, BLOCK, {}).lines
    text = with_lines(b"", BLOCK, MARK, [line]).splitlines()[1].split(b" ", 5)[5]
    for command in (vixie(text), text):
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)
        assert done.stdout == os.fsencode(f"{program}/{word}")


@pytest.mark.parametrize("root", ["/v/50% done", "/v/\\%x", "/v/it's 100%", "/v%"])
def test_lines_with_a_percent_sign_come_and_go(root: str) -> None:
    (line,) = placed([replace(TASK, root=root)], Scheduler.CRON, MARK, BLOCK, {}).lines
    others = b"5 4 * * * /opt/backup '50\\%' \\\\%x\n"
    once = with_lines(others, BLOCK, MARK, [line])
    assert lines_of(once, BLOCK) == [line.encode()] and without_lines(once, BLOCK) == others
    assert with_lines(once, BLOCK, MARK, [line]) == once
    folder = shlex.split(vixie(line.encode()).decode())[6]
    assert folder == root


def test_words_stand_in_each_kind_of_file_as_they_are() -> None:
    (line,) = placed([TASK], Scheduler.CRON, MARK, BLOCK, {}).lines
    assert line == "0 3 * * * cd '/v '\\%'d' && '/opt/s3 sync' archive --log-file '/a/50'\\%' $x'\"'\"'.log'"
    agent = placed([TASK], Scheduler.LAUNCHD, MARK, BLOCK, {"HOME": "/Users/jan"})
    ((path, text),) = agent.files.items()
    found = plistlib.loads(text.encode())
    assert str(path) == "/Users/jan/Library/LaunchAgents/s3sync-auto-v.plist" and MARK in text
    assert found["ProgramArguments"] == ["/opt/s3 sync", *TASK.words] and found["WorkingDirectory"] == "/v %d"
    assert found["StartCalendarInterval"] == {"Minute": 0, "Hour": 3}
    odds = (replace(TASK, root=root) for root in ("/v\nExecStart=/bin/x", "/v\\", "/v "))
    for odd in (*odds, replace(TASK, words=("a\x1b",))):
        with pytest.raises(S3syncError, match="cannot write the unit"):
            placed([odd], Scheduler.SYSTEMD, MARK, BLOCK, {})
