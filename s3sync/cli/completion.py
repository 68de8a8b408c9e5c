"""The scripts for shells, and the answer to a shell that completes.

A shell hands over the words so far, and gets a name a line. It quotes them itself and evaluates none: a file's name may
be made by anybody. Within quotes bash knows no way to quote a name, so that only plain ones are offered there.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Any

VARIABLE = "_S3SYNC_COMPLETE"
"""Environment variable with which a shell asks."""
SCRIPTS = {
    "bash": f"""\
_s3sync_complete() {{
    local name
    COMPREPLY=()
    while IFS= read -r name; do
        COMPREPLY+=("$(printf %q "$name")")
    done < <({VARIABLE}=bash s3sync "${{COMP_WORDS[@]:1:COMP_CWORD}}" 2>/dev/null)
    [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == */ ]] && compopt -o nospace
    return 0
}}
complete -F _s3sync_complete s3sync""",
    "zsh": f"""\
#compdef s3sync
_s3sync() {{
    local -a found folders others
    found=("${{(@f)$({VARIABLE}=zsh s3sync "${{(@Q)words[2,CURRENT]}}" 2>/dev/null)}}")
    folders=("${{(@M)found:#*/}}")
    others=("${{(@)found:#*/}}")
    compadd -S '' -a folders
    compadd -a others
}}
compdef _s3sync s3sync""",
    "fish": f"""\
complete -c s3sync -f -a '(env {VARIABLE}=fish s3sync (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'""",
}
_PLAIN = re.compile(r"[A-Za-z0-9_./+@:%=-]*")
"""Names that `printf %q` leaves as they are, wherever and in whatever language the shell runs."""
_ESCAPED = re.compile(r"\\.")


def answer(root: Any, words: list[str]) -> None:
    """Print what the last word may become, a name a line."""
    from typer._completion_classes import BashComplete

    *before, last = [_unquoted(word) for word in words] or [""]
    only_plain = _has_quotes(words[-1]) if words else False
    for item in BashComplete(root, {}, "s3sync", VARIABLE).get_completions(before, last):
        name = str(item.value)
        if name.isprintable() and (not only_plain or _PLAIN.fullmatch(name)):
            print(name)


def _has_quotes(word: str) -> bool:
    """True for a word of bash with a quote in it. What bash puts into an open one was quoted for a place outside: its
    `$'...'`, which it takes for letters that its language does not know, ends the quote or is obeyed in it."""
    return os.environ.get(VARIABLE) == "bash" and any(quote in _ESCAPED.sub("", word) for quote in "'\"")


def _unquoted(word: str) -> str:
    """A word as bash has it on its line, without quotes; one whose quote is still open as it is."""
    if os.environ.get(VARIABLE) != "bash":
        return word
    try:
        return "".join(shlex.split(word)[:1])
    except ValueError:
        return word.lstrip("'\"")
