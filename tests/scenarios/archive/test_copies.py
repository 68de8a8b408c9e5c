"""Archives that somebody copied in the bucket, as to another class: another ETag, the same bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.test_catalogue import Place
from tests.scenarios.archive.test_restore import tree_of
from tests.scenarios.archive.test_transition import vaulted

SHAPES = ["tar", "split", "none"]


@pytest.fixture
def place(moto: Server, tmp_path: Path) -> Place:
    return Place(moto, tmp_path)


def archives(place: Place) -> list[str]:
    """Objects that hold bytes of the unit, the sidecars left out."""
    return [key for key in place.held() if key.startswith("raw/m42") and not key.endswith((".json", ".md"))]


def copied(place: Place, to: str) -> None:
    """Copy each large object onto itself, as the console and other programs do."""
    for key in archives(place):
        before = place.client.head_object(Bucket=place.bucket, Key=key)["ETag"]
        source = {"Bucket": place.bucket, "Key": key}
        place.client.copy_object(Bucket=place.bucket, Key=key, CopySource=source, StorageClass=to)
        after = place.client.head_object(Bucket=place.bucket, Key=key)["ETag"]
        assert ("-" in before) == (before != after), "what went up in parts has another ETag"


def replaced(place: Place, to: str) -> None:
    """Put other bytes of the same length in the place of each."""
    for key in archives(place):
        head = place.client.head_object(Bucket=place.bucket, Key=key)
        body = os.urandom(head["ContentLength"])
        place.client.put_object(
            Bucket=place.bucket, Key=key, Body=body, Metadata=head["Metadata"], StorageClass=to,
            ChecksumAlgorithm="CRC64NVME",
        )  # fmt: skip


def sent(place: Place, shape: str) -> Person:
    ana = vaulted(place, "ana", shape)
    ana.ok("archive", "run", cwd=ana.repo)
    return ana


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_by_another_program_is_verified_restored_and_proof_once_it_is_read(place: Place, shape: str) -> None:
    ana = sent(place, shape)
    before = tree_of(ana.repo / "raw/m42")
    copied(place, "STANDARD_IA")
    if shape == "none":  # the rows of single files have no checksum of the store's
        told = ana.expect(3, "archive", "verify", cwd=ana.repo)
        assert "somebody copied or replaced it" in told.err and "archive verify m42 --deep" in told.err
    else:
        for words in (("verify",), ("verify", "m42")):
            found = ana.ok("archive", *words, "--json", cwd=ana.repo).json["archives"]
            weakest = "listed" if shape == "split" else "checksum"  # moto keeps no checksum of the small volume
            assert [one["verified"] for one in found] == [weakest]
    deep = ana.ok("archive", "verify", "--deep", "--json", cwd=ana.repo).json["archives"]
    assert [one["verified"] for one in deep] == ["read"]
    ana.ok("restore", "m42", "--to", str(ana.root / "out"), cwd=ana.repo)
    assert tree_of(ana.root / "out/m42") == before
    ana.ok("archive", "run", "--delete-local", cwd=ana.repo)
    assert not (ana.repo / "raw/m42").exists()
    ana.ok("restore", "m42", cwd=ana.repo)
    assert tree_of(ana.repo / "raw/m42") == before


@pytest.mark.parametrize("shape", SHAPES)
def test_other_bytes_of_the_same_length_are_no_copy(place: Place, shape: str) -> None:
    ana = sent(place, shape)
    before = tree_of(ana.repo / "raw/m42")
    replaced(place, "STANDARD_IA")
    for words in (("verify",), ("verify", "m42"), ("verify", "--deep")):
        ana.expect(3, "archive", *words, cwd=ana.repo)
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "did you mean 'm42'" in ana.expect(2, "archive", "remove", "m4", "--yes", cwd=ana.repo).err
    ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert tree_of(ana.repo / "raw/m42") == before
    ana.expect(3, "restore", "m42", "--to", str(ana.root / "out"), cwd=ana.repo)


@pytest.mark.parametrize("how", ["transition", "copy"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_somebody_moved_to_the_cold_its_sender_removes_without_a_thaw(place: Place, shape: str, how: str) -> None:
    ana = sent(place, shape)
    jan = vaulted(place, "jan", shape)
    jan.ok("archive", "catalogue", "rebuild", cwd=jan.repo)
    if how == "transition":
        jan.ok("archive", "transition", "m42", "--to", "DEEP_ARCHIVE", "--yes", cwd=jan.repo)
        ana.ok("archive", "catalogue", "rebuild", cwd=ana.repo)
    else:
        copied(place, "DEEP_ARCHIVE")
        ana.run("archive", "catalogue", "rebuild", cwd=ana.repo)
    assert {place.class_of(key) for key in archives(place)} == {"DEEP_ARCHIVE"}
    cold = ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert "cold storage" in cold.err and (ana.repo / "raw/m42/light_1.fits").exists()
    other = jan.expect(5, "archive", "remove", "m42", "--yes", cwd=jan.repo)
    assert "--last-copies" in other.err
    shutil.copytree(ana.repo / "raw/m42", ana.root / "kept")
    (ana.repo / "raw/m42/light_2.fits").unlink()
    ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo)
    shutil.rmtree(ana.repo / "raw/m42")
    shutil.copytree(ana.root / "kept", ana.repo / "raw/m42")
    ana.ok("archive", "remove", "m42", "--yes", cwd=ana.repo)
    assert not any("m42" in key for key in place.held())


@pytest.mark.parametrize("shape", SHAPES)
def test_other_bytes_that_are_cold_are_no_copy(place: Place, shape: str) -> None:
    ana = sent(place, shape)
    replaced(place, "DEEP_ARCHIVE")
    assert "--last-copies" in ana.expect(5, "archive", "remove", "m42", "--yes", cwd=ana.repo).err
    ana.expect(3, "archive", "run", "--delete-local", cwd=ana.repo)
    assert (ana.repo / "raw/m42/light_1.fits").exists() and archives(place)
