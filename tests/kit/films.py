"""Small real films and sounds, made by the ffmpeg that the pages use."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from s3sync.team.pages.ffmpeg import find_ffmpeg

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
COLOURS = "n=4:c0=0x12304a:c1=0xd9843b:c2=0xf2e2c4:c3=0x274d3d"
BLOBS = ("-f", "lavfi", "-i", f"gradients=size=640x360:rate=10:seed=7:d=3:{COLOURS}")
SWELLS = ("-f", "lavfi", "-i", "aevalsrc='sin(880*PI*t)*(.1+.9*abs(sin(2.3*t)*sin(11*t)*sin(.4*t)))':d=12:s=16000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
KINDS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*PICTURE, *SOUND, *H264, "-c:a", "aac", "-shortest"),
    "h264.mov": (*PICTURE, *H264),
    "vp9.webm": (*PICTURE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k"),
    "prores.mov": (*PICTURE, *SOUND, "-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s16le", "-shortest"),
    "dnxhr.mov": (*PICTURE, "-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"),
    "hevc.mp4": (*PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
    "camera.mp4": (*PICTURE, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv422p10le"),
    "sound.wav": (*SOUND, "-af", "volume='if(lt(t,1),1,0.1)':eval=frame"),
    "sound.m4a": (*SOUND, "-c:a", "aac"),
    "sound.mp3": (*SOUND, "-c:a", "libmp3lame"),
    "pretty.mp4": (*BLOBS, *H264),
    "pretty.wav": SWELLS,
    "pretty.jpg": (*BLOBS, "-vf", "scale=240:-2", "-frames:v", "1"),
    "prettier.jpg": ("-f", "lavfi", "-i", "mandelbrot=size=240x136:start_scale=0.8:rate=1", "-frames:v", "1"),
    "still.jpg": (*PICTURE, "-frames:v", "1"),
    "still.tif": (*PICTURE, "-frames:v", "1"),
}


@cache
def film(kind: str) -> bytes:
    """One of `KINDS`, made once in this process."""
    program = find_ffmpeg()
    assert program is not None, "there is no ffmpeg, not even imageio-ffmpeg's: run scripts/bootstrap"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / kind
        argv = [program, "-nostdin", "-hide_banner", "-loglevel", "error", *KINDS[kind], str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{kind}: {done.stderr}"
        return path.read_bytes()
