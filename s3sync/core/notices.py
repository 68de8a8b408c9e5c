"""Notices for people elsewhere: what a command did, in a line of text for a chat or a mail.

Names come from anybody who writes into the store, and the text may come from whoever commits: both are made harmless
for what shows them. A message is bounded, however much was done.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import Struct

from s3sync.core.media_types import BY_SUFFIX
from s3sync.core.quantities import counted, files_text, size_text

FIELDS = ("event", "user", "repo", "project", "summary", "files", "count", "size")
DEFAULT_TEXT = "{project}: {user} {summary}: {files}"
MOST_NAMES = 5
MOST_OF_A_NAME = 120
MOST_LINES = 20
MOST_CHARACTERS = 2_000
_FIELD = re.compile(r"\{([^{}]*)\}")
_ACTS = str.maketrans("<>&@`*|~[]", "‹›＆＠ˋ∗∣∼［］")
"""Characters that make something happen in a chat or a page, and those that look alike and do nothing."""
_ENCODED = ("=?", "=？")
"""Beginning of an encoded word, with which a mail's subject is shown decoded (RFC 2047, section 2); and one of none."""
_SCHEME = re.compile(r"(?<=\w):(?=/)")
_DOTTED = re.compile(r"(?<![\w-])([\w-]+(?:\.[\w-]+)*)\.([^\W\d_][\w-]+)(?![\w-])(?!\.[\w-])(/?)")
"""Words that chats take for the address of a host: its last part begins with a letter."""
_OTHERS = "txt csv json xml xmp fit fits cube zip tar gz zst docx xlsx pptx prproj aep drp"
_ENDINGS = frozenset((*BY_SUFFIX, *_OTHERS.split()))
"""Endings of files that keep their dot, though some are those of hosts, too."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of characters that are no text: they direct it, or begin a line."""


class Notice(Struct, frozen=True):
    """One thing that a command did. `names` are the first of `count`; `size` is in bytes, 0 where it says nothing."""

    event: str
    user: str
    repo: str
    project: str
    summary: str
    names: tuple[str, ...] = ()
    count: int = 0
    size: int = 0


def notice(event: str, user: str, place: tuple[str, str], summary: str, names: Iterable[str], size: int = 0) -> Notice:
    """Notice of files or units by name, of which only the first are kept. `place`: repository and project."""
    first: list[str] = []
    count = 0
    for name in names:
        count += 1
        if len(first) < MOST_NAMES:
            first.append(name)
    return Notice(event, user, *place, summary, tuple(first), count, size)


def moved(event: str, did: str, user: str, place: tuple[str, str], files: Sequence[tuple[str, int]]) -> Notice:
    """Notice of files with their sizes, as `uploaded 3 files (1.2 GB)`."""
    size = sum(size for _, size in files)
    summary = f"{did} {files_text(len(files))} ({size_text(size)})"
    return notice(event, user, place, summary, (name for name, _ in files), size)


def unknown_fields(text: str) -> list[str]:
    """Fields in a text that there are none of."""
    return [name for name in _FIELD.findall(text) if name not in FIELDS]


def tame(text: str) -> str:
    """A text that no chat, page or terminal obeys, in one line of bounded length."""
    plain = "".join("?" if unicodedata.category(char) in _UNSEEN else char for char in text).translate(_ACTS)
    return unlinked(plain if len(plain) <= MOST_OF_A_NAME else f"{plain[:MOST_OF_A_NAME]}…")


def unlinked(text: str) -> str:
    """A text in which no chat finds an address, and no mail an encoded word. Done last: what is cut off, or put beside
    it, makes one of a name."""
    return _DOTTED.sub(_no_host, _SCHEME.sub("∶", text.replace(*_ENCODED)))


def _no_host(found: re.Match[str]) -> str:
    """A word with dots as it is, if it ends as a file does; else with dots that only look like some."""
    is_file = found[2].lower() in _ENDINGS and not found[3] and not found[1].lower().startswith("www.")
    return found[0] if is_file else found[0].replace(".", "․")


def render(found: Notice, text: str = DEFAULT_TEXT) -> str:
    """The notice in the words of a text with fields in braces. Nothing in a name is a field."""
    more = found.count - len(found.names)
    files = ", ".join(map(tame, found.names)) + (f" and {more} more" if more > 0 and found.names else "")
    values = {
        "event": found.event,
        "user": tame(found.user),
        "repo": tame(found.repo),
        "project": tame(found.project),
        "summary": tame(found.summary),
        "files": files,
        "count": str(found.count),
        "size": size_text(found.size),
    }
    return _FIELD.sub(lambda field: values.get(field[1], field[0]), text).strip().removesuffix(":")


class Line(Struct, frozen=True):
    """A notice in words. `where` is its repository and project; both are harmless where they are shown."""

    where: str
    text: str


def lines_of(found: Iterable[Notice], text: str = DEFAULT_TEXT, *, is_of_others: bool = False) -> list[Line]:
    """The notices in words. `is_of_others`: whoever commits chose them, and they are as harmless as names."""
    lines = []
    for one in found:
        told = unlinked(render(one, tame(text))) if is_of_others else render(one, text)
        lines.append(Line(unlinked(f"{tame(one.repo)}/{tame(one.project)}"), told))
    return lines


def message(found: Sequence[Line], more: int = 0) -> tuple[str, str]:
    """Title and body of one message about all of them, and about `more` that have no line."""
    places = dict.fromkeys(one.where for one in found)
    where = next(iter(places)) if len(places) == 1 else counted(len(places), "project")
    lines = [one.text for one in found[:MOST_LINES]]
    more += len(found) - len(lines)
    if more:
        lines.append(f"and {more} more")
    return f"s3sync: {where}", _cut("\n".join(lines))


def _cut(body: str) -> str:
    """A body of bounded length. The rest of a word that was cut is no address either."""
    if len(body) <= MOST_CHARACTERS:
        return body
    kept = body[:MOST_CHARACTERS]
    whole = len(kept) - len(kept.split()[-1]) if kept.split() else 0
    return f"{kept[:whole]}{unlinked(kept[whole:])}…"
