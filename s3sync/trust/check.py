"""True if a store may be opened: the decision, and what is said about it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from s3sync.config import REPO_FILE, Settings, is_of_repository, says_trust
from s3sync.config.locate import default_store
from s3sync.config.schemes import scheme_of
from s3sync.core.names import nfc
from s3sync.errors import Halt, LocalError, NotTrusted
from s3sync.trust.book import read_book, remember
from s3sync.trust.place import (
    Place,
    came_along,
    given_name,
    is_apart,
    is_given,
    is_renamed_at_will,
    name_in_store,
    place_of,
)

_NAMES = ("store", "endpoint_url", "profile", "kms_key_id")
_WORDS = {
    "endpoint_url": "the server", "profile": "the AWS profile", "kms_key_id": "the KMS key", "region": "the region",
}  # fmt: skip


class InsecureEndpoint(UserWarning):
    """Requests go to another computer unencrypted, or to whoever says that he is it, and nobody has agreed to that."""


def is_named_by_repository(settings: Settings) -> bool:
    """True if a file of the repository has a part in where files go or who signs."""
    return place_of(settings).repository_keys or bool(_names_of_repository(settings))


def _names_of_repository(settings: Settings) -> list[str]:
    """Settings that have a part in it, and that a file of the repository says. A profile, a KMS key and a region are
    AWS's: elsewhere nothing is done with them."""
    scheme = scheme_of(settings.store)
    used = ["store", *(["endpoint_url"] if scheme.has_server else [])]
    if scheme.vendor == "AWS":
        used += ["profile"] if settings.credentials == "profile" else []
        used += ["kms_key_id"]
        used += ["region"] if is_apart(settings.region) and settings.endpoint_url is None else []
    return [name for name in used if is_of_repository(settings.origins.get(name, "default"))]


def _parts_of_repository(settings: Settings, place: Place) -> str:
    """What a file of the repository names of a place whose store was typed, in words; empty where it was not."""
    names = _names_of_repository(settings)
    if not settings.origins.get("store", "").startswith("flag "):
        return ""
    words = [_WORDS[name] for name in names] + (["the keys"] if place.repository_keys else [])
    return " and ".join(words)


def is_trusted(settings: Settings) -> bool:
    """True if the user said it in person or agreed to it. Raises `ConfigError` when that cannot be read."""
    if says_trust(settings.env):
        return True
    if settings.store_is_default:
        return _says_name(settings) or not name_taken_by(settings)
    place = place_to_ask(settings)
    return place is None or any(found.place == place for found in read_book(settings.env))


def place_to_ask(settings: Settings) -> Place | None:
    """The place that a file of the repository has a part in, or in a store of the user's own its name there alone;
    None where the user says all of it. Not of the default store, whose names `name_taken_by` knows."""
    return place_of(settings) if is_named_by_repository(settings) else new_name(settings)


def new_name(settings: Settings) -> Place | None:
    """The name that somebody else gives it in the user's own stores, where he did not agree to it: as such, or as part
    of a place that he was asked about. Raises `ConfigError`."""
    place = given_name(settings)
    if place is None:
        return None
    own = default_store(settings.env)  # names in it are remembered without a question
    known = (found for found in read_book(settings.env) if found.repository == place.repository and found.store != own)
    if any(found.name == place.name and found.database_of is None for found in known):
        return None
    return place if is_given(settings) or is_renamed_at_will(Path(place.repository)) else None


_PARTS = {"store": "store", "endpoint": "endpoint_url", "profile": "profile", "kms_key": "kms_key_id"}


def is_place(settings: Settings, agreed: Place) -> bool:
    """True if the settings name the place that was agreed to, but for what the user says by himself: in another one of
    his files, or in his environment. In the default store it is `refuse_taken_name` that looks at the name."""
    place = place_of(settings)
    said = {part: getattr(place, part) for part, key in _PARTS.items() if _is_own_word(settings, key)}
    if settings.store_is_default:
        said["name"] = place.name
    return place == replace(agreed, **said)


def _is_own_word(settings: Settings, name: str) -> bool:
    origin = settings.origins.get(name, "default")
    return not origin.startswith("default") and not is_of_repository(origin)


def is_known(settings: Settings) -> bool:
    """True if this clone was set up with this store before. Raises `ConfigError` when that cannot be read."""
    return any(found.place == place_of(settings) for found in read_book(settings.env))


def name_taken_by(settings: Settings, name: str | None = None) -> list[str]:
    """Other repositories on this computer whose files lie in the default store under this one's name (or `name`), where
    the user did not agree that they are to be one. Raises `ConfigError`."""
    place, known = place_of(settings), read_book(settings.env)
    place = replace(place, name=name or place.name)
    return [] if any(found.place == place for found in known) else sharing(place, known)


def refuse_taken_name(settings: Settings, name: str | None = None) -> None:
    """Raise `NotTrusted` where another repository has the name in the default store."""
    if not settings.store_is_default or says_trust(settings.env):
        return
    others = name_taken_by(settings, name)
    if others:
        raise NotTrusted(
            f"another repository on this computer keeps its files under the name {name or settings.repo!r}",
            why=f"{others[0]} used it first, and the files of both would be one project's",
            hint="give this one another name with `s3sync init --repo NAME`; if both are to share their files, "
            "run `s3sync trust`",
            place=replace(place_of(settings), name=name or settings.repo),
        )


