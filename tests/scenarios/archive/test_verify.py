"""`archive verify`: what the store has is what was sent, by a listing, a checksum, or every byte."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.journal import Looks
from s3sync.archive.restoring import RestoreOptions
from s3sync.archive.verify import Proof, verify_archive
from s3sync.archive.verify_all import Verified, verify_listed
from s3sync.archives import Archives
from s3sync.core.archive.values import Index, Pack, index_key
from s3sync.errors import AccessDenied, Unreachable
from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Create, Headers
from tests.kit.people import Person
from tests.kit.proxy import Proxy
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import at_home, put, settings
from tests.scenarios.archive.test_run import SET, prepare


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.mark.parametrize("pack", ["none", "tar.gz"])
def test_archives_are_verified_in_three_ways(pack: str, david: Person, vault: Path) -> None:
    prepare(david, vault, pack)
    david.ok("archive", "run", cwd=david.repo)
    for words, how in ((("verify",), "listed"), (("verify", "m42"), "listed"), (("verify", "--deep"), "read")):
        found = david.ok("archive", *words, "--json", cwd=david.repo).json["archives"]
        assert {one["verified"] for one in found} == {how}
    assert "2 archives" in david.ok("archive", "verify", cwd=david.repo).out


@pytest.mark.parametrize("pack", ["none", "tar"])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("damage", ["gone", "cut", "index"])
def test_what_is_damaged_is_told_and_the_rest_is_verified(
    damage: str, deep: bool, pack: str, david: Person, vault: Path
) -> None:
    prepare(david, vault, pack)
    david.ok("archive", "run", cwd=david.repo)
    path = vault / ("raw/m42/light_1.fits" if pack == "none" else "raw/m42.tar")
    if damage == "index":
        path = vault / (".s3sync/archive/sessions.jsonl" if pack == "none" else "raw/m42.tar.index.json")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    else:
        path.unlink()
    result = david.expect(3, "archive", "verify", "-v", *(["--deep"] if deep else []), cwd=david.repo)
    assert "m42" in result.err
    if damage != "index":
        assert "m31" in result.out
    assert "could not be verified" in result.err


def test_nothing_to_verify_is_said_with_the_way_on(david: Person, vault: Path) -> None:
    settings(david, SET.format(store=vault.as_uri(), pack="tar"))
    said = david.ok("archive", "verify", cwd=david.repo).out
    assert "verified 0 archives" in said and "archive catalogue rebuild" in said


def test_a_limit_of_speed_holds_for_a_folder_store_in_both_directions(david: Person, vault: Path) -> None:
    """At 500 KiB a second 400 KB take 0.8 s, of which 0.2 s at most may pass at once."""
    settings(david, SET.format(store=vault.as_uri(), pack="none"))
    put(david.repo, "raw/m42/light_1.fits", bytes(400_000))
    archives = Archives.open(path=david.repo, flags={"bwlimit": "500K"}, environ=at_home(david))
    begun = time.monotonic()
    assert archives.run().exit_code == 0
    assert time.monotonic() - begun > 0.5
    begun = time.monotonic()
    archives.restore("m42", options=RestoreOptions(to=str(david.root / "back")))
    assert time.monotonic() - begun > 0.5


def test_deep_finds_bytes_that_a_listing_does_not_tell(david: Person, vault: Path) -> None:
    """The ETag of a folder store is that of its records: whoever writes into the folder may have changed both."""
    prepare(david, vault, "tar")
    david.ok("archive", "run", cwd=david.repo)
    index = vault / "raw/m42.tar.index.json"
    text = index.read_text()
    digest = text.split('"log.txt"')[1].split('"sha256":"')[1][:64]
    index.write_text(text.replace(digest, "0" * 64))
    result = david.expect(3, "archive", "verify", "m42", "--deep", cwd=david.repo)
    assert "log.txt" in result.err
    assert "is not what was sent" in result.err


@pytest.mark.seaweedfs
def test_many_archives_are_verified_with_a_request_for_each_thousand_objects(seaweedfs: Server, tmp_path: Path) -> None:
    """Nothing is asked of an archive by itself, so that 10,000 of them take 20 requests: each has its index, too."""
    count, told = 600, list[Verified]()
    with Proxy(seaweedfs.endpoint_url) as proxy, Catalogue(tmp_path / "c.db") as catalogue:
        env = {**seaweedfs.environment("david"), "AWS_ENDPOINT_URL": proxy.endpoint_url}
        store = open_store(f"s3://{seaweedfs.bucket}/{uuid.uuid4().hex}", StoreOptions(env=env))
        with open_carrier(store, "david") as carrier:

            def send(number: int) -> None:
                key, body = f"raw/{number:04}.tar", b"x" * 100
                for name in (key, index_key(key)):
                    store.put(name, body, mode=Create(), headers=Headers(), md5=hashlib.md5(body).digest())

            for _, result in carrier.pool.map(send, range(count), lambda number: 100):
                result.result()
            etag = hashlib.md5(b"x" * 100).hexdigest()
            with catalogue.transaction():
                for number in range(count):
                    key = f"raw/{number:04}.tar"
                    catalogue.record(
                        Index(1, f"{number}", "s", key, Pack.TAR, (), 100, 100, datetime.now(UTC), "david", etag=etag)
                    )
            proxy.reset_counts()
            verify_listed(carrier, catalogue, catalogue.archives(), told.append)
            asked = {operation: found.requests for operation, found in proxy.counts.items()}
            assert [one.error for one in told if one.error] == [] and len(told) == count
            assert asked == {"ListObjectsV2": 2}, asked
            assert {one.verified_how for one in catalogue.archives()} == {"listed"}


def many(david: Person, vault: Path, count: int) -> Archives:
    settings(david, SET.format(store=vault.as_uri(), pack="tar"))
    for number in range(count):
        put(david.repo, f"raw/m{number:02}/light.fits", b"x" * (1000 + number))
    david.ok("archive", "run", "--create", cwd=david.repo)
    return Archives.open(path=david.repo, environ=at_home(david))


def test_archives_are_read_side_by_side_and_told_in_their_order(
    david: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for another one that is being read: one after the other they would wait for ever."""
    archives, two = many(david, vault, 6), threading.Barrier(2, timeout=30)

    def met(carrier: Carrier, index: Index, **how: bool) -> Proof:
        two.wait()
        return verify_archive(carrier, index, **how)

    monkeypatch.setattr("s3sync.archive.verify_all.verify_archive", met)
    heard = list[str]()
    report = archives.verify(deep=True, told=lambda one: heard.append(one.unit))
    assert [one.unit for one in report.archives] == [f"m{number:02}" for number in range(6)] == sorted(heard)
    assert {one.proof for one in report.archives} == {Proof.READ}


