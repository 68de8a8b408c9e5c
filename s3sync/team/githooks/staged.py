"""Look at a commit before it is made: files that s3sync carries do not belong into git, nor do large ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from s3sync.config import Settings
from s3sync.errors import ProjectError
from s3sync.team.githooks.folder import FOR_ALL_FILES_S, is_of_staging, run_git

FINAL = "final"
"""Folder, anywhere, in which finished films belong in git."""
_FILE = b"100"
"""Beginning of the modes of regular files; links and submodules have others."""


class LargeFile(Struct):
    name: str
    size_bytes: int


class Staged(Struct):
    """Files of staging folders, and files above the limit, that the next commit would take up."""

    of_staging: list[str] = field(default_factory=list)
    large: list[LargeFile] = field(default_factory=list)
    refuses_large: bool = False

    @property
    def is_refused(self) -> bool:
        return bool(self.of_staging or (self.large and self.refuses_large))


def look_at_staged(settings: Settings, root: Path) -> Staged:
    """Ask git what is added or changed in the index. Raises `ProjectError` where git does not say."""
    rules = settings.hooks
    found = Staged(refuses_large=rules.refuse_large)
    changed = list(_changed(root))
    found.of_staging = [name for name, _ in changed if is_of_staging(name, settings.staging)]
    told = set(found.of_staging)
    rest = [(name, blob) for name, blob in changed if name not in told]
    rest = [(name, blob) for name, blob in rest if FINAL not in PurePosixPath(name).parts[:-1]]
    if rules.large_bytes and rest:
        sizes = _sizes(root, [blob for _, blob in rest])
        large = [LargeFile(name, size) for (name, _), size in zip(rest, sizes, strict=True) if size > rules.large_bytes]
        found.large = sorted(large, key=lambda file: -file.size_bytes)
    return found


def _changed(root: Path) -> Iterator[tuple[str, bytes]]:
    """Path, relative to `root`, and object's name of each file that the index has other than the last commit."""
    words = ("diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--relative")
    fields = _ask(root, (*words, "--diff-filter=AMT", "--ignore-submodules", "--")).split(b"\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, _ = about.split(b" ")
        if mode.startswith(_FILE):
            yield path.decode("utf-8", "surrogateescape"), blob


def _sizes(root: Path, blobs: Sequence[bytes]) -> list[int]:
    answer = _ask(root, ("cat-file", "--batch-check=%(objectsize)"), b"\n".join(blobs) + b"\n")
    return [int(line) if line.isdigit() else 0 for line in answer.splitlines()]


def _ask(root: Path, words: tuple[str, ...], text: bytes = b"") -> bytes:
    done = run_git(root, words, text, FOR_ALL_FILES_S)
    if done.returncode:
        raise ProjectError("git cannot say what is staged", why=done.stderr.decode("utf-8", "replace").strip()[:500])
    return done.stdout
