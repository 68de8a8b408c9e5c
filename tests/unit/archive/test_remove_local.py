"""Local files leave the disk only when all of them were proven, and a crash in between loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.archive import remove_local as module
from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.journal import Journal
from s3sync.archive.place import Destination
from s3sync.archive.remove_local import remove_local
from s3sync.archive.restore import restore_unit
from s3sync.archive.send import is_archived, send_unit
from s3sync.core.archive.values import Pack
from s3sync.errors import ConfigError, SourceChanged
from tests.contract.stores import in_folder
from tests.unit.archive.packing import rules_of, unit_of


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with open_carrier(in_folder(tmp_path / "store").open(), "jan") as opened:
        yield opened


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "m42"
    (root / "cal").mkdir(parents=True)
    for name in ("a.fits", "b.fits", "cal/c.fits", "cal/d.fits"):
        (root / name).write_bytes(os.urandom(1000))
    (root / "link").symlink_to("a.fits")
    return root


@pytest.mark.parametrize("after", range(5))
def test_a_crash_between_two_deletions_loses_nothing_and_the_next_run_ends_it(
    after: int, carrier: Carrier, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in tree.rglob("*.fits")}
    with Journal(tmp_path / "journal.db") as journal:
        index, _ = send_unit(carrier, rules_of(), unit_of(tree, "m42"), journal)
    real, deleted = module._delete, list[str]()

    def delete(root: str, source: object, status: object) -> object:
        if len(deleted) == after:
            raise Killed
        deleted.append("one")
        return real(root, source, status)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(module, "_delete", delete)
        with pytest.raises(Killed):
            remove_local(rules_of(), unit_of(tree, "m42"), index, lambda: None)
    unit = unit_of(tree, "m42")
    assert is_archived(index, unit)
    removed = remove_local(rules_of(), unit, index, lambda: None)
    assert removed.problems == ()
    assert not tree.exists()
    restore_unit(carrier, index, Destination(tmp_path / "back"), list(index.members), "now")
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").rglob("*.fits")} == before


@pytest.mark.parametrize("name", ["a.fits", "cal/d.fits", "link"])
def test_one_that_differs_keeps_all(name: str, carrier: Carrier, tree: Path, tmp_path: Path) -> None:
    unit = unit_of(tree, "m42")
    with Journal(tmp_path / "journal.db") as journal:
        index, _ = send_unit(carrier, rules_of(), unit, journal)
    path = tree / name
    if path.is_symlink():
        path.unlink()
        path.symlink_to("b.fits")
    else:
        status = path.stat()
        path.write_bytes(b"z" * 1000)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(SourceChanged, match="is not what was archived"):
        remove_local(rules_of(), unit, index, lambda: None)
    assert len(list(tree.rglob("*.fits"))) == 4


def test_a_file_that_the_archive_lacks_keeps_all(carrier: Carrier, tree: Path, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        index, _ = send_unit(carrier, rules_of(), unit_of(tree, "m42"), journal)
    (tree / "new.fits").write_bytes(b"new")
    with pytest.raises(SourceChanged, match=r"new\.fits is not what was archived"):
        remove_local(rules_of(), unit_of(tree, "m42"), index, lambda: None)
    assert len(list(tree.rglob("*.fits"))) == 5


def test_a_file_that_changes_after_it_was_read_stays(
    carrier: Carrier, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = unit_of(tree, "m42")
    with Journal(tmp_path / "journal.db") as journal:
        index, _ = send_unit(carrier, rules_of(), unit, journal)
    real = module._delete

    def delete(root: str, source: object, status: object) -> object:
        (tree / "cal/d.fits").write_bytes(b"edited just now")
        return real(root, source, status)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_delete", delete)
    removed = remove_local(rules_of(), unit, index, lambda: None)
    assert removed.problems == ("cal/d.fits: it changed meanwhile, and stays",)
    assert (tree / "cal/d.fits").read_bytes() == b"edited just now"


@pytest.mark.parametrize(("pack", "level"), [(Pack.TAR_GZ, 22), (Pack.TAR_ZST, 0), (Pack.TAR_ZST, 23)])
def test_a_level_that_does_not_exist_is_said(
    pack: Pack, level: int, carrier: Carrier, tree: Path, tmp_path: Path
) -> None:
    with Journal(tmp_path / "journal.db") as journal, pytest.raises(ConfigError, match=f"level {level} does not exist"):
        send_unit(carrier, rules_of(pack, level=level), unit_of(tree, "m42", pack), journal)
