"""Texts of the git hooks: the script of our own, and the block in a script that the team keeps.

Git runs a hook with the clone's top as the current folder, gives `pre-push` the refs on stdin, and takes a failure of a
`pre-` hook as a refusal (https://git-scm.com/docs/githooks).
"""

from __future__ import annotations

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


def before(hook: str) -> str:
    """Name, beside ours, of the hook that was there first and is called first."""
    return f"{hook}.before-s3sync"


def script(hook: str, program: str) -> str:
    """A hook of our own. It runs the one that was there before, with its arguments, its stdin and its exit code.

    `program` is the absolute path of s3sync; where it is gone, the one on the search path is called, or none.
    """
    lines = ["#!/bin/sh", MARK, f'before="${{0%/*}}/{before(hook)}"', f"{_PROGRAM}{quote(program)}"]
    find = '[ -x "$s3sync" ] || s3sync=$(command -v s3sync) || exit {code}'
    if hook.startswith("post-"):
        lines += [
            "code=0",
            'if [ -x "$before" ]; then "$before" "$@"; code=$?; fi',
            find.format(code='"$code"'),
            f'"$s3sync" hooks run {hook} "$@" </dev/null || :',
            'exit "$code"',
        ]
    elif hook == "pre-push":
        lines += [
            "refs=$(cat; printf x)",
            'if [ -x "$before" ]; then printf %s "${refs%x}" | "$before" "$@" || exit $?; fi',
            find.format(code=0),
            f'"$s3sync" hooks run {hook} </dev/null || :',
            "exit 0",
        ]
    else:
        lines += [
            'if [ -x "$before" ]; then "$before" "$@" || exit $?; fi',
            find.format(code=0),
            f'exec "$s3sync" hooks run {hook}',
        ]
    return "\n".join(lines) + "\n"


def is_ours(text: str) -> bool:
    """True if a hook is one that `script` wrote, for whatever program, and nobody changed since."""
    return bears_mark(text) and any(_body(text) == _body(script(hook, "")) for hook in HOOKS)


def _body(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(_PROGRAM)]


def bears_mark(text: str) -> bool:
    """True if a hook was ours, whatever was changed in it since."""
    return MARK in text.splitlines()[:3]


def call(hook: str) -> str:
    """A line that calls s3sync from a script of somebody else, where colleagues may not have it."""
    if hook == REFUSES:
        return f"if command -v s3sync >/dev/null; then s3sync hooks run {hook} || exit $?; fi"
    arguments = ' "$@"' if hook.startswith("post-") else ""
    return f"if command -v s3sync >/dev/null; then s3sync hooks run {hook}{arguments} </dev/null || :; fi"


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
