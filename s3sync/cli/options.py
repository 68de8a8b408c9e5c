"""Options that several commands share, so that they mean and say the same everywhere."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.core.plan import Policy

Names: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PROJECT] [FILE]...",
        help="A project's name or its beginning; file names, folders or globs.",
        show_default=False,
        autocompletion=completed.names,
    ),
]
OneName: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROJECT]",
        help="A project's name or its beginning.",
        show_default=False,
        autocompletion=completed.project_names,
    ),
]
ProjectName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--project",
        "-p",
        metavar="NAME",
        help="The project, or a beginning of its name that only it has.",
        autocompletion=completed.project_names,
    ),
]
All: TypeAlias = Annotated[
    bool, typer.Option("--all", "-a", help="Every project of the repository that has a staging folder here.")
]
Everywhere: TypeAlias = Annotated[
    bool, typer.Option("--everywhere", help="Every project of every repository that `s3sync repos` lists.")
]
EveryRepository: TypeAlias = Annotated[
    bool, typer.Option("--everywhere", help="Every repository that `s3sync repos` lists.")
]
RepositoryName: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[REPOSITORY]",
        help="Another repository, by its name in `s3sync repos`.",
        show_default=False,
        autocompletion=completed.repository_names,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Name every file.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
Debug: TypeAlias = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
LogFile: TypeAlias = Annotated[
    str | None, typer.Option("--log-file", metavar="FILE", help="Also append all messages to a file, with times.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done; write nothing.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")]
Wait: TypeAlias = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        show_default=False,
        help="Wait that long for another s3sync on this project.",
    ),
]
OnConflict: TypeAlias = Annotated[
    Policy | None,
    typer.Option(
        "--on-conflict", help="What to do with a file that was changed on both sides; what loses goes to the trash."
    ),
]
StoreUrl: TypeAlias = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="s3://bucket[/prefix], gs://, az://, rclone: or file:///path."),
]
User: TypeAlias = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="Your name, as the team sees it.", autocompletion=completed.members),
]
Profile: TypeAlias = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile with the credentials.")
]


Transfers: TypeAlias = Annotated[
    str | None, typer.Option("--transfers", metavar="N", help="Most requests at once, 1 to 256.")
]
Bandwidth: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--bwlimit", "--bandwidth", metavar="LIMIT", help="10M (MiB a second), 1M:10M (up:down), off, or a timetable."
    ),
]


def verbose(what: str) -> Any:
    """`--verbose` of a command where it does something else than to name every file."""
    return Annotated[bool, typer.Option("--verbose", "-v", help=what)]


def epilog(example: str, *codes: int) -> str:
    """The end of a command's help: an example and the exit codes that it can return."""
    lines = [f"  {code}  {EXIT_CODES[code]}" for code in codes]
    return "\b\nExample:\n  " + example.replace("\n", "\n  ") + "\n\n\b\nExit codes:\n" + "\n".join(lines)


EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "wrong usage, settings or project",
    3: "some files failed; the rest is done",
    4: "conflicts: look at the warnings",
    5: "halted for safety: nothing was done",
    6: "locked by somebody else or by another s3sync, or others were faster",
    7: "something to do (with --exit-code; of `setup`, when it only looks)",
    8: "pending: an archive has to be thawed, or is being thawed",
    130: "interrupted",
}
