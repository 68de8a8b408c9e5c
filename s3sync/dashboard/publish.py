"""The public view in the store: behind a link with an end, or where a web host serves a prefix of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import md5

from msgspec import Struct, field

from s3sync.config import Settings
from s3sync.core.folder_names import segment_reason
from s3sync.core.names import STATE_DIR
from s3sync.core.times import format_time
from s3sync.dashboard.page import MARK, page_of
from s3sync.dashboard.public import public_view
from s3sync.dashboard.values import Dashboard
from s3sync.errors import AccessDenied, NotFound, Unsupported, UsageError
from s3sync.shared.pages import BY, TITLE, KeptPage, drop_ended, new_page_key, put_page
from s3sync.shared.unsaid import refuse_unsaid
from s3sync.store.aspects import Presigns, aspect
from s3sync.store.port import Create, Headers, Overwrite, Store, Update, WriteMode
from s3sync.store.seals import Seals
from s3sync.team.page_sharing import checked_title, end_page_at, id_of, pages_at
from s3sync.team.pages.frame import CONTENT_TYPE
from s3sync.team.sharing import EARLY, presigning

OF_THE_REPOSITORY = ".dashboard"
"""Name in place of a project's, below which the pages of a whole repository are kept: no project is called so."""
INDEX = "index.html"
MADE_WITH = "made-with"


class PublishReport(Struct):
    """Report of publishing, listing and ending. `made` is what was published, or with `dry_run` would be."""

    repo: str
    store: str
    dry_run: bool = False
    made: Dashboard | None = None
    size_bytes: int = 0
    id: str | None = None
    url: str | None = None
    key: str | None = None
    expires: datetime | None = None
    ends_early: bool = False
    pages: list[KeptPage] = field(default_factory=list)
    ended: bool = False


def kept_prefix(repo: str) -> str:
    """Prefix in place of a project's, for the pages of a repository."""
    return f"{repo}/{OF_THE_REPOSITORY}/"


def publish(
    settings: Settings,
    store: Store,
    board: Dashboard,
    *,
    lasts: timedelta,
    now: datetime,
    title: str | None = None,
    shows: Collection[str] = (),
    dry_run: bool = False,
) -> PublishReport:
    """Put the public view into the store, and make a link to it that ends.

    Raises `UsageError`, `ConfigError` for a user without a name, `Unsupported` for a store that makes no links,
    `Halt` for an encrypted repository whose settings do not say so, `StoreError`.
    """
    presigns, by = links_of(store, lasts), settings.require_user()
    refuse_unsaid(store, settings.repo)
    title, asked = checked_title(title, settings.repo), now + lasts
    view = public_view(board, title=title, by=by, until=format_time(asked), shows=shows)
    body = page_of(view)
    report = PublishReport(settings.repo, store.url, dry_run, view, len(body), expires=asked)
    if dry_run:
        return report
    key = new_page_key(kept_prefix(settings.repo), asked)
    at = put_page(store, key, body, CONTENT_TYPE, {BY: by, TITLE: title, MADE_WITH: MARK})
    link = presigns.presign_get(key, lasts=lasts)
    if at is not None:
        drop_ended(store, kept_prefix(settings.repo), at)
    report.id, report.url, report.key = id_of(key), link.url, key
    report.expires, report.ends_early = min(asked, link.expires), link.expires < asked - EARLY
    return report


def links_of(store: Store, lasts: timedelta) -> Presigns:
    """The store's links. Raises `UsageError` for a time that no link can last, `Unsupported`."""
    refuse_encrypted(store)
    try:
        return presigning(store, lasts)
    except Unsupported as error:
        hint = "--publish-to PREFIX writes it into the store, where a web host may serve it"
        raise Unsupported(error.message, why=error.why, hint=hint) from error


def refuse_encrypted(store: Store) -> None:
    """Raise `Unsupported` for the store of an encrypted repository."""
    if aspect(store, Seals) is not None:
        raise Unsupported(
            "an encrypted repository publishes no page",
            why="a browser opens what the store has, and that is encrypted",
            hint="`s3sync dashboard` without publishing shows the page on this computer",
        )


def publish_to(
    settings: Settings,
    store: Store,
    board: Dashboard,
    prefix: str,
    *,
    title: str | None = None,
    shows: Collection[str] = (),
    force: bool = False,
    dry_run: bool = False,
) -> PublishReport:
    """Put the public view to `<prefix>/index.html` in the store. It stays until it is replaced or deleted.

    Raises `UsageError` for a place among the repository's own, and where something else lies, unless `force`.
    """
    refuse_encrypted(store)
    refuse_unsaid(store, settings.repo)
    by, key = settings.require_user(), f"{checked_prefix(prefix, settings.repo)}/{INDEX}"
    title = checked_title(title, settings.repo)
    view = public_view(board, title=title, by=by, until=None, shows=shows)
    body, mode = page_of(view), _mode(store, key, force=force)
    report = PublishReport(settings.repo, store.url, dry_run, view, len(body), key=key)
    if not dry_run:
        told = Headers(metadata={BY: by, TITLE: title, MADE_WITH: MARK}, content_type=CONTENT_TYPE)
        store.put(key, body, mode=mode, headers=told, md5=md5(body, usedforsecurity=False).digest())
    return report


def list_published(settings: Settings, store: Store) -> PublishReport:
    """List the pages behind links that are still kept. Raises `StoreError`."""
    return PublishReport(settings.repo, store.url, pages=pages_at(store, kept_prefix(settings.repo)))


def end_published(settings: Settings, store: Store, word: str, *, dry_run: bool = False) -> PublishReport:
    """Delete a page behind a link, by its id or its link. Raises `UsageError` for one that is not there."""
    found = end_page_at(store, kept_prefix(settings.repo), word, dry_run=dry_run)
    if found is None:
        raise UsageError(
            f"no published dashboard {word[:200]!r} is in the store",
            why="it was ended, or it is of another repository",
            hint="`s3sync dashboard --list` shows them with their ids",
        )
    return PublishReport(settings.repo, store.url, dry_run, pages=[found], ended=True)


def checked_prefix(prefix: str, repo: str) -> str:
    """Prefix without slashes around it. Raises `UsageError` for one among the repository's own objects."""
    names = prefix.strip("/").split("/")
    reason = next((why for name in names if (why := segment_reason(name)) is not None), None)
    if "://" in prefix:
        reason = "it is an address, and not a prefix of this store: name another store with --store"
    elif names[0] == repo or STATE_DIR in names:
        reason = f"the files of the repository are in {repo}/"
    if reason is not None:
        raise UsageError(
            f"cannot publish to {prefix[:200]!r}", why=reason, hint="name a prefix: --publish-to site/films"
        )
    return "/".join(names)


def _mode(store: Store, key: str, *, force: bool) -> WriteMode:
    """Condition under which the page is put: over nothing, or over the page that is there now."""
    try:
        there = store.head(key)
    except NotFound:
        return Create()
    except AccessDenied:
        if force:
            return Overwrite()
        raise
    if force or there.metadata.get(MADE_WITH) == MARK:
        return Update(there.info.etag)
    raise UsageError(
        f"{key} is in the store already",
        why="it is no dashboard, and would be lost",
        hint="name another prefix; --force replaces it",
    )


def parts_told(view: Dashboard) -> Sequence[str]:
    """Names of the projects of a public view."""
    return [project.name for one in view.repositories for project in one.projects]
