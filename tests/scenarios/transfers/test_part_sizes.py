"""Sizes of parts follow the line, as far as it is known; a file keeps those of its older version."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.kit.people import PROJECT, REPO, Person
from tests.kit.servers import Moto

MIB = 1024 * 1024


def parts_of(moto: Moto, prefix: str, name: str, project: str = PROJECT) -> int:
    head = moto._client(moto.admin).head_object(Bucket=moto.bucket, Key=f"{prefix}/{REPO}/{project}/{name}")
    return int(head["ETag"].strip('"').partition("-")[2])


def carried(person: Person, bytes_a_second: int | None = None) -> int:
    """What the line carried last time, as this computer remembers it; or let it remember that."""
    file = Path(person.env()["HOME"]) / ".local/share/s3sync/stores/lines.json"
    book = json.loads(file.read_bytes())
    if bytes_a_second is not None:
        book["carried"][0]["rate"] = bytes_a_second
        file.write_text(json.dumps(book))
    return int(book["carried"][0]["rate"])


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


def test_another_project_knows_the_line_to_the_server_too(moto: Moto, tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david", moto.environment("david"))
    for project, rate, parts in (("first", None, 2), ("second", 500_000, 3)):
        if rate is not None:
            carried(david, rate)
        store = f"s3://{moto.bucket}/{tmp_path.name}-{project}"
        david.ok("init", project, "--store", store, "--repo", REPO, cwd=david.repo)
        (david.repo / project / "s3-staging" / "a.mov").write_bytes(random.Random(6).randbytes(15 * MIB))
        david.ok("up", cwd=david.repo / project)
        assert parts_of(moto, f"{tmp_path.name}-{project}", "a.mov", project) == parts
