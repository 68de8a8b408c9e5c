"""Review pages: made of chosen files, kept in the store until they end, opened by a link like that of a file.

The page holds links to the files themselves, not to copies: a client sees the newest cut, and nothing is paid twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core.media_types import Kind, kind_of, type_in_a_page
from s3sync.core.outcome import Problem
from s3sync.core.shares import LONGEST_TITLE, read_page_name
from s3sync.errors import UsageError
from s3sync.shared.pages import (
    BY,
    FILES,
    TITLE,
    KeptPage,
    described,
    drop_ended,
    list_pages,
    new_page_key,
    put_page,
)
from s3sync.store.aspects import Presigns
from s3sync.store.port import Store
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, ProjectAddress
from s3sync.sync.session import Session
from s3sync.team.pages.ffmpeg import Ffmpeg, find_ffmpeg
from s3sync.team.pages.frame import CONTENT_TYPE, Origin
from s3sync.team.pages.looking import Look, look_into
from s3sync.team.pages.review import Item, review_page
from s3sync.team.sharing import EARLY, LONGEST, Sharable, presigning, sharable

MOST_FILES = 100
"""Files of one page: each may have a picture in it."""
ASKED_AT_ONCE = 16
_ID = re.compile(r"[0-9a-f]{8}")


class SharedPage(Struct, frozen=True):
    """A page that was made. `url` is None in a dry run; `ends_early` as that of a link to a file."""

    title: str
    by: str
    expires: datetime
    id: str | None = None
    url: str | None = None
    ends_early: bool = False


class PageReport(Struct):
    """Report of making a page: `page` is None where none of the files can be shared; `files` are those on it."""

    place: ProjectAddress
    dry_run: bool = False
    page: SharedPage | None = None
    files: list[str] = field(default_factory=list)
    size_bytes: int = 0
    refused: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.refused else EXIT_DONE


class PagesReport(Struct):
    """Pages of a project: those that are there, or the one that was ended."""

    place: ProjectAddress
    pages: list[KeptPage] = field(default_factory=list)
    ended: bool = False
    dry_run: bool = False


def share_page(
    session: Session,
    words: Sequence[str],
    cwd: Path,
    *,
    lasts: timedelta = LONGEST,
    title: str | None = None,
    dry_run: bool = False,
) -> PageReport:
    """Make a page of files, and a link to it. Raises as `share` does, and `ConfigError` for a user without a name."""
    by, title = session.settings.require_user(), checked_title(title, session.project.name)
    presigns = presigning(session.store, lasts)
    found, refused = sharable(session, words, cwd)
    if len(found) > MOST_FILES:
        raise UsageError(
            f"{len(found)} files are too many for one page",
            why=f"a page holds up to {MOST_FILES}",
            hint="make several pages, each of some of them",
        )
    files, size = [one.file.name for one in found], sum(one.file.size_bytes for one in found)
    report = PageReport(session.place, dry_run, None, files, size, refused)
    if not found:
        return report
    program = find_ffmpeg()
    looks = look_into(session.project.staging, files, Ffmpeg(program) if program else None)
    report.warnings += looks.warnings
    asked = session.clock() + lasts
    items, ends = _items(presigns, found, looks.by_name, lasts)
    early = ends < asked - EARLY
    if dry_run:
        report.page = SharedPage(title, by, ends, ends_early=early)
        return report
    origin = Origin(by, ends, f"Ask {by} for a new link.")
    key = new_page_key(session.project.prefix, ends)
    told = {BY: by, TITLE: title, FILES: str(len(found))}
    now = put_page(session.store, key, review_page(title, items, origin), CONTENT_TYPE, told)
    link = presigns.presign_get(key, lasts=lasts)
    if now is not None:
        drop_ended(session.store, session.project.prefix, now)
    report.page = SharedPage(title, by, min(ends, link.expires), id_of(key), link.url, early)
    return report


def checked_title(title: str | None, otherwise: str) -> str:
    """Title of the page without blanks around it. Raises `UsageError` for what no title can be."""
    title = (title or "").strip() or otherwise
    if len(title) > LONGEST_TITLE or not title.isprintable():
        raise UsageError(
            "the title of a page cannot be that text",
            why=f"it has more than {LONGEST_TITLE} characters, or some that cannot be printed",
            hint="say it in a few words: --title 'Color, second pass'",
        )
    return title


def _items(
    presigns: Presigns, found: Sequence[Sharable], looks: dict[str, Look], lasts: timedelta
) -> tuple[list[Item], datetime]:
    """The files with their links, and when the first of these ends."""
    items: list[Item] = []
    ends: list[datetime] = []
    for one in found:
        name, look = one.file.name, looks.get(one.file.name, Look())
        opens = type_in_a_page(name)
        download = presigns.presign_get(one.key, lasts=lasts, download_as=Path(name).name)
        source = presigns.presign_get(one.key, lasts=lasts, content_type=opens) if opens is not None else None
        ends += [one.end(link.expires) for link in (download, source) if link is not None]
        facts = look.facts
        items.append(
            Item(
                name,
                Kind.AUDIO if look.is_sound else kind_of(name),
                one.file.size_bytes,
                download.url,
                source.url if source else None,
                look.poster,
                look.wave,
                facts.duration_s if facts else None,
                facts.width if facts else 0,
                facts.height if facts else 0,
                facts.codec if facts else None,
                look.plays,
            )
        )
    return items, min(ends)


def shared_pages(session: Session) -> PagesReport:
    """List the pages of a project that are in the store. Raises `StoreError`."""
    return PagesReport(session.place, pages_at(session.store, session.project.prefix))


def pages_at(store: Store, prefix: str) -> list[KeptPage]:
    """Pages that are kept for a prefix, with what their objects say of them. Raises `StoreError`."""
    with Aside(ASKED_AT_ONCE, "s3sync-pages") as threads:
        found = list(threads.map(lambda page: described(store, page), list_pages(store, prefix)))
    return [page for page in found if page is not None]


def end_page(session: Session, word: str, *, dry_run: bool = False) -> PagesReport:
    """Delete a page, by its id or its link. Raises `UsageError` for one that is not there, `StoreError`."""
    ended = end_page_at(session.store, session.project.prefix, word, dry_run=dry_run)
    if ended is None:
        raise UsageError(
            f"no page {word[:200]!r} is in the store",
            why="it was ended, or it is of another project",
            hint="`s3sync share --list` shows the pages with their ids",
        )
    return PagesReport(session.place, [ended], ended=True, dry_run=dry_run)


def end_page_at(store: Store, prefix: str, word: str, *, dry_run: bool = False) -> KeptPage | None:
    """Delete a page that is kept for a prefix; None for one that is not there. Raises `StoreError`.

    Whoever may write there can put another of its id beside it: all of that id go, and the one that lasts longest is
    told, so that none which still opens is said to have ended.
    """
    identity = word if _ID.fullmatch(word) else id_of(unquote(urlsplit(word).path))
    told: KeptPage | None = None
    for page in list_pages(store, prefix):
        if page.id == identity:
            told = described(store, page) or page
            if not dry_run:
                store.delete(page.key)
    return told


def id_of(key: str) -> str | None:
    """Id of the page of a key; None for a key that is none of a page."""
    said = read_page_name(key.rpartition("/")[2])
    return None if said is None else said[1]
