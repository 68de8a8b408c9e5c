"""The user's crontab: lines of ours between two that say whose they are. All others stay byte by byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from s3sync.disk.programs import program
from s3sync.errors import LocalError

PATIENCE_S = 20
LARGEST = 1024 * 1024


def read() -> bytes:
    """The crontab as it is; empty where the user has none. Raises `LocalError`."""
    done = _run("-l")
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    if "no crontab" in said.lower():
        return b""
    raise LocalError("cannot read your crontab", why=said[:500] or f"crontab ended with {done.returncode}")


def unreadable() -> LocalError | None:
    """Error where this user may have no crontab (cron.allow, cron.deny), or it cannot be read; None where it can."""
    try:
        read()
    except LocalError as error:
        return error
    return None


def write(text: bytes) -> None:
    """Replace the crontab as a whole, and look at what is there then. Raises `LocalError`."""
    done = _run("-", text)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise LocalError("cannot write your crontab", why=said[:500] or f"crontab ended with {done.returncode}")
    if lines_without_head(read()) != lines_without_head(text):
        raise LocalError(
            "your crontab is not what was written", why="somebody else wrote it at the same moment",
            hint="look at it with `crontab -l`, and run the command again",
        )  # fmt: skip


def lines_without_head(text: bytes) -> list[bytes]:
    """Lines of a crontab that count: some systems put comments of their own at its beginning."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(b"#")]


def lines_of(text: bytes, block: str) -> list[bytes] | None:
    """The lines of a block; None where there is none."""
    found = _cut(text, block)
    return None if found is None else found[1].splitlines()[1:-1]


def with_lines(text: bytes, block: str, mark: str, lines: Sequence[str]) -> bytes:
    """The crontab with these lines as the block, in the place of its earlier ones or at the end."""
    body = "\n".join((f"# begin {block} ({mark})", *lines, f"# end {block}")).encode("utf-8", "surrogateescape") + b"\n"
    found = _cut(text, block)
    if found is not None:
        return found[0] + body + found[2]
    return text + (b"\n" if text and not text.endswith(b"\n") else b"") + body


def without_lines(text: bytes, block: str) -> bytes:
    """The crontab without the block."""
    found = _cut(text, block)
    return text if found is None else found[0] + found[2]


def _cut(text: bytes, block: str) -> tuple[bytes, bytes, bytes] | None:
    """What is before a block, the block with both its lines, and what is after it. One without an end is none."""
    lines = text.splitlines(keepends=True)
    name = block.encode("utf-8", "surrogateescape")
    first = next((n for n, line in enumerate(lines) if line.startswith(b"# begin " + name + b" ")), None)
    if first is None:
        return None
    last = next((n for n, line in enumerate(lines) if n > first and line.strip() == b"# end " + name), None)
    if last is None:
        raise LocalError(
            "your crontab was changed by hand",
            why=f"it has the line `# begin {block}`, and not the one that ends these lines",
            hint="take our lines out with `crontab -e`, and run the command again",
        )
    return b"".join(lines[:first]), b"".join(lines[first : last + 1]), b"".join(lines[last + 1 :])


def _run(word: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    found = program("crontab")
    if found is None:
        raise LocalError("there is no crontab on this system", hint="--with systemd or launchd takes another scheduler")
    try:
        return subprocess.run(
            [found, word],
            input=text or b"",
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError("cannot run crontab", why=str(error)[:500]) from error
