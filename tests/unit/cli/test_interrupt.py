"""Ctrl-C where the orderly end takes longer than its moment: in a process of its own."""

import signal
import subprocess
import sys

import pytest

from tests.scenarios.transfers.commands import hearing_ctrl_c

PROGRAM = """
import sys, time
from s3sync.cli.interrupt import end_after_ctrl_c, ended_by_the_system

end_after_ctrl_c(lambda: print("was cut short"))
with ended_by_the_system(*map(int, sys.argv[1:])):
    try:
        print("at work", flush=True)
        time.sleep(60)
    finally:
        time.sleep(60)
"""


@pytest.mark.parametrize(
    ("words", "code", "said"), [((), 130, "was cut short\n"), (("0",), 0, "")], ids=["does something", "only shows"]
)
def test_a_slow_end_is_cut_short_with_the_code_of_the_command(words: tuple[str, ...], code: int, said: str) -> None:
    command = [*hearing_ctrl_c(), sys.executable, "-c", PROGRAM, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        assert (process.stdout.read(), process.wait()) == (said, code)
