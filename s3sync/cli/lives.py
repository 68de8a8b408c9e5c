"""A project that was named and is not here: where it lies, and on a terminal whether it is to come back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3sync.cli.call import Call
from s3sync.disk.current import named_folder

CENT = 0.01

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.archive.thaw import Price
    from s3sync.archives.naming import Lives
    from s3sync.errors import S3syncError


def where_it_lives(word: str, call: Call, root: str | Path = ".") -> Lives | None:
    """Home of the project that a word means, by this computer's catalogue; None for any other word."""
    from s3sync.config import load_settings
    from s3sync.errors import S3syncError

    try:
        if not load_settings(named_folder(root), flags=call.flags, environ=os.environ).archives:
            return None
        from s3sync.archives import Archives

        return Archives.open(path=root, flags=_flags(call), environ=os.environ).lives(word)
    except (S3syncError, OSError):
        return None


def of_empty(opened: Project, call: Call) -> Lives | None:
    """Home of a project that was found, and of which nothing is left but records."""
    from s3sync.staging import holds_files

    session = opened.session
    if not session.settings.archives or holds_files(opened.staging):
        return None
    return where_it_lives(opened.name, call, session.project.repo_root)


def archived_json(lives: Lives | None) -> dict[str, Any]:
    """Field of a document for it; none where the project is here."""
    if lives is None:
        return {}
    from s3sync.cli.show.lives import lives_json

    return {"archived": lives_json(lives)}


def offer(lives: Lives, call: Call, root: str | Path = ".") -> int:
    """Raise the error that says where a project lives; on a terminal ask first whether it is to be brought back."""
    from s3sync.cli.output import error_json, print_json
    from s3sync.cli.show.lives import error_of, lives_json

    error = error_of(lives, _prefix(call, root))
    if call.json:
        print_json({**error_json(call.command, error), "archived": lives_json(lives)})
        call.answered = True
    if not _asks(lives, call):
        raise error
    return _ask(lives, error, call, root)


def mention(lives: Lives, call: Call, root: str | Path) -> int:
    """Say where the files of a project live of which nothing is left here, and ask as `offer`; 8 where it is cold."""
    from s3sync.cli.output import note, warn
    from s3sync.cli.show.lives import error_of

    error = error_of(lives, _prefix(call, root))
    if _asks(lives, call):
        return _ask(lives, error, call, root)
    for line in _lines(error):
        (note if call.json else warn)(line)
    return _code(lives)


def _asks(lives: Lives, call: Call) -> bool:
    is_seen = sys.stdin.isatty() and sys.stderr.isatty() and not call.json and not call.quiet
    return is_seen and not call.dry_run and not (lives.is_cold and lives.is_thawing)


def _ask(lives: Lives, error: S3syncError, call: Call, root: str | Path) -> int:
    from s3sync.cli.output import answered_yes, printable, warn

    for line in _lines(error):
        warn(line)
    question = f"Bring {lives.unit} back now{', thawing it first (bulk)' if lives.is_cold else ''}?"
    return _bring_back(lives, call, root) if answered_yes(printable(question)) else _code(lives)


def _lines(error: S3syncError) -> Iterator[str]:
    from s3sync.cli.output import error_lines

    return (line.removeprefix("error: ") for line in error_lines(error))


def _code(lives: Lives) -> int:
    from s3sync.errors import Pending

    return Pending.exit_code if lives.is_cold else 0


def _prefix(call: Call, root: str | Path) -> str:
    """What stands before a command that is to be typed in another repository."""
    from s3sync.core.typed import typed

    return f"cd {typed(Path(root))} && " if call.repository else ""


def _bring_back(lives: Lives, call: Call, root: str | Path) -> int:
    """Restore it as `s3sync restore` does. The price that was shown was agreed to: a higher one is asked about."""
    from s3sync.archive.restoring import RestoreOptions
    from s3sync.archives import Archives
    from s3sync.cli.notices import telling
    from s3sync.cli.progress import watching
    from s3sync.cli.show.notices import of_restore
    from s3sync.cli.show.restore import ask, print_rest, print_restored

    shown = lives.ways[0].price

    with watching(call) as watch:
        archives = Archives.open(path=root, flags=_flags(call), environ=os.environ, progress=watch)
        asks = watch.before(ask)
        report = archives.restore(
            lives.unit,
            options=RestoreOptions(),
            confirm=lambda price: not _is_more(price, shown) or asks(price),
            told=print_restored(watch, quiet=call.quiet, verbose=call.verbose, dry_run=False),
        )
    with telling(call, archives.settings, lambda: of_restore(report, archives.settings, resume=False)):
        print_rest(report, quiet=call.quiet)
    return report.exit_code


def _is_more(price: Price, shown: Price) -> bool:
    """True if a price is another one than was shown: higher, or known only now."""
    if price.amount is None or shown.amount is None:
        return price.amount is not None or shown.amount is not None
    return price.amount > shown.amount + CENT / 2


def _flags(call: Call) -> dict[str, str | None]:
    """The flags that hold for archives, too: their stores are those of the sets."""
    return {name: value for name, value in call.flags.items() if name != "store"}
