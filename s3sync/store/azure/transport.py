"""Transport of the library's requests, with answers that end: by itself it reads whatever comes into memory."""

from __future__ import annotations

from typing import Any

from s3sync.store.lanes.bounded import adapter

CONNECTIONS = 64


def bounded_transport(**settings: Any) -> Any:
    """The library's own transport, with its settings, over a session of ours."""
    from azure.core.pipeline.transport import RequestsTransport
    from requests import Session

    session = Session()
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter(CONNECTIONS, ranges=True))
    return RequestsTransport(session=session, **settings)
