"""The system's own viewer, for files that people send each other.

Who writes the store chooses names and bytes, and the system chooses the program by these: so only kinds of files that
viewers show are given to it, and none whose first bytes are those of a program, a page or a list of addresses. Which
program opens the viewer is ours to say, and is found on the user's own search path alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from s3sync.core.names import refuse_reason
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.programs import program
from s3sync.errors import S3syncError

_KINDS = """
    3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts mxf ogv ts vob webm wmv
    aac ac3 aif aiff amr caf flac m4a mp3 oga ogg opus wav wma
    arw avif bmp cr2 cr3 dng dpx exr gif heic heif jpeg jpg jxl nef orf png psd raf tga tif tiff webp
    ass cube edl md pdf srt sub txt vtt
"""
SHOWN = frozenset(_KINDS.split())
"""Endings of what viewers show, and nothing obeys: neither pages and drawings with scripts, nor documents with macros,
nor projects of editors, nor playlists."""
_PROGRAMS = (b"#!", b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xca\xfe\xba\xbe", b"PK", b"L\x00\x00\x00")
_OTHERS = (b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xd0\xcf\x11\xe0")
_LISTS = rb"#extm3u|# mpv edl|ffconcat|v=0\s|rtsptext|smiltext|asf |(?:https?|mms|rtsp):"
_TEXTS = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<|%!|" + _LISTS + rb")", re.IGNORECASE)
_SECTIONS = re.compile(
    rb"^\s*\[(?:(?:kde )?desktop entry|internetshortcut|playlist|reference|address)\]", re.IGNORECASE | re.MULTILINE
)
_WORDS = frozenset(["ass", "cube", "edl", "md", "srt", "sub", "txt", "vtt"])
"""Endings of text. What has another one begins with bytes that no text has: players look into a text of whatever name
for addresses, of which they fetch what is there."""
_NO_TEXT, _BEGINNING = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f-\xff]"), 8
_LIKE_TEXT = (b"%PDF-", b"GIF8", b"FUJIFILM")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Beginnings of text in UTF-8 and UTF-16."""
_LOOKED_AT = 1024
_PATIENCE_S = 1.0
"""Time in which the program that opens a viewer says that there is none."""
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
RESOLVES = "`s3sync resolve` without --open shows size, author and time; `s3sync versions` has the ids"


def why_not_shown(name: str) -> str | None:
    """Reason why a file of this name is not given to a viewer; None for one that is."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    if not stem or ending.lower() not in SHOWN or refuse_reason(name) is not None:
        return "files of this kind may run as programs, or run others"
    return None


def why_not_opened(folder: GuardedFolder, name: str) -> str | None:
    """The same of a file that is there, by how it begins. Raises `OSError` for what is no plain file."""
    descriptor = folder.open_read(name)
    try:
        beginning = os.read(descriptor, _LOOKED_AT)
    finally:
        os.close(descriptor)
    if beginning.startswith((*_PROGRAMS, *_OTHERS)) or _TEXTS.match(beginning) or _SECTIONS.search(beginning):
        return "it is not what its name says: it begins like a program, a page or a list of addresses"
    if name.rpartition(".")[2].lower() not in _WORDS and _is_text(beginning):
        return "it is not what its name says: it begins like a text"
    return None


def _is_text(beginning: bytes) -> bool:
    if beginning.startswith(_LIKE_TEXT) or not beginning:
        return False
    return beginning.startswith(_MARKS) or _NO_TEXT.search(beginning[:_BEGINNING]) is None


class Viewer:
    """Opener of files here. Raises `S3syncError` where there is nothing."""

    def __init__(self, environ: Mapping[str, str], platform: str = sys.platform, *, hint: str = RESOLVES) -> None:
        self._environ, self._command = environ, None if platform == "win32" else _command(environ, platform, hint)

    def open(self, paths: Iterable[str]) -> list[tuple[str, str]]:
        """Open files, of which each has a whole path. Returns those that could not be, with the reasons."""
        if self._command is None:
            return [(path, why) for path in paths if (why := _start(path)) is not None]
        begun = [(path, self._begin(self._command, path)) for path in paths]
        return [(path, why) for path, process in begun if (why := _failure(process)) is not None]

    def _begin(self, command: str, path: str) -> subprocess.Popen[bytes] | str:
        """The process, in no folder and with no search path that somebody else could have put a program into."""
        folders = [one for one in self._environ.get("PATH", os.defpath).split(os.pathsep) if Path(one).is_absolute()]
        try:
            return subprocess.Popen(
                [command, path],
                cwd="/",
                env={**self._environ, "PATH": os.pathsep.join(folders)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            return error.strerror or str(error)


def _command(environ: Mapping[str, str], platform: str, hint: str) -> str:
    name = "open" if platform == "darwin" else "xdg-open"
    if platform != "darwin" and not any(environ.get(screen) for screen in _SCREENS):
        raise S3syncError("no viewer can be opened", why="this session has no screen", hint=hint)
    found = program(name)
    if found is None:
        raise S3syncError("no viewer can be opened", why=f"{name} was not found", hint=hint)
    return found


def _failure(process: subprocess.Popen[bytes] | str) -> str | None:
    if isinstance(process, str):
        return process
    with suppress(subprocess.TimeoutExpired):
        code = process.wait(_PATIENCE_S)
        return f"no program shows it (exit {code})" if code else None
    return None


def _start(path: str) -> str | None:
    """As the system does on a double click."""
    try:
        os.startfile(path)  # type: ignore[attr-defined,unused-ignore]
    except (OSError, AttributeError) as error:
        return str(error)
    return None
