"""Files that go along with another one of their name: `.xmp`, `.THM`, `.LRV` and what else `sidecars` names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from s3sync.archive.walk import Selection
from s3sync.core.archive.layout import stem_of
from s3sync.core.archive.values import Source

_GOPRO = re.compile(r"G[XHLP](\d{6})", re.IGNORECASE)
"""GoPro calls the proxy of GX012299.MP4 GL012299.LRV."""


def with_companions(files: list[Source], selection: Selection) -> Iterator[tuple[Source, tuple[Source, ...]]]:
    """Each file with those that go along with it. A companion alone is a file like any other, if it is selected."""
    mains: dict[tuple[str, str], str] = {}
    for source in files:
        if selection.is_selected(source.path) and not selection.is_sidecar(source.path):
            folder, name = _split(source.path)
            for word in (_word(stem_of(name)), name.casefold()):
                mains.setdefault((folder, word), source.path)
    along: dict[str, list[Source]] = {}
    alone: list[Source] = []
    for source in files:
        if not selection.is_sidecar(source.path):
            alone.append(source)
            continue
        folder, name = _split(source.path)
        main = mains.get((folder, stem_of(name).casefold())) or mains.get((folder, _word(stem_of(name))))
        if main is not None:
            along.setdefault(main, []).append(source)
        elif selection.is_selected(source.path):
            alone.append(source)
    for source in alone:
        yield source, tuple(along.get(source.path, ()))


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _word(stem: str) -> str:
    found = _GOPRO.fullmatch(stem)
    return f"gopro {found[1]}" if found else stem.casefold()
