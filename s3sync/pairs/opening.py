"""From two words of a command line to two open places.

A word with a scheme is a store, one that begins with `/`, `./`, `../` or `~` a folder, and any other a project or,
where none has that name, a folder. Addresses on the command line are trusted as `--store` is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace as replaced
from pathlib import Path

from msgspec import Struct, structs

from s3sync.config import Settings, find_repo_root, load_settings, mask_url
from s3sync.config.leading import end_of
from s3sync.config.locate import default_store
from s3sync.config.schemes import name_of_scheme, remote_of, scheme_of
from s3sync.config.schemes import store as checked_address
from s3sync.config.values import BadValue
from s3sync.connect import connect
from s3sync.core.names import STATE_DIR, nfc
from s3sync.core.pairs import End, Overlap, common_root, overlap
from s3sync.core.sealed import current_key
from s3sync.errors import ConfigError, ProjectError, StoreError, Unsupported, UsageError
from s3sync.keys.known import is_encrypted, key_around
from s3sync.local.ignore import load_ignore
from s3sync.pairs.around import store_around
from s3sync.pairs.rules_around import warn_of_rules
from s3sync.pairs.values import Bucket, Folder, Place
from s3sync.project import find_project
from s3sync.staging import is_folder
from s3sync.store import endpoint_of
from s3sync.store.port import Pace, Unlimited

_PATHS = ("/", "./", "../", "~")


class Asked(Struct, frozen=True):
    """Two places as they were typed, and what goes with them. `profiles` are of A and of B, where they differ."""

    a: str
    b: str
    cwd: Path
    flags: Mapping[str, str | None]
    environ: Mapping[str, str]
    profiles: tuple[str | None, str | None] = (None, None)
    pace: Pace = Unlimited()

    def word(self, end: End) -> str:
        return self.a if end is End.A else self.b


class Opened(Struct, frozen=True):
    """Both places. `in_one_store`: the server can copy from one to the other."""

    places: Mapping[End, Place]
    in_one_store: bool = False


def is_address(word: str) -> bool:
    """True for the address of a store."""
    return "://" in word or name_of_scheme(word) != ""


def is_path(word: str) -> bool:
    """True for a folder that is named as one."""
    return word in (".", "..") or word.startswith(_PATHS) or (os.name == "nt" and word[1:2] == ":")


def open_places(asked: Asked, *, apart: bool = True) -> Opened:
    """Open both; nothing is made. `apart`: one may not be the other, nor lie in it. Stores are as they are: what is
    encrypted in them is ciphertext.

    Raises `UsageError`, `ConfigError`, `NotTrusted`, `StoreError`.
    """
    settings = {end: _settings(asked, end) for end in End}
    one = _one_store(asked, settings)
    opened = one or Opened({end: _open(asked, end, settings[end]) for end in End})
    warn_of_rules(settings[End.A], opened.places.values())
    if apart:
        _refuse_overlap(opened.places[End.A], opened.places[End.B])
    return opened


def _settings(asked: Asked, end: End) -> Settings:
    """The settings that a place is opened with: those of here, with its address in place of the store's."""
    word = asked.word(end)
    profile = asked.profiles[0 if end is End.A else 1]
    flags = {**asked.flags, **({"profile": profile} if profile else {})}
    # the store of the repository around has no part in it, and is not asked about
    flags["store"] = word if is_address(word) else default_store(asked.environ)
    try:
        found = load_settings(asked.cwd, flags=flags, environ=asked.environ)
        if found.endpoint_url is None or not is_address(word):
            return found
        own = load_settings(asked.cwd, flags={**flags, "store": None}, environ=asked.environ)
        if _is_server_of(own, word):
            return found
        origins = {name: origin for name, origin in found.origins.items() if name != "endpoint_url"}
        return replaced(found, endpoint_url=None, origins=origins)  # who named that server has no part in this place
    except ConfigError as error:
        if not is_address(word) or "flag --store" not in error.message:
            raise
        which = "first" if end is End.A else "second"
        raise UsageError(f"the {which} place is no store's address", why=error.why, hint=error.hint) from None


