"""Words that name nothing here: a repository by its short name, or a project that was archived.

What is here comes first, always: this is asked only when a word named no project and no file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from s3sync.cli.call import Call
from s3sync.core.names import nfc
from s3sync.core.short_names import parted
from s3sync.disk.current import named_folder
from s3sync.errors import ProjectError, UsageError


class Words(Struct, frozen=True):
    """Names of a command, and the folder in whose repository they are meant."""

    names: list[str] = field(default_factory=list)
    project: str | None = None
    root: str | Path = "."

    @property
    def first(self) -> str | None:
        """The word that may name a project."""
        return self.project if self.project is not None else next(iter(self.names), None)


def in_reach(call: Call, words: Words, one: Callable[[Words], int], whole: Callable[[Path], int]) -> int:
    """Run a command on `one` project; where its word names nothing here, in the repository or from the archive that it
    names. `whole` runs it on all projects of a repository."""
    try:
        return one(words)
    except UsageError as error:
        _hint_at_names(error, words)
        if not _is_about(error, words):
            raise
        there = repository_named(words.first or "", call)
        if there is None:
            return _archived(call, error, words)
    root, project = there
    if project is None:
        if words.project is None and len(words.names) > 1:
            raise UsageError(
                f"{words.names[0]!r} means every project of that repository",
                why="and a file was named, too",
                hint=f"name the project: {words.names[0].rstrip('/')}/PROJECT",
            )
        return whole(root)
    files = words.names if words.project is not None else words.names[1:]
    meant = Words(files, project, root)
    try:
        return one(meant)
    except UsageError as error:
        if not _is_about(error, meant):
            raise
        return _archived(call, error, meant)


def _hint_at_names(error: UsageError, words: Words) -> None:
    """Have the error of somebody who stands in no repository name those that he has."""
    from s3sync.config import find_repo_root
    from s3sync.errors import S3syncError
    from s3sync.repositories.book import read_book

    if type(error) is not ProjectError or find_repo_root(named_folder(words.root)) is not None:
        return
    with suppress(S3syncError):
        names = [one.name for one in read_book(os.environ).repositories]
        if names:
            more = ", ..." if len(names) > MOST_HINTED else ""
            listed = ", ".join(names[:MOST_HINTED])
            error.hint = f"go into a clone, or name one of your repositories ({listed}{more}), as {names[0]}/PROJECT"


MOST_HINTED = 5


def in_repository(call: Call, word: str | None, run: Callable[[Path, str | None], int]) -> int:
    """Run a command that looks at a whole repository, with a word of its own; where that names nothing here, in the
    repository that it begins with, with what follows."""
    try:
        return run(Path(), word)
    except ProjectError as error:
        if word is None or not _is_about(error, Words(project=word)):
            raise
        there = repository_named(word, call)
        if there is None:
            raise
    return run(*there)


def repository_root(name: str | None, call: Call) -> Path:
    """Folder of the repository of that short name, or where the user is. Raises `UsageError`, `ProjectError`."""
    if name is None:
        return Path()
    from s3sync.repositories.book import read_book, require
    from s3sync.repositories.place import settings_at

    found = require(read_book(os.environ), name.rstrip("/"))
    settings_at(found, flags=call.flags)
    call.repository = found.name
    return found.root


def refuse_of_one(name: str | None, given: Mapping[str, object]) -> None:
    """Raise `UsageError` where `--everywhere` comes with a name, or with options that are about one repository."""
    if name is not None:
        refuse = f"and {name!r} was named, too"
        raise UsageError("--everywhere means every repository", why=refuse, hint="leave out the name, or --everywhere")
    for option, value in given.items():
        if value:
            hint = f"name one of them: `s3sync repos` lists them; or leave out {option}"
            raise UsageError(f"{option} is about one repository, and --everywhere about all", hint=hint)


def repository_named(word: str, call: Call) -> tuple[Path, str | None] | None:
    """Folder of the repository that a word begins with, and the project that follows; None where none has that name.

    Raises `ProjectError` for one that is not there any more.
    """
    from s3sync.repositories.book import read_book
    from s3sync.repositories.place import settings_at

    name, project = parted(word)
    found = read_book(os.environ).named(name)
    if found is None:
        return None
    settings_at(found, flags=call.flags)
    call.repository = found.name
    if call.shows_progress:
        from s3sync.cli.output import printable, say

        say(f"Repository {printable(found.name)} ({printable(found.path)})")
    return found.root, project


def _is_about(error: UsageError, words: Words) -> bool:
    """True for an error that says that the first word names nothing."""
    word = words.first
    if word is None:
        return False
    if error.unknown is not None:
        ends = "/" + os.sep
        return nfc(error.unknown).rstrip(ends) == nfc(word).rstrip(ends)
    from s3sync.config import find_repo_root

    return isinstance(error, ProjectError) and find_repo_root(named_folder(words.root)) is None


def _archived(call: Call, error: UsageError, words: Words) -> int:
    """Say where a project lives that was archived, and offer to bring it back. Raises `error` for any other word."""
    from s3sync.cli.lives import offer, where_it_lives

    lives = where_it_lives(words.first or "", call, words.root)
    if lives is None:
        raise error
    return offer(lives, call, words.root)
