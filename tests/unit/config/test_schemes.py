"""The one table of kinds of stores: both halves know the same, and nobody else looks at how an address begins."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import s3sync
from s3sync import Project
from s3sync.config import schemes
from s3sync.config.schemes import SCHEMES, Scheme, bucket_url, folder_url, scheme_of
from s3sync.config.values import BadValue
from s3sync.store import StoreOptions, open_store
from s3sync.store import schemes as openers
from s3sync.store.folder import FolderStore
from s3sync.store.port import Store

ROOM = Path(s3sync.__file__).parent
ADDRESSES = {
    "s3": "s3://team-bucket/films",
    "gs": "gs://team-bucket/films",
    "az": "az://teamfilms/shared/films",
    "file": "file:///mnt/nas/films",
    "rclone": "rclone:team:films/b63",
}


def test_both_halves_know_the_same_kinds() -> None:
    assert set(SCHEMES) == set(openers.OPENERS) == set(ADDRESSES)


@pytest.mark.parametrize("kind", SCHEMES)
def test_what_the_setting_takes_can_be_opened(kind: str) -> None:
    address = schemes.store(f"{ADDRESSES[kind]}/")
    assert address == ADDRESSES[kind]
    assert open_store(address, StoreOptions(env={})).url == address
    assert scheme_of(address) is SCHEMES[kind]
    assert SCHEMES[kind].form in schemes.USAGE


def test_what_is_said_of_each_kind() -> None:
    assert {kind: (scheme.there, scheme.has_server, scheme.probed) for kind, scheme in SCHEMES.items()} == {
        "s3": ("on S3", True, True),
        "gs": ("on Google Cloud", True, False),
        "az": ("on Azure", True, False),
        "file": ("in the store", False, False),
        "rclone": ("in the store", False, False),
    }


def test_of_a_kind_that_only_a_newer_version_knows_everything_is_shown() -> None:
    assert scheme_of("xs://bucket").has_server
    assert scheme_of("no address").has_server


@pytest.mark.parametrize("text", ["S3://bucket", "xs://bucket", "s3:/bucket", "bucket", "fil:///mnt"])
def test_what_is_no_kind_is_refused_with_the_kinds(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        schemes.store(text)
    assert refused.value.hint and ("s3://" in refused.value.hint or "file://" in refused.value.hint)


def test_addresses_are_made_in_one_place() -> None:
    assert (bucket_url("b"), bucket_url("b", "p/q")) == ("s3://b", "s3://b/p/q")
    assert (folder_url("/mnt/x"), folder_url("C:/x")) == ("file:///mnt/x", "file:///C:/x")


def test_only_the_table_looks_at_how_an_address_begins() -> None:
    asks = re.compile(r"""startswith\(\(?["'](?:s3|file):|isinstance\([^)]*(?:FolderStore|S3Store)|scheme\s*==""")
    found = [
        f"{path.relative_to(ROOM)}: {line.strip()}"
        for path in ROOM.rglob("*.py")
        if not path.is_relative_to(ROOM / "store")
        for line in path.read_text("utf-8").splitlines()
        if asks.search(line)
    ]
    assert found == []


def test_a_new_kind_changes_nothing_above_the_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row in each half, and everything works with it: settings, trust, verbs, status, doctor."""
    from s3sync.cli.main import run

    def read(rest: str) -> str:
        return f"shelf://{rest.strip('/')}"

    def open_shelf(url: str, options: StoreOptions) -> Store:
        store = FolderStore(tmp_path / "shelves" / urlsplit(url).netloc, create=options.create)
        store.url = url
        return store

    monkeypatch.setitem(SCHEMES, "shelf", Scheme("shelf://NAME", read, name="the shelf"))
    monkeypatch.setitem(openers.OPENERS, "shelf", open_shelf)
    for name in [name for name in os.environ if name.startswith(("AWS_", "S3SYNC_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "films" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "films")
    s3sync.init("b1", settings={"user": "eve", "store": "shelf://films/"})
    (tmp_path / "films" / "b1" / "s3-staging" / "a.mp4").write_bytes(b"film")
    report = Project.open("b1").up()
    assert [item.name for item in report.uploaded] == ["a.mp4"] and report.place.store == "shelf://films"
    assert (tmp_path / "shelves" / "films" / "films" / "b1" / "a.mp4").read_bytes() == b"film"
    (tmp_path / "films" / "b1" / "s3-staging" / "a.mp4").unlink()
    (tmp_path / "shelves" / "films" / "films" / "b1" / "b.mp4").write_bytes(b"new")
    assert run(["status", "b1"]) == 0
    assert "new on the shelf" in capsys.readouterr().out
