"""Sizes of parts follow the line, as far as it is known; a file keeps those of its older version."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import Moto

MIB = 1024 * 1024


def parts_of(moto: Moto, prefix: str, name: str) -> int:
    head = moto._client(moto.admin).head_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{PROJECT}/{name}")
    return int(head["ETag"].strip('"').partition("-")[2])


def carried(person: Person, bytes_a_second: int | None = None) -> int:
    """What the line carried last time, as this computer remembers it; or let it remember that."""
    with sqlite3.connect(person.staging / ".s3sync" / "state.db") as database:
        if bytes_a_second is not None:
            database.execute(
                "UPDATE fact SET value = ? WHERE name LIKE 'bytes a second up to %'", (str(bytes_a_second),)
            )
        return int(database.execute("SELECT value FROM fact WHERE name LIKE 'bytes a second up to %'").fetchone()[0])


def test_after_a_thin_line_parts_are_smaller_and_deltas_go_on(moto: Moto, tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", moto.environment("david"))
    david.ok("init", PROJECT, "--store", f"s3://{moto.bucket}/{tmp_path.name}", "--repo", REPO, cwd=david.repo)
    noise = random.Random(5)
    first, second = bytearray(noise.randbytes(18 * MIB)), bytearray(noise.randbytes(18 * MIB))
    david.write("first.mov", bytes(first))
    david.ok("up")
    assert parts_of(moto, tmp_path.name, "first.mov") == 3 and carried(david) > 0
    carried(david, 500_000)
    david.write("second.mov", bytes(second))
    david.ok("up")
    assert parts_of(moto, tmp_path.name, "second.mov") == 4
    assert carried(david) != 500_000
    for name, body, part, rate in (("first.mov", first, 8, 500_000), ("second.mov", second, 5, 900_000_000)):
        carried(david, rate)
        body[17 * MIB] ^= 1
        david.write(name, bytes(body))
        moved = david.ok("up", "--json").json["uploaded"]
        assert [item["name"] for item in moved] == [name]
        assert moved[0]["bytes_sent"] <= part * MIB, "all but one part are there already"
