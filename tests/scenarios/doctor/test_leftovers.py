"""A doctor that was killed leaves scratch objects, and the next one removes them; never those of one that works."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Create, Headers
from tests.kit.people import PROJECT, REPO
from tests.kit.proxy import Proxy
from tests.kit.servers import SeaweedFS
from tests.scenarios.doctor.conftest import NewPatient, by_name, examine, keys_of

SCRATCH = f"{REPO}/{PROJECT}/.s3sync/doctor/"


@pytest.mark.seaweedfs
def test_what_a_killed_doctor_left_is_removed_by_the_next(new_patient: NewPatient, seaweedfs: SeaweedFS) -> None:
    with Proxy(seaweedfs.endpoint_url) as proxy:
        david = new_patient(seaweedfs, endpoint=proxy.endpoint_url)
        david.ok("up")
        before = keys_of(seaweedfs, david)
        paused = threading.Event()

        def hold(request: object) -> None:
            proxy.pause()
            paused.set()

        proxy.on("CompleteMultipartUpload", nth=1).before(hold)
        killed = subprocess.Popen(
            [sys.executable, "-m", "s3sync", "doctor"],
            cwd=david.project, env=david.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert paused.wait(60)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(20)
        proxy.remove()
        proxy.cut_all()
        proxy.resume()
        left = [key for key in keys_of(seaweedfs, david) if key not in before]
        assert len(left) >= 2 and all(key.startswith(SCRATCH) for key in left)
        check = by_name(examine(david))["leftovers"]
    assert (check.level, check.found) == ("ok", f"removed {len(left)} that an earlier doctor left behind")
    assert keys_of(seaweedfs, david) == before


@pytest.mark.seaweedfs
def test_a_doctor_that_works_is_left_alone(new_patient: NewPatient, seaweedfs: SeaweedFS) -> None:
    david = new_patient(seaweedfs)
    here = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    at_work = [f"{SCRATCH}{here}-{os.getppid()}-0/access", f"{SCRATCH}00000000-1-0/access"]
    bucket, _, prefix = david.environ["S3SYNC_STORE"].removeprefix("s3://").partition("/")
    for key in at_work:
        seaweedfs.client().put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=b"another doctor's")
    assert by_name(examine(david))["leftovers"].found == "none of an earlier doctor"
    assert sorted(keys_of(seaweedfs, david)) == sorted(at_work)


@pytest.mark.parametrize("number", ["³", "①", "12²"])
def test_a_name_with_what_only_looks_like_a_number_ends_no_doctor(new_patient: NewPatient, number: str) -> None:
    """Whoever writes to the store knows the computers of the others by metadata.json."""
    david = new_patient()
    here = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    store = open_store(david.environ["S3SYNC_STORE"], StoreOptions())
    key = f"{SCRATCH}{here}-{number}-0/access"
    store.put(key, b"", mode=Create(), headers=Headers(), md5=hashlib.md5(usedforsecurity=False).digest())
    assert by_name(examine(david))["leftovers"].found == "none of an earlier doctor"
    assert [info.key for info in store.list(SCRATCH)] == [key]
