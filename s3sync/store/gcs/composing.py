"""One object of many: up to 32 at a time, in a tree, of which only the last step has the caller's condition.

Whatever is composed takes its sources away with it (`deleteSourceObjects`): a plain deletion would leave each part
billed for the seven days of soft delete.
Source: https://cloud.google.com/storage/docs/json_api/v1/objects/compose
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from s3sync.aside import Aside
from s3sync.store.gcs.api import Json
from s3sync.store.gcs.requests import Requests
from s3sync.store.gcs.resources import FIELDS, generation_of

AT_A_TIME = 32
_AT_ONCE = 8


def compose(
    io: Requests,
    key: str,
    folder: str,
    sources: Sequence[Json],
    resource: Mapping[str, Any],
    condition: Mapping[str, str],
) -> Json:
    """The object at `key`, made of the sources in their order. `folder` takes what is made on the way.

    Raises `PreconditionFailed`, `NotFound` for a source that is gone.
    """
    level = 0
    while len(sources) > AT_A_TIME:
        groups = [sources[at : at + AT_A_TIME] for at in range(0, len(sources), AT_A_TIME)]
        names = [f"{folder}level{level}-{number:05}" for number in range(len(groups))]
        with Aside(_AT_ONCE, "s3sync-compose") as threads:
            made = [
                threads.submit(_one, io, key, name, group, {"contentType": "application/octet-stream"}, {})
                for name, group in zip(names, groups, strict=True)
            ]
            sources = [{**one.result(), "name": name} for one, name in zip(made, names, strict=True)]
        level += 1
    return _one(io, key, key, sources, resource, condition)


def _one(
    io: Requests,
    key: str,
    name: str,
    sources: Sequence[Json],
    resource: Mapping[str, Any],
    condition: Mapping[str, str],
) -> Json:
    body = {
        "sourceObjects": io.read("finish", key, lambda: [_named(item) for item in sources]),
        "destination": {"contentType": "application/octet-stream", **resource},
        "deleteSourceObjects": True,
    }
    return io.ask("finish", key, "POST", f"{io.api.path_of(name)}/compose", body, fields=FIELDS, **condition)


def _named(item: Json) -> Json:
    """A source in the words of a request. Raises `RequestFailed` for what is no object of Cloud Storage."""
    generation = generation_of(item)
    return {
        "name": item["name"],
        "generation": generation,
        "objectPreconditions": {"ifGenerationMatch": generation},
    }
