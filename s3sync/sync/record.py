"""The save phase: base, digest cache and metadata.json follow from outcomes, never from intentions."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.effects import Effect, Kind
from s3sync.core.entries import Entry
from s3sync.core.etag import part_count
from s3sync.core.manifest.edits import Edits, as_open
from s3sync.core.manifest.record import CleanedRecord, ConflictRecord, DeletedRecord
from s3sync.core.plan import Action, Agreed, Do, Plan, Verb, agreed
from s3sync.core.vouching import Overwrite, agrees
from s3sync.disk.durable import sync_folder
from s3sync.disk.errors import local_errors
from s3sync.errors import AccessDenied, LocalError
from s3sync.local.digests import Digests
from s3sync.local.ignore import IGNORE_FILE
from s3sync.local.scan import LocalFile
from s3sync.shared.history import Moving
from s3sync.shared.manifest import write_edits
from s3sync.state.intents import Intents
from s3sync.state.memory import CachedDigest, StateDB
from s3sync.state.overwrites import Overwrites
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.aspects import aspect
from s3sync.store.seals import Seals
from s3sync.sync.events import Events
from s3sync.sync.holding import Holding
from s3sync.sync.lacking import not_acknowledged
from s3sync.sync.rolled_back import remember_written
from s3sync.sync.scan import cache_entry, mtime_is_trustworthy
from s3sync.sync.session import Session
from s3sync.sync.silenced import OWN_RULES
from s3sync.sync.view import View

SAVE_EVERY_S = 30.0
"""On a long run the other user sees progress, and a crash loses no more than this."""
SAVING_SHARE = 0.1
"""Share of a run's time that publishing metadata.json may take: that of 100,000 files is 37 MB."""
BYTES_SHARE, RECORD_BYTES, HIDDEN_S = 0.05, 300, 300.0
"""Share of a run's bytes that publishing in the middle may take, and about how many a file's record has: of a thousand
small files metadata.json is as large as seventy. So long at most nothing is published. What only this computer
remembers until then is there all the same: objects are the truth."""


