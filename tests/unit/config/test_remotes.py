"""A configuration of rclone in the current folder, which may be a clone, is nobody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.config.remotes import open_line, remote_type
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


HOST = "host = nas.example.com\n"


@pytest.mark.parametrize(
    ("kind", "values", "word"),
    [
        ("sftp", HOST, "host key"),
        ("sftp", HOST + "pin_host_key = false\n", "host key"),
        ("sftp", HOST + "known_hosts_file = ~/.ssh/known_hosts\n", None),
        ("sftp", HOST + "pin_host_key = true\n", None),
        ("sftp", HOST + "ssh = ssh nas\n", None),
        ("sftp", "host = 127.0.0.1\n", None),
        ("webdav", "url = http://nas.example.com/dav\n", "not encrypted"),
        ("webdav", "url = HTTP://nas.example.com/dav\n", "not encrypted"),
        ("webdav", "url = https://nas.example.com/dav\n", None),
        ("webdav", "url = http://[\n", "not encrypted"),
        ("s3", "endpoint = http://nas.example.com\n", "not encrypted"),
        ("ftp", HOST, "not encrypted"),
        ("ftp", HOST + "explicit_tls = true\n", None),
        ("dropbox", "", None),
    ],
)
def test_f53_a_server_whose_place_others_can_take_is_told(
    tmp_path: Path, kind: str, values: str, word: str | None
) -> None:
    """Also behind a remote that wraps another one: its password goes over the same line."""
    own = tmp_path / "rclone" / "rclone.conf"
    own.parent.mkdir()
    own.write_text(f"[other]\ntype = dropbox\n[nas]\ntype = {kind}\n{values}[sealed]\ntype = crypt\nremote = nas:x\n")
    environ = {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path)}
    for name in ("nas", "sealed"):
        found = open_line(f"rclone:{name}:films", environ)
        assert (found is None) == (word is None)
        assert found is None or (word is not None and word in found.why and "nas" in found.hint)
    assert open_line("rclone:other:films", environ) is None


def test_f53_what_the_environment_says_of_a_remote_counts_first() -> None:
    environ = {"HOME": "/nowhere", "RCLONE_CONFIG_NAS_TYPE": "sftp", "RCLONE_CONFIG_NAS_HOST": "nas.example.com"}
    assert open_line("rclone:nas:films", environ) is not None
    assert open_line("rclone:nas:films", environ | {"RCLONE_SFTP_KNOWN_HOSTS_FILE": "/k"}) is None
    wraps_itself = {"HOME": "/nowhere", "RCLONE_CONFIG_NAS_TYPE": "alias", "RCLONE_CONFIG_NAS_REMOTE": "nas:"}
    assert open_line("rclone:nas:films", wraps_itself) is None
