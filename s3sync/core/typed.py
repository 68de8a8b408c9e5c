"""Names in commands that are shown for somebody to type: others may have chosen the name, and a shell runs the line."""

from __future__ import annotations


def typed(name: object) -> str:
    """A name or path as one word of a shell's command: no part of it is run, and none is an option."""
    text = str(name)
    return f"-- {quoted(text)}" if text.startswith("-") else quoted(text)


def quoted(text: str) -> str:
    r"""A text as one word for sh, bash, zsh and fish.

    In single quotes, `\'` ends the word for a shell of POSIX and goes on with it for fish, which would then run what
    stands behind it. So a backslash stands in double quotes of its own, where `\\` is one backslash for both.
    """
    from shlex import quote  # only for a hint

    return quote(text).replace("\\", "'\"\\\\\"'")


_PATTERN = frozenset("*?[\\")


def in_git(path: str, *, of_root: bool = True) -> str:
    """A file or folder of a clone as one word for git, which means it alone (gitglossary(7), "pathspec").

    A path is a pattern for git, and a colon begins a rule: `:!x` means everything but `x`. `of_root`: the path begins
    at the clone's root, and the word may be typed in any folder of the clone; else it begins in the current folder.
    """
    if of_root:  # what stands behind the colon and is neither a letter nor a digit belongs to the rule
        is_plain = path[:1].isalnum() and not _PATTERN & set(path)
        return typed(f":/{path}" if is_plain else f":(top,literal){path}")
    is_plain = not path.startswith(":") and not _PATTERN & set(path)
    return typed(path if is_plain else f":(literal){path}")
