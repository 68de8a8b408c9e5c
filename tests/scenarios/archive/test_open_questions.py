"""What happens here while `archive remove` waits for an answer: the copy that lets the archive go may be deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import remove_local
from s3sync.archive.run_report import Options, UnitState
from s3sync.archive.work import alone
from s3sync.archives import Archives
from s3sync.archives.leaving import LeavePlan, LeaveReport
from s3sync.errors import LockHeld
from tests.kit.people import Person
from tests.scenarios.archive.test_last_copies import PACKS, person


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def removed(ana: Person, meanwhile: Callable[[], object]) -> LeaveReport:
    """Remove an archive, with something that happens between the question and its answer, which is yes."""

    def confirm(plan: LeavePlan) -> bool:
        meanwhile()
        return True

    (report,) = Archives.open(path=ana.repo, environ=ana.env()).remove("m42", confirm=confirm)
    return report


def archives_of(vault: Path) -> set[str]:
    return {path.name for path in vault.rglob("*") if path.suffix in (".fits", ".tar", ".gz", ".zst")}


@pytest.mark.parametrize("pack", PACKS)
def test_an_archive_stays_whose_files_a_run_deletes_while_the_question_is_open(
    pack: str, vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `archive auto` does from a timer: each of the two has the other's copy for its proof."""
    ana = person(tmp_path, "ana", vault, pack)
    monkeypatch.setenv("HOME", ana.env()["HOME"])
    ana.ok("archive", "run", cwd=ana.repo)
    before = archives_of(vault)
    report = removed(ana, lambda: ana.ok("archive", "run", "m42", "--delete-local", cwd=ana.repo))
    assert not (ana.repo / "raw/m42").exists()
    assert not report.done and report.exit_code == 3 and "may be the last copy" in str(report.failed[0])
    assert archives_of(vault) == before
    ana.ok("restore", "m42", cwd=ana.repo)
    assert removed(ana, lambda: None).done and not archives_of(vault)


@pytest.mark.parametrize("name", ["light_1.fits", "notes.md"])
@pytest.mark.parametrize("edits", [False, True])
def test_so_does_one_of_which_a_file_is_deleted_or_edited(
    name: str, edits: bool, vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = person(tmp_path, "ana", vault, "tar")
    monkeypatch.setenv("HOME", ana.env()["HOME"])
    ana.ok("archive", "run", cwd=ana.repo)
    path = ana.repo / "raw/m42" / name
    report = removed(ana, lambda: path.write_bytes(b"other") if edits else path.unlink())
    assert not report.done and "m42.tar" in archives_of(vault)


def test_a_file_that_came_meanwhile_is_no_reason_to_keep_it(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = person(tmp_path, "ana", vault, "tar")
    monkeypatch.setenv("HOME", ana.env()["HOME"])
    ana.ok("archive", "run", cwd=ana.repo)
    assert removed(ana, lambda: (ana.repo / "raw/m42/new.fits").write_bytes(b"new")).done


def test_nothing_is_removed_while_a_run_may_be_deleting_files(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run verifies the archive, reads the files here, which takes long, and deletes them. What goes by no copy here
    waits for nobody."""
    ana = person(tmp_path, "ana", vault, "tar")
    monkeypatch.setenv("HOME", ana.env()["HOME"])
    ana.ok("archive", "run", cwd=ana.repo)
    archives = Archives.open(path=ana.repo, environ=ana.env())
    with alone(archives.channel(archives.chosen(None))):
        with pytest.raises(LockHeld):
            removed(ana, lambda: None)
        refused = ana.expect(6, "archive", "remove", "m42", "--yes", cwd=ana.repo)
        assert "another s3sync is working on the archives of this store" in refused.err
        assert "m42.tar" in archives_of(vault)
        (ana.repo / "raw/m42/light_1.fits").unlink()
        ana.ok("archive", "remove", "m42", "--yes", "--last-copies", cwd=ana.repo)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("takes", ["remove", "move"])
def test_a_run_keeps_files_whose_archive_goes_while_it_reads_them(
    pack: str, takes: str, vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another computer with the same disk has no lock of this one; nor has who takes plain files out of the store."""
    ana, ben = person(tmp_path, "ana", vault, pack), Person("ben", tmp_path / "ben", {})
    ana.ok("archive", "run", cwd=ana.repo)
    away = tmp_path / "away"

    def take() -> None:
        if takes == "move":
            (vault / "raw").rename(away)
            return
        ben.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
        ben.ok("archive", "remove", "m42", "--yes", cwd=ana.repo)

    real = remove_local._proven

    def proven(*args: Any) -> Iterator[Any]:
        yield from real(*args)
        if archives_of(vault):
            take()

    monkeypatch.setattr(remove_local, "_proven", proven)
    report = Archives.open(path=ana.repo, environ=ana.env()).run("m42", options=Options(delete_local=True))
    assert (ana.repo / "raw/m42/light_1.fits").exists() and (ana.repo / "raw/m42/notes.md").exists()
    (unit,) = report.units
    assert unit.state is UnitState.FAILED and "changed or removed while they were read" in str(unit.error)
