"""ffmpeg on real films, and on files that want it to open others."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from s3sync.core.media_types import Plays, plays
from s3sync.disk.programs import program
from s3sync.team.pages import ffmpeg as module
from s3sync.team.pages.ffmpeg import COLUMNS, Facts, Ffmpeg, Peaks, find_ffmpeg, read_facts
from s3sync.team.pages.looking import look_into
from tests.kit.films import film


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    found = find_ffmpeg()
    assert found is not None, "imageio-ffmpeg brings one: run scripts/bootstrap"
    return Ffmpeg(found, patience_s=100)


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, str]]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        yield descriptor, str(path)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("kind", "codec", "answer"),
    [
        ("h264.mp4", "h264", Plays.YES),
        ("h264.mov", "h264", Plays.YES),
        ("vp9.webm", "vp9", Plays.YES),
        ("prores.mov", "prores", Plays.NO),
        ("dnxhr.mov", "dnxhd", Plays.NO),
        ("hevc.mp4", "hevc", Plays.SOME),
        ("camera.mp4", "h264", Plays.SOME),
    ],
)
def test_a_film_has_a_codec_a_length_and_a_poster(
    kind: str, codec: str, answer: Plays, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "film of no type"
    path.write_bytes(film(kind))
    with opened(path) as file:
        facts = ffmpeg.facts(*file)
        assert facts is not None and facts.duration_s is not None
        assert (facts.codec, facts.width, facts.height) == (codec, 320, 180)
        assert abs(facts.duration_s - 2) < 0.2
        assert plays(codec, facts.profile) is answer
        poster = ffmpeg.poster(*file, at_s=1.0)
    assert poster is not None and poster.startswith(b"\xff\xd8\xff") and len(poster) < 50_000


def test_a_sound_has_a_waveform(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """It is loud for a second, and ten times as quiet for another."""
    path = tmp_path / "a.wav"
    path.write_bytes(film("sound.wav"))
    with opened(path) as file:
        facts = ffmpeg.facts(*file)
        assert facts is not None and facts.codec is None and facts.has_sound
        wave = ffmpeg.waveform(*file, facts.duration_s)
        assert ffmpeg.poster(*file) is None
    assert wave is not None and 100 <= len(wave) <= COLUMNS
    loud, quiet = wave[len(wave) // 4], wave[3 * len(wave) // 4]
    assert loud > 5 * quiet > 0


def hostile(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Files that name others, each under the type of a film: playlists, lists of parts, descriptions, a script."""
    secret = (folder / "secret.mp4").as_posix()
    yield "hls.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n".encode()
    yield "hls-file.mp4", f"#EXTM3U\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()
    yield "concat.mp4", f"ffconcat version 1.0\nfile '{secret}'\n".encode()
    yield "concat-near.mp4", b"ffconcat version 1.0\nfile secret.mp4\n"
    yield "list.mp4", f"file '{secret}'\n".encode()
    yield (
        "dash.mp4",
        (
            f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
            f'<Representation id="1" bandwidth="1"><BaseURL>{secret}</BaseURL></Representation></AdaptationSet>'
            f"</Period></MPD>"
        ).encode(),
    )
    yield "sdp.mp4", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
    yield "pattern.mp4", b"%d.jpg"
    yield "empty.mp4", b""
    yield "text.mp4", b"hello " * 1000


