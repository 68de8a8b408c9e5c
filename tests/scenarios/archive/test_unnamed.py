"""Files of an archive that its index does not name may be last copies: removing and replacing ask the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import underway
from s3sync.archive.run_report import Options
from s3sync.archives import Archives
from s3sync.archives.leaving import LeavePlan
from s3sync.errors import Halt
from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put, settings
from tests.scenarios.archive.test_last_copies import PACKS, overwrite, person
from tests.scenarios.archive.test_run import SET

Index = dict[str, Any]
LOST = "raw/m42/light_1.fits"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def name_of(pack: str) -> str:
    return ".s3sync/archive/sessions.jsonl" if pack == "none" else f"raw/m42.{pack}.index.json"


def rewrite(vault: Path, pack: str, change: Callable[[Index], None]) -> None:
    """Change an index as whoever may write into the store can."""
    index = json.loads((vault / name_of(pack)).read_bytes())
    change(index)
    overwrite(vault, name_of(pack), json.dumps(index).encode() + b"\n")


def objects(vault: Path) -> set[str]:
    found = (path.relative_to(vault).as_posix() for path in (vault / "raw").rglob("*") if path.is_file())
    return {name for name in found if not name.endswith(".json")}


def drop(path: str) -> Callable[[Index], None]:
    def change(index: Index) -> None:
        index["members"] = [one for one in index["members"] if one["path"] != path]
        for part in index.get("parts", ()):
            part["members"] = 0
        if "parts" in index:
            index["parts"][0]["members"] = len(index["members"])

    return change


def pad(kind: str) -> Callable[[Index], None]:
    """Invented members, so that a tar of all that is named would be as long as the archive, or longer."""

    def change(index: Index) -> None:
        drop("light_1.fits")(index)
        some = {"path": "cal", "kind": kind, "size": 0, "mode": 493, "mtime_ns": 0, "target": "x" * 90_000}
        index["members"] += [{**some, "path": f"cal{number}"} for number in range(30)]

    return change


def as_folder(index: Index) -> None:
    """A member that has an object, and is no file to whoever looks for files."""
    next(one for one in index["members"] if one["path"] == "light_1.fits")["kind"] = "folder"


def as_other(index: Index) -> None:
    """The file that is gone is called the one that is here."""
    kept = next(one for one in index["members"] if one["path"] == "notes.md")
    lost = next(one for one in index["members"] if one["path"] == "light_1.fits")
    lost |= {name: kept[name] for name in ("path", "size", "sha256", "mtime_ns")}


@pytest.mark.parametrize(
    ("pack", "change"),
    [
        ("tar", pad("folder")), ("tar", pad("link")), ("tar", as_other), ("tar.gz", drop("light_1.fits")),
        ("tar.zst", drop("light_1.fits")), ("tar.zst", as_other), ("none", as_folder), ("none", as_other),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by", ["ana", "ben"])
def test_the_last_copy_of_a_file_that_no_index_names_is_not_removed(
    by: str, pack: str, change: Callable[[Index], None], vault: Path, tmp_path: Path
) -> None:
    """Ana wrote it herself, or learns of Ben's archive by the index alone: it is all the same."""
    ana = person(tmp_path, "ana", vault, pack)
    writer = ana if by == "ana" else person(tmp_path, "ben", vault, pack)
    writer.ok("archive", "run", cwd=writer.repo)
    before = objects(vault)
    rewrite(vault, pack, change)
    (ana.repo / LOST).unlink()
    ana.ok("archive", "catalogue", "rebuild", "--anew", cwd=ana.repo)
    refused = ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert "--last-copies" in refused.err and objects(vault) == before


@pytest.mark.parametrize("pack", ["tar", "tar.zst"])
def test_nor_that_in_a_volume(pack: str, vault: Path, tmp_path: Path) -> None:
    ana = person(tmp_path, "ana", vault, f"{pack}\n    max_size: 500K")
    put(ana.repo, "raw/m42/dark.fits", b"dark" * 100_000)
    ana.ok("archive", "run", cwd=ana.repo)
    before = objects(vault)
    assert f"raw/m42.002.{pack}" in before
    rewrite(vault, pack, drop("light_1.fits"))
    (ana.repo / LOST).unlink()
    ana.ok("archive", "catalogue", "rebuild", "--anew", cwd=ana.repo)
    ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert objects(vault) == before


@pytest.mark.parametrize("pack", PACKS)
def test_a_sidecar_that_is_gone_here_is_a_last_copy(pack: str, vault: Path, tmp_path: Path) -> None:
    """Nobody forged anything: it is an object of its own, and belongs to the file beside it."""
    ana = Person("ana", tmp_path / "ana")
    text = SET.format(store=vault.as_uri(), pack=pack).replace("raw/{id}", "raw/{path}").replace("raw/*", "raw")
    settings(ana, f"{text}    unit: file\n")
    put(ana.repo, "raw/a.cr3", b"raw")
    put(ana.repo, "raw/a.md", b"the only note")
    ana.ok("archive", "run", cwd=ana.repo)
    note = ana.repo / "raw/a.md"
    note.unlink()
    ana.expect(5, "archive", "remove", "a.cr3", "--yes", cwd=ana.repo)
    assert [path.read_bytes() for path in vault.rglob("a.md")] == [b"the only note"]
    put(ana.repo, "raw/a.md", b"the only note")
    ana.ok("archive", "remove", "a.cr3", "--yes", cwd=ana.repo)
    assert not objects(vault)