def _is_server_of(own: Settings, word: str) -> bool:
    """True if the server that the settings name is of the kind of store that an address names: of their own store, or,
    where that is a folder, S3."""
    kind = name_of_scheme(own.store)
    return name_of_scheme(word) == ("s3" if scheme_of(own.store).is_folder else kind)


def _open(asked: Asked, end: End, settings: Settings) -> Place:
    word = asked.word(end)
    if is_address(word):
        return _bucket(settings, asked)
    if not is_path(word):
        found = _project(asked, end)
        if found is not None:
            return found
    return _folder(asked, word, settings, may_be_file=end is End.A)


def _bucket(settings: Settings, asked: Asked) -> Bucket:
    """The place with that address, in a store that is opened above it: the address may be that of one object."""
    root, prefix = settings.store, ""
    above, _, last = root.rpartition("/")
    if scheme_of(root).is_folder:
        root, prefix = store_around(root)
    elif last and _is_address(above):
        root, prefix = above, f"{last}/"
    store = connect(_at(settings, root), create=False, pace=asked.pace, sealed=False, by_name=False)
    return Bucket(store, prefix, mask_url(settings.store), settings, endpoint_of(store) or "")


def _is_address(text: str) -> bool:
    try:
        return bool(text.partition("://")[2].strip("/")) and checked_address(text) == text
    except BadValue:
        return False


def _at(settings: Settings, address: str) -> Settings:
    return replaced(settings, store=address)


def _one_store(asked: Asked, settings: Mapping[End, Settings]) -> Opened | None:
    """Both in one store, which is opened at what their addresses have in common; None where they are in two."""
    if not (is_address(asked.a) and is_address(asked.b)) or asked.profiles[0] != asked.profiles[1]:
        return None
    a, b = settings[End.A].store, settings[End.B].store
    if name_of_scheme(a) != name_of_scheme(b) or scheme_of(a).is_folder:
        return None
    root = common_root(a, b)
    if not _is_address(root):
        return None
    root = root.rpartition("/")[0] if root in (a, b) and _is_address(root.rpartition("/")[0]) else root
    store = connect(_at(settings[End.A], root), create=False, pace=asked.pace, sealed=False, by_name=False)
    places = {}
    for end, address in ((End.A, a), (End.B, b)):
        below = address.removeprefix(root).strip("/")
        shown = mask_url(address)
        places[end] = Bucket(store, f"{below}/" if below else "", shown, settings[end], endpoint_of(store) or "")
    return Opened(places, in_one_store=True)


def _project(asked: Asked, end: End) -> Folder | None:
    """The project of that name; None where a folder has it and no project, or nothing is around that has projects."""
    word = asked.word(end)
    flags = {name: value for name, value in asked.flags.items() if name != "store"}
    try:
        settings = load_settings(asked.cwd, flags=flags, environ=asked.environ)
        project = find_project(settings, asked.cwd, word)
    except ProjectError as error:
        if is_folder(asked.cwd / word):
            return None
        raise ProjectError(
            f"there is no project and no folder {word!r:.80}",
            why=error.message if find_repo_root(asked.cwd) is not None else "and no repository is around",
            hint="look at the spelling; a store is named by its address, as s3://bucket/folder"
            if end is End.A
            else f"a new folder is named as ./{word:.80}, a store by its address, as s3://bucket/folder",
        ) from None
    if project.name != word.rstrip("/") and is_folder(asked.cwd / word):
        return None
    ignored = load_ignore(settings.ignore, project.repo_root, project.staging, silenced := set[str]())
    shown = f"project {project.name} ({project.staging})"
    return Folder(project.staging, shown, ignored, settings, project.name, silenced=silenced)


def _folder(asked: Asked, word: str, settings: Settings, *, may_be_file: bool) -> Folder:
    path = Path(word).expanduser() if word.startswith("~") else Path(word)
    root = end_of(asked.cwd.absolute() / path, word)
    if STATE_DIR in root.parts:
        raise UsageError(f"{word} is s3sync's own folder", why="what lies there is its memory", hint="name another one")
    only = None
    if root.is_file():
        if not may_be_file:
            raise UsageError(f"{word} is a file", why="B is a folder, a store or a project", hint="name its folder")
        root, only = root.parent, nfc(root.name)
    # what a folder's own file says may only add to what the user leaves out
    ignored = load_ignore(settings.ignore, None, root, silenced := set[str]())
    return Folder(root, word, ignored, settings, None, only, silenced)