def claim_name(settings: Settings) -> None:
    """Remember which repository has its name in the default store, as far as that can be written."""
    if settings.store_is_default and settings.root is not None and not says_trust(settings.env):
        place = place_of(settings)
        if not any(found.place == place for found in read_book(settings.env)):
            with suppress(LocalError):
                remember(place, settings.env)


def sharing(place: Place, known: Iterable[Place]) -> list[str]:
    """The other repositories among them whose files lie under the same name of the same store."""
    found = (one for one in known if one.repository != place.repository and one.database_of is None)
    if place.is_name:
        return sorted({one.repository for one in found if name_in_store(one) == place.name})
    here = (place.store, place.endpoint, name_in_store(place))
    return sorted({one.repository for one in found if (one.store, one.endpoint, name_in_store(one)) == here})


def require(settings: Settings, *, by_name: bool = True) -> None:
    """Raise `NotTrusted` unless the store may be opened; warn of a line that others hear, and that nobody agreed to.

    `by_name`: what is under the repository's name there will be used.
    """
    if says_trust(settings.env):
        return
    if settings.store_is_default:
        if not _says_name(settings):
            refuse_taken_name(settings)
        _refuse_lost_store(settings)
        return
    place, named = place_of(settings), is_named_by_repository(settings)
    name = new_name(settings) if by_name and not named else None
    if name is not None:
        raise _refused_name(settings, name)
    heard = heard_by_others(settings, place)
    if not named and heard is None:
        return
    if any(found.place == place for found in read_book(settings.env)):
        return
    if named:
        raise _refusal(settings, place)
    warnings.warn(f"{heard} (`s3sync trust` ends this warning)", InsecureEndpoint, stacklevel=2)


def heard_by_others(settings: Settings, place: Place) -> str | None:
    """Reason why whoever is between here and the store can read and change files; None where nothing tells of one."""
    if place.unencrypted:
        return f"{place.endpoint} is not encrypted: whoever is in between can read and change your files"
    if not scheme_of(settings.store).by_remote:
        return None
    from s3sync.config.remotes import open_line

    found = open_line(settings.store, settings.env)
    return None if found is None else found.why


def _refuse_lost_store(settings: Settings) -> None:
    """Raise `Halt` where files of this clone went to a store, and nothing names one any more.

    On a branch without `.s3sync.yaml` they would be kept on this computer, and look as if they were sent.
    """
    if settings.archives:
        return  # what was agreed to may be the store of a set
    repository, own = place_of(settings).repository, default_store(settings.env)
    before = [found.place for found in read_book(settings.env) if found.repository == repository and not found.is_name]
    if not before or any(place.store == own or place.database_of is not None for place in before):
        return
    raise Halt(
        f"nothing says where the files of this repository go, and they went to {before[-1].destination} before",
        why=f"there is no store in {REPO_FILE}, and they would only be kept on this computer",
        hint=f"put it back, as with `git checkout -- {REPO_FILE}`, or name a store with `s3sync init --store URL`; "
        "where the files are to stay on this computer, `s3sync trust --forget`",
    )


def _says_name(settings: Settings) -> bool:
    """True if the user said the repository's name in person."""
    return _is_own_word(settings, "repo")


def previous(place: Place, environ: Mapping[str, str]) -> Place | None:
    """The place that was agreed to last for this repository, if it is another one. The default store needed no yes."""
    own = default_store(environ)
    known = [
        found.place
        for found in read_book(environ)
        if (found.repository, found.database_of) == (place.repository, place.database_of)
        and found.store != own
        and found.is_name == place.is_name
    ]
    return known[-1] if known and known[-1] != place else None


def _refusal(settings: Settings, place: Place) -> NotTrusted:
    before = previous(place, settings.env)
    open_line = ", without encryption" if place.unencrypted else ""
    parts = _parts_of_repository(settings, place)
    told = f"this repository {'now sends' if before else 'sends'} files to {place.destination}{open_line}"
    if parts:
        told = f"a file of this repository names {parts} for a store that you typed: {place.destination}{open_line}"
    files = {settings.origins[name] for name in _NAMES if name in settings.origins}
    source = next((origin for origin in sorted(files) if is_of_repository(origin)), "a file of the repository")
    why = f"{source} says so, and you have not agreed to it"
    if before and not parts:
        why += f"; {', '.join(place.changes_since(before))} before"
    # `s3sync trust` takes no flag of another command, and would agree to another place.
    is_by_flag = any(settings.origins.get(name, "").startswith("flag ") for name in _NAMES)
    agree = "run the command in a terminal and answer its question" if is_by_flag else "run `s3sync trust`"
    hint = f"look at it, then {agree}; in CI set S3SYNC_TRUST=1"
    return NotTrusted(told, why=why, hint=hint, place=place, parts=parts)


def _refused_name(settings: Settings, place: Place) -> NotTrusted:
    others = sharing(place, read_book(settings.env))
    why = f"{settings.origins.get('repo')} gives it that name, which is not its folder's, and you have not agreed to it"
    if settings.root is not None and came_along(settings.root):
        why = (
            "its folder came with the repository around it, whose committers named it, and you have not agreed to that"
        )
    elif settings.root is not None and place.name == nfc(settings.root.name):
        why = "its folder has that name, other users may rename the folder, and you have not agreed to the name"
    if others:
        why += f"; {others[0]} has the name, too"
    return NotTrusted(
        f"this repository would use what lies under the name {place.name} in {place_of(settings).store}",
        why=why,
        hint="look whose files these are, then run `s3sync trust`; S3SYNC_REPO says the name yourself; in CI set "
        "S3SYNC_TRUST=1",
        place=place,
    )
