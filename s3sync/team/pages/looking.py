"""Posters, waveforms and codecs of the files of a page, from the copies on this disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import normalize

from msgspec import Struct, field

from s3sync.core.media_types import Kind, Plays, codec_name, kind_of, plays, type_in_a_page
from s3sync.disk.tree import folder_below
from s3sync.team.pages.ffmpeg import INSTALL, Facts, Ffmpeg

MOST_S = 300.0
"""Time for all files of a page together."""
POSTER_AT, LATEST_POSTER_S = 0.1, 30.0
"""Share of a film after which its poster is taken, and the latest second: the first frame is often black."""


class Look(Struct, frozen=True):
    """Results of looking into one file."""

    facts: Facts | None = None
    poster: bytes | None = None
    wave: list[int] | None = None

    @property
    def is_sound(self) -> bool:
        """True for a file that has a sound and no picture, whatever its name says."""
        return self.facts is not None and self.facts.codec is None and self.facts.has_sound

    @property
    def plays(self) -> Plays | None:
        """None for a film of which nothing is known."""
        return None if self.facts is None or self.facts.codec is None else plays(self.facts.codec, self.facts.profile)


class Looks(Struct):
    """Results by the names of files, and what the maker of the page should know."""

    by_name: dict[str, Look] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def look_into(staging: Path, names: Sequence[str], ffmpeg: Ffmpeg | None) -> Looks:
    """Look into the films, sounds and pictures among these files. Never fails: what cannot be had is left out."""
    looks = Looks()
    wanted = [name for name in names if _is_looked_into(name)]
    if wanted and ffmpeg is None:
        looks.warnings.append(f"the page has no posters and no waveforms, for there is no ffmpeg: {INSTALL}")
    if ffmpeg is None:
        return looks
    away, late = list[str](), list[str]()
    deadline = time.monotonic() + MOST_S
    for name in wanted:
        if time.monotonic() > deadline:
            late.append(name)
            continue
        with opened(staging, name) as found:
            if found is None:
                away.append(name)
            else:
                looks.by_name[name] = _look(ffmpeg, *found, kind_of(name))
    looks.warnings += [_unplayable(name, look) for name, look in looks.by_name.items() if _is_doubtful(name, look)]
    if away:
        looks.warnings.append(f"{_some(away)}: not on this computer, so without poster or waveform")
    if late:
        looks.warnings.append(f"{_some(late)}: without poster or waveform, for the others took {MOST_S:.0f} seconds")
    return looks


def _is_looked_into(name: str) -> bool:
    kind = kind_of(name)
    return kind in (Kind.VIDEO, Kind.AUDIO) or (kind is Kind.PICTURE and type_in_a_page(name) is None)


def _look(ffmpeg: Ffmpeg, descriptor: int, path: str, kind: Kind) -> Look:
    facts = ffmpeg.facts(descriptor, path)
    if facts is None:
        return Look()
    if kind is Kind.AUDIO or facts.codec is None:
        return Look(facts, wave=ffmpeg.waveform(descriptor, path, facts.duration_s) if facts.has_sound else None)
    at = min((facts.duration_s or 0.0) * POSTER_AT, LATEST_POSTER_S) if kind is Kind.VIDEO else 0.0
    poster = ffmpeg.poster(descriptor, path, at_s=at)
    if poster is None and at:
        poster = ffmpeg.poster(descriptor, path)
    return Look(facts, poster)


def _is_doubtful(name: str, look: Look) -> bool:
    return kind_of(name) is Kind.VIDEO and look.plays in (Plays.NO, Plays.SOME)


def _unplayable(name: str, look: Look) -> str:
    codec = codec_name(look.facts.codec) if look.facts is not None and look.facts.codec is not None else "unknown"
    who = "browsers cannot play it" if look.plays is Plays.NO else "not every browser can play it"
    return f"{name} is {codec}: {who}, and the page says so; an H.264 copy can be played everywhere"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


@contextmanager
def opened(staging: Path, name: str) -> Iterator[tuple[int, str] | None]:
    """The descriptor and path of a file of the staging folder; None where there is none that may be opened."""
    found: tuple[int, str] | None = None
    for form in dict.fromkeys((name, normalize("NFD", name))):
        *folders, last = form.split("/")
        try:
            descriptor = folder_below(str(staging), folders).open_read(last)
        except OSError:
            continue
        found = descriptor, str(staging.joinpath(form))
        break
    try:
        yield found
    finally:
        if found is not None:
            os.close(found[0])
