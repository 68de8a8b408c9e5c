"""Exchange of one project's files by a watch: send what is finished, ask what others did, fetch it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from s3sync.core.plan import Verb
from s3sync.core.reconcile import State
from s3sync.disk.errors import local_errors
from s3sync.errors import ProjectError, S3syncError, Unchanged
from s3sync.local.holds import ignores_case
from s3sync.local.ignore import load_ignore
from s3sync.local.scan import LocalFile
from s3sync.shared.manifest import read_manifest
from s3sync.sync.queueing import Careful, run_queue
from s3sync.sync.report import FileStatus, RunReport
from s3sync.sync.run import Options, run
from s3sync.sync.select import Exactly
from s3sync.sync.session import Session
from s3sync.sync.status import status
from s3sync.sync.view import is_of
from s3sync.team.githooks.waiting import Waits, compare
from s3sync.team.watching.told import Deleted

_NEWER = (State.REMOTE_NEW, State.REMOTE_MODIFIED)


def wrapped(error: OSError, staging: Path) -> S3syncError:
    """Error of ours for one of the system's, met in the staging folder."""
    try:
        with local_errors("cannot work in", staging):
            raise error
    except S3syncError as ours:
        return ours


class Exchange:
    """`session` is opened anew after each failure: by then credentials, settings or the network may be others. The
    staging folder may not: what is looked at, and locked, is the one that was there at first."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open = open_session
        self._session: Session | None = None
        self._staging: Path | None = None
        self._etag: str | None = None

    @property
    def session(self) -> Session:
        """Raises what opening a project raises, and `ProjectError` where the settings name another staging folder."""
        if self._session is None:
            session = self._open()
            staging = session.project.staging
            if staging != (self._staging or staging):
                raise ProjectError(
                    f"the staging folder is {staging} now, and {self._staging} is watched",
                    why="the settings name another one since the watch began",
                    hint="look at it, and start the watch again",
                )
            self._session, self._staging = session, staging
        return self._session

    def reopen(self) -> None:
        """Open the project anew for what comes next."""
        self._session = None

    def ignored(self) -> Callable[[str], bool]:
        """A test for what is not synced, as it is at this moment."""
        session = self.session
        return load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)

    def unknown(self, files: Mapping[str, LocalFile]) -> dict[str, LocalFile]:
        """Those of the files that were not sent or fetched as they are. Asks nobody."""
        found: dict[str, LocalFile] = {}
        with self.session.memory(read_only=True) as state:
            for path, file in files.items():
                base, digest = state.known(path)
                agreed = base is not None and digest is not None and (base.size, base.md5) == (digest.size, digest.md5)
                if not agreed or digest is None or not is_of(digest, file):
                    found[path] = file
        return found

    def send(self, files: Mapping[str, LocalFile]) -> RunReport:
        """Upload these files and no others. Raises as `run`."""
        staging = self.session.project.staging
        selector = Exactly(files, staging, ignores_case=ignores_case(staging))
        return run(self.session, Verb.UP, Options(selector))

    def send_queued(self, busy: Sequence[str], is_finished: Callable[[str], bool]) -> RunReport | None:
        """Send what waits in the queue, as `run_queue` does; None where nothing does. Raises as `run`."""
        return run_queue(self.session, Careful(busy, is_finished)).run

    def fetch(self) -> RunReport:
        """Download what is new or changed on the remote; what was deleted here stays deleted. Raises as `run`."""
        return run(self.session, Verb.DOWN, Options(leave_deleted=True))

    def ask(self) -> Waits | None:
        """Compare metadata.json with what this computer has; None where it has not changed since. One request."""
        session = self.session
        try:
            stored = read_manifest(session.store, session.project.prefix, unless=self._etag)
        except Unchanged:
            return None
        ignored = self.ignored()
        with session.memory(read_only=True) as state:
            waits = compare(session.project.name, stored.manifest, state.load_base(), ignored)
        self._etag = stored.etag
        return waits

    def forget(self) -> None:
        """Have the next question answered anew."""
        self._etag = None

    def list(self) -> tuple[Waits, Deleted]:
        """Look at the store itself, where other tools and clients may have put files: what waits, and what is gone."""
        report = status(self.session)
        waits, gone = Waits(self.session.project.name), Counter[State]()
        for file in report.files:
            gone[file.state] += 1
            if file.state in _NEWER:
                _add(waits, file)
        for one in report.incoming:
            waits.files, waits.size_bytes = waits.files + one.files, waits.size_bytes + one.size_bytes
            waits.by[one.client or ""] += one.files
        return waits, Deleted(gone[State.LOCAL_DELETED], gone[State.REMOTE_DELETED])


def _add(waits: Waits, file: FileStatus) -> None:
    waits.files += 1
    waits.size_bytes += file.size_bytes
    waits.by[file.uploaded_by or ""] += 1
