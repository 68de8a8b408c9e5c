"""Estimate for a dry run: bytes that each file would send or receive, and where deleted content would be kept."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from s3sync.core.etag import PART_SIZE, part_ranges
from s3sync.core.plan import Action, Do, Plan
from s3sync.core.records import part_file_key
from s3sync.core.unfinished import Direction, Unfinished
from s3sync.errors import LocalError
from s3sync.local.digests import PartDigests, open_file, range_xxh3
from s3sync.local.scan import LocalFile
from s3sync.shared.parts import read_part_file
from s3sync.shared.scan import COPY_FROM
from s3sync.spill.table import SpilledDict
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.sync.same_content import is_surely_same
from s3sync.sync.session import Session
from s3sync.sync.steps.elsewhere import Elsewhere
from s3sync.sync.steps.tools import content, here_by_content, there_by_content
from s3sync.sync.view import View
from s3sync.transfer.send.large import fingerprint


class Estimate:
    """Bytes of uploads and downloads, and names under which content stays.

    Reads the changed large files, and their part digests in the store.
    """

    def __init__(self, session: Session, state: StateDB, seen: View, plan: Plan) -> None:
        self._session, self._seen, self._plan = session, seen, plan
        self._ledger = UnfinishedTransfers(state)
        self._elsewhere = Elsewhere(seen, plan)

    @cached_property
    def _there(self) -> Mapping[str, str]:
        return there_by_content(self._seen)

    @cached_property
    def _here(self) -> Mapping[str, str]:
        return here_by_content(self._seen)

    def upload(self, path: str) -> int:
        file, known = self._seen.here.files[path], self._seen.digests_of(path)
        if known is not None and file.size >= COPY_FROM:
            twin = self._there.get(content(file.size, known.md5))
            if twin is not None and twin != path:
                return 0
        if file.size <= PART_SIZE:
            return file.size
        begun = self._ledger.find(path, Direction.UP)
        if begun is not None and begun.fingerprint == fingerprint(file):
            return file.size - _done(begun)
        there = self._seen.there.files.get(path)
        parts = self._ledger.parts_of(path, there.etag) if there is not None else None
        if parts is None or not self._session.store.capabilities.copy_part:
            return file.size
        return _changed(file, file.size, parts)

    def lives_on(self, action: Action) -> str | None:
        """The other name of what is deleted on the remote, by which the run would leave the copy in the trash out."""
        if not action.trash_remote:
            return None
        if (new := self._renamed.get(action.path)) is not None:
            return new
        found = self._elsewhere.of(self._session.store, action)
        return None if found is None else found.path

    @cached_property
    def _renamed(self) -> Mapping[str, str]:
        """The new name of each file on the remote that the plan copies on the server before it deletes the old one."""
        going, found = SpilledDict(bool), SpilledDict(str)
        deletions = (action for action in self._plan.actions if action.do is Do.DELETE_REMOTE and action.trash_remote)
        going.update((action.path, True) for action in deletions)
        for action in self._plan.actions if going else ():
            known = self._seen.digests_of(action.path) if action.do is Do.UPLOAD else None
            if known is None or action.local is None or action.local.size < COPY_FROM:
                continue
            old = self._there.get(content(action.local.size, known.md5))
            if old is not None and old in going and self._may_be_copied(old, self._seen.here.files[action.path]):
                found[old] = action.path
        return found

    def _may_be_copied(self, old: str, file: LocalFile) -> bool:
        """Whether the copy would be made: an MD5 in metadata.json alone is not enough for it."""
        twin, base = self._seen.there.files[old], self._seen.base.get(old)
        return is_surely_same(self._session.store, self._ledger, twin.record.name, twin, file, base)

    def download(self, path: str) -> int:
        there, here = self._seen.there.files[path], self._seen.here.files.get(path)
        size = there.entry.size
        if size >= COPY_FROM and content(size, there.entry.md5) in self._here:
            return 0
        if size <= PART_SIZE:
            return size
        begun = self._ledger.find(path, Direction.DOWN)
        if begun is not None and begun.fingerprint == there.etag:
            return size - _done(begun)
        if here is None:
            return size
        key = part_file_key(self._session.project.prefix, path)
        parts, received = read_part_file(self._session.store, key, there.etag, size)
        return size if parts is None else received + _changed(here, size, parts)


def _done(begun: Unfinished) -> int:
    return min(begun.size, begun.done_parts * begun.part_size)


def _changed(file: LocalFile, size: int, parts: PartDigests) -> int:
    """Bytes of the parts in which a file on this disk differs from a version of `size` bytes."""
    changed = size
    with suppress(LocalError, OSError), open(open_file(file), "rb", buffering=0) as stream:
        for number, (start, stop) in enumerate(part_ranges(size, parts.part_size)):
            if parts.xxh3[number : number + 1] == (range_xxh3(stream, start, stop),):
                changed -= stop - start
    return changed
