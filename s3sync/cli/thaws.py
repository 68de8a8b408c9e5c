"""Looks of a watch at the thaws that restores wait for: now and then, and never in its way."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.errors import S3syncError
from s3sync.team.watching.told import Thaws, Told, Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from s3sync.cli.notices import Digest
    from s3sync.config import Settings

EVERY_S = float(os.environ.get("_S3SYNC_THAWS", "900"))


class ThawLooks:
    """Poll of the archives of a repository every quarter of an hour, as `archive poll`. What a restore asked to be told
    of is sent as a notice, also where the watch sends none of its own."""

    def __init__(
        self, settings: Settings, root: Path, call: Call, tell: Callable[[Told], None], digest: Digest | None
    ) -> None:
        self._settings, self._root, self._call, self._tell, self._digest = settings, root, call, tell, digest
        self._due: float | None = None
        self._trouble = ""

    def look(self, now: float) -> None:
        """Look if it is time to. An error is told once, and the watch goes on."""
        if not self._settings.archives or (self._due is not None and now < self._due):
            return
        self._due = now + EVERY_S
        try:
            self._poll()
        except S3syncError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(Trouble(error))

    def _poll(self) -> None:
        from s3sync.archives import Archives
        from s3sync.archives.polling import EXPIRED, READY
        from s3sync.cli.notices import begin, warn_of_failures
        from s3sync.cli.show.notices import of_poll

        flags = {name: value for name, value in self._call.flags.items() if name != "store"}
        archives = Archives.open(path=self._root, flags=flags, environ=os.environ)
        report = archives.poll()
        ready = [(one.unit, one.until) for one in report.new if one.state == READY]
        over = [one.unit for one in report.new if one.state == EXPIRED]
        notices, sending = of_poll(report, self._settings), None
        if self._digest is not None:
            self._digest.add(notices)
        elif self._settings.notify and ready + over:
            sending = begin(self._settings, notices)
        archives.note_told(report)  # the notices are kept by now, also if this is killed
        if ready or over:
            self._tell(Thaws(ready, over))
        if sending is not None:
            warn_of_failures(sending)
