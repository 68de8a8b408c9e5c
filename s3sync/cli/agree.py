"""The question that any command asks before it opens a store that a repository names for the first time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from s3sync.cli.call import Call

if TYPE_CHECKING:
    from s3sync.errors import NotTrusted
    from s3sync.trust import Place


def ask(error: NotTrusted, call: Call) -> bool:
    """Ask whether a command may open a new store; whether it may. Asks nobody but a person at a terminal."""
    place: Place = error.place
    if call.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    from s3sync.trust import remember

    if not confirmed(place, quiet=False):
        return False
    remember(place, os.environ)
    return True


def confirmed(place: Place, quiet: bool) -> bool:
    """Show the place and ask. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.trust import trust_question
    from s3sync.trust import previous, read_book, sharing

    if not quiet:
        for line in trust_question(place, previous(place, os.environ), sharing(place, read_book(os.environ))):
            warn(line)
    return answered_yes("Do you trust this place?")
