"""Files that did not change are not read again, and files that were only touched are not hashed with MD5 again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.errors import LocalError
from s3sync.local.digests import Digests, digest
from s3sync.local.scan import LocalFile
from s3sync.spill.table import SpilledDict
from s3sync.state.memory import StateDB
from s3sync.sync import scan
from tests.kit.limits import limit
from tests.kit.people import PROJECT, Person

MIB = 1024 * 1024

STATUS = """
import sys
from s3sync.cli.main import run
code = run(["status", "--exit-code"])
read = next(line for line in open("/proc/self/io") if line.startswith("rchar"))
print(read.split()[1], file=sys.stderr)
sys.exit(code)
"""

linux_only = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process reads")


def bytes_read(person: Person) -> int:
    """What one `status` reads in all, programs included."""
    done = subprocess.run(
        [sys.executable, "-c", STATUS],
        cwd=person.project,
        env=person.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


@pytest.fixture
def david(tmp_path: Path) -> Person:
    person = Person("david", tmp_path / "david")
    person.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--user", "david", cwd=person.repo)
    return person


@linux_only
def test_a_second_status_reads_no_file_content(david: Person) -> None:
    path = david.write("big.mov", os.urandom(64 * MIB))
    long_ago = 1_700_000_000_123_456_789
    os.utime(path, ns=(long_ago, long_ago))
    david.ok("up")
    bytes_read(david)
    unchanged = bytes_read(david)
    assert unchanged < 40 * MIB
    os.utime(path, ns=(long_ago + 1, long_ago + 1))
    touched = bytes_read(david)
    assert 63 * MIB < touched - unchanged < 70 * MIB, "one pass over the file and no second"
    assert bytes_read(david) - unchanged < MIB


def test_a_touched_file_is_not_hashed_with_md5(david: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    path = david.write("clip.mov", os.urandom(MIB))
    os.utime(path, ns=(1_700_000_000_000_000_001,) * 2)
    david.ok("up")
    os.utime(path, ns=(1_700_000_000_000_000_002,) * 2)

    def no_md5(*_: object, **__: object) -> None:
        raise AssertionError("hashed with MD5 again")

    opened = Project.open(path=david.project, environ=david.env())
    with monkeypatch.context() as patch:
        patch.setattr("s3sync.local.digests.md5", no_md5)
        assert opened.status().in_sync
    path.write_bytes(os.urandom(MIB))
    assert [file.state.value for file in opened.status().files] == ["local_modified"]


@pytest.mark.parametrize("which", ["digests_before_save", "hashed_before_save"])
def test_a_hashing_that_breaks_off_is_not_in_vain(david: Person, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    for number in range(6):
        os.utime(david.write(f"{number}.mov", b"x" * (number + 2)), ns=(10**18, 10**18))
    david.ok("up")
    (david.staging / ".s3sync" / "state.db").unlink()
    hashed: list[str] = []

    def digest_five(file: LocalFile, progress: Callable[[int], None]) -> Digests:
        if len(hashed) == 5:
            raise KeyboardInterrupt
        hashed.append(file.where)
        return digest(file, progress)

    limit(monkeypatch, **{which: 2})
    monkeypatch.setattr(scan, "digest", digest_five)
    project = Project.open(path=david.project, flags={"transfers": "1"}, environ=david.env())
    with pytest.raises(KeyboardInterrupt):
        project.sync()
    with StateDB(david.staging / ".s3sync", None) as state:
        assert len(state.load_digests()) == {"digests_before_save": 4, "hashed_before_save": 5}[which]


def test_small_files_are_hashed_several_by_one_thread() -> None:
    sizes = [0, scan.SMALL, scan.SMALL + 1, *[1] * 40, 10**9]
    files = SpilledDict(LocalFile)
    files.update({f"{number:02}": LocalFile("", size, 1, 1, 1) for number, size in enumerate(sizes)})
    found = list(scan._together(list(files), files))
    assert sorted(path for some in found for path in some) == list(files)
    assert [len(some) for some in found] == [1, 16, 16, 1, 10]
    assert all(len(some) == 1 for some in found if files[some[0]].size > scan.SMALL)


def test_one_that_cannot_be_hashed_keeps_none_of_those_beside_it(
    david: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        os.utime(david.write(f"{number}.mov", b"x" * number), ns=(10**18, 10**18))
    david.ok("up")
    (david.staging / ".s3sync" / "state.db").unlink()

    def all_but_one(file: LocalFile, progress: Callable[[int], None]) -> Digests:
        if file.where.endswith("3.mov"):
            raise LocalError("cannot read 3.mov", why="the disk says so")
        return digest(file, progress)

    monkeypatch.setattr(scan, "digest", all_but_one)
    report = Project.open(path=david.project, environ=david.env()).status()
    assert [problem.path for problem in report.failed] == ["3.mov"]
    with StateDB(david.staging / ".s3sync", None) as state:
        assert sorted(state.load_digests()) == ["0.mov", "1.mov", "2.mov", "4.mov", "5.mov"]
