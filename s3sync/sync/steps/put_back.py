"""The steps of an undo: an older version is brought back from where it lies."""

from __future__ import annotations

from pathlib import Path

from s3sync.core.effects import Effect, Kind, Outcome
from s3sync.core.executable import HEADER, as_metadata, is_executable
from s3sync.core.manifest.record import FileRecord
from s3sync.core.plan import Action
from s3sync.core.storage_class import class_of_new
from s3sync.core.times import format_time
from s3sync.errors import PreconditionFailed
from s3sync.local.place import place
from s3sync.local.scan import look_at
from s3sync.store.port import Headers
from s3sync.sync.steps.tools import USER_LENGTH, Tools
from s3sync.transfer.send.server_copy import copy_or_fail

PARTIAL_DEPTH = 3
"""Names of a file in `.s3sync/partial/` below the staging folder."""


class PutBack(Tools):
    """Steps that bring back an older version."""

    def put_back_local(self, action: Action) -> Outcome:
        """The version that stood here before; what stands here now goes to the trash.

        One from the trash keeps the mode that it had. One that was fetched gets that of the file that it replaces.
        """
        assert action.source is not None
        source, expected = Path(action.source), self.seen.here.files.get(action.path)
        staging = self.session.project.staging
        fetched = source.parent == self.session.project.state_dir / "partial"
        runs = fetched and bool(look_at(source, PARTIAL_DEPTH).runs)
        file = place(
            source,
            staging,
            action.path,
            expected=expected,
            mtime_ns=None,
            trash=self._trash,
            executable=runs,
            own_mode=not fetched,
        )
        return Outcome(action, (Effect(Kind.FETCHED, action.path, file.size, None),))

    def put_back_remote(self, action: Action) -> Outcome:
        """The version that stood there before, from where it is kept; what stands there now goes to the trash.

        What is said of it is what was said then: the object that it comes from may be another file's.
        """
        assert action.source is not None and action.undoes is not None
        key, mode = self._target(action)
        head = self.session.store.head(action.source)
        if action.source_etag not in (None, head.info.etag):
            raise PreconditionFailed(f"{action.source} is another version by now")
        if action.trash_remote:
            self._trash_remote(action)
        record, info = action.undoes.record, head.info
        by = record.uploaded_by if record else head.metadata.get("uploaded-by", "")
        said = {name: head.metadata.get(name, "") for name in ("md5", "mtime", HEADER)}
        if record:
            said = {"md5": record.md5 or "", "mtime": record.modified_at or "", **as_metadata(record.executable)}
        said |= {"uploaded-by": by[:USER_LENGTH], "project-id": self.session.project.name}
        kept_in = class_of_new(info.size, self.session.settings.storage_class)
        headers = Headers({name: value for name, value in said.items() if value}, storage_class=kept_in)
        etag = copy_or_fail(self.transport, action.source, info.etag, info.size, key, mode, headers)
        self.elsewhere.copied(action.source, info.etag, action.path, key, etag)
        new = FileRecord(
            name=action.path,
            size_bytes=info.size,
            uploaded_by=by or self.session.settings.require_user(),
            uploaded_at=record.uploaded_at if record else format_time(self.session.clock()),
            md5=record.md5 if record else said["md5"] or None,
            etag=etag,
            modified_at=record.modified_at if record else None,
            executable=record.executable if record else is_executable(head.metadata),
        )
        return Outcome(action, (Effect(Kind.SENT, action.path, info.size, None, new),))
