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
