"""From store to store over a line that breaks: resumed with what arrived, verified, and bounded in memory."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest

from s3sync.pairs.bodies import Bounded, InOrder
from tests.scenarios.pairs.desk import Desk

pytestmark = pytest.mark.seaweedfs
MIB = 1024 * 1024


def test_a_broken_stream_resumes_with_the_parts_that_arrived(desk: Desk) -> None:
    """The target refuses all after two parts; the next run sends the others alone, and the object is whole."""
    a, b = desk.place("sea", "a"), desk.place("moto", "b")
    body = b"".join(hashlib.sha256(bytes([n])).digest() * (MIB // 32) for n in range(35))
    a.put("large.mov", body)
    moto = desk.servers["moto"]
    parts = set[int]()
    answered = threading.Lock()

    from moto.s3.exceptions import AccessForbidden
    from moto.s3.models import FakeMultipart

    emulator: Any = FakeMultipart
    original = emulator.set_part

    def set_part(self: object, part_id: int, value: bytes) -> object:
        with answered:
            if len(parts | {part_id}) > 2:
                raise AccessForbidden("no more for now")
            parts.add(part_id)
        return original(self, part_id, value)

    emulator.set_part = set_part
    try:
        desk.run("copy", a, b, code=3)
        assert b.files() == {}
    finally:
        emulator.set_part = original
    done = desk.run("copy", a, b, "--json").json
    assert len(parts) == 2
    assert done["bytes_moved"] == len(body) - sum(3 * MIB if part == 5 else 8 * MIB for part in parts)
    assert b.files() == {"large.mov": body}
    assert not moto.client().list_multipart_uploads(Bucket=moto.bucket, Prefix=b.prefix).get("Uploads")


def test_memory_is_bounded_and_never_deadlocks() -> None:
    """Parts of several files, each hashed in order, share a bound of three parts."""
    bounded = Bounded(lambda: None, most=3)
    most, used, lock = 0, 0, threading.Lock()
    digests: list[str] = []

    def file(name: int) -> None:
        nonlocal most, used
        in_order, source = InOrder(lambda: None), iter(range(1, 9))
        turn = threading.Lock()

        def work() -> None:
            nonlocal most, used
            while True:
                with turn:
                    number = next(source, None)
                    if number is None:
                        return
                    bounded.take(1)
                with lock:
                    used += 1
                    most = max(most, used)
                in_order.feed(number, bytes([name, number]))
                with lock:
                    used -= 1
                bounded.release(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        digests.append(in_order.hexdigest())

    files = [threading.Thread(target=file, args=(name,)) for name in range(4)]
    for one in files:
        one.start()
    for one in files:
        one.join(30)
    wanted = {hashlib.md5(b"".join(bytes([n, p]) for p in range(1, 9))).hexdigest() for n in range(4)}
    assert most <= 3 and set(digests) == wanted
