"""botocore's sessions, with answers of a bounded size: by itself it reads whatever a server sends into memory."""

from __future__ import annotations

from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.bounded import whole
from s3sync.store.watch import WATCH


class BoundedSession:
    """botocore's HTTP session, with answers that end. Bodies of objects stay streams.

    `send` and `close` are all that `botocore.endpoint.Endpoint` calls.
    """

    def __init__(self, inner: Any, server: str) -> None:
        self.inner, self._server = inner, server

    def send(self, request: Any) -> Any:
        """The answer, read when it is no object. Raises `RequestFailed` when it is too large or takes too long."""
        from botocore.exceptions import HTTPClientError

        is_object, request.stream_output = request.stream_output, True
        try:
            with WATCH.request(f"{self._server} to answer"):
                response = self.inner.send(request)
        except HTTPClientError as error:
            if isinstance(within := error.kwargs.get("error"), RequestFailed):
                raise within from None
            raise
        finally:
            request.stream_output = is_object
        if not is_object or response.status_code >= 300:
            response._content = whole(response.raw)  # what `AWSResponse.content` keeps when it has read it
        return response

    def close(self) -> None:
        self.inner.close()
