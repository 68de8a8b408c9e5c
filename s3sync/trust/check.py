"""True if a store may be opened: the decision, and what is said about it."""

from __future__ import annotations

import warnings

from s3sync.config import Settings, is_of_repository, says_trust
from s3sync.config.schemes import scheme_of
from s3sync.errors import NotTrusted
from s3sync.trust.book import read_book
from s3sync.trust.place import Place, is_apart, place_of

_NAMES = ("store", "endpoint_url", "profile", "kms_key_id")


class InsecureEndpoint(UserWarning):
    """Requests go over plain http to another computer, and nobody has agreed to that."""


def is_named_by_repository(settings: Settings) -> bool:
    """True if a file of the repository has a part in where files go or who signs."""
    names = _NAMES if scheme_of(settings.store).has_server else ("store",)
    used = [name for name in names if name != "profile" or settings.credentials == "profile"]
    if is_apart(settings.region) and settings.endpoint_url is None:
        used.append("region")
    origins = (settings.origins.get(name, "default") for name in used)
    return place_of(settings).repository_keys or any(map(is_of_repository, origins))


def is_trusted(settings: Settings) -> bool:
    """True if the user said it in person or agreed to it. Raises `ConfigError` when that cannot be read."""
    if says_trust(settings.env) or settings.store_is_default or not is_named_by_repository(settings):
        return True
    return any(found.place == place_of(settings) for found in read_book(settings.env))


def is_known(settings: Settings) -> bool:
    """True if this clone was set up with this store before. Raises `ConfigError` when that cannot be read."""
    return any(found.place == place_of(settings) for found in read_book(settings.env))


def require(settings: Settings) -> None:
    """Raise `NotTrusted` unless the store may be opened; warn of plain http that nobody agreed to."""
    if says_trust(settings.env) or settings.store_is_default:
        return
    place, named = place_of(settings), is_named_by_repository(settings)
    if not named and not place.unencrypted:
        return
    if any(found.place == place for found in read_book(settings.env)):
        return
    if named:
        raise _refusal(settings, place)
    text = f"{place.endpoint} is not encrypted: whoever is in between can read and change your files"
    warnings.warn(f"{text} (`s3sync trust` ends this warning)", InsecureEndpoint, stacklevel=2)


def previous(settings: Settings) -> Place | None:
    """The place that was agreed to last for this repository, if it is another one."""
    root = str(settings.root or "")
    known = [found.place for found in read_book(settings.env) if found.repository == root]
    return known[-1] if known and known[-1] != place_of(settings) else None


def _refusal(settings: Settings, place: Place) -> NotTrusted:
    before = previous(settings)
    open_line = ", without encryption" if place.unencrypted else ""
    told = f"this repository {'now sends' if before else 'sends'} files to {place.destination}{open_line}"
    files = {settings.origins[name] for name in _NAMES if name in settings.origins}
    source = next((origin for origin in sorted(files) if is_of_repository(origin)), "a file of the repository")
    why = f"{source} says so, and you have not agreed to it"
    if before:
        why += f"; {', '.join(place.changes_since(before))} before"
    # `s3sync trust` takes no flag of another command, and would agree to another place.
    is_by_flag = any(settings.origins.get(name, "").startswith("flag ") for name in _NAMES)
    agree = "run the command in a terminal and answer its question" if is_by_flag else "run `s3sync trust`"
    return NotTrusted(told, why=why, hint=f"look at it, then {agree}; in CI set S3SYNC_TRUST=1", place=place)
