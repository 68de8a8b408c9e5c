"""Facts about the store that are remembered: whether it honours conditional writes."""

from __future__ import annotations

import uuid
from threading import Lock

from msgspec.structs import replace

from s3sync.config.schemes import scheme_of
from s3sync.core.names import STATE_DIR
from s3sync.errors import AccessDenied, StoreError
from s3sync.state.memory import StateDB
from s3sync.store import endpoint_of
from s3sync.store.checked import CheckedStore
from s3sync.store.probe import HOPELESS, Condition, Honours, check_condition
from s3sync.sync.session import Session

UNPROTECTED = (
    "this store does not enforce conditional writes: two people who write at the same moment are not protected from "
    "each other. Each write is preceded by a look at what is there."
)


def guarded(session: Session, state: StateDB, *, writes_files: bool = True) -> tuple[Session, str | None]:
    """The session to write with, and the warning that is to be given once.

    AWS and folder stores enforce conditions. Another endpoint is probed by the first run that writes files to it: PUT
    at once, the other kinds of request before the first of each. A run that only writes metadata.json probes when it
    does.
    """
    endpoint = endpoint_of(session.store)
    is_probed = endpoint is not None and scheme_of(session.settings.store).probed
    if not is_probed or not session.store.capabilities.conditional_writes:
        return session, None
    guard = _Guard(session, state, f"{endpoint} {session.store.url}")
    if not writes_files:
        return replace(session, store=CheckedStore(session.store, guard.honours)), None
    bad = (Honours.IGNORED, Honours.REFUSED)
    protected = all(guard.honours(kind) not in bad for kind in (Condition.REPLACE, Condition.CREATE))
    warning = None if protected or state.fact(guard.told) else UNPROTECTED
    if warning:
        state.remember(guard.told, "yes")
    return replace(session, store=CheckedStore(session.store, guard.honours)), warning


class _Guard:
    """What the store does with each condition: found out once, and remembered."""

    def __init__(self, session: Session, state: StateDB, place: str) -> None:
        self._session, self._state, self._place = session, state, place
        self._known: dict[Condition, Honours] = {}
        self._lock = Lock()
        self.told = f"warned of unprotected writes: {place}"

    def fact(self, condition: Condition) -> str:
        return f"{condition} condition: {self._place}"

    def honours(self, condition: Condition) -> Honours:
        """`UNKNOWN` is tried again by the next run."""
        with self._lock:
            if condition not in self._known:
                self._known[condition] = self._find_out(condition)
            return self._known[condition]

    def _find_out(self, condition: Condition) -> Honours:
        known = self._state.fact(self.fact(condition))
        if known in set(Honours):
            return Honours(known)
        scratch = f"{self._session.project.prefix}{STATE_DIR}/probe-{uuid.uuid4().hex}"
        try:
            found = check_condition(self._session.store, condition, scratch)
        except (AccessDenied, *HOPELESS):
            raise
        except StoreError:
            return Honours.UNKNOWN
        self._state.remember(self.fact(condition), found.value)
        return found
