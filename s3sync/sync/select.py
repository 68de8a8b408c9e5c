"""Selection of files that a command was limited to.

A word that is the name of a file or folder means that file, or what is in that folder, and nothing else. What is no
name is a pattern, with gitignore's rules.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.names import nfc, without_case
from s3sync.core.near import near
from s3sync.core.typed import typed
from s3sync.errors import UsageError
from s3sync.local.patterns import MOST_READ, Patterns, compile_patterns, has_wildcard, literal

_ABSENT = "neither the staging folder nor the remote has one"
_HINT = "names are relative to the staging folder; --project names another project"


class _Word(Struct):
    """What the user typed and what it may mean, the likeliest first: paths (folders may end in `/`), patterns."""

    typed: str
    paths: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)


class Selector:
    """A test for paths, from names, folders and patterns, relative to where the user stands or to the staging folder.

    Call `resolve` before it is asked for the first time.
    """

    def __init__(self, words: Sequence[str], staging: Path, cwd: Path, *, passed_over: list[str] | None = None) -> None:
        """`passed_over` gets the words that mean nothing, which then are no error."""
        self._staging, self._passed_over = staging, passed_over
        self._words = [_word(typed, staging, cwd) for typed in dict.fromkeys(words)]
        self._is_resolved = False
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._above: set[str] = set()
        self._patterns: Patterns | None = None
        self.meant: list[str] = []
        """Meaning of the words, once resolved: files, folders (empty: all) and patterns, below the staging folder."""

    def __call__(self, path: str) -> bool:
        if path in self._files:
            return True
        if self._folders and any(folder in self._folders for folder in _folders_above(path)):
            return True
        return self._patterns is not None and self._patterns.match_file(path)

    def concerns(self, path: str) -> bool:
        """True if a problem of a path, or of a folder, hides anything that was asked for."""
        if self(path) or path in self._above or path in self._folders or "" in self._folders:
            return True
        return self._patterns is not None and (self._staging / path).is_dir()

    def resolve(
        self, known: Callable[[], Iterable[str]], gone: Mapping[str, str] | None = None, *, absent: str = _ABSENT
    ) -> None:
        """Find out what each word means. Raises `UsageError` for one that means nothing: most likely a typing error.

        `known` gives all paths, each time that it is called; `gone` are names that were deleted, each with what is
        known of that: such a name is no pattern either. `absent` is the reason to give for a word that fits nothing.
        """
        if self._is_resolved:
            return
        gone = gone or {}
        files, folders = _found({path.rstrip("/") for word in self._words for path in word.paths}, known)
        open_words: list[_Word] = []
        for word in self._words:
            if not self._take_name(word, files, folders):
                open_words.append(word)
        nothing = [word for word in open_words if not word.patterns or any(path in gone for path in word.paths)]
        self._refuse(nothing, known, gone, absent)
        patterns, nothing = _fitting([word for word in open_words if word not in nothing], known)
        self._refuse(nothing, known, {}, absent)
        self._patterns = _compiled("", patterns) if patterns else None
        self._above = {folder for path in (*self._files, *self._folders) for folder in _folders_above(path)}
        self.meant = [*sorted(self._files), *sorted(self._folders), *patterns]
        self._is_resolved = True

    def _refuse(
        self, words: list[_Word], known: Callable[[], Iterable[str]], gone: Mapping[str, str], absent: str
    ) -> None:
        """Raise `UsageError` for the first of the words that mean nothing, or pass over all of them."""
        if words and self._passed_over is None:
            told = next((gone[path] for path in words[0].paths if path in gone), None)
            raise _nothing(words[0], known, told, gone, absent)
        if self._passed_over is not None:
            self._passed_over += [word.typed for word in words]

    def _take_name(self, word: _Word, files: set[str], folders: set[str]) -> bool:
        """True if it is the name of something."""
        for path in word.paths:
            folder = path.rstrip("/")
            if path in files:
                self._files.add(path)
            elif folder in folders or not folder:
                self._folders.add(folder)
            else:
                continue
            return True
        return False


class Exactly(Selector):
    """A test for these paths and no others, whatever characters are in them; one that is gone is no error.

    `ignores_case`: the disk takes two names that differ only in case for one, and a run knows the remote's.
    """

    def __init__(self, paths: Iterable[str], staging: Path, *, ignores_case: bool = False) -> None:
        super().__init__((), staging, staging)
        self._files = set(paths)
        self._above = {folder for path in self._files for folder in _folders_above(path)}
        self._in_any_case = set(map(without_case, self._files)) if ignores_case else set()
        self._is_resolved = True

    def __call__(self, path: str) -> bool:
        return path in self._files or (bool(self._in_any_case) and without_case(path) in self._in_any_case)


def make_selector(words: Sequence[str], staging: Path, cwd: Path) -> Selector | None:
    """None without words: everything is wanted."""
    return Selector(words, staging, cwd) if words else None


def paths_of(typed: str, staging: Path, cwd: Path) -> list[str]:
    """Paths of files that a word may mean, the likeliest first: as seen from where the user stands, or from the staging
    folder."""
    return list(dict.fromkeys(path for path in _word(typed, staging, cwd).paths if not path.endswith("/")))


def names_meant(
    words: Sequence[str], staging: Path, cwd: Path, known: Callable[[], Iterable[str]]
) -> dict[str, tuple[str, bool]]:
    """Paths of the words that name a file or a folder, each with whether it is a folder (an empty one: all of it)."""
    made = [_word(typed, staging, cwd) for typed in dict.fromkeys(words)]
    files, folders = _found({path.rstrip("/") for word in made for path in word.paths}, known)
    meant: dict[str, tuple[str, bool]] = {}
    for word in reversed(made):
        for path in reversed(word.paths):
            folder = path.rstrip("/")
            if folder in folders or not folder:
                meant[word.typed] = folder, True
            if path in files:
                meant[word.typed] = path, False
    return meant


def _folders_above(path: str) -> Iterator[str]:
    yield ""
    yield from (path[:end] for end, char in enumerate(path) if char == "/")


def _word(typed: str, staging: Path, cwd: Path) -> _Word:
    """`s3-staging/a.mp4`, `./a.mp4` and absolute names work as well as names in the staging folder.

    The staging folder itself, and `.` where the user stands above it, mean every file.
    """
    if not typed.strip():
        return _Word(typed)
    found = _Word(typed)
    end = "/" if typed.endswith(("/", os.sep)) else ""
    here = _inside(staging, Path(os.path.normpath(cwd / typed)))
    if here is not None:
        found.paths.append(nfc(here) + end if here else "/")
    elif Path(os.path.normpath(cwd / typed)) == cwd and staging.is_relative_to(cwd):
        found.paths.append("/")
    below = nfc(posixpath.normpath(typed.replace(os.sep, "/")))
    if not below.startswith(("../", "/")) and below not in (".", ".."):
        found.paths.append(below + end)
    if has_wildcard(typed):
        found.patterns = list(_as_patterns(nfc(typed), staging, cwd))
    return found


def _inside(staging: Path, full: Path) -> str | None:
    """A path relative to the staging folder, whether or not a link leads there; None for what is elsewhere."""
    if not full.is_relative_to(staging):
        full, staging = Path(os.path.realpath(full.parent)) / full.name, Path(os.path.realpath(staging))
        if not full.is_relative_to(staging):
            return None
    inside = full.relative_to(staging).as_posix()
    return "" if inside == "." else inside


def _as_patterns(typed: str, staging: Path, cwd: Path) -> Iterator[str]:
    """The pattern as seen from where the user stands, and from the staging folder."""
    text = typed.removeprefix("./")
    if text.startswith(("!", "#")):
        text = f"\\{text}"
    if text.endswith(" "):
        text = f"{text[:-1]}\\ "
    folder = _inside(staging, cwd)
    if folder:
        deep = "/" not in text.rstrip("/")
        yield f"/{posixpath.normpath(literal(folder) + ('/**/' if deep else '/') + text)}"
    elif folder is None:
        for way in (staging.as_posix(), os.path.relpath(staging, cwd).replace(os.sep, "/")):
            if text.startswith(f"{way}/"):
                yield text.removeprefix(way)
    yield text


def _found(wanted: set[str], known: Callable[[], Iterable[str]]) -> tuple[set[str], set[str]]:
    """Which of these are files, and which are folders, on either side."""
    files: set[str] = set()
    folders: set[str] = set()
    last = None
    for path in known() if wanted else ():
        if path in wanted:
            files.add(path)
        folder = path[: path.rfind("/") + 1]
        if folder != last:
            folders.update(above for above in _folders_above(path) if above in wanted)
            last = folder
    return files, folders


def _fitting(words: list[_Word], known: Callable[[], Iterable[str]]) -> tuple[list[str], list[_Word]]:
    """Of each word, the first pattern that fits any file, and the words without one."""
    if sum(len(word.patterns[0]) for word in words) > MOST_READ:
        raise UsageError("these are too many patterns", why=f"more than {MOST_READ} characters", hint="name folders")
    choices = [(word, [(text, _compiled(word.typed, [text])) for text in word.patterns]) for word in words]
    fits: dict[str, set[str]] = {word.typed: set() for word in words}
    undecided = list(choices)
    for path in known() if choices else ():
        for word, made in undecided:
            fits[word.typed].update(text for text, patterns in made if patterns.match_file(path))
        undecided = [(word, made) for word, made in undecided if made[0][0] not in fits[word.typed]]
        if not undecided:
            break
    fitting = [word for word in words if fits[word.typed]]
    found = [next(text for text in word.patterns if text in fits[word.typed]) for word in fitting]
    return found, [word for word in words if not fits[word.typed]]


def _compiled(typed: str, patterns: list[str]) -> Patterns:
    try:
        return compile_patterns(patterns)
    except ValueError as error:
        what = f"{typed!r} cannot be used as a pattern" if typed else "the patterns cannot be used"
        raise UsageError(what, why=str(error), hint="name a folder instead") from error


def _nothing(
    word: _Word, known: Callable[[], Iterable[str]], told: str | None, gone: Mapping[str, str], absent: str
) -> UsageError:
    what = f"no file called {word.typed!r}"
    if told is not None:
        name = typed(next(path for path in word.paths if path in gone))
        hint = f"`s3sync trash restore {name}` brings it back while it is in a trash; `s3sync trash list` shows what is"
        return UsageError(what, why=told, hint=hint, unknown=word.typed)
    wanted = word.paths[-1].rstrip("/") if word.paths else word.typed
    name = wanted.rpartition("/")[2]
    meant = next((path for path in known() if path.rpartition("/")[2] == name), None)
    if meant is None:
        meant = next(iter(near(wanted, known())), None)
    return UsageError(
        what,
        why=absent,
        hint=f"did you mean {meant!r}?" if meant else _HINT,
        unknown=word.typed,
    )
