"""The settings as they may be shown: credentials never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from s3sync.config.secrets import MASK, hidden, mask_url, without_keys

if TYPE_CHECKING:
    from s3sync.config.key import Mask
    from s3sync.config.settings import Settings


_KEY_ID = "AWS_ACCESS_KEY_ID"
_FILE_NAMES = {
    "aws_access_key_id": _KEY_ID,
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_SHORTEST_WITH_TAIL = 12


def masked(settings: Settings) -> list[tuple[str, str | None, str]]:
    """(name, value, origin) rows for `s3sync config`; a value that nobody set is None.

    Of an access key's id the last four characters are shown, of secrets, tokens and notification addresses nothing.
    The last row, `credentials`, says what requests are signed with.
    """
    from s3sync.config.spec import KEYS

    origins = settings.origins
    rows: list[tuple[str, str | None, str]] = [
        (key.name, _shown(key.mask, getattr(settings, key.name)), origins.get(key.name, "default")) for key in KEYS
    ]
    keys, source = _keys(settings)
    for name, value in keys.items():
        tail = value[-4:] if name == _KEY_ID and len(value) >= _SHORTEST_WITH_TAIL else ""
        rows.append((name, MASK + tail, source or origins.get(name, "environment")))
    rows.append(_credentials_row(settings))
    return [
        (name, None if value is None else _without(value, keys.values()), _without(origin, keys.values()))
        for name, value, origin in rows
    ]


def shown_value(name: str, value: str) -> str:
    """A value of a setting as it may be repeated to whoever typed it: without a login, a token or a secret."""
    from s3sync.config.spec import BY_NAME

    return hidden(_shown(BY_NAME[name].mask if name in BY_NAME else "none", value) or "")


def _shown(mask: Mask, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, Struct):
        from s3sync.core.archive.values import ArchiveSet

        if isinstance(value, ArchiveSet):
            return f"{value.source or 'the projects'} to {mask_url(value.store)}"
        value = structs.asdict(value)
    if isinstance(value, Mapping):
        parts = ((name, _shown(mask, part)) for name, part in value.items())
        return ", ".join(f"{name}: {part}" for name, part in parts if part is not None) or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(mask, part) or "-" for part in value) or (None if mask == "secret" else "")
    if mask == "secret":
        scheme, found, _ = str(value).partition("://")
        return f"{scheme}://{MASK}" if found else MASK
    return mask_url(str(value)) if mask == "address" else str(value)


def _without(text: str, secrets: Iterable[str]) -> str:
    """A secret that someone pasted into another setting stays hidden there too."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
        if len(secret) >= _SHORTEST_WITH_TAIL:
            text = text.replace(secret, MASK)
    return without_keys(text)


def _credentials_row(settings: Settings) -> tuple[str, str, str]:
    from s3sync.config.signing import signing

    if (signed := signing(settings)) is not None:
        return "credentials", *signed
    if settings.credentials == "keys":
        return "credentials", "access keys", settings.origins.get(_KEY_ID, "environment")
    if settings.credentials == "profile":
        return "credentials", f"profile {settings.profile}", settings.origins.get("profile", "default")
    return "credentials", "AWS's own chain (environment, profiles, SSO, roles)", "default"


def _keys(settings: Settings) -> tuple[Mapping[str, str], str | None]:
    """The keys by variable's name, and the file they are in when they come from a profile."""
    if settings.credentials == "keys":
        from s3sync.config.envfile import KEY_VARIABLES

        return {name: settings.env[name] for name in KEY_VARIABLES if settings.env.get(name)}, None
    profile = settings.profile or "default"
    path = Path(settings.env.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    return _profile_keys(path, profile), f"profile {profile} ({path})"


def _profile_keys(path: Path, profile: str) -> dict[str, str]:
    """A file that is missing or broken has no keys to show; what signs a request will complain about it."""
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        section = dict(parser.items(profile))
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}
    return {name: section[option] for option, name in _FILE_NAMES.items() if section.get(option)}
