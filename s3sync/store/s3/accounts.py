"""Users and roles of the account behind a bucket, as IAM has them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from s3sync.store.aspects import AccessKey
from s3sync.store.lanes.failures import Failure
from s3sync.store.s3.identities import Identities
from s3sync.store.s3.requests import Requests

_KEY = re.compile(r"[!-~]{1,256}")
"""Id or secret of a key: printed for somebody to copy."""
_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,512}")


class S3Accounts:
    """`aspects.Accounts` of AWS, and of servers that have IAM at the same address."""

    def __init__(self, io: Requests) -> None:
        self._io, self._iam = io, Identities(io)

    def has_user(self, user: str) -> bool:
        return self._iam.ask("look for the user", user, "get_user", UserName=user) is not None

    def create_user(self, user: str) -> None:
        self._iam.ask("make the user", user, "create_user", UserName=user)

    def user_policy(self, user: str, name: str) -> dict[str, Any] | None:
        return self._iam.policy("read the policy of", user, "get_user_policy", UserName=user, PolicyName=name)

    def put_user_policy(self, user: str, name: str, document: dict[str, Any]) -> None:
        text = json.dumps(document)
        self._iam.ask("set the policy of", user, "put_user_policy", UserName=user, PolicyName=name, PolicyDocument=text)

    def keys_of(self, user: str) -> list[AccessKey]:
        answer = self._iam.ask("list the keys of", user, "list_access_keys", UserName=user) or {}
        found = answer.get("AccessKeyMetadata", ())
        names = ((one.get("AccessKeyId", ""), one) for one in found)
        return [AccessKey(name, one.get("Status") == "Active", one.get("CreateDate")) for name, one in names]

    def create_key(self, user: str) -> tuple[str, str]:
        answer = self._iam.ask("make a key for", user, "create_access_key", UserName=user) or {}
        key = answer.get("AccessKey", {})
        name, secret = key.get("AccessKeyId", ""), key.get("SecretAccessKey", "")
        if not (_KEY.fullmatch(name) and _KEY.fullmatch(secret)):
            raise self._io.error(Failure("not_s3"), "make a key for", user)
        return name, secret


class S3Roles:
    """`replicating.Roles` of the same."""

    def __init__(self, io: Requests) -> None:
        self._io, self._iam = io, Identities(io)

    def role_arn(self, role: str) -> str | None:
        answer = self._iam.ask("look for the role", role, "get_role", RoleName=role)
        return None if answer is None else self._arn(answer, "look for the role", role)

    def create_role(self, role: str, trust: Mapping[str, Any]) -> str:
        text = json.dumps(trust)
        answer = self._iam.ask("make the role", role, "create_role", RoleName=role, AssumeRolePolicyDocument=text)
        return self._arn(answer or {}, "make the role", role)

    def role_policy(self, role: str, name: str) -> dict[str, Any] | None:
        return self._iam.policy("read the policy of", role, "get_role_policy", RoleName=role, PolicyName=name)

    def put_role_policy(self, role: str, name: str, document: Mapping[str, Any]) -> None:
        text = json.dumps(document)
        self._iam.ask("set the policy of", role, "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=text)

    def _arn(self, answer: dict[str, Any], doing: str, role: str) -> str:
        arn = str(answer.get("Role", {}).get("Arn", ""))
        if not _ARN.fullmatch(arn):
            raise self._io.error(Failure("not_s3"), doing, role)
        return arn
