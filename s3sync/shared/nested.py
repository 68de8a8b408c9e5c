"""Refuse stores that lie in each other by their prefixes: one repository's files would be another project's.

With `s3://team` and `repo: films`, a project `r` is where `s3://team/films` and `repo: r` have their projects. What
tells is metadata.json, which names its project and repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from s3sync.aside import Aside
from s3sync.core.names import MANIFEST, nfc
from s3sync.core.sealed import current_key
from s3sync.errors import ConfigError, StoreError
from s3sync.shared.manifest_text import encrypted
from s3sync.store.aspects import aspect
from s3sync.store.port import Store
from s3sync.store.seals import Seals

_HEAD = 4096
"""Bytes to read: the project is named in the first of the file."""
_FIELD = r'"%s"\s*:\s*("(?:[^"\\]|\\.){0,1024}")'
_HINT = "give one of the two repositories another `repo`, or another prefix of the bucket; nothing was changed"
MOST_ASKED = 32


def refuse_inner_projects(store: Store, keys: Iterable[str]) -> None:
    """Raises `ConfigError` where one of these keys of a project is the metadata.json of another project.

    `keys` are those that the project's own metadata.json does not explain; of very many, only the first are read.
    """
    for key in islice((key for key in keys if key.endswith(f"/{MANIFEST}")), MOST_ASKED):
        repo, project = key.split("/")[-3:-1]
        if _names_in(store, key) == (repo, project):
            where = key.removesuffix(f"/{project}/{MANIFEST}")
            raise _nested(store, f"{where}/ in it, where files of this project belong, is another repository: {repo!r}")


def look_around(store: Store, repo: str, threads: Aside) -> Callable[[], None]:
    """Ask whether the repository's place in the store is in a project of a store around it.

    The answers come meanwhile; what is returned waits for them, and raises `ConfigError` where it is.
    """
    around = store.url.rstrip("/").rpartition("/")[2]
    places = ((f"{repo}/{MANIFEST}", repo), (MANIFEST, around))
    asked = [(threads.submit(_names_in, store, key), name) for key, name in places]
    keys = current_key(repo)
    has_keys = threads.submit(_is_there, store, keys) if aspect(store, Seals) is None else None

    def refuse() -> None:
        if has_keys is not None and has_keys.result():
            raise encrypted(keys)
        for answer, name in asked:
            found = answer.result()
            if found is not None and found[1] == name:
                why = f"{repo}/ in it lies in a project of another repository: {found[1]!r} of {found[0]!r}"
                raise _nested(store, why)

    return refuse


def _nested(store: Store, why: str) -> ConfigError:
    return ConfigError(f"this repository cannot use the store {store.url}", why=why, hint=_HINT)


def _is_there(store: Store, key: str) -> bool:
    """Asked as metadata.json of the places around is, so that many projects ask once (`AskedAhead`)."""
    try:
        with store.get(key, stop=_HEAD):
            return True
    except StoreError:
        return False


def _names_in(store: Store, key: str) -> tuple[str, str] | None:
    """The repository and project that a metadata.json says it is of; None for what is none, or cannot be read."""
    head = b""
    try:
        with store.get(key, stop=_HEAD) as reader:
            for chunk in reader:
                head += bytes(chunk[: _HEAD - len(head)])
                if len(head) >= _HEAD:
                    break
    except StoreError:
        return None
    text = head.decode(errors="replace")
    found = [re.search(_FIELD % name, text) for name in ("repo", "project_id")]
    try:
        repo, project = (nfc(msgspec.json.decode(match[1], type=str)) if match else "" for match in found)
    except ValueError:
        return None
    return (repo, project) if repo and project else None
