"""Row of the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Mask: TypeAlias = Literal["none", "address", "secret"]


class Key(Struct, frozen=True):
    """A setting. `check` gives the value in its normal form or raises `BadValue`; it is never called with None.

    - `repo`, `own`: it may stand in `.s3sync.yaml`, in the user's own file.
    - `variables`: environment variables that set it, the strongest first; with `env_file` in `.video-tools.env` too,
      whose keys are a closed list (docs/decisions/0020-the-env-file-is-a-closed-list.md).
    - `flag`: its flag as the documentation shows it.
    - `mask`: "address" hides a login and a query, "secret" all but the kind of address.
    - `literal`: scalars reach `check` as the text in the file (YAML takes `12:30` or `on` for something else).
    - `unset`: what holds without a value, in words, for the documentation.
    - `own_keys`: keys of a nested setting that count in the user's own file alone, whatever else stands in the
      repository's; there they are refused.
    - `of_repository`: what more holds of a repository's value; gives it back, or raises `BadValue`.
    - `merges`: a mapping by name, of which both files may hold some; the user's own ones are stronger.
    - `joined`: what holds where both files say it, of the repository's value and the user's own.
    """

    name: str
    check: Callable[[object], object]
    help: str
    default: object = None
    repo: bool = False
    own: bool = False
    variables: tuple[str, ...] = ()
    env_file: bool = False
    flag: str | None = None
    mask: Mask = "none"
    literal: bool = False
    unset: str = "-"
    own_keys: tuple[str, ...] = ()
    of_repository: Callable[[object], object] | None = None
    merges: bool = False
    joined: Callable[[Any, Any], object] | None = None
