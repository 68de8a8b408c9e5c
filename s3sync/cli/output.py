"""Writing to the terminal: stdout is data, stderr is progress, warnings and errors."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, TextIO

from msgspec import Raw, Struct, to_builtins

from s3sync.cli.widths import fitting
from s3sync.core.batches import batched
from s3sync.core.quantities import size_text
from s3sync.core.times import format_time, parse_time
from s3sync.errors import (
    ConfigError,
    Interrupted,
    LocalError,
    ManifestError,
    ProjectError,
    S3syncError,
    StoreError,
    Unsupported,
    UsageError,
)

SCHEMA = 1


class Symbols(Struct, frozen=True):
    """The signs in front of lines; never the only bearer of a meaning."""

    up: str = "🔼"
    down: str = "🔽"
    sync: str = "🔄"
    status: str = "📊"
    cleanup: str = "🧹"
    done: str = "✓"
    newer_there: str = "↓"
    newer_here: str = "↑"
    conflict: str = "⚠"
    failed: str = "✗"
    gone: str = "∅"
    locked: str = "🔒"


ASCII = Symbols("^", "v", "=", "#", "~", "ok", "v", "^", "!", "x", "d", "L")


def symbols(stream: TextIO | None = None) -> Symbols:
    """Signs that the stream can show."""
    encoding = ((stream or sys.stdout).encoding or "ascii").lower().replace("-", "")
    return Symbols() if encoding.startswith("utf") else ASCII


MOST_CHARACTERS = 2_000
"""Characters of one text that others wrote: twice what a path may have."""
MOST_BLANKS_IN_A_ROW = 4
MARKS_IN_A_ROW = 8
"""Accents on one letter: more than any script has, and few enough not to cover the lines around it."""
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"
    "\U0001d159\U00016fe4]"
)
"""Letters, signs and marks that are drawn as nothing: Unicode's Default_Ignorable_Code_Point as far as other categories
than Cf have them, the blank of Braille, and the fillers."""
_UNSEEN_BLANKS = re.compile(f"^ +| +$| {{{MOST_BLANKS_IN_A_ROW + 1},}}")
"""Blanks that nobody sees at the end of a name, and those that would push what follows to another line."""


def printable(text: str) -> str:
    """A text with nothing in it that a terminal would obey, or that would turn or cover other text: that is escaped.

    So is what is drawn as nothing, or as the blanks around a text: two names that differ look different.
    """
    if _UNSEEN_BLANKS.search(text):
        text = _UNSEEN_BLANKS.sub(_blanks_shown, text)
    if text.isascii() and text.isprintable() and len(text) <= MOST_CHARACTERS:
        return text
    shown: list[str] = []
    marks = 0
    for char in text[:MOST_CHARACTERS]:
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        harmless = char == " " or (category[0] not in "CZ" and marks <= MARKS_IN_A_ROW and not _INVISIBLE.match(char))
        shown.append(char if harmless else char.encode("unicode_escape").decode())
    return "".join(shown) + ("..." if len(text) > MOST_CHARACTERS else "")


def _blanks_shown(found: re.Match[str]) -> str:
    count = len(found[0])
    return "\\x20" if count == 1 else f"\\x20{{{count}}}"


class OutputLost(OSError):
    """stdout cannot be written any more."""


LISTENERS: list[Callable[[str], None]] = []
"""Other receivers of each line that is said: the log file."""


_OBEYED = re.compile(
    "\x1b(?!\\[(?:0|3[123])m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def _disarmed(line: str) -> str:
    """A line with nothing in it that a terminal obeys or that turns text, but for our own colours, tabs and line
    breaks."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def say(line: str = "") -> None:
    """One line of data on stdout."""
    line = _disarmed(line)
    note(line)
    write(sys.stdout, line)


def warn(line: str) -> None:
    """One line for the person, on stderr."""
    line = _disarmed(line)
    note(line)
    write(sys.stderr, line)


def note(line: str) -> None:
    """One line for the log file alone, if there is one."""
    for listener in LISTENERS:
        listener(line)


def write(stream: TextIO, line: str, end: str = "\n") -> None:
    encoding = stream.encoding or "ascii"
    text = line.encode(encoding, "backslashreplace").decode(encoding) + end
    try:
        stream.write(text)
    except OSError as error:
        if stream is sys.stdout:
            raise OutputLost(error.errno, error.strerror) from error


def answered_yes(question: str) -> bool:
    """Ask on stderr. Where nobody can answer, the answer is no."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline()
        typed = bool(answer) and sys.stdin.isatty()
    except (OSError, ValueError):
        answer, typed = "", False
    if not typed:
        warn("")
    return answer.strip().lower() in ("y", "yes")


PIECES_AT_ONCE = 4_000
"""Pieces of a JSON document that are written together: a field each, or an item of a list."""


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout, in ASCII, so that no pipe can break it.

    Structs in it become objects, and iterators lists; `Raw` is JSON in ASCII already, on a line of its own. It is
    written piece by piece: what is said of many files is several times as large as what is known of them.
    """
    for batch in batched(_json(document, "\n"), PIECES_AT_ONCE):
        write(sys.stdout, "".join(batch), end="")
    write(sys.stdout, "")


