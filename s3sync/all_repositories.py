"""One verb on every repository that this user's s3sync worked in: one that is broken hides no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from msgspec import Struct

from s3sync.all_projects import AllProjects, Told, worst_code
from s3sync.api import Project
from s3sync.config import Settings
from s3sync.core.typed import typed
from s3sync.errors import Halt, Interrupted, LocalError, NotTrusted, S3syncError
from s3sync.repositories.book import Remembered, read_book
from s3sync.repositories.place import settings_at
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, RunReport, StatusReport
from s3sync.transfer.progress import Progress

T = TypeVar("T")
R = TypeVar("R", StatusReport, RunReport)

AT_ONCE = 4
"""Repositories that are looked at side by side: each looks at several projects at once."""


class Found(Struct, Generic[T], frozen=True):
    """Answer of one repository, or the error that kept it from being told."""

    repository: Remembered
    found: T | None = None
    error: S3syncError | None = None


def side_by_side(
    ask: Callable[[Remembered, Settings], T],
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[Found[T]]:
    """Ask something of each remembered repository, a few at once; by name. No question is asked of the user.

    Raises `LocalError` where what is remembered cannot be read, and `Interrupted`.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3sync-repositories") as threads:
        return list(threads.map(lambda one: asked(one, ask, flags=flags, environ=environ), remembered(environ)))


def remembered(environ: Mapping[str, str] | None = None) -> tuple[Remembered, ...]:
    """The repositories by name. Raises `LocalError`."""
    return read_book(os.environ if environ is None else environ).repositories


def asked(
    one: Remembered,
    ask: Callable[[Remembered, Settings], T],
    *,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Found[T]:
    """Ask something of one repository. Its errors are its own."""
    try:
        return Found(one, ask(one, settings_at(one, flags=flags, environ=environ)))
    except Interrupted:
        raise
    except NotTrusted as error:
        hint = f"look at it, then: cd {typed(one.path)} && s3sync trust"
        return Found(one, None, Halt(error.message, why=error.why, hint=hint))
    except S3syncError as error:
        return Found(one, None, error)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Found(one, None, LocalError(f"cannot look at {one.path}", why=why, hint="look whether its disk works"))


def statuses(
    *, flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> list[Found[list[Told[StatusReport]]]]:
    """Status of every project of every repository. Raises as `side_by_side`."""
    return side_by_side(
        lambda one, _: AllProjects.open(path=one.root, flags=flags, environ=environ).status(),
        flags=flags,
        environ=environ,
    )


def each(
    verb: Callable[[Project], RunReport],
    begin: Callable[[Remembered], object] = lambda one: None,
    told: Callable[[Told[RunReport]], object] = lambda one: None,
    *,
    turn: Callable[[Project | None], object] = lambda project: None,
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    lock_wait_s: float = 0,
) -> Iterator[Found[list[Told[RunReport]]]]:
    """Run `up`, `down` or `sync` on every project of one repository after the other: each has the line to itself.

    `begin` hears of each repository before its turn, `told` of each project after it; `turn` as in
    `AllProjects.each`. Raises as `side_by_side`.
    """

    def run(one: Remembered, _: Settings) -> list[Told[RunReport]]:
        opened = AllProjects.open(
            path=one.root, flags=flags, environ=environ, progress=progress, lock_wait_s=lock_wait_s
        )
        done = []
        for project in opened.each(verb, turn):
            done.append(project)
            told(project)
        return done

    for one in remembered(environ):
        begin(one)
        yield asked(one, run, flags=flags, environ=environ)


def worst_of(found: Iterable[Found[list[Told[R]]]]) -> int:
    """Exit code of all together: 3 where a repository or a project failed, else as for the projects of one."""
    codes = set()
    for one in found:
        code = EXIT_SOME_FAILED if one.error is not None else worst_code(one.found or [])
        codes.add(code if code in (EXIT_DONE, 4, 5, 6, 7) else EXIT_SOME_FAILED)
    return next((code for code in (EXIT_SOME_FAILED, 5, 6, 4, 7) if code in codes), EXIT_DONE)
