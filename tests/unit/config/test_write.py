"""Writing settings keeps what people wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.config import load_settings, write_repo_config, write_user_config
from s3sync.config.files import REPO_KIND, USER_KIND, parse_settings, read_settings
from s3sync.config.write import _updated, replace_file
from s3sync.errors import ConfigError, LocalError

STORE = "s3://new-bucket/x"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("store: s3://old\n", "store: s3://new-bucket/x\n"),
        ("store: s3://old", "store: s3://new-bucket/x"),
        ("store: s3://old   # our bucket\nrepo: a\n", "store: s3://new-bucket/x   # our bucket\nrepo: a\n"),
        ("store: 's3://old'\n", "store: s3://new-bucket/x\n"),
        ("store:\nrepo: a\n", "store: s3://new-bucket/x\nrepo: a\n"),
        ("store: # later\nrepo: a\n", "store: s3://new-bucket/x # later\nrepo: a\n"),
        ("store: null\n", "store: s3://new-bucket/x\n"),
        ("# c\n\nrepo: a\n", "# c\n\nrepo: a\nstore: s3://new-bucket/x\n"),
        ("# c\r\nrepo: a\r\n", "# c\r\nrepo: a\r\nstore: s3://new-bucket/x\r\n"),
        ("repo: a", "repo: a\nstore: s3://new-bucket/x\n"),
        ("ignore:\n  - a\n  # b\nrepo: ä\n", "ignore:\n  - a\n  # b\nrepo: ä\nstore: s3://new-bucket/x\n"),
        ("\ufeffrepo: a\n", "\ufeffrepo: a\nstore: s3://new-bucket/x\n"),
        ("\ufeffstore: s3://old\n", "\ufeffstore: s3://new-bucket/x\n"),
        ("---\nrepo: a\n", "---\nrepo: a\nstore: s3://new-bucket/x\n"),
        ("", "store: s3://new-bucket/x\n"),
    ],
)
def test_update(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / ".s3sync.yaml"
    path.write_bytes(old.encode())
    assert write_repo_config(path, {"store": STORE})
    assert path.read_bytes().decode() == new
    assert not write_repo_config(path, {"store": STORE})
    assert [entry.name for entry in tmp_path.iterdir()] == [".s3sync.yaml"]


def test_create(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.yaml"
    assert write_user_config(path, {"user": "jan", "notify": ["slack://a b", "x://é"], "profile": None})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[1:] == ["user: jan", 'notify: ["slack://a b", "x://é"]', "profile: null"]
    settings = read_settings(path, USER_KIND)
    assert settings["notify"].value == ("slack://a b", "x://é")
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text("user: jan\n")
    real.chmod(0o640)
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    write_user_config(link, {"user": "david"})
    assert link.is_symlink()
    assert real.read_text() == "user: david\n"
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text", ["on", "12", "1e3", "2025-01-01", "null", "~", "12:30", "a: b", "- a", "#x", "'", '"\\']
)
def test_texts_stay_texts(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".s3sync.yaml"
    write_repo_config(path, {"profile": text})
    assert read_settings(path, REPO_KIND)["profile"].value == text


@pytest.mark.parametrize(
    ("old", "values", "message"),
    [
        ("stoer: x\n", {"store": STORE}, "unknown setting 'stoer'"),
        ("repo: a\n", {"store": "s4://x"}, "'store' for"),
        ("repo: a\n", {"stoer": STORE}, "'stoer' is no setting"),
        ("repo: a\n", {"user": "jan"}, "unknown setting 'user'"),
        ("repo: a\n", {"endpoint_url": "http://a:b@c"}, "has a login in its address"),
        ("ignore:\n- a\n", {"ignore": ["b"]}, "cannot change 'ignore'"),
        ("repo: >\n  a\n", {"repo": "b"}, ""),
        ("{repo: a}\n", {"store": STORE}, ""),
        ("repo: a\n...\n", {"store": STORE}, ""),
    ],
)
def test_refusals_leave_the_file(tmp_path: Path, old: str, values: dict[str, object], message: str) -> None:
    path = tmp_path / ".s3sync.yaml"
    path.write_text(old)
    with pytest.raises(ConfigError) as caught:
        write_repo_config(path, values)
    assert message in str(caught.value)
    assert path.read_text() == old


def test_the_disk_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot write"):
        write_user_config(tmp_path / "file" / "config.yaml", {"user": "jan"})


def test_written_settings_hold(tmp_path: Path) -> None:
    write_repo_config(tmp_path / ".s3sync.yaml", {"store": STORE, "repo": "a", "transfers": 8, "ignore": ["*.tmp"]})
    settings = load_settings(tmp_path, flags={}, environ={})
    assert (settings.store, settings.repo, settings.transfers, settings.ignore) == (STORE, "a", 8, ("*.tmp",))


# Without these two, nothing looks like an access key or a login.
LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="A@")
COMMENTS = st.text(LETTERS, max_size=20).map("# {}".format)


@given(before=COMMENTS, after=COMMENTS, profile=st.text(LETTERS, min_size=1))
def test_any_text_comes_back(before: str, after: str, profile: str) -> None:
    old = f"{before}\nprofile: old {after}\nrepo: r\n"
    new = _updated(old, {"profile": profile}, Path("x"), {"profile": profile})
    found = parse_settings(new, Path("x"), REPO_KIND)
    assert (found["profile"].value, found["repo"].value) == (profile, "r")
    assert new.startswith(before)
    assert after in new


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("aim", ["a file of ours", "nothing"])
def test_f49_a_link_at_the_temporary_files_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aim: str
) -> None:
    """Whoever may write in the folder, too, puts it there while the file is being written."""
    path, private = tmp_path / ".gitignore", tmp_path / "id_rsa"
    path.write_bytes(b"old")
    path.chmod(0o664)
    if aim == "a file of ours":
        private.write_bytes(b"secret")
        private.chmod(0o600)
    sync = os.fsync

    def swap(descriptor: int) -> None:
        sync(descriptor)
        (tmp_path / ".gitignore.s3sync.tmp").unlink()
        (tmp_path / ".gitignore.s3sync.tmp").symlink_to(private)

    monkeypatch.setattr(os, "fsync", swap)
    with pytest.raises(OSError, match="somebody else put something there"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old" and not path.is_symlink()
    if aim == "a file of ours":
        assert private.read_bytes() == b"secret" and private.stat().st_mode & 0o777 == 0o600
    else:
        assert not private.exists()