def test_what_ends_a_run_of_reading_leaves_what_was_read_noted(
    david: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives, begun, heard = many(david, vault, 12), list[str](), list[str]()

    def gone(carrier: Carrier, index: Index, **how: bool) -> Proof:
        begun.append(index.unit)
        if index.unit in ("m00", "m01"):
            return verify_archive(carrier, index, **how)
        while index.unit != "m02" or len(heard) < 2:
            carrier.pool.check()
            time.sleep(0.01)
        raise Unreachable("the server does not answer")

    monkeypatch.setattr("s3sync.archive.verify_all.verify_archive", gone)
    with pytest.raises(Unreachable):
        archives.verify(deep=True, told=lambda one: heard.append(one.unit))
    assert sorted(heard) == ["m00", "m01"]
    assert not {"m08", "m09", "m10", "m11"} & set(begun), "what had not begun does not begin"
    shown = david.ok("archive", "list", "--json", cwd=david.repo).json["archives"]
    assert {one["unit"] for one in shown if one["verified_how"] == "read"} == {"m00", "m01"}


def test_an_answer_that_is_refused_is_told_of_its_archive_and_the_others_are_read(
    david: Person, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that fails leaves the pool of the others alone."""
    archives, told = many(david, vault, 3), threading.Event()

    def refused(carrier: Carrier, index: Index) -> Looks:
        def look(key: str) -> None:
            raise AccessDenied(f"no right to look at {key}")

        for _, result in carrier.pool.map(look, [index.key] if index.unit == "m00" else []):
            result.result()
        assert told.wait(30)
        return {}

    monkeypatch.setattr("s3sync.archive.verify_all.looks_of", refused)
    report = archives.verify(deep=True, told=lambda one: told.set())
    assert [one.proof for one in report.archives] == [None, Proof.READ, Proof.READ]
    assert "no right to look" in str(report.archives[0].error)