def refuse_readable(place: Place, other: Place) -> None:
    """Raise `Unsupported` where files of this disk would be sent as they are, and an encrypted repository is around the
    user, or around the place in the store. That is asked for each folder on the way to it, as far as it may be read.
    """
    if not isinstance(place, Bucket) or not isinstance(other, Folder):
        return
    sealed = None if is_encrypted(place.settings) else _sealed_around(place)
    if sealed is not None:
        raise Unsupported(
            f"{other.shown} is not copied to {place.shown}",
            why=f"{sealed} there is an encrypted repository: the files would lie in it as anybody can read them, and"
            " its members could not use them",
            hint="`s3sync up` in a clone of it encrypts what it sends; what may be readable goes to a place beside it",
        )
    if is_encrypted(place.settings):
        raise Unsupported(
            f"{other.shown} is not copied to {place.shown}",
            why=f"{place.settings.repo} is encrypted, and the files would lie there as anybody can read them",
            hint="`s3sync up` encrypts what it sends; what is no file of the repository is copied from another folder",
        )


def _sealed_around(place: Bucket) -> str | None:
    """The path in the store of an encrypted repository that a place is in; None where none is known to be there.

    This user's own keys tell it, whatever the store says.
    """
    own = key_around(place.settings)
    if own is not None:
        return own
    store, path = place.store, place.prefix
    scheme = scheme_of(place.settings.store)
    if not scheme.is_folder:
        top = _whole(place.settings.store)
        at_top = _at(place.settings, top)
        if scheme.by_remote:  # which may be a folder here, around the repository: nothing but these names is looked at
            at_top = replaced(at_top, root=None)
        store = connect(at_top, create=False, sealed=False, by_name=False)
        path = place.settings.store.removeprefix(top)
    names = path.strip("/").split("/")
    for number in range(1, len(names) + 1):
        repo = "/".join(names[:number])
        try:
            store.head(current_key(repo))
        except StoreError:
            continue
        return repo
    return None


def _whole(address: str) -> str:
    """The address of the whole bucket or remote that an address is in."""
    if scheme_of(address).by_remote:
        name, path = remote_of(address)
        return f"rclone:{name}:{'/' * path.startswith('/')}"
    while _is_address(address.rpartition("/")[0]):
        address = address.rpartition("/")[0]
    return address


def is_made(place: Place) -> bool:
    """True for a store that is a folder somewhere, and may be made by whoever first writes to it."""
    scheme = scheme_of(place.settings.store)
    return isinstance(place, Bucket) and ((scheme.is_folder and not place.prefix) or scheme.by_remote)


def make(place: Bucket, pace: Pace) -> Bucket:
    """Make the folder of such a store. Raises `StoreError`, `DiskFull`."""
    return structs.replace(
        place, store=connect(place.settings, create=True, first_use=True, pace=pace, sealed=False, by_name=False)
    )


def _refuse_overlap(a: Place, b: Place) -> None:
    """Raise `UsageError` where one place is the other, or lies in it."""
    one, two = _where(a), _where(b)
    if one[0] != two[0]:
        return
    found = overlap(one[1], two[1])
    if found is None:
        return
    told = {
        Overlap.SAME: f"{a.shown} and {b.shown} are one place",
        Overlap.A_IN_B: f"{a.shown} lies in {b.shown}",
        Overlap.B_IN_A: f"{b.shown} lies in {a.shown}",
    }[found]
    raise UsageError(told, why="each run would copy its own copies", hint="name two places that are apart")


def _where(place: Place) -> tuple[str, str]:
    """Kind of place, and its address in it, with `/` between names: that of a folder store is its folder's."""
    if isinstance(place, Folder):
        return "folder", (place.root if place.only is None else place.root / place.only).as_posix()
    if scheme_of(place.settings.store).is_folder:
        return "folder", os.path.realpath(place.settings.store.partition("://")[2])
    return f"{name_of_scheme(place.settings.store)} {place.endpoint}", place.settings.store
