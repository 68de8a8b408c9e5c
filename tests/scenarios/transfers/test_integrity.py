"""What is damaged, cut, replaced or lost on the way: F06, F07, F08, F09, F10, F11, F12, F13, F15."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from tests.kit.proxy import Rule
from tests.scenarios.transfers.commands import DEADLINE_S, started
from tests.scenarios.transfers.conftest import MIB, PART, Office, content

pytestmark = pytest.mark.seaweedfs

LARGE, SMALL = "film.mp4", "clip.mov"
SIZES = {LARGE: PART + 2 * MIB, SMALL: 300_000}
BOTH = pytest.mark.parametrize("name", [LARGE, SMALL])


@pytest.fixture
def uploaded(office: Office) -> Office:
    for seed, (name, size) in enumerate(SIZES.items()):
        office.david.write(name, content(size, seed))
    office.david.ok("up")
    office.proxy.reset_counts()
    return office


def partial(office: Office) -> list[str]:
    folder = office.jan.staging / ".s3sync" / "partial"
    return os.listdir(folder) if folder.exists() else []


@BOTH
def test_f12_a_byte_flipped_on_the_way_down_is_noticed(uploaded: Office, name: str) -> None:
    """Each time, over an older version that Jan has: that stays."""
    office = uploaded
    office.jan.ok("down")
    old = office.jan.read(name)
    office.david.write(name, content(SIZES[name], seed=9))
    office.david.ok("up")
    rule = office.proxy.on("GetObject", key=office.key(name))
    rule.flip_byte(1000)
    result = office.jan.expect(3, "down", "--json").json
    (failure,) = result["failed"]
    assert failure["name"] == name and "did not arrive as it was uploaded" in failure["error"] and failure["hint"]
    assert rule.hits and office.jan.read(name) == old and partial(office) == []
    office.proxy.remove(rule)
    office.jan.ok("down")
    assert office.jan.files() == office.david.files()


@BOTH
def test_f11_an_answer_that_ends_early_is_continued(uploaded: Office, name: str) -> None:
    office = uploaded
    office.proxy.on("GetObject", key=office.key(name), nth=1).truncate_response(100_000)
    office.jan.ok("down")
    assert office.jan.files() == office.david.files() and partial(office) == []


@BOTH
def test_f11_an_answer_that_looks_whole_and_is_not_never_arrives(uploaded: Office, name: str) -> None:
    office = uploaded
    rule = office.proxy.on("GetObject", key=office.key(name))
    rule.truncate_response(100_000, keep_length=False)
    result = office.jan.run("down")
    assert result.code in (1, 3) and "Traceback" not in result.err, result
    assert not (office.jan.staging / name).exists()
    office.proxy.remove(rule)
    office.jan.ok("down")
    assert office.jan.files() == office.david.files()


@BOTH
def test_f13_an_object_replaced_under_way_is_never_mixed(uploaded: Office, name: str) -> None:
    office = uploaded
    theirs = content(SIZES[name], seed=99)
    office.proxy.on("GetObject", key=office.key(name), nth=2 if name == LARGE else 1).before(
        lambda request: office.put(name, theirs)
    )
    office.jan.ok("down")
    assert office.jan.read(name) == theirs and partial(office) == []


def test_f13_what_was_replaced_under_way_is_nothing_that_this_disk_ever_had(uploaded: Office) -> None:
    """Jan has an older version, and edited nothing: the version that he could not get is no base for a conflict."""
    office = uploaded
    office.jan.ok("down")
    office.put(SMALL, content(SIZES[SMALL], seed=98))
    newest = content(SIZES[SMALL], seed=99)
    office.proxy.on("GetObject", key=office.key(SMALL), nth=1).before(lambda request: office.put(SMALL, newest))
    office.jan.ok("down")
    assert office.jan.read(SMALL) == newest


@pytest.mark.parametrize("what", ["range", "conditions"])
def test_a_server_that_ignores_what_it_is_asked_for(uploaded: Office, what: str) -> None:
    """No Range: the whole comes. No If-Match: the object is replaced, and the bytes are one version's all the same."""
    office = uploaded
    rule = office.proxy.on("GetObject", key=office.key(LARGE))
    if what == "range":
        rule.ignore_range()
        office.jan.ok("down")
        assert office.jan.files() == office.david.files()
        return
    theirs = content(SIZES[LARGE], seed=99)
    rule.ignore_conditions()
    office.proxy.on("GetObject", key=office.key(LARGE), nth=2).before(lambda request: office.put(LARGE, theirs))
    office.jan.ok("down")
    assert office.jan.read(LARGE) == theirs and partial(office) == []


