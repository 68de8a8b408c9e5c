"""An older metadata.json of an encrypted project than this computer saw: somebody put it back.

Who owns the bucket can show an old state of it as a whole. A fresh computer cannot know; one that was there can.
And a user's manifest that speaks of a time to come: a clock is wrong, or somebody wants the last word.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from s3sync.core.names import MANIFEST, short_text
from s3sync.shared.manifest import StoredManifest
from s3sync.state.memory import StateDB
from s3sync.store.aspects import aspect
from s3sync.store.port import Store
from s3sync.store.seals import Seals

FACT = "newest metadata.json"
OWN, OWN_NAMES = "newest of ", "manifest of "
"""Beginnings of facts of each user's manifest: its newest revision, and its name. All are of one place: another store,
or another repository in it, counts for itself."""


class RolledBack(UserWarning):
    """The store has an older metadata.json than it had."""


def tell_rollback(store: Store, state: StateDB, stored: StoredManifest) -> None:
    """Warn where the revision is lower than one that was seen here, each time; else remember it."""
    if aspect(store, Seals) is None:
        return
    _tell(state, FACT, MANIFEST, stored.manifest.revision)
    _tell_each(state, {key.rpartition("/")[2]: revision for key, revision in stored.revisions.items()})


def remember_written(state: StateDB, stored: StoredManifest) -> None:
    """Remember what this computer wrote itself: it may read nothing before somebody puts an older one back."""
    _tell(state, FACT, MANIFEST, stored.manifest.revision, quietly=True)


def _tell_each(state: StateDB, found: Mapping[str, int]) -> None:
    """The same of each user's manifest: who owns the store can put back one alone, and all together look newer."""
    names = f"{OWN_NAMES}{state.place_name}\n"
    known = set(state.facts(names))
    for name in sorted(known | found.keys()):
        if name not in known and not state.read_only:
            state.remember(names + name, name)
        _tell(state, f"{OWN}{name}", name, found.get(name, 0))


def _tell(state: StateDB, fact: str, name: str, revision: int, *, quietly: bool = False) -> None:
    fact = f"{fact}\n{state.place_name}"
    told = state.fact(fact)
    newest = int(told) if told is not None and told.isascii() and told.isdecimal() and len(told) < 20 else 0
    if revision < newest:
        if quietly:  # it has been told when it was read
            return
        text = f"{short_text(name)} is an older one than this computer saw: revision {revision} after {newest}"
        more = "whoever owns the bucket may have put an old state back: ask the others before you go on"
        warnings.warn(f"{text}; {more}", RolledBack, stacklevel=3)
    elif revision > newest and not state.read_only:
        state.remember(fact, str(revision))


class FromTheFuture(UserWarning):
    """A manifest has statements that nobody can have made yet."""


def tell_ahead(stored: StoredManifest) -> None:
    """Warn of each such manifest. What it says counts for less than what any other says."""
    for key, at in sorted(stored.ahead.items()):
        whose = short_text(key.rpartition("/")[2])
        text = f"{whose} speaks of {short_text(at)}, which is to come: what others say counts before it"
        more = "ask whoever it is of to set the clock; if nobody wrote that, delete it in the store"
        warnings.warn(f"{text}; {more}", FromTheFuture, stacklevel=2)