def _json(value: Any, line: str) -> Iterator[str]:
    """A value as `json.dumps(..., indent=2)` writes it; `line` is the line break and the indentation around it."""
    import json  # a start that shows text does not wait for it

    inner = f"{line}  "
    if isinstance(value, dict):
        brackets, named = "{}", ((f"{json.dumps(key)}: ", item) for key, item in value.items())
    elif isinstance(value, (list, Iterator)):
        brackets, named = "[]", (("", item) for item in value)
    else:
        text = bytes(value).decode() if isinstance(value, Raw) else json.dumps(value, indent=2, default=to_builtins)
        yield text.replace("\n", line)
        return
    before = brackets[0] + inner
    for name, item in named:
        yield before + name
        yield from _json(item, inner)
        before = f",{inner}"
    yield brackets if before[0] != "," else line + brackets[1]


HINTS: tuple[tuple[type[S3syncError], str], ...] = (
    (ConfigError, "correct it, and see what `s3sync config` then shows"),
    (ProjectError, "see `s3sync status --all` for the projects here"),
    (LocalError, "make the file or folder readable and writable, then run the command again"),
    (ManifestError, "ask whoever looks after the store; nothing was changed"),
    (Unsupported, "use a store that can, such as a bucket on AWS"),
    (StoreError, "run the command again; if it fails again, --debug shows more"),
    (S3syncError, "see `s3sync --help`"),
)
"""Hint for an error that has none of its own."""


def hint_of(error: S3syncError) -> str:
    return error.hint or next(hint for kind, hint in HINTS if isinstance(error, kind))


def error_json(command: str, error: S3syncError) -> dict[str, Any]:
    return {"schema": SCHEMA, "command": said(error, command), "error": error_body(error), "exit_code": error.exit_code}


def said(error: S3syncError, text: str) -> str:
    """A text of an error as it may be said. One about what was typed or set may repeat a key that was pasted there."""
    if not isinstance(error, UsageError):
        return text
    from s3sync.config.secrets import without_keys

    return without_keys(text)


def error_body(error: S3syncError) -> dict[str, str]:
    message, hint = said(error, str(error)), said(error, hint_of(error))
    return {"type": type(error).__name__, "message": message, "hint": hint}


def error_lines(error: S3syncError) -> Iterator[str]:
    """Lines of an error: what, why, and what to do."""
    if isinstance(error, Interrupted):
        yield f"{error.message}: {error.why}"
    else:
        yield f"error: {printable(said(error, error.message))}"
        if error.why:
            yield f"  why: {printable(said(error, error.why))}"
    yield f"hint: {printable(said(error, hint_of(error)))}"


GREEN, YELLOW, RED = "32", "33", "31"


def colour(text: str, code: str, stream: TextIO | None = None) -> str:
    """The text in an ANSI colour (`32` green, `33` yellow, `31` red), on a terminal that wants it."""
    stream = stream or sys.stdout
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def moved_line(sign: str, name: str, size: int, text: str) -> str:
    """A file's line in a list: sign, name, size, what became of it."""
    return f"  {sign} {short_name(name)} ({size_text(size)}) - {text}"


FEWEST_COLUMNS = 20


def hanging(label: str, value: str) -> Iterator[str]:
    """Lines of a value with its label before it, for stderr. A value with blanks in it is continued below itself, so
    that a terminal does not begin a line with words of its own choice."""
    room = None
    if " " in value and sys.stderr.isatty():
        with suppress(OSError):
            room = max(FEWEST_COLUMNS, (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - len(label) - 1)
    shown, used = "", 0
    for char in value:
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if room is not None and used + wide > room:
            yield label + shown
            label, shown, used = " " * len(label), "", 0
        shown, used = shown + char, used + wide
    yield label + shown


REST_OF_A_LINE = 40
"""Columns for what is said of a file."""


@cache
def _room() -> int | None:
    """Columns for a name on a terminal; None where lines go elsewhere, and names stay whole."""
    if not sys.stdout.isatty():
        return None
    return max(24, shutil.get_terminal_size().columns - REST_OF_A_LINE)


MOST_SHORTENED = 4_000
_SHORTENED: dict[str, str] = {}
"""Names that were shortened, by what was shown of them."""


def short_name(name: str) -> str:
    """A name as it fits on a line of a terminal: its beginning and its end, which tell most.

    Another name that would look the same stays whole, and so do those after more than can be remembered.
    """
    shown, room = printable(name), _room()
    short = shown if room is None else fitting(shown, room)
    if short == shown:
        return shown
    if short not in _SHORTENED and len(_SHORTENED) < MOST_SHORTENED:
        _SHORTENED[short] = name
    return short if _SHORTENED.get(short) == name else shown


def duration_text(seconds: float) -> str:
    """`0.4s`, `23s`, `4m 10s`, `2h 5m`."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    return f"{whole // 3600}h {whole % 3600 // 60}m"


def ago_text(when: str | None, now: datetime | None = None) -> str:
    """A time in metadata.json as people say it: `2 hours ago`; as it stands when it is no time at all."""
    moment = parse_time(when) if when else None
    if moment is None:
        from s3sync.core.names import short_text

        return printable(short_text(when)) if when else "at an unknown time"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < -60:
        return f"at {format_time(moment)} (its clock is ahead of this one)"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
