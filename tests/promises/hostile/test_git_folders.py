"""What a `.git` folder holds that somebody else wrote: an unpacked repository, or a folder above on a shared disk.

Each test is over in less than a second. One of these files once kept a command busy for hours; the limit of the suite
is what notices that.
"""

from __future__ import annotations

import os
import subprocess
import unicodedata
from pathlib import Path

import pytest

from s3sync import gitconfig, gitindex
from s3sync.gitconfig import remote_name
from s3sync.gitindex import files_in_git
from s3sync.local.tracked import tracked_by_git
from tests.kit.people import Person

MIB = 2**20
INSIDE = b"repo/film/s3-staging/.s3sync"


def entries(version: int, *paths: bytes, lead: bytes = b"\0") -> bytes:
    """An index with an entry for each path; in version 4 `lead` says how many bytes of the last one are dropped."""
    made = [b"DIRC" + version.to_bytes(4) + len(paths).to_bytes(4)]
    for path in paths:
        end = b"\0" if version == 4 else bytes(8 - (62 + len(path)) % 8)
        made += [bytes(60), min(len(path), 0xFFF).to_bytes(2), lead if version == 4 else b"", path, end]
    return b"".join(made)


HOSTILE = {
    "no end of a path": b"DIRC\0\0\0\2\0\0\0\1" + (INSIDE + b"/") * (4 * MIB // len(INSIDE)),
    "long paths without an end": b"DIRC\0\0\0\2\0\0\0\1" + (b"\x0f\xf0" + INSIDE + b"/") * (4 * MIB // len(INSIDE)),
    "a path longer than the last": entries(4, *[b"a" * 62] * (6 * MIB // 126)),
    "a number without end": b"DIRC\0\0\0\4\0\0\0\1" + bytes(62) + b"\xff" * (6 * MIB),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_index_of_somebody_above_is_read_in_one_go(name: str, tmp_path: Path) -> None:
    """The folder above the repository is shared, and what is called its `.git` is anybody's."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(HOSTILE[name])
    assert tracked_by_git(tmp_path / "repo" / "film" / "s3-staging") is None
    files_in_git(tmp_path / "repo", ["film/s3-staging"])


NAMES = [("Fähre é", "NFC", "NFD"), ("Fähre é", "NFD", "NFC"), ("Ärger", "NFC", "low"), ("한국", "NFD", "NFC")]


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize(("name", "in_git", "on_disk"), NAMES)
def test_what_git_tracks_is_found_however_the_disk_spells_it(
    version: int, name: str, in_git: str, on_disk: str, tmp_path: Path
) -> None:
    """git on a Mac keeps letters with accents in one character, and the disk may tell them as two."""
    spelled = {form: unicodedata.normalize(form, name) for form in ("NFC", "NFD")} | {"low": name.lower()}
    repo = tmp_path / "repo"
    tracked = repo / spelled[in_git] / "s3-staging/.s3sync/state.db"
    tracked.parent.mkdir(parents=True)
    tracked.touch()
    (repo / "another").touch()
    for words in (["init", "-q"], ["add", "-f", "."], ["update-index", f"--index-version={version}"]):
        subprocess.run(["git", *words], cwd=repo, check=True)
    assert tracked_by_git(repo / spelled[on_disk] / "s3-staging") == str(tracked.relative_to(repo))
    assert tracked_by_git(repo / spelled[on_disk][:-1] / "s3-staging") is None


TAKEN_FOR_OURS = {
    "ours": ".s3sync",
    "not seen on old disks of Macs": ".s3\u200csync",
    "nor at the beginning": "\ufeff.s3sync",
    "nor at the end": ".S3sync\u206a\u200d",
    "short on Windows": "S3SYNC~1",
    "the same by another number": "s3sync~27",
    "short where there are many": "S31F2A~1",
    "dots and blanks at the end": ".s3sync. .",
    "a stream": ".s3sync::$INDEX_ALLOCATION",
}
ANOTHER = ("S3SYNG~1", ".s3syné", ".s3sync-notes", "S3SYNC~1.TXT", "s3sync", ".s3\u0301sync", "~1")


@pytest.mark.parametrize("version", [2, 4])
def test_what_some_disk_takes_for_our_folder_is_refused_as_git_does_with_its_own(version: int, tmp_path: Path) -> None:
    """Checked out there, it would be the memory of s3sync on that computer."""
    staging = tmp_path / "My Films +1" / "s3-staging"
    (tmp_path / ".git").mkdir()

    def found(path: str, inside: str = ".s3sync") -> str | None:
        lead = b"" if version == 4 else b"\0"  # the number of bytes that are dropped stands before each path
        ours = os.fsencode(path) if version == 2 else b"\0" + os.fsencode(path)
        (tmp_path / ".git/index").write_bytes(entries(version, ours, lead=lead))
        return tracked_by_git(staging, inside)

    for name in TAKEN_FOR_OURS.values():
        path = f"My Films +1/s3-staging/{name}/state.db"
        assert found(path) == path
        assert found(path.replace("My Films +1", "MYFILM~1").replace("s3-staging", "S3-STA~2")) is not None
    for name in ANOTHER:
        assert found(f"My Films +1/s3-staging/{name}/state.db") is None, name
    assert found("My Film~1/s3-staging/.s3sync/state.db") is None
    assert found("MY FILMS +1. /S3-STA~1/a.mp4", "") is not None and found("My Films +1/b.mp4", "") is None


def test_a_command_refuses_a_memory_that_git_has_under_its_short_name(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", {})
    (david.repo / "film/s3-staging/S3SYNC~1").mkdir(parents=True)
    (david.repo / "film/s3-staging/S3SYNC~1/state.db").touch()
    (david.repo / "film/s3-staging/a.mp4").touch()
    for words in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", *words], cwd=david.repo, check=True)
    refused = david.run("up", "film", cwd=david.repo)
    assert refused.code != 0 and "S3SYNC~1" in refused.err and "git" in refused.err


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("name", [b"state.db", b"deep/" * 1000 + b"x"])
def test_what_git_tracks_is_found_behind_paths_that_no_disk_holds(version: int, name: bytes, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    ours = INSIDE.replace(b"film", b"Film") + b"/" + name
    if version == 2:
        index = entries(2, b"repo/" + b"z" * 9000, ours)
    else:  # the second drops 9,000 bytes of the first, as git's packs write that number, and so keeps `repo/`
        first = entries(4, b"repo/" + b"z" * 9000)
        index = first + bytes(62) + b"\xc5\x28" + ours.removeprefix(b"repo/") + b"\0"
        index = index[:8] + (2).to_bytes(4) + index[12:]
    (tmp_path / ".git" / "index").write_bytes(index)
    found = tracked_by_git(tmp_path / "repo" / "film" / "s3-staging")
    assert found is not None
    assert found.startswith("repo/Film/s3-staging/.s3sync/")


CONFIGS = {
    "a section that never closes": "[a" + " " * (gitconfig.LIMIT - 3) + "x",
    "a subsection that never closes": '[a "' + "\\a" * (gitconfig.LIMIT // 2 - 4),
    "a key without a value": "[a]\n" + "a" * (gitconfig.LIMIT // 2 - 4) + " " * (gitconfig.LIMIT // 2 - 4) + "x",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_settings_of_git_are_read_in_one_go(name: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(CONFIGS[name])
    assert remote_name(tmp_path) is None


def test_a_git_file_that_points_far_is_read_in_one_go(tmp_path: Path) -> None:
    """It names where the git folder is. Blanks between two words were tried in every way."""
    (tmp_path / ".git").write_text("gitdir: a" + " " * (gitconfig.LIMIT - 20) + "b")
    assert remote_name(tmp_path) is None
    assert files_in_git(tmp_path, ["s3-staging"]) is None
    (tmp_path / ".git").write_text("gitdir:  elsewhere/.git \t\n")
    assert gitconfig.git_folder(tmp_path) == tmp_path / "elsewhere" / ".git"


@pytest.mark.parametrize("pointer", ["gitdir: a\0b", "gitdir: " + "a" * 5000, "gitdir: " + "a/" * 5000, "gitdir:"])
def test_a_git_file_that_points_nowhere_ends_no_command(pointer: str, synced: Person) -> None:
    (synced.repo / ".git").rmdir()
    (synced.repo / ".git").write_text(pointer)
    synced.ok("status")
    synced.run("doctor")
    synced.expect(0, "init", "--yes")


def test_no_more_of_a_path_is_kept_than_a_disk_has(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(entries(4, *[b"a" * 1000] * 30))
    assert gitindex.files_in_git(tmp_path, ["a"]) is None


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs")
@pytest.mark.parametrize("name", ["HEAD", "config", "index", "packed-refs"])
@pytest.mark.parametrize("words", [("status",), ("install",), ("run", "pre-commit")])
def test_git_is_not_asked_where_it_would_wait(name: str, words: tuple[str, ...], synced: Person) -> None:
    """git reads its own files whatever they are: a FIFO held the command up until git was given up."""
    git = synced.repo / ".git"
    git.rmdir()
    subprocess.run(["git", "init", "-q", "."], cwd=synced.repo, env=synced.env(), check=True)
    (git / name).unlink(missing_ok=True)
    os.mkfifo(git / name)
    told = synced.run("hooks", *words, cwd=synced.repo)
    assert "no plain file, and git would wait for it" in told.err, told
    assert told.code == (0 if words[0] == "run" else 2)


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize("name", ["", "HEAD", "config", "index", "packed-refs", "commondir"])
def test_git_is_not_asked_where_it_would_read_somebodys_file(name: str, synced: Person, tmp_path: Path) -> None:
    """A clone's `.git` may be of an archive that a stranger made; git follows what is in it."""
    private, git = tmp_path / "private", synced.repo / ".git"
    private.write_text("precious")
    os.utime(private, ns=(10**18, 2 * 10**18))
    if name:
        git.rmdir()
        subprocess.run(["git", "init", "-q", "."], cwd=synced.repo, env=synced.env(), check=True)
        (git / name).unlink(missing_ok=True)
        (git / name).symlink_to(private)
    else:
        git.rmdir()
        git.symlink_to(private)
    for words in (["status"], ["install"], ["uninstall"]):
        told = synced.expect(2, "hooks", *words, cwd=synced.repo)
        assert "it is a link" in told.err, told
    synced.expect(0, "hooks", "run", "post-merge", cwd=synced.repo)
    assert private.stat().st_atime_ns == 10**18, "it was read"
