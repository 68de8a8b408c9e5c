"""Users of the account behind a bucket, as IAM has them."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from s3sync.errors import StoreError
from s3sync.store.aspects import AccessKey
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.failures import from_botocore
from s3sync.store.s3.requests import Requests
from s3sync.store.s3.services import make_service, service_error

_KEY = re.compile(r"[!-~]{1,256}")
"""Id or secret of a key: printed for somebody to copy."""


class S3Accounts:
    """`aspects.Accounts` of AWS, and of servers that have IAM at the same address."""

    def __init__(self, io: Requests) -> None:
        self._io = io
        self._client: Any = None

    def has_user(self, user: str) -> bool:
        return self._ask("look for the user", user, "get_user", UserName=user) is not None

    def create_user(self, user: str) -> None:
        self._ask("make the user", user, "create_user", UserName=user)

    def user_policy(self, user: str, name: str) -> dict[str, Any] | None:
        answer = self._ask("read the policy of", user, "get_user_policy", UserName=user, PolicyName=name)
        document = answer.get("PolicyDocument") if answer is not None else None
        if isinstance(document, str):  # as some servers give it
            try:
                document = json.loads(unquote(document))
            except (ValueError, RecursionError):
                return {}
        return document if isinstance(document, dict) else None

    def put_user_policy(self, user: str, name: str, document: dict[str, Any]) -> None:
        text = json.dumps(document)
        self._ask("set the policy of", user, "put_user_policy", UserName=user, PolicyName=name, PolicyDocument=text)

    def keys_of(self, user: str) -> list[AccessKey]:
        answer = self._ask("list the keys of", user, "list_access_keys", UserName=user) or {}
        found = answer.get("AccessKeyMetadata", ())
        names = ((one.get("AccessKeyId", ""), one) for one in found)
        return [AccessKey(name, one.get("Status") == "Active", one.get("CreateDate")) for name, one in names]

    def create_key(self, user: str) -> tuple[str, str]:
        answer = self._ask("make a key for", user, "create_access_key", UserName=user) or {}
        key = answer.get("AccessKey", {})
        name, secret = key.get("AccessKeyId", ""), key.get("SecretAccessKey", "")
        if not (_KEY.fullmatch(name) and _KEY.fullmatch(secret)):
            raise self._io.error(Failure("not_s3"), "make a key for", user)
        return name, secret

    def _ask(self, doing: str, user: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """None for what is not there."""

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
                raise StoreError(f"could not {doing} {user}", why=failure.message or failure.code) from None
            hint = "make users by the server's own means: `s3sync setup policy` prints what one may do"
            raise service_error(self._io, failure, doing, user, "IAM", hint) from None

    def _iam(self) -> Any:
        if self._client is None:
            self._client = make_service(self._io, "iam")
        return self._client
