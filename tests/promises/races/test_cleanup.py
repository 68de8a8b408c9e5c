"""`cleanup --local` asks before it deletes, and the remote may be another one by the time of the answer."""

from __future__ import annotations

from pathlib import Path

from s3sync import Project
from s3sync.sync.report import CleanupReport
from tests.kit.people import pair


def test_what_left_the_remote_during_the_question_stays_here(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for name in ("edited.mp4", "gone.mp4", "same.mp4"):
        david.write(name, f"david's {name}")
    david.ok("sync")
    jan.ok("down")

    def answer(report: CleanupReport) -> bool:
        assert len(report.deleted) == 3
        jan.ok("cleanup", "gone.mp4", "--yes")
        jan.write("edited.mp4", "jan's edit")
        jan.ok("up")
        return True

    report = Project.open(path=david.project, environ=david.env()).cleanup(local=True, confirm=answer)
    assert [item.name for item in report.deleted] == ["same.mp4"]
    assert sorted(item.path for item in report.kept) == ["edited.mp4", "gone.mp4"]
    assert set(david.files()) == {"edited.mp4", "gone.mp4"}
    assert david.states() == {"edited.mp4": "remote_modified", "gone.mp4": "cleaned_up", "same.mp4": "remote_new"}
