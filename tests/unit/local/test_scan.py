"""The local scan: what is carried, what is reported, and what makes it incomplete."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from s3sync.errors import ConfigError, ScanError
from s3sync.local.ignore import load_ignore
from s3sync.local.scan import LocalFile, LocalScan, scan_folder
from s3sync.spill.table import spilled
from tests.unit.local.conftest import Put, local_file, ordinary_user

posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and rights of another kind")


def everything(path: str) -> bool:
    return False


def scan(staging: Path, *patterns: str) -> LocalScan:
    return scan_folder(staging, load_ignore(patterns, staging.parent, staging))


def problems(found: LocalScan) -> dict[str, str]:
    return {problem.path: problem.error for problem in found.problems}


def test_every_file_with_what_its_directory_entry_says(staging: Path, put: Put) -> None:
    files = {path: put(path, path.encode()) for path in ("a.mp4", "cut/b.mp4", "cut/deep/c", "été/🎬.wav", ".hidden")}
    (staging / "empty folder").mkdir()
    found = scan_folder(staging, everything)
    assert found == LocalScan(files=spilled(LocalFile, files))
    assert found.files["cut/b.mp4"] == LocalFile(
        str(staging / "cut" / "b.mp4"),
        9,
        1_700_000_000_123_456_789,
        (staging / "cut" / "b.mp4").stat().st_ino,
        (staging / "cut" / "b.mp4").stat().st_ctime_ns,
        2,
        runs=False,
    )


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert scan_folder(tmp_path / "nowhere", everything) == LocalScan()


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s3-staging").write_bytes(b"")
    with pytest.raises(ScanError, match="a file stands where a folder should be"):
        scan_folder(tmp_path / "s3-staging", everything)


def test_our_own_folder_is_left_out(put: Put, staging: Path) -> None:
    put(".s3sync/state.db")
    put(".s3sync/trash/1/a.mp4")
    put("cut/.s3sync/a")
    found = scan_folder(staging, everything)
    assert not found.files and found.hidden == ["cut/.s3sync"]


@posix
def test_f27_links_are_reported_and_not_followed(staging: Path, put: Put, tmp_path: Path) -> None:
    put("real.mp4")
    put("cut/a.mp4")
    (tmp_path / "secret").write_bytes(b"secret")
    links = {
        "to file": "real.mp4",
        "to folder": "cut",
        "to outside": "../secret",
        "to root": "/",
        "to nothing": "nowhere",
        "to itself": "to itself",
        "cut/up": "..",
    }
    for link, target in links.items():
        (staging / link).symlink_to(target)
    found = scan_folder(staging, everything)
    assert found.files.keys() == {"real.mp4", "cut/a.mp4"}
    assert problems(found) == dict.fromkeys(links, "is a symbolic link, and links are not followed")
    assert sorted(found.hidden) == sorted(links)
    assert found.complete


@posix
def test_a_pipe_is_reported_and_not_opened(staging: Path, put: Put) -> None:
    put("a.mp4")
    os.mkfifo(staging / "pipe")
    found = scan_folder(staging, everything)
    assert found.files.keys() == {"a.mp4"}
    assert problems(found) == {"pipe": "is not a regular file"}
    assert found.hidden == ["pipe"]


@posix
def test_a_folder_that_cannot_be_read_makes_the_scan_incomplete(open_folder: Path) -> None:
    for path in ("a.mp4", "closed/b.mp4", "open/c.mp4"):
        (open_folder / path).parent.mkdir(exist_ok=True)
        (open_folder / path).write_bytes(b"x")
    (open_folder / "closed").chmod(0)
    with ordinary_user():
        found = scan_folder(open_folder, everything)
    assert found.files.keys() == {"a.mp4", "open/c.mp4"}
    assert problems(found) == {"closed": "cannot be read: permission denied"}
    assert found.hidden == ["closed"]
    assert not found.complete


@posix
def test_a_staging_folder_that_cannot_be_read_is_an_error(open_folder: Path) -> None:
    open_folder.chmod(0)
    with ordinary_user(), pytest.raises(ScanError, match="permission denied"):
        scan_folder(open_folder, everything)


@posix
def test_f28_two_spellings_of_one_name(staging: Path, put: Put) -> None:
    nfd = unicodedata.normalize("NFD", "été.mp4")
    put("été.mp4", b"one")
    put(nfd, b"other")
    if len(list(staging.iterdir())) < 2:
        pytest.skip("this disk holds both spellings as one name")
    found = scan_folder(staging, everything)
    assert "two Unicode spellings" in problems(found)["été.mp4"]
    assert found.hidden == ["été.mp4"]
    assert not found.complete


@posix
def test_a_name_in_another_spelling_is_found_as_nfc(staging: Path, put: Put) -> None:
    nfd = unicodedata.normalize("NFD", "été/scène.mp4")
    file = put(nfd)
    found = scan_folder(staging, everything)
    assert found.files == {"été/scène.mp4": file}
    assert found.files["été/scène.mp4"].disk_path.read_bytes() == b"content"


@posix
@pytest.mark.parametrize("name", ["metadata.json", "METADATA.json", ".S3SYNC", "a\\b", "a\nb", "a\x1b[0m"], ids=ascii)
def test_names_that_are_not_carried(staging: Path, put: Put, name: str) -> None:
    put("a.mp4")
    put(name)
    found = scan_folder(staging, everything)
    assert found.files.keys() == {"a.mp4"}
    assert problems(found)[name].startswith("cannot be uploaded: ")
    assert found.hidden == [name]


@posix
def test_a_folder_with_such_a_name_hides_what_is_in_it(staging: Path, put: Put) -> None:
    put("metadata.json/a.mp4")
    found = scan_folder(staging, everything)
    assert not found.files
    assert found.hidden == ["metadata.json"]


@posix
def test_a_name_that_is_no_utf8(staging: Path) -> None:
    raw = os.fsencode(staging) + b"/\xff\xfe.mp4"
    try:
        os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this disk takes no such name")
    found = scan_folder(staging, everything)
    assert not found.files
    assert [problem.error for problem in found.problems] == ["cannot be uploaded: the name is not valid UTF-8"]


@pytest.mark.parametrize(
    ("patterns", "ignore_file", "left"),
    [
        pytest.param([], None, {"a.mp4", "b.tmp", "cut/b.tmp", "cut/c.wav", "raw/d.mov"}, id="nothing"),
        pytest.param(["*.tmp"], None, {"a.mp4", "cut/c.wav", "raw/d.mov"}, id="anywhere"),
        pytest.param(["/*.tmp"], None, {"a.mp4", "cut/b.tmp", "cut/c.wav", "raw/d.mov"}, id="only at the top"),
        pytest.param(["raw/"], None, {"a.mp4", "b.tmp", "cut/b.tmp", "cut/c.wav"}, id="a folder"),
        pytest.param(["a.mp4/"], None, {"a.mp4", "b.tmp", "cut/b.tmp", "cut/c.wav", "raw/d.mov"}, id="no folder"),
        pytest.param(["*.tmp", "!cut/b.tmp"], None, {"a.mp4", "cut/b.tmp", "cut/c.wav", "raw/d.mov"}, id="negated"),
        pytest.param(
            [], "# why\n\n*.tmp\n!b.tmp\n/b.tmp\n", {"a.mp4", "cut/b.tmp", "cut/c.wav", "raw/d.mov"}, id="file"
        ),
        pytest.param(
            ["raw/"], "!raw/d.mov", {"a.mp4", "b.tmp", "cut/b.tmp", "cut/c.wav"}, id="below an ignored folder"
        ),
        pytest.param([], "*.tmp\r\nraw/\r\n", {"a.mp4", "cut/c.wav"}, id="line ends of Windows"),
        pytest.param([], "\ufeff*.tmp\nraw/\n", {"a.mp4", "cut/c.wav"}, id="byte order mark of Windows"),
    ],
)
def test_ignored(staging: Path, put: Put, patterns: list[str], ignore_file: str | None, left: set[str]) -> None:
    for path in ("a.mp4", "b.tmp", "cut/b.tmp", "cut/c.wav", "raw/d.mov"):
        put(path)
    if ignore_file is not None:
        put(".s3syncignore", ignore_file.encode())
    found = scan(staging, *patterns)
    assert found.files.keys() - {".s3syncignore"} == left
    assert not found.problems


def test_the_repository_may_take_back_what_the_setting_ignores(tmp_path: Path, staging: Path) -> None:
    (tmp_path / ".s3syncignore").write_text("*.tmp\n!keep.wav\n")
    ignored = load_ignore(["*.wav"], tmp_path, staging)
    paths = ["a.tmp", "keep.tmp", "a.wav", "keep.wav", "a.mp4"]
    assert [path for path in paths if ignored(path)] == ["a.tmp", "keep.tmp", "a.wav"]


@pytest.mark.parametrize("line", ["!*", "!*.pem", "!/secret/", "!**", "*\n!*.pem\n!a.mp4"])
def test_f48_an_arrived_ignore_file_only_adds(tmp_path: Path, staging: Path, line: str) -> None:
    (tmp_path / ".s3syncignore").write_text("/secret/\n")
    (staging / ".s3syncignore").write_text(f"{line}\n*.log\n")
    ignored = load_ignore(["*.pem"], tmp_path, staging)
    assert all(map(ignored, ["id.pem", "cut/id.pem", "secret/a.mp4", "secret/", "a.log"]))
    assert not ignored("a.mp4")


def test_f56_ignore_patterns_are_bounded(tmp_path: Path, staging: Path) -> None:
    many = [f"{number}" for number in range(1_001)]
    (staging / ".s3syncignore").write_text("# a comment\n\n" * 2000 + "\n".join(many[1:]))
    assert load_ignore([], tmp_path, staging)("1000")
    (staging / ".s3syncignore").write_text("\n".join(many))
    with pytest.raises(ConfigError, match="cannot read") as caught:
        load_ignore([], tmp_path, staging)
    assert "1000 patterns" in (caught.value.why or "")
    (staging / ".s3syncignore").unlink()
    with pytest.raises(ConfigError, match="too many"):
        load_ignore(many, tmp_path, staging)
    (staging / ".s3syncignore").write_text("?" * 4096)
    assert load_ignore([], tmp_path, staging)("x" * 4096)
    (staging / ".s3syncignore").write_text("?" * 4097)
    with pytest.raises(ConfigError, match="longer than 4096"):
        load_ignore([], tmp_path, staging)


@posix
def test_what_is_ignored_is_not_reported(staging: Path, put: Put) -> None:
    put("metadata.json")
    (staging / "link.tmp").symlink_to("nowhere")
    assert scan(staging, "metadata.json", "*.tmp") == LocalScan()


@pytest.mark.parametrize("content", [b"*.wav\n!\n", b"*.wav\n\xff\xfe\n"], ids=["no pattern", "no UTF-8"])
def test_an_ignore_file_that_cannot_be_read_is_an_error(staging: Path, content: bytes) -> None:
    """Guessing would upload what must not be, or delete."""
    (staging / ".s3syncignore").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_ignore([], staging.parent, staging)
    assert str(staging / ".s3syncignore") in caught.value.message


def test_is_still(staging: Path, put: Put) -> None:
    file = put("a.mp4", b"old", mtime_ns=1_000_000_000)
    assert file.is_still(file.disk_path.stat())
    assert not file.is_still(staging.stat())
    put("a.mp4", b"new", mtime_ns=1_000_000_001)
    assert not file.is_still(local_file(file.disk_path).disk_path.stat())
    put("a.mp4", b"newer", mtime_ns=1_000_000_000)
    assert not file.is_still(file.disk_path.stat())
