"""The dashboard as a file: private, in one piece, never over anything else, never where everybody would get it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from s3sync.dashboard.files import own_for_a_while, own_name, write_own, write_to
from s3sync.dashboard.page import page_of
from s3sync.errors import UsageError
from tests.kit.boards import many

PAGE = page_of(many(2))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_for_the_user_alone_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    assert write_to(out, PAGE, force=False, staging=[]) == out
    assert mode(out) == 0o600
    out.chmod(0o644)
    write_to(out, page_of(many(3)), force=False, staging=[])
    assert mode(out) == 0o600 and out.read_bytes() == page_of(many(3))
    assert os.listdir(tmp_path) == ["board.html"]


@pytest.mark.parametrize("content", [b"", b"<html>my own page</html>", b"x" * 5000 + PAGE])
def test_what_is_no_dashboard_is_not_replaced_without_force(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "index.html"
    out.write_bytes(content)
    with pytest.raises(UsageError, match="is there already") as refused:
        write_to(out, PAGE, force=False, staging=[])
    assert "--force" in (refused.value.hint or "") and out.read_bytes() == content
    write_to(out, PAGE, force=True, staging=[])
    assert out.read_bytes() == PAGE


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    secret = tmp_path / "notes.txt"
    secret.write_text("mine")
    (tmp_path / "out.html").symlink_to(secret)
    with pytest.raises(UsageError):
        write_to(tmp_path / "out.html", PAGE, force=False, staging=[])
    write_to(tmp_path / "out.html", PAGE, force=True, staging=[])
    assert secret.read_text() == "mine" and not (tmp_path / "out.html").is_symlink()


def test_a_fifo_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError):
        write_to(tmp_path / "pipe", PAGE, force=False, staging=[])


def test_a_staging_folder_is_refused_also_through_a_link(tmp_path: Path) -> None:
    staging = tmp_path / "b63" / "s3-staging"
    (staging / "cut").mkdir(parents=True)
    (tmp_path / "short").symlink_to(staging / "cut")
    for out in (staging / "a.html", staging / "cut" / "a.html", tmp_path / "short" / "a.html"):
        with pytest.raises(UsageError, match="staging folder"):
            write_to(out, PAGE, force=True, staging=[staging])
    assert list(staging.rglob("*.html")) == []
    write_to(tmp_path / "b63" / "a.html", PAGE, force=False, staging=[staging])


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        write_to(tmp_path / "nowhere" / "a.html", PAGE, force=False, staging=[])
    with pytest.raises(UsageError, match="is a folder"):
        write_to(tmp_path, PAGE, force=True, staging=[])


def test_the_default_place_is_the_users_own(tmp_path: Path) -> None:
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    path = write_own(environ, own_name("v-voz", "/home/david/v-voz"), PAGE)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700) and path.is_relative_to(tmp_path / "s3sync")
    with own_for_a_while(environ, "open-1.html", b"x") as door:
        assert mode(door) == 0o600
    assert not door.exists() and path.exists()


@pytest.mark.parametrize("repo", ["../../etc/passwd", "a/b", "x" * 300, "", "é 🎬", "CON"])
def test_its_name_is_plain_whatever_the_repositorys_is(repo: str) -> None:
    name = own_name(repo, "/r")
    assert "/" not in name and len(name) < 80 and name.isascii() and not name.startswith(".")
    assert own_name("v", "/one") != own_name("v", "/two")
