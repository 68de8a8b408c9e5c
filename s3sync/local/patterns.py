"""gitignore patterns, exactly as git reads them, at a cost that is bounded by their length and number.

`.s3syncignore` may come from anybody in the team. A regular expression with many stars, made without care, has Python
try every way to spread a name over them, which for `*a*a*a*a*a*a*a*b` takes days. The published libraries decide a few
per cent of random cases differently from git (`tests/unit/local/test_gitignore_rules.py` compares with the real one).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TypeAlias

from msgspec import Struct

from s3sync.core.names import nfc

MOST_PATTERNS = 1_000
"""Every path is held against every pattern."""
MOST_DEEP_STARS = 2
"""`**/` before or between folders."""
MOST_DEEP = 50
"""Patterns with `**/` between folders: each looks at all of a path, once for each of its folders."""
MOST_CHARACTERS = 4096
"""Longest pattern: no path is longer."""
MOST_READ = 1 << 17
"""Characters of all patterns together: an expression of four million takes a minute to make."""
MOST_REMEMBERED = 1 << 15
"""Folders whose answer is kept."""

_NEVER = "(?!)"
_Segments: TypeAlias = list[list[str]]
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \t", "cntrl": "\x00-\x1f\x7f", "digit": "0-9", "graph": "!-~",
    "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": " \t\n\r\f\v", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class _Rule(Struct, frozen=True):
    """One pattern. `by_name` looks only at the last name of a path; a plain name has no `regex` but a `name`."""

    ignores: bool
    folders_only: bool
    by_name: bool
    name: str
    regex: str | None
    deep: bool = False

    @property
    def kind(self) -> tuple[bool, bool, bool, bool]:
        return self.ignores, self.folders_only, self.by_name, self.regex is None


class _Group:
    """Neighbouring rules of one kind, which are asked together."""

    def __init__(self, rules: list[_Rule]) -> None:
        self.ignores, self.folders_only, self.by_name, is_plain = rules[0].kind
        names = frozenset(rule.name for rule in rules)
        self.fits = names.__contains__ if is_plain else re.compile("|".join(f"(?:{r.regex})" for r in rules)).fullmatch


class Patterns:
    """A list of patterns, of which the last one that fits decides; what is below an ignored folder is ignored."""

    def __init__(self, rules: Iterable[_Rule]) -> None:
        ordered = list(rules)
        if all(rule.ignores for rule in ordered):  # then any of them decides, and fewer groups are asked
            ordered.sort(key=lambda rule: rule.kind)
        groups = [_Group(list(same)) for _, same in groupby(ordered, key=lambda rule: rule.kind)]
        self._latest_first = groups[::-1]
        self._folders: dict[str, bool] = {"": False}

    def match_file(self, path: str) -> bool:
        """True if a path is ignored. Folders end in `/`."""
        if not self._latest_first:
            return False
        if path.endswith("/"):
            return self._folder(path[:-1])
        folder, _, name = path.rpartition("/")
        return self._folder(folder) or self._decides(path, name, is_folder=False)

    def match_inside(self, path: str, name: str) -> bool:
        """The same of a file whose folder is not ignored, as who walks through folders knows; `name` is its last."""
        return self._decides(path, name, is_folder=False)

    def spare_each(self, above: str, names: Sequence[str]) -> bool:
        """True if no pattern that ignores fits any of these files of a folder, whose path ends in `/` (or is empty).

        False does not say that one is ignored: a later pattern may take it back.
        """
        return not any(
            any(map(group.fits, names if group.by_name else [above + name for name in names]))
            for group in self._latest_first
            if group.ignores and not group.folders_only
        )

    def _folder(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is not None:
            return known
        if len(self._folders) > MOST_REMEMBERED:
            self._folders = {"": False}
        above = folder
        unknown: list[str] = []
        while above not in self._folders:  # a path may be 512 folders deep: no recursion
            unknown.append(above)
            above = above.rpartition("/")[0]
        ignored = self._folders[above]
        for below in reversed(unknown):
            ignored = ignored or self._decides(below, below.rpartition("/")[2], is_folder=True)
            self._folders[below] = ignored
        return ignored

    def _decides(self, path: str, name: str, *, is_folder: bool) -> bool:
        for group in self._latest_first:
            if (is_folder or not group.folders_only) and group.fits(name if group.by_name else path):
                return group.ignores
        return False


def compile_patterns(lines: Iterable[str]) -> Patterns:
    """Raises `ValueError` for what is no pattern, and for more than `MOST_PATTERNS` or `MOST_READ` characters."""
    rules: list[_Rule] = []
    characters = 0
    for line in lines:
        if (rule := _parsed(line)) is None:
            continue
        rules.append(rule)
        characters += len(line)
        if len(rules) > MOST_PATTERNS:
            raise ValueError(f"there are more than {MOST_PATTERNS} patterns")
        if characters > MOST_READ:
            raise ValueError(f"there are more than {MOST_READ} characters in the patterns")
    if sum(rule.deep for rule in rules) > MOST_DEEP:
        raise ValueError(f"there are more than {MOST_DEEP} patterns with `**/` between folders")
    return Patterns(rules)


def compile_readable(lines: Iterable[str]) -> Patterns:
    """Compile what can be: without the lines that are no pattern or one too costly: for files that others read, too.

    Raises `ValueError` for more than `MOST_PATTERNS` lines that could be one, or `MOST_READ` characters in them, before
    any is compiled.
    """
    said = list(islice((line for line in lines if line.strip() and not line.startswith("#")), MOST_PATTERNS + 1))
    if len(said) > MOST_PATTERNS:
        raise ValueError(f"there are more than {MOST_PATTERNS} patterns")
    if sum(map(len, said)) > MOST_READ:
        raise ValueError(f"there are more than {MOST_READ} characters in its patterns")
    readable = [line for line in said if is_readable(line)]
    too_many = {number for number, _ in list(filter(lambda one: "**/" in one[1], enumerate(readable)))[MOST_DEEP:]}
    return compile_patterns(line for number, line in enumerate(readable) if number not in too_many)


def is_readable(line: str) -> bool:
    """True if it is a pattern, or nothing. Costs little: none is compiled."""
    try:
        _parsed(line)
    except ValueError:
        return False
    return True


def literal(name: str) -> str:
    """The pattern, or a piece of one, that stands for a name and for nothing else."""
    return re.sub(r"([\\*?\[\]!#])", r"\\\1", name)


def anchored(path: str, *, is_folder: bool = False) -> str:
    """The pattern for the file or folder of that path alone; for the folder with an empty path, everything."""
    if not path:
        return "/*"
    text = literal(path)
    if not is_folder and text.endswith(" "):
        text = f"{text[:-1]}\\ "
    return f"/{text}/" if is_folder else f"/{text}"


def has_wildcard(word: str) -> bool:
    return any(char in word for char in "*?[")


def _parsed(line: str) -> _Rule | None:
    text = nfc(_without_blanks_at_the_end(line))
    if not text or text.startswith("#") or text == "/":
        return None
    ignores = not text.startswith("!")
    text = text.removeprefix("!")
    name = text.removesuffix("/")
    if not text or any((len(end) - len(end.rstrip("\\"))) % 2 for end in (text, name)):
        raise ValueError(f"{line!r} is no pattern")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it is longer than {MOST_CHARACTERS} characters")
    folders_only = text.endswith("/")
    text = name
    by_name = "/" not in text
    text = text.removeprefix("/")
    if text.startswith("**/") and "/" not in text[3:] and text[3:].strip("*"):
        text, by_name = text[3:], True  # at any depth, as a name alone is
    if not has_wildcard(text) and "\\" not in text:
        return _Rule(ignores, folders_only, by_name, text, None)
    deep = not by_name and "**/" in text
    return _Rule(ignores, folders_only, by_name, "", _regex(text, by_name=by_name), deep)


def _without_blanks_at_the_end(line: str) -> str:
    """git keeps the blank that a backslash protects."""
    text = line.rstrip("\r\n")
    bare = text.rstrip(" ")
    protects = (len(bare) - len(bare.rstrip("\\"))) % 2 == 1
    return bare + " " if protects and len(bare) < len(text) else bare


def _regex(text: str, *, by_name: bool) -> str:
    """The expression for a whole path, or a whole name."""
    segments: _Segments = [[]]
    for piece in _pieces(text):
        if piece == "/":
            segments.append([])
        else:
            segments[-1].append(piece)
    if by_name or not any(map(_is_deep, segments)):
        return "/".join(map(_segment, segments))
    if sum(map(_is_deep, segments[:-1])) > MOST_DEEP_STARS:
        raise ValueError(f"it has `**/` more than {MOST_DEEP_STARS} times")
    runs = [list(run) for _, run in groupby(segments, key=_is_deep)]
    return "".join(map(_run, runs, [None, *runs], [*runs[1:], None]))


def _run(run: _Segments, before: _Segments | None, after: _Segments | None) -> str:
    """The expression for neighbouring folders, all of which are `**`, or none.

    Between two `**` the first place that fits is as good as any, as between two stars of a name: to try each place with
    each of the second takes minutes for one path of 500 folders.
    """
    if _is_deep(run[0]):
        return ".+" if after is None else ""
    made = "/".join(map(_segment, run))
    if after is not None:
        made += "/"
    if before is None:
        return made
    if after is not None:
        return f"(?>(?:[^/]*/)*?{made})"
    return rf"(?>(?:.*/)?(?=(?:[^/]*/){{{len(run) - 1}}}[^/]*\Z)){made}"  # the one place from which it ends the path


def _is_deep(segment: list[str]) -> bool:
    return len(segment) > 1 and all(piece == "*" for piece in segment)


def _segment(pieces: list[str]) -> str:
    """One name. Between two stars the first place that fits is as good as any: what follows may begin anywhere after
    it, so that nothing is ever tried twice."""
    fixed = [""]
    for piece in pieces:
        if piece != "*":
            fixed[-1] += piece
        elif len(fixed) == 1 or fixed[-1]:
            fixed.append("")
    if len(fixed) == 1:
        return fixed[0]
    first, *middle, last = fixed
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + "[^/]*" + last


def _pieces(text: str) -> Iterator[str]:
    """The expression of each character or set of characters; `*` and `/` for themselves."""
    place = 0
    while place < len(text):
        char = text[place]
        place += 1
        if char == "\\":
            yield "/" if text[place] == "/" else re.escape(text[place])
            place += 1
        elif char == "[":
            made, place = _set(text, place)
            yield made
        else:
            yield {"*": "*", "?": "[^/]", "/": "/"}.get(char) or re.escape(char)


def _set(text: str, place: int) -> tuple[str, int]:
    """A set of characters, and where it ends. One without an end fits nothing, as in git."""
    negated = text[place : place + 1] in ("!", "^")
    place += negated
    begin, made, before = place, "", ""
    while place < len(text) and (text[place] != "]" or place == begin):
        named = re.compile(r"\[:([a-z]*):\]").match(text, place)
        if named:
            if named[1] not in _CLASSES:
                return _NEVER, len(text)
            made, before, place = made + _CLASSES[named[1]], "", named.end()
            continue
        if text[place] == "-" and before and text[place + 1 : place + 2] not in ("", "]"):
            place += 1
            place += text[place] == "\\" and place + 1 < len(text)
            if before <= text[place]:
                made += f"{re.escape(before)}-{re.escape(text[place])}"
            before = ""
        else:
            place += text[place] == "\\" and place + 1 < len(text)
            before = text[place]
            made += re.escape(before)
        place += 1
    if place == len(text):
        return _NEVER, place
    if not made:
        return ("[^/]" if negated else _NEVER), place + 1
    return (f"[^/{made}]" if negated else f"(?!/)[{made}]"), place + 1
