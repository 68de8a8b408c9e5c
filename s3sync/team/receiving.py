"""Inboxes: a page by which a client sends files without an account. `sync/incoming.py` takes them in.

The page holds a form that the store's own policy bounds: below one random prefix, up to a size, until an end. What a
store really refuses is tried out before anybody gets such a page.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import md5

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core.inboxes import FIELDS, MOST_BYTES, MOST_INBOXES, Inbox, Waiting, inbox_page, inbox_prefix
from s3sync.core.manifest.edits import Edits
from s3sync.core.times import format_time, parse_time
from s3sync.errors import NotFound, StoreError, Unsupported, UsageError, declined
from s3sync.shared.inboxes import ASKED_AT_ONCE, describe, entry_of, list_inboxes, summed
from s3sync.shared.manifest import StoredManifest, read_manifest, write_edits
from s3sync.shared.unsaid import refuse_unsaid
from s3sync.store.aspects import Presigns, aspect, require_aspect
from s3sync.store.forms import DropForm, Forms
from s3sync.store.port import Headers, ObjectInfo, Overwrite, Store, Written
from s3sync.sync.report import EXIT_DONE, OfProject, ProjectAddress
from s3sync.sync.session import Session
from s3sync.team.pages.frame import CONTENT_TYPE
from s3sync.team.pages.receive import ended_page, receive_page

DEFAULT = timedelta(days=2)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
PAGE = Headers(content_type=CONTENT_TYPE)
TRIAL_BYTES = 16
EARLY = timedelta(seconds=60)


class InboxState(Struct, frozen=True):
    """An inbox as it stands. `url` is there once, of one that was opened just now; `ends_early`: with the session."""

    id: str
    by: str
    at: datetime | None
    until: datetime | None
    ended: datetime | None = None
    waiting: tuple[Waiting, ...] = ()
    late: int = 0
    late_bytes: int = 0
    url: str | None = None
    ends_early: bool = False

    def is_open(self, now: datetime) -> bool:
        return self.ended is None and self.until is not None and now < self.until

    def __repr__(self) -> str:
        return f"InboxState(id={self.id!r}, by={self.by!r})"


class ReceiveReport(OfProject, Struct):
    """Report of `receive`: the inboxes that were opened, listed or ended."""

    place: ProjectAddress
    action: str
    inboxes: list[InboxState] = field(default_factory=list)
    lost: int = 0
    lost_bytes: int = 0
    """Objects that no inbox knows: of one that is over, or put there by somebody else."""
    discarded: int = 0
    discarded_bytes: int = 0
    asked_at: datetime | None = None
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        return EXIT_DONE


def receive(session: Session, *, lasts: timedelta = DEFAULT, dry_run: bool = False) -> ReceiveReport:
    """Open an inbox and make the link to its page.

    Raises `UsageError` for a time that no link can last, `Unsupported` for a store that makes no forms or does not
    keep to them, `Halt` for an encrypted repository whose settings do not say so, `StoreError`.
    """
    user = session.settings.require_user()
    if not SHORTEST <= lasts <= LONGEST:
        raise UsageError(
            "a page cannot work that long" if lasts > LONGEST else "a page cannot work that short",
            why="the store's signature lasts from 1 minute to 7 days",
            hint="use --expires 7d at most, and make another page later"
            if lasts > LONGEST
            else "write it as --expires 2d",
        )
    refuse_unsaid(session.store, session.settings.repo)
    presigns, forms = require_aspect(session.store, Presigns), aspect(session.store, Forms)
    if forms is None:
        raise Unsupported(f"{session.place.store} makes no forms", hint="use a store that can, such as a bucket on S3")
    stored, report = read_manifest(session.store, session.project.prefix), ReceiveReport(session.place, "open")
    if len(stored.manifest.inboxes) >= MOST_INBOXES:
        raise UsageError(
            f"the project has {len(stored.manifest.inboxes)} inboxes",
            why="each is looked at by every `down`",
            hint="end some first: `s3sync receive --list` shows them",
        )
    report.dry_run, report.asked_at = dry_run, session.clock()
    if dry_run:
        return report
    try_out(session.store, forms, inbox_prefix(session.project.prefix))
    inbox, at = secrets.token_hex(16), session.clock()
    form = forms.sign_form(
        inbox_prefix(session.project.prefix, inbox), lasts=lasts, most_bytes=MOST_BYTES, filled=FIELDS
    )
    page = inbox_page(session.project.prefix, inbox)
    link = presigns.presign_get(page, lasts=lasts)
    until = min(form.expires, link.expires)
    _put_page(session.store, page, receive_page(session.project.name, user, until, form))
    edits = _edits(session)
    edits.inboxes.opened[inbox] = Inbox(user, format_time(at), format_time(until))
    write_edits(session.store, session.project.prefix, stored, edits)
    report.inboxes.append(InboxState(inbox, user, at, until, url=link.url, ends_early=until < at + lasts - EARLY))
    return report


def list_open(session: Session) -> ReceiveReport:
    """List the inboxes that are looked at, and what lies in them."""
    stored = read_manifest(session.store, session.project.prefix)
    return _looked_at(session, stored, "list")


def end(
    session: Session,
    word: str,
    *,
    discard: bool = False,
    confirm: Callable[[ReceiveReport], bool] = lambda report: True,
    dry_run: bool = False,
) -> ReceiveReport:
    """End an inbox: its page says so from now on, and what arrives afterwards is not taken in.

    The form of a page that is open somewhere works until its own end: no store takes a signature back. `discard`: also
    delete for good what lies in it, once `confirm` has seen that, and nothing that came after it did. Raises `Halt`
    where the answer is no.
    """
    session.settings.require_user()
    stored = read_manifest(session.store, session.project.prefix)
    inbox = _named(stored, word)
    there = stored.manifest.inboxes[inbox]
    seen = _lying_in(session, stored, inbox) if discard and not dry_run else []
    if discard and not dry_run and not confirm(_looked_at(session, stored, "end", inbox)):
        raise declined("nothing was deleted, and the page has not been ended")
    if not dry_run and there.ended is None:
        key = inbox_page(session.project.prefix, inbox)
        page = ended_page(session.project.name, there.by, session.clock())
        written = _put_page(session.store, key, page)
        edits = _edits(session)
        edits.inboxes.ended[inbox] = format_time(written.at or session.clock())
        stored = write_edits(session.store, session.project.prefix, stored, edits)
    gone = _discard(session, stored, inbox, seen)
    report = _looked_at(session, stored, "end", inbox)
    report.dry_run = dry_run
    report.discarded, report.discarded_bytes = len(gone), sum(info.size for info in gone)
    return report


def _lying_in(session: Session, stored: StoredManifest, inbox: str) -> list[ObjectInfo]:
    """List what lies in an inbox, also what arrived after its end. The files that were taken in are others by now."""
    prefix = session.project.prefix
    lying = list_inboxes(session.store, prefix, stored.manifest.inboxes)
    return [info for info in (*lying.waiting, *lying.late) if entry_of(prefix, info).startswith(f"{inbox}/")]


def _discard(session: Session, stored: StoredManifest, inbox: str, seen: Sequence[ObjectInfo]) -> list[ObjectInfo]:
    """Delete what was seen, but for what somebody wrote anew since; returns what went."""
    now = {(info.key, info.etag) for info in _lying_in(session, stored, inbox)} if seen else ()
    going = [info for info in seen if (info.key, info.etag) in now]
    with Aside(ASKED_AT_ONCE, "s3sync-inbox") as threads:
        for _ in threads.map(lambda info: session.store.delete(info.key), going):
            pass
    return going


def _edits(session: Session) -> Edits:
    edits = session.edits()
    edits.counts_as_sync = False
    return edits


def _named(stored: StoredManifest, word: str) -> str:
    """The inbox that is meant, by its id or a beginning of it that only it has."""
    found = [key for key in stored.manifest.inboxes if word and key.startswith(word)]
    if len(found) != 1:
        raise UsageError(
            f"no inbox is called {word!r:.80}" if not found else f"{word!r:.80} begins {len(found)} inboxes",
            why="an inbox is named by its id, or by a beginning that only it has",
            hint="`s3sync receive --list` shows them",
        )
    return found[0]


def _put_page(store: Store, key: str, page: bytes) -> Written:
    digest = md5(page, usedforsecurity=False).digest()
    return store.put(key, page, mode=Overwrite(), headers=PAGE, md5=digest, timed=True)


def _looked_at(session: Session, stored: StoredManifest, action: str, only: str | None = None) -> ReceiveReport:
    prefix, inboxes = session.project.prefix, stored.manifest.inboxes
    report = ReceiveReport(session.place, action, asked_at=session.clock())
    lying = list_inboxes(session.store, prefix, inboxes)
    found = describe(session.store, prefix, lying.waiting)
    late: dict[str, list[ObjectInfo]] = {}
    for info in lying.late:
        late.setdefault(entry_of(prefix, info).partition("/")[0], []).append(info)
    for key, inbox in inboxes.items():
        if only in (None, key):
            sent = [one for one in found.sent if one.entry.startswith(f"{key}/")]
            mine = summed(sent, (info for info in found.unknown if entry_of(prefix, info).startswith(f"{key}/")))
            after = late.pop(key, [])
            times = (parse_time(text) if text else None for text in (inbox.at, inbox.until, inbox.ended))
            at, until, ended = times
            size = sum(info.size for info in after)
            report.inboxes.append(InboxState(key, inbox.by, at, until, ended, tuple(mine), len(after), size))
    if only is None:
        report.lost = sum(map(len, late.values()))
        report.lost_bytes = sum(info.size for infos in late.values() for info in infos)
    return report


def try_out(store: Store, forms: Forms, place: str) -> None:
    """Send forms that a store has to refuse, and one that it has to take. Raises `Unsupported` for one that errs.

    A server that follows `..` in a key, or looks at no policy, would let a stranger write over the project.
    """
    begin, beside = f"{place}{secrets.token_hex(16)}/", f"{place}{secrets.token_hex(16)}"
    form = forms.sign_form(begin, lasts=timedelta(minutes=5), most_bytes=TRIAL_BYTES, filled=FIELDS)
    filled = dict.fromkeys(FIELDS, "1")

    def stores(key: str, size: int, *, at: str) -> bool:
        status = forms.send_form(form, key, b"x" * size, filled)
        return status < 300 or _is_there(store, at)

    trials: list[tuple[Callable[[], bool], bool, str]] = [
        (lambda: stores(f"{begin}trial", 1, at=f"{begin}trial"), True, "it takes no file by a form"),
        (lambda: stores(f"{begin}large", TRIAL_BYTES + 1, at=f"{begin}large"), False, "it takes files of any size"),
        (lambda: stores(beside, 1, at=beside), False, "it lets a form write elsewhere"),
        (lambda: _leads_out(store, forms, form, begin, beside, filled), False, "it follows `..` in a key"),
    ]
    try:
        for attempt, wanted, fault in trials:
            if attempt() is not wanted:
                if wanted:  # where this user may not write at all, that is what is said
                    _put_page(store, f"{begin}trial", b"x")
                raise Unsupported(
                    f"{store.url} cannot take in files of clients",
                    why=f"{fault}, as a trial has shown",
                    hint="use another store for it, such as a bucket on AWS, or have the client send them another way",
                )
    finally:
        _remove(store, begin, beside)


def _leads_out(store: Store, forms: Forms, form: DropForm, begin: str, beside: str, filled: dict[str, str]) -> bool:
    """True if a key that begins as it should reaches one that does not. A key with `..` in it may well be stored."""
    last = beside.rpartition("/")[2]
    for way in (f"{begin}../{last}", f"{begin}./../{last}", f"{begin}%2e%2e/{last}", f"{begin}..\\{last}"):
        forms.send_form(form, way, b"x", filled)
    return _is_there(store, beside)


def _is_there(store: Store, key: str) -> bool:
    try:
        store.head(key)
    except NotFound:
        return False
    return True


def _remove(store: Store, begin: str, beside: str) -> None:
    """Leave nothing of the trial behind, as far as that can be: a rule of lifecycle sees to the rest."""
    try:
        for info in [*store.list(begin)]:
            store.delete(info.key)
        store.delete(beside)
    except StoreError:
        pass
