"""What others put in the way of an archive: no link, no index and no source of a repository leads elsewhere."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.scenarios.archive.conftest import own_settings, put, settings

SET = """\
archives:
  units:
    store: {store}
    source: {source}
    unit: {unit}
    pack: {pack}
    layout: {layout}
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def ana(tmp_path: Path) -> Person:
    """Whoever restores what David sent."""
    person = Person("ana", tmp_path / "ana", {}, fresh=True)
    person.repo.mkdir(parents=True, exist_ok=True)
    return person


def rules(vault: Path, source: str, unit: str = "folder", pack: str = "tar", layout: str = "'{path}'") -> str:
    return SET.format(store=vault.as_uri(), source=source, unit=unit, pack=pack, layout=layout)


def share(david: Person, ana: Person) -> None:
    """Have Ana know what David sent, by the same settings."""
    settings(ana, (david.repo / ".s3sync.yaml").read_text())
    ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)


@pytest.mark.parametrize(
    ("source", "unit", "sent", "link", "named"),
    [
        ("raw", "folder", "raw/m42/authorized_keys", "raw/m42", "m42"),
        ("nights/*/*", "folder", "nights/2024/m42/authorized_keys", "nights/2024", "2024/m42"),
        ("clips", "file", "clips/day/authorized_keys", "clips/day", "day/authorized_keys"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_committed_link_leads_no_restore_elsewhere(
    source: str, unit: str, sent: str, link: str, named: str, there: bool, david: Person, ana: Person, vault: Path
) -> None:
    settings(david, rules(vault, source, unit, "none" if unit == "file" else "tar"))
    put(david.repo, sent, b"a key of somebody else")
    david.ok("archive", "run", cwd=david.repo)
    share(david, ana)
    elsewhere = ana.root / "home/.ssh"
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    if there:
        elsewhere.mkdir()
    place = ana.repo / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(elsewhere, place.parent))
    refused = ana.expect(1, "restore", named, cwd=ana.repo)
    assert "symbolic link" in refused.err and "--to" in refused.err
    assert not list(elsewhere.rglob("*")) and elsewhere.exists() is there


def test_a_link_of_another_user_leads_no_restore_elsewhere(david: Person, vault: Path, tmp_path: Path) -> None:
    settings(david, rules(vault, "raw"))
    put(david.repo, "raw/m42/a.fits")
    david.ok("archive", "run", cwd=david.repo)
    shared, private = tmp_path / "shared", tmp_path / "private"
    for folder in (shared, private):
        folder.mkdir()
    (shared / "m42").symlink_to(private)
    david.expect(1, "restore", "m42", "--to", str(shared), cwd=david.repo)
    assert list(private.iterdir()) == []
    (tmp_path / "mine").symlink_to(shared)  # the folder that the user names may be one
    (shared / "m42").unlink()
    david.ok("restore", "m42", "--to", str(tmp_path / "mine"), cwd=david.repo)
    assert (shared / "m42/a.fits").exists()


@pytest.mark.parametrize("pack", ["tar", "none"])
@pytest.mark.parametrize("words", [["restore", "tools"], ["archive", "verify", "tools"]])
def test_an_index_that_became_another_units_is_refused(
    words: list[str], pack: str, david: Person, ana: Person, vault: Path
) -> None:
    """The name that was looked at says where it goes, and the other one what programs obey."""
    settings(david, rules(vault, "'*'", pack=pack))
    put(david.repo, "tools/post-checkout", b"#!/bin/sh\n").chmod(0o755)
    david.ok("archive", "run", "tools", cwd=david.repo)
    index = vault / ("tools.tar.index.json" if pack == "tar" else ".s3sync/archive/units.jsonl")
    true = index.read_text()
    index.write_text(json.dumps({**json.loads(true), "unit": ".git/tools"}) + "\n")
    share(david, ana)
    index.write_text(true)
    refused = ana.run(*words, cwd=ana.repo)
    assert refused.code and ".git/tools" in refused.err and "rebuild" in refused.err
    assert not (ana.repo / ".git/tools").exists()


def test_modes_that_others_sent_give_no_more_than_the_umask(david: Person, ana: Person, vault: Path) -> None:
    settings(david, rules(vault, "raw"))
    for name, mode in (("a.txt", 0o666), ("run.sh", 0o777), (".envrc", 0o755), ("sub/b", 0o664)):
        put(david.repo, f"raw/m42/{name}").chmod(mode)
    (david.repo / "raw/m42/sub").chmod(0o777)
    david.ok("archive", "run", cwd=david.repo)
    share(david, ana)
    (ana.repo / "raw").mkdir()
    ana.ok("restore", "m42", cwd=ana.repo)
    mask = os.umask(0o077)
    os.umask(mask)

    def modes(person: Person, folder: str) -> dict[str, int]:
        names = ("a.txt", "run.sh", ".envrc", "sub", "sub/b")
        return {name: stat.S_IMODE((person.repo / folder / name).stat().st_mode) for name in names}

    assert mask & 0o022, "a umask that gives everything shows nothing"
    sent = modes(david, "raw/m42")
    assert modes(ana, "raw/m42") == {**{name: mode & ~mask for name, mode in sent.items()}, ".envrc": 0o644 & ~mask}
    david.ok("restore", "m42", "--to", "back", cwd=david.repo)
    assert modes(david, "back/m42") == sent


@pytest.mark.parametrize("source", [".git", "hidden", ".g*", "'.'"])
def test_the_clones_own_git_folder_is_no_repositorys_to_send(source: str, david: Person, vault: Path) -> None:
    settings(david, rules(vault, source, layout="'u/{md5}'", unit="file", pack="none"))
    put(david.repo, ".git/config", b"url = https://me:TOKEN@host")
    put(david.repo, ".git/hooks/x", b"TOKEN")
    put(david.repo, "film.mov", b"film")
    (david.repo / "hidden").symlink_to(".git")
    david.run("archive", "run", cwd=david.repo)
    sent = [path.read_bytes() for path in vault.rglob("*") if path.is_file()]
    assert not any(b"TOKEN" in body for body in sent)
    assert (b"film" in sent) == (source == "'.'")


def test_keys_of_whoever_runs_it_are_no_repositorys_to_send(david: Person, vault: Path) -> None:
    settings(david, rules(vault, "'b*'"))
    put(david.repo, "b40/.Video-Tools.env", b"AWS_SECRET_ACCESS_KEY=SECRET")
    put(david.repo, "b40/cut/.git/config", b"a clone within the clone")
    david.ok("archive", "run", "b40", cwd=david.repo)
    david.ok("restore", "b40", "--to", "back", cwd=david.repo)
    assert (david.repo / "back/b40/cut/.git/config").exists()
    assert not (david.repo / "back/b40/.Video-Tools.env").exists()
    settings(david, "repo: film\n")
    own_settings(david, rules(vault.with_name("mine"), str(david.repo / "b*")))
    david.ok("archive", "run", "b40", cwd=david.repo)
    david.ok("restore", "b40", "--to", "mine", cwd=david.repo)
    assert (david.repo / "mine/b40/.Video-Tools.env").exists()
