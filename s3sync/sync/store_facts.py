"""Facts about the store that are remembered: whether it honours conditional writes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from s3sync.aside import Answer, Aside
from s3sync.config.schemes import scheme_of
from s3sync.core.etag import PART_SIZE
from s3sync.core.names import STATE_DIR
from s3sync.core.plan import LOCAL_ONLY, Action, Do
from s3sync.errors import AccessDenied, StoreError
from s3sync.state import probes
from s3sync.state.memory import StateDB
from s3sync.store import endpoint_of
from s3sync.store.checked import CheckedStore
from s3sync.store.port import Store
from s3sync.store.probe import HOPELESS, Condition, Honours, check_conditions
from s3sync.sync.session import Session

UNPROTECTED = (
    "this store does not enforce conditional writes: two people who write at the same moment are not protected from "
    "each other. Each write is preceded by a look at what is there."
)
PUT = (Condition.CREATE, Condition.REPLACE)


@contextmanager
def guarded(
    session: Session, state: StateDB, actions: Sequence[Action], warn: Callable[[str], None]
) -> Iterator[Session]:
    """The session to write with, while what is not known of its store is found out beside the work.

    AWS and folder stores enforce conditions: then there is nothing to find out. Another endpoint is probed by the
    first run that does anything: it writes metadata.json at least. One that finds nothing to do probes if it writes.
    """
    endpoint = endpoint_of(session.store)
    is_probed = endpoint is not None and scheme_of(session.settings.store).probed
    if not session.store.capabilities.conditional_writes:
        yield session
        _tell_once(session, state, actions, warn)
        return
    if endpoint is None or not is_probed:
        yield session
        return
    guard = Guard(Probed.by(session), state, endpoint)
    if actions:
        guard.foresee(needed(actions))
    try:
        yield replace(session, store=CheckedStore(session.store, guard.honours))
    except BaseException as error:  # whoever wants to stop does not wait for the store
        guard.close(wait=not isinstance(error, KeyboardInterrupt))
        raise
    warning = guard.warning()
    guard.close()
    if warning:
        warn(warning)


def _tell_once(session: Session, state: StateDB, actions: Sequence[Action], warn: Callable[[str], None]) -> None:
    """Say after the first run that wrote files there that nothing protects them from others' writes."""
    told = f"warned of unprotected writes: {session.store.url}"
    if any(action.do not in LOCAL_ONLY for action in actions) and not state.fact(told):
        state.remember(told, "yes")
        warn(UNPROTECTED)


def needed(actions: Iterable[Action]) -> set[Condition]:
    """The conditions that the writes of a plan rely on, but for those that metadata.json needs anyway."""
    found: set[Condition] = set()
    for action in actions:
        if action.do not in LOCAL_ONLY:
            found.update(PUT)
            if action.local is not None and action.local.size > PART_SIZE and action.do is not Do.DELETE_REMOTE:
                found.add(Condition.COMPLETE)
            if action.trash_remote:
                found.add(Condition.COPY)
            if action.do is Do.DELETE_REMOTE:
                found.add(Condition.DELETE)
    return found


class Probed(Struct, frozen=True):
    """A store that is tried out, below a prefix (empty, or ending in `/`) of it."""

    store: Store
    prefix: str
    env: Mapping[str, str]
    clock: Callable[[], datetime]

    @classmethod
    def by(cls, session: Session) -> Probed:
        return cls(session.store, session.project.prefix, session.settings.env, session.clock)


class Guard:
    """Answers of the store to each condition: found out once, beside the work, and remembered.

    Whoever writes waits only for the answer that he needs. May be called from several threads.
    """

    def __init__(self, probed: Probed, state: StateDB, endpoint: str) -> None:
        self._probed, self._state, self._endpoint = probed, state, endpoint
        self._bucket = urlsplit(probed.store.url).netloc
        self._place = f"{endpoint} {probed.store.url}"
        self._asked: dict[Condition, Answer[Honours]] = {}
        self._lock = Lock()
        self._threads: Aside | None = None
        self._foreseen: set[Condition] = set()

    def foresee(self, conditions: set[Condition]) -> None:
        """Begin to find out what is not known of these, and of those that metadata.json is written with."""
        self._foreseen = conditions
        with self._lock:
            for condition in (*PUT, *conditions):
                self._ask(condition)

    def honours(self, condition: Condition) -> Honours:
        """`UNKNOWN` is tried again by the next run. Raises `StoreError`."""
        asked = self._asked.get(condition)
        if asked is None:
            with self._lock:
                asked = self._ask(condition)
        return asked.result()

    def warning(self) -> str | None:
        """A sentence to say once of a store that does not protect the files that were written."""
        told = f"warned of unprotected writes: {self._place}"
        asked = [self._asked[kind] for kind in PUT if kind in self._foreseen]
        answers = {one.result() for one in asked if one.exception() is None}
        if answers.isdisjoint((Honours.IGNORED, Honours.REFUSED)) or self._state.fact(told):
            return None
        self._state.remember(told, "yes")
        return UNPROTECTED

    def close(self, *, wait: bool = True) -> None:
        """Let what was begun end: scratch objects are deleted."""
        if self._threads is not None:
            self._threads.close(wait=wait)

    def _ask(self, condition: Condition) -> Answer[Honours]:
        """The answer, or the promise of it. Holds the lock."""
        if condition not in self._asked:
            together = PUT if condition in PUT else (condition,)
            for one in together:
                self._asked[one] = Answer()
                known = self._known(one)
                if known is not None:
                    self._asked[one].set_result(known)
            unknown = [one for one in together if not self._asked[one].done()]
            if unknown:
                self._threads = self._threads or Aside(len(Condition), "s3sync-probes")
                self._threads.submit(self._find_out, unknown)
        return self._asked[condition]

    def _known(self, condition: Condition) -> Honours | None:
        """What this project found out before; else what any other did, unless it would protect a write less."""
        known = self._state.fact(self._fact(condition))
        if known in set(Honours):
            return Honours(known)
        env, now = self._probed.env, self._probed.clock()
        is_enforced = condition in probes.enforced(env, self._endpoint, self._bucket, now)
        return Honours.ENFORCED if is_enforced else None

    def _fact(self, condition: Condition) -> str:
        return f"{condition} condition: {self._place}"

    def _find_out(self, conditions: list[Condition]) -> None:
        scratch = f"{self._probed.prefix}{STATE_DIR}/probe-{uuid.uuid4().hex}"
        error: BaseException | None = None
        try:
            check_conditions(self._probed.store, conditions, scratch, self._found)
        except (AccessDenied, *HOPELESS) as lack:
            error = lack
        except StoreError:
            pass
        except BaseException as mistake:  # noqa: BLE001 - raised by whoever waits for the answer
            error = mistake
        for condition in conditions:
            asked = self._asked[condition]
            if not asked.done() and error is not None:
                asked.set_exception(error)
            elif not asked.done():
                asked.set_result(Honours.UNKNOWN)

    def _found(self, condition: Condition, honours: Honours) -> None:
        self._state.remember(self._fact(condition), honours.value)
        env = self._probed.env
        if honours is Honours.ENFORCED:
            probes.remember(env, self._endpoint, self._bucket, condition, self._probed.clock())
        elif probes.is_shared(self._endpoint):
            probes.forget(env, self._endpoint, self._bucket)
        self._asked[condition].set_result(honours)
