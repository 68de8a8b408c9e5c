"""Places in stores: what a base was agreed on with. One folder may be synced with several, each with its own memory."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from s3sync.config.schemes import scheme_of

_AWS = re.compile(r"s3([.-](dualstack\.)?[a-z]{2}-[a-z]+-\d)?\.amazonaws\.com")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class StorePlace(Struct, frozen=True):
    """A project's place in a store, spelled in one way however the settings spell it.

    `url` ends in the project's prefix. `endpoint` is empty for AWS and for folders. `store_id` is the store's own
    name for itself, where it has one: another disk at the same path is another place. `v1_name` is what version 1 of
    state.db called this place.
    """

    url: str
    endpoint: str = ""
    store_id: str = ""
    v1_name: str | None = None

    @property
    def shown(self) -> str:
        return f"{self.url} at {self.endpoint}" if self.endpoint else self.url


class KnownPlace(Struct, frozen=True):
    """A place that this folder has been synced with, as far as it is remembered.

    `used_at` None: not since an update. `here`: the one that the settings name.
    """

    id: int
    place: StorePlace
    files: int
    unfinished: int
    used_at: str | None
    here: bool


def place_of(
    store_url: str, endpoint: str | None, prefix: str, *, store_id: str = "", v1_name: str | None = None
) -> StorePlace:
    """The place that a store's URL, its endpoint (None for AWS) and a project's prefix name together."""
    scheme, _, rest = store_url.partition(":" if scheme_of(store_url).by_remote else "://")
    scheme = scheme.lower()
    if scheme_of(store_url).is_folder:
        root = Path(unquote(urlsplit(store_url, allow_fragments=False).path))
        rest = quote(f"/{_real(root).as_posix().lstrip('/')}", safe="/:")
    return StorePlace(f"{scheme}://{rest.rstrip('/')}/{prefix}", _endpoint(endpoint), store_id, v1_name)


def _real(root: Path) -> Path:
    """The folder that a path leads to, links resolved. A folder that is not there keeps its path."""
    if os.name == "nt" and root.as_posix().startswith("/"):
        root = Path(root.as_posix().lstrip("/"))
    try:
        return root.resolve()
    except (OSError, RuntimeError):
        return root


def _endpoint(endpoint: str | None) -> str:
    """A server without default port, final slash, login and capitals; empty for AWS, whose bucket names are unique."""
    if not endpoint:
        return ""
    parts = urlsplit(endpoint.strip())
    host = (parts.hostname or "").rstrip(".")
    if _AWS.fullmatch(host):
        return ""
    try:
        port = parts.port
    except ValueError:
        port = None
    at = f":{port}" if port is not None and port != _DEFAULT_PORTS.get(parts.scheme) else ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{at}{parts.path.rstrip('/')}"
