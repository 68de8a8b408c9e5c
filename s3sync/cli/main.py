"""The entry point: from arguments to an exit code, with every error rendered once, here."""

from __future__ import annotations

import sys

from s3sync._version import __version__


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Nothing is imported for `--version`, which scripts ask often."""
    if arguments in (["--version"], ["-V"]):
        print(f"s3sync {__version__}")
        return 0
    from s3sync.cli.app import run_app

    return run_app(arguments)


if __name__ == "__main__":
    main()
