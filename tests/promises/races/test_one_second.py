"""Two conflicts about one name within one second, as fast scripts have them: each copy gets a name of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from s3sync import Project
from s3sync.core.plan import Verb
from s3sync.sync.report import RunReport
from s3sync.sync.run import Options, run
from tests.kit.people import pair

NOON = datetime(2025, 11, 3, 12, 0, 0, tzinfo=UTC)


def test_two_conflicts_within_one_second_keep_all_three_versions(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    opened = {person.name: Project.open(path=person.project, environ=person.env()) for person in (david, jan)}

    def sync(name: str) -> RunReport:
        """At noon, whatever the clock says."""
        return run(replace(opened[name].session, clock=lambda: NOON), Verb.SYNC, Options())

    for number in range(2):
        david.write("draft.mp4", f"david's version {number}")
        jan.write("draft.mp4", f"jan's version {number}")
        sync("david")
        report = sync("jan")
        assert (report.exit_code, list(report.failed)) == (4, [])
    sync("david")
    assert david.files() == jan.files()
    assert {jan.read(name) for name in jan.files()} == {b"david's version 1", b"jan's version 0", b"jan's version 1"}
    assert set(jan.files()) == {"draft.mp4", *(f"draft.conflict-jan-20251103-12000{number}.mp4" for number in range(2))}
