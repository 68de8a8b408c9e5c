"""Codecs, posters and waveforms of media files, by ffmpeg.

The files may be anybody's, and ffmpeg knows formats that make it open other files and addresses (playlists, lists of
parts, patterns of names). So it gets one open file, a list of plain formats, no protocol but that of files, little
memory, a time limit, and nothing of our environment.
"""

from __future__ import annotations

import os
import re
import sys
from array import array
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from s3sync.disk.looking_in import Bounds, into, name_of, run
from s3sync.disk.programs import program

INSTALL = "install ffmpeg, or: pip install 's3sync-collab[review]'"
PATIENCE_S = 20.0
"""Time for one question. A file that takes longer has no poster."""
FORMATS = (
    "mov,mp4,m4a,3gp,matroska,webm,avi,mxf,mpegts,mpeg,flv,asf,ogg,dv,wav,w64,aiff,flac,mp3,aac,caf,"
    "jpeg_pipe,png_pipe,webp_pipe,tiff_pipe,bmp_pipe,psd_pipe,dpx_pipe,exr_pipe,tga_pipe"
)
"""Formats that hold all their data, and lead nowhere else."""
MOST_PIXELS = 150_000_000
MOST_MEMORY = 1 << 30
"""Bytes of one block of ffmpeg's memory."""
MOST_TOLD = 256 * 1024
"""Bytes of what ffmpeg tells of a file."""
LARGEST_POSTER = 400_000
POSTER_SIDE = 960
RATE = 4000
"""Samples a second that a waveform is made of."""
LONGEST_S = 6 * 3600
COLUMNS = 240
"""Columns of a waveform."""
LOUDEST = 32767

_DURATION = re.compile(r"^  Duration: (\d{1,5}):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_STREAM = re.compile(
    r"^  Stream #0:\d+(?:\[\w+\])?(?:\(\w*\))?: (Video|Audio): (\w+)(?: \(([^)\n]*)\))?(.*)$", re.MULTILINE
)
_SIZE = re.compile(r", (\d{2,5})x(\d{2,5})")


class Facts(Struct, frozen=True):
    """Facts about a media file. `codec` and `profile` are of its picture, by ffmpeg's names."""

    duration_s: float | None = None
    codec: str | None = None
    profile: str = ""
    width: int = 0
    height: int = 0
    has_sound: bool = False


def find_ffmpeg() -> str | None:
    """Absolute path of ffmpeg: the system's, or that of the extra `review`. None where there is none.

    The package's own search is not asked: where it brings no program, it runs any that the current folder has.
    """
    found = program("ffmpeg")
    if found is not None:
        return found
    package = find_spec("imageio_ffmpeg")
    folders = (package.submodule_search_locations if package is not None else None) or ()
    brought = [path for folder in folders for path in Path(folder, "binaries").glob("ffmpeg-*")]
    return next((str(path) for path in sorted(brought) if path.is_absolute() and os.access(path, os.X_OK)), None)


