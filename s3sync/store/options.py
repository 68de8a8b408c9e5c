"""Options of a store beyond its URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from s3sync.store.port import Pace, Unlimited


class Wire(Struct, frozen=True):
    """Settings of requests to an S3 store, and what they ask for besides. None is the usual.

    `sse`, `kms_key_id`: server-side encryption to ask for. `acl`: a canned ACL. `request_payer`: "requester".
    `addressing`: where the bucket stands, "path" or "virtual". `ca_bundle`: a file of authorities. `proxy`: a URL.
    `accelerate`: go through AWS's nearest location.
    Timeouts are in seconds. `retries`: how often a request is sent again at the most.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """

    sse: str | None = None
    kms_key_id: str | None = None
    acl: str | None = None
    request_payer: str | None = None
    addressing: str | None = None
    ca_bundle: str | None = None
    proxy: str | None = None
    connect_timeout: int | None = None
    read_timeout: int | None = None
    retries: int | None = None
    accelerate: bool = False

    def headers(self, *, writes: bool) -> dict[str, str]:
        """The headers that every request, or one that `writes` an object, carries for it."""
        found = {"x-amz-request-payer": self.request_payer}
        if writes:
            found["x-amz-server-side-encryption"] = self.sse
            found["x-amz-server-side-encryption-aws-kms-key-id"] = self.kms_key_id
            found["x-amz-acl"] = self.acl
        return {name: value for name, value in found.items() if value}


class StoreOptions(Struct, frozen=True):
    """Settings that are not part of the URL.

    `env` is the merged environment (process, env file) that the AWS_* variables are read from; a store looks at no
    other. `create` lets a folder store make its folder and marker; no other store creates anything when opened.
    `private` closes the folder to others.
    `credentials_path` and `credentials_env` say where the user's own credential of another store than S3 lies:
    `own_credential` reads it.
    `repository` is the folder that a folder store must stay apart from, and `repo` its name in the store.
    """

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    create: bool = False
    private: bool = False
    repository: Path | None = None
    repo: str = ""
    wire: Wire = field(default_factory=Wire)
    pace: Pace = field(default_factory=Unlimited)
    credentials_path: str | None = None
    credentials_env: str | None = None
