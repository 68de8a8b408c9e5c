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
    from s3sync.trust import read_book, remember

    before = [found.place for found in read_book(os.environ) if found.repository == place.repository]
    if not confirmed(place, before[-1] if before else None, quiet=False):
        return False
    remember(place, os.environ)
    return True


def confirmed(place: Place, before: Place | None, quiet: bool) -> bool:
    """Show the place and ask. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.trust import trust_question

    if not quiet:
        for line in trust_question(place, before):
            warn(line)
    return answered_yes("Do you trust this place?")
