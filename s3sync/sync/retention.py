"""Retention: once a day, a run that writes brings the two trashes within the limits of the setting `trash`.

Only what also exists elsewhere goes, unless `last_copies` allows more. Elsewhere is a file here, or an object of which
the store or this computer itself knows what it holds; for the trash here, only one with whose content this computer
once agreed. A peer's word counts for neither, nor for what an object in the trash holds. An age on the remote is by the
store's clock. What is younger than a day stays, so that the last run can be undone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from s3sync.core.times import format_time, parse_time
from s3sync.spill.sequence import SpilledList
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.own_word import has_to_be_read
from s3sync.sync.same_content import is_vouched
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.trash import Contents, Trashed, age_of, drop_trashed, is_young, now_of, trash_here, trash_there

A_DAY = timedelta(days=1)
MOST_FILES = 1_000
"""Files of one trash that a run looks at or deletes. The next day continues behind them."""
MOST_SECONDS = 20.0
"""After which a run begins with no other file: a look at a large one here reads all of it."""


class Retired(Struct):
    """Files and bytes that went."""

    files: int = 0
    bytes: int = 0


def retire(session: Session, state: StateDB, sides: Iterable[str]) -> Retired:
    """Delete for good what is beyond the limits. Raises `StoreError`, `LocalError`. The caller holds the lock."""
    retired, rules = Retired(), session.settings.trash
    if rules.days == 0 and rules.size_bytes == 0:
        return retired
    live: dict[str, Contents] | None = None
    for side in sides:
        fact = f"trash looked through: {side} {session.store.url}/{session.project.prefix}"
        due, after = _due(state, fact, session.clock())
        if not due:
            continue
        state.remember(fact, format_time(session.clock()))
        found = _oldest_first(session, side)
        going = _Going(session, found, side, after)
        if not going.any():
            continue
        if live is None and not rules.last_copies:
            live = _live(session, state)
        rest = going.delete(None if live is None else live[side], retired)
        if rest is not None:
            state.remember(fact, f"{format_time(session.clock())} {rest}")
    return retired


def _due(state: StateDB, fact: str, now: datetime) -> tuple[bool, str]:
    """True if the last look is a day ago, and behind which file it ended.

    In a place that is new here, the first look is due tomorrow.
    """
    at, _, after = (state.fact(fact) or "").partition(" ")
    last = parse_time(at)
    if last is None:
        state.remember(fact, format_time(now))
        return False, ""
    return not timedelta() <= now - last < A_DAY, after


def _oldest_first(session: Session, side: str) -> SpilledList[Trashed]:
    there = side == "remote"
    found = trash_there(session.store, session.project.prefix) if there else trash_here(session.project)
    items = SpilledList(Trashed, found)
    items.sort(_order)
    return items


def _order(found: Trashed) -> str:
    at = f"{max(found.order, 0):020.6f}" if found.side == "remote" else found.at or ""
    return f"{at} {found.where}"


def _live(session: Session, state: StateDB) -> dict[str, Contents]:
    """What exists besides the trash of each side, as far as this side may believe it."""
    here, there = Contents(), Contents()
    seen, ledger = scan(session, state), UnfinishedTransfers(state)
    for decision in seen.decisions():
        digests, remote, base = seen.digests_of(decision.path), decision.remote, decision.base
        if digests is not None and decision.local is not None:
            for contents in (here, there):
                contents.add(decision.local.size, digests.md5)
        if remote is None or remote.md5 is None:
            continue
        object_there = seen.there.files[decision.path]
        if not is_vouched(ledger, decision.path, object_there, base):
            continue
        there.add_object(object_there)
        is_of_base = base is not None and base.etag is not None and (base.etag, base.md5) == (remote.etag, remote.md5)
        if is_of_base and not has_to_be_read(session.store, remote.size):  # unread it takes no file of this disk away
            here.add(remote.size, remote.md5)
    return {"local": here, "remote": there}


class _Going:
    """The files of one trash that are beyond the limits, the oldest first."""

    def __init__(self, session: Session, found: SpilledList[Trashed], side: str, after: str) -> None:
        self._session, self._found, self._after = session, found, after
        self._rules = session.settings.trash
        self._now = now_of(session, side) if found else session.clock()
        limit = self._rules.size_bytes
        self._over = sum(one.size for one in found) - limit if limit else 0

    def any(self) -> bool:
        return bool(self._found) and self._is_beyond(self._found[0])

    def _is_beyond(self, found: Trashed) -> bool:
        age = age_of(found, self._now)
        if age is None or is_young(found, self._now):
            return False
        return self._over > 0 or (self._rules.days > 0 and age > timedelta(days=self._rules.days))

    def delete(self, live: Contents | None, retired: Retired) -> str | None:
        """Delete what `live` also has (None: all). Returns the file to go on behind, if the work became too much."""
        started, looks, last = time.monotonic(), 0, self._after
        for found in self._found:
            if not self._is_beyond(found):
                return None
            if _order(found) <= self._after:
                continue
            if looks >= MOST_FILES or (looks and time.monotonic() - started > MOST_SECONDS):
                return last
            last = _order(found)
            if live is not None and not live.knows_size(found.size):
                continue  # a last copy, without any look at its content
            looks += 1
            if live is None or live.has(self._session.store, found):
                drop_trashed(self._session, found)
                self._over -= found.size
                retired.files += 1
                retired.bytes += found.size
        return None
