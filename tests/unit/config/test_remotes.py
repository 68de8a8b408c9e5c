"""A configuration of rclone in the current folder, which may be a clone, is nobody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.config.remotes import remote_type
from s3sync.errors import ConfigError
from s3sync.store.rclone.program import environment

KIND = "[team]\ntype = {}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a configuration, and a clone with others, in which we stand."""
    home, clone = tmp_path / "home", tmp_path / "clone"
    for place, kind in ((home / ".config", "dropbox"), (clone / "conf", "local"), (clone, "local")):
        (place / "rclone").mkdir(parents=True)
        (place / "rclone" / "rclone.conf").write_text(KIND.format(kind))
    monkeypatch.chdir(clone)
    return home


@pytest.mark.parametrize("said", ["conf", ".", "", None])
def test_a_relative_folder_of_settings_counts_for_nothing(home: Path, said: str | None) -> None:
    environ = {"HOME": str(home)} | ({} if said is None else {"XDG_CONFIG_HOME": said})
    assert remote_type("team", environ) == "dropbox"
    assert not environment(environ).get("XDG_CONFIG_HOME")


def test_a_whole_one_counts(home: Path) -> None:
    environ = {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(home / ".config")}
    assert remote_type("team", environ) == "dropbox" and environment(environ) == environ


def test_a_relative_configuration_tells_no_type_and_starts_nothing(home: Path) -> None:
    environ = {"HOME": str(home), "RCLONE_CONFIG": "conf/rclone/rclone.conf"}
    assert remote_type("team", environ) is None
    with pytest.raises(ConfigError, match="no whole path"):
        environment(environ)
    whole = environ | {"RCLONE_CONFIG": str(home / ".config/rclone/rclone.conf")}
    assert remote_type("team", whole) == "dropbox" and environment(whole) == whole
