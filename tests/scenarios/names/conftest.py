"""David on this system's own disk, and Jan, whose staging folder is on a disk of another system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.local.holds import ignores_case
from s3sync.store.folder import FolderStore
from s3sync.sync.report import RunReport, StatusReport
from tests.kit.people import PROJECT, REPO, Person
from tests.scenarios.names.disks import DISKS, Disk


@dataclass
class Pair:
    root: Path
    david: Person
    jan: Person

    def run(self, verb: str, **options: object) -> RunReport:
        """One of Jan's commands."""
        return _run(self.jan, verb, options)

    def davids(self, verb: str, **options: object) -> RunReport:
        report = _run(self.david, verb, options)
        assert report.exit_code == 0, report
        return report

    def status(self) -> StatusReport:
        """As Jan sees it."""
        return _open(self.jan).status()

    def states(self) -> dict[str, str]:
        return {file.name: file.state.value for file in self.status().files}

    def remote(self) -> dict[str, bytes]:
        """The objects of the project by their keys."""
        folder = self.root / "store" / self.jan.repo.name / PROJECT
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.relative_to(folder).parts[0] not in (".s3sync", "metadata.json")
        }


def _open(person: Person) -> Project:
    return Project.open(PROJECT, path=person.project, environ=person.env())


def _run(person: Person, verb: str, options: dict[str, object]) -> RunReport:
    report: RunReport = getattr(_open(person), verb)(**options)
    return report


@pytest.fixture
def people(tmp_path: Path) -> Pair:
    FolderStore(tmp_path / "store", create=True)
    david, jan = Person("david", tmp_path / "david"), Person("jan", tmp_path / "jan")
    for person in (david, jan):
        person.staging.mkdir(parents=True)
        (person.repo / ".s3sync.yaml").write_text(f"store: file://{tmp_path / 'store'}\nrepo: {REPO}\n")
    if ignores_case(david.staging):
        pytest.skip("this disk cannot be the one that tells every name apart")
    return Pair(tmp_path, david, jan)


@pytest.fixture
def put_on(people: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[None]]:
    """Call it with a disk's name: from then on Jan's staging folder is on such a disk."""
    with ExitStack() as stack:

        def put(kind: str) -> None:
            stack.enter_context(Disk(people.jan.staging, **DISKS[kind]))
            monkeypatch.setattr("s3sync.local.holds.WINDOWS", kind == "windows")

        yield put  # type: ignore[misc]
