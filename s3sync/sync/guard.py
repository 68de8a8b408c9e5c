"""Whether the store honours conditional writes: asked once of a store that is not AWS, and remembered."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from s3sync.core.names import STATE_DIR
from s3sync.state.db import StateDB
from s3sync.store.checked import CheckedStore
from s3sync.store.probe import check_conditional_writes
from s3sync.sync.session import Session

UNPROTECTED = (
    "this store ignores conditional writes: two people who write at the same moment are not protected from each other. "
    "Each write is preceded by a look at what is there."
)


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
