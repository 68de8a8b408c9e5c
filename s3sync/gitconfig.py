"""Git's own settings, read without git: the name of a repository's remote, and the user's name.

Git obeys its settings in dozens of ways, and a repository may come from anybody. Here they are data: no program runs,
no include is followed, no link is followed inside a repository, and no more than `LIMIT` bytes are read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from s3sync.core.folder_names import project_reason
from s3sync.core.names import nfc
from s3sync.disk import checks
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own_links import own_end

LIMIT = 256 * 1024

_SECTION = re.compile(r'\[\s*+([A-Za-z0-9.-]++)\s*+(?:"((?:[^"\\]|\\.)*+)"\s*+)?\]')
_ENTRY = re.compile(r"([A-Za-z][A-Za-z0-9-]*+)\s*+=\s*+(.*)")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_SCP = re.compile(r"[^/:]+:(?!//)")
_REMOTE_NAME = re.compile(r"[\w][\w. +-]{0,99}")


def remote_name(root: Path) -> str | None:
    """The repository's name on its remote (`film` of `git@host:team/film.git`); None where there is no plain one."""
    urls: dict[str, str] = {}
    for section, name, key, value in _entries(_read(shared_git_folder(root) / "config", links=False)):
        if section == "remote" and key == "url":
            urls.setdefault(name, value)
    url = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else None)
    return None if url is None else name_in_url(url)


def is_of_others(root: Path) -> bool:
    """True if another user made the clone's git folder, its config, or the file that names it: they say what he wants.

    A disk that keeps no owners says of our own files that they are somebody else's.
    """
    folder = shared_git_folder(root)
    try:
        found = [os.lstat(path) for path in (root / ".git", folder, folder / "config")]
        others = {status.st_uid for status in found if not checks.is_ours(status)}
        if not others:
            return False
        with GuardedFolder.open(root, shared=True) as held:
            return not all(held.gives_away(owner) for owner in others)
    except (OSError, ValueError):
        return True


def name_in_url(url: str) -> str | None:
    """The last name of a remote's address, without `.git`. The host, and a login before it, are never taken for one."""
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    host = _HOST.match(path) or (None if re.match(r"[A-Za-z]:[\\/]|[./]", path) else _SCP.match(path))
    if host:
        path = path[host.end() :]
    name = nfc(re.split(r"[/\\]", path.rstrip("/\\"))[-1]).removesuffix(".git")
    return name if _REMOTE_NAME.fullmatch(name) and not project_reason(name) else None


def user_name(environ: Mapping[str, str]) -> str | None:
    """The user's name in git's settings of the user, which no repository can write; None where there is none."""
    name = None
    for path in _user_files(environ):
        for section, _, key, value in _entries(_read(path, links=True)):
            if section == "user" and key == "name":
                name = value
    return name or None


def _user_files(environ: Mapping[str, str]) -> list[Path]:
    """Files of the user's. One without the beginning of its path is none: each clone would have its own."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if environ.get("GIT_CONFIG_GLOBAL"):
        files = [Path(environ["GIT_CONFIG_GLOBAL"])]
    elif home:
        base = Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config")
        files = [base / "git" / "config", Path(home) / ".gitconfig"]
    else:
        files = []
    return [file for file in files if file.root]


def object_name_size(root: Path) -> int:
    """Bytes of an object's name: 20 (SHA-1), or 32 in a repository of SHA-256."""
    entries = _entries(_read(shared_git_folder(root) / "config", links=False))
    formats = [value for section, _, key, value in entries if (section, key) == ("extensions", "objectformat")]
    return 32 if formats and formats[-1].lower() == "sha256" else 20


def hooks_path(root: Path, environ: Mapping[str, str]) -> Path:
    """The folder from which git takes a clone's hooks, as far as the user's settings and the clone's own say so."""
    said = None
    texts = [_read(path, links=True) for path in _user_files(environ)]
    for text in (*texts, _read(shared_git_folder(root) / "config", links=False)):
        for section, _, key, value in _entries(text):
            if (section, key) == ("core", "hookspath") and value:
                said = value
    if said is None:
        return shared_git_folder(root) / "hooks"
    return root / (Path(environ.get("HOME", "~"), said[2:]) if said.startswith("~/") else said)


def git_folder(root: Path) -> Path:
    """The folder with the clone's own `index`: `.git`, or where the `.git` file of a worktree points."""
    said = _read(root / ".git", links=False).partition("\n")[0]
    if not said.startswith("gitdir:"):
        return root / ".git"
    return Path(os.path.normpath(root / said.removeprefix("gitdir:").strip()))


def shared_git_folder(root: Path) -> Path:
    """The folder with the repository's `config`. Of a worktree it is the main repository's."""
    folder = git_folder(root)
    return folder.parent.parent if folder.parent.name == "worktrees" else folder


def _read(path: Path, *, links: bool) -> str:
    """The text of a regular file; empty for anything else, and for one that is too large."""
    return (read_bytes(path, LIMIT, links=links) or b"").decode("utf-8", "replace")


def read_bytes(path: Path, limit: int, *, links: bool = False) -> bytes | None:
    """The bytes of a regular file; None for anything else, and for one that has more than `limit`.

    Without `links` neither the file may be one, nor the folder that it lies in, and none of another user leads there.
    """
    try:
        where = (
            Path(os.path.realpath(path)) if links else Path(own_end(path.parent.parent), path.parent.name, path.name)
        )
        with GuardedFolder.open(where.parent, shared=True, straight=True) as folder:
            return folder.read(where.name, limit)
    except (OSError, ValueError):
        return None


def _entries(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Each entry as (section, subsection, key, value), section and key in lower case. Odd lines are passed over."""
    section = name = ""
    for line in text.removeprefix("\ufeff").splitlines():
        rest = line.strip()
        header = _SECTION.match(rest)
        if header:
            section, name = header[1].lower(), re.sub(r"\\(.)", r"\1", header[2] or "")
            rest = rest[header.end() :].strip()
        entry = _ENTRY.match(rest)
        if entry and section:
            yield section, name, entry[1].lower(), _value(entry[2])


def _value(text: str) -> str:
    """A value without its quotes, escapes and comment."""
    shown, quoted, escaped = [], False, False
    for char in text:
        if escaped:
            shown.append({"n": "\n", "t": "\t", "b": ""}.get(char, char))
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            shown.append(char)
    return "".join(shown).strip()
