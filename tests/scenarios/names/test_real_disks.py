"""David on this system's own disk, Jan on a real exFAT or NTFS disk: as most external disks of editors are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.errors import ConfigError, NotFound, StoreError
from s3sync.local.holds import ignores_case
from s3sync.store.folder import FolderStore
from s3sync.store.folder.apart import require_apart
from s3sync.store.folder.layout import RESERVED
from s3sync.store.port import Create, Headers
from tests.contract.stores import keys, put, read, send
from tests.kit.people import PROJECT, REPO, Person
from tests.scenarios.names.conftest import Pair
from tests.scenarios.names.real_disks import KINDS, mounted

ODD = ["what?.mp4", "day:1/take.mp4", "a|b", '"q".wav', "end.", "blank ", "star*", "nul.txt", "x<y>z"]
FINE = ["é" * 127, "100%.txt", "%3A", "sub/Ünï.mp4", " lead", "a.b.c", "😀.mp4"]


@pytest.fixture(params=KINDS, scope="session")
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mounted(request.param, tmp_path_factory.mktemp("disk")) as point:
        yield point


@pytest.fixture
def room(disk: Path, tmp_path: Path) -> Path:
    """A folder of its own for each test, on the disk."""
    folder = disk / f"{tmp_path.name[-40:]}-{len(list(disk.iterdir()))}"
    folder.mkdir()
    return folder


@pytest.fixture
def there(people: Pair, room: Path) -> Pair:
    """Jan's clone is on the disk."""
    jan = Person("jan", room / "jan", {"HOME": str(people.jan.root / "home")})
    jan.staging.mkdir(parents=True)
    (jan.repo / ".s3sync.yaml").write_text((people.jan.repo / ".s3sync.yaml").read_text())
    return Pair(people.root, people.david, jan)


def refuses(room: Path, name: str) -> bool:
    """Whether the disk, asked directly, refuses a name."""
    try:
        for above in reversed(Path(name).parents[:-1]):
            (room / above).mkdir()
        (room / name).write_bytes(b"")
    except OSError:
        return True
    return False


def test_a16_names_that_the_disk_cannot_hold_are_said_and_the_rest_arrives(there: Pair, room: Path) -> None:
    cannot = {name for name in ODD if refuses(room, name)}
    assert {"what?.mp4", "day:1/take.mp4", "a|b"} <= cannot
    for name in (*ODD, *FINE):
        there.david.write(name, f"of {name}")
    there.davids("up")
    for verb in ("down", "down", "sync"):
        report = there.run(verb)
        assert {problem.path for problem in report.failed} == cannot and report.exit_code == 3
        assert all("this disk cannot hold" in problem.error and problem.hint for problem in report.failed)
        assert any("'?' in a name" in problem.error for problem in report.failed)
        assert not report.deleted and not report.uploaded
    assert there.jan.files().keys() == {*ODD, *FINE} - cannot
    assert there.remote().keys() == {*ODD, *FINE}
    partial = there.jan.staging / ".s3sync" / "partial"
    assert list(partial.iterdir()) == []


def test_a16_folders_that_differ_only_in_case_are_twins(there: Pair, room: Path) -> None:
    if not ignores_case(there.jan.staging):
        pytest.skip("this disk tells case apart")
    for name in ("Day 1/cut.mp4", "day 1/cut.mp4", "day 1/other.mp4", "deep/er/x", "deep/ER/X", "Sound.wav"):
        there.david.write(name, f"of {name}")
    there.davids("up")
    twins = {"Day 1/cut.mp4", "day 1/cut.mp4", "deep/er/x", "deep/ER/X"}
    for verb in ("down", "sync", "down"):
        report = there.run(verb, **({"max_delete": 99} if verb == "sync" else {}))
        assert {problem.path for problem in report.failed} == twins and report.exit_code == 3
        assert all("this disk ignores case" in problem.error for problem in report.failed)
        assert not report.deleted
    assert there.jan.files().keys() == {"day 1/other.mp4", "Sound.wav"} and len(there.remote()) == 6


def test_a14_a_disk_without_modes_says_nothing_of_what_may_be_run(there: Pair, room: Path) -> None:
    """Every file there has the mode of the mount: nothing becomes executable by it, and nothing ceases to be."""
    there.david.write("tool", "#!/bin/sh\n").chmod(0o755)
    there.david.write("notes.txt", "notes").chmod(0o600)
    there.davids("up")
    for verb in ("down", "sync"):
        assert there.run(verb).exit_code == 0
    for name in ("tool", "notes.txt", "new.mp4"):
        path = there.jan.write(name, f"jan's {name}")
        path.chmod(0o755)
        assert path.stat().st_mode & 0o111
    assert there.run("sync").exit_code == 0
    there.davids("down")
    for name in ("tool", "new.mp4"):
        (there.david.staging / name).unlink()
    there.davids("down")
    found = {name: (there.david.staging / name).stat().st_mode & 0o111 for name in ("tool", "notes.txt", "new.mp4")}
    assert found.pop("tool") and not any(found.values())
    assert (there.david.staging / "notes.txt").stat().st_mode & 0o777 == 0o600


