"""What is remembered of the store: whether it honours conditional writes, and that the base was agreed on with it."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from s3sync.config import mask_url
from s3sync.core.names import STATE_DIR
from s3sync.state.db import StateDB
from s3sync.store.checked import CheckedStore
from s3sync.store.probe import check_conditional_writes
from s3sync.sync.session import Session

UNPROTECTED = (
    "this store ignores conditional writes: two people who write at the same moment are not protected from each other. "
    "Each write is preceded by a look at what is there."
)


BASE_OF = "the base was agreed on with"


def other_store(session: Session, state: StateDB) -> str | None:
    """The place in a store that the base was agreed on with, if it is not the one of this session."""
    known = state.fact(BASE_OF)
    return None if known in (None, whereabouts(session)) else known


def remember_store(session: Session, state: StateDB) -> None:
    """From now on the base speaks of the place in the store that the session works with."""
    here = whereabouts(session)
    if state.fact(BASE_OF) != here:
        state.remember(BASE_OF, here)


def whereabouts(session: Session) -> str:
    """The project's place in the store, as `BASE_OF` remembers it."""
    place = f"{mask_url(session.store.url)}/{session.project.prefix}"
    endpoint = session.settings.endpoint_url
    return place if endpoint is None else f"{place} at {mask_url(endpoint)}"


def guarded(session: Session, state: StateDB) -> tuple[Session, str | None]:
    """The session to write with, and the warning that is to be given once.

    AWS and folder stores honour conditions. Another endpoint is probed by the first run that writes to it.
    """
    endpoint = session.settings.endpoint_url
    if endpoint is None or not session.store.capabilities.conditional_writes:
        return session, None
    name = f"conditional writes: {endpoint} {session.store.url}"
    known = state.fact(name)
    if known is None:
        scratch = f"{session.project.prefix}{STATE_DIR}/probe-{uuid.uuid4().hex}"
        honoured = check_conditional_writes(session.store, scratch)
        state.remember(name, "honoured" if honoured else "ignored")
        return (session, None) if honoured else (_checked(session), UNPROTECTED)
    return (session, None) if known == "honoured" else (_checked(session), None)


def _checked(session: Session) -> Session:
    return replace(session, store=CheckedStore(session.store))
