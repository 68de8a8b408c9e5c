"""The commands put together, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from s3sync._version import __version__
from s3sync.cli.call import CALL
from s3sync.cli.interrupt import INTERRUPTED
from s3sync.cli.output import OutputLost, error_json, error_lines, note, print_json, printable, said, warn
from s3sync.cli.root import Root
from s3sync.cli.usage import usage_error
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.errors import Interrupted, LocalError, NotAStore, NotTrusted, ProjectError, S3syncError, UsageError
from s3sync.transfer.progress import Work

_telling, _told = threading.Lock(), threading.Event()

app = typer.Typer(
    name="s3sync",
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    help="The shared folder for files that are too heavy for git, kept in your team's own S3 bucket.",
    epilog="Start with `s3sync init`. Without a command, s3sync says where things stand. "
    "Every command has --help with an example and its exit codes.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def root(version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit.")) -> None:
    if version:
        print(f"s3sync {__version__}")
        raise typer.Exit


def run_app(arguments: Sequence[str]) -> int:
    """Parse, run, and render whatever went wrong. Only `--debug` shows a traceback."""
    code = _run(arguments)
    if CALL.log_file is not None:
        from s3sync.cli.log_file import end_log

        end_log(code)
    return code


def _run(arguments: Sequence[str]) -> int:
    warnings.showwarning = _tell
    CALL.reset()
    try:
        if not arguments:
            from s3sync.cli.where import say_where_things_stand

            return say_where_things_stand()
        code = get_command(app).main(list(arguments), prog_name="s3sync", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except TyperException as error:
        return _fail(usage_error(error))
    except NotTrusted as error:
        return _ask_trust(arguments, error)
    except S3syncError as error:
        return _fail(error)
    except (KeyboardInterrupt, Abort):
        return say_interrupted()
    except OutputLost:
        raise
    except Exception as error:
        if isinstance(error, OSError) and CALL.help:  # typer writes it itself, past `say`
            raise OutputLost(error.errno, error.strerror) from error
        return _fail(_unexpected(error))


def complete(words: Sequence[str]) -> int:
    """Answer a shell that completes. Nothing that goes wrong may be on its screen."""
    with suppress(Exception):
        from s3sync.cli.completion import answer

        answer(get_command(app), list(words))
    return 0


def _ask_trust(arguments: Sequence[str], error: NotTrusted) -> int:
    """Run the command again when the user agrees to the place; it is refused before anything is done."""
    from s3sync.cli.agree import ask

    try:
        agreed = ask(error, CALL)
    except S3syncError as failed:
        return _fail(failed)
    except KeyboardInterrupt:
        return say_interrupted()
    return run_app(arguments) if agreed else _fail(error)


def _tell(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """A warning of s3sync's own as a line on stderr. Those of libraries are of no use to a user."""
    if category.__module__.startswith("s3sync."):
        warn(f"warning: {printable(str(message))}")


def say_interrupted() -> int:
    """Once, whoever comes first: the thread that works, or the one that waits for it to end."""
    error = interrupted()
    with _telling:
        if not _told.is_set():
            _told.set()
            _fail(error)
    return error.exit_code


def say_unending() -> int:
    """Just before a command is ended that took too much memory."""
    from s3sync.cli.memory import busy_in

    room, at_a_line = busy_in()
    error: S3syncError = NotAStore(
        "an answer of the store does not end",
        why="this command took more than a gigabyte of memory, which no honest answer needs",
        hint="check endpoint_url: is it an S3 server? nothing is lost: run the command again when it is",
    )
    if not at_a_line:
        error = LocalError(
            "this command takes more memory than any should",
            why=f"it has more than a gigabyte, and no server's answer was read then: it was busy in {room}",
            hint="nothing is lost: what was done is remembered. Something on this computer is far larger than it "
            "should be, as a file that others wrote: name fewer files or one project, see what `s3sync doctor` says, "
            "and report that line if it stays",
        )
    code = _fail(error)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code


def interrupted() -> Interrupted:
    """Message of what was done until Ctrl-C was pressed, and what resumes."""
    arrived = CALL.progress.arrived if CALL.progress else {}
    done = [
        f"{files_text(files)} ({size_text(size)}) {'uploaded' if work is Work.UPLOAD else 'downloaded'}"
        for work, (files, size) in arrived.items()
    ]
    again = f"run `s3sync {CALL.command}` again" if CALL.command else "run it again"
    if not CALL.writes or CALL.dry_run:
        return Interrupted("interrupted", why="nothing was changed", hint=f"nothing is lost: {again} when you like")
    return Interrupted(
        "interrupted",
        why=f"{', '.join(done) or 'no file was complete'} when Ctrl-C was pressed"
        if CALL.progress
        else "Ctrl-C was pressed",
        hint=f"nothing is lost: {again}, and it resumes where it stopped",
    )


def _fail(error: S3syncError) -> int:
    if CALL.meant and isinstance(error, UsageError):
        error.hint = f"did you mean `s3sync {CALL.meant}`?"
    if CALL.debug:
        traced = said(error, "".join(traceback.format_exception(error.__cause__ or error)))
        for line in traced.splitlines():  # behind a margin: words of a server in it begin no line of ours
            warn(f"| {line[: len(line) - len(line.lstrip(' '))]}{printable(line.strip(' '))}")
    if CALL.json and not CALL.answered:
        print_json(error_json(CALL.command, error))
    for line in error_lines(error):
        (note if CALL.json else warn)(line)
    return error.exit_code


def _folder_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return True
    return False


def _odd_name(error: UnicodeEncodeError) -> str:
    """The one name in a text that is no UTF-8. What stands beside it is not shown: it may be anything."""
    before, after = error.object[: error.start], error.object[error.start :]
    return short_text(re.split(r'[/\\"\s]', before)[-1] + re.split(r'[/\\"\s]', after)[0])


def _unexpected(error: Exception) -> S3syncError:
    wrapped: S3syncError
    if isinstance(error, FileNotFoundError) and _folder_is_gone():
        wrapped = ProjectError(
            "the folder that you are in is gone", why="it was deleted or moved", hint="`cd` into a folder that is there"
        )
    elif isinstance(error, UnicodeEncodeError) and sys.getfilesystemencoding() == "utf-8":
        # a byte that is no UTF-8 stands for itself in a name (PEP 383); files of that kind are told by the scan
        wrapped = ProjectError(
            "a name on the way to this folder is not UTF-8",
            why=f"what s3sync notes is UTF-8: {_odd_name(error)}",
            hint="rename that folder, or have the clone elsewhere",
        )
    elif isinstance(error, UnicodeEncodeError):
        wrapped = S3syncError(
            "a file name cannot be written in this system's encoding",
            why=f"the encoding is {sys.getfilesystemencoding()}",
            hint="set LC_ALL=C.UTF-8, or PYTHONUTF8=1",
        )
    else:
        wrapped = S3syncError(
            "s3sync met something it did not expect",
            why=f"{type(error).__name__}: {error}",
            hint="run it again with --debug and report what it says",
        )
    wrapped.__cause__ = error
    return wrapped
