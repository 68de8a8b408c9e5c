"""Files of a unit on the disk, through no link: what each is, and what cannot be archived."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from pathlib import Path

from s3sync.archive import underway
from s3sync.config import ENV_FILE
from s3sync.core.archive.extraction import is_too_long
from s3sync.core.archive.values import ArchiveSet, Kind, Source, UnitKind
from s3sync.core.names import STATE_DIR, nfc
from s3sync.core.spelling import stands_for
from s3sync.disk.errors import reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import folder_below
from s3sync.local.patterns import Patterns, compile_patterns

_ODD = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_MODES: dict[int, int] = {}
"""One number for each mode: a number by itself for each file would be a tenth of what a file takes in memory."""


_SIZES: dict[int, int] = {}
_MOST_SIZES = 1000
"""The same for sizes, of which one camera's pictures often have a few."""


class Unreadable(OSError):
    """A folder or a file of a unit cannot be looked at, so that the unit would lack something."""


class Selection:
    """Choice of what goes into a set's archives, by `select` and `ignore`; sidecars need not be selected.

    No set of a repository sends the single files of its `.git`.
    """

    def __init__(self, chosen: ArchiveSet) -> None:
        self._confined = chosen.confined
        private = [".git/"] if chosen.confined and chosen.unit is not UnitKind.FOLDER else []
        self._patterns = compile_patterns((*chosen.ignore, f"{STATE_DIR}/", *private, underway.PATTERN, underway.MARKS))
        self._ignored = matcher_of(self._patterns)
        self._selected = matcher(chosen.select) if chosen.select else None
        self.is_sidecar = matcher(chosen.sidecars)
        self.takes_all = self._selected is None

    def skips_folder(self, path: str) -> bool:
        return self._ignored(f"{path}/")

    def withholds(self, name: str) -> bool:
        """True for what a repository's set does not get: keys of whoever runs it, which git does not share either."""
        if not self._confined or (name[:1] != "." and "~" not in name and name.isascii()):
            return False  # most names: no disk takes them for a hidden one
        return stands_for(name, (ENV_FILE,)) is not None

    def is_selected(self, path: str) -> bool:
        return self._selected is None or self._selected(path)

    def takes(self, path: str) -> bool:
        return not self._ignored(path) and self._chooses(path)

    def takes_inside(self, path: str, name: str) -> bool:
        """The same of a file whose folder is none that `skips_folder` tells of; `name` is its last."""
        if not path.isascii():
            path, name = nfc(path), nfc(name)
        return not self._patterns.match_inside(path, name) and self._chooses(path)

    def takes_each(self, above: str, names: Sequence[str]) -> bool:
        """True if `takes_inside` is true of each of these names below `above`, a path and `/`, and none is withheld.

        Asked once for a folder: most have nothing in them that any pattern fits. False says nothing of any one name.
        """
        text = "/".join(names)
        if not (self.takes_all and text.isascii() and above.isascii()):
            return False
        may_be_withheld = self._confined and (text[:1] == "." or "/." in text or "~" in text)
        return not may_be_withheld and self._patterns.spare_each(above, names)

    def _chooses(self, path: str) -> bool:
        return self.takes_all or self.is_selected(path) or self.is_sidecar(path)


def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """A test of paths, in whatever normal form a disk has them; nothing fits no patterns."""
    if not patterns:
        return lambda path: False
    return matcher_of(compile_patterns(patterns))


def matcher_of(patterns: Patterns) -> Callable[[str], bool]:
    """The same of patterns that are compiled."""
    match = patterns.match_file
    return lambda path: match(path if path.isascii() else nfc(path))


def light_of(chosen: ArchiveSet) -> Callable[[str], bool]:
    """A test for light files, which stay on the disk when the heavy ones leave it.

    `light` names them, and `heavy` takes some back. With `heavy` alone, all others are light.
    """
    if chosen.heavy and not chosen.light:
        heavy = matcher(chosen.heavy)
        return lambda path: not heavy(path)
    return matcher((*chosen.light, *(f"!{pattern}" for pattern in chosen.heavy if not pattern.startswith("!"))))


def walk(base: str, top: str, selection: Selection, problems: list[str]) -> Iterator[Source]:
    """Everything below a folder that is selected, in no order. What cannot be archived is told in `problems`.

    `top` are the folder's names below `base`, a real path: no link is followed below that, whatever is put there
    meanwhile. Folders count only where nothing is selected by pattern. Raises `Unreadable`.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        above = f"{folder}/" if folder else ""
        if is_too_long(above):
            raise Unreadable(f"{folder:.200}...: its path is longer than any that a restore makes")
        with _entries(base, top, folder) as (opened, entries):
            plain = selection.takes_each(above, [entry.name for entry in entries])
            for entry in entries:
                name = entry.name
                path = above + name
                if not plain and selection.withholds(name):
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError as error:
                    raise _unreadable(path, error) from error
                if stat.S_ISDIR(found.st_mode):
                    if not selection.skips_folder(path):
                        waiting.append(path)
                        if selection.takes_all:
                            yield Source(path, Kind.FOLDER, 0, stat.S_IMODE(found.st_mode), found.st_mtime_ns)
                elif plain or selection.takes_inside(path, name):
                    source = source_of(path, found, opened)
                    if source is None:
                        problems.append(f"{path}: it is {_ODD.get(stat.S_IFMT(found.st_mode), 'no file')}")
                    else:
                        yield source


def source_of(path: str, found: os.stat_result, folder: GuardedFolder) -> Source | None:
    """The file or link of that status, in a folder; None for what is neither. Raises `Unreadable`."""
    whole = found.st_mode
    mode = stat.S_IMODE(whole)
    mode = _MODES.setdefault(mode, mode)
    if stat.S_ISREG(whole):
        size = found.st_size
        known = _SIZES.get(size)
        if known is None and len(_SIZES) < _MOST_SIZES:
            _SIZES[size] = size
        return Source(path, Kind.FILE, size if known is None else known, mode, found.st_mtime_ns)
    if stat.S_ISLNK(whole):
        try:
            target = folder.readlink(path.rpartition("/")[2])
        except OSError as error:
            raise _unreadable(path, error) from error
        return Source(path, Kind.LINK, 0, mode, found.st_mtime_ns, target)
    return None


def in_order(sources: list[Source]) -> tuple[Source, ...]:
    """By the bytes of their paths, as an archive holds them."""
    if all(source.path.isascii() for source in sources):  # then the bytes are those of the text
        return tuple(sorted(sources, key=attrgetter("path")))
    return tuple(sorted(sources, key=lambda source: os.fsencode(source.path)))


@contextmanager
def _entries(base: str, top: str, folder: str) -> Iterator[tuple[GuardedFolder, list[os.DirEntry[str]]]]:
    """A folder with its entries. It is open as long as the block runs: the way to each is short then."""
    with ExitStack() as stack:
        try:
            opened = folder_below(base, [name for names in (top, folder) for name in names.split("/") if name])
            listed = list(stack.enter_context(opened.scandir()))
        except OSError as error:
            raise _unreadable(folder or Path(base, top).name, error) from error
        yield opened, listed


def _unreadable(path: str, error: OSError) -> Unreadable:
    return Unreadable(f"{path}: {reason_of(error)}")