class Ffmpeg(Struct, frozen=True):
    """The program, and how long it may take for one question."""

    program: str
    patience_s: float = PATIENCE_S

    def facts(self, descriptor: int, path: str) -> Facts | None:
        """Look into an open file; None for one that is no media file. `path` is for systems without descriptors."""
        _, told = self._run(descriptor, path, [], lambda chunk: None)
        return read_facts(told.decode("utf-8", "replace"))

    def poster(self, descriptor: int, path: str, *, at_s: float = 0.0, side: int = POSTER_SIDE) -> bytes | None:
        """A frame as JPEG, no larger than `side` either way; None where there is none."""
        side_of = f"'min({side},iw)':'min({side},ih)'"
        scale = f"scale={side_of}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        words = ["-map", "0:V:0", "-frames:v", "1", "-vf", scale, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]
        words += ["-q:v", "6", "-map_metadata", "-1", "-f", "image2pipe", "pipe:1"]
        found = bytearray()
        ended, _ = self._run(descriptor, path, words, into(found, LARGEST_POSTER), at_s=at_s)
        whole = found.startswith(b"\xff\xd8\xff") and found.endswith(b"\xff\xd9")
        return bytes(found) if ended and whole else None

    def waveform(self, descriptor: int, path: str, duration_s: float | None) -> list[int] | None:
        """Heights of a sound's columns, 0 to 100; None where there is none."""
        samples = min(duration_s or LONGEST_S, LONGEST_S) * RATE
        peaks = Peaks(max(1, int(samples / COLUMNS / 4)))
        words = ["-map", "0:a:0", "-t", str(LONGEST_S), "-ac", "1", "-ar", str(RATE)]
        words += ["-f", "s16le" if sys.byteorder == "little" else "s16be", "pipe:1"]
        ended, _ = self._run(descriptor, path, words, peaks.feed)
        return peaks.columns() if ended else None

    def _run(
        self, descriptor: int, path: str, words: Sequence[str], out: Callable[[bytes], None], *, at_s: float = 0.0
    ) -> tuple[bool, bytes]:
        """Run it to its end: whether it came to one in time and without an error, and what it told."""
        argv = [self.program, "-nostdin", "-hide_banner", "-loglevel", "info", "-max_alloc", str(MOST_MEMORY)]
        argv += ["-threads", "1", "-max_pixels", str(MOST_PIXELS), "-protocol_whitelist", "file"]
        argv += ["-format_whitelist", FORMATS, *(["-ss", f"{at_s:.3f}"] if at_s else [])]
        argv += ["-i", f"file:{name_of(descriptor, path)}", *words]
        try:
            ended = run(argv, out, Bounds(self.patience_s, MOST_TOLD), files=(descriptor,))
        except OSError:
            return False, b""
        return ended.code == 0, ended.told


def read_facts(told: str) -> Facts | None:
    """Facts in what ffmpeg tells of a file; None where it found no picture and no sound in it."""
    streams = [found.groups("") for found in _STREAM.finditer(told)]
    picture = next((one for one in streams if one[0] == "Video" and "(attached pic)" not in one[3]), None)
    has_sound = any(one[0] == "Audio" for one in streams)
    if picture is None and not has_sound:
        return None
    duration = _DURATION.search(told)
    hours, minutes, seconds = duration.groups() if duration else ("0", "0", "0")
    length = int(hours) * 3600 + int(minutes) * 60 + float(seconds) if duration else None
    if picture is None:
        return Facts(length, has_sound=True)
    size = _SIZE.search(picture[3])
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    return Facts(length, picture[1], picture[2], width, height, has_sound)


class Peaks:
    """Loudest sample of each block of a sound, that comes in pieces."""

    def __init__(self, block: int) -> None:
        self._block = block
        self._rest = b""
        self._peaks = array("H")

    def feed(self, chunk: bytes) -> None:
        chunk = self._rest + chunk
        size = 2 * self._block
        whole = len(chunk) - len(chunk) % size
        self._rest = chunk[whole:]
        self._add(chunk[:whole])

    def _add(self, content: bytes) -> None:
        samples = array("h")
        samples.frombytes(content[: len(content) - len(content) % 2])
        for start in range(0, len(samples), self._block):
            some = samples[start : start + self._block]
            self._peaks.append(min(LOUDEST, max(max(some), -min(some))))

    def columns(self) -> list[int] | None:
        """Up to `COLUMNS` heights, 0 to 100; None for no sound at all."""
        self._add(self._rest)
        self._rest = b""
        count = min(COLUMNS, len(self._peaks))
        if not count:
            return None
        edges = [index * len(self._peaks) // count for index in range(count + 1)]
        heights = (max(self._peaks[start:stop]) for start, stop in pairwise(edges))
        return [round(100 * height / LOUDEST) for height in heights]
