"""s3sync resolve"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, TEAM, command
from s3sync.cli.notices import telling
from s3sync.cli.options import ProjectName
from s3sync.errors import Halt, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3sync.config import Settings
    from s3sync.core.outcome import Problem
    from s3sync.team.conflicts import OpenConflict
    from s3sync.team.resolution import Choice, ResolveReport


@command(
    TEAM,
    "s3sync resolve draft.mp4 --open\ns3sync resolve draft.mp4 --mine",
    0,
    1,
    2,
    3,
    5,
    6,
    130,
    takes=MOVES - {"verbose"},
)
def resolve(
    call: Call,
    name: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The file that is in conflict, or one of its copies.",
            show_default=False,
            autocompletion=completed.names,
        ),
    ],
    project: ProjectName = None,
    mine: Annotated[bool, typer.Option("--mine", help="Your version stays; the other goes to the trash.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Their version stays; yours goes to the trash.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Both stay, one of them as a copy.")] = False,
    opens: Annotated[bool, typer.Option("--open", help="Show both in the system's viewer before it asks.")] = False,
) -> int:
    """Decide which version of a file in conflict stays. Without --mine, --theirs or --both it shows both and asks."""
    from s3sync.api import Project
    from s3sync.cli.interrupt import ended_by_the_system
    from s3sync.cli.progress import watching

    keep = _chosen({"mine": mine, "theirs": theirs, "both": both, "open": opens})

    with watching(call) as progress:
        opened = Project.open(project, flags=call.flags, progress=progress, lock_wait_s=call.wait)

        def ask(conflict: OpenConflict) -> Choice:
            _require_person(conflict, call)
            if not opens:
                return _ask(conflict)
            with ended_by_the_system(), opened.showing(conflict) as problems:
                progress.rest()
                _warn_of_unopened(problems)
                return _ask(conflict)

        report = opened.resolve(name, keep=keep, choose=progress.before(ask), dry_run=call.dry_run)
    _show(call, opened.session.settings, report)
    return report.exit_code


def _show(call: Call, settings: Settings, report: ResolveReport) -> None:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.conflicts import print_resolved, resolve_json
    from s3sync.cli.show.notices import of_resolve

    with telling(call, settings, lambda: of_resolve(report, settings.user or "")):
        if call.json:
            print_json(resolve_json(report))
        else:
            print_resolved(report, quiet=call.quiet)


def _chosen(given: dict[str, bool]) -> str | None:
    """The decision that was typed; None where a person is to be asked."""
    chosen = [word for word, is_given in given.items() if is_given]
    if len(chosen) > 1:
        why = "what is decided needs no look" if "open" in chosen else "only one decision can be carried out"
        raise UsageError(
            f"--{chosen[0]} and --{chosen[1]} do not fit together",
            why=why,
            hint="`s3sync conflicts` shows both versions",
        )
    return chosen[0] if chosen and chosen[0] != "open" else None


def _require_person(conflict: OpenConflict, call: Call) -> None:
    """Raises `Halt` where nobody can answer."""
    if call.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise _undecided(conflict, "no option says which version stays, and nobody can answer here")


def _warn_of_unopened(problems: Sequence[Problem]) -> None:
    from s3sync.cli.output import printable, short_name, warn

    for problem in problems:
        warn(f"warning: {short_name(problem.path)} {printable(problem.error)}")


def _ask(conflict: OpenConflict) -> Choice:
    """The version that a person at a terminal names. Raises `Halt` where nothing was named."""
    from s3sync.cli.output import warn
    from s3sync.cli.show.conflicts import conflict_lines, labels_of

    labels = labels_of(conflict)
    for line in conflict_lines(conflict):
        warn(line)
    sys.stderr.write(f"Which version stays: {labels[0]}, {labels[1]} or both? ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline().strip().lower()
    except (OSError, ValueError):
        answer = ""
    fitting = [word for word in (*labels, "both") if answer and word.startswith(answer)]
    if len(fitting) != 1:
        raise _undecided(conflict, "the answer names none of the versions")
    return None if fitting[0] == "both" else labels.index(fitting[0])


def _undecided(conflict: OpenConflict, why: str) -> Halt:
    from s3sync.core.typed import typed

    name = typed(conflict.kept_as or conflict.name)
    return Halt(
        f"{conflict.name} stays in conflict",
        why=why,
        hint=f"give --mine, --theirs or --both to `s3sync resolve {name}`; `s3sync conflicts` shows both versions",
    )
