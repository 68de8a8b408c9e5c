"""Sizes from nothing to more than 10 GB, as sparse files: packed, moved and restored.

Small ones in every run. S3SYNC_BIG=1 takes the large ones, too, some minutes and 12 GB of disk:

    S3SYNC_BIG=1 pytest -s tests/scenarios/archive/test_large.py
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.archive.carrier import open_carrier
from s3sync.archive.indexes import read_index
from s3sync.archive.journal import Journal
from s3sync.archive.place import Destination
from s3sync.archive.restore import restore_unit
from s3sync.archive.send import send_unit
from s3sync.archive.verify import Proof, verify_archive
from s3sync.core.archive.frames import FRAME
from s3sync.core.archive.values import Kind, Pack
from tests.contract.stores import in_folder
from tests.kit.people import Person
from tests.kit.servers import Server
from tests.scenarios.archive.conftest import put
from tests.scenarios.archive.conftest import settings as write_settings
from tests.unit.archive.packing import rules_of, unit_of

MIB, GIB = 1024**2, 1024**3
big = pytest.mark.skipif("S3SYNC_BIG" not in os.environ, reason="takes minutes: S3SYNC_BIG=1 runs it")
near = [0, 1, 511, 512, 513, FRAME - 512, FRAME, 8 * MIB - 1, 8 * MIB, 9 * MIB + 7]
sizes = st.lists(st.sampled_from(near) | st.integers(0, 2 * FRAME), min_size=1, max_size=4)


def sparse(path: Path, size: int) -> Path:
    """A file that is a hole, but for its last bytes."""
    end = b"%d" % size if size > 20 else b""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)
    return path


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@settings(max_examples=6, deadline=None)
@given(sizes, st.sampled_from([Pack.TAR, Pack.TAR_GZ, Pack.TAR_ZST]))
def test_sparse_files_of_any_size_go_and_come_back(found: Sequence[int], pack: Pack) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, size in enumerate(found):
            sparse(root / f"b40/{number}.ser", size)
        store = in_folder(root / "store").open()
        with open_carrier(store, "ana") as carrier, Journal(root / "journal.db") as journal:
            made, _ = send_unit(carrier, rules_of(pack), unit_of(root / "b40", "b40", pack), journal)
            index = read_index(store, made.key)
            assert [one.size for one in index.members if one.kind is Kind.FILE] == list(found)
            (root / "out").mkdir()
            report = restore_unit(carrier, index, Destination(root / "out"), list(index.members), "now")
        assert (report.problems, report.files) == ([], len(found))
        for number, size in enumerate(found):
            assert (root / f"out/{number}.ser").stat().st_size == size
            assert sha256(root / f"out/{number}.ser") == sha256(root / f"b40/{number}.ser")


@big
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pack", [Pack.TAR_ZST, Pack.TAR_GZ])
def test_ten_gigabytes_go_and_come_back(pack: Pack, tmp_path: Path) -> None:
    """Beyond what twelve octal digits of a header can say, and a small member behind it."""
    if shutil.disk_usage(tmp_path).free < 12 * GIB:
        pytest.skip("needs 12 GB of disk")
    sparse(tmp_path / "b40/a.ser", 10 * GIB)
    sparse(tmp_path / "b40/z.txt", 3000)
    store = in_folder(tmp_path / "store").open()
    with open_carrier(store, "ana") as carrier, Journal(tmp_path / "journal.db") as journal:
        made, sent = send_unit(carrier, rules_of(pack), unit_of(tmp_path / "b40", "b40", pack), journal)
        index = read_index(store, made.key)
        large, small = (next(one for one in index.members if one.path == name) for name in ("a.ser", "z.txt"))
        assert large.size == 10 * GIB < small.offset and sent < 100 * MIB
        (tmp_path / "out").mkdir()
        for member in (small, large):
            report = restore_unit(carrier, index, Destination(tmp_path / "out"), [member], "now")
            assert (report.problems, report.files) == ([], 1)
            assert sha256(tmp_path / f"out/{member.path}") == member.sha256
        assert verify_archive(carrier, index, deep=True) is Proof.READ
    assert large.sha256 == sha256(tmp_path / "b40/a.ser")


@big
@pytest.mark.seaweedfs
@pytest.mark.timeout(3600)
def test_more_than_five_gigabytes_are_moved_in_place(seaweedfs: Server, tmp_path: Path) -> None:
    """By parts, as no request copies so much: of its own parts, so that the copy has the ETag that was sent."""
    if shutil.disk_usage(tmp_path).free < 12 * GIB:
        pytest.skip("needs 12 GB of disk")
    prefix, client = uuid.uuid4().hex, seaweedfs.client("admin")
    david = Person("david", tmp_path / "david", seaweedfs.environment("david"))
    david.fresh, david.patience_s = True, 1800
    where = f"s3://{seaweedfs.bucket}/{prefix}"
    write_settings(david, f"archives: {{raw: {{store: '{where}', source: 'raw/*', layout: '{{id}}', pack: tar}}}}\n")
    sparse(david.repo / "raw/m42/a.ser", 5 * GIB + 3 * MIB)
    put(david.repo, "raw/m42/z.txt", b"clear sky")
    david.ok("archive", "run", cwd=david.repo)
    of = {"Bucket": seaweedfs.bucket, "Key": f"{prefix}/m42.tar"}
    before = client.head_object(**of)
    assert before["ContentLength"] > 5 * GIB and int(before["ETag"].strip('"').partition("-")[2]) > 640
    david.ok("archive", "transition", "m42", "--to", "STANDARD_IA", "--yes", cwd=david.repo)
    after = client.head_object(**of)
    assert (after["StorageClass"], after["ContentLength"]) == ("STANDARD_IA", before["ContentLength"])
    assert (after["ETag"], after["Metadata"]) == (before["ETag"], before["Metadata"])
    assert not client.list_multipart_uploads(Bucket=seaweedfs.bucket, Prefix=prefix).get("Uploads")
    david.ok("archive", "verify", "m42", cwd=david.repo)
    david.ok("restore", "m42", "--member", "z.txt", "--to", str(tmp_path / "out"), cwd=david.repo)
    assert (tmp_path / "out/m42/z.txt").read_bytes() == b"clear sky"
    assert david.ok("archive", "verify", "m42", "--deep", "--json", cwd=david.repo).json["archives"][0]["verified"]
