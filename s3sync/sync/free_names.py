"""Names in a project for the files that clients sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from s3sync.core import limits
from s3sync.core.inboxes import free_name
from s3sync.core.names import without_case
from s3sync.local.ignore import load_ignore
from s3sync.shared.inboxes import Sent
from s3sync.spill.table import SpilledDict
from s3sync.sync.session import Session
from s3sync.sync.view import View


class Names:
    """Names at the top of a project that nobody has, and nobody had until lately: a copy here may still have it."""

    def __init__(self, session: Session, seen: View) -> None:
        project, manifest = session.project, seen.there.stored.manifest
        self._ignored = load_ignore(session.settings.ignore, project.repo_root, project.staging)
        self._known = SpilledDict(bool)
        sides: Sequence[Mapping[str, object]] = (seen.here.files, seen.there.files, seen.base, manifest.deleted)
        for paths in (*sides, dict.fromkeys(seen.hidden)):
            for path in paths:
                self.take(path)
        for claim in manifest.arriving.values():
            self.take(claim.name)
        cleaned = manifest.cleaned
        self._all_may_be_known = cleaned is not None and cleaned.files > limits.now.deletions_kept

    def take(self, path: str) -> None:
        self._known[without_case(path.partition("/")[0])] = True

    def free(self, sent: Sent) -> str | None:
        """A name for a file, which is taken from then on. Where too many files went to know them, never its own.

        None where the settings ignore that, too: nobody would ever see the file.
        """
        wanted = sent.name if not self._ignored(sent.name) else f"{sent.name}.received"

        def is_taken(name: str) -> bool:
            return without_case(name) in self._known or (self._all_may_be_known and name == wanted)

        name = free_name(wanted, sent.client, sent.at, is_taken)
        if self._ignored(name):
            return None
        self.take(name)
        return name
