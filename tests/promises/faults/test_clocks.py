"""F19: a clock that is wrong by an hour or a day gets a clear message from S3, and never decides what is newer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.kit.people import Person
from tests.promises.faults.conftest import open_project
from tests.scenarios.transfers.conftest import Office

HOUR, DAY = 3_600, 86_400
TEN_YEARS = 3_650 * DAY
SetClock: TypeAlias = Callable[[Person, int], None]


@pytest.fixture(scope="session")
def wrong_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that shifts a program's time of day (clock.c)."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a wrong clock needs a C compiler")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


@pytest.fixture
def set_clock(wrong_clock: Path) -> SetClock:
    """Put the clock of a person's computer ahead, or back."""

    def put(person: Person, seconds: int) -> None:
        person.environ = {**person.environ, "LD_PRELOAD": str(wrong_clock), "CLOCK_IS_OFF_BY": str(seconds)}

    return put


@pytest.mark.seaweedfs
@pytest.mark.parametrize("seconds", [HOUR, -DAY])
def test_f19_a_wrong_clock_is_named_and_nothing_is_done(office: Office, set_clock: SetClock, seconds: int) -> None:
    """A real server that checks when a request was signed."""
    office.david.write("a.mp4", "one")
    office.david.ok("up")
    office.david.write("b.mp4", "two")
    (office.david.staging / "a.mp4").unlink()
    set_clock(office.david, seconds)
    before = office.david.files()
    for verb in ("up", "sync"):
        error = office.david.expect(1, verb, "--json").json["error"]
        assert error["type"] == "ClockSkewed" and "set this computer's clock" in error["hint"]
    assert office.david.files() == before and office.names() == {"a.mp4"}
    set_clock(office.david, 0)
    office.david.ok("up")
    assert office.names() == {"a.mp4", "b.mp4"}


@pytest.mark.seaweedfs
def test_f19_a_clock_that_is_set_wrong_during_a_run_ends_it(office: Office) -> None:
    for number in range(4):
        office.david.write(f"{number}.mp4", f"take {number}")
    rule = office.proxy.on("PutObject", key="*.mp4", nth=3, times=99)
    rule.reply(
        403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
    )
    said = office.david.expect(1, "up").err
    assert "is too large" in said and "hint: set this computer's clock" in said
    assert len(office.names()) == 2
    office.proxy.remove(rule)
    office.david.ok("up")
    assert len(office.names()) == 4 and office.david.ok("status", "--json").json["in_sync"]


def test_f19_who_is_first_is_never_decided_by_a_clock(people: tuple[Person, Person], set_clock: SetClock) -> None:
    """Jan's clock is wrong, and the files' times are more so: edits, deletions and conflicts go as they always do."""
    david, jan = people
    set_clock(jan, -DAY)
    names = ("edited here.mp4", "edited there.mp4", "deleted.mp4", "both.mp4")
    for name in names:
        david.write(name, "the first")
    david.ok("sync")
    jan.ok("sync")
    (jan.staging / "deleted.mp4").unlink()
    for name, person in (("edited here.mp4", jan), ("edited there.mp4", david), ("both.mp4", jan), ("both.mp4", david)):
        path = person.write(name, f"{person.name}'s edit")
        when = path.stat().st_mtime_ns + (-1 if person is jan else 1) * TEN_YEARS * 10**9
        os.utime(path, ns=(when, when))
    david.ok("up")
    (conflict,) = jan.expect(4, "sync", "--json").json["conflicts"]
    david.ok("sync")
    assert david.files() == jan.files() and david.files().keys() == {
        "edited here.mp4", "edited there.mp4", "both.mp4", conflict["kept_as"],
    }  # fmt: skip
    assert david.read("edited here.mp4") == b"jan's edit" and jan.read("edited there.mp4") == b"david's edit"
    assert jan.read("both.mp4") == b"david's edit" and jan.read(conflict["kept_as"]) == b"jan's edit"
    for person in people:
        assert person.ok("status", "--json").json["in_sync"]


@pytest.mark.seaweedfs
@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "the day before yesterday"])
def test_f19_times_in_metadata_decide_nothing(office: Office, when: str) -> None:
    david, jan = office.david, office.jan
    for name in ("same.mp4", "newer there.mp4", "newer here.mp4"):
        david.write(name, "the first")
    open_project(david).up()
    open_project(jan).down()
    david.write("newer there.mp4", "david's edit")
    open_project(david).up()
    jan.write("newer here.mp4", "jan's edit")
    metadata = json.loads(office.stored("metadata.json"))
    metadata["last_sync"] = when
    for file in metadata["files"]:
        file["uploaded_at"] = file["modified_at"] = when
    office.put("metadata.json", json.dumps(metadata).encode())
    assert {file.name: file.state.value for file in open_project(jan).status().files} == {
        "same.mp4": "in_sync", "newer there.mp4": "remote_modified", "newer here.mp4": "local_modified",
    }  # fmt: skip
    jan.ok("status")
    open_project(jan).sync()
    open_project(david).sync()
    assert jan.files() == david.files()
    assert jan.read("newer here.mp4") == b"jan's edit" and jan.read("newer there.mp4") == b"david's edit"
