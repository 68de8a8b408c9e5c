"""s3sync state"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import CHECK, WRITES, Group
from s3sync.cli.options import OneName, ProjectName, Yes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3sync.state.places import KnownPlace
    from s3sync.sync.own_memory import Adoptable

state = Group(CHECK, "List the places in stores that this folder was synced with; forget one. Touches no file.")


@state.word("list", "s3sync state", 0, 1, 2, 5, 6, 130, takes=WRITES, verbose="Accepted; everything is shown anyway.")
def list_places(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    forget: Annotated[str | None, typer.Option("--forget", metavar="PLACE", hidden=True)] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", hidden=True)] = False,
) -> int:
    """List the places in stores that this folder was synced with, and how many files were agreed on there."""
    return _forget(call, forget, project or name, yes) if forget is not None else _list(call, project or name)


@state.word(
    "forget", "s3sync state forget s3://old-bucket", 0, 1, 2, 5, 6, 130, verbose="Accepted; nothing more is shown."
)
def forget(
    call: Call,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Its address, or a part that only it has.")],
    project: ProjectName = None,
    yes: Yes = False,
) -> int:
    """Forget what was agreed on with one place. Touches no file; if it is used again, it is as the first time."""
    return _forget(call, place, project, yes)


@state.word("adopt", "s3sync state adopt", 0, 1, 2, 5, 6, 130, takes=WRITES, verbose="Accepted; nothing more is shown.")
def adopt(call: Call, name: OneName = None, project: ProjectName = None, yes: Yes = False) -> int:
    """Believe a memory that is not known to be yours: another computer's, a backup's, an older s3sync's."""
    from s3sync.api import Project
    from s3sync.cli.show.state import show_state

    opened = Project.open(project or name, flags=call.flags, lock_wait_s=call.wait)
    confirm = (lambda found: True) if yes else _ask_to_adopt
    show_state(opened.adopt_memory(confirm=confirm, dry_run=call.dry_run), call)
    return 0


def _list(call: Call, project: str | None) -> int:
    from s3sync.api import Project
    from s3sync.cli.show.state import show_state

    show_state(Project.open(project, flags=call.flags, lock_wait_s=call.wait).places(), call)
    return 0


def _forget(call: Call, place: str, project: str | None, yes: bool) -> int:
    from s3sync.api import Project
    from s3sync.cli.show.state import show_state

    opened = Project.open(project, flags=call.flags, lock_wait_s=call.wait)
    confirm = (lambda known: True) if yes else _ask
    show_state(opened.forget_place(place, confirm=confirm, dry_run=call.dry_run), call)
    return 0


def _ask(known: KnownPlace) -> bool:
    """The question before a place is forgotten."""
    from s3sync.cli.show.state import forget_question

    return _answered(forget_question(known))


def _ask_to_adopt(found: Adoptable) -> bool:
    """The question before a memory is believed."""
    from s3sync.cli.show.state import adopt_question

    return _answered(adopt_question(found))


def _answered(text: Iterable[str]) -> bool:
    """Ask on stderr; the last line is the question. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn

    *lines, question = text
    for line in lines:
        warn(line)
    return answered_yes(question)
