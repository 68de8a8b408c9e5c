"""C9: people are called what they are called, and who only downloads needs no name."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.people import PROJECT, REPO, Person, pair


def test_c9_down_needs_no_name(people: tuple[Person, Person]) -> None:
    david, jan = people
    david.write("a.mp4", "first")
    david.ok("up")
    nobody = {"S3SYNC_USER": None, "XDG_CONFIG_HOME": str(jan.root / "nothing")}
    jan.ok("down", env=nobody)
    assert jan.read("a.mp4") == b"first"
    david.write("a.mp4", "second")
    david.ok("up")
    jan.write("a.mp4", "mine")
    jan.expect(4, "down", env=nobody)
    assert jan.read("a.mp4") == b"mine"
    for words in (("up",), ("sync",), ("down", "--on-conflict", "keep-both"), ("cleanup", "--yes")):
        assert "your name is not set" in jan.expect(2, *words, env=nobody).err
    jan.ok("down", "--on-conflict", "theirs", env=nobody)
    assert jan.read("a.mp4") == b"second"
    assert jan.states() == {"a.mp4": "in_sync"}


def test_c9_down_by_nobody_writes_no_metadata(tmp_path: Path) -> None:
    david, jan = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    (tmp_path / "store" / REPO / PROJECT).mkdir(parents=True)
    (tmp_path / "store" / REPO / PROJECT / "foreign.wav").write_text("w")
    nobody = {"S3SYNC_USER": None, "XDG_CONFIG_HOME": str(jan.root / "nothing")}
    jan.ok("down", env=nobody)
    manifest = tmp_path / "store" / REPO / PROJECT / "metadata.json"
    assert jan.read("foreign.wav") == b"w" and not manifest.exists()
    jan.ok("down")
    david.ok("down")
    assert set(json.loads(manifest.read_bytes())["members"]) <= {"jan", "david"}


def test_c9_names_of_people(people: tuple[Person, Person]) -> None:
    david, jan = people
    zoe, eve = {"S3SYNC_USER": "Zoë Müller"}, {"S3SYNC_USER": "Eve Smith"}
    david.write("cut/a.mp4", "base")
    david.ok("up", env=zoe)
    jan.ok("down", env=eve)
    david.write("cut/a.mp4", "zoë's")
    jan.write("cut/a.mp4", "eve's")
    david.ok("up", env=zoe)
    said = jan.expect(4, "sync", env=eve)
    assert "Zoë Müller" in said.err
    copy = next(name for name in jan.files() if ".conflict-" in name)
    assert copy.startswith("cut/a.conflict-Eve-Smith-") and copy.endswith(".mp4")
    david.run("sync", env=zoe)
    assert david.files() == jan.files()
