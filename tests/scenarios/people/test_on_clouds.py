"""What people do to each other's files on Azure and on Google Cloud, beside the days that each page of theirs tells."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.people import REPO, Person, pair

CLOUDS = [pytest.param("azurite", marks=pytest.mark.azurite), pytest.param("gcs", marks=pytest.mark.gcs)]
WRITERS = 8


class Place(NamedTuple):
    """Address of a new store on a cloud's emulator, what a person needs to open it, and the server to name, if any."""

    url: str
    environ: dict[str, str]
    endpoint: str | None


@pytest.fixture(params=CLOUDS)
def place(request: pytest.FixtureRequest) -> Place:
    server = request.getfixturevalue(request.param)
    if request.param == "azurite":
        return Place(f"{server.url}/{uuid.uuid4().hex}", server.environment(), None)
    return Place(f"gs://{server.bucket}/{uuid.uuid4().hex}", {}, server.endpoint_url)


def test_locks_names_and_what_one_deletes_while_another_edits(place: Place, tmp_path: Path) -> None:
    david, jan = pair(tmp_path, place.url, dict.fromkeys(("david", "jan"), place.environ), place.endpoint)
    for name in ("cut.mp4", "old name.mp4", "score.wav", "e", "f"):
        david.write(name, f"first {name}")
    david.ok("sync")
    jan.ok("sync")
    jan.ok("lock", "cut.mp4")
    david.write("cut.mp4", "david's")
    assert "jan" in david.expect(6, "up").err
    assert "jan" in david.expect(6, "lock", "cut.mp4").err
    jan.ok("unlock", "cut.mp4")
    david.ok("up")
    (david.staging / "old name.mp4").rename(david.staging / "new name.mp4")
    (david.staging / "score.wav").unlink()
    david.ok("sync")
    jan.write("score.wav", "jan's edit")
    jan.expect(4, "sync")
    david.ok("sync")
    assert david.files() == jan.files() and set(david.states().values()) == {"in_sync"}
    assert sorted(jan.files()) == ["cut.mp4", "e", "f", "new name.mp4", "score.wav"]
    assert jan.read("score.wav") == b"jan's edit" and jan.read("cut.mp4") == b"david's"


def test_of_eight_who_write_one_manifest_at_once_nobody_is_forgotten(place: Place, tmp_path: Path) -> None:
    settings = f"store: {place.url}\nrepo: {REPO}\n" + (f"endpoint_url: {place.endpoint}\n" if place.endpoint else "")
    people = [Person(f"p{number}", tmp_path / f"p{number}", place.environ) for number in range(WRITERS)]
    for person in people:
        (person.repo / ".s3sync.yaml").write_text(settings)
        person.write(f"of {person.name}.txt", person.name)
    running = [
        subprocess.Popen([*one.program, "up", "--quiet"], env=one.env(), cwd=one.project, stderr=subprocess.PIPE)
        for one in people
    ]
    told = [process.communicate(timeout=300)[1].decode() for process in running]
    for person, process, said in zip(people, running, told, strict=True):
        assert process.returncode in (0, 6), said
        if process.returncode == 6:  # others kept being faster: the command is run again, and it is done
            person.ok("up")
    names = sorted(f"of {one.name}.txt" for one in people)
    reader = people[0]
    reader.ok("down")
    assert sorted(reader.files()) == names
    sent = {one["name"]: one["uploaded_by"] for one in reader.ok("status", "--json").json["files"]}
    assert sent == {f"of {one.name}.txt": one.name for one in people}