@pytest.mark.parametrize("by_path", [False, True])
def test_a_file_that_names_others_shows_none_of_them(
    by_path: bool, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the path as where files have no descriptors: then a list beside a film may name it."""
    if by_path:
        monkeypatch.setattr(module, "name_of", lambda descriptor, path: path)
    (tmp_path / "secret.mp4").write_bytes(film("h264.mp4"))
    for name, content in hostile(tmp_path):
        path = tmp_path / name
        path.write_bytes(content)
        with opened(path) as file:
            assert ffmpeg.facts(*file) is None, name
            assert ffmpeg.poster(*file) is None, name
            assert ffmpeg.waveform(*file, 2.0) is None, name


def test_a_film_that_refers_to_another_file_shows_nothing_of_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """QuickTime can say that its frames lie elsewhere: its `url ` reference, with the flag that they are inside off."""
    whole = film("h264.mov")
    (tmp_path / "secret.mov").write_bytes(whole)
    at = whole.index(b"url \x00\x00\x00\x01")
    outside = whole[: at + 4] + b"\x00\x00\x00\x00" + whole[at + 8 :]
    start = whole.index(b"mdat") + 4
    size = struct.unpack(">I", whole[start - 8 : start - 4])[0] - 8
    (tmp_path / "ref.mov").write_bytes(outside[:start] + bytes(size) + outside[start + size :])
    with opened(tmp_path / "ref.mov") as file:
        assert ffmpeg.poster(*file) is None


@pytest.mark.skipif(os.name != "posix", reason="where files have no descriptors, the path is all there is")
def test_it_is_the_open_file_that_is_looked_into(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(film("vp9.webm"))
    with opened(path) as file:
        path.unlink()
        path.symlink_to(tmp_path / "other.mp4")
        (tmp_path / "other.mp4").write_bytes(film("prores.mov"))
        facts = ffmpeg.facts(*file)
    assert facts is not None and facts.codec == "vp9"


@pytest.mark.skipif(os.name != "posix", reason="a script stands for the program")
def test_one_that_hangs_floods_or_looks_around_is_ended_and_learns_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (tmp_path / "x").write_bytes(b"x")
    script = tmp_path / "ffmpeg"
    for body in ("exec sleep 600", "yes 1>&2", "yes"):
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        with opened(tmp_path / "x") as file:
            ended, told = Ffmpeg(str(script), patience_s=0.3)._run(*file, [], lambda chunk: None)
        assert not ended and len(told) <= module.MOST_TOLD
    script.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import os; print(sorted(os.environ))' 1>&2\n")
    with opened(tmp_path / "x") as file:
        ended, told = Ffmpeg(str(script))._run(*file, [], lambda chunk: None)
    assert ended and b"PATH" in told and b"AWS" not in told and b"HOME" not in told


@pytest.mark.skipif(sys.platform != "linux", reason="no other system bounds the memory of a process from outside")
@pytest.mark.parametrize(("blocks", "fits"), [(6, True), (9, False)])
def test_its_memory_as_a_whole_is_bounded(blocks: int, fits: bool, tmp_path: Path) -> None:
    """A film with a picture of many pixels in each of many tracks had it take a gigabyte for each."""
    (tmp_path / "x").write_bytes(b"x")
    take = f"[mmap.mmap(-1, 1 << 28, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range({blocks})]"
    script = tmp_path / "ffmpeg"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import mmap, time; time.sleep(0.3); kept = {take}'\n")
    script.chmod(0o755)
    with opened(tmp_path / "x") as file:
        ended, told = Ffmpeg(str(script))._run(*file, [], lambda chunk: None)
    assert ended is fits, told


def test_without_ffmpeg_it_is_said_what_to_install(tmp_path: Path) -> None:
    looks = look_into(tmp_path, ["a.mp4", "b.txt"], None)
    assert looks.by_name == {} and "pip install" in looks.warnings[0]
    assert look_into(tmp_path, ["b.txt", "c.jpg"], None).warnings == [], "nothing is missed"


def test_a_sound_in_a_films_clothes_is_a_sound_and_a_late_file_is_told(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voice.mp4").write_bytes(film("sound.m4a"))
    (tmp_path / "draft.mp4").write_bytes(film("h264.mp4"))
    looks = look_into(tmp_path, ["voice.mp4", "draft.mp4"], ffmpeg)
    voice, draft = looks.by_name["voice.mp4"], looks.by_name["draft.mp4"]
    assert voice.is_sound and voice.wave and not voice.poster and looks.warnings == []
    assert not draft.is_sound and draft.poster and not draft.wave
    monkeypatch.setattr("s3sync.team.pages.looking.MOST_S", -1.0)
    (warning,) = look_into(tmp_path, ["voice.mp4", "draft.mp4"], ffmpeg).warnings
    assert warning.startswith("voice.mp4, draft.mp4: without poster")


def test_what_is_not_here_or_leads_elsewhere_is_told(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(film("h264.mp4"))
    staging = tmp_path / "staging"
    (staging / "cut").mkdir(parents=True)
    (staging / "cut/link.mp4").symlink_to(tmp_path / "out.mp4")
    (staging / "cut/e\u0301te\u0301.mp4").write_bytes(film("h264.mp4"))
    looks = look_into(staging, ["away.mp4", "cut/link.mp4", "cut/été.mp4"], ffmpeg)
    assert set(looks.by_name) == {"cut/été.mp4"} and looks.by_name["cut/été.mp4"].poster
    (warning,) = looks.warnings
    assert "away.mp4, cut/link.mp4: not on this computer" in warning


def test_the_system_has_no_ffmpeg_and_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "program", lambda name: None)
    found = find_ffmpeg()
    assert found is not None and "imageio_ffmpeg" in found
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert find_ffmpeg() is None


def test_a_program_of_the_current_folder_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was installed without its program looks for one itself, in the current folder too."""
    (tmp_path / "imageio_ffmpeg/binaries").mkdir(parents=True)
    (tmp_path / "imageio_ffmpeg/__init__.py").write_text("raise SystemExit('it was imported')\n")
    (tmp_path / "ffmpeg").write_text(f"#!/bin/sh\ntouch {tmp_path}/obeyed\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.delitem(sys.modules, "imageio_ffmpeg", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}/nonexistent")
    program.cache_clear()
    try:
        assert find_ffmpeg() is None
    finally:
        program.cache_clear()
    assert not (tmp_path / "obeyed").exists()


TOLD = """Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/dev/fd/3':
  Metadata:
    title           : a
                    :   Stream #0:0: Video: prores
  Duration: 01:02:03.50, start: 0.000000, bitrate: 1 kb/s
  Stream #0:0[0x1](und): Video: h264 (High 4:2:2) (avc1 / 0x31637661), yuv422p10le(tv), 1920x1080 [SAR 1:1], 25 fps
  Stream #0:1[0x2](eng): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo, fltp, 128 kb/s (default)
  Stream #0:2[0x0]: Video: mjpeg (Baseline), yuvj420p, 600x600, 90k tbr (attached pic)
"""


def test_facts_are_read_from_what_it_tells() -> None:
    assert read_facts(TOLD) == Facts(3723.5, "h264", "High 4:2:2", 1920, 1080, True)
    only_sound = TOLD.replace("Video: h264", "Data: bin")
    assert read_facts(only_sound) == Facts(3723.5, has_sound=True), "a cover is no film"
    assert read_facts("file:/dev/fd/3: Invalid data found when processing input\n") is None


def test_peaks_do_not_depend_on_the_pieces_in_which_a_sound_comes() -> None:
    sound = struct.pack(f"={5000}h", *(((index * 37) % 65536) - 32768 for index in range(5000)))
    expected = None
    for size in (1, 7, 4096, 10_000):
        peaks = Peaks(20)
        for start in range(0, len(sound), size):
            peaks.feed(sound[start : start + size])
        columns = peaks.columns()
        expected = expected or columns
        assert columns == expected
    assert expected is not None and len(expected) == COLUMNS and max(expected) == 100
    assert Peaks(20).columns() is None
