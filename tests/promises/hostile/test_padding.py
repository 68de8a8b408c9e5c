"""What a committer or a peer can name does not write lines of its own onto the screen, and no key is repeated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.promises.hostile.conftest import Peer
from tests.promises.hostile.test_secrets_and_bounds import SECRETS
from tests.scenarios.cli.terminal import on_terminal

QUESTION = "Do you trust this place? [y/N]"


@pytest.fixture
def stranger(david: Person) -> Person:
    """He has agreed to nothing, and nothing agrees for him."""
    david.environ = {**david.environ, "S3SYNC_TRUST": ""}
    return david


@pytest.mark.parametrize(
    "line",
    [
        "store: 's3://theirs/team" + " " * 60 + "server: AWS'",
        "store: s3://theirs/" + "team/" * 90,
        "store: 'file:///srv/x" + " " * 200 + "y'",
        "store: 'file:///srv/x" + "\u2003" * 50 + "y'",
        "store: s3://theirs\nrepo: 'r" + " " * 70 + "signed by: you'",
        "store: s3://theirs\nrepo: " + "r" * 200,
        "store: s3://theirs\nendpoint_url: https://h.example/" + "a" * 900,
        "store: s3://theirs\nproject: 'r" + " " * 70 + "x'",
    ],
    ids=["prefix", "long prefix", "folder", "other blanks", "name", "long name", "server", "project"],
)
def test_f47_no_part_of_a_place_is_long_or_has_gaps(stranger: Person, line: str) -> None:
    (stranger.repo / ".s3sync.yaml").write_text(f"{line}\n")
    for command in ("trust", "status"):
        refused = stranger.expect(2, command).err
        assert "is not valid" in refused and "  " * 20 not in refused and len(refused) < 2000


def test_f47_a_value_with_blanks_begins_no_line_of_the_question(stranger: Person) -> None:
    """Whatever the width of the terminal, a row with a label of ours is ours."""
    forged = "team " + "x" * 45 + " store: ours, server: AWS, signed by: you"
    (stranger.repo / ".s3sync.yaml").write_text(f"store: 'file://{stranger.root}/{forged}'\n")
    shown = on_terminal(stranger, "status", answers=[(QUESTION, "n")])
    assert shown.code == 5
    question = shown.out[shown.out.index("A file of this repository") :]
    rows = [line[at : at + 80] for line in question.splitlines() for at in range(0, max(len(line), 1), 80)]
    labelled = [row.strip().partition(":")[0] for row in rows[1:] if row.startswith("  ") and row[2:3].strip()]
    assert labelled[:2] == ["repository", "store"] and "server" not in labelled and "signed by" not in labelled
    told = next(row for row in rows if row.startswith("  store: "))
    below = rows[rows.index(told) + 1]
    assert below.startswith(" " * 14) and "signed by" in "".join(rows)


@pytest.mark.parametrize("name", ["a{}(1 KB) - synced.mov", "{}a.mov", "a.mov{}"])
def test_f57_blanks_in_a_name_are_seen(peer: Peer, name: str) -> None:
    for count in (1, 70):
        peer.put(name.format(" " * count), b"x")
    shown = peer.david.run("status").out
    assert "\\x20{70}" in shown and " " * 20 not in shown
    if not name.startswith("a{}("):
        assert "\\x20a.mov" in shown or "a.mov\\x20 " in shown


def test_f57_names_that_differ_in_the_middle_look_different(david: Person) -> None:
    names = [f"interview-one-{middle * 8}-take-final-master-version-7.mov" for middle in "ABC"]
    for name in names:
        david.write(name, name)
    for _ in range(2):
        shown = on_terminal(david, "status").out
        rows = {row.strip() for row in shown.splitlines() if "version-7.mov" in row}
        assert len(rows) == 3, shown
    david.write("another-long-name-of-a-file-that-is-" + "alone-" * 8 + ".mov", "x")
    assert "..." in on_terminal(david, "status").out


KEY = SECRETS["a secret key of letters"]


@pytest.mark.parametrize("secret", [KEY, SECRETS["a role's key id"], SECRETS["a GitHub token"]])
@pytest.mark.parametrize(
    "words",
    [
        ("{}",), ("down", "--bwlimit", "{}"), ("status", "--{}"), ("--{}", "status"), ("down", "{}"),
        ("config", "set", "bwlimit", "{}"), ("config", "set", "{}", "x"), ("config", "{}"), ("projects", "{}"),
        ("sync", "--on-conflict", "{}"), ("down", "--wait", "{}"), ("trash", "empty", "--older-than", "{}"),
        ("init", "{}"), ("completion", "{}"), ("status", "--debug", "--bwlimit", "{}"),
    ],
)  # fmt: skip
def test_f57_a_key_where_no_key_belongs_is_not_repeated(
    david: Person, tmp_path: Path, words: tuple[str, ...], secret: str
) -> None:
    log = tmp_path / "log"
    typed = [word.format(secret) for word in words]
    for more in ([], ["--json"], ["--log-file", str(log)]):
        result = david.run(*typed, *more, cwd=david.repo)
        said = result.out + result.err + (log.read_text() if log.exists() else "")
        assert result.code != 0 and secret not in said and secret[:12] not in said, result
    assert not os.path.lexists(david.repo / secret)


def test_f57_a_key_in_the_files_bandwidth_limit_is_not_repeated(david: Person) -> None:
    for value in (KEY, f"{{{KEY}: 1}}", f"[08:00 {KEY}]"):
        (david.repo / ".s3sync.yaml").write_text(f"bwlimit: {value}\n")
        result = david.expect(2, "up")
        assert KEY not in result.out + result.err and "bandwidth" in result.err


@pytest.mark.parametrize("name", ["sk-interview-2024-final", "AKIRA-1988", "Kundenprojekte-Herbst2025-Fassung3b"])
def test_f57_a_name_is_not_taken_for_a_key(david: Person, name: str) -> None:
    assert name in david.expect(2, "down", f"{name}.mov").err or name.startswith("sk-")


def test_f57_what_stands_for_a_user_or_a_time_is_as_long_as_one(peer: Peer) -> None:
    """Not even without blanks in a row does it fill the screen with lines of its own."""
    said = "jan " + "Status: all in sync - " * 80
    for name in ("a.mov", ".envrc", ".git/config"):
        peer.put(name, b"x", **{"uploaded-by": said, "mtime": said})
    record = peer.record("b.mov", b"b", uploaded_by=said, uploaded_at=said)
    peer.put("b.mov", b"b")
    gone = {"name": "gone.mov", "deleted_by": said, "deleted_at": said}
    peer.manifest(project_id="p", repo="r", files=[record], deleted=[gone], last_sync=said, last_sync_by=said)
    peer.david.write("b.mov", "mine")
    for words in (("status",), ("down",), ("sync",), ("undo", "--yes"), ("projects",), ("trash", "list")):
        result = peer.david.run(*words)
        lines = (result.out + result.err).splitlines()
        assert all(line.count("all in sync - ") <= 10 for line in lines), lines


def test_f57_config_shows_no_key_in_a_setting_of_any_kind(david: Person) -> None:
    own = david.root / "home" / ".config" / "s3sync"
    own.mkdir(parents=True)
    for line in (f"bwlimit: {KEY}", f"ca_bundle: /x/{SECRETS['a GitHub token']}", f"bwlimit: [08:00 {KEY}]"):
        (own / "config.yaml").write_text(f"{line}\n")
        for words in (("config",), ("config", "--json"), ("config", "show", line.partition(":")[0])):
            result = david.run(*words)
            assert KEY not in result.out + result.err and "ghp_16C7" not in result.out + result.err, result
