"""`cloud.provider`, `cloud.bucket` and `cloud.region`: other names of the store and its fields, for `config` alone.

The settings know one address, `store`. Where no bucket is chosen yet, `provider` remembers what kind one will be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from s3sync.config.schemes import SCHEMES, name_of_scheme
from s3sync.config.secrets import hidden
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.config.settings import Settings

PROVIDER, BUCKET, REGION = NAMES = ("cloud.provider", "cloud.bucket", "cloud.region")
_KINDS: Mapping[str, str] = {"s3": "s3", "gcs": "gs", "azure": "az"}
_ALSO: Mapping[str, str] = {"aws": "s3", "gs": "gcs", "google": "gcs", "az": "azure"}
_SEGMENTS: Mapping[str, int] = {"az": 2}
"""Names before the prefix in the address of a kind, where it is not the bucket's alone: account and container."""


def providers() -> tuple[str, ...]:
    """Providers whose stores this version knows."""
    return tuple(name for name, kind in _KINDS.items() if kind in SCHEMES)


def fields(settings: Settings) -> dict[str, str | None]:
    """The three as the settings have them; None for what nobody set."""
    kind, bucket, _ = _parts(settings.store)
    provider = next((name for name, known in _KINDS.items() if known == kind), settings.provider)
    return {PROVIDER: provider, BUCKET: bucket or None, REGION: settings.region}


def origins(settings: Settings) -> dict[str, str]:
    told = settings.origins
    store = told.get("store", "default")
    provider = store if _parts(settings.store)[1] else told.get("provider", "default")
    return {PROVIDER: provider, BUCKET: store, REGION: told.get("region", "default")}


def change(name: str, value: str | None, settings: Settings) -> dict[str, object]:
    """The settings to write for one of the three; None takes it back. Raises `UsageError`."""
    if name == REGION:
        return {"region": value}
    if value is None:
        if name == PROVIDER and settings.provider is None:
            raise UsageError(f"{name!r} is part of the store", hint="s3sync config unset store --repo")
        return {"store" if name == BUCKET else "provider": None}
    return _of_provider(value, settings) if name == PROVIDER else _of_bucket(value, settings)


def _of_provider(value: str, settings: Settings) -> dict[str, object]:
    provider = _ALSO.get(value.casefold(), value.casefold())
    if provider not in providers():
        raise UsageError(
            f"there is no provider {hidden(value)!r}",
            why=f"the providers are: {', '.join(providers())}",
            hint="for any other store that speaks S3's language, use s3 and the setting endpoint_url; for Dropbox, "
            "Google Drive and others: s3sync config set --repo store rclone:REMOTE:path",
        )
    kind, bucket, prefix = _parts(settings.store)
    if not bucket:
        return {"provider": provider}
    wanted = _KINDS[provider]
    if _SEGMENTS.get(kind, 1) != _SEGMENTS.get(wanted, 1):
        form = SCHEMES[wanted].form
        raise UsageError(
            f"{settings.store} does not say which store it would be at {provider}",
            why=f"the address of one there is {form}",
            hint=f"s3sync config set store {form.partition('[')[0]} --repo",
        )
    return {"store": _address(wanted, bucket, prefix)}


def _of_bucket(value: str, settings: Settings) -> dict[str, object]:
    kind, _, prefix = _parts(settings.store)
    if "://" in value:
        raise UsageError(f"{BUCKET} takes a name", why="an address was given", hint="s3sync config set store ADDRESS")
    if kind not in _KINDS.values():
        kind = _KINDS[settings.provider or "s3"]
    said = value.strip("/").split("/", _SEGMENTS.get(kind, 1))
    names, rest = said[: _SEGMENTS.get(kind, 1)], said[_SEGMENTS.get(kind, 1) :]
    found: dict[str, object] = {"store": _address(kind, "/".join(names), rest[0] if rest else prefix)}
    return found if settings.provider is None else {**found, "provider": None}


def _parts(store: str) -> tuple[str, str, str]:
    """Kind, bucket and prefix of an address; no bucket for a kind that is not of a cloud."""
    kind = name_of_scheme(store)
    if kind not in _KINDS.values():
        return kind, "", ""
    count = _SEGMENTS.get(kind, 1)
    names = store.partition("://")[2].split("/", count)
    return kind, "/".join(names[:count]), names[count] if len(names) > count else ""


def _address(kind: str, bucket: str, prefix: str) -> str:
    return f"{kind}://{bucket}/{prefix}" if prefix else f"{kind}://{bucket}"
