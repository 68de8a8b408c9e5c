"""F32: an edit of equal size whose mtime was put back. It is noticed, sent, and never destroyed."""

from __future__ import annotations

import mmap
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from s3sync import Project
from s3sync.local import digests
from s3sync.local.scan import LocalFile
from tests.kit.people import Person, pair

OLD, NEW = "0123456789" * 100, "0123456789" * 99 + "EDITEDHERE"
Edit: TypeAlias = Callable[[Path], None]


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    for number in range(4):
        david.write(f"vault{number}.hc", OLD)
    david.ok("up")
    jan.ok("down")
    return david, jan


def by_dd(path: Path) -> None:
    """As VeraCrypt and `exiftool -P` do."""
    reference = path.parents[3] / "reference"
    subprocess.run(["touch", "-r", path, reference], check=True)
    subprocess.run(
        ["dd", f"of={path}", "conv=notrunc", "status=none"], input=NEW.encode(), check=True, capture_output=True
    )
    subprocess.run(["touch", "-r", reference, path], check=True)


def by_mmap(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as memory:
        memory[-10:] = NEW[-10:].encode()
        memory.flush()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_rename(path: Path) -> None:
    """Another file of the same size and time takes its name."""
    before, other = path.stat(), path.parents[3] / "other"
    other.write_text(NEW)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


EDITS = {"dd": by_dd, "mmap": by_mmap, "rename": by_rename}


def edit(person: Person, name: str, how: str) -> None:
    path = person.staging / name
    before = path.stat()
    time.sleep(0.02)
    EDITS[how](path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert path.read_text() == NEW


@pytest.mark.parametrize("how", EDITS)
def test_f32_a_hidden_edit_is_noticed_and_sent(people: tuple[Person, Person], how: str) -> None:
    david, jan = people
    edit(david, "vault0.hc", how)
    assert david.states()["vault0.hc"] == "local_modified"
    assert "vault0.hc" in david.ok("up").out
    jan.ok("down")
    assert jan.read("vault0.hc") == NEW.encode()


@pytest.mark.parametrize("how", EDITS)
def test_f32_a_hidden_edit_is_not_destroyed_by_cleanup(people: tuple[Person, Person], how: str) -> None:
    david, _ = people
    edit(david, "vault1.hc", how)
    david.run("cleanup", "--local", "--yes")
    assert [path.name for path in david.staging.glob("*.hc")] == ["vault1.hc"]
    assert david.read("vault1.hc") == NEW.encode()


@pytest.mark.parametrize("how", EDITS)
def test_f32_a_hidden_edit_survives_a_deletion_and_a_replacement(people: tuple[Person, Person], how: str) -> None:
    david, jan = people
    edit(jan, "vault2.hc", how)
    edit(jan, "vault3.hc", how)
    (david.staging / "vault2.hc").unlink()
    david.write("vault3.hc", "david's")
    david.ok("sync")
    jan.expect(4, "sync")
    assert jan.read("vault2.hc") == NEW.encode()
    assert NEW.encode() in [path.read_bytes() for path in jan.staging.glob("vault3*")]


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content is read in this process."""
    found: list[str] = []

    def watched(opened: Callable[[LocalFile], int]) -> Callable[[LocalFile], int]:
        def open_it(file: LocalFile) -> int:
            found.append(Path(file.where).name)
            return opened(file)

        return open_it

    for name in ("open_file", "_open_still"):
        monkeypatch.setattr(digests, name, watched(getattr(digests, name)))
    return found


def in_process(person: Person) -> Project:
    return Project.open(path=person.project, environ=person.env())


def test_f32_after_a_down_nothing_is_hashed(people: tuple[Person, Person], read_files: list[str]) -> None:
    """Placing a file changes its ctime, replacing one the ctime of another."""
    david, jan = people
    time.sleep(0.06)
    for number in (0, 1):
        david.write(f"vault{number}.hc", f"another version {number}" * number)
    david.write("new.mov", "new")
    time.sleep(0.06)
    david.ok("up")
    in_process(jan).down()
    read_files.clear()
    for _ in range(2):
        assert in_process(jan).status().in_sync
        assert in_process(jan).sync().exit_code == 0
    assert read_files == []


@pytest.mark.parametrize("touch", ["chmod", "link"])
def test_f32_a_change_of_ctime_alone_costs_one_look(
    people: tuple[Person, Person], read_files: list[str], touch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As backup tools do. It is hashed once, by the quick digest alone."""
    david, _ = people
    time.sleep(0.06)
    assert in_process(david).status().in_sync
    read_files.clear()
    path = david.staging / "vault0.hc"
    path.chmod(0o600) if touch == "chmod" else os.link(path, path.parents[3] / "backup")
    monkeypatch.setattr(digests, "md5", None)
    for _ in range(3):
        assert in_process(david).status().in_sync
    assert read_files == ["vault0.hc"]
