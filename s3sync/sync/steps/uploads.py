"""Uploads: a file is sent, or copied from where its content is already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from msgspec.structs import replace

from s3sync.core.effects import Effect, Kind, Left, Outcome
from s3sync.core.entries import Entry
from s3sync.core.manifest.record import FileRecord
from s3sync.core.plan import Action, by_word
from s3sync.core.times import format_ns, format_time
from s3sync.errors import (
    NotFound,
    PreconditionFailed,
    SourceChanged,
)
from s3sync.local.modes import may_be_run
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import COPY_FROM
from s3sync.store.port import Update, WriteMode
from s3sync.sync.same_content import is_surely_same
from s3sync.sync.steps.tools import Tools, content, there_by_content
from s3sync.transfer.progress import Work
from s3sync.transfer.send.server_copy import copy_on_server
from s3sync.transfer.send.source import Source, Uploaded
from s3sync.transfer.send.upload import upload


class Uploads(Tools):
    """Steps that publish a file."""

    def upload(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        key, mode = self._target(action)
        if action.trash_remote:
            self._trash_remote(action)
        return self._uploaded(action, action.path, file, self._send(action.path, file, key, mode))

    def _send(self, path: str, file: LocalFile, key: str, mode: WriteMode, scanned_as: str | None = None) -> Uploaded:
        """Publish a file. `scanned_as` is the path under which the scan saw it, if that is another."""
        known = self.seen.digests_of(scanned_as or path)
        settings, runs = self.session.settings, self._may_be_run(scanned_as or path, file)
        source = Source(
            path, file, known, settings.require_user(), self.session.project.name, runs, settings.storage_class
        )
        self.session.progress.begin(Work.UPLOAD, path, file.size)
        try:
            sent = self._copy_on_server(source, key, mode)
            if sent is None:
                sent = upload(self.transport, key, source, mode, mode.etag if isinstance(mode, Update) else None)
            return replace(sent, executable=runs) if runs else sent
        finally:
            self.session.progress.finish(Work.UPLOAD, path)

    def _may_be_run(self, path: str, file: LocalFile) -> bool:
        """Where this disk does not tell, what is said of the version on the remote."""
        there = self.seen.there.files.get(path)
        return may_be_run(file, self.session.project.staging, there is not None and there.record.executable)

    def _copy_on_server(self, source: Source, key: str, mode: WriteMode) -> Uploaded | None:
        known, size = source.known, source.file.size
        path = self._there_by_content.get(content(size, known.md5)) if known and size >= COPY_FROM else None
        if known is None or path is None:
            return None
        twin = self.seen.there.files[path]
        base, name, ledger = self.seen.base.get(path), twin.record.name, self.transport.ledger
        if twin.key == key or not is_surely_same(self.session.store, ledger, name, twin, source.file, base):
            return None
        headers, progress = source.headers(known), self.session.progress
        progress.expect(Work.COPY, 1, size)
        progress.begin(Work.COPY, source.path, size)
        try:
            etag = copy_on_server(self.transport, twin.key, twin.etag, size, key, mode, headers)
        except (PreconditionFailed, NotFound):
            etag = None  # the twin was replaced, perhaps by this very run; if it was the target, sending finds that out
        finally:
            progress.finish(Work.COPY, source.path)
        if etag is None:
            return None
        self.elsewhere.copied(twin.key, twin.etag, source.path, key, etag)
        progress.advance(Work.COPY, source.path, size)
        progress.reuse(Work.UPLOAD, source.path, size)
        parts = self.transport.ledger.parts_of(twin.record.name, twin.etag)
        return Uploaded(etag, known, None, 0, parts, twin.record.checksum)

    @cached_property
    def _there_by_content(self) -> Mapping[str, str]:
        return there_by_content(self.seen)

    def _uploaded(self, action: Action, path: str, file: LocalFile, sent: Uploaded) -> Outcome:
        self.placed[path] = (file, sent.digests)
        if sent.parts is not None:
            self.transport.publish_parts(path, sent.etag, file.size, sent.parts, sent.digests.md5, sure=sent.sure)
        record = FileRecord(
            name=path,
            size_bytes=file.size,
            uploaded_by=self.session.settings.require_user(),
            uploaded_at=format_time(self.session.clock()),
            md5=sent.digests.md5,
            etag=sent.etag,
            part_size=sent.part_size,
            modified_at=format_ns(file.mtime_ns),
            executable=sent.executable,
            checksum=sent.checksum,
        )
        entry = Entry(file.size, sent.digests.md5, sent.etag, file.mtime_ns)
        told = entry if sent.sure else by_word(entry)
        effect = Effect(Kind.SENT, path, file.size, told, record, sent.bytes_sent)
        return Outcome(action, (effect,), _edited(action, path) if sent.outdated else None)


def _edited(action: Action, path: str) -> Left:
    error = SourceChanged(
        "changed while it was being uploaded: what is on the remote is what it was before",
        hint="run the command again when the file is finished",
    )
    return Left(replace(action, path=path), error)
