"""Names in commands that are shown for somebody to type: others may have chosen the name, and a shell runs the line."""

from __future__ import annotations


def typed(name: object) -> str:
    """A name or path as one word of a shell's command: no part of it is run, and none is an option."""
    from shlex import quote  # only for a hint

    text = str(name)
    return f"-- {quote(text)}" if text.startswith("-") else quote(text)
