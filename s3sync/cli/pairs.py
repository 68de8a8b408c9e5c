"""Common part of the commands on two places: opening, running, showing the report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.cli.pair_options import Picks
from s3sync.disk.current import current_folder
from s3sync.errors import S3syncError, UsageError

if TYPE_CHECKING:
    from s3sync.pairs.api import TwoPlaces
    from s3sync.pairs.filters import Filters
    from s3sync.pairs.report import PairReport

LARGEST_LIST = 128 * 1024 * 1024
"""Bytes of a list of paths: a million of usual ones."""


def two_places(call: Call, a: str, b: str, picks: Picks) -> TwoPlaces:
    """Both, not opened yet. Raises `UsageError` for a filter that is none."""
    from s3sync.pairs.api import TwoPlaces

    if call.store is not None:
        why = "both places are named already"
        raise UsageError("--store has no part in two places", why=why, hint="leave it out")
    return TwoPlaces(
        a, b, flags=call.flags, profile_b=picks.profile_b, filters=filters_of(picks), lock_wait_s=call.wait
    )


def filters_of(picks: Picks) -> Filters:
    """Filters of what was typed. Raises `UsageError` for one that is none."""
    from s3sync.pairs.filters import Filters, names_of, parse_size

    return Filters(
        tuple(picks.include or ()),
        tuple(picks.exclude or ()),
        None if picks.from_file is None else names_of(_read(picks.from_file)),
        None if picks.min_size is None else parse_size("--min-size", picks.min_size),
        None if picks.max_size is None else parse_size("--max-size", picks.max_size),
        picks.newer,
        picks.older,
    )


def _read(file: str) -> str:
    from s3sync.cli.named_files import read_named

    hint = "name a text file with one path a line, or - for stdin"
    try:
        return read_named(file, LARGEST_LIST, hint=hint).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {file}", why="it is not UTF-8 text", hint=hint) from error


def run_pair(call: Call, places: TwoPlaces, verb: Callable[[TwoPlaces], PairReport]) -> int:
    """Run, and show what was done, also where an error ended it."""
    from msgspec.structs import replace

    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.pairs import pair_json, print_pair

    stopped: S3syncError | None = None
    with watching(call) as progress:
        try:
            report = verb(replace(places, progress=progress))
        except S3syncError as error:
            if error.report is None:
                raise
            report, stopped = error.report, error
    if call.json:
        print_json(pair_json(report, stopped))
        call.answered = True
    else:
        print_pair(report, verbose=call.verbose, quiet=call.quiet)
    if stopped is not None:
        raise stopped
    return report.exit_code


def sync_places(
    call: Call,
    words: Sequence[str],
    project: str | None,
    towards: tuple[str | None, str | None],
    picks: Picks,
    wish: tuple[bool, bool, int | None],
) -> int | None:
    """Run `sync` on two places; None where its words mean files of a project.

    `towards` are the options --to-cloud and --to-local, `wish` --bidirectional, --delete and --max-delete.
    """
    both, delete, max_delete = wish
    pair = meant(
        call, words, *towards, current_folder(), is_asked=both or delete or picks.any or picks.profile_b is not None
    )
    if pair is None:
        return None
    if project:
        raise UsageError("--project has no part in two places", why="both are named already", hint="leave it out")
    places = two_places(call, *pair, picks)
    return run_pair(
        call,
        places,
        lambda opened: opened.sync(bidirectional=both, delete=delete, max_delete=max_delete, dry_run=call.dry_run),
    )


def meant(
    call: Call, words: Sequence[str], to_cloud: str | None, to_local: str | None, cwd: Path, *, is_asked: bool
) -> tuple[str, str] | None:
    """The two places that words of `sync` mean; None where they mean files of a project.

    `is_asked`: an option was given that only two places have. Raises `UsageError` for one that has no two places.
    """
    if to_cloud is not None or to_local is not None:
        return _towards(words, to_cloud, to_local)
    if len(words) == 2 and not _stays_project(call, words, cwd):
        return words[0], words[1]
    if is_asked:
        raise no_second_place(call, words, cwd) or UsageError(
            "this option is one of two places",
            why=f"{len(words)} were named, or none as an address or a path",
            hint="write `s3sync sync A B`, as ./footage s3://bucket/footage",
        )
    return None


def no_second_place(call: Call, words: Sequence[str], cwd: Path) -> UsageError | None:
    """The error where words of `sync` are places, and not two of them; None where they can be files of a project."""
    from s3sync.config import find_repo_root, mask_url
    from s3sync.pairs.opening import is_address, is_path

    shown = [mask_url(word)[:80] for word in words]
    why, places = "it is no file of a project", [word for word in words if not _stays_project(call, [word], cwd)]
    if find_repo_root(cwd) is None:
        if words and _names_repository(words[0]):
            return None
        why, places = "no repository is around, so that it is no file of a project", list(words)
    if not places:
        return None
    if len(words) > 2:
        return UsageError("`sync` takes two places", why=f"{len(words)} were named", hint="write `s3sync sync A B`")
    if len(words) == 2:
        if any(is_address(word) or is_path(word) for word in words):
            return None
        hint = f"write `s3sync sync ./{shown[0]} ./{shown[1]}`: the second one is made, if it is not there"
        if not (cwd / words[0]).exists():
            why += f", and no folder {shown[0]} is here"
            hint = "look at the spelling; a folder is named as ./folder, a store as s3://bucket/folder"
        return UsageError(f"neither {shown[0]} nor {shown[1]} is an address or a path", why=why, hint=hint)
    word, other = shown[0], "./folder" if is_address(words[0]) else "s3://bucket/folder"
    hint = f"write `s3sync sync {word} {other}`; or name files of a project, in its repository"
    if not is_address(words[0]) and not _real(cwd, words[0]).exists():
        why += f", and there is no folder {word}"
        hint = "look at the spelling; `s3sync sync A B` takes a folder as ./folder, a store as s3://bucket/folder"
    return UsageError(f"`sync {word}` lacks a second place", why=why, hint=hint)


def _names_repository(word: str) -> bool:
    """True for the short name of a remembered repository, or a project of one: what failed there, its error tells."""
    from s3sync.core.short_names import parted
    from s3sync.repositories.book import read_book

    try:
        return read_book(os.environ).named(parted(word)[0]) is not None
    except S3syncError:
        return False


def _real(cwd: Path, word: str) -> Path:
    return Path(os.path.realpath(cwd / Path(word).expanduser()))


def _towards(words: Sequence[str], to_cloud: str | None, to_local: str | None) -> tuple[str, str]:
    from s3sync.pairs.opening import is_address

    option, target = ("--to-cloud", to_cloud) if to_cloud is not None else ("--to-local", to_local or "")
    if to_cloud is not None and to_local is not None:
        raise UsageError("--to-cloud and --to-local contradict each other", hint="leave out one of them")
    if len(words) > 1:
        raise UsageError(f"{option} names the second place", why="two others were named, too", hint="name one")
    if to_cloud is not None and not is_address(to_cloud):
        raise UsageError(
            f"{option} takes a store's address", why=f"{to_cloud!r:.80} is none", hint="s3://bucket/folder"
        )
    if to_local is not None and is_address(to_local):
        raise UsageError(f"{option} takes a folder", why=f"{to_local!r:.80} is an address", hint="use --to-cloud")
    if not words and to_local is not None:
        raise UsageError(
            f"{option} needs the place to copy from", hint="write `s3sync sync s3://bucket/folder --to-local .`"
        )
    return (words[0] if words else "."), (target or "") if to_cloud is not None else _as_path(target or "")


def _as_path(word: str) -> str:
    from s3sync.pairs.opening import is_path

    return word if is_path(word) else f"./{word}"


def _stays_project(call: Call, words: Sequence[str], cwd: Path) -> bool:
    """True where words of `sync` mean files of a project, as they did before two places could be named.

    Paths that all lie in staging folders of the repository are such; an address never is.
    """
    from s3sync.config import find_repo_root, load_settings
    from s3sync.pairs.opening import is_address, is_path

    if any(map(is_address, words)):
        return False
    paths = [_real(cwd, word) for word in words if is_path(word)]
    if not paths:
        return True
    root = find_repo_root(cwd)
    if root is None or not all(path.is_relative_to(root) for path in paths):
        return False
    staging = tuple(load_settings(cwd, flags=call.flags, environ=os.environ).staging.split("/"))
    inside = (path.relative_to(root).parts for path in paths)
    return all(staging in (parts[: len(staging)], parts[1 : len(staging) + 1]) for parts in inside)
