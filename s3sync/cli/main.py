"""The entry point: from arguments to an exit code, with every error rendered once, here."""

from __future__ import annotations

import errno
import os
import sys

from s3sync._version import __version__
from s3sync.cli.interrupt import end, end_after_ctrl_c
from s3sync.cli.memory import end_when_memory_is_out


def main() -> None:
    end_after_ctrl_c(_say_interrupted)
    end_when_memory_is_out(_say_unending)
    end(run(sys.argv[1:]))


def _say_interrupted() -> None:
    from s3sync.cli.app import say_interrupted

    say_interrupted()


def _say_unending() -> None:
    from s3sync.cli.app import say_unending

    say_unending()


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Nothing is imported for `--version`, which scripts ask often."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    try:
        if arguments in (["--version"], ["-V"]):
            print(f"s3sync {__version__}")
            code = 0
        elif "_S3SYNC_COMPLETE" in os.environ:
            from s3sync.cli.app import complete

            code = complete(arguments)
        else:
            from s3sync.cli.app import run_app

            code = run_app(arguments)
        sys.stdout.flush()
    except OSError as error:  # of stdout alone: `run_app` renders every other error
        return _output_lost(error)
    return code


def _output_lost(error: OSError) -> int:
    """Whoever reads stdout went away, which is theirs to do, or it cannot be written, which is an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        why = error.strerror or type(error).__name__
        sys.stderr.write(
            f"error: cannot write the output\n  why: {why}\nhint: send it elsewhere; the command is done\n"
        )
    return 1


if __name__ == "__main__":
    main()
