"""F48: names that other programs obey, put into the store by somebody else, or standing in the staging folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.kit.people import PROJECT
from tests.promises.hostile.conftest import Peer

NASTY_GIT = "[core]\n\trepositoryformatversion = 0\n\tbare = {bare}\n\tfsmonitor = touch {proof}\n"


def names(peer: Peer) -> set[str]:
    return {path.relative_to(peer.david.staging).as_posix() for path in peer.david.staging.rglob("*") if path.is_file()}


@pytest.mark.parametrize("top", ["", "cut/", "cut/raw/"])
@pytest.mark.parametrize("verb", ["down", "sync"])
def test_f48_a_repository_that_arrives_runs_nothing(peer: Peer, tmp_path: Path, top: str, verb: str) -> None:
    """As `.git`, and as a bare repository, in one run and in two."""
    proof = tmp_path / "proof"
    for folder, bare in (("", "true"), (".git/", "false")):
        peer.put(
            f"{top}{folder}config", NASTY_GIT.format(bare=bare, proof=proof).encode(), **{"uploaded-by": "mallory"}
        )
        for name in ("objects/ab/cd", "refs/heads/main", "commondir"):
            peer.put(f"{top}{folder}{name}", b"x")
    assert peer.david.run(verb).code == 3
    for folder in ("", ".git/"):
        peer.put(f"{top}{folder}HEAD", b"ref: refs/heads/main\n", **{"uploaded-by": "mallory"})
    result = peer.david.expect(3, verb)
    for at in (f"{top}.git", f"{top}HEAD"):
        (line,) = (line for line in result.err.splitlines() if f" {at}:" in line or f"{at}: is on" in line)
        assert "mallory" in line
    assert not any(".git" in name or name.endswith("HEAD") for name in names(peer))
    assert f"{top}config" in names(peer)
    for place in {peer.david.staging, peer.david.staging / top}:
        subprocess.run(["git", "status"], cwd=place, capture_output=True, check=False)
    assert not proof.exists()


@pytest.mark.parametrize("name", [".envrc", "cut/rust-toolchain.toml", ".vscode/tasks.json"])
def test_f48_what_comes_back_from_the_trash_is_told_as_what_arrives(peer: Peer, name: str) -> None:
    for written in (name, "1.mov", "2.mov", "3.mov"):
        peer.david.write(written, "x")
    peer.david.ok("up")
    (peer.david.staging / name).unlink()
    peer.david.ok("sync")
    assert f"look at {name} before you work in that folder" in peer.david.ok("trash", "restore", name).err
    assert "look at" not in peer.david.ok("trash", "restore", name, "--to", "plain.mov").err


def test_f48_settings_do_not_arrive(peer: Peer) -> None:
    refused = [
        ".s3sync.yaml",
        "a/.S3Sync.yml",
        ".video-tools.env",
        "a/VIDEO-~1.ENV",
        "a/b/.s3sync/state.db",
        ".hg/hgrc",
    ]
    for name in [*refused, "a/good.mov"]:
        peer.put(name, name.encode())
    for _ in range(2):
        result = peer.david.expect(3, "down")
        assert result.err.count("uploaded by unknown") == len(refused)
    assert names(peer) - {"a/good.mov"} == {name for name in names(peer) if name.startswith(".s3sync/")}
    assert peer.david.expect(3, "status").out.count("in sync") <= 1


def test_f48_one_line_for_a_folder_however_much_is_in_it(peer: Peer) -> None:
    for number in range(50):
        peer.put(f"x/.git/objects/{number:02}", b"x", **{"uploaded-by": "eve"})
    result = peer.david.expect(3, "down")
    assert "50 files, uploaded by eve" in result.err and result.err.count("/.git") <= 3


def test_f48_nothing_of_it_is_uploaded_and_nothing_deleted(peer: Peer) -> None:
    david = peer.david
    for name in (".git/config", "cut/.hg/hgrc", "cut/HEAD", ".s3sync.yaml", "head/mesh.obj"):
        david.write(name, name)
    peer.put("cut/HEAD", b"theirs")
    for verb in ("up", "sync", "sync"):
        result = david.expect(3, verb)
        assert result.err.count("cut/HEAD") == 1
    store = Path(david.environ["S3SYNC_STORE"].removeprefix("file://"))
    there = {path.name for path in store.rglob("*") if path.is_file()}
    assert "mesh.obj" in there and not there & {"config", "hgrc", ".s3sync.yaml"}
    assert peer.get("cut/HEAD") == b"theirs" and david.read("cut/HEAD") == b"cut/HEAD"
    david.write(".s3syncignore", ".git/\n.hg/\nHEAD\n.s3sync.yaml\n")
    david.ok("sync")


def test_f48_what_programs_obey_by_being_there_arrives_with_a_warning(peer: Peer) -> None:
    for name in (".envrc", "cut/.vscode/tasks.json", "cut/play.lnk", "plain.mov"):
        peer.put(name, b"#!/bin/sh\n", **{"uploaded-by": "eve", "project-id": PROJECT})
    said = peer.david.ok("down", "--dry-run").err
    again = peer.david.ok("down").err
    for text in (said, again):
        for name in (".envrc", "cut/.vscode/tasks.json", "cut/play.lnk"):
            assert f"look at {name} before" in text
        assert "plain.mov before" not in text and text.count("uploaded by eve") == 3
    for name in (".envrc", "cut/.vscode/tasks.json", "cut/play.lnk"):
        assert not (peer.david.staging / name).stat().st_mode & 0o111
    assert "before you" not in peer.david.ok("down").err


def test_f48_a_name_that_commands_take_for_an_option_arrives_with_a_warning(peer: Peer) -> None:
    """`rm *`, `tar c *` and `s3sync cleanup *` would obey it, in the folder where it lies."""
    for name in ("--permanently", "cut/-rf", "git.exe", "-01 intro.mov"):
        peer.put(name, b"x", **{"uploaded-by": "eve"})
    told = peer.david.ok("down").err
    for name in ("--permanently", "cut/-rf"):
        assert f"look at {name} before you work in that folder: commands that are given * take it for an option" in told
    assert "git.exe before" in told and "intro.mov before" not in told


def test_f48_an_arrived_ignore_file_undoes_no_rule(peer: Peer) -> None:
    david = peer.david
    (david.repo / ".s3sync.yaml").write_text('ignore: ["*.pem", "private/"]\n')
    (david.repo / ".s3syncignore").write_text("*.psd\n")
    for name in ("id.pem", "private/a.mov", "a.psd", "b.log"):
        david.write(name, name)
    peer.put(".s3syncignore", b"!*\n!*.pem\n!private/\n!private/**\n!*.psd\n*.log\n")
    david.ok("down")
    david.ok("up")
    store = Path(david.environ["S3SYNC_STORE"].removeprefix("file://"))
    assert not {path.name for path in store.rglob("*")} & {"id.pem", "a.mov", "a.psd", "b.log"}
