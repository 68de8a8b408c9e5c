"""One call of the command line: which command, and the options that all commands share.

The parser fills it, nothing else looks at the arguments. It is filled before a command line is judged, so that an
error in it is said as the person wants it, too: with `--json` as JSON, with `--debug` with a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from s3sync.cli.progress import Lines


class Call(Struct):
    """The command being run, and its shared options. Options that a command does not take keep their default."""

    command: str = ""
    """With a group's second word: `trash restore`."""
    answered: bool = False
    """True if the JSON document was printed already, with the error in it."""
    meant: str = ""
    """A command that was probably meant, if what was typed turns out to fit nothing."""
    second: str = ""
    """The word behind a command that has second words, where it is none of them."""
    json: bool = False
    verbose: bool = False
    quiet: bool = False
    debug: bool = False
    log_file: str | None = None
    help: bool = False
    dry_run: bool = False
    wait: float = 0.0
    user: str | None = None
    store: str | None = None
    profile: str | None = None
    transfers: str | None = None
    bwlimit: str | None = None
    writes: bool = False
    """True if the command can change anything."""
    repository: str = ""
    """Short name by which a repository was named that is not the one around."""
    progress: Lines | None = None
    """Lines of what arrived so far, for whoever interrupts."""

    @property
    def flags(self) -> dict[str, str | None]:
        """Settings that were given as options."""
        names = ("user", "store", "profile", "transfers", "bwlimit")
        return {name: getattr(self, name) for name in names}

    @property
    def shows_progress(self) -> bool:
        return not self.quiet and not self.json

    def reset(self) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(_FRESH, name))


_FRESH = Call()
CALL = Call()
"""The call of this process: one command line each."""
