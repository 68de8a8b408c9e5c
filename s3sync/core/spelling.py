"""Names that other programs obey, in every spelling that some disk takes for one of them.

The list is closed (docs/names.md); it follows git's own checks, `is_ntfs_dotgit` and `is_hfs_dotgit`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from msgspec import Struct

VERSION_CONTROL = (".git", ".hg", ".svn", ".bzr", ".jj", ".sl", ".pijul", "_darcs", ".fslckout", "_fossil_")
"""Folders, or files that name one, whose settings make the next prompt or command run a program."""
OURS = (".s3sync", ".s3sync.yaml", ".s3sync.yml", ".video-tools.env")
REPOSITORY = "head"
"""The file that no bare repository can do without: beside `objects/` and `refs/`, git obeys the folder's `config`."""

OBEYED_FOLDERS = (
    ".vscode", ".idea", ".devcontainer", ".husky", ".cargo", ".mvn", ".zed", ".claude", ".cursor", ".config", ".mise",
    ".vs", ".vim", ".gemini", ".codex", ".helix", ".fleet", ".windsurf", ".kiro", ".amazonq", ".roo", ".continue",
    ".opencode",
)  # fmt: skip
OBEYED_FILES = (
    ".envrc", ".env", ".env.leave", ".autoenv", ".autoenv.zsh", ".autoenv_leave.zsh", ".mise.toml", "mise.toml",
    ".mise.local.toml", "mise.local.toml", ".tool-versions", ".rtx.toml",
    ".vimrc", ".exrc", "_vimrc", "_exrc", ".lvimrc",
    ".nvimrc", ".nvim.lua", ".dir-locals.el", ".dir-locals-2.el", ".ycm_extra_conf.py", ".pylintrc", "pylintrc",
    ".gdbinit", ".lldbinit", ".pdbrc", ".bashrc", ".profile", ".npmrc",
    ".rprofile", ".renviron", ".rdata", ".octaverc", ".ghci", ".irbrc", ".pryrc", ".iex.exs", ".erlang", "ansible.cfg",
    "rust-toolchain", "rust-toolchain.toml", ".ocamlinit", ".latexmkrc", "latexmkrc", "startup.m", "bunfig.toml",
    ".pnp.cjs", ".pnp.loader.mjs", ".mcp.json", ".proverc", ".python-version",
    ".yarnrc", ".yarnrc.yml", ".bazelrc", ".gitattributes", ".gitignore", ".gitmodules", ".hgrc", ".lfsconfig",
    ".editorconfig", "mypy.ini", ".mypy.ini", ".flake8", ".eslintrc.js", "eslint.config.js", "opencode.json",
    ".eslintrc.cjs", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts", ".prettierrc.js", ".prettierrc.cjs",
    ".prettierrc.mjs", "prettier.config.js", "prettier.config.cjs", "prettier.config.mjs", "setup.cfg", "tox.ini",
    "pyproject.toml", "conftest.py", ".rubocop.yml",
    "sitecustomize.py", "usercustomize.py",
    "desktop.ini", "autorun.inf", "folder.htt", ".directory", ".htaccess", ".s3syncignore",
)  # fmt: skip
GIT_HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
    "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
    "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
    "post-rewrite", "sendemail-validate", "fsmonitor-watchman", "p4-changelist", "p4-prepare-changelist",
    "p4-post-changelist", "p4-pre-submit", "post-index-change",
)  # fmt: skip
"""Git runs them where `core.hooksPath` names their folder, if they can be run (githooks(5))."""
KEPT_HOOKS = (".before-s3sync", ".legacy")
"""Ends of the names of hooks that ours, and those of the program pre-commit, call before they do their own work."""
OBEYED_ENDINGS = (
    ".lnk", ".url", ".scf", ".library-ms", ".search-ms", ".desktop", ".webloc", ".inetloc", ".fileloc",
    ".code-workspace", ".searchconnector-ms", ".theme", ".website",
    ".rdp", ".application", ".settingcontent-ms", ".asx",
)  # fmt: skip
PROGRAM_ENDINGS = (
    ".exe", ".com", ".bat", ".cmd", ".dll", ".pif", ".scr", ".cpl", ".vbs", ".vbe", ".js", ".jse", ".wsf",
    ".wsh", ".msc",
)  # fmt: skip
"""Endings of files that Windows runs in place of a program, when they stand in the current folder: those of PATHEXT, as
it comes with Windows, and libraries and programs of other names."""

_OPTION = re.compile(r"--?[A-Za-z@]")
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
                     "\U000e0000-\U000e0fff]")  # fmt: skip
"""Default_Ignorable_Code_Point of Unicode, and what stands among them: folders of Linux that ignore case (ext4, f2fs)
ignore all of these, disks of Macs some."""
_SHORT = re.compile(r"([^.~]{1,6})~([0-9]{1,6})(?:\.([^.]{1,3}))?")
_HASHED = re.compile(r"[0-9a-f]{4}")


_FEW = 256
"""Characters that Python brings into a form at once, whatever they are."""
LONGEST_TEXT = 4096
"""Characters of a text of which a form is made. A longer one is no name: it has more than the 1,024 bytes of a key in
every form, as no character is made of more than four."""


