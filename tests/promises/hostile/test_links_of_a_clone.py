"""A link that came with a repository takes nothing out of a folder outside of it, and puts nothing there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def clone(david: Person) -> Path:
    """A clone of somebody's repository with links in it, beside a folder of the user's own."""
    private = david.root / "private"
    (private / "keys").mkdir(parents=True)
    (private / "keys" / "id").write_bytes(SECRET)
    root = david.root / "downloads" / "cats"
    (root / ".git").mkdir(parents=True)
    (root / "real").mkdir()
    (root / "real" / "clip.mp4").write_bytes(b"ours")
    (root / "near").symlink_to("real")
    (root / "clips").symlink_to(private)
    (root / "relative").symlink_to(os.path.relpath(private, root))
    (root / "by another").symlink_to("clips")
    (root / "fresh").symlink_to(private / "fresh")
    (root / "real" / "sub").mkdir()
    (root / "real" / "sub" / "deep").symlink_to(private / "keys")
    return root


LINKS = [
    "./clips",
    "./relative",
    "./by another",
    "./fresh",
    "./clips/keys",
    "./real/sub/deep",
    "./near/sub/deep",
    "./near/../clips",
]


def outside(person: Person) -> dict[str, bytes]:
    return {
        str(path.relative_to(person.root)): path.read_bytes() if path.is_file() else b""
        for path in (person.root / "private").rglob("*")
    }


@pytest.mark.parametrize("link", LINKS)
def test_f47_a_link_of_a_clone_leads_no_copy_out_of_it(david: Person, clone: Path, link: str) -> None:
    before = outside(david)
    for words in (("copy", link, "./taken"), ("move", "./real", link)):
        refused(david, clone, *words)
    assert outside(david) == before and not (clone / "taken").exists()
    assert (clone / "real" / "clip.mp4").read_bytes() == b"ours"


def test_f47_nor_another_verb(david: Person, clone: Path) -> None:
    before = outside(david)
    refused(david, clone, "sync", "./real", "./relative", "--delete")
    refused(david, clone, "check", "./clips", "./real")
    refused(david, clone, "organize", "./by another", "./taken", "--layout", "{name}")
    refused(david, clone, "organize", "./real", "./clips/keys", "--layout", "{name}", "--move", "--yes")
    refused(david, clone, "copy", "./real", f"file://{clone}/clips")
    refused(david, clone, "copy", "./real", "./there", "--log-file", "clips/log")
    refused(david, clone, "dashboard", "--out", "by another/page.html")
    assert outside(david) == before and sorted(path.name for path in (clone / "real").iterdir()) == ["clip.mp4", "sub"]


def test_f55_no_file_that_is_typed_is_read_through_one(david: Person, clone: Path) -> None:
    """What `archive import` reads it writes into a file that is committed, as `init` did with a linked .gitignore."""
    secret = david.root / "private" / "s3_config.json"
    secret.write_text('{"aws": {"region": "eu-west-1"}, "buckets": {"primary": "secret-bucket"}, "local_base": "x"}')
    (clone / "s3_config.json").symlink_to(secret)
    for words in (
        ("archive", "import", "s3_config.json"),
        ("archive", "import", "./near/../s3_config.json", "--own"),
        ("copy", "./real", "./taken", "--files-from", "s3_config.json"),
        ("copy", "./real", "./taken", "--files-from", "clips/keys/id"),
    ):
        said = david.expect(2, *words, cwd=clone).err
        assert "leads out of the repository" in said and "name that file itself" in said, said
    assert not (clone / ".s3sync.yaml").exists() and not (clone / "taken").exists()
    (clone / "names").symlink_to("real/names")
    (clone / "real" / "names").write_text("clip.mp4\n")
    (clone / "real" / "sub" / "deep").unlink()
    david.ok("copy", "./real", "./taken", "--files-from", "names", cwd=clone)
    assert (clone / "taken" / "clip.mp4").read_bytes() == b"ours"


def refused(person: Person, clone: Path, *words: str) -> None:
    said = person.expect(2, *words, cwd=clone).err
    assert "leads out of the repository" in said and "name that folder itself" in said, said


def test_links_inside_a_repository_and_outside_of_any_are_followed(david: Person, clone: Path) -> None:
    (clone / "real" / "sub" / "deep").unlink()
    david.ok("copy", "./near", "./there", cwd=clone)
    assert (clone / "there" / "clip.mp4").read_bytes() == b"ours"
    own = david.root / "films"
    own.symlink_to(david.root / "private")
    david.ok("copy", "./real", str(own), cwd=clone)
    assert (david.root / "private" / "clip.mp4").read_bytes() == b"ours"


@pytest.mark.parametrize("end", ["nowhere", "x" * 300, ".s3sync.yaml/x"])
def test_one_that_leads_nowhere_ends_no_command(synced: Person, end: str) -> None:
    """Of a link to itself, or to a name that no disk holds, the system says an error, and not that it is no folder."""
    synced.write("clip.mp4", b"ours")
    (synced.repo / "nowhere").symlink_to(end)
    synced.ok("up")
    synced.ok("status", "--all", cwd=synced.repo)
    synced.ok("init", synced.project.name, cwd=synced.repo)
    for words in (("up", "nowhere"), ("copy", "nowhere", "./taken"), ("init", "nowhere"), ("check", "nowhere", ".")):
        said = synced.run(*words, cwd=synced.repo)
        assert said.code in (1, 2) and "did not expect" not in said.err, said.err
