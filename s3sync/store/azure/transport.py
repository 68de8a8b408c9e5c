"""Transport of the library's requests, with answers that end: by itself it reads whatever comes into memory."""

from __future__ import annotations

import logging
from typing import Any

from s3sync.store.lanes.bounded import adapter

CONNECTIONS = 64


def bounded_transport(**settings: Any) -> Any:
    """The library's own transport, with its settings, over a session of ours, which takes nothing of the environment.

    By itself it would send the login that a .netrc has for a server, or for all, to whichever a repository names, and
    believe the authorities of REQUESTS_CA_BUNDLE.
    """
    from azure.core.pipeline.transport import RequestsTransport
    from requests import Session

    logging.getLogger("azure").addHandler(logging.NullHandler())  # what it wonders about is in our errors
    session = Session()
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter(CONNECTIONS, ranges=True))
    return RequestsTransport(session=session, **settings)