def nfc(text: str) -> str:
    """The text in Unicode's form NFC; one that is longer than any name is left as it is.

    Python sorts the marks behind a letter by insertion: for 240 kB of them it needs seconds, for 20 MB a day, in which
    no signal is heard. Names come from anybody, and are brought into this form before anything else is asked of them.
    """
    if text.isascii() or len(text) > LONGEST_TEXT:
        return text
    return unicodedata.normalize("NFC", text if len(text) <= _FEW else _in_order(text))


def _in_order(text: str) -> str:
    """The text taken apart, with its marks in canonical order: sorted already, they cost no more than other letters."""
    parts = "".join(unicodedata.normalize("NFD", char) for char in text)
    runs = groupby(parts, key=lambda char: unicodedata.combining(char) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining) if is_marks else run) for is_marks, run in runs)


class Refusal(Struct, frozen=True):
    """Reason why a path is not synced. `at` is the path, or the folder above that is refused with all that is in it.

    `obeyed` says that other programs obey the name.
    """

    reason: str
    at: str
    obeyed: bool = False


def plain(name: str) -> str:
    """Key that all spellings of one name have in common.

    Disks of Macs and Windows ignore case, old ones of Macs and such folders of Linux invisible characters (git's
    CVE-2014-9390), and Windows dots and blanks at the end, and what follows a colon: the name of a stream.
    """
    if not name.isascii():
        name = nfc(_UNSEEN.sub("", name))
    return name.partition(":")[0].rstrip(". ").casefold()


def has_unseen(name: str) -> bool:
    """True for a name with characters that are not seen."""
    return not name.isascii() and _UNSEEN.search(name) is not None


def stands_for(name: str, words: tuple[str, ...]) -> str | None:
    """Find which of these words some disk takes a name for, also by the short name that Windows gives to a long one."""
    return _stands_for(plain(name), words)


def _stands_for(seen: str, words: tuple[str, ...]) -> str | None:
    if seen in words:
        return seen
    short = _SHORT.fullmatch(seen) if "~" in seen else None
    return next((word for word in words if _is_short(short, word)), None) if short else None


def _is_short(short: re.Match[str], word: str) -> bool:
    """Windows keeps the first six letters, fewer before a long number, or two and four hexadecimal digits."""
    stem, _, extension = word.lstrip(".").rpartition(".")
    if not stem:
        stem, extension = extension, ""
    stem = stem.replace(".", "")
    if short[3] is not None and short[3] != extension[:3]:
        return False
    begin, number = short[1], short[2]
    if stem.startswith(begin) and len(begin) >= min(len(stem), 7 - len(number)):
        return True
    return len(begin) == 6 and begin[:2] == stem[:2] and _HASHED.fullmatch(begin[2:]) is not None


def obeyed_refusal(path: str) -> Refusal | None:
    """Reason why a path is refused because other programs would obey it; None when they would not."""
    segments = path.split("/")
    for depth, segment in enumerate(segments, 1):
        if segment[:1] not in "._" and "~" not in segment and segment.isascii():
            continue  # most names: no disk takes them for a hidden one
        if stands_for(segment, VERSION_CONTROL):
            reason = f"programs of version control run what {segment!r} says"
        elif stands_for(segment, OURS):
            reason = f"the name {segment!r} is reserved for s3sync itself"
        else:
            continue
        return Refusal(reason, "/".join(segments[:depth]), obeyed=True)
    last = segments[-1]
    if (last[:1] in "hH" or not last.isascii()) and plain(last) == REPOSITORY:
        reason = f"git takes a folder that has a file {last!r} for a repository, and runs what it says"
        return Refusal(reason, path, obeyed=True)
    return None


@lru_cache(1 << 12)
def obeyed_reason(path: str) -> str | None:
    """Warning about a file that some program obeys because of its name; None for an ordinary one.

    Such a file is synced; whoever gets it is told, and it is never made executable.
    """
    folder, _, name = path.rpartition("/")
    reason, is_option = _obeyed_folder(folder) if folder else (None, False)
    if reason:
        return reason
    seen = plain(name)
    if _stands_for(seen, OBEYED_FILES) or seen.endswith(OBEYED_ENDINGS):
        return "programs obey it when they open the folder"
    if is_git_hook(name):
        return "git runs it where core.hooksPath names its folder"
    if seen.endswith(PROGRAM_ENDINGS):
        return "Windows runs it in place of a program of that name"
    if is_option or _OPTION.match(name):
        return "commands that are given * take it for an option"
    return None


def is_git_hook(name: str) -> bool:
    """True if some disk takes a file's name for one of git's hooks, or for one that another calls."""
    seen = plain(name)
    for end in KEPT_HOOKS:
        seen = seen.removesuffix(end)
    return _stands_for(seen, GIT_HOOKS) is not None


@lru_cache(1 << 8)
def _obeyed_folder(path: str) -> tuple[str | None, bool]:
    """The same of all files below a folder; and whether one is taken for an option."""
    segments = path.split("/")
    for segment in segments:
        if stands_for(segment, OBEYED_FOLDERS):
            return f"editors and tools obey what is in {segment}/", False
    return None, any(map(_OPTION.match, segments))
