"""The command `s3sync archive` that the words are declared on, and what they share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import FINISH, OPENS, Group
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.archives import Archives
    from s3sync.core.archive.engines import Engine
    from s3sync.transfer.progress import Progress

archive = Group(
    FINISH,
    "Send finished units to cold storage and keep account of them. `s3sync restore` brings them back.",
    default="list",
)

ARCHIVES = OPENS - {"store", "user"}
"""Shared options of words that change nothing: the stores are those of the sets."""

SetName: TypeAlias = Annotated[
    str | None, typer.Option("--set", metavar="NAME", help="The archive set; needless where there is only one.")
]
OlderThan: TypeAlias = Annotated[
    str | None,
    typer.Option("--older-than", metavar="AGE", help="Only units whose newest file is older: 90d, 6months, 2y."),
]
Region: TypeAlias = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="Take the prices of this AWS region.")
]
Units: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[UNIT]...", help="Only these units, by name or glob.", show_default=False),
]


EngineName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="NAME", help="Who does it: s3-batch (S3 itself); --deep: dask, or dask=tcp://HOST:PORT."
    ),
]


def workers_of(said: str | None, verb: str) -> Engine | None:
    """The engine whose workers do a verb. Raises `UsageError` for one that has none."""
    from s3sync.core.archive.engines import DASK

    found = engine_of(said, DASK)
    if found is not None and found.name != DASK:
        raise UsageError(f"no {verb} goes by {found.name}", hint="--engine dask has workers do it")
    return found


def engine_of(said: str | None, *names: str) -> Engine | None:
    """The engine that was given as an option. `names`: those that the verb has, if not all. Raises `UsageError`."""
    from s3sync.core.archive.engines import DASK, S3_BATCH, engines_hint, parse_engine

    found = parse_engine(said) if said is not None else None
    if said is not None and found is None:
        raise UsageError(f"{said!r:.80} is no engine", hint=engines_hint(said, names or (S3_BATCH, DASK)))
    return found


def opened(call: Call, progress: Progress | None = None) -> Archives:
    """The archives of the settings that hold here."""
    from s3sync.archives import Archives

    return Archives.open(flags=call.flags, environ=os.environ, progress=progress, lock_wait_s=call.wait)


def seconds_of(age: str | None, option: str = "--older-than") -> int | None:
    """A duration that was given as an option. Raises `UsageError`."""
    from s3sync.core.durations import USAGE, parse_duration

    if age is None:
        return None
    seconds = parse_duration(age)
    if seconds and age.strip().isdigit():  # whoever means days would have files of a minute ago leave
        raise UsageError(f"{age!r} has no unit for {option}", hint=f"write {age.strip()}d for days; {USAGE}")
    if seconds is None:
        raise UsageError(f"{age!r} is no duration for {option}", hint=USAGE)
    return seconds
