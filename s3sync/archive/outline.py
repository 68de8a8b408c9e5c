"""Units before their files are looked at, as all of a set are held at once."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from s3sync.core.archive.values import Source


class Outline(Struct, frozen=True):
    """A unit with its key, without its files.

    `sources` are those of a file or a group; those of a folder (None) are found when it is its turn.
    """

    id: str
    root: str
    key: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None
    sources: tuple[Source, ...] | None = None
    sidecars: tuple[Source, ...] = ()
