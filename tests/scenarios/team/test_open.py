"""`resolve --open`: which program is given which file, and that neither a repository nor a peer chooses what runs."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import S3syncError
from s3sync.team import viewing
from s3sync.team.side_by_side import _copied
from s3sync.team.viewing import Viewer, why_not_opened, why_not_shown
from tests.kit.browser import until
from tests.kit.people import Person, pair
from tests.scenarios.cli.terminal import on_terminal

FILM = "cut/a film.mp4"
MINE, THEIRS = b"\x00\x00\x00\x18ftypmp42 jan's", b"\x00\x00\x00\x18ftypmp42 david's, longer"
QUESTION = "mine, theirs or both? "


class Screen:
    """A viewer of the test, which writes down what it was given, or fails at once with a code."""

    def __init__(self, folder: Path, code: int = 0) -> None:
        self.log, self.folder = folder / "log", folder / "bin"
        self.folder.mkdir(parents=True)
        program = self.folder / "xdg-open"
        notes = f'{{ echo "$# $PWD $PATH"; echo "$1"; cat "$1"; echo; stat -c %a "$1"; }} >> {self.log}.$$'
        does = f"exit {code}" if code else f"{notes}\nmv {self.log}.$$ {self.log}.$$.done"
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}", "DISPLAY": ":7"}

    def has_shown(self, count: int) -> Callable[[], None]:
        """Wait for so many calls: s3sync itself waits for no viewer to end."""
        return lambda: until(lambda: len(self.shown()) == count)

    def shown(self) -> dict[str, list[str]]:
        """The lines of each call, by the path that it was given."""
        calls = [path.read_text("utf-8").splitlines() for path in self.folder.parent.glob("log.*.done")]
        return {lines[1]: lines for lines in calls}


@pytest.fixture
def clashing(tmp_path: Path) -> tuple[Person, Person]:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    return clash(david, jan, FILM, THEIRS)


def clash(david: Person, jan: Person, name: str, theirs: bytes) -> tuple[Person, Person]:
    david.write(name, b"\x00first")
    david.ok("up")
    jan.ok("down")
    david.write(name, theirs)
    david.ok("up")
    jan.write(name, MINE)
    return david, jan


def test_both_sides_are_shown_before_the_question_and_what_was_fetched_goes(
    clashing: tuple[Person, Person], tmp_path: Path
) -> None:
    _, jan = clashing
    screen = Screen(tmp_path / "screen")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    told = on_terminal(
        jan, "resolve", FILM, "--open", answers=[(QUESTION, "theirs")],
        env={**screen.environ, "TMPDIR": str(temporary)}, before_answer=screen.has_shown(2),
    )  # fmt: skip
    assert told.code == 0 and "by david" in told.out, told
    shown = screen.shown()
    (mine, fetched) = sorted(shown)
    assert mine.startswith(str(temporary)) and Path(mine).parent == Path(fetched).parent
    assert mine.endswith("/mine.mp4") and shown[mine][2:] == [MINE.decode(), "600"]
    assert fetched.endswith("/theirs.mp4") and shown[fetched][2:] == [THEIRS.decode(), "600"]
    for lines in shown.values():
        count, folder, path = lines[0].split(" ", 2)
        assert (count, folder) == ("1", "/") and all(Path(one).is_absolute() for one in path.split(os.pathsep))
    assert list(temporary.iterdir()) == [] and jan.read(FILM) == THEIRS


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM])
def test_no_version_stays_behind_where_the_question_ends_with_its_terminal(
    clashing: tuple[Person, Person], tmp_path: Path, how: int
) -> None:
    _, jan = clashing
    screen, temporary = Screen(tmp_path / "screen"), tmp_path / "temporary"
    temporary.mkdir()
    told = on_terminal(
        jan, "resolve", FILM, "--open", answers=[(QUESTION, "")], env={**screen.environ, "TMPDIR": str(temporary)},
        before_answer=screen.has_shown(2), ended_by=how,
    )  # fmt: skip
    assert told.code == 130 and len(screen.shown()) == 2
    assert list(temporary.iterdir()) == [] and jan.read(FILM) == MINE


def test_no_program_of_the_repository_is_the_viewer(clashing: tuple[Person, Person], tmp_path: Path) -> None:
    _, jan = clashing
    screen = Screen(tmp_path / "screen")
    for folder in (jan.project, jan.repo, jan.project / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "xdg-open").write_text(f"#!/bin/sh\ntouch {tmp_path}/trapped\n")
        (folder / "xdg-open").chmod(0o755)
    path = os.pathsep.join([".", "bin", "", screen.environ["PATH"]])
    told = on_terminal(
        jan, "resolve", FILM, "--open", answers=[(QUESTION, "mine")], env={**screen.environ, "PATH": path},
        before_answer=screen.has_shown(2),
    )  # fmt: skip
    assert told.code == 0 and len(screen.shown()) == 2 and not (tmp_path / "trapped").exists()
    for lines in screen.shown().values():
        assert all(Path(one).is_absolute() for one in lines[0].split(" ", 2)[2].split(os.pathsep))


@pytest.mark.parametrize(
    ("name", "theirs", "opened"),
    [
        ("take.mp4", b"#!/bin/sh\nrm -rf ~\n", 1),
        ("take.mov", b"MZ\x90\x00", 1),
        ("take.png", b"\n <html><script>", 1),
        ("take.wav", b"# a comment\n[Desktop Entry]\nExec=evil\n", 1),
        ("take.html", b"\x00page", 0),
        ("take.blend", b"BLENDER-v300", 0),
        ("take", b"\x00no ending", 0),
    ],
)
def test_what_would_run_is_not_opened_and_the_question_comes_all_the_same(
    tmp_path: Path, name: str, theirs: bytes, opened: int
) -> None:
    _, jan = clash(*pair(tmp_path, f"file://{tmp_path / 'store'}", {}), name, theirs)
    screen = Screen(tmp_path / "screen")
    told = on_terminal(
        jan, "resolve", name, "--open", answers=[(QUESTION, "mine")], env=screen.environ,
        before_answer=screen.has_shown(opened),
    )  # fmt: skip
    assert told.code == 0 and "is not opened: " in told.out, told
    assert [lines[2] for lines in screen.shown().values()] == [MINE.decode()] * opened


def test_of_two_kept_versions_both_lie_here_and_none_is_fetched(
    clashing: tuple[Person, Person], tmp_path: Path
) -> None:
    _, jan = clashing
    (copy,) = [one["kept_as"] for one in jan.expect(4, "sync", "--json").json["conflicts"]]
    screen, both = Screen(tmp_path / "screen"), {jan.read(FILM), jan.read(copy)}
    told = on_terminal(
        jan, "resolve", FILM, "--open", answers=[("or both? ", "m")], env=screen.environ,
        before_answer=screen.has_shown(2),
    )  # fmt: skip
    assert told.code == 0
    assert {lines[2].encode() for lines in screen.shown().values()} == both
    assert not [path for path in screen.shown() if path.startswith(str(jan.staging))]


@pytest.mark.parametrize("kind", ["swapped when the viewer starts", "a link on the way"])
def test_a_viewer_is_given_what_was_looked_at(clashing: tuple[Person, Person], tmp_path: Path, kind: str) -> None:
    """It opens a path when it likes: by then somebody may have put something else into a shared staging folder."""
    _, jan = clashing
    screen = Screen(tmp_path / "screen")
    canary = tmp_path / "outside" / "a film.mp4"
    canary.parent.mkdir()
    canary.write_bytes(b"\x00private")
    folder = jan.staging / "cut"
    swap = f"mv '{folder}' '{folder}.was'; ln -s '{canary.parent}' '{folder}'"
    program = screen.folder / "xdg-open"
    if kind == "swapped when the viewer starts":
        program.write_text(program.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{swap}\n"))
        on_terminal(
            jan, "resolve", FILM, "--open", answers=[(QUESTION, "?")], env=screen.environ,
            before_answer=screen.has_shown(2),
        )  # fmt: skip
        assert {lines[2] for lines in screen.shown().values()} == {MINE.decode(), THEIRS.decode()}
        return
    with GuardedFolder.open(str(tmp_path)) as private:
        os.system(swap)
        with pytest.raises(OSError):
            _copied(str(jan.staging), str(jan.staging / FILM), private, "mine.mp4")
        assert private.find("mine.mp4") is None


def test_without_a_screen_or_a_viewer_it_is_said_and_nothing_is_decided(
    clashing: tuple[Person, Person], tmp_path: Path
) -> None:
    _, jan = clashing
    told = on_terminal(jan, "resolve", FILM, "--open", env={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert told.code == 1 and "no viewer can be opened" in told.out and "this session has no screen" in told.out
    (tmp_path / "empty").mkdir()
    told = on_terminal(jan, "resolve", FILM, "--open", env={"DISPLAY": ":7", "PATH": str(tmp_path / "empty")})
    assert told.code == 1 and "xdg-open was not found" in told.out
    failing = Screen(tmp_path / "failing", code=3)
    told = on_terminal(jan, "resolve", FILM, "--open", answers=[(QUESTION, "?")], env=failing.environ)
    assert told.code == 5 and told.out.count("no program shows it (exit 3)") == 2
    assert jan.read(FILM) == MINE


def test_nobody_is_shown_what_nobody_asked_for(clashing: tuple[Person, Person], tmp_path: Path) -> None:
    _, jan = clashing
    screen = Screen(tmp_path / "screen")
    assert "do not fit together" in jan.expect(2, "resolve", FILM, "--mine", "--open", env=screen.environ).err
    jan.expect(5, "resolve", FILM, "--open", env=screen.environ)
    jan.expect(5, "resolve", FILM, "--open", "--json", env=screen.environ)
    assert screen.shown() == {}


@pytest.mark.parametrize("name", ["a.MP4", "cut/b.Wav", "c.conflict-jan-1.heic", "notes.txt", "lut.cube"])
def test_kinds_that_viewers_show(name: str) -> None:
    assert why_not_shown(name) is None


@pytest.mark.parametrize(
    "name", ["mp4", ".mp4/x", "a.mp4.exe", "a.svg", "a.lnk", "a.desktop", "a.mp4:x", "a.docm", "a.m3u", "../a.mp4"]
)
def test_kinds_that_are_not_opened(name: str) -> None:
    assert why_not_shown(name) is not None


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.mp4")
    with GuardedFolder.open(str(tmp_path)) as folder:
        for name in ("film.mp4", "pipe.mp4"):
            with pytest.raises(OSError):
                why_not_opened(folder, name)
    assert stat.S_ISFIFO((tmp_path / "pipe.mp4").lstat().st_mode)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("film.mp4", b"# mpv EDL v0\nhttp://203.0.113.7/x\n"),
        ("film.mov", b"any words that a player may know\n"),
        ("film.wmv", b"[Reference]\r\nRef1=http://203.0.113.7/x\r\n"),
        ("film.mkv", b"\xef\xbb\xbfwords"),
        ("sound.wav", b"\xff\xfe#\0E\0X\0T\0M\03\0U\0"),
        ("sound.flac", b"v=0\r\no=- 0 0 IN IP4 203.0.113.7\r\n"),
        ("lines.srt", b"# mpv EDL v0\n/etc/passwd\n"),
        ("cut.edl", b"# MPV edl v0\nhttp://203.0.113.7/x\n"),
        ("notes.txt", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        ("picture.jpg", b"http://203.0.113.7/x\n"),
    ],
)
def test_a_list_of_addresses_is_no_film(tmp_path: Path, name: str, begins: bytes) -> None:
    """Players tell lists by their first bytes, whatever the ending, and fetch what is there."""
    (tmp_path / name).write_bytes(begins)
    with GuardedFolder.open(str(tmp_path)) as folder:
        assert why_not_opened(folder, name) is not None


BEGINNINGS = {
    "a.mp4": b"\x00\x00\x00\x18ftypmp42",
    "a.mkv": b"\x1aE\xdf\xa3\x01",
    "a.wav": b"RIFF$\x08\x00\x00WAVE",
    "a.flac": b"fLaC\x00\x00\x00",
    "a.ogg": b"OggS\x00\x02",
    "a.mp3": b"ID3\x03\x00",
    "b.mp3": b"\xff\xfb\x90d",
    "a.aif": b"FORM\x00\x00\x10\x00AIFF",
    "a.caf": b"caff\x00\x01",
    "a.avi": b"RIFF\x00\x01\x02\x03AVI ",
    "a.flv": b"FLV\x01\x05",
    "a.mxf": b"\x06\x0e+4",
    "a.ts": b"G@\x00\x10\x00",
    "a.m2ts": b"\x00\x00\x00\x00G@",
    "a.wmv": b"0&\xb2u\x8e",
    "a.mpg": b"\x00\x00\x01\xba",
    "a.jpg": b"\xff\xd8\xff\xe0",
    "a.png": b"\x89PNG\r\n",
    "a.gif": b"GIF89a  ",
    "a.tif": b"II*\x00",
    "a.psd": b"8BPS\x00\x01",
    "a.exr": b"v/1\x01\x02",
    "a.dpx": b"SDPX\x00\x00 \x00",
    "a.bmp": b"BM6\x10\x00\x00",
    "a.raf": b"FUJIFILMCCD-RAW ",
    "a.orf": b"IIRO\x08\x00\x00\x00",
    "a.tga": b"\x00\x00\x02\x00",
    "a.pdf": b"%PDF-1.7\n",
    "a.srt": b"1\n00:00:01,000 --> ",
    "a.vtt": b"WEBVTT\n\n",
    "a.md": b"# Notes of the mpv editor\n",
    "a.edl": b"TITLE: CUT 1\n",
    "a.cube": b"LUT_3D_SIZE 33\n",
    "a.ass": b"[Script Info]\n",
    "b.txt": b"",
    "b.mov": b"",
}


def test_what_is_as_its_name_says_is_opened(tmp_path: Path) -> None:
    for name, begins in BEGINNINGS.items():
        (tmp_path / name).write_bytes(begins)
    with GuardedFolder.open(str(tmp_path)) as folder:
        assert [name for name in BEGINNINGS if why_not_opened(folder, name) is not None] == []


def test_other_systems_have_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(os, "startfile", opened.append, raising=False)
    assert Viewer({}, "win32").open(["C:\\film.mp4"]) == [] and opened == ["C:\\film.mp4"]
    asked: list[str] = []
    monkeypatch.setattr(viewing, "program", lambda name: asked.append(name))
    with pytest.raises(S3syncError, match="open was not found"):
        Viewer({}, "darwin")
    assert asked == ["open"]
