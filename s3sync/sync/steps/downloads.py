"""Downloads: a file is fetched, or copied from another one here, and placed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from msgspec.structs import replace

from s3sync.core.effects import Effect, Kind, Outcome
from s3sync.core.plan import Action, by_word
from s3sync.core.unfinished import Direction
from s3sync.errors import LocalError
from s3sync.local.place import place
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import COPY_FROM, RemoteFile
from s3sync.sync.steps.tools import Tools, content, here_by_content, wanted_of
from s3sync.transfer.fetch.download import copy_local, download
from s3sync.transfer.fetch.wanted import Downloaded
from s3sync.transfer.progress import Work


class Downloads(Tools):
    """Steps that bring a file to this disk."""

    def download(self, action: Action) -> Outcome:
        remote = self.seen.there.files[action.path]
        got = self._bring(action.path, remote, self.seen.here.files.get(action.path))
        return self._place(action, got, remote, self.seen.here.files.get(action.path))

    def _bring(self, path: str, remote: RemoteFile, old: LocalFile | None) -> Downloaded:
        """The bytes, from another file of this disk that holds them already, else from the store."""
        entry = remote.entry
        wanted = wanted_of(path, remote, replaces=old is not None)
        folder = self._partial
        same = self._here_by_content.get(content(entry.size, entry.md5)) if entry.size >= COPY_FROM else None
        twin = self.seen.here.files.get(same) if same is not None else None
        self.session.progress.begin(Work.DOWNLOAD, path, entry.size)
        try:
            if twin is not None:
                with suppress(LocalError):
                    found = copy_local(self.transport, wanted, folder, twin)
                    if found is not None:
                        return found
            return download(self.transport, wanted, folder, old)
        finally:
            self.session.progress.finish(Work.DOWNLOAD, path)

    @cached_property
    def _here_by_content(self) -> Mapping[str, str]:
        return here_by_content(self.seen)

    def _place(self, action: Action, got: Downloaded, remote: RemoteFile, expected: LocalFile | None) -> Outcome:
        path, mtime_ns, runs = action.path, remote.mtime_ns, remote.record.executable
        if got.parts is not None:
            self.transport.ledger.remember_parts(path, remote.etag, got.parts, sure=got.sure)
        try:
            file = place(
                got.where,
                self.session.project.staging,
                path,
                expected=expected,
                mtime_ns=mtime_ns,
                trash=self._trash,
                executable=runs,
                partial=self._partial,
            )
        except BaseException:
            self._drop(path, got)
            raise
        self._end(path, got)
        self.placed[path] = (file, got.digests)
        entry = replace(remote.entry, md5=got.digests.md5, mtime_ns=file.mtime_ns)
        told = entry if got.sure else by_word(entry)
        return Outcome(action, (Effect(Kind.FETCHED, path, file.size, told, None, got.bytes_received),))

    def _drop(self, path: str, got: Downloaded) -> None:
        self._partial.unlink(got.temp.name, missing_ok=True)
        self._end(path, got)

    def _end(self, path: str, got: Downloaded) -> None:
        """A large download is unfinished until its file has its name: until then a killed run can be resumed."""
        if got.parts is not None:
            self.transport.ledger.end(path, Direction.DOWN)
