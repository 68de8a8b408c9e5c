"""The question that any command asks before it opens a store that a repository names for the first time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.core.archive.values import ArchiveSet
    from s3sync.errors import NotTrusted
    from s3sync.trust import Place


def ask(error: NotTrusted, call: Call) -> bool:
    """Ask whether a command may open a new store; whether it may. Asks nobody but a person at a terminal."""
    place: Place = error.place
    if call.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    from s3sync.trust import remember

    if not confirmed(place, quiet=False, parts=error.parts):
        return False
    remember(place, os.environ)
    return True


def confirmed(place: Place, quiet: bool, parts: str = "", own: bool = False) -> bool:
    """Show the place and ask. Where nobody can answer, the answer is no. `parts`: as in `NotTrusted`. `own`: no file of
    the repository names any of it.
    """
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.trust import trust_question
    from s3sync.trust import previous, read_book, sharing

    if place.database_of is not None:
        return _confirmed_database(place, quiet)
    if not quiet:
        before, others = previous(place, os.environ), sharing(place, read_book(os.environ))
        for line in trust_question(place, before, others, _sets_at(place), parts, own):
            warn(line)
    return answered_yes("May it use that name?" if place.is_name else "Do you trust this place?")


def _confirmed_database(place: Place, quiet: bool) -> bool:
    """Show which database a set asks, and the statements that it runs there, and ask."""

    from s3sync.archive.sets import load_sets
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.trust import database_question
    from s3sync.config import load_settings
    from s3sync.trust import previous, statements_of

    chosen = load_sets(load_settings(current_folder(), flags={}, environ=os.environ)).get(place.database_of or "")
    if chosen is None or chosen.rows is None or statements_of(chosen) != place.statements:
        return False  # the settings have changed meanwhile: nobody agrees to what was not shown
    if not quiet:
        for line in database_question(place, previous(place, os.environ), chosen):
            warn(line)
    return answered_yes("Do you trust this database with these statements?")


def _sets_at(place: Place) -> list[ArchiveSet]:
    """Archive sets of the repository that send to a place to which its staging folders do not."""

    from s3sync.archive.sets import load_sets, stores_of
    from s3sync.config import load_settings
    from s3sync.errors import ConfigError
    from s3sync.trust import place_of

    try:
        settings = load_settings(current_folder(), flags={}, environ=os.environ)
        if not settings.archives or place_of(settings) == place:
            return []
        sets = [one for one in load_sets(settings).values() if one.confined]
        return [one for one in sets if place in map(place_of, stores_of(one, settings, os.environ))]
    except ConfigError:
        return []  # the command says what is wrong with the settings
