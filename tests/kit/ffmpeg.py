"""ffmpeg for tests that need real media as it is made: the system's, or the one of imageio-ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def program() -> str:
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def render(path: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Begin to render a film, which takes as long as it lasts: picture and sound, written piece by piece."""
    return subprocess.Popen(
        [
            program(), "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-re",
            "-f", "lavfi", "-i", "sine=frequency=440", "-t", str(seconds), "-c:v", "mpeg4", "-q:v", "2", "-c:a",
            "pcm_s16le", str(path),
        ],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
