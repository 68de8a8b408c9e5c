"""Questions to IAM, which is beside S3: one client, and errors that say why."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from s3sync.errors import StoreError
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.services import make_service, service_error


class Identities:
    """IAM of AWS, and of servers that have it at the same address."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self._client: Any = None

    def ask(self, doing: str, name: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """One call of IAM; None for what is not there. Raises our errors: "could not <doing> <name>"."""

        def call() -> dict[str, Any]:
            try:
                answer: dict[str, Any] = getattr(self._iam(), operation)(**arguments)
            except RecursionError:  # botocore reads a policy by itself, however deep it is
                raise RequestFailed(Failure("not_s3")) from None
            return answer

        try:
            return self._io.attempts(doing).run(call, from_botocore)
        except RequestFailed as error:
            failure = error.failure
            if failure.code == "NoSuchEntity":
                return None
            if failure.code in ("LimitExceeded", "EntityAlreadyExists"):
                raise StoreError(f"could not {doing} {name}", why=failure.message or failure.code) from None
            hint = "make users by the server's own means: `s3sync setup policy` prints what one may do"
            raise service_error(self._io, failure, doing, name, "IAM", hint) from None

    def policy(self, doing: str, name: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """An inline policy; None where there is none."""
        answer = self.ask(doing, name, operation, **arguments)
        document = answer.get("PolicyDocument") if answer is not None else None
        if isinstance(document, str):  # as some servers give it
            try:
                document = json.loads(unquote(document))
            except (ValueError, RecursionError):
                return {}
        return document if isinstance(document, dict) else None

    def _iam(self) -> Any:
        if self._client is None:
            self._client = make_service(self._io, "iam")
        return self._client
