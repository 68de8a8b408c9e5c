"""Errors of typer about a command line that it cannot read, said as every other error is: what, why, hint."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from typer.exceptions import TyperException

from s3sync.cli.call import CALL
from s3sync.cli.declare import SHARED
from s3sync.errors import UsageError

MEANT = {
    **dict.fromkeys(("push", "upload", "put", "send", "publish", "commit", "add"), "up"),
    **dict.fromkeys(("pull", "download", "get", "fetch", "receive", "clone", "checkout"), "down"),
    **dict.fromkeys(("ls", "list", "diff", "st", "info", "show"), "status"),
    **dict.fromkeys(("clean", "purge"), "cleanup"),
    **dict.fromkeys(("restore", "recover", "undelete"), "trash restore"),
    **dict.fromkeys(("revert", "rollback", "reset"), "undo"),
    **dict.fromkeys(("check", "fsck"), "verify"),
    **dict.fromkeys(("setup", "join", "new", "create"), "init"),
    **dict.fromkeys(("settings", "set"), "config"),
}
"""Commands of git, rclone and the like, with what they are called here."""
BY_HAND = {
    **dict.fromkeys(
        ("rm", "delete", "remove", "del", "unlink"),
        "delete the file in the staging folder, and `s3sync sync` moves it into the trash in the store",
    ),
    **dict.fromkeys(
        ("mv", "rename"), "rename the file in the staging folder, and `s3sync sync` renames it in the store"
    ),
}
"""Commands of theirs for which there is none here, as the files are ordinary ones, with what to do. No near one may
stand for them: `cleanup` deletes a whole project for good."""
SHARED_NAMES = {f"--{name.replace('_', '-')}" for name in SHARED} | {"-v", "-q", "-n", "-p", "--project", "--yes", "-y"}
_KINDS = {"float range": "number", "integer range": "whole number", "float": "number", "integer": "whole number"}
_ONE_OF = re.compile(r"'(.*)' is not one of ('[^']*'(?:, '[^']*')*)\.?$", re.DOTALL)
_KINDS |= {"int range": "whole number", "int": "whole number"}


def usage_error(error: TyperException) -> UsageError:
    """Our error for one of typer's, whose classes are private: told apart by what they carry."""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context else f"s3sync {CALL.command}".rstrip()
    option = getattr(error, "option_name", None)
    if option and hasattr(error, "possibilities"):
        return _no_option(option, command, _options(context), _options(context, every=True))
    if getattr(error, "param", None) is not None:
        name = _name(error.param)  # type: ignore[attr-defined]
        if type(error).__name__ == "MissingParameter":
            usage = " ".join([command, *context.command.collect_usage_pieces(context)])
            return UsageError(
                f"{_shown(error)} is missing", why=f"the command is: {usage}", hint=f"see `{command} --help`"
            )
        if error.param.param_type_name == "argument" and (word := _ONE_OF.match(error.message)):  # type: ignore[attr-defined]
            return _no_word(word[1], word[2], _usage(context, command), command)
        return UsageError(f"the value of {name} is not valid", why=_why(error), hint=f"see `{command} --help`")
    commands = getattr(context.command, "commands", None) if context else None
    if commands:
        return _no_command(CALL.command, list(commands))
    why, group = _usage(context, command), getattr(getattr(context, "parent", None), "command", None)
    words = getattr(group, "commands", None)
    if words and CALL.second and CALL.second not in words and "extra argument" in error.message:
        group_path = command.rpartition(" ")[0]
        return UsageError(
            f"there is no command {CALL.second!r} of `{group_path}`",
            why=f"its commands are {', '.join(words)}",
            hint=f"see `{group_path} --help`",
        )
    if words and command.count(" ") > 1:  # a word that was left out, as `list` of `members`, takes others for its own
        why += f"; the commands of `{command.rpartition(' ')[0]}` are {', '.join(words)}"
    return UsageError(_message(error), why=why, hint=f"see `{command} --help`")


def _usage(context: Any, command: str) -> str:
    pieces = context.command.collect_usage_pieces(context) if context else ["[OPTIONS]"]
    return f"the command is: {' '.join([command, *pieces])}"


def _shown(error: Any) -> str:
    """A parameter as the help names it."""
    return str(error.param.metavar or _name(error.param))


def _no_option(option: str, command: str, known: list[str], spellings: list[str]) -> UsageError:
    if command == "s3sync" and option in SHARED_NAMES:
        return UsageError(
            f"there is no option {option} before the command",
            why=f"`{command}` alone takes {', '.join(known)}",
            hint=f"write it behind the command: s3sync COMMAND {option}",
        )
    near = get_close_matches(option, spellings, 1, 0.7)
    hint = f"did you mean {near[0]}?" if near else f"see `{command} --help`"
    return UsageError(f"there is no option {option}", why=f"`{command}` takes {', '.join(known)}", hint=hint)


def _no_word(word: str, known: str, why: str, command: str) -> UsageError:
    """An argument that takes one of a few words: it has no name that its help would show."""
    near = get_close_matches(word, re.findall("'([^']*)'", known), 1)
    hint = f"did you mean `{command} {near[0]}`?" if near else f"see `{command} --help`"
    return UsageError(f"{word!r} is not one of {known}", why=why, hint=hint)


def _no_command(word: str, known: list[str]) -> UsageError:
    near = [MEANT[word]] if word in MEANT else get_close_matches(word, known, 1)
    hint = f"did you mean `s3sync {near[0]}`?" if near else "see `s3sync --help`"
    hint = BY_HAND.get(word, hint)
    what = f"there is no command {word!r}" if word else "no command was given"
    return UsageError(what, why=f"the commands are {', '.join(known)}", hint=hint)


def _options(context: Any, *, every: bool = False) -> list[str]:
    """Options of a command by their own names, or `every` spelling of them."""
    given = context.command.params if context else []
    names = [name for param in given for name in (param.opts if every else [_name(param)])]
    return [*(name for name in names if name.startswith("--")), "--help"]


def _name(parameter: Any) -> str:
    """A parameter's own name: the first long one, as the help has it, and no other spelling of it."""
    names: list[str] = parameter.opts
    return next((name for name in names if name.startswith("--")), names[0])


def _message(error: TyperException) -> str:
    text = error.message.rstrip(".")
    return text[:1].lower() + text[1:]


def _why(error: TyperException) -> str:
    text = error.message.rstrip(".").replace("is not in the range x>=0", "is less than 0")
    for kind, plain in _KINDS.items():
        text = text.replace(f"is not a valid {kind}", f"is not a {plain}")
    return text
