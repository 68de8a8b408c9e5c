"""Files of rows on the disk: below the set's folder only, through no link, whatever a row says."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from s3sync.archive.sets import PRIVATE, real_source, source_base
from s3sync.archive.walk import Selection
from s3sync.config.databases import DOTENV
from s3sync.core.archive.rows import Row
from s3sync.core.archive.values import ArchiveSet, Kind, Source
from s3sync.core.magic import HEAD
from s3sync.core.media_types import suffix_of
from s3sync.core.spelling import stands_for
from s3sync.disk.copying import pieces
from s3sync.disk.errors import local_errors, reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import Found, find_below, folder_below
from s3sync.errors import ConfigError

MOST_FOLDERS = 50
_DIGITS = frozenset("0123456789abcdef")


class Finder:
    """Finds the files of rows. Raises `ConfigError` where the set's folder is not there: nothing counts as missing."""

    def __init__(self, chosen: ArchiveSet, root: Path | None) -> None:
        base, _ = source_base(chosen, root)
        try:
            there = stat.S_ISDIR(base.stat().st_mode)
            why = None if there else "it is no folder"
        except OSError as error:
            why = reason_of(error)
        if why is not None:
            hint = "connect the disk, or correct `files`: no file was taken for missing"
            raise ConfigError(f"the files of archives.{chosen.name} are not there: {base}", why=why, hint=hint)
        self.base, self._typed = real_source(chosen, base), str(base)
        self._tail = [part for part in chosen.source.replace(os.sep, "/").split("/") if part not in ("", ".", "~")]
        self._selection = Selection(chosen)
        self._by_md5: dict[str, dict[str, list[str]]] = {}

    def candidates(self, row: Row) -> Iterator[Source]:
        """Files that may be the row's: by its path, by MD5 and type, then any with its MD5 in the type's folder."""
        told: set[str] = set()
        for path in self._places(row):
            if path in told:
                continue
            told.add(path)
            found = self._look(path)
            if found is not None:
                yield found

    def _places(self, row: Row) -> Iterator[str]:
        path = self.below(row.path)
        if path is not None:
            yield path
        if not row.md5:
            return
        folders = self._folders(row.media_type)
        for suffix in filter(None, (row.by_type, row.extension)):
            yield from (f"{folder}{row.md5}.{suffix}" for folder in folders)
        for folder in folders:
            yield from self._named(folder).get(row.md5, ())

    def below(self, path: str) -> str | None:
        """A row's path, relative to the set's folder; None for one that leads elsewhere, or to what is not sent.

        A whole path of another computer counts from where it names the set's folder.
        """
        text = path.replace("\\", "/")
        if not text:
            return None
        for base in (self.base, self._typed):
            if text.startswith(f"{base.replace(os.sep, '/')}/"):
                text = text[len(base) + 1 :]
                break
        else:
            inside = self._inside(f"/{text.removeprefix('./')}")
            if inside is None and (text.startswith("/") or text[1:2] == ":"):
                return None
            text = text if inside is None else inside
        names = text.removeprefix("./").split("/")
        return None if any(map(self._refuses, names)) else "/".join(names)

    def _inside(self, text: str) -> str | None:
        """The rest of a path behind the last names of the set's folder: two of them, where it has two."""
        for count in range(len(self._tail), min(2, len(self._tail)) - 1, -1):
            tail = "/".join(self._tail[-count:]) if count else ""
            _, found, rest = text.partition(f"/{tail}/") if tail else ("", "", "")
            if found:
                return rest
        return None

    def _refuses(self, name: str) -> bool:
        odd = name in ("", ".", "..") or "\0" in name or len(name) > 255
        return odd or stands_for(name, (*PRIVATE, DOTENV)) is not None or self._selection.withholds(name)

    def _look(self, path: str) -> Source | None:
        try:
            found = find_below(self.base, path)
        except (OSError, ValueError):
            return None
        if found is None or not stat.S_ISREG(found.status.st_mode) or not self._selection.takes(path):
            return None
        return _source(path, found)

    def _folders(self, media_type: str) -> list[str]:
        """Folders for files of a type, as prefixes; all there are for a type that has none."""
        if media_type and media_type.isalnum():
            named = [name for name in (f"{media_type}s", media_type) if self._is_folder(name)]
            if named:
                return [f"{name}/" for name in named]
        return ["", *(f"{name}/" for name in self._subfolders())]

    def _is_folder(self, name: str) -> bool:
        return name in self._subfolders()

    def _subfolders(self) -> list[str]:
        if "\0" not in self._by_md5:
            folder = folder_below(self.base)
            names = [name for name in sorted(folder.names()) if not self._refuses(name) and _is_folder(folder, name)]
            self._by_md5["\0"] = {"\0": names[:MOST_FOLDERS]}
        return self._by_md5["\0"]["\0"]

    def _named(self, folder: str) -> dict[str, list[str]]:
        """Files of a folder that are named by an MD5, by that."""
        if folder not in self._by_md5:
            found: dict[str, list[str]] = {}
            try:
                names = folder_below(self.base, [folder[:-1]] if folder else []).names()
            except OSError:
                names = []
            for name in sorted(names):
                stem = name[:32].lower()
                if len(stem) == 32 and name[32:33] in ("", ".") and _DIGITS.issuperset(stem):
                    found.setdefault(stem, []).append(folder + name)
            self._by_md5[folder] = found
        return self._by_md5[folder]

    # -- content

    def head(self, source: Source) -> bytes:
        """First bytes of a file. Raises `LocalError`."""
        with local_errors("cannot read", f"{self.base}{os.sep}{source.path}"):
            descriptor = self._open(source)
            try:
                return os.read(descriptor, HEAD)
            finally:
                os.close(descriptor)

    def md5_of(self, source: Source) -> str:
        """MD5 of a file. Raises `LocalError`."""
        digest = hashlib.md5(usedforsecurity=False)
        with local_errors("cannot read", f"{self.base}{os.sep}{source.path}"):
            descriptor = self._open(source)
            with open(descriptor, "rb", buffering=0) as stream:
                for chunk in pieces(stream, source.size + 1):
                    digest.update(chunk)
        return digest.hexdigest()

    def _open(self, source: Source) -> int:
        *names, name = source.path.split("/")
        return folder_below(self.base, names).open_read(name)

    def looked_for(self, row: Row) -> str:
        """Places in which a row's file was looked for, for a message."""
        parts = []
        if row.path:
            path = self.below(row.path)
            outside = f"{row.path[:120]}, which leads out of {self.base} or may not be sent"
            parts.append(f"{path[:120]}" if path is not None else outside)
        if row.md5:
            parts.append(f"{row.md5}.* in {', '.join(self._folders(row.media_type)[:4]) or self.base}")
        return "; ".join(parts)


def _is_folder(folder: GuardedFolder, name: str) -> bool:
    found = folder.find(name)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _source(path: str, found: Found) -> Source:
    status = found.status
    return Source(path, Kind.FILE, status.st_size, stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def suffix_of_file(row: Row, source: Source) -> str:
    """Extension that a row says, else its file's own."""
    return row.extension or suffix_of(source.path)
