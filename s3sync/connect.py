"""From settings to an open store and a project, once the user agreed to where they lead."""

from __future__ import annotations

from pathlib import Path

from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.errors import ConfigError, S3syncError
from s3sync.project import ProjectFolder, find_project, project_names
from s3sync.shared.projects import StoreProjects
from s3sync.store import StoreOptions, Wire, open_store
from s3sync.store.port import Pace, Store, Unlimited
from s3sync.trust import claim_name, is_known
from s3sync.trust import require as require_trust


def pace_of(settings: Settings) -> Pace:
    """The limit on the speed that the settings ask for."""
    if settings.bwlimit is None:
        return Unlimited()
    from s3sync.transfer.pace import pace_at

    return pace_at(settings.bwlimit)


def connect(
    settings: Settings,
    *,
    create: bool | None = None,
    pace: Pace | None = None,
    trusted: bool = False,
    first_use: bool = False,
    sealed: bool = True,
    by_name: bool = True,
) -> Store:
    """The store that the settings name. A folder store is made with `create`, but not where this clone knew one: its
    disk is not connected, and a new one on the empty mount point would look emptied. The embedded one is made by
    default. `first_use`: whoever calls knows that it was never used, and wants it made. Of an encrypted repository it
    is the sealed view, but for those who look after its keys (`sealed` False). `by_name`: whoever
    calls uses what lies under the repository's name there.

    Raises `NotTrusted` for a store that the user has not agreed to, unless `trusted` (for `init`, which is how to).
    Raises `ConfigError` for a folder store that overlaps the repository, and for settings that no longer count.
    """
    if settings.store_is_default and settings.root is not None and not create:
        from s3sync.config.above import refuse_store_above

        refuse_store_above(settings.root)
    _require_possible(settings)
    if not trusted:
        require_trust(settings, by_name=by_name)
        if create is not False:
            claim_name(settings)
    store = open_store(
        settings.store,
        StoreOptions(
            region=settings.region,
            endpoint_url=settings.endpoint_url,
            profile=settings.profile if settings.credentials == "profile" else None,
            credentials_path=settings.credentials_path,
            credentials_env=settings.credentials_env,
            env=settings.env,
            create=create is not False
            and (settings.store_is_default or (bool(create) and (first_use or not is_known(settings)))),
            private=settings.store_is_default,
            repository=settings.root,
            repo=settings.repo,
            wire=wire_of(settings),
            pace=pace or Unlimited(),
        ),
    )
    return _sealed(store, settings) if sealed else store


def _sealed(store: Store, settings: Settings) -> Store:
    """The sealed view of a store where the settings ask for it, or this user has a key of the place."""
    from s3sync.keys.known import is_encrypted

    if not is_encrypted(settings):
        return store
    from s3sync.keys.opening import sealed_store

    return sealed_store(store, settings)


def wire_of(settings: Settings) -> Wire:
    """Settings of the requests to the store."""
    return Wire(
        sse=settings.sse,
        kms_key_id=settings.kms_key_id,
        acl=settings.acl,
        request_payer=settings.request_payer,
        addressing=None if settings.addressing == "auto" else settings.addressing,
        ca_bundle=settings.ca_bundle,
        proxy=settings.proxy,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries=settings.retries,
        accelerate=settings.accelerate,
    )


def _require_possible(settings: Settings) -> None:
    """Raises `ConfigError` for a storage class, or a way to the store, that stores of this kind do not have."""
    scheme = scheme_of(settings.store)
    if settings.storage_class is not None and settings.storage_class not in scheme.classes:
        raise ConfigError(
            f"there is no storage class {settings.storage_class} {scheme.there}",
            why=f"{settings.origins.get('storage_class', 'a setting')} asks for it",
            hint=f"set storage_class to one of: {', '.join(scheme.classes)}"
            if scheme.classes
            else "take storage_class out",
        )
    asks_for_kms = next((name for name in ("kms_key_id", "sse") if "aws:kms" in _told(settings, name)), None)
    if asks_for_kms and scheme.vendor not in (None, "AWS"):
        why = f"{settings.origins.get(asks_for_kms, 'a setting')} asks for {asks_for_kms}, which only S3 has"
        hint = "take `sse` and `kms_key_id` out; there the bucket itself says which key encrypts"
        raise ConfigError(f"a KMS key of AWS encrypts nothing {scheme.there}", why=why, hint=hint)
    if settings.accelerate and scheme.vendor != "AWS":
        why = f"{settings.origins.get('accelerate', 'a setting')} asks for it, and only S3 on AWS has it"
        raise ConfigError("transfer acceleration is not possible here", why=why, hint="take `accelerate` out")


def _told(settings: Settings, name: str) -> str:
    """The encryption that a setting asks for; a key alone is one of KMS."""
    value = getattr(settings, name)
    return "" if value is None else "aws:kms" if name == "kms_key_id" else str(value)


def locate(settings: Settings, store: Store, cwd: Path, name: str | None) -> ProjectFolder:
    """Find the project on this disk, else among the store's, so that a teammate can fetch what is not here yet.

    Raises `ProjectError`, and `StoreError` where the store would have to say whether there is such a project.
    """
    return find_project(settings, cwd, name, remote=StoreProjects(store, settings.repo))


def projects_there(settings: Settings) -> list[str]:
    """The names of the repository's projects in the store; none where it cannot be asked."""
    try:
        return sorted(StoreProjects(connect(settings, create=False), settings.repo))
    except S3syncError:
        return []


def all_projects(settings: Settings, cwd: Path) -> list[str]:
    """The names of the repository's projects that have a staging folder here."""
    return project_names(settings, cwd)
