"""C9: one setting is set and removed by a command, in one's own file or in the team's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.kit.people import Person, pair


@pytest.fixture
def david(tmp_path: Path) -> Person:
    return pair(tmp_path, f"file://{tmp_path / 'store'}", {})[0]


def own(person: Person) -> dict[str, object]:
    return dict(yaml.safe_load((person.root / "home/.config/s3sync/config.yaml").read_text()))


def team(person: Person) -> dict[str, object]:
    return dict(yaml.safe_load((person.repo / ".s3sync.yaml").read_text()))


def test_c9_a_wrong_profile_is_removed(david: Person) -> None:
    before = (david.repo / ".s3sync.yaml").read_text()
    david.ok("config", "set", "profile", "wrnog")
    assert own(david)["profile"] == "wrnog"
    assert "wrnog" in david.ok("config").out
    david.ok("config", "unset", "profile")
    assert own(david)["profile"] is None and "wrnog" not in david.ok("config").out
    assert (david.repo / ".s3sync.yaml").read_text() == before
    assert david.ok("config", "unset", "profile", "--json").json["changed"] is False


def test_c9_settings_of_the_team(david: Person) -> None:
    david.ok("config", "set", "ignore", "*.tmp", "cache/", "--repo")
    david.ok("config", "set", "transfers", "8", "--repo")
    assert (team(david)["ignore"], team(david)["transfers"]) == (["*.tmp", "cache/"], 8)
    david.ok("config", "unset", "transfers", "--repo")
    assert team(david)["transfers"] is None and team(david)["repo"] == "v-appydave"
    david.ok("config", "set", "user", "Eve Smith")
    assert own(david)["user"] == "Eve Smith"
    assert set(david.ok("config", "user", "transfers", "--json").json["settings"]) == {"user", "transfers"}
    assert david.ok("config", "show", "repo").out.split("  ")[:2] == ["repo", "v-appydave"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set"], "KEY is missing"),
        (["set", "user"], "VALUE... is missing"),
        (["unset", "user", "jan"], "unexpected extra argument"),
        (["shown", "user"], "did you mean `s3sync config show`?"),
        (["set", "usr", "jan"], "there is no setting 'usr'"),
        (["set", "region", "eu-west-1"], "add --repo"),
        (["set", "user", "jan", "--repo"], "leave out --repo"),
        (["set", "user", "a/b"], "cannot be a user's name"),
        (["set", "staging", ".aws", "--repo"], "cannot be the staging folder"),
        (["set", "profile", "a", "b"], "takes one value"),
        (["set", "bwlimit", "10"], "has no unit"),
        (["set", "bwlimit", "08:00,fast", "--repo"], "bandwidth limit"),
        (["set", "profile", "AKIAIOSFODNN7EXAMPLE"], "looks like a key"),
    ],
)
def test_c9_what_is_refused(david: Person, words: list[str], said: str) -> None:
    before = (own(david), team(david))
    error = david.expect(2, "config", *words).err
    assert said in error and "AKIA" not in error
    assert (own(david), team(david)) == before


def test_f57_what_is_set_is_repeated_as_config_shows_it(david: Person, tmp_path: Path) -> None:
    """Also in a log, which others may read."""
    log = tmp_path / "log"
    for key, value in (
        ("proxy", "http://david:hunter2-geheim@proxy.example.com:3128"),
        ("notify", "https://hooks.slack.com/services/T000/B000/hunter2-geheim"),
    ):
        said = david.ok("config", "set", key, value, "--log-file", str(log))
        assert f"set {key} " in said.out
        assert "hunter2" not in said.out + said.err + log.read_text()