@pytest.mark.parametrize("pack", PACKS)
def test_what_a_colleague_sent_is_read_and_then_removed(pack: str, vault: Path, tmp_path: Path) -> None:
    ben, ana = (person(tmp_path, name, vault, pack) for name in ("ben", "ana"))
    for one in (ben, ana):
        (one.repo / "raw/m42/latest").symlink_to("light_1.fits")
    ben.ok("archive", "run", cwd=ben.repo)
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    link = ana.repo / "raw/m42/latest"
    link.unlink()
    link.symlink_to("notes.md")
    ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    link.unlink()
    link.symlink_to("light_1.fits")
    ana.ok("archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert not objects(vault)


def test_what_an_index_names_since_it_was_looked_at_is_not_removed(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jan writes it again while Ana reads the question."""
    ana = person(tmp_path, "ana", vault, "tar")
    ana.ok("archive", "run", cwd=ana.repo)
    whole = (vault / name_of("tar")).read_bytes()

    def hide(index: Index) -> None:
        index["sidecars"] = []

    rewrite(vault, "tar", hide)
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)

    def confirm(plan: LeavePlan) -> bool:
        overwrite(vault, name_of("tar"), whole)
        return True

    monkeypatch.setenv("HOME", ana.env()["HOME"])
    archives = Archives.open(path=ana.repo, environ=ana.env())
    (report,) = archives.remove("m42", confirm=confirm)
    assert not report.done and "written again" in str(report.failed[0])
    assert "raw/m42/notes.md" in objects(vault)


@pytest.mark.parametrize("pack", ["tar", "tar.gz", "tar.zst"])
@pytest.mark.parametrize("gone", [False, True])
def test_force_replaces_no_archive_whose_index_hides_what_it_has(
    gone: bool, pack: str, vault: Path, tmp_path: Path
) -> None:
    """An index that names fewer files, or none at all any more."""
    ana = person(tmp_path, "ana", vault, pack)
    ana.ok("archive", "run", cwd=ana.repo)
    archive = (vault / f"raw/m42.{pack}").read_bytes()
    if gone:
        (vault / name_of(pack)).unlink()
    else:
        rewrite(vault, pack, drop("light_1.fits"))
    (ana.repo / LOST).unlink()
    for words in (["--dry-run"], []):
        refused = ana.expect(3, "archive", "run", "m42", "--force", *words, cwd=ana.repo)
        assert "light_1.fits" in refused.err
    assert (vault / f"raw/m42.{pack}").read_bytes() == archive
    put(ana.repo, LOST, b"again")
    ana.ok("archive", "run", "m42", "--force", cwd=ana.repo)


def test_a_file_that_is_its_own_archive_is_not_deleted(tmp_path: Path) -> None:
    """The store is the folder above the source, and the layout gives each file the name that it has."""
    ana, disk = Person("ana", tmp_path / "ana"), tmp_path / "disk"
    text = SET.format(store=disk.as_uri(), pack="none").replace("source: raw/*", f"source: {disk}/raw/*")
    own_settings(ana, text)
    body = bytes(range(256))
    path = put(disk, LOST, body)
    ana.run("archive", "run", "--force", cwd=ana.repo)
    for words in (["run", "--delete-local"], ["run", "--force", "--delete-local"], ["remove", "m42", "--yes"]):
        assert ana.run("archive", *words, cwd=ana.repo).code in (1, 2, 3, 5)
        assert path.read_bytes() == body


def test_a_file_is_its_own_archive_on_a_share_that_is_mounted_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of files are those of each mount, as of a folder that the same computer mounts by NFS or SMB."""
    ana, disk = Person("ana", tmp_path / "ana"), tmp_path / "disk"
    text = SET.format(store=disk.as_uri(), pack="none").replace("source: raw/*", f"source: {disk}/raw/*")
    own_settings(ana, text)
    body = bytes(range(256))
    path = put(disk, LOST, body)
    ana.run("archive", "run", "--create", cwd=ana.repo)
    monkeypatch.setattr(Path, "samefile", lambda self, other: False)
    monkeypatch.setenv("HOME", ana.env()["HOME"])
    archives = Archives.open(path=ana.repo, environ=ana.env())
    report = archives.run("m42", options=Options(delete_local=True))
    assert "its own copy" in str(report.units[0].error) and path.read_bytes() == body
    with pytest.raises(Halt):
        archives.remove("m42", confirm=lambda plan: True)
    assert path.read_bytes() == body and not list(disk.rglob(underway.MARKS))
