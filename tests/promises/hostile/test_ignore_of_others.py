"""What another user of the computer writes into the repository's `.s3syncignore`, in a folder that others may write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
SOMEBODY = 65534
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def careful(david: Person) -> Person:
    """David in a shared folder, without S3SYNC_TRUST, with keys that the team's rules keep here."""
    (david.repo / ".s3sync.yaml").write_text('ignore: ["*.key", "private/"]\n')
    (david.repo / ".s3sync.yaml").chmod(0o644)
    for name in ("id.key", "private/a.mov", "b.mov"):
        david.write(name, name)
    david.environ = {"S3SYNC_TRUST": ""}
    david.ok("init", "--store", f"file://{david.root.parent}/shared", "--create")
    david.repo.chmod(0o1777)
    return david


def sent(person: Person) -> set[str]:
    store = person.root.parent / "shared"
    return {path.name for path in store.rglob("*") if path.suffix in (".key", ".mov")}


def planted(person: Person, text: str, *, of: str) -> Path:
    path = person.repo / ".s3syncignore"
    path.write_bytes(text.encode())
    path.chmod(0o644)
    if of == "another user":
        os.chown(path, SOMEBODY, SOMEBODY)
    elif of == "everybody":
        path.chmod(0o646)
    elif of == "a group":
        os.chown(path, 0, SOMEBODY)
        path.chmod(0o664)
    return path


@as_root
@pytest.mark.parametrize("of", ["another user", "everybody", "a group"])
@pytest.mark.parametrize("text", ["!*.key\n", "*.log\r!id.key", "\ufeff!*.key\n", "*.log\n\n!private/\n!private/**\n"])
def test_f46_nobody_else_takes_back_what_the_team_keeps_here(careful: Person, text: str, of: str) -> None:
    path = planted(careful, text, of=of)
    for verb in ("up", "sync", "status", "pin"):
        result = careful.expect(2, verb)
        assert f"{path} is not read" in result.err and "take back what is kept from the team" in result.err
        assert result.err.count("error: ") == 1 and result.err.count("hint: ") == 1
    assert not sent(careful)


@as_root
@pytest.mark.parametrize("of", ["another user", "everybody", "a group"])
def test_f46_what_only_ignores_more_is_obeyed_whoever_wrote_it(careful: Person, of: str) -> None:
    planted(careful, "*.log\n # no rule: !\n\\!x\n", of=of)
    careful.write("a.log", "a")
    careful.ok("up")
    assert sent(careful) == {"b.mov"}


@as_root
def test_f46_rules_of_ones_own_take_back_and_so_do_those_that_the_environment_trusts(careful: Person) -> None:
    planted(careful, "!*.key\n", of="ours")
    careful.ok("up")
    assert sent(careful) == {"b.mov", "id.key"}
    planted(careful, "!private/\n!private/**\n", of="everybody")
    careful.ok("up", env={"S3SYNC_TRUST": "1"})
    assert "a.mov" in sent(careful)


@pytest.mark.parametrize(
    "verb", [("check",), ("copy",), ("sync", "--delete"), ("organize", "--layout", "{name}", "-n")]
)
def test_what_a_file_in_a_place_leaves_out_of_two_is_said(david: Person, verb: tuple[str, ...]) -> None:
    """Whoever may write in a shared folder would have `check` say that it is alike, and one be deleted."""
    a, b = david.root / "share", david.root / "kept"
    for folder in (a, b):
        (folder / "raw").mkdir(parents=True)
        (folder / "notes.txt").write_text("x")
    (a / "raw" / "last.mov").write_text("the only one")
    said = ".s3syncignore in ../share leaves out what is there: it is neither compared nor copied (raw/)"
    for rules, count in (("raw/\n", 1), ("none/\n", 0)):
        for folder in (a, b):
            (folder / ".s3syncignore").write_text(rules)
        assert " ".join(david.run(*verb, "../share", "../kept", cwd=david.repo).err.split()).count(said) == count


def test_so_is_what_arrived_rules_leave_out_of_a_project(david: Person) -> None:
    """Whoever writes to the store sent them: a copy of the project would lack files, and nobody would know."""
    david.write("last.mov", "the only one")
    david.write(".s3syncignore", "*.mov\n")
    told = david.run("copy", david.staging.parent.name, "../kept", cwd=david.repo)
    assert "leaves out what is there: it is neither compared nor copied (last.mov)" in " ".join(told.err.split())
