"""Files that were named on the command line: whatever has the name, it ends at once, in one error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.cli.named_files import read_named
from s3sync.errors import UsageError

MOST = 1 << 20


def huge(path: Path) -> None:
    with path.open("wb") as made:
        made.truncate(10 * 1024**3)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (lambda path: None, "there is no such file"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a pipe": (os.mkfifo, "it is a named pipe"),
    "zeros": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), ""),
    "a huge file": (huge, "it is larger than 1.0 MB"),
    "a socket": (listening, ""),
    "a link in a circle": (lambda path: path.symlink_to(path), "it is a symbolic link"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_to_read_ends_in_one_error(kind: str, tmp_path: Path) -> None:
    make, said = ODD[kind]
    make(tmp_path / "list")
    with pytest.raises(UsageError) as told:
        read_named(str(tmp_path / "list"), MOST, hint="name a list")
    assert str(tmp_path / "list") in told.value.message and said in (told.value.why or "")
    assert told.value.hint == "name a list"


def test_files_links_and_the_pipes_of_a_shell_are_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a" * MOST)
    (tmp_path / "link").symlink_to("list")
    assert len(read_named(str(tmp_path / "link"), MOST, hint="")) == MOST
    with pytest.raises(UsageError):
        read_named(str(tmp_path / "link"), MOST - 1, hint="")
    reading, writing = os.pipe()
    os.write(writing, b"from <(a command)")
    os.close(writing)
    assert read_named(f"/dev/fd/{reading}", MOST, hint="") == b"from <(a command)"
    os.close(reading)
