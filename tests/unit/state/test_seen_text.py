"""metadata.json as it was seen last: believed only whole, and of its own place."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest
from xxhash import xxh3_128

from s3sync.state.seen_text import FILE, SeenText

PLACE = "s3://bucket/team https://s3.example v-x/b1/"
TEXT = b'{"files": [' + b'{"name": "a"},' * 50_000 + b"]}"


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "s3-staging"


def seen_text(staging: Path, place: str = PLACE, *, keeps: bool, who: str = "david") -> SeenText:
    return SeenText(staging, place, {"XDG_DATA_HOME": str(staging.parent / who)}, keeps=keeps)


def kept(staging: Path, place: str = PLACE, *, who: str = "david") -> tuple[str, bytes] | None:
    with seen_text(staging, place, keeps=False, who=who).open() as seen:
        return None if seen is None else (seen.etag, b"".join(seen.pieces()))


def keep(staging: Path, text: bytes = TEXT, etag: str = "e1", *, keeps: bool = True) -> None:
    seen_text(staging, keeps=keeps).keep(etag, [text[:7], text[7:]])


def test_what_was_kept_is_there(staging: Path) -> None:
    assert kept(staging) is None
    keep(staging)
    assert kept(staging) == ("e1", TEXT)
    keep(staging, b"{}", "e2 of another store")
    assert kept(staging) == ("e2 of another store", b"{}")
    assert sorted(os.listdir(staging / ".s3sync")) == [FILE]


def test_of_another_place_it_says_nothing(staging: Path) -> None:
    keep(staging)
    assert kept(staging, f"{PLACE}2") is None


def test_who_only_looks_writes_nothing(staging: Path) -> None:
    keep(staging, keeps=False)
    assert kept(staging) is None and os.listdir(staging.parent) == []


@pytest.mark.parametrize("etag", ["e\n1", "é", "e" * 300, "e\x00"])
def test_an_etag_that_is_none_is_not_kept(staging: Path, etag: str) -> None:
    keep(staging)
    keep(staging, b"{}", etag)
    assert kept(staging) == ("e1", TEXT)


def replace_by(body: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(body)


def flip(at: int) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        body = bytearray(path.read_bytes())
        body[at] ^= 1
        path.write_bytes(body)

    return damage


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit of the text": flip(-5),
    "a bit of its digest": flip(20),
    "a bit of its place": flip(3),
    "torn": lambda path: os.truncate(path, 3000),
    "torn in its first line": lambda path: os.truncate(path, 30),
    "empty": replace_by(b""),
    "no line": replace_by(b"x" * 10_000),
    "no text": replace_by(b"\xff\xfe \n{}"),
    "a link": link,
    "a folder": folder,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed(staging: Path, damage: Callable[[Path], object]) -> None:
    keep(staging)
    damage(staging / ".s3sync" / FILE)
    assert kept(staging) is None
    if not (staging / ".s3sync" / FILE).is_dir():
        keep(staging)
        assert kept(staging) == ("e1", TEXT)


def test_an_open_one_stays_as_it_is(staging: Path) -> None:
    """While another process keeps a newer one."""
    keep(staging)
    with seen_text(staging, keeps=False).open() as seen:
        keep(staging, b"{}", "e2")
        assert seen is not None
        assert (seen.etag, b"".join(seen.pieces()), b"".join(seen.pieces())) == ("e1", TEXT, TEXT)
    assert kept(staging) == ("e2", b"{}")


def line_of(staging: Path) -> list[str]:
    return (staging / ".s3sync" / FILE).read_bytes().partition(b"\n")[0].decode().split(" ")


def forge(staging: Path, digest: str, etag: str, text: bytes) -> None:
    place = line_of(staging)[0]
    (staging / ".s3sync" / FILE).write_bytes(f"{place} {digest} {etag}\n".encode() + text)


@pytest.mark.parametrize(
    "digest", [lambda body: xxh3_128(body).hexdigest(), lambda body: blake2b(body, digest_size=16).hexdigest()]
)
def test_what_somebody_else_wrote_is_not_believed(staging: Path, digest: Callable[[bytes], str]) -> None:
    """As whoever makes an archive of a clone: a run would write it back over the one that all others see."""
    keep(staging)
    false = b'{"files": [], "deleted": [{"name": "film.mov"}]}'
    forge(staging, digest(false), "e1", false)
    assert kept(staging) is None
    whole = f"{len(PLACE)} {PLACE} e1\n".encode() + false
    forge(staging, digest(whole), "e1", false)
    assert kept(staging) is None


def test_an_earlier_text_is_not_that_of_a_newer_version(staging: Path) -> None:
    keep(staging)
    _, digest, _ = line_of(staging)
    forge(staging, digest, "e2", TEXT)
    assert kept(staging) is None
    forge(staging, digest, "e1", TEXT)
    assert kept(staging) == ("e1", TEXT)


def test_what_another_user_kept_is_not_believed(staging: Path) -> None:
    """In a clone that came with its `.s3sync`, or that two share."""
    keep(staging)
    assert kept(staging, who="jan") is None
    seen_text(staging, keeps=True, who="jan").keep("e1", [b"{}"])
    assert kept(staging, who="jan") == ("e1", b"{}") and kept(staging) is None
    secret = staging.parent / "david" / "s3sync" / "seen" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600 and len(secret.read_bytes()) == 32
    secret.write_bytes(b"")
    keep(staging)
    assert kept(staging) is None


def test_a_disk_that_refuses_costs_nothing_else(staging: Path) -> None:
    staging.write_text("a file where the folder should be")
    keep(staging)
    assert kept(staging) is None