class Recorder:
    """Collects what really happened in one round and saves it, at the end and now and then.

    `tolerant`: whoever may only read the store gets no error because metadata.json cannot be written. What a cleanup
    deletes on the remote is recorded as cleaned up. `after_save` is called whenever this computer has remembered.
    """

    def __init__(
        self,
        session: Session,
        state: StateDB,
        seen: View,
        history: Moving,
        plan: Plan,
        *,
        tolerant: bool,
        after_save: Callable[[], None],
    ) -> None:
        self.placed: dict[str, tuple[LocalFile, Digests]] = {}
        """What now stands on the disk under a path: filled by the executor, from several threads."""
        self._session, self._state, self._tolerant = session, state, tolerant
        self._cleaning, self._cleaned, self._after_save = plan.verb is Verb.CLEANUP, 0, after_save
        self._events = Events(session, state, seen.there.stored.manifest, plan.verb, history)
        self._holding = Holding(plan, seen, session.settings.user)
        self._stored, self._ignores_case = seen.there.stored, seen.ignores_case
        self._seen = seen.there.stored.manifest
        self._base: dict[str, Entry | None] = {}
        self._digests: dict[str, CachedDigest] = {}
        self._decided: dict[str, ConflictRecord] = {}
        self._reopened: dict[str, ConflictRecord] = {}
        self._sealed = aspect(session.store, Seals) is not None
        self._published_at = time.monotonic()
        self._save_at, self._moved = self._published_at + SAVE_EVERY_S, 0
        self._edits = session.edits()
        self._edits.counts_as_sync = False
        self._edits.acknowledges = self._acknowledges = plan.acknowledges
        self._denied: AccessDenied | None = None
        self._edits.vanished.update(seen.there.vanished)
        for name, record in seen.there.repaired.items():
            if record.etag and part_count(record.etag) is not None:  # how long its parts are is known to who sent it
                parts = UnfinishedTransfers(state).parts_of(record.name, record.etag)
                record.part_size = parts.part_size if parts else record.part_size
            self._edits.repaired[name] = record
        self._intents = Intents(state)
        self._agreed, self._overwrites = seen.base, Overwrites(state)
        self._noted = set(self._overwrites.all()) if self._sealed else set[str]()
        self._by, self._at = self._edits.by, self._edits.at
        tell_deletions(self._intents, self._edits)
        cleaned = [deletion for deletion in self._edits.deleted.values() if deletion.cleaned]
        if cleaned:
            self._cleaned = len(cleaned)
            self._edits.cleaned = CleanedRecord(self._by, cleaned[-1].deleted_at, self._cleaned)

    def intend(self, actions: Iterable[Action]) -> None:
        """Before the first of them: note who deletes what is on the disk, whatever happens next.

        The base says again what it said before of what is undone: else a killed undo would leave an older version that
        looks like an edit of the newer one, and goes over it.
        The base forgets what is freed here: else its absence would look like the wish to delete it on the remote. The
        bases of other places also forget what is deleted here, or moved aside, because it was deleted in this one.
        """
        if vanished := self._edits.vanished:
            names = (
                action.kept_as or action.path
                for action in actions
                if action.do in (Do.UPLOAD, Do.KEEP_BOTH, Do.MOVE_ASIDE)
            )
            self._edits.doubted.update(name for name in names if name in vanished)
        going = (action for action in actions if action.do is Do.DELETE_REMOTE)
        first = next(going, None)
        if first is not None:
            self._intents.delete(map(self._deletion, chain([first], going)))
            if self._cleaning:
                self._announce(actions)
        if self._sealed:
            self._note_overwrites(actions)
        undone = ((action.path, action.undoes.base) for action in actions if action.undoes is not None)
        for some_undone in batched(undone, limits.now.files_before_save):
            self._state.save(base=dict(some_undone))
        freed = (action.path for action in actions if action.do is Do.FREE_LOCAL)
        for some in batched(freed, limits.now.files_before_save):
            self._state.save(base=dict.fromkeys(some))
            self._state.forget_elsewhere(some, in_any_case=self._ignores_case)
        leaving = (action.path for action in actions if action.do in (Do.DELETE_LOCAL, Do.MOVE_ASIDE))
        for some in batched(leaving, limits.now.files_before_save):
            self._state.forget_elsewhere(some, in_any_case=self._ignores_case)

    def _note_overwrites(self, actions: Iterable[Action]) -> None:
        """Note what goes over a version that this computer did not agree on, or will not have, as after an undo."""

        def over() -> Iterator[Overwrite]:
            for action in actions:
                if action.do not in (Do.UPLOAD, Do.PUT_BACK_REMOTE) or not action.remote or not action.remote.etag:
                    continue
                known = self._agreed.get(action.path)
                if action.undoes is not None or not agrees(known, action.remote.etag, action.remote.md5):
                    self._noted.add(action.path)
                    back = action.undoes.record if action.undoes is not None else None
                    yield Overwrite(action.path, action.remote.etag, (back and back.etag) or "")

        self._overwrites.note(over())

    def _deletion(self, action: Action) -> DeletedRecord:
        md5 = action.remote.md5 if action.remote else None
        return DeletedRecord(action.path, self._by, self._at, md5, self._cleaning)

    def _announce(self, actions: Iterable[Action]) -> None:
        """Record what a cleanup will delete, before it does: a sync in between takes nothing of it for deleted."""
        count = 0
        going: deque[DeletedRecord] = deque(maxlen=limits.now.deletions_kept)
        for action in actions:
            if action.do is Do.DELETE_REMOTE:
                count += 1
                going.append(self._deletion(action))
        self._edits.announced = {deletion.name: deletion for deletion in going}
        if count > limits.now.deletions_kept:  # what has no record of its own counts as cleaned up
            self._edits.cleaned = CleanedRecord(self._by, self._at, count)
        self._publish()

    def agree(self, found: Iterable[Agreed]) -> None:
        """Move the base where both sides hold the same."""
        for one in found:
            self._base[one.path] = one.entry
            if len(self._base) >= limits.now.files_before_save:
                self.save_here()

    def decide(self, plan: Plan) -> None:
        """Record what the plan decides about conflicts, with the deletion of the copy where it has one; and which it
        opens again, when the copy is back."""
        if not plan.decided and not plan.reopened:
            return
        self._events.decided([*plan.decided, *map(as_open, plan.reopened)])
        self._decided = {record.kept_as: record for record in plan.decided}
        self._reopened = {record.kept_as: record for record in plan.reopened}
        later = {action.path for action in plan.actions if action.path in {*self._decided, *self._reopened}}
        self._edits.resolved = [record for record in plan.decided if record.kept_as not in later]
        self._edits.reopened = [record for record in plan.reopened if record.kept_as not in later]

    def keep(self, action: Action, effect: Effect) -> None:
        self._base[effect.path] = agreed(effect.entry, None)
        self._events.happened(action, effect)
        self._holding.happened(action, effect)
        self._moved += effect.bytes
        if effect.record is not None:
            self._edits.files[effect.path] = effect.record
        if effect.kind is Kind.SENT and (reopened := self._reopened.get(effect.path)) is not None:
            self._edits.reopened.append(reopened)
        if effect.path == IGNORE_FILE and effect.kind is Kind.SENT and effect.entry is not None:
            self._state.remember(OWN_RULES, effect.entry.md5 or "")
        repaired = self._edits.repaired.get(effect.path) if effect.kind is Kind.FETCHED else None
        fetched = effect.entry if repaired is not None and repaired.md5 is None else None
        if repaired is not None and fetched is not None and fetched.etag == repaired.etag:
            repaired.md5 = fetched.md5  # of bytes that the store vouched for; those that an undo puts back are others
            self._edits.repaired[effect.path] = repaired
        if effect.kind is Kind.DELETED_THERE:
            self._edits.deleted[effect.path] = self._deletion(action)
            if (decided := self._decided.get(effect.path)) is not None:
                self._edits.resolved.append(decided)
            if self._cleaning:
                self._cleaned += 1
                self._edits.cleaned = CleanedRecord(self._by, self._at, self._cleaned)
        if action.do is not Do.FREE_LOCAL:
            self._edits.counts_as_sync = True

    def save_sometimes(self) -> None:
        now = time.monotonic()
        if now >= self._save_at:
            if self._sealed or self._is_worth_publishing(now):
                self.save()
            else:
                self.save_here()
                self._save_at = now + SAVE_EVERY_S
        elif len(self._base) >= limits.now.files_before_save:
            self.save() if self._sealed else self.save_here()

    def _is_worth_publishing(self, now: float) -> bool:
        """Deletions are always told: without them nobody knows whose they are."""
        records = len(self._stored.manifest.files) + len(self._edits.files)
        is_cheap = self._moved * BYTES_SHARE >= records * RECORD_BYTES
        return is_cheap or len(self._edits.deleted) > 0 or now - self._published_at >= HIDDEN_S

    def save(self) -> None:
        """This computer's memory first, then metadata.json. Either may fail alone: the next run repairs it.

        Of an encrypted project metadata.json is first: a base that is ahead of it would look like an older version that
        somebody put back (`core/vouching.py`).
        """
        began = time.monotonic()
        for step in (self._publish, self.save_here) if self._sealed else (self.save_here, self._publish):
            step()
        ended = self._published_at = time.monotonic()
        self._save_at, self._moved = ended + pause_after(ended - began), 0

    def save_here(self) -> None:
        """Save this computer's memory; metadata.json is left to later, or to the next run.

        Of an encrypted project it is never ahead of metadata.json: see `save`.
        """
        if self._sealed:
            untold = (self._edits.files, self._edits.repaired)
            self._base = {path: entry for path, entry in self._base.items() if not any(path in one for one in untold)}
        now = time.time_ns()
        placed = {path: self.placed.pop(path) for path in list(self.placed)}
        for folder in {os.path.dirname(file.where) for file, _ in placed.values()}:  # noqa: PTH120
            with local_errors("cannot write", folder), suppress(FileNotFoundError):
                sync_folder(folder)
        for path, (file, digests) in placed.items():
            if mtime_is_trustworthy(file, now):
                self._digests[path] = cache_entry(file, digests)
        if self._base or self._digests:
            self._state.save(base=self._base, digests=self._digests)
        self._base, self._digests = {}, {}
        self._after_save()

    def close(self) -> None:
        """Keep for the next write what the history was not told in this one."""
        with suppress(LocalError):
            self._events.close()

    def require_told(self) -> None:
        """Raise `AccessDenied` where this user wanted to say what he has, and may not: at the end, when it is here."""
        if self._acknowledges and self._denied is not None:
            raise not_acknowledged(self._denied) from self._denied

    def _publish(self) -> None:
        published = (self._stored.manifest.files, self._edits.repaired, self._edits.files)
        noted = self._intents.conflicts()
        self._edits.conflicts = [found for found in noted if any(found.kept_as in files for files in published)]
        if not self._edits.by or (not self._edits.counts_as_sync and not self._edits.substantial):
            return
        self._events.enter(self._edits)
        self._edits.seen = self._holding.now()
        try:
            prefix = self._session.project.prefix
            kept = self._session.kept_manifest(self._state)
            self._stored = write_edits(self._session.store, prefix, self._stored, self._edits, self._seen, kept)
        except AccessDenied as error:
            if not self._tolerant and not self._acknowledges:
                raise
            self._denied = error
        else:
            if self._sealed:
                remember_written(self._state, self._stored)
            self._intents.forget(chain(self._edits.conflicts, self._edits.deleted.values()))
            told = {path for path in self._noted if path in self._edits.files or path in self._edits.repaired}
            self._overwrites.forget(told)
            self._noted -= told
            self._events.told()
            self._holding.told(self._edits.seen)
        self._edits = self._session.edits()
        self._edits.counts_as_sync = False


def tell_deletions(intents: Intents, edits: Edits) -> None:
    """Publish deletions that an interrupted run left unpublished; drop those that are no longer true."""
    stale = []
    for deletion in intents.deletions():
        if deletion.name in edits.vanished:
            edits.deleted[deletion.name] = deletion
        else:
            stale.append(deletion)
    intents.forget(stale)


def pause_after(took_s: float) -> float:
    """Seconds until the next save, after one that took so many."""
    return max(SAVE_EVERY_S, took_s / SAVING_SHARE - took_s)
