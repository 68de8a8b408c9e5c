"""Words and texts in files of systemd and launchd, quoted so that no name in them means anything else."""

from __future__ import annotations

import plistlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from s3sync.errors import S3syncError

_NOT_IN_PROGRAMS = frozenset("\"'\\$")
"""Characters that systemd takes in no path of a program, or reads otherwise than in the words after it."""
_ANY_PROGRAM = "/usr/bin/env"


def refuse_odd(root: str, texts: Iterable[str], *, utf8: str = "") -> None:
    """Raise `S3syncError` for a text that cannot stand in such a file, or a folder that cannot be named in it.

    `utf8`: hint about a name that is no UTF-8, of which systemd and launchd take none; empty where whoever writes the
    file refuses it in its own words, or takes it.
    """
    for text in (root, *texts):
        if utf8 and any("\ud800" <= char <= "\udfff" for char in text):
            raise S3syncError("cannot write the unit", why=f"{text!r} is not UTF-8", hint=utf8)
        if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
            raise S3syncError("cannot write the unit", why=f"{text!r} has a control character in it", hint="rename it")
    if root.endswith(("\\", " ")):  # systemd would join lines, or go to the folder without the blank
        why = f"{root!r} ends in a {'blank' if root.endswith(' ') else 'backslash'}"
        raise S3syncError("cannot write the unit", why=why, hint="rename it")


def systemd_command(program: str, words: Sequence[str]) -> str:
    """Value of ExecStart as systemd.service(5) quotes it."""
    first = (_ANY_PROGRAM,) if _NOT_IN_PROGRAMS & set(program) else ()
    return " ".join(map(_systemd_word, (*first, program, *words)))


def systemd_text(text: str) -> str:
    """A text in a line of a unit: printable, and its `%` no specifier."""
    return "".join(char if char.isprintable() else "?" for char in text).replace("%", "%%")


def systemd_folder(environ: Mapping[str, str]) -> Path:
    """Folder of the user's own units, as systemd looks for it: a relative one would be in the clone."""
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else home(environ) / ".config") / "systemd" / "user"


def agents_folder(environ: Mapping[str, str]) -> Path:
    """Folder of the user's own agents of launchd."""
    return home(environ) / "Library" / "LaunchAgents"


def agent_text(document: Mapping[str, Any], mark: str) -> str:
    """An agent of launchd, with the line that says who made it."""
    text = plistlib.dumps(dict(document), sort_keys=True).decode()
    head, end, rest = text.partition("\n")
    return f"{head}{end}<!-- {mark} -->\n{rest}"


def home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _systemd_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
