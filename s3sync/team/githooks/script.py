"""Texts of the git hooks: the script of our own, and the block in a script that the team keeps.

Git runs a hook with the clone's top as the current folder, gives `pre-push` the refs on stdin, and takes a failure of a
`pre-` hook as a refusal (https://git-scm.com/docs/githooks).
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote

HOOKS = {
    "post-merge": "after git pull, says what waits",
    "post-checkout": "after a change of branch, says what waits",
    "pre-push": "warns of files that nobody else has",
    "pre-commit": "refuses files of a staging folder, warns of large ones elsewhere",
}
"""Each hook with what it does, in the order in which they are told."""
REFUSES = "pre-commit"
"""The only one whose answer counts for git."""

MARK = "# s3sync hook, format 1: `s3sync hooks uninstall` takes it away"
START, END = "# >>> s3sync >>>", "# <<< s3sync <<<"
_PROGRAM = "s3sync="
_FIND = '[ -x "$s3sync" ] || { s3sync=$(command -v s3sync); case $s3sync in /*) ;; *) exit %s ;; esac; }'
"""Finds the program. Where its path is gone, one of the search path is taken, but for one in a relative folder of it:
git runs hooks in the clone, whose program that would be."""
_FIND_AT_FIRST = '[ -x "$s3sync" ] || s3sync=$(command -v s3sync) || exit %s'
FINDS = (_FIND, _FIND_AT_FIRST)
"""The line as it is written, and as it was by older versions: hooks with that are ours, too."""


def before(hook: str) -> str:
    """Name, beside ours, of the hook that was there first and is called first."""
    return f"{hook}.before-s3sync"


def whole(program: str) -> str:
    """The program as a hook names it: a whole path, or empty, so that it is looked for."""
    return program if Path(program).is_absolute() else ""


def script(hook: str, program: str, find: str = _FIND) -> str:
    """A hook of our own. It runs the one that was there before, with its arguments, its stdin and its exit code.

    `program` is the absolute path of s3sync; where it is gone, the one on the search path is called, or none.
    """
    lines = ["#!/bin/sh", MARK, f'before="${{0%/*}}/{before(hook)}"', f"{_PROGRAM}{quote(whole(program))}"]
    if hook.startswith("post-"):
        lines += [
            "code=0",
            'if [ -x "$before" ]; then "$before" "$@"; code=$?; fi',
            find % '"$code"',
            f'"$s3sync" hooks run {hook} "$@" </dev/null || :',
            'exit "$code"',
        ]
    elif hook == "pre-push":
        lines += [
            "refs=$(cat; printf x)",
            'if [ -x "$before" ]; then printf %s "${refs%x}" | "$before" "$@" || exit $?; fi',
            find % 0,
            f'"$s3sync" hooks run {hook} </dev/null || :',
            "exit 0",
        ]
    else:
        lines += [
            'if [ -x "$before" ]; then "$before" "$@" || exit $?; fi',
            find % 0,
            f'exec "$s3sync" hooks run {hook}',
        ]
    return "\n".join(lines) + "\n"


def is_ours(text: str) -> bool:
    """True if a hook is one that `script` wrote, for whatever program, and nobody changed since."""
    return bears_mark(text) and any(_body(text) == _body(script(hook, "", find)) for hook in HOOKS for find in FINDS)


def _body(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(_PROGRAM)]


def bears_mark(text: str) -> bool:
    """True if a hook was ours, whatever was changed in it since."""
    return MARK in text.splitlines()[:3]


def call(hook: str) -> str:
    """A line that calls s3sync from a script of somebody else, where colleagues may not have it."""
    if hook == REFUSES:
        run = f"s3sync hooks run {hook} || exit $?"
    else:
        arguments = ' "$@"' if hook.startswith("post-") else ""
        run = f"s3sync hooks run {hook}{arguments} </dev/null || :"
    return f"case $(command -v s3sync) in /*) {run} ;; esac"


def with_block(text: str, hook: str) -> str:
    """A script with our block at its end, exactly once."""
    kept = without_block(text)
    if kept and not kept.endswith("\n"):
        kept += "\n"
    return f"{kept}{START}\n{call(hook)}\n{END}\n"


def without_block(text: str) -> str:
    """A script without our block. A start without its end is left as it is."""
    lines = text.splitlines(keepends=True)
    bare = [line.strip() for line in lines]
    if START not in bare or END not in bare[bare.index(START) :]:
        return text
    first = bare.index(START)
    last = bare.index(END, first)
    return "".join(lines[:first] + lines[last + 1 :])
