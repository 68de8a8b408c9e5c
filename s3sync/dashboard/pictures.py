"""Small pictures of the files that are on this disk, as `data:` addresses: so many, so large, in so much time."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from s3sync.core.media_types import Kind, kind_of, type_in_a_page
from s3sync.core.picture_size import pixels_of
from s3sync.dashboard.values import File, ShownProject
from s3sync.disk.durable import read_all
from s3sync.team.pages.ffmpeg import Ffmpeg, find_ffmpeg
from s3sync.team.pages.looking import opened

OF_A_PROJECT, OF_ALL = 6, 90
"""Pictures of one project, and of all of them."""
MOST_BYTES = 3_000_000
"""Size of all pictures together."""
MOST_S = 20.0
"""Time for all pictures of one look. Those that are late come with the next one."""
SIDE = 240
AS_IT_IS, MOST_PIXELS = 24_000, 2_000_000
"""Size of a file up to which it is shown as it is, and pixels: a page has many, and a browser keeps each unpacked."""
_BEGINS = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_FILM_AT_S = 1.0
"""Second of a film whose picture is taken. A shorter one shows its first."""


class Pictures:
    """Maker of pictures, which remembers those that it made: a file that did not change is not opened again.

    One maker serves the repositories that are looked at side by side: each forgets of its own folders alone.
    """

    def __init__(self, ffmpeg: Ffmpeg | None = None) -> None:
        program = find_ffmpeg()
        self._ffmpeg = ffmpeg or (Ffmpeg(program, patience_s=5.0) if program is not None else None)
        self._made: dict[tuple[str, int, int, int], str | None] = {}
        self._changing = threading.Lock()

    def add(self, projects: Iterable[ShownProject], staging: Mapping[str, Path]) -> None:
        """Give files their pictures. Never fails: what cannot be had is left out."""
        deadline, left, size = time.monotonic() + MOST_S, OF_ALL, 0
        kept: dict[tuple[str, int, int, int], str | None] = {}
        for project in projects:
            folder, few = staging.get(project.name), min(OF_A_PROJECT, left)
            for at, file in enumerate(project.files if folder is not None else ()):
                if not few or size > MOST_BYTES or time.monotonic() > deadline:
                    break
                if folder is None or not _has_picture(file):
                    continue
                picture = self._picture(folder, file.name, kept)
                if picture is not None:
                    project.files[at] = replace(file, picture=picture)
                    few, left, size = few - 1, left - 1, size + len(picture)
        own = tuple(f"{folder}{os.sep}" for folder in staging.values())
        with self._changing:
            self._made = {key: one for key, one in self._made.items() if not key[0].startswith(own)} | kept

    def _picture(self, staging: Path, name: str, kept: dict[tuple[str, int, int, int], str | None]) -> str | None:
        with opened(staging, name) as found:
            if found is None:
                return None
            descriptor, path = found
            status = os.fstat(descriptor)
            key = (path, status.st_size, status.st_mtime_ns, status.st_ino)
            known = self._made
            kept[key] = known[key] if key in known else self._make(descriptor, path, name, status.st_size)
            return kept[key]

    def _make(self, descriptor: int, path: str, name: str, size: int) -> str | None:
        kind = type_in_a_page(name)
        if kind in _BEGINS and size <= AS_IT_IS:
            body = read_all(descriptor, AS_IT_IS)
            if body is None or not body.startswith(_BEGINS[kind]):
                return None
            pixels = pixels_of(body)
            if pixels is not None and pixels <= MOST_PIXELS:
                return _address(kind, body)
        if self._ffmpeg is None:
            return None
        at_s = _FILM_AT_S if kind_of(name) is Kind.VIDEO else 0.0
        poster = self._ffmpeg.poster(descriptor, path, at_s=at_s, side=SIDE)
        if poster is None and at_s:
            poster = self._ffmpeg.poster(descriptor, path, side=SIDE)
        return _address("image/jpeg", poster) if poster is not None else None


def bound_pictures(projects: Iterable[ShownProject]) -> None:
    """Leave out what is more than one page holds: of several repositories each has as many."""
    left, size = OF_ALL, 0
    for project in projects:
        for at, file in enumerate(project.files):
            if file.picture is None:
                continue
            left, size = left - 1, size + len(file.picture)
            if left < 0 or size > MOST_BYTES:
                project.files[at] = replace(file, picture=None)


def _has_picture(file: File) -> bool:
    return kind_of(file.name) in (Kind.VIDEO, Kind.PICTURE)


def _address(kind: str, body: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(body).decode()}"