def test_f16_a_server_that_ignores_conditions_at_the_end_of_an_upload_only(office: Office) -> None:
    """It honours them on PUT, so it takes a test of this very request to know that a look has to come first."""
    theirs = content(SIZES[LARGE], seed=99)
    office.david.write(LARGE, content(SIZES[LARGE]))
    office.proxy.on("CompleteMultipartUpload").ignore_conditions()
    office.proxy.on("UploadPart", key=office.key(LARGE), nth=1).before(lambda request: office.put(LARGE, theirs))
    conflict = office.david.expect(4, "up")
    assert LARGE in conflict.out + conflict.err
    assert office.stored(LARGE) == theirs and office.david.read(LARGE) == content(SIZES[LARGE])


def _cut(rule: Rule) -> None:
    rule.cut_request_after(200_000)


def _flip(rule: Rule) -> None:
    rule.flip_byte(200_000, of="request")


@pytest.mark.parametrize("harm", [_cut, _flip], ids=["f09-reset", "flipped"])
@pytest.mark.parametrize(("name", "operation"), [(LARGE, "UploadPart"), (SMALL, "PutObject")])
def test_a_body_harmed_on_the_way_up_is_sent_again(
    office: Office, name: str, operation: str, harm: Callable[[Rule], None]
) -> None:
    """The server refuses what does not match its checksum; nothing short or empty is stored."""
    data = content(SIZES[name])
    office.david.write(name, data)
    rule = office.proxy.on(operation, key=office.key(name), nth=1)
    harm(rule)
    said = office.david.ok("up").err.splitlines()
    assert all(line.startswith("retry ") for line in said) and rule.hits == 1
    assert office.stored(name) == data
    office.jan.ok("down")
    assert office.jan.read(name) == data


@pytest.mark.parametrize("slow", ["PutObject", "UploadPart"])
def test_f15_a_file_that_changes_during_its_upload_is_not_published(office: Office, slow: str) -> None:
    """In one PUT from the disk, and in parts."""
    size = PART - 1 if slow == "PutObject" else 3 * PART
    path = office.david.write("cut.mp4", content(size))
    office.david.write("other.txt", "this one stands still")
    key = office.key("cut.mp4")
    with office.gate(slow, key=key) as gate, started(office.david, "up") as command:
        assert gate.waiting.wait(DEADLINE_S)
        with path.open("r+b") as stream:
            stream.seek(size - 1)
            stream.write(b"!?")
        gate.open()
        result = command.end()
    assert result.code == 3, result
    assert "cut.mp4" in result.err and "changed while it was being read" in result.err
    assert re.search("hint: run the command again when the file is finished", result.err)
    assert office.uploads() == {} and office.jan.states() == {"other.txt": "remote_new"}
    office.david.ok("up")
    assert office.stored("cut.mp4") == office.david.read("cut.mp4")


@pytest.mark.parametrize(
    ("name", "operation"), [(LARGE, "CompleteMultipartUpload"), (SMALL, "PutObject"), (SMALL, "metadata")]
)
def test_f06_f07_a_lost_answer_is_recognised_as_success(office: Office, name: str, operation: str) -> None:
    data = content(SIZES[name])
    office.david.write(name, data)
    if operation == "metadata":
        office.proxy.on("PutObject", key="*/metadata.json", nth=1).swallow_answer()
    else:
        office.proxy.on(operation, key=office.key(name), nth=1).swallow_answer()
    up = office.david.ok("up", "--json").json
    assert [item["name"] for item in up["uploaded"]] == [name] and up["conflicts"] == up["failed"] == []
    assert office.david.states() == {name: "in_sync"} and office.uploads() == {}
    office.jan.ok("down")
    assert office.jan.read(name) == data


@pytest.mark.parametrize(("name", "operation"), [(LARGE, "CompleteMultipartUpload"), (SMALL, "PutObject")])
@pytest.mark.parametrize("won", [False, True])
def test_f10_a_conflict_on_the_server_is_planned_again(office: Office, name: str, operation: str, won: bool) -> None:
    """409: another write was under way. Who did not win sees it as any other version of somebody else."""
    data, theirs = content(SIZES[name]), b"theirs"
    office.david.write(name, data)
    rule = office.proxy.on(operation, key=office.key(name), nth=1)
    rule.reply(409, "ConditionalRequestConflict")
    if won:
        office.proxy.on(operation, key=office.key(name), nth=1).before(lambda request: office.put(name, theirs))
    office.david.expect(4 if won else 0, "up")
    assert rule.hits == 1 and office.uploads() == {}
    assert office.stored(name) == (theirs if won else data)
    assert office.david.read(name) == data


@pytest.mark.slow
def test_f08_a_server_that_asks_to_slow_down_gets_everything_in_the_end(office: Office) -> None:
    """Every second request for a while, both ways."""
    for number in range(60):
        office.david.write(f"{number}.txt", f"file {number}")
    for nth in range(1, 40, 2):
        office.proxy.on("PutObject", key="*.txt", nth=nth).reply(503, "SlowDown")
        office.proxy.on("GetObject", key="*.txt", nth=nth).reply(503, "SlowDown")
    office.david.ok("up")
    office.jan.ok("down")
    assert office.jan.files() == office.david.files()
    assert office.jan.ok("status", "--json").json["in_sync"]