def test_f28_a_folder_renamed_in_case_there_is_the_same_folder(there: Pair, room: Path) -> None:
    if not ignores_case(there.jan.staging):
        pytest.skip("this disk tells case apart")
    there.david.write("Day 1/cut.mp4", "the cut")
    there.davids("up")
    there.run("down")
    (there.david.staging / "Day 1").rename(there.david.staging / "DAY 1")
    there.davids("sync", max_delete=9)
    report = there.run("sync", max_delete=9)
    assert not report.deleted and report.exit_code == 0
    assert [there.jan.read(name) for name in there.jan.files()] == [b"the cut"]
    assert there.remote() == {"DAY 1/cut.mp4": b"the cut"}


def test_a16_a_store_on_the_disk_takes_every_name(people: Pair, room: Path) -> None:
    """What the disk cannot hold is spelled in another way, and comes back as it was."""
    store = FolderStore(room / "store", create=True)
    names = [*ODD, *FINE, "%{3F}", "what%{3F}.mp4", "a%{25}{41}", "dir./x:y/f "]
    for name in names:
        put(store, f"r/{name}", name.encode(), mode=Create())
    again = FolderStore(room / "store")
    assert keys(again) == sorted(f"r/{name}" for name in names)
    assert sorted(again.folders("r/")) == ["day:1", "dir.", "sub"]
    for name in names:
        assert read(again, f"r/{name}") == name.encode()
        assert again.head(f"r/{name}").info.size == len(name.encode())
    upload_id = again.start_upload("r/long?", Headers())
    again.complete_upload("r/long?", upload_id, [send(again, "r/long?", upload_id, 1, b"part")], mode=Create())
    again.copy("r/long?", "r/copy*", source_etag=again.head("r/long?").info.etag, mode=Create(), headers=None)
    for name in (*names, "long?", "copy*"):
        again.delete(f"r/{name}")
    assert keys(again) == [] and [path.name for path in (room / "store").iterdir()] == [RESERVED]


def test_a16_one_name_that_an_older_store_cannot_hold_fails_alone(people: Pair, room: Path) -> None:
    """Its marker does not say that names are spelled in another way, and so they are not."""
    FolderStore(room / "store", create=True)
    (room / "store" / RESERVED / "store.json").write_text('{"format": "s3sync folder store", "schema": 1}')
    settings = people.david.repo / ".s3sync.yaml"
    settings.write_text(settings.read_text().replace(f"{people.root / 'store'}", f"{room / 'store'}"))
    for name in ("good.mp4", "what?.mp4", "day|1/a.mp4", "also good.mp4"):
        people.david.write(name, f"of {name}")
    result = people.david.expect(3, "up")
    assert "this disk cannot hold such a name" in result.err and "connect the disk" not in result.err
    assert keys(FolderStore(room / "store"), f"{REPO}/{PROJECT}/") == [
        f"{REPO}/{PROJECT}/{name}" for name in ("also good.mp4", "good.mp4", "metadata.json")
    ]
    assert FolderStore(room / "store").identity() is not None


def test_a16_keys_that_differ_only_in_case_fail_alone(room: Path) -> None:
    if not ignores_case(room):
        pytest.skip("this disk tells case apart")
    store = FolderStore(room / "store", create=True)
    put(store, "r/Day/Cut", b"first")
    for key in ("r/day/other", "r/Day/cut", "r/DAY/Cut"):
        with pytest.raises(StoreError, match="differs only in case"):
            put(store, key, b"second", mode=Create())
        with pytest.raises(NotFound):
            store.head(key)
    put(store, "r/Day/other", b"third")
    assert keys(store) == ["r/Day/Cut", "r/Day/other"] and read(store, "r/Day/Cut") == b"first"


def test_f33_an_overlap_in_another_case(room: Path) -> None:
    if not ignores_case(room):
        pytest.skip("this disk tells case apart")
    repository = room / "Films" / REPO
    repository.mkdir(parents=True)
    for store, words in ((room / "FILMS" / REPO / "store", "lies in"), (room / "films", "contains")):
        with pytest.raises(ConfigError, match=words):
            require_apart(store, repository, REPO)


def test_an_undo_on_a_disk_that_ignores_case_says_what_it_leaves(there: Pair) -> None:
    """The store spells the file's folder otherwise by now: the scan knows the file by that name alone."""
    if not ignores_case(there.jan.staging):
        pytest.skip("this disk tells case apart")
    there.david.write("Takes/one.wav", "the first")
    there.davids("sync")
    assert there.run("down").exit_code == 0
    (there.david.staging / "Takes" / "one.wav").unlink()
    there.davids("sync", max_delete=9)
    there.david.write("takes/ONE.wav", "another")
    there.davids("up")
    report = there.jan.run("undo", "--yes", "--json")
    assert report.code == 3, report
    assert [one["name"] for one in report.json["refused"]] == ["Takes/one.wav"]
    assert there.jan.read("Takes/one.wav") == b"the first"
