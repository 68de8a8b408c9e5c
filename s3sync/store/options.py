"""What a store needs to know beyond its URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from s3sync.store.port import FullSpeed, Pace


class StoreOptions(Struct, frozen=True):
    """Settings that are not part of the URL.

    `env` is the merged environment (process, env file) that the AWS_* variables are read from; a store looks at no
    other. `create` lets a folder store make its folder and marker; no other store creates anything when opened.
    `repository` is the folder that a folder store must stay apart from, and `repo` its name in the store.
    """

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    create: bool = False
    repository: Path | None = None
    repo: str = ""
    pace: Pace = field(default_factory=FullSpeed)
