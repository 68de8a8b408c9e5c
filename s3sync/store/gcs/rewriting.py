"""Copies on the server, which take several requests where an object is large or changes its place or class.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from s3sync.store.gcs.api import Json
from s3sync.store.gcs.requests import MOST_TOKEN, Requests
from s3sync.store.gcs.resources import generation_of
from s3sync.store.lanes.failures import Failure

_COUNT = re.compile(r"[0-9]{1,19}", re.ASCII)
MOST_REQUESTS = 100_000
"""For one object: each moves at least a megabyte."""


def rewrite(
    io: Requests,
    doing: str,
    source: Json,
    name: str,
    resource: Mapping[str, Any],
    condition: Mapping[str, str],
) -> Json:
    """The copy of an object, if it still is the one described by `source`. An empty `resource` keeps what it says.

    Raises `NotFound`, `PreconditionFailed`.
    """
    origin = str(source["name"])
    path = f"{io.api.path_of(origin)}/rewriteTo{io.api.path_of(name).removeprefix('/storage/v1')}"
    generation = generation_of(source)
    asked = {"sourceGeneration": generation, "ifSourceGenerationMatch": generation, **condition}
    reached = -1
    for _ in range(MOST_REQUESTS):
        told = io.ask(doing, name, "POST", path, resource, **asked)
        if told.get("done", True):
            made = told.get("resource")
            return made if isinstance(made, dict) else {}
        before, reached = reached, _moved(told)
        token = told.get("rewriteToken")
        if reached <= before or not isinstance(token, str) or not 0 < len(token) <= MOST_TOKEN:
            break
        asked["rewriteToken"] = token
    raise io.error(Failure("not_s3"), doing, name)


def _moved(told: Json) -> int:
    """Bytes that are copied so far, by an answer: each brings more of them. -1 where it does not say."""
    found = str(told.get("totalBytesRewritten", ""))
    return int(found) if _COUNT.fullmatch(found) else -1
